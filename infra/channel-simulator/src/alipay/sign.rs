//! RSA2: RSA PKCS#1 v1.5 with SHA-256 over parameters in byte order of their names.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use rsa::{
    RsaPrivateKey,
    pkcs1v15::{Signature, SigningKey, VerifyingKey},
    sha2::Sha256,
    signature::{SignatureEncoding, Signer, Verifier},
};

/// A key that signs. The modulus has 2048 bits, as Alipay asks for.
#[derive(Clone, Debug)]
pub(crate) struct PrivateKey(SigningKey<Sha256>);

impl PrivateKey {
    pub(crate) fn new(key: RsaPrivateKey) -> Self {
        Self(SigningKey::new(key))
    }

    /// The signature in base64.
    pub(crate) fn sign(&self, text: &str) -> String {
        STANDARD.encode(self.0.sign(text.as_bytes()).to_bytes())
    }
}

/// Whether a signature in base64 fits; anything that is not one does not.
pub(crate) fn verifies(key: &VerifyingKey<Sha256>, text: &str, signature: &str) -> bool {
    let Ok(bytes) = STANDARD.decode(signature) else {
        return false;
    };
    Signature::try_from(bytes.as_slice())
        .is_ok_and(|signature| key.verify(text.as_bytes(), &signature).is_ok())
}

/// A signature that was damaged on its way: still base64, and wrong.
pub(crate) fn spoil(signature: &str) -> String {
    let mut spoilt: String = signature.chars().take(signature.len() - 8).collect();
    spoilt.push_str("AAAAAA==");
    spoilt
}

/// What is signed: `k=v` joined by `&`, sorted, without empty values and without the names given.
pub(crate) fn signed_text(parameters: &BTreeMap<String, String>, without: &[&str]) -> String {
    let pairs: Vec<_> = parameters
        .iter()
        .filter(|(name, value)| !value.is_empty() && !without.contains(&name.as_str()))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_values_and_dropped_names_are_not_signed() {
        let parameters = [("b", "2 +&"), ("a", ""), ("sign", "x"), ("B", "1")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let text = signed_text(&parameters.into(), &["sign"]);
        assert_eq!(text, "B=1&b=2 +&");
    }
}
