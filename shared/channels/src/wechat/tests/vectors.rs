//! Messages that WeChat Pay itself and its SDKs signed, and bills that it wrote. They lie beside the
//! checkout, not in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::account::Account;
use super::super::certificate::{certificate_serial, is_certificate, public_key};
use super::super::cipher::ApiKey;
use super::super::notification::opened;
use super::super::statement::sha1;
use super::*;
use crate::notification::{Rejected, UnverifiedNotification};
use crate::registry::statements;
use crate::rsa::VerifyingKey;
use crate::statement::{Damaged, Seal, StatementKind, TradeLineKind};

/// A file among the vectors, or `None` where this checkout stands alone. In CI absence is a failure.
fn vector_file(name: &str) -> Option<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path: PathBuf = root.join("../../../shared/vectors").join(name);
    match std::fs::read(&path) {
        Ok(bytes) => Some(bytes),
        Err(error) if std::env::var_os("CI").is_some() => {
            panic!("CI must have {}: {error}", path.display())
        }
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "a skipped test has to say so")]
            {
                eprintln!("SKIPPED: no vectors at {}: {error}", path.display());
            }
            None
        }
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

fn key_of(pem: &str) -> VerifyingKey {
    if is_certificate(pem) {
        public_key(pem).unwrap()
    } else {
        VerifyingKey::parse(pem).unwrap()
    }
}

#[test]
fn every_public_vector_holds() {
    let Some(file) = vector_file("wechat.json") else {
        return;
    };
    let file: Value = serde_json::from_slice(&file).unwrap();
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for vector in file["vectors"].as_array().unwrap() {
        let (id, kind) = (text(vector, "id"), text(vector, "kind"));
        let pem = vector
            .get("key")
            .map(|name| text(&file["keys"], name.as_str().unwrap()));
        match kind {
            "request_sign" => {
                let built = built(vector);
                holds(id, &built, text(vector, "signature"), pem.unwrap());
            }
            "string_to_sign" => {
                assert_eq!(built(vector), text(vector, "message").as_bytes(), "{id}")
            }
            "request_sign_raw" => {
                let message = text(vector, "message").as_bytes();
                holds(id, message, text(vector, "signature"), pem.unwrap());
            }
            "client_paysign" => {
                let lines: Vec<_> = text(vector, "message").split('\n').collect();
                let built = sign::payment_text(lines[0], lines[1], lines[2], lines[3]);
                holds(
                    id,
                    built.as_bytes(),
                    text(vector, "signature"),
                    pem.unwrap(),
                );
            }
            "verify" => {
                let header = |name: &str| text(&vector["headers"], name);
                let built = sign::message_bytes(
                    header("Wechatpay-Timestamp"),
                    header("Wechatpay-Nonce"),
                    text(vector, "body").as_bytes(),
                );
                assert_eq!(built, text(vector, "message").as_bytes(), "{id}");
                holds(id, &built, text(vector, "signature"), pem.unwrap());
            }
            "notification" => notification(vector, pem.unwrap()),
            "aes_gcm_decrypt" => decrypts(vector),
            "cert_serial_hex_upper" => {
                let serial = certificate_serial(pem.unwrap());
                assert_eq!(serial.as_deref(), Some(text(vector, "expect")), "{id}");
            }
            other => panic!("{id}: no test for a vector of kind {other}"),
        }
        *counts.entry(kind).or_default() += 1;
    }
    assert_eq!(counts["notification"], 1);
    assert_eq!(counts["request_sign"] + counts["string_to_sign"], 5);
    assert_eq!(counts["aes_gcm_decrypt"], 3);
}

fn built(vector: &Value) -> Vec<u8> {
    sign::request_text(
        text(vector, "method"),
        text(vector, "url"),
        text(vector, "timestamp"),
        text(vector, "nonce"),
        text(vector, "body"),
    )
    .into_bytes()
}

/// The signature holds over these bytes, and over no other.
fn holds(id: &str, message: &[u8], signature: &str, pem: &str) {
    let key = key_of(pem);
    assert!(key.verify(message, signature), "{id}");
    for bit in 0..message.len() * 8 {
        let mut other = message.to_vec();
        other[bit / 8] ^= 1 << (bit % 8);
        assert!(!key.verify(&other, signature), "{id}: bit {bit}");
    }
    let bytes = STANDARD.decode(signature).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut other = bytes.clone();
        other[bit / 8] ^= 1 << (bit % 8);
        let other = STANDARD.encode(other);
        assert!(
            !key.verify(message, &other),
            "{id}: bit {bit} of the signature"
        );
    }
}

fn decrypts(vector: &Value) {
    let id = text(vector, "id");
    let key = ApiKey::new(text(vector, "apiv3_key")).unwrap();
    let open = |aad: &str, ciphertext: &str| key.open(text(vector, "nonce"), aad, ciphertext);
    let (aad, ciphertext) = (text(vector, "associated_data"), text(vector, "ciphertext"));
    let plaintext = String::from_utf8(open(aad, ciphertext).unwrap()).unwrap();
    match vector.get("expect_plaintext") {
        Some(expected) => assert_eq!(plaintext, expected.as_str().unwrap(), "{id}"),
        None => assert!(plaintext.contains("-----BEGIN CERTIFICATE-----"), "{id}"),
    }
    assert_eq!(open("", ciphertext), None, "{id}");
    let bytes = STANDARD.decode(ciphertext).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut other = bytes.clone();
        other[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(open(aad, &STANDARD.encode(other)), None, "{id}: bit {bit}");
    }
}

fn arrived<'a>(
    headers: &'a [(String, String)],
    body: &'a [u8],
    received_at: Timestamp,
) -> UnverifiedNotification<'a> {
    UnverifiedNotification {
        headers,
        body,
        received_at,
    }
}

fn notification(vector: &Value, pem: &str) {
    let id = text(vector, "id");
    let headers: Vec<_> = vector["headers"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.to_lowercase(), value.as_str().unwrap().to_owned()))
        .collect();
    let serial = certificate_serial(pem).unwrap();
    assert_eq!(serial, text(&vector["headers"], "Wechatpay-Serial"), "{id}");
    let settings = changed(account(), json!({ "keys": { serial.as_str(): pem } })).to_string();
    let receiving = json!({ "apiv3_keys": [API_KEY, text(vector, "apiv3_key")] }).to_string();
    let secrets = Secrets {
        signing: None,
        receiving: Some(&receiving),
    };
    let clock = Timestamp::from_millis(vector["clock"].as_u64().unwrap() * 1_000);
    let body = text(vector, "body").as_bytes();
    let account = Account::open(&settings, secrets).unwrap();
    let read = opened(&account, arrived(&headers, body, clock))
        .ok()
        .unwrap();
    let plaintext = String::from_utf8(read.plaintext).unwrap();
    assert_eq!(plaintext, text(vector, "expect_plaintext"), "{id}");

    // Seen from outside: genuine, and of a kind that is none of our business.
    let adapter = adapter(Channel::Wechat, &settings, secrets).unwrap();
    let verify = |body: &[u8], at| {
        let notification = arrived(&headers, body, at);
        adapter.verify(notification).unwrap_err()
    };
    assert_eq!(
        verify(body, clock),
        Rejected::Unreadable("event_type"),
        "{id}"
    );
    for late in [clock.plus(Span::minutes(5)), clock.minus(Span::minutes(5))] {
        assert!(!verify(body, late).is_genuine(), "{id}");
    }
    for bit in 0..body.len() * 8 {
        let mut other = body.to_vec();
        other[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(
            verify(&other, clock),
            Rejected::BadSignature,
            "{id}: bit {bit}"
        );
    }
}

#[test]
fn bills_that_wechat_pay_wrote_are_read() {
    let name = "bills/wechat_tradebill_ALL_2021-01-28.csv";
    let (Some(plain), Some(packed)) = (vector_file(name), vector_file(&format!("{name}.gz")))
    else {
        return;
    };
    let settings = changed(account(), json!({ "mchid": "1601959334" })).to_string();
    let source = statements(Channel::Wechat, &settings, Secrets::default()).unwrap();
    let seal = Seal::Sha1("dcd7ceb3d382a1181798368bb15d8437de46c00f".to_owned());
    let (trades, day) = (StatementKind::Trades, jiff::civil::date(2021, 1, 28));
    let statement = source.open(trades, day, &plain, Some(&seal)).unwrap();
    assert_eq!(
        source.open(trades, day, &packed, Some(&seal)).unwrap(),
        statement
    );
    assert_eq!(statement.trades.len(), 3);
    for line in &statement.trades {
        let line = line.as_ref().unwrap();
        assert_eq!(line.kind, TradeLineKind::Payment);
        assert_eq!(line.amount, Money::from_fen(1));
        assert_eq!(line.fee, Some(Money::from_fen(0)));
        assert_eq!(line.refund_no, None);
    }
    let first = statement.trades[0].as_ref().unwrap();
    assert_eq!(first.order_no, "S20210128170702357723");
    assert_eq!(first.at, at("2021-01-28 17:07:11"));
    for index in (0..plain.len()).step_by(7) {
        let mut other = plain.clone();
        other[index] ^= 1;
        assert_eq!(
            source.open(trades, day, &other, Some(&seal)),
            Err(Damaged::WrongSeal)
        );
    }

    // Its summary counts three lines, and there are two.
    let Some(funds) = vector_file("bills/wechat_fundflowbill_2021-02-01.csv") else {
        return;
    };
    let seal = Seal::Sha1(sha1(&funds));
    let opened = source.open(
        StatementKind::Funds,
        jiff::civil::date(2021, 2, 1),
        &funds,
        Some(&seal),
    );
    assert_eq!(opened, Err(Damaged::DoesNotAddUp));
}
