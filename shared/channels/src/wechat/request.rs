//! Requests to WeChat Pay. Their bodies are built from stored fields only, so that a repeated one says
//! the same; only the signature's time and nonce are new.

use payonce_domain::{Method, Money, Span, Timestamp};
use serde::Serialize;

use super::account::Account;
use super::sign;
use crate::beijing;
use crate::http::{CannotSend, HttpRequest, Verb};
use crate::order::{Order, RefundOrder};
use crate::transport::{ANSWER_BYTES_MAX, PATIENCE, PATIENCE_REFUND};

/// The most characters of a description that WeChat Pay takes.
const DESCRIPTION_CHARACTERS_MAX: usize = 127;

/// The most characters of a refund's reason that WeChat Pay takes.
const REASON_CHARACTERS_MAX: usize = 80;

#[derive(Serialize)]
struct Create<'a> {
    appid: &'a str,
    mchid: &'a str,
    description: String,
    out_trade_no: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_expire: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notify_url: Option<&'a str>,
    amount: Amount,
    #[serde(skip_serializing_if = "Option::is_none")]
    payer: Option<Payer<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scene_info: Option<Scene<'a>>,
}

#[derive(Serialize)]
struct Amount {
    total: u64,
    currency: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Payer<'a> {
    Openid(&'a str),
    AuthCode(&'a str),
}

#[derive(Serialize)]
struct Scene<'a> {
    payer_client_ip: &'a str,
    h5_info: H5,
}

#[derive(Serialize)]
struct H5 {
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct Close<'a> {
    mchid: &'a str,
}

#[derive(Serialize)]
struct Reverse<'a> {
    appid: &'a str,
    mchid: &'a str,
}

#[derive(Serialize)]
struct Refund<'a> {
    transaction_id: &'a str,
    out_refund_no: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    reason: String,
    notify_url: &'a str,
    amount: RefundAmount,
}

#[derive(Serialize)]
struct RefundAmount {
    refund: u64,
    total: u64,
    currency: &'static str,
}

/// Creates an order; by payment code (付款码) the same call takes the money.
pub(super) fn create(
    account: &Account,
    order: &Order,
    now: Timestamp,
) -> Result<HttpRequest, CannotSend> {
    let content = Create {
        appid: &account.appid,
        mchid: &account.mchid,
        description: text(&order.subject, DESCRIPTION_CHARACTERS_MAX),
        out_trade_no: order.no.to_string(),
        time_expire: Some(rfc3339(order.expires_at)),
        notify_url: Some(&order.notify_url),
        amount: Amount {
            total: order.amount.minor(),
            currency: currency(order.amount),
        },
        payer: None,
        scene_info: None,
    };
    let (product, content) = match order.no.method() {
        Method::Native => ("native", content),
        Method::H5 => {
            let payer_client_ip = order.client_ip.as_deref().ok_or(CannotSend::NoSuchCall)?;
            let scene_info = Some(Scene {
                payer_client_ip,
                h5_info: H5 { kind: "Wap" },
            });
            (
                "h5",
                Create {
                    scene_info,
                    ..content
                },
            )
        }
        Method::Jsapi => {
            let openid = order.payer.as_deref().ok_or(CannotSend::NoSuchCall)?;
            let payer = Some(Payer::Openid(openid));
            ("jsapi", Create { payer, ..content })
        }
        Method::Code => {
            // The code is gone after the one call that used it. Without it there is nothing to send, and
            // that says nothing of the call that was made: it must not look like a refusal.
            let code = order.auth_code.as_deref().ok_or(CannotSend::NoSecret)?;
            // This call knows neither a deadline nor an address for notifications: its end is the reversal.
            let content = Create {
                time_expire: None,
                notify_url: None,
                payer: Some(Payer::AuthCode(code)),
                ..content
            };
            ("codepay", content)
        }
        Method::Page | Method::Wap | Method::Gateway => return Err(CannotSend::NoSuchCall),
    };
    let path = format!("/v3/pay/transactions/{product}");
    post(account, &path, &content, PATIENCE, now)
}

/// Asks how an order stands, by our number: by the channel's, unpaid orders are not found.
pub(super) fn query(
    account: &Account,
    order: &Order,
    now: Timestamp,
) -> Result<HttpRequest, CannotSend> {
    let (no, mchid) = (order.no, &account.mchid);
    let path = format!("/v3/pay/transactions/out-trade-no/{no}?mchid={mchid}");
    get(account, &path, now)
}

/// Closes an unpaid order. One that was paid by code can only be reversed.
pub(super) fn close(
    account: &Account,
    order: &Order,
    now: Timestamp,
) -> Result<HttpRequest, CannotSend> {
    if order.no.method() == Method::Code {
        return Err(CannotSend::NoSuchCall);
    }
    let path = format!("/v3/pay/transactions/out-trade-no/{}/close", order.no);
    let content = Close {
        mchid: &account.mchid,
    };
    post(account, &path, &content, PATIENCE, now)
}

/// Reverses an order that was paid, or not, by code.
pub(super) fn reverse(
    account: &Account,
    order: &Order,
    now: Timestamp,
) -> Result<HttpRequest, CannotSend> {
    if order.no.method() != Method::Code {
        return Err(CannotSend::NoSuchCall);
    }
    let path = format!("/v3/pay/transactions/out-trade-no/{}/reverse", order.no);
    let content = Reverse {
        appid: &account.appid,
        mchid: &account.mchid,
    };
    post(account, &path, &content, PATIENCE, now)
}

/// Sends money back. The trade is named by the channel's own number, so that money goes back from the
/// very trade that took it.
pub(super) fn refund(
    account: &Account,
    refund: &RefundOrder,
    now: Timestamp,
) -> Result<HttpRequest, CannotSend> {
    let content = Refund {
        transaction_id: refund.trade_no.as_str(),
        out_refund_no: refund.no.to_string(),
        reason: text(&refund.reason, REASON_CHARACTERS_MAX),
        notify_url: &refund.notify_url,
        amount: RefundAmount {
            refund: refund.amount.minor(),
            total: refund.captured.minor(),
            currency: currency(refund.amount),
        },
    };
    let path = "/v3/refund/domestic/refunds";
    post(account, path, &content, PATIENCE_REFUND, now)
}

/// Asks what became of a refund.
pub(super) fn refund_query(
    account: &Account,
    refund: &RefundOrder,
    now: Timestamp,
) -> Result<HttpRequest, CannotSend> {
    let path = format!("/v3/refund/domestic/refunds/{}", refund.no);
    get(account, &path, now)
}

/// A call that reads. `path` includes the query.
pub(super) fn get(
    account: &Account,
    path: &str,
    now: Timestamp,
) -> Result<HttpRequest, CannotSend> {
    let url = format!("{}{path}", account.gateway);
    signed(account, Verb::Get, url, String::new(), now)
}

fn post(
    account: &Account,
    path: &str,
    content: &impl Serialize,
    patience: Span,
    now: Timestamp,
) -> Result<HttpRequest, CannotSend> {
    let body = serde_json::to_string(content).expect("structures of text and numbers become JSON");
    let url = format!("{}{path}", account.gateway);
    let mut request = signed(account, Verb::Post, url, body, now)?;
    request.patience = patience;
    let content_type = ("content-type", "application/json".to_owned());
    request.headers.push(content_type);
    Ok(request)
}

/// Signs what is sent, to the byte: the path and query of the whole address, and the body.
pub(super) fn signed(
    account: &Account,
    verb: Verb,
    url: String,
    body: String,
    now: Timestamp,
) -> Result<HttpRequest, CannotSend> {
    let signer = account.signer.as_ref().ok_or(CannotSend::NoSecret)?;
    let word = match verb {
        Verb::Get => "GET",
        Verb::Post => "POST",
    };
    let (_, target) = sign::split(&url).ok_or(CannotSend::NoSuchCall)?;
    let (timestamp, nonce) = (sign::timestamp(now), sign::nonce());
    let text = sign::request_text(word, target, &timestamp, &nonce, &body);
    let signature = signer.key.sign(text.as_bytes());
    let (mchid, serial_no) = (&account.mchid, &signer.serial_no);
    let authorization = format!(
        "WECHATPAY2-SHA256-RSA2048 mchid=\"{mchid}\",nonce_str=\"{nonce}\",signature=\"{signature}\",timestamp=\"{timestamp}\",serial_no=\"{serial_no}\""
    );
    let mut headers = vec![
        ("authorization", authorization),
        ("accept", "application/json".to_owned()),
    ];
    if let Some(key) = &account.answer_key {
        headers.push(("wechatpay-serial", key.clone()));
    }
    Ok(HttpRequest {
        verb,
        url,
        headers,
        body: body.into_bytes(),
        patience: PATIENCE,
        answer_bytes_max: ANSWER_BYTES_MAX,
    })
}

/// Text as WeChat Pay takes it: control characters become spaces, and it is cut at the length allowed.
fn text(text: &str, characters_max: usize) -> String {
    let spaced = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(spaced).take(characters_max).collect()
}

/// `yyyy-MM-ddTHH:mm:ss+08:00`; fractions of a second are dropped, so a deadline never grows.
fn rfc3339(time: Timestamp) -> String {
    format!("{}+08:00", beijing::format(time).replace(' ', "T"))
}

fn currency(amount: Money) -> &'static str {
    amount.currency().code()
}
