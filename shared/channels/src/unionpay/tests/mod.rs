//! The adapter for UnionPay: what it signs, whom it believes, its codes and its files.

mod adapter;
mod bill;
mod certificate;
mod status;
mod vectors;

use payonce_domain::numbers::RefundIdentity;
use payonce_domain::{
    BankCode, Channel, ChannelOrderNo, ChannelTradeNo, MerchantId, MerchantOrderNo,
    MerchantRefundNo, Method, Money, PaymentKey, RefundForm, RefundNo, Timestamp,
};
use serde_json::json;

use super::message::Fields;
use super::{Unionpay, UnionpayStatements, sign};
use crate::http::HttpAnswer;
use crate::order::{Order, RefundOrder};
use crate::registry::Secrets;
use crate::rsa::SigningKey;

const ROOT: &str = include_str!("../fixtures/root.crt");
const MIDDLE: &str = include_str!("../fixtures/middle.crt");
const LEAF: &str = include_str!("../fixtures/leaf.crt");
const LEAF_KEY: &str = include_str!("../fixtures/leaf.pem");
const MERCHANT: &str = include_str!("../fixtures/merchant.crt");
const MERCHANT_KEY: &str = include_str!("../fixtures/merchant.pem");
const MER_ID: &str = "777290058110048";
const QUERY_ID: &str = "782611261200000000001";

/// 2027-01-15 12:00:00 in Beijing, when every certificate that should be is valid.
const NOW: Timestamp = Timestamp::from_millis(1_799_985_600_000);

fn settings() -> serde_json::Value {
    json!({
        "mer_id": MER_ID,
        "gateway": "https://gateway.example.com",
        "root_cert": ROOT,
        "middle_certs": [MIDDLE],
    })
}

fn unionpay() -> Unionpay {
    let secret = json!({ "private_key": MERCHANT_KEY, "certificate": MERCHANT }).to_string();
    let secrets = Secrets {
        signing: Some(&secret),
        receiving: None,
    };
    Unionpay::open(&settings().to_string(), secrets).unwrap()
}

fn order(method: Method) -> Order {
    let merchant = MerchantId::new("m").unwrap();
    let key = PaymentKey::derive(&merchant, &MerchantOrderNo::new("o-1").unwrap());
    Order {
        no: ChannelOrderNo::new(key, Channel::Unionpay, method, 1),
        amount: Money::from_fen(1_999),
        subject: "绿茶 {a=b&c}".to_owned(),
        created_at: NOW,
        expires_at: NOW.plus(payonce_domain::Span::minutes(30)),
        notify_url: "https://pay.example.com/v1/webhooks/unionpay/u".to_owned(),
        return_url: None,
        client_ip: None,
        payer: None,
        auth_code: (method == Method::Code).then(|| "621234567890123450".to_owned()),
        bank: (method == Method::Gateway).then(|| BankCode::new("CMB").unwrap()),
    }
}

fn refund(form: RefundForm) -> RefundOrder {
    let request = MerchantRefundNo::new("r-1").unwrap();
    let identity = RefundIdentity::Merchant(&request);
    RefundOrder {
        no: RefundNo::new(order(Method::Gateway).no, identity, 1),
        form,
        amount: Money::from_fen(1_999),
        reason: "because".to_owned(),
        trade_no: ChannelTradeNo::new(QUERY_ID).unwrap(),
        captured: Money::from_fen(1_999),
        sent_at: NOW,
        notify_url: "https://pay.example.com/v1/webhooks/unionpay/u".to_owned(),
    }
}

/// Fields as UnionPay signs them.
fn signed(pairs: &[(&str, &str)]) -> Fields {
    signed_by(pairs, LEAF_KEY, LEAF)
}

fn signed_by(pairs: &[(&str, &str)], key: &str, certificate: &str) -> Fields {
    let pairs = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let mut fields: Fields = pairs.collect();
    fields.insert("signMethod".to_owned(), "01".to_owned());
    fields.insert("signPubKeyCert".to_owned(), certificate.to_owned());
    let key = SigningKey::parse(key).unwrap();
    let signature = sign::sign(&key, &fields);
    fields.insert("signature".to_owned(), signature);
    fields
}

/// An answer: not encoded, with everything in it as it is.
fn answer(fields: &Fields) -> HttpAnswer {
    let pairs: Vec<_> = fields
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    HttpAnswer {
        status: 200,
        headers: Vec::new(),
        body: pairs.join("&").into_bytes(),
    }
}
