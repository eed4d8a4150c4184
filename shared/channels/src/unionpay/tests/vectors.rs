//! Messages that UnionPay itself signed. They lie beside the checkout, not in it.

use std::path::Path;

use payonce_domain::Timestamp;
use serde_json::{Value, json};

use super::super::account::Account;
use super::super::message::{self, Fields};
use super::super::{certificate, sign};
use crate::chain;
use crate::rsa::VerifyingKey;

/// The signer's certificate ended on 2025-07-31; this is 2025-01-01.
const THEN: Timestamp = Timestamp::from_millis(1_735_689_600_000);

/// The vectors, or `None` where this checkout stands alone. In CI their absence is a failure.
fn vectors() -> Option<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("../../../shared/vectors/unionpay.json");
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(serde_json::from_str(&text).unwrap()),
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

fn account(file: &Value, test_chain: bool) -> Result<Account, crate::ConfigurationError> {
    let settings = json!({
        "mer_id": "777290058167151",
        "gateway": "https://gateway.test.example.com",
        "root_cert": file["keys"]["test_root"],
        "middle_certs": [file["keys"]["test_middle"]],
        "signer_names": ["中国银联股份有限公司", "00040000:SIGN"],
        "test_chain": test_chain,
    });
    Account::open(&settings.to_string(), None)
}

fn fields(vector: &Value) -> Fields {
    match vector["raw"].as_str() {
        Some(raw) => message::parse_answer(raw.as_bytes()).unwrap(),
        None => {
            let members = vector["params"].as_object().unwrap().iter();
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            members
                .map(|(name, value)| (name.clone(), text(value)))
                .collect()
        }
    }
}

#[test]
fn every_public_vector_holds() {
    let Some(file) = vectors() else { return };
    let account = account(&file, true).unwrap();
    let mut seen = 0;
    for vector in file["vectors"].as_array().unwrap() {
        let id = vector["id"].as_str().unwrap();
        let mut fields = fields(vector);
        let text = sign::text(&fields);
        assert_eq!(
            Some(text.as_str()),
            vector["string_to_sign"].as_str(),
            "{id}"
        );
        let hash = sign::digest_text(&text);
        assert_eq!(
            Some(hash.as_str()),
            vector["sha256_hex_of_string"].as_str(),
            "{id}"
        );
        match vector["kind"].as_str().unwrap() {
            "sign" => {
                let name = vector["key"].as_str().unwrap();
                let pem = file["keys"][name].as_str().unwrap();
                let cert_id = certificate::merchant(pem).map(|(serial, _)| serial);
                assert_eq!(cert_id.as_ref(), fields.get("certId"), "{id}");
                let signature = vector["signature"].as_str().unwrap().to_owned();
                fields.insert("signature".to_owned(), signature);
                assert!(sign::holds(&key(pem), &fields), "{id}");
            }
            "verify" => {
                assert!(account.signed(&fields, THEN), "{id}");
                flipped(&account, &fields, id);
            }
            other => panic!("{id} is of the kind {other}, which no test here claims"),
        }
        seen += 1;
    }
    assert!(seen >= 4);
}

fn key(pem: &str) -> VerifyingKey {
    let blocks = chain::blocks(pem).unwrap();
    let certificate = chain::parsed(&blocks[0]).unwrap();
    VerifyingKey::from_info(certificate.public_key()).unwrap()
}

/// One bit of any value, and one field more or less: none of it is UnionPay's word.
fn flipped(account: &Account, fields: &Fields, id: &str) {
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
        let at = value.len() / 2;
        let mut bytes = value.clone().into_bytes();
        bytes[at] ^= 1;
        let Ok(changed) = String::from_utf8(bytes) else {
            continue;
        };
        let mut spoilt = fields.clone();
        spoilt.insert(name.clone(), changed);
        assert!(!account.signed(&spoilt, THEN), "{id}: {name}");
        let mut fewer = fields.clone();
        fewer.remove(name);
        assert!(!account.signed(&fewer, THEN), "{id} without {name}");
    }
    let mut more = fields.clone();
    more.insert("zzz".to_owned(), "1".to_owned());
    assert!(!account.signed(&more, THEN), "{id} with a field more");
}

/// The test environment's authorities sign with SHA-1, which is believed only where it was asked for.
#[test]
fn a_sha1_chain_is_for_the_test_environment() {
    let Some(file) = vectors() else { return };
    assert!(account(&file, true).is_ok());
    assert!(account(&file, false).is_err());
}

#[test]
fn an_answer_is_read_as_it_was_signed() {
    let fields = message::parse_answer("a={x=1&y={2}}&b=+/==&c=".as_bytes()).unwrap();
    assert_eq!(fields["a"], "{x=1&y={2}}");
    assert_eq!(fields["b"], "+/==");
    assert_eq!(fields["c"], "");
    for broken in ["", "a", "a=1&", "a=1&a=2", "a={", "a=}", "=1", "a=1&&b=2"] {
        assert!(
            message::parse_answer(broken.as_bytes()).is_err(),
            "{broken:?}"
        );
    }
    assert!(message::parse_answer(b"a=\xff").is_err());
}
