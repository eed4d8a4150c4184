//! WeChat Pay: JSON signed in headers; what matters in a notification is encrypted within.

use std::sync::{LazyLock, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use payonce_channels::statement::StatementKind;
use payonce_channels::{Secrets, adapter, statements};
use payonce_domain::{Channel, Method, Timestamp};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde_json::{Value, json};

use crate::channel::{Call, Letter, Side, Spoken};
use crate::signing::{PUBLIC, sign};
use crate::texts::{order_of, refund_of};

const MERCHANT: &str = include_str!("../../../shared/channels/src/wechat/fixtures/merchant.pem");
const KEY_ID: &str = "PUB_KEY_ID_0119000000012026112000000000000001";
const API_KEY: &str = "0123456789abcdef0123456789ABCDEF";
const NONCE: &str = "0a1b2c3d4e5f";
const TRADE_NO: &str = "4200002026112000000000000001";
/// 2026-11-20 22:20:00 in Beijing.
const NOW: Timestamp = Timestamp::from_millis(1_795_184_400_000);

/// An account with WeChat Pay.
pub static WECHAT: LazyLock<Side> = LazyLock::new(|| {
    let settings = json!({
        "appid": "wx00000000000001",
        "mchid": "1900000001",
        "gateway": "https://api.example.com/wechat",
        "keys": { KEY_ID: PUBLIC },
    });
    let settings = settings.to_string();
    let serial_no = "0F1E2D3C4B5A69788796A5B4C3D2E1F00F1E2D3C";
    let signing = json!({ "private_key": MERCHANT, "serial_no": serial_no }).to_string();
    let receiving = json!({ "apiv3_keys": [API_KEY] }).to_string();
    let secrets = Secrets {
        signing: Some(&signing),
        receiving: Some(&receiving),
    };
    Side {
        channel: Channel::Wechat,
        adapter: adapter(Channel::Wechat, &settings, secrets).expect("the settings are good"),
        statements: statements(Channel::Wechat, &settings, secrets).expect("the settings are good"),
        now: NOW,
        order: |method| order_of(Channel::Wechat, method, NOW),
        refund: || refund_of(Channel::Wechat, Method::Native, TRADE_NO, NOW),
        notices: notices(),
        notify: |index, content| match index {
            0 => signed(envelope("TRANSACTION.SUCCESS", "transaction", content)),
            1 => signed(envelope("REFUND.SUCCESS", "refund", content)),
            _ => signed(content.to_vec()),
        },
        answers: answers(),
        answer: |_, content| signed(content.to_vec()),
        genuine: OnceLock::new(),
    }
});

fn signed(body: Vec<u8>) -> Letter {
    let timestamp = (NOW.as_millis() / 1_000).to_string();
    let mut text = format!("{timestamp}\n{NONCE}\n").into_bytes();
    text.extend_from_slice(&body);
    text.push(b'\n');
    let signature = sign(&text);
    let headers = [
        ("wechatpay-timestamp", timestamp.as_str()),
        ("wechatpay-nonce", NONCE),
        ("wechatpay-signature", &signature),
        ("wechatpay-serial", KEY_ID),
        ("wechatpay-signature-type", "WECHATPAY2-SHA256-RSA2048"),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Letter {
        headers: headers.into(),
        body,
    }
}

/// A notification around what it encrypts.
fn envelope(event_type: &str, kind: &str, content: &[u8]) -> Vec<u8> {
    let key = UnboundKey::new(&AES_256_GCM, API_KEY.as_bytes()).expect("a key has 32 bytes");
    let nonce = Nonce::try_assume_unique_for_key(NONCE.as_bytes()).expect("a nonce has 12 bytes");
    let mut sealed = content.to_vec();
    LessSafeKey::new(key)
        .seal_in_place_append_tag(nonce, Aad::from(kind.as_bytes()), &mut sealed)
        .expect("the message is short");
    let message = json!({
        "id": "0a1b2c3d-0000-5000-8000-000000000001",
        "create_time": "2026-11-20T22:15:31+08:00",
        "event_type": event_type,
        "resource_type": "encrypt-resource",
        "resource": {
            "original_type": kind,
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": STANDARD.encode(sealed),
            "associated_data": kind,
            "nonce": NONCE,
        },
    });
    message.to_string().into_bytes()
}

fn number(method: Method) -> String {
    order_of(Channel::Wechat, method, NOW).no.to_string()
}

fn transaction(method: Method) -> Value {
    json!({
        "appid": "wx00000000000001",
        "mchid": "1900000001",
        "out_trade_no": number(method),
        "transaction_id": TRADE_NO,
        "trade_state": "SUCCESS",
        "success_time": "2026-11-20T22:15:30+08:00",
        "amount": { "total": 1999, "payer_total": 1999, "currency": "CNY", "payer_currency": "CNY" },
    })
}

fn refund_said() -> Value {
    let refund = refund_of(Channel::Wechat, Method::Native, TRADE_NO, NOW);
    json!({
        "mchid": "1900000001",
        "out_trade_no": number(Method::Native),
        "transaction_id": TRADE_NO,
        "out_refund_no": refund.no.to_string(),
        "refund_id": "50300002026112000000000000001",
        "refund_status": "SUCCESS",
        "status": "SUCCESS",
        "amount": { "total": 1999, "refund": 500, "currency": "CNY" },
    })
}

fn notices() -> Vec<Vec<u8>> {
    let paid = transaction(Method::Native).to_string().into_bytes();
    let whole = envelope("TRANSACTION.SUCCESS", "transaction", &paid);
    vec![paid, refund_said().to_string().into_bytes(), whole]
}

fn answers() -> Vec<Spoken> {
    let said = |call, method, status, content: Value| Spoken {
        call,
        method,
        status,
        content: content.to_string().into_bytes(),
    };
    let bill = json!({
        "hash_type": "SHA1",
        "hash_value": "dcd7ceb3d382a1181798368bb15d8437de46c00f",
        "download_url": "https://api.example.com/v3/billdownload/file?token=6XIv%2F5jf&tartype=gzip",
    });
    let code_url = json!({ "code_url": "weixin://wxpay/bizpayurl?pr=NXMz3sA00" });
    let reversed = json!({ "mchid": "1900000001", "recall": "N" });
    vec![
        said(Call::Create, Method::Native, 200, code_url),
        said(Call::Create, Method::Code, 200, transaction(Method::Code)),
        said(
            Call::Query,
            Method::Native,
            200,
            transaction(Method::Native),
        ),
        said(
            Call::Close,
            Method::Native,
            400,
            json!({ "code": "ORDERPAID", "message": "…" }),
        ),
        said(Call::Refund, Method::Native, 200, refund_said()),
        said(Call::RefundQuery, Method::Native, 200, refund_said()),
        said(Call::Reverse, Method::Code, 200, reversed),
        said(Call::Bill(StatementKind::Trades), Method::Native, 200, bill),
    ]
}
