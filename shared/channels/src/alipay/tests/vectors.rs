//! Messages that Alipay itself and its SDKs signed. They lie beside the checkout, not in it.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use payonce_domain::Timestamp;
use serde_json::{Value, json};

use super::super::account::Account;
use super::super::{certificate, certificate_sn, notification, response, root_certificate_sn};
use super::{SELLER_ID, answer, form};
use crate::notification::{Rejected, UnverifiedNotification};
use crate::rsa::VerifyingKey;
use crate::strict_json::Members;

/// Bare keys are not valid for a time, so any will do.
const NOW: Timestamp = Timestamp::from_millis(0);

/// The vectors, or `None` where this checkout stands alone. In CI their absence is a failure.
fn vectors() -> Option<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("../../../shared/vectors/alipay.json");
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

fn settings(public_key: &str, app_id: &str, seller_id: &str) -> String {
    json!({
        "app_id": app_id,
        "seller_id": seller_id,
        "gateway": super::GATEWAY,
        "public_keys": [public_key],
    })
    .to_string()
}

#[test]
fn every_public_vector_holds() {
    let Some(file) = vectors() else { return };
    let mut ids = Vec::new();
    for vector in file["vectors"].as_array().unwrap() {
        let (id, kind) = (text(vector, "id"), text(vector, "kind"));
        let key = vector
            .get("key")
            .map(|name| text(&file["keys"], name.as_str().unwrap()));
        match kind {
            "notify" => notify(vector, key.unwrap()),
            "response" => signed_response(vector, key.unwrap()),
            "response_substring" => {
                let members = Members::parse(text(vector, "raw")).unwrap();
                let raw = members.raw(text(vector, "response_key"));
                assert_eq!(raw, Some(text(vector, "expect")), "{id}");
            }
            "cert_sn" => {
                let sn = certificate_sn(key.unwrap());
                assert_eq!(sn.as_deref(), Some(text(vector, "expect")), "{id}");
            }
            "root_cert_sn" => {
                let sn = root_certificate_sn(key.unwrap());
                assert_eq!(sn.as_deref(), Some(text(vector, "expect")), "{id}");
            }
            "cert_spki_b64" => {
                let found = certificate::public_key(key.unwrap()).unwrap();
                let expected = VerifyingKey::parse(text(vector, "expect")).unwrap();
                assert_eq!(found, expected, "{id}");
            }
            // Contents are not encrypted here: TLS carries them, and no call of ours holds a secret.
            "aes_cbc_zero_iv_pkcs7" => {}
            other => panic!("{id}: no test for a vector of kind {other}"),
        }
        ids.push(id);
    }
    ids.sort_unstable();
    assert_eq!(
        ids, CLAIMED,
        "a vector came or went, and no test was written"
    );
}

/// Every vector of the file, each exercised above. A new one fails here until it is looked at.
const CLAIMED: [&str; 15] = [
    "ali-aes-cbc",
    "ali-alipay-cert-sn",
    "ali-app-cert-sn",
    "ali-cert-public-key",
    "ali-notify-10",
    "ali-notify-3",
    "ali-notify-4",
    "ali-notify-5",
    "ali-notify-8",
    "ali-notify-9",
    "ali-response-substring-0",
    "ali-response-substring-1",
    "ali-response-substring-2",
    "ali-response-verify",
    "ali-root-cert-sn",
];

#[test]
fn alipays_own_root_file_does_not_vouch_for_a_certificate_without_its_authority() {
    let Some(file) = vectors() else { return };
    let certificate = text(&file["keys"], "alipayCertPublicKey_RSA2.crt");
    let root = text(&file["keys"], "alipayRootCert.crt");
    assert!(certificate::Trusted::read(certificate, Some(root)).is_none());
    let trusted = certificate::Trusted::read(certificate, None).unwrap();
    // Valid from 2020-05-14 14:42:01 for two years, in UTC.
    for (seconds, valid) in [
        (1_589_467_320, false),
        (1_589_467_321, true),
        (1_652_539_321, true),
        (1_652_539_322, false),
    ] {
        let now = Timestamp::from_millis(seconds * 1_000);
        assert_eq!(trusted.is_valid(now), valid, "{seconds}");
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

fn notify(vector: &Value, key: &str) {
    let id = text(vector, "id");
    let fields: BTreeMap<&str, &str> = vector["params"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
        .collect();
    let body = form::encode(fields.iter().map(|(name, value)| (*name, *value)));
    let seller_id = fields.get("seller_id").copied().unwrap_or(SELLER_ID);
    let settings = settings(key, fields["app_id"], seller_id);
    let account = Account::open(&settings, None).unwrap();
    let holds = vector["expect"].as_bool().unwrap();
    let verified = notification::verified(&account, body.as_bytes(), NOW);
    assert_eq!(verified.is_ok(), holds, "{id}");

    // Seen from outside: genuine, and about numbers that we never gave.
    let adapter = super::adapter(&settings, None).unwrap();
    let verify = |body: &[u8]| {
        adapter.verify(UnverifiedNotification {
            headers: &[],
            body,
            received_at: NOW,
        })
    };
    let expected = if holds {
        Rejected::NotOurNumber
    } else {
        Rejected::BadSignature
    };
    assert_eq!(verify(body.as_bytes()), Err(expected), "{id}");
    // No field can be changed unseen.
    for name in fields.keys().filter(|name| **name != "sign") {
        let changed = fields.iter().map(|(field, value)| {
            let value = if field == name {
                format!("{value}x")
            } else {
                (*value).to_owned()
            };
            (*field, value)
        });
        let changed: Vec<_> = changed.collect();
        let body = form::encode(changed.iter().map(|(name, value)| (*name, value.as_str())));
        let rejected = verify(body.as_bytes()).unwrap_err();
        assert!(!rejected.is_genuine(), "{id}: {name}");
    }
}

fn signed_response(vector: &Value, key: &str) {
    let id = text(vector, "id");
    let account = Account::open(&settings(key, "1", "2"), None).unwrap();
    let raw = text(vector, "raw");
    let holds = |body: Vec<u8>| {
        response::signed(&account, "alipay.open.file.upload", &answer(body), NOW).is_some()
    };
    assert!(holds(raw.into()), "{id}");
    let members = Members::parse(raw).unwrap();
    let signed = members.raw(text(vector, "response_key")).unwrap();
    assert_eq!(signed, text(vector, "string_to_verify"), "{id}");
    let signature = STANDARD.decode(text(vector, "sign")).unwrap();
    for (index, bit) in (0..signature.len()).flat_map(|index| (0..8).map(move |bit| (index, bit))) {
        let mut other = signature.clone();
        other[index] ^= 1 << bit;
        let body = raw.replace(text(vector, "sign"), &STANDARD.encode(other));
        assert!(!holds(body.into_bytes()), "{id}: bit {bit} of byte {index}");
    }
    let start = raw.find(signed).unwrap();
    for index in start..start + signed.len() {
        for bit in 0..8 {
            let mut body = raw.as_bytes().to_vec();
            body[index] ^= 1 << bit;
            assert!(!holds(body), "{id}: bit {bit} of byte {index}");
        }
    }
}
