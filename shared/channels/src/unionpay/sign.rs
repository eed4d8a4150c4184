//! What is signed: the fields in byte order as `name=value` joined by `&`, hashed, written in
//! hexadecimal, and signed with RSA over a second hash of those 64 characters (`signMethod=01`).

use ring::digest::{SHA256, digest};

use super::message::Fields;
use crate::rsa::{SigningKey, VerifyingKey};

/// The signed text: every field with a value, but the signature.
pub(super) fn text(fields: &Fields) -> String {
    let signed = fields
        .iter()
        .filter(|(name, value)| *name != "signature" && !value.is_empty());
    let pairs: Vec<_> = signed
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

/// SHA-256 of a text in lower-case hexadecimal.
pub(super) fn digest_text(text: &str) -> String {
    let hash = digest(&SHA256, text.as_bytes());
    hash.as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The signature of these fields.
pub(super) fn sign(key: &SigningKey, fields: &Fields) -> String {
    key.sign(digest_text(&text(fields)).as_bytes())
}

/// Whether the fields' own signature is this key's.
pub(super) fn holds(key: &VerifyingKey, fields: &Fields) -> bool {
    let message = digest_text(&text(fields));
    fields
        .get("signature")
        .is_some_and(|signature| key.verify(message.as_bytes(), signature))
}
