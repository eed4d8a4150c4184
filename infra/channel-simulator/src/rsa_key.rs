//! RSA with SHA-256 (PKCS#1 v1.5): the one kind of signature that all these channels use.

use anyhow::Context;
use base64::{Engine, engine::general_purpose::STANDARD};
use rsa::{
    RsaPrivateKey, RsaPublicKey,
    pkcs1v15::{Signature, SigningKey, VerifyingKey},
    pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey, LineEnding},
    rand_core::OsRng,
    sha2::Sha256,
    signature::{SignatureEncoding, Signer, Verifier},
};

const KEY_BITS: usize = 2048;

/// Makes a key and writes it as PKCS#8 PEM. Looking for primes takes most of a first start, so
/// callers look for several at the same time.
pub(crate) fn make() -> anyhow::Result<String> {
    let key = RsaPrivateKey::new(&mut OsRng, KEY_BITS).context("making an RSA key")?;
    let pem = key
        .to_pkcs8_pem(LineEnding::LF)
        .context("writing an RSA key")?;
    Ok(pem.as_str().to_owned())
}

/// Reads what [`make`] has written.
pub(crate) fn read(pem: &str) -> anyhow::Result<RsaPrivateKey> {
    RsaPrivateKey::from_pkcs8_pem(pem).context("reading an RSA key")
}

/// The public half as SubjectPublicKeyInfo PEM.
pub(crate) fn public_pem(key: &RsaPrivateKey) -> anyhow::Result<String> {
    key.to_public_key()
        .to_public_key_pem(LineEnding::LF)
        .context("writing a public key")
}

/// A key that signs.
#[derive(Clone, Debug)]
pub(crate) struct PrivateKey(SigningKey<Sha256>);

impl PrivateKey {
    pub(crate) fn new(key: RsaPrivateKey) -> Self {
        Self(SigningKey::new(key))
    }

    pub(crate) fn read(pem: &str) -> anyhow::Result<Self> {
        Ok(Self::new(read(pem)?))
    }

    /// The public half.
    pub(crate) fn public(&self) -> RsaPublicKey {
        let key: &RsaPrivateKey = self.0.as_ref();
        key.to_public_key()
    }

    /// The signature in base64.
    pub(crate) fn sign(&self, text: &str) -> String {
        STANDARD.encode(self.0.sign(text.as_bytes()).to_bytes())
    }
}

/// Whether a signature in base64 fits; anything that is not one does not.
pub(crate) fn verifies(key: &VerifyingKey<Sha256>, text: &[u8], signature: &str) -> bool {
    let Ok(bytes) = STANDARD.decode(signature) else {
        return false;
    };
    Signature::try_from(bytes.as_slice())
        .is_ok_and(|signature| key.verify(text, &signature).is_ok())
}

/// A signature that was damaged on its way: still base64, and wrong.
pub(crate) fn spoil(signature: &str) -> String {
    let mut spoilt: String = signature.chars().take(signature.len() - 8).collect();
    spoilt.push_str("AAAAAA==");
    spoilt
}

/// The panic itself has already been reported by its thread.
pub(crate) fn panicked(_: Box<dyn std::any::Any + Send>) -> anyhow::Error {
    anyhow::anyhow!("making keys did not finish")
}
