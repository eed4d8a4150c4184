//! The requests of the HTTP contract, read field by field.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::IpAddr;

use payonce_app::{AuthCode, InitiateRequest, Replaces, WayToPay};
use payonce_domain::{
    BankCode, Channel, Currency, MerchantOrderNo, MerchantRefundNo, Method, Money, PaymentNo, Span,
    Timestamp,
};
use serde_json::Value;

use super::fields::{self, Fields};
use super::problem::Problem;
use super::strict_json;
use crate::clock;

/// How long an order can be paid where the merchant names no time.
const EXPIRES_IN_DEFAULT: Span = Span::minutes(30);
/// The least and most an order can be payable for. Alipay's longest is 15 days.
const EXPIRES_IN_MIN: Span = Span::minutes(2);
const EXPIRES_IN_MAX: Span = Span::days(15);
const SUBJECT_LENGTH_MAX: usize = 256;
const URL_LENGTH_MAX: usize = 512;
const PAYER_LENGTH_MAX: usize = 128;
const REASON_LENGTH_MAX: usize = 80;
const METADATA_BYTES_MAX: usize = 512;

/// Another attempt at a payment that is there already.
#[derive(Debug)]
pub struct ChannelOrderRequest {
    /// The way to pay.
    pub way: WayToPay,
    /// Whether the buyer gives up the open attempts for this one.
    pub switch: bool,
}

/// A merchant's refund.
#[derive(Debug)]
pub struct RefundRequest {
    /// The merchant's number for it.
    pub refund_no: MerchantRefundNo,
    /// How much.
    pub amount: Money,
    /// Why.
    pub reason: Option<String>,
}

/// Reads `POST /v1/payments`.
///
/// # Errors
/// 400 naming every field that is wrong, or 413.
pub fn initiate(body: &[u8], now: Timestamp) -> Result<InitiateRequest, Problem> {
    let problems = RefCell::new(Vec::new());
    let mut fields = Fields::new(strict_json::object(body)?, &problems);
    let merchant_order_no = fields.required("merchant_order_no", order_no);
    let amount = amount(&mut fields);
    let subject = fields.required("subject", |v| fields::text(v, SUBJECT_LENGTH_MAX));
    let way = way(&mut fields, false);
    let expires_at = expiry(&mut fields, now);
    let return_url = fields.optional("return_url", |v| fields::text(v, URL_LENGTH_MAX));
    let notify_url = fields.optional("notify_url", |v| fields::text(v, URL_LENGTH_MAX));
    let client_ip = fields.optional("client_ip", client_ip);
    let payer = fields.optional("payer", |v| fields::text(v, PAYER_LENGTH_MAX));
    let metadata = fields.optional("metadata", metadata).unwrap_or_default();
    let switch = fields.optional("switch", boolean).unwrap_or(false);
    let replaces = replaces(&mut fields);
    if payer.is_none() && way.as_ref().is_some_and(|way| way.method == Method::Jsapi) {
        fields.wrong("payer", "is required for the method jsapi");
    }
    fields.end();
    let request = (|| {
        Some(InitiateRequest {
            merchant_order_no: merchant_order_no?,
            amount: amount?,
            subject: subject?,
            way,
            expires_at: expires_at?,
            return_url,
            notify_url,
            client_ip,
            payer,
            metadata,
            switch,
            replaces,
        })
    })();
    fields::outcome(request, problems)
}

/// Reads `POST /v1/payments/{payment_no}/channel-orders`.
///
/// # Errors
/// 400 naming every field that is wrong, or 413.
pub fn channel_order(body: &[u8]) -> Result<ChannelOrderRequest, Problem> {
    let problems = RefCell::new(Vec::new());
    let mut fields = Fields::new(strict_json::object(body)?, &problems);
    let way = way(&mut fields, true);
    let switch = fields.optional("switch", boolean).unwrap_or(false);
    fields.end();
    fields::outcome(way.map(|way| ChannelOrderRequest { way, switch }), problems)
}

/// Reads `POST /v1/payments/{payment_no}/refunds`.
///
/// # Errors
/// 400 naming every field that is wrong, or 413.
pub fn refund(body: &[u8]) -> Result<RefundRequest, Problem> {
    let problems = RefCell::new(Vec::new());
    let mut fields = Fields::new(strict_json::object(body)?, &problems);
    let refund_no = fields.required("refund_no", |value| {
        let text = string(value)?;
        MerchantRefundNo::new(text).map_err(|error| error.to_string())
    });
    let amount = amount(&mut fields);
    let reason = fields.optional("reason", |v| fields::text(v, REASON_LENGTH_MAX));
    fields.end();
    let request = (|| {
        Some(RefundRequest {
            refund_no: refund_no?,
            amount: amount?,
            reason,
        })
    })();
    fields::outcome(request, problems)
}

/// Reads a body in which there is nothing to say: none at all, or an empty object.
///
/// # Errors
/// 400 naming every field, or 413.
pub fn nothing(body: &[u8]) -> Result<(), Problem> {
    if body.is_empty() {
        return Ok(());
    }
    let problems = RefCell::new(Vec::new());
    Fields::new(strict_json::object(body)?, &problems).end();
    fields::outcome(Some(()), problems)
}

/// Reads a merchant's order number, from a body or a query.
///
/// # Errors
/// What it should have been.
pub fn order_no(value: Value) -> Result<MerchantOrderNo, String> {
    MerchantOrderNo::new(string(value)?).map_err(|error| error.to_string())
}

pub(crate) fn string(value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Err("must be a string".to_owned())
        }
    }
}

fn boolean(value: Value) -> Result<bool, String> {
    value
        .as_bool()
        .ok_or_else(|| "must be true or false".to_owned())
}

fn amount(fields: &mut Fields<'_>) -> Option<Money> {
    let mut amount = fields.object("amount", true)?;
    let value = amount.required("value", |v| {
        fields::integer(&v, 1, Money::ORDER_MAX.minor())
    });
    let currency = amount.required("currency", |value| {
        let currency = Currency::from_code(&string(value)?);
        currency.ok_or_else(|| "must be CNY".to_owned())
    });
    amount.end();
    Some(Money::new(value?, currency?))
}

/// The way to pay. What else a channel wants of the details is the channel's to say.
fn way(fields: &mut Fields<'_>, required: bool) -> Option<WayToPay> {
    let auth_code = fields.optional("auth_code", |value| {
        let text = string(value)?;
        let digits = (16..=24).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        if digits {
            Ok(text)
        } else {
            Err("must be 16 to 24 digits".to_owned())
        }
    });
    let bank = fields.optional("bank", |value| {
        BankCode::new(string(value)?).map_err(|error| error.to_string())
    });
    let (channel, method) = choice(fields, required)?;
    if method == Method::Code && auth_code.is_none() {
        fields.wrong("auth_code", "is required for the method code");
    }
    Some(WayToPay {
        channel,
        method,
        bank,
        auth_code: auth_code.map(AuthCode::new),
        return_url: None,
    })
}

/// Channel and method come together: a channel alone does not say how the buyer pays.
fn choice(fields: &mut Fields<'_>, required: bool) -> Option<(Channel, Method)> {
    let channel = fields.take("channel");
    let method = fields.take("method");
    let names = |all: &[&str]| format!("must be one of {}", all.join(", "));
    if channel.is_none() && (required || method.is_some()) {
        fields.wrong("channel", "is required");
    }
    if method.is_none() && (required || channel.is_some()) {
        fields.wrong("method", "is required");
    }
    let (channel, method) = (channel?, method?);
    let known = channel.as_str().and_then(Channel::from_name);
    if known.is_none() {
        fields.wrong("channel", names(&Channel::ALL.map(Channel::name)));
    }
    let way = method.as_str().and_then(Method::from_name);
    if way.is_none() {
        fields.wrong("method", names(&Method::ALL.map(Method::name)));
    }
    Some((known?, way?))
}

/// The first whole second from `now` on.
fn whole(now: Timestamp) -> Timestamp {
    now.plus(Span::millis(999)).floor_to_second()
}

fn expiry(fields: &mut Fields<'_>, now: Timestamp) -> Option<Timestamp> {
    let at = fields.take("expires_at");
    let within = fields.take("expires_in");
    let most = now.plus(EXPIRES_IN_MAX);
    match (at, within) {
        (None, None) => Some(whole(now).plus(EXPIRES_IN_DEFAULT)),
        (Some(_), Some(_)) => {
            fields.wrong("expires_in", "must not be given together with expires_at");
            None
        }
        (None, Some(within)) => {
            let (min, max) = (
                EXPIRES_IN_MIN.as_millis() / 1_000,
                EXPIRES_IN_MAX.as_millis() / 1_000,
            );
            match fields::integer(&within, min, max) {
                // The deadline is kept in whole seconds, rounded down: this one loses nothing by it.
                Ok(seconds) => Some(whole(now).plus(Span::seconds(seconds))),
                Err(detail) => {
                    fields.wrong("expires_in", detail);
                    None
                }
            }
        }
        (Some(at), None) => {
            let time = at.as_str().and_then(clock::from_rfc3339);
            if time.is_none() {
                fields.wrong("expires_at", "must be an RFC 3339 time");
            } else if time.is_some_and(|time| time > most) {
                fields.wrong("expires_at", "must be at most 15 days ahead");
                return None;
            }
            // One that is too near is judged where it is known whether the order exists already.
            time
        }
    }
}

fn client_ip(value: Value) -> Result<String, String> {
    let text = string(value)?;
    let address: Result<IpAddr, _> = text.parse();
    address
        .map(|_| text)
        .map_err(|_| "must be an IP address".to_owned())
}

fn metadata(value: Value) -> Result<BTreeMap<String, String>, String> {
    let expected = || {
        format!(
            "must be an object of strings, {METADATA_BYTES_MAX} bytes of names and values at most"
        )
    };
    let Value::Object(map) = value else {
        return Err(expected());
    };
    let mut metadata = BTreeMap::new();
    let mut bytes = 0;
    for (name, value) in map {
        let Value::String(text) = value else {
            return Err(expected());
        };
        bytes += name.len() + text.len();
        metadata.insert(name, text);
    }
    if bytes > METADATA_BYTES_MAX {
        Err(expected())
    } else {
        Ok(metadata)
    }
}

fn replaces(fields: &mut Fields<'_>) -> Option<Replaces> {
    let mut replaces = fields.object("replaces", false)?;
    let payment_no = replaces.required("payment_no", |value| {
        let number = PaymentNo::parse(&string(value)?);
        number.ok_or_else(|| "must be a payment number".to_owned())
    });
    let confirmed_at = replaces.required("confirmed_at", |value| {
        let at = clock::from_rfc3339(&string(value)?);
        at.ok_or_else(|| "must be an RFC 3339 time".to_owned())
    });
    replaces.end();
    Some(Replaces {
        payment_no: payment_no?,
        confirmed_at: confirmed_at?,
    })
}
