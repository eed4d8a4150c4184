//! RSA signatures with PKCS#1 v1.5 padding and SHA-256: the one kind that all three channels use.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256,
    RsaKeyPair, UnparsedPublicKey,
};
use x509_parser::oid_registry::OID_PKCS1_RSAENCRYPTION;
use x509_parser::prelude::FromDer;
use x509_parser::x509::SubjectPublicKeyInfo;

/// A merchant's private key.
pub(crate) struct SigningKey(RsaKeyPair);

impl SigningKey {
    /// Reads PKCS#8 or PKCS#1, with or without PEM armour: channels' tools hand out all four.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let der = unarmoured(text)?;
        RsaKeyPair::from_pkcs8(&der)
            .or_else(|_| RsaKeyPair::from_der(&der))
            .ok()
            .map(Self)
    }

    /// Whether `key` is this key's public half.
    pub(crate) fn belongs_to(&self, key: &VerifyingKey) -> bool {
        self.0.public().as_ref() == key.0
    }

    /// The signature over `message`, in base64.
    pub(crate) fn sign(&self, message: &[u8]) -> String {
        let mut signature = vec![0; self.0.public().modulus_len()];
        self.0
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message,
                &mut signature,
            )
            .expect("a key that was accepted signs, into a buffer of its own length");
        STANDARD.encode(signature)
    }
}

/// A channel's public key, of 2048 bits at least.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct VerifyingKey(Vec<u8>);

impl VerifyingKey {
    /// Reads a public key, with or without PEM armour.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let der = unarmoured(text)?;
        let (rest, info) = SubjectPublicKeyInfo::from_der(&der).ok()?;
        if !rest.is_empty() {
            return None;
        }
        Self::from_info(&info)
    }

    /// Takes the key out of a certificate's key information; `None` unless it is an RSA key.
    pub(crate) fn from_info(info: &SubjectPublicKeyInfo<'_>) -> Option<Self> {
        (info.algorithm.algorithm == OID_PKCS1_RSAENCRYPTION)
            .then(|| Self(info.subject_public_key.data.to_vec()))
    }

    /// Whether this key's owner signed `message`; `signature` is in base64.
    pub(crate) fn verify(&self, message: &[u8], signature: &str) -> bool {
        STANDARD
            .decode(signature)
            .is_ok_and(|signature| self.verify_bytes(message, &signature))
    }

    /// Whether this key's owner signed `message`; `signature` is bare, as in a certificate.
    pub(crate) fn verify_bytes(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.0)
            .verify(message, signature)
            .is_ok()
    }

    /// The same with SHA-1, which only the authorities of public test environments still use.
    pub(crate) fn verify_bytes_sha1(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, &self.0)
            .verify(message, signature)
            .is_ok()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey")
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifyingKey")
    }
}

/// The bytes within PEM armour, or within base64 that has none.
fn unarmoured(text: &str) -> Option<Vec<u8>> {
    let body: String = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with("-----"))
        .collect();
    STANDARD.decode(body).ok()
}
