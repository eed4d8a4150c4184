//! Requests to UnionPay, built from stored fields only: signatures of this kind hold no chance, so a
//! repeated message is the same to the byte.

use payonce_domain::{Action, Method, RefundForm, Timestamp};

use super::account::Account;
use super::message::Fields;
use super::sign;
use crate::http::{CannotSend, HttpRequest, Verb};
use crate::order::{Order, RefundOrder};
use crate::transport::{ANSWER_BYTES_MAX, PATIENCE, PATIENCE_REFUND};
use crate::{beijing, form};

const FRONT: &str = "/gateway/api/frontTransReq.do";
const BACK: &str = "/gateway/api/backTransReq.do";
const QUERY: &str = "/gateway/api/queryTrans.do";

/// The most characters of a subject that go into the risk information.
const COMMODITY_CHARACTERS_MAX: usize = 60;

/// The kinds of message: `txnType`, `txnSubType`, `bizType`, `channelType`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind(&'static str, &'static str, &'static str, &'static str);

const CONSUME: Kind = Kind("01", "01", "000201", "07");
const CONSUME_BY_CODE: Kind = Kind("01", "06", "000000", "08");
const ASK: Kind = Kind("00", "00", "000000", "07");
const UNDO: Kind = Kind("31", "00", "000201", "07");
const REFUND: Kind = Kind("04", "00", "000201", "07");
const REVERSE: Kind = Kind("99", "01", "000000", "08");
pub(super) const FILE: Kind = Kind("76", "01", "000000", "07");

/// The form that the buyer's browser posts.
pub(super) fn form(account: &Account, order: &Order) -> Result<Action, CannotSend> {
    match order.no.method() {
        Method::Gateway => {}
        Method::Page | Method::Wap | Method::Native | Method::Jsapi | Method::H5 | Method::Code => {
            return Err(CannotSend::NoSuchCall);
        }
    }
    let mut fields = paying(account, CONSUME, order);
    // Where the browser comes back to is a field that UnionPay insists on, and proves nothing.
    let front = match &order.return_url {
        Some(url) => url.clone(),
        None => root_of(&order.notify_url),
    };
    put(&mut fields, "frontUrl", front);
    put(
        &mut fields,
        "payTimeout",
        beijing::format_compact(order.expires_at),
    );
    let commodity = format!("{{commodityName={}}}", commodity(&order.subject));
    put(&mut fields, "riskRateInfo", commodity);
    if let Some(bank) = &order.bank {
        put(&mut fields, "issInsCode", bank.to_string());
    }
    let fields = signed(account, fields)?;
    let url = format!("{}{FRONT}", account.gateway);
    Ok(Action::Form { url, fields })
}

/// Takes the money of a buyer who shows a payment code (被扫消费). Sent once.
pub(super) fn consume_by_code(account: &Account, order: &Order) -> Result<HttpRequest, CannotSend> {
    match order.no.method() {
        Method::Code => {}
        // Where there is no secret, a form is not impossible, only not ours to make here.
        Method::Gateway => return Err(CannotSend::NoSecret),
        Method::Page | Method::Wap | Method::Native | Method::Jsapi | Method::H5 => {
            return Err(CannotSend::NoSuchCall);
        }
    }
    let code = order.auth_code.clone().ok_or(CannotSend::NoAuthCode)?;
    let mut fields = paying(account, CONSUME_BY_CODE, order);
    put(&mut fields, "qrNo", code);
    call(account, BACK, fields)
}

/// Asks what became of the transaction with this number and time.
pub(super) fn query(
    account: &Account,
    order_id: &str,
    txn_time: Timestamp,
) -> Result<HttpRequest, CannotSend> {
    let fields = common(account, ASK, order_id, txn_time);
    call(account, QUERY, fields)
}

/// Sends money back, as a refund (退货) or by undoing the payment (消费撤销). Number and time are those of
/// the first sending: under another time it would be another refund.
pub(super) fn refund(account: &Account, refund: &RefundOrder) -> Result<HttpRequest, CannotSend> {
    let mut fields = common(
        account,
        kind_of(refund.form),
        &refund.no.to_string(),
        refund.sent_at,
    );
    put(
        &mut fields,
        "origQryId",
        refund.trade_no.as_str().to_owned(),
    );
    put(&mut fields, "txnAmt", refund.amount.minor().to_string());
    put(&mut fields, "currencyCode", "156".to_owned());
    put(&mut fields, "backUrl", refund.notify_url.clone());
    let request = call(account, BACK, fields)?;
    Ok(HttpRequest {
        patience: PATIENCE_REFUND,
        ..request
    })
}

const fn kind_of(form: RefundForm) -> Kind {
    match form {
        RefundForm::Refund => REFUND,
        RefundForm::Undo => UNDO,
    }
}

/// `txnType` and `txnSubType` of what sends money back in this form.
pub(super) const fn types_of(form: RefundForm) -> (&'static str, &'static str) {
    let Kind(txn_type, sub_type, _, _) = kind_of(form);
    (txn_type, sub_type)
}

/// Reverses a payment by code whose outcome is unknown (冲正), under its own number and time.
pub(super) fn reverse(account: &Account, order: &Order) -> Result<HttpRequest, CannotSend> {
    match order.no.method() {
        Method::Code => {}
        Method::Page
        | Method::Wap
        | Method::Native
        | Method::Jsapi
        | Method::H5
        | Method::Gateway => return Err(CannotSend::NoSuchCall),
    }
    let fields = common(account, REVERSE, &order.no.to_string(), order.created_at);
    call(account, BACK, fields)
}

/// The fields of every message.
pub(super) fn common(account: &Account, kind: Kind, order_id: &str, txn_time: Timestamp) -> Fields {
    let Kind(txn_type, sub_type, biz_type, channel_type) = kind;
    let pairs = [
        ("version", "5.1.0"),
        ("encoding", "UTF-8"),
        ("signMethod", "01"),
        ("txnType", txn_type),
        ("txnSubType", sub_type),
        ("bizType", biz_type),
        ("channelType", channel_type),
        ("accessType", "0"),
        ("merId", &account.mer_id),
        ("orderId", order_id),
        ("txnTime", &beijing::format_compact(txn_time)),
    ];
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    pairs.into_iter().collect()
}

fn paying(account: &Account, kind: Kind, order: &Order) -> Fields {
    let mut fields = common(account, kind, &order.no.to_string(), order.created_at);
    put(&mut fields, "txnAmt", order.amount.minor().to_string());
    put(&mut fields, "currencyCode", "156".to_owned());
    put(&mut fields, "backUrl", order.notify_url.clone());
    fields
}

fn put(fields: &mut Fields, name: &str, value: String) {
    fields.insert(name.to_owned(), value);
}

/// Trims values and drops empty ones, as UnionPay's own tools do before they sign, and signs.
pub(super) fn signed(account: &Account, fields: Fields) -> Result<Fields, CannotSend> {
    let signer = account.signer.as_ref().ok_or(CannotSend::NoSecret)?;
    let mut fields: Fields = fields
        .into_iter()
        .map(|(name, value)| (name, value.trim().to_owned()))
        .filter(|(_, value)| !value.is_empty())
        .collect();
    put(&mut fields, "certId", signer.cert_id.clone());
    let signature = sign::sign(&signer.key, &fields);
    put(&mut fields, "signature", signature);
    Ok(fields)
}

fn call(account: &Account, path: &str, fields: Fields) -> Result<HttpRequest, CannotSend> {
    let fields = signed(account, fields)?;
    Ok(post(format!("{}{path}", account.gateway), &fields))
}

/// A message as it is sent to UnionPay's servers.
pub(super) fn post(url: String, fields: &Fields) -> HttpRequest {
    let pairs = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    HttpRequest {
        verb: Verb::Post,
        url,
        headers: vec![(
            "content-type",
            "application/x-www-form-urlencoded;charset=UTF-8".to_owned(),
        )],
        body: form::encode(pairs).into_bytes(),
        patience: PATIENCE,
        answer_bytes_max: ANSWER_BYTES_MAX,
    }
}

/// A subject without what structures UnionPay's texts.
fn commodity(subject: &str) -> String {
    let kept = subject.chars().map(|character| match character {
        '&' => '＆',
        '=' => '＝',
        '{' => '（',
        '}' => '）',
        control if control.is_control() => ' ',
        other => other,
    });
    let cut: String = kept.take(COMMODITY_CHARACTERS_MAX).collect();
    cut.trim().to_owned()
}

/// The front page of the address at which we are notified.
fn root_of(url: &str) -> String {
    let host_at = url.find("://").map_or(0, |at| at + 3);
    let end = url[host_at..]
        .find('/')
        .map_or(url.len(), |at| host_at + at);
    format!("{}/", &url[..end])
}
