//! Signatures with `signMethod` 01: RSA over the hexadecimal SHA-256 of the message.
//!
//! The message is hashed twice, because the signature hashes the 64 letters of the first hash again.

use std::collections::BTreeMap;

use rsa::{
    pkcs1v15::VerifyingKey,
    sha2::{Digest, Sha256},
};

use crate::rsa_key::{self, PrivateKey};

/// Fields of a message by name.
pub(crate) type Fields = BTreeMap<String, String>;

/// Signs everything but an earlier signature.
pub(crate) fn sign(key: &PrivateKey, fields: &Fields) -> String {
    key.sign(&digest(&text(fields)))
}

/// Whether the message carries a signature that fits.
pub(crate) fn verifies(key: &VerifyingKey<Sha256>, fields: &Fields) -> bool {
    fields.get("signature").is_some_and(|signature| {
        rsa_key::verifies(key, digest(&text(fields)).as_bytes(), signature)
    })
}

/// `k=v` joined by `&` in byte order of the names, values raw, without empty ones.
fn text(fields: &Fields) -> String {
    let pairs: Vec<_> = fields
        .iter()
        .filter(|(name, value)| !value.is_empty() && *name != "signature")
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

fn digest(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use rsa::{RsaPublicKey, pkcs8::DecodePublicKey};
    use serde_json::Value;
    use x509_cert::{
        Certificate,
        der::{DecodePem, Encode},
    };

    use super::*;

    const VECTORS: &str = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/vectors/unionpay.json"
    );

    /// The key of a certificate in PEM.
    fn key_of(certificate: &str) -> VerifyingKey<Sha256> {
        let certificate = Certificate::from_pem(certificate.as_bytes()).unwrap();
        let key = certificate.tbs_certificate.subject_public_key_info;
        let key = RsaPublicKey::from_public_key_der(&key.to_der().unwrap()).unwrap();
        VerifyingKey::new(key)
    }

    fn fields_of(value: &Value) -> Fields {
        serde_json::from_value(value.clone()).unwrap()
    }

    #[test]
    fn messages_that_others_signed_verify() {
        let text = match std::fs::read_to_string(VECTORS) {
            Ok(text) => text,
            Err(error) => {
                let said = format!("no vectors at {VECTORS}: {error}");
                assert!(std::env::var_os("CI").is_none(), "{said}");
                #[expect(clippy::print_stderr, reason = "a skipped test has to say so")]
                {
                    eprintln!("SKIPPED: {said}");
                }
                return;
            }
        };
        let vectors: Value = serde_json::from_str(&text).unwrap();
        let mut verified = 0;
        for vector in vectors["vectors"].as_array().unwrap() {
            let mut fields = fields_of(&vector["params"]);
            let certificate = match fields.get("signPubKeyCert") {
                Some(certificate) => certificate.clone(),
                None => vectors["keys"]["request_signer_cert"]
                    .as_str()
                    .unwrap()
                    .to_owned(),
            };
            if let Some(signature) = vector["signature"].as_str() {
                fields.insert("signature".to_owned(), signature.to_owned());
            }
            let key = key_of(&certificate);
            assert!(verifies(&key, &fields), "{}", vector["id"]);
            fields.insert("txnAmt".to_owned(), "2".to_owned());
            assert!(!verifies(&key, &fields), "{} changed", vector["id"]);
            verified += 1;
        }
        assert!(verified >= 4, "{verified}");
    }
}
