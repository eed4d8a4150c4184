//! The adapter from outside: what it sends, what it makes of answers, and what it takes for true.

mod code;
mod notification;
mod request;
mod response;
mod settings;
mod statement;
mod vectors;

use payonce_domain::numbers::RefundIdentity;
use payonce_domain::{
    Channel, ChannelOrderNo, ChannelTradeNo, MerchantId, MerchantOrderNo, MerchantRefundNo, Method,
    Money, PaymentKey, RefundForm, RefundNo, Span, Timestamp,
};
use serde_json::{Value, json};

use super::sign;
use crate::adapter::Adapter;
use crate::beijing;
use crate::http::HttpAnswer;
use crate::order::{Order, RefundOrder};
use crate::registry::{Secrets, adapter};
use crate::rsa::SigningKey;

const APPID: &str = "wx00000000000001";
const MCHID: &str = "1900000001";
const GATEWAY: &str = "https://api.example.com/wechat";
const TRADE_NO: &str = "4200002026112000000000000001";
const KEY_ID: &str = "PUB_KEY_ID_0119000000012026112000000000000001";
const SERIAL_NO: &str = "0F1E2D3C4B5A69788796A5B4C3D2E1F00F1E2D3C";
const API_KEY: &str = "0123456789abcdef0123456789ABCDEF";
const API_KEY_OLD: &str = "fedcba9876543210FEDCBA9876543210";
const WECHAT_KEY: &str = include_str!("../fixtures/wechat.pem");
const WECHAT_PUBLIC: &str = include_str!("../fixtures/wechat.public.pem");
const STRANGER_KEY: &str = include_str!("../fixtures/stranger.pem");
const STRANGER_PUBLIC: &str = include_str!("../fixtures/stranger.public.pem");
const MERCHANT_KEY: &str = include_str!("../fixtures/merchant.pem");
const MERCHANT_PUBLIC: &str = include_str!("../fixtures/merchant.public.pem");

fn account() -> Value {
    json!({
        "appid": APPID,
        "mchid": MCHID,
        "gateway": GATEWAY,
        "keys": { KEY_ID: WECHAT_PUBLIC },
    })
}

fn signing() -> String {
    json!({ "private_key": MERCHANT_KEY, "serial_no": SERIAL_NO }).to_string()
}

fn receiving() -> String {
    json!({ "apiv3_keys": [API_KEY, API_KEY_OLD] }).to_string()
}

fn open(settings: &Value) -> Box<dyn Adapter> {
    let secrets = Secrets {
        signing: Some(&signing()),
        receiving: Some(&receiving()),
    };
    adapter(Channel::Wechat, &settings.to_string(), secrets).unwrap()
}

fn wechat() -> Box<dyn Adapter> {
    open(&account())
}

fn at(text: &str) -> Timestamp {
    beijing::parse(text).unwrap()
}

/// When all of this happens.
fn now() -> Timestamp {
    at("2026-11-20 22:15:40")
}

fn number(order: &str, method: Method) -> ChannelOrderNo {
    let merchant = MerchantId::new("m-1").unwrap();
    let key = PaymentKey::derive(&merchant, &MerchantOrderNo::new(order).unwrap());
    ChannelOrderNo::new(key, Channel::Wechat, method, 1)
}

fn order(method: Method) -> Order {
    Order {
        no: number("o-1", method),
        amount: Money::from_fen(1999),
        subject: "茶/\"水\"\n".to_owned(),
        created_at: at("2026-11-20 22:10:00"),
        expires_at: at("2026-11-20 22:30:00").plus(Span::millis(999)),
        notify_url: "https://pay.example.com/v1/webhooks/wechat/demo".to_owned(),
        return_url: Some("https://shop.example.com/back?a=1&b=茶 水".to_owned()),
        client_ip: Some("203.0.113.7".to_owned()),
        payer: Some("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o".to_owned()),
        auth_code: Some("134567890123456789".to_owned()),
        bank: None,
    }
}

fn refund() -> RefundOrder {
    let request = MerchantRefundNo::new("r-1").unwrap();
    let no = number("o-1", Method::Native);
    RefundOrder {
        no: RefundNo::new(no, RefundIdentity::Merchant(&request), 1),
        form: RefundForm::Refund,
        amount: Money::from_fen(500),
        reason: "重复支付".to_owned(),
        trade_no: ChannelTradeNo::new(TRADE_NO).unwrap(),
        captured: Money::from_fen(1999),
        sent_at: at("2026-11-20 22:20:00"),
        notify_url: "https://pay.example.com/v1/webhooks/wechat/demo".to_owned(),
    }
}

fn sign_with(key: &str, text: &[u8]) -> String {
    SigningKey::parse(key).unwrap().sign(text)
}

/// The headers with which `key`'s owner, calling it `serial`, signs a body at a time.
fn headers(key: &str, serial: &str, body: &[u8], time: Timestamp) -> Vec<(String, String)> {
    let timestamp = sign::timestamp(time);
    let signature = sign_with(key, &sign::message_bytes(&timestamp, "N0NCE", body));
    [
        ("content-type", "application/json"),
        ("wechatpay-timestamp", &timestamp),
        ("wechatpay-nonce", "N0NCE"),
        ("wechatpay-signature", &signature),
        ("wechatpay-serial", serial),
        ("wechatpay-signature-type", "WECHATPAY2-SHA256-RSA2048"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// An answer that WeChat Pay signed.
fn said(status: u16, body: &Value) -> HttpAnswer {
    let body = if body.is_null() {
        Vec::new()
    } else {
        body.to_string().into_bytes()
    };
    HttpAnswer {
        status,
        headers: headers(WECHAT_KEY, KEY_ID, &body, now()),
        body,
    }
}

/// The same answer without a signature.
fn unsigned(status: u16, body: &Value) -> HttpAnswer {
    HttpAnswer {
        headers: Vec::new(),
        ..said(status, body)
    }
}

/// The same answer with a signature that does not hold.
fn forged(status: u16, body: &Value) -> HttpAnswer {
    let answer = said(status, body);
    HttpAnswer {
        headers: headers(STRANGER_KEY, KEY_ID, &answer.body, now()),
        ..answer
    }
}

fn refusal(code: &str) -> Value {
    json!({ "code": code, "message": "…" })
}

/// A paid trade with some members changed, or (by a null) removed.
fn trade(method: Method, changes: Value) -> Value {
    let paid = json!({
        "appid": APPID,
        "mchid": MCHID,
        "out_trade_no": number("o-1", method).to_string(),
        "transaction_id": TRADE_NO,
        "trade_state": "SUCCESS",
        "success_time": "2026-11-20T22:15:30+08:00",
        "amount": { "total": 1999, "payer_total": 1000, "currency": "CNY" },
    });
    changed(paid, changes)
}

fn changed(mut value: Value, changes: Value) -> Value {
    let members = value.as_object_mut().unwrap();
    for (name, change) in changes.as_object().unwrap() {
        if change.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), change.clone());
        }
    }
    value
}
