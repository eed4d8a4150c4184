//! The adapter from outside: what it sends, what it makes of answers, and what it takes for true.

mod bill;
mod certificate;
mod check;
mod code;
mod notification;
mod request;
mod response;
mod vectors;

use payonce_domain::numbers::RefundIdentity;
use payonce_domain::{
    Channel, ChannelOrderNo, ChannelTradeNo, MerchantId, MerchantOrderNo, MerchantRefundNo, Method,
    Money, PaymentKey, RefundForm, RefundNo, Timestamp,
};
use serde_json::json;

use crate::adapter::Adapter;
use crate::http::HttpAnswer;
use crate::order::{Order, RefundOrder};
use crate::registry::{self, ConfigurationError, Secrets};
use crate::rsa::SigningKey;
use crate::{beijing, form};

const APP_ID: &str = "2021000000000001";
const SELLER_ID: &str = "2088000000000001";
const GATEWAY: &str = "https://openapi.example.com/gateway.do";
const TRADE_NO: &str = "2026112022001424330512345678";
const ALIPAY_KEY: &str = include_str!("../fixtures/alipay.pem");
const ALIPAY_PUBLIC: &str = include_str!("../fixtures/alipay.public.pem");
const STRANGER_KEY: &str = include_str!("../fixtures/stranger.pem");
const STRANGER_PUBLIC: &str = include_str!("../fixtures/stranger.public.pem");
const MERCHANT_KEY: &str = include_str!("../fixtures/merchant.pem");
const MERCHANT_PUBLIC: &str = include_str!("../fixtures/merchant.public.pem");

pub(super) fn settings() -> serde_json::Value {
    json!({
        "app_id": APP_ID,
        "seller_id": SELLER_ID,
        "gateway": GATEWAY,
        "public_keys": [ALIPAY_PUBLIC],
    })
}

/// The adapter with these settings and, where it is to send, this secret.
fn adapter(settings: &str, signing: Option<&str>) -> Result<Box<dyn Adapter>, ConfigurationError> {
    let receiving = None;
    registry::adapter(Channel::Alipay, settings, Secrets { signing, receiving })
}

fn open(settings: &serde_json::Value) -> Box<dyn Adapter> {
    let secret = json!({ "private_key": MERCHANT_KEY }).to_string();
    adapter(&settings.to_string(), Some(&secret)).unwrap()
}

fn alipay() -> Box<dyn Adapter> {
    open(&settings())
}

fn at(text: &str) -> Timestamp {
    beijing::parse(text).unwrap()
}

fn number(order: &str, method: Method, attempt: u8) -> ChannelOrderNo {
    let merchant = MerchantId::new("m-1").unwrap();
    let key = PaymentKey::derive(&merchant, &MerchantOrderNo::new(order).unwrap());
    ChannelOrderNo::new(key, Channel::Alipay, method, attempt)
}

fn order(method: Method) -> Order {
    Order {
        no: number("o-1", method, 1),
        amount: Money::from_fen(1999),
        subject: "茶/水".to_owned(),
        created_at: at("2026-11-20 22:10:00"),
        expires_at: at("2026-11-20 22:30:00").plus(payonce_domain::Span::millis(999)),
        notify_url: "https://pay.example.com/v1/webhooks/alipay/demo".to_owned(),
        return_url: Some("https://shop.example.com/back?a=1".to_owned()),
        client_ip: None,
        payer: None,
        auth_code: None,
        bank: None,
    }
}

fn refund() -> RefundOrder {
    let request = MerchantRefundNo::new("r-1").unwrap();
    RefundOrder {
        no: RefundNo::new(
            number("o-1", Method::Page, 1),
            RefundIdentity::Merchant(&request),
            1,
        ),
        form: RefundForm::Refund,
        amount: Money::from_fen(500),
        reason: "重复支付".to_owned(),
        trade_no: ChannelTradeNo::new(TRADE_NO).unwrap(),
        captured: Money::from_fen(1999),
        sent_at: at("2026-11-20 22:20:00"),
        notify_url: "https://pay.example.com/v1/webhooks/alipay/demo".to_owned(),
    }
}

fn sign(key: &str, text: &str) -> String {
    SigningKey::parse(key).unwrap().sign(text.as_bytes())
}

fn answer(body: impl Into<Vec<u8>>) -> HttpAnswer {
    HttpAnswer {
        status: 200,
        headers: Vec::new(),
        body: body.into(),
    }
}

/// An answer to `method` with this content, signed by Alipay.
fn said(method: &str, content: &serde_json::Value) -> HttpAnswer {
    let content = content.to_string();
    let sign = sign(ALIPAY_KEY, &content);
    let name = method.replace('.', "_");
    answer(format!(
        r#"{{"{name}_response":{content},"sign":"{sign}"}}"#
    ))
}

/// A notification with these fields, signed by `key`.
fn notification(key: &str, fields: &[(&str, &str)]) -> Vec<u8> {
    let mut sorted: Vec<_> = fields.to_vec();
    sorted.sort_unstable();
    let lines: Vec<_> = sorted.iter().map(|(k, v)| format!("{k}={v}")).collect();
    let sign = sign(key, &lines.join("&"));
    sorted.push(("sign_type", "RSA2"));
    sorted.push(("sign", &sign));
    form::encode(sorted).into_bytes()
}
