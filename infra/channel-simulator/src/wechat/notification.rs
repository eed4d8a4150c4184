//! Notifications (通知): JSON with an encrypted core, signed like an answer.
//!
//! A payment that failed is never told, and a refund only when it has ended. Before the first
//! notification about an order whose `transaction_id` ends in 0 comes a probe, as WeChat Pay sends
//! now and then: the same message with a signature that begins `WECHATPAY/SIGNTEST/` and must be
//! refused.

use std::collections::BTreeMap;

use aes_gcm::{Aes256Gcm, KeyInit, Nonce, aead::Aead, aead::Payload};
use base64::{Engine, engine::general_purpose::STANDARD};
use rsa::rand_core::{OsRng, RngCore};
use serde_json::{Value, json};

use super::{
    Account, Accounts, operations, refund,
    reply::{raise_amounts, signature_headers},
};
use crate::{
    books::{Order, Refund, RefundState},
    clock::Moment,
    faults::Spoil,
    notice::{Message, Notice},
    simulator::World,
};

/// Waits after the first, second, … attempt that was not acknowledged.
const RETRY_SECONDS: [i64; 15] = [
    15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10_800, 10_800, 10_800, 21_600, 21_600,
];

/// How the signature of a probe begins.
const PROBE: &str = "WECHATPAY/SIGNTEST/";

/// The wait before the next attempt, given how many were made before the one that just failed.
pub(crate) fn retry_after_seconds(attempts_before: usize) -> Option<i64> {
    RETRY_SECONDS.get(attempts_before).copied()
}

/// The status alone means that the merchant has heard.
pub(crate) fn is_acknowledged(status: u16) -> bool {
    matches!(status, 200 | 204)
}

/// Puts the news that an order was paid in the queue, if its merchant asked to be told.
pub(crate) fn queue_payment(world: &mut World, accounts: &Accounts, order: &Order) {
    let mut told = operations::transaction(order);
    // A payment is told as it was, even if some of it has gone back since.
    told["trade_state"] = json!("SUCCESS");
    told["trade_state_desc"] = json!("支付成功");
    let news = News {
        event_type: "TRANSACTION.SUCCESS",
        summary: "支付成功",
        original_type: "transaction",
        told,
    };
    if let Some(url) = &order.notify_url {
        queue(world, accounts, order, url, news);
    }
}

/// The same for a refund that has ended.
pub(crate) fn queue_refund(world: &mut World, accounts: &Accounts, order: &Order, one: &Refund) {
    let (event_type, summary) = match one.state {
        RefundState::Succeeded => ("REFUND.SUCCESS", "退款成功"),
        RefundState::Abnormal => ("REFUND.ABNORMAL", "退款异常"),
        RefundState::Failed => ("REFUND.CLOSED", "退款关闭"),
        RefundState::Processing => return,
    };
    let news = News {
        event_type,
        summary,
        original_type: "refund",
        told: refund::told(order, one),
    };
    if let Some(url) = one.attributes.get("notify_url") {
        queue(world, accounts, order, url, news);
    }
}

struct News {
    event_type: &'static str,
    summary: &'static str,
    original_type: &'static str,
    told: Value,
}

fn queue(world: &mut World, accounts: &Accounts, order: &Order, url: &str, news: News) {
    if accounts.by_name(&order.account).is_none() {
        return;
    }
    let now = world.now();
    let (run, number) = (world.numbers.run(), world.numbers.take());
    let notify_id = format!("{run:08x}-0000-5000-8000-{number:012x}");
    let fields = BTreeMap::from(
        [
            ("id", notify_id.as_str()),
            ("create_time", &now.beijing_rfc3339()),
            ("event_type", news.event_type),
            ("summary", news.summary),
            ("original_type", news.original_type),
            ("plaintext", &news.told.to_string()),
            ("transaction_id", &order.trade_no),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    world.notices.add(Notice {
        channel: order.channel,
        account: order.account.clone(),
        channel_order_no: order.channel_order_no.clone(),
        notify_id,
        url: url.to_owned(),
        fields,
        attempts: 0,
        due_at: now,
        is_being_sent: false,
    });
}

/// One attempt. An account that is no longer played has no key left, so nothing can be said.
pub(crate) fn wire(accounts: &Accounts, notice: &Notice, wall: Moment, spoil: Spoil) -> Message {
    let account = accounts.by_name(&notice.account);
    let body = account.map(|account| body(account, notice, spoil));
    let body = body.unwrap_or_default();
    let headers = account.map(|account| signature_headers(accounts, account, &body, wall, spoil));
    Message {
        content_type: "application/json",
        headers: headers.unwrap_or_default(),
        body,
    }
}

/// What is sent before a notification, and must not be believed.
pub(crate) fn probe(accounts: &Accounts, notice: &Notice, wall: Moment) -> Option<Message> {
    let is_due = notice.attempts == 0
        && notice.fields.get("original_type").map(String::as_str) == Some("transaction")
        && notice.fields.get("transaction_id")?.ends_with('0');
    if !is_due {
        return None;
    }
    let mut message = wire(accounts, notice, wall, Spoil::Nothing);
    for (name, value) in &mut message.headers {
        if *name == "wechatpay-signature" {
            *value = format!("{PROBE}{value}");
        }
    }
    Some(message)
}

fn body(account: &Account, notice: &Notice, spoil: Spoil) -> String {
    let field = |name: &str| notice.fields.get(name).map_or("", String::as_str);
    let mut plaintext = field("plaintext").to_owned();
    if spoil == Spoil::WrongAmount
        && let Ok(mut told) = serde_json::from_str(&plaintext)
    {
        raise_amounts(&mut told);
        plaintext = told.to_string();
    }
    let nonce: String = format!("{:012x}", OsRng.next_u64() >> 16);
    let associated_data = field("original_type");
    json!({
        "id": field("id"),
        "create_time": field("create_time"),
        "event_type": field("event_type"),
        "resource_type": "encrypt-resource",
        "summary": field("summary"),
        "resource": {
            "original_type": field("original_type"),
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": encrypt(account.apiv3_key(), &nonce, associated_data, &plaintext),
            "associated_data": associated_data,
            "nonce": nonce,
        },
    })
    .to_string()
}

/// The key and the nonce are the bytes of the texts themselves.
fn encrypt(key: &str, nonce: &str, associated_data: &str, plaintext: &str) -> String {
    let cipher = Aes256Gcm::new_from_slice(key.as_bytes()).expect("an APIv3 key has 32 bytes");
    let payload = Payload {
        msg: plaintext.as_bytes(),
        aad: associated_data.as_bytes(),
    };
    let sealed = cipher.encrypt(Nonce::from_slice(nonce.as_bytes()), payload);
    STANDARD.encode(sealed.expect("a notification is far shorter than the cipher's limit"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wechat::vectors::Vectors;

    #[test]
    fn what_others_have_encrypted_is_encrypted_the_same() {
        let Some(vectors) = Vectors::read() else {
            return;
        };
        let mut count = 0;
        for one in vectors.of_kind("aes_gcm_decrypt") {
            let text = |name: &str| one[name].as_str().unwrap();
            // Shorter keys are for tests of other libraries; WeChat Pay gives out 32 bytes.
            if text("apiv3_key").len() != 32 {
                continue;
            }
            let sealed = encrypt(
                text("apiv3_key"),
                text("nonce"),
                text("associated_data"),
                text("expect_plaintext"),
            );
            assert_eq!(sealed, text("ciphertext"));
            count += 1;
        }
        assert!(count > 0, "the vectors hold nothing encrypted");
    }
}
