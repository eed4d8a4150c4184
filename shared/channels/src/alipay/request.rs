//! Requests to Alipay, built from stored fields only, so that a repeated one says the same.

use std::collections::BTreeMap;

use payonce_domain::{Method, Span, Timestamp};
use serde::Serialize;

use super::account::{Account, Mode};
use super::sign;
use crate::http::{CannotSend, HttpRequest, Verb};
use crate::order::{Order, RefundOrder};
use crate::transport::{ANSWER_BYTES_MAX, PATIENCE, PATIENCE_REFUND};
use crate::{beijing, form, yuan};

/// How long a signed address keeps its `timestamp`. Clicks within one step get the same bytes, and no
/// address goes out with a time that Alipay could find stale.
const ADDRESS_STEP: Span = Span::minutes(10);

/// The most characters of a subject or reason that Alipay takes; it counts characters, not bytes.
const TEXT_CHARACTERS_MAX: usize = 256;

#[derive(Serialize)]
struct Trade<'a> {
    out_trade_no: String,
    total_amount: String,
    subject: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    product_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quit_url: Option<&'a str>,
    time_expire: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    scene: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_code: Option<&'a str>,
}

#[derive(Serialize)]
struct TradeNumber {
    out_trade_no: String,
}

#[derive(Serialize)]
struct Refund {
    out_trade_no: String,
    refund_amount: String,
    out_request_no: String,
    refund_reason: String,
}

#[derive(Serialize)]
struct RefundNumber {
    out_trade_no: String,
    out_request_no: String,
}

/// The method names of the API.
pub(super) mod method {
    pub(in super::super) const PAGE_PAY: &str = "alipay.trade.page.pay";
    pub(in super::super) const WAP_PAY: &str = "alipay.trade.wap.pay";
    pub(in super::super) const PRECREATE: &str = "alipay.trade.precreate";
    pub(in super::super) const PAY: &str = "alipay.trade.pay";
    pub(in super::super) const CANCEL: &str = "alipay.trade.cancel";
    pub(in super::super) const BILL: &str = "alipay.data.dataservice.bill.downloadurl.query";
    pub(in super::super) const QUERY: &str = "alipay.trade.query";
    pub(in super::super) const CLOSE: &str = "alipay.trade.close";
    pub(in super::super) const REFUND: &str = "alipay.trade.refund";
    pub(in super::super) const REFUND_QUERY: &str = "alipay.trade.fastpay.refund.query";
}

/// The signed address of the page where the buyer pays.
pub(super) fn page(account: &Account, order: &Order, now: Timestamp) -> Result<String, CannotSend> {
    let (method, product_code, quit_url) = match order.no.method() {
        Method::Page => (method::PAGE_PAY, "FAST_INSTANT_TRADE_PAY", None),
        Method::Wap => (
            method::WAP_PAY,
            "QUICK_WAP_WAY",
            order.return_url.as_deref(),
        ),
        Method::Native | Method::Jsapi | Method::H5 | Method::Gateway | Method::Code => {
            return Err(CannotSend::NoSuchCall);
        }
    };
    let content = Trade {
        product_code: Some(product_code),
        quit_url,
        ..trade(order)
    };
    let mut members = public(account, method, address_time(order, now));
    members.insert("notify_url", order.notify_url.clone());
    members.insert("return_url", order.return_url.clone().unwrap_or_default());
    members.insert("biz_content", json(&content));
    let members = signed(account, members)?;
    Ok(address(account, &members))
}

/// Creates an order that shows as a QR code.
pub(super) fn precreate(
    account: &Account,
    order: &Order,
    now: Timestamp,
) -> Result<HttpRequest, CannotSend> {
    let mut members = public(account, method::PRECREATE, now);
    members.insert("notify_url", order.notify_url.clone());
    call(account, members, &trade(order), PATIENCE)
}

/// Takes the money with the buyer's payment code (付款码). Made once: the code is not stored, and a call
/// without it would be another call.
pub(super) fn pay(
    account: &Account,
    order: &Order,
    now: Timestamp,
) -> Result<HttpRequest, CannotSend> {
    let code = order.auth_code.as_deref().ok_or(CannotSend::NoAuthCode)?;
    let content = Trade {
        scene: Some("bar_code"),
        auth_code: Some(code),
        ..trade(order)
    };
    let mut members = public(account, method::PAY, now);
    members.insert("notify_url", order.notify_url.clone());
    call(account, members, &content, PATIENCE)
}

/// Reverses an order (撤销): closes it unpaid, or sends the money back. Alipay does so for payments by
/// code alone, whose product it belongs to.
pub(super) fn cancel(
    account: &Account,
    order: &Order,
    now: Timestamp,
) -> Result<HttpRequest, CannotSend> {
    match order.no.method() {
        Method::Code => {
            let members = public(account, method::CANCEL, now);
            call(account, members, &trade_number(order), PATIENCE)
        }
        Method::Page
        | Method::Wap
        | Method::Native
        | Method::Jsapi
        | Method::H5
        | Method::Gateway => Err(CannotSend::NoSuchCall),
    }
}

/// Asks how an order stands.
pub(super) fn query(
    account: &Account,
    order: &Order,
    now: Timestamp,
) -> Result<HttpRequest, CannotSend> {
    let members = public(account, method::QUERY, now);
    call(account, members, &trade_number(order), PATIENCE)
}

/// Closes an unpaid order.
pub(super) fn close(
    account: &Account,
    order: &Order,
    now: Timestamp,
) -> Result<HttpRequest, CannotSend> {
    let members = public(account, method::CLOSE, now);
    call(account, members, &trade_number(order), PATIENCE)
}

/// Sends money back. The request number always goes along: without one, a repeat would be a new refund.
pub(super) fn refund(
    account: &Account,
    order: &Order,
    refund: &RefundOrder,
    now: Timestamp,
) -> Result<HttpRequest, CannotSend> {
    let content = Refund {
        out_trade_no: order.no.to_string(),
        refund_amount: yuan::format(refund.amount),
        out_request_no: refund.no.to_string(),
        refund_reason: text(&refund.reason),
    };
    let members = public(account, method::REFUND, now);
    call(account, members, &content, PATIENCE_REFUND)
}

/// Asks what became of a refund.
pub(super) fn refund_query(
    account: &Account,
    order: &Order,
    refund: &RefundOrder,
    now: Timestamp,
) -> Result<HttpRequest, CannotSend> {
    let content = RefundNumber {
        out_trade_no: order.no.to_string(),
        out_request_no: refund.no.to_string(),
    };
    let members = public(account, method::REFUND_QUERY, now);
    call(account, members, &content, PATIENCE)
}

/// When a signed address says it was made: the order's own time, moved on in whole steps.
fn address_time(order: &Order, now: Timestamp) -> Timestamp {
    let elapsed = now.since(order.created_at).as_millis();
    let whole = elapsed - elapsed % ADDRESS_STEP.as_millis();
    order.created_at.plus(Span::millis(whole))
}

fn trade(order: &Order) -> Trade<'_> {
    Trade {
        out_trade_no: order.no.to_string(),
        total_amount: yuan::format(order.amount),
        subject: text(&order.subject),
        product_code: None,
        quit_url: None,
        time_expire: beijing::format(order.expires_at),
        scene: None,
        auth_code: None,
    }
}

fn trade_number(order: &Order) -> TradeNumber {
    TradeNumber {
        out_trade_no: order.no.to_string(),
    }
}

/// Text as Alipay takes it: `/`, `=` and `&`, which it refuses, become their full-width forms, so the
/// buyer reads the same; control characters become spaces; and it is cut at the length allowed.
fn text(text: &str) -> String {
    let allowed = text.chars().map(|character| match character {
        '/' => '／',
        '=' => '＝',
        '&' => '＆',
        control if control.is_control() => ' ',
        other => other,
    });
    allowed.take(TEXT_CHARACTERS_MAX).collect()
}

pub(super) fn public(
    account: &Account,
    method: &str,
    time: Timestamp,
) -> BTreeMap<&'static str, String> {
    let mut members = BTreeMap::from([
        ("app_id", account.app_id.clone()),
        ("method", method.to_owned()),
        ("format", "JSON".to_owned()),
        ("charset", "utf-8".to_owned()),
        ("sign_type", "RSA2".to_owned()),
        ("timestamp", beijing::format(time)),
        ("version", "1.0".to_owned()),
    ]);
    if let Mode::Certificates {
        app_sn, root_sn, ..
    } = &account.mode
    {
        members.insert("app_cert_sn", app_sn.clone());
        members.insert("alipay_root_cert_sn", root_sn.clone());
    }
    members
}

/// Drops members without a value, which would be sent but not signed, and adds the signature.
fn signed<'a>(
    account: &Account,
    mut members: BTreeMap<&'a str, String>,
) -> Result<BTreeMap<&'a str, String>, CannotSend> {
    let key = account.key.as_ref().ok_or(CannotSend::NoSecret)?;
    members.retain(|_, value| !value.is_empty());
    let signature = key.sign(sign::request_text(&members).as_bytes());
    members.insert("sign", signature);
    Ok(members)
}

fn address(account: &Account, members: &BTreeMap<&str, String>) -> String {
    let pairs = members.iter().map(|(name, value)| (*name, value.as_str()));
    format!("{}?{}", account.gateway, form::encode(pairs))
}

/// A server call: the public members in the address, where the gateway reads the charset before it
/// decodes the body, and the content in the body.
pub(super) fn call(
    account: &Account,
    mut members: BTreeMap<&str, String>,
    content: &impl Serialize,
    patience: Span,
) -> Result<HttpRequest, CannotSend> {
    let content = json(content);
    members.insert("biz_content", content.clone());
    let mut members = signed(account, members)?;
    members.remove("biz_content");
    Ok(HttpRequest {
        verb: Verb::Post,
        url: address(account, &members),
        headers: vec![(
            "content-type",
            "application/x-www-form-urlencoded;charset=utf-8".to_owned(),
        )],
        body: form::encode([("biz_content", content.as_str())]).into_bytes(),
        patience,
        answer_bytes_max: ANSWER_BYTES_MAX,
    })
}

fn json(content: &impl Serialize) -> String {
    serde_json::to_string(content).expect("structures of strings become JSON")
}
