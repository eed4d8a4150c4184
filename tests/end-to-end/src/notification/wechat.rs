//! WeChat Pay's form of it: an encrypted core in JSON, signed in headers.

use anyhow::{Context, anyhow};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use payonce_domain::Channel;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde_json::{Value, json};

use super::beijing;
use super::message::Message;
use crate::expect::text;
use crate::signing::sign;

const NONCE: &str = "0a1b2c3d4e5f";
const KIND: &str = "transaction";

/// "TRANSACTION.SUCCESS" about an order of the books.
pub(super) fn paid(
    account: &Value,
    book: &Value,
    amount: u64,
    private_key_pem: &str,
) -> anyhow::Result<Message> {
    let at = beijing(text(book, "/created_at")?, "%Y-%m-%dT%H:%M:%S+08:00")?;
    let transaction = json!({
        "appid": text(account, "/appid")?,
        "mchid": text(account, "/mchid")?,
        "out_trade_no": text(book, "/channel_order_no")?,
        "transaction_id": text(book, "/trade_no")?,
        "trade_type": "NATIVE",
        "trade_state": "SUCCESS",
        "trade_state_desc": "支付成功",
        "bank_type": "OTHERS",
        "success_time": at,
        "payer": { "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" },
        "amount": {
            "total": amount,
            "payer_total": amount,
            "currency": "CNY",
            "payer_currency": "CNY",
        },
    });
    let key = text(account, "/apiv3_key")?;
    let body = json!({
        "id": "0a1b2c3d-0000-5000-8000-000000000001",
        "create_time": at,
        "event_type": "TRANSACTION.SUCCESS",
        "resource_type": "encrypt-resource",
        "summary": "支付成功",
        "resource": {
            "original_type": KIND,
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": encrypt(key, &transaction.to_string())?,
            "associated_data": KIND,
            "nonce": NONCE,
        },
    });
    signed(account, &body.to_string(), private_key_pem)
}

/// Signs a body as of now.
fn signed(account: &Value, body: &str, private_key_pem: &str) -> anyhow::Result<Message> {
    let timestamp = jiff::Timestamp::now().as_second().to_string();
    let nonce = "5d8f2c1b7a9e4f60";
    let signature = sign(
        private_key_pem,
        format!("{timestamp}\n{nonce}\n{body}\n").as_bytes(),
    )?;
    let headers = [
        ("content-type", "application/json"),
        ("wechatpay-timestamp", &timestamp),
        ("wechatpay-nonce", nonce),
        ("wechatpay-signature", &signature),
        ("wechatpay-serial", text(account, "/public_key_id")?),
        ("wechatpay-signature-type", "WECHATPAY2-SHA256-RSA2048"),
    ];
    Ok(Message {
        channel: Channel::Wechat,
        headers: headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        body: body.as_bytes().to_vec(),
    })
}

/// The key and the nonce are the bytes of the texts themselves.
fn encrypt(key: &str, plaintext: &str) -> anyhow::Result<String> {
    let key = UnboundKey::new(&AES_256_GCM, key.as_bytes())
        .map_err(|_| anyhow!("an APIv3 key has 32 bytes"))?;
    let nonce = Nonce::try_assume_unique_for_key(NONCE.as_bytes())
        .ok()
        .context("a nonce has 12 bytes")?;
    let mut sealed = plaintext.as_bytes().to_vec();
    LessSafeKey::new(key)
        .seal_in_place_append_tag(nonce, Aad::from(KIND.as_bytes()), &mut sealed)
        .map_err(|_| anyhow!("encrypting"))?;
    Ok(STANDARD.encode(sealed))
}
