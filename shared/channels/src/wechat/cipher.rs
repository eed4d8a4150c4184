//! What WeChat Pay encrypts for us (`AEAD_AES_256_GCM`): authenticated, so it opens whole or not at all.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

/// The name of the one algorithm that we take.
pub(super) const ALGORITHM: &str = "AEAD_AES_256_GCM";

/// An APIv3 key (APIv3密钥): the bytes of the text itself, nothing is decoded.
pub(super) struct ApiKey(LessSafeKey);

impl ApiKey {
    /// Takes a text of 32 bytes.
    pub(super) fn new(text: &str) -> Option<Self> {
        let algorithm = match text.len() {
            32 => &AES_256_GCM,
            // Messages that WeChat Pay's own SDK publishes as examples are under shorter keys.
            #[cfg(test)]
            16 => &ring::aead::AES_128_GCM,
            _ => return None,
        };
        let key = UnboundKey::new(algorithm, text.as_bytes()).ok()?;
        Some(Self(LessSafeKey::new(key)))
    }

    /// Opens a ciphertext in base64 whose last 16 bytes are its tag.
    pub(super) fn open(&self, nonce: &str, aad: &str, ciphertext: &str) -> Option<Vec<u8>> {
        let nonce = Nonce::try_assume_unique_for_key(nonce.as_bytes()).ok()?;
        let mut bytes = STANDARD.decode(ciphertext).ok()?;
        let opened = self
            .0
            .open_in_place(nonce, Aad::from(aad.as_bytes()), &mut bytes)
            .ok()?;
        let length = opened.len();
        bytes.truncate(length);
        Some(bytes)
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey")
    }
}
