//! Merchants' keys: shown once, kept as hashes.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use payonce_domain::{Digest, MerchantId};
use subtle::{Choice, ConstantTimeEq};

const PREFIX: &str = "pk_";
const SECRET_LENGTH: usize = 43;

/// A merchant's key as the merchant holds it: `pk_{merchant}_{secret}`. The merchant's name in it
/// finds the item to compare with; the secret is 256 random bits.
#[derive(Clone)]
pub struct ApiKey(String);

impl ApiKey {
    /// A new key for this merchant.
    #[must_use]
    pub fn generate(merchant: &MerchantId) -> Self {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).expect("the operating system has random bytes");
        Self(format!(
            "{PREFIX}{merchant}_{}",
            URL_SAFE_NO_PAD.encode(secret)
        ))
    }

    /// Reads what was presented: the merchant it names, and the key. Whether it is that merchant's
    /// key only [`Merchant::accepts`](crate::Merchant::accepts) knows.
    #[must_use]
    pub fn parse(text: &str) -> Option<(MerchantId, Self)> {
        let (merchant, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let merchant = MerchantId::new(merchant).ok()?;
        if secret.len() != SECRET_LENGTH || URL_SAFE_NO_PAD.decode(secret).is_err() {
            return None;
        }
        Some((merchant, Self(text.to_owned())))
    }

    /// The whole text, to be shown to its merchant once and never kept or logged.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    #[must_use]
    pub fn hashed(&self) -> HashedKey {
        HashedKey(*Digest::of(self.0.as_bytes()).as_bytes())
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(hidden)")
    }
}

/// SHA-256 of a key. A slow hash would protect guessable secrets; 256 random bits cannot be guessed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HashedKey(pub(crate) [u8; 32]);

impl HashedKey {
    /// Whether the presented key has one of these hashes; takes as long whichever it is, or none.
    pub(crate) fn any_is(keys: &[Self], presented: &ApiKey) -> bool {
        let hash = presented.hashed();
        keys.iter()
            .fold(Choice::from(0), |found, key| found | key.0.ct_eq(&hash.0))
            .into()
    }
}

impl fmt::Debug for HashedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashedKey(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_its_merchant_and_reads_back() {
        let merchant = MerchantId::new("demo-strict").unwrap();
        // Half of all secrets hold an underscore or a hyphen: the merchant must still be found.
        for _ in 0..200 {
            let key = ApiKey::generate(&merchant);
            let (named, read) = ApiKey::parse(key.reveal()).unwrap();
            assert_eq!((&named, read.reveal()), (&merchant, key.reveal()));
            assert_eq!(key.reveal().len(), "pk_demo-strict_".len() + SECRET_LENGTH);
            assert!(HashedKey::any_is(&[read.hashed()], &key));
        }
    }

    #[test]
    fn only_a_key_of_the_merchant_is_accepted() {
        let merchant = MerchantId::new("m").unwrap();
        let keys: Vec<_> = (0..3).map(|_| ApiKey::generate(&merchant)).collect();
        let kept: Vec<_> = keys.iter().map(ApiKey::hashed).collect();
        assert!(keys.iter().all(|key| HashedKey::any_is(&kept, key)));
        assert!(!HashedKey::any_is(&kept, &ApiKey::generate(&merchant)));
        assert!(!HashedKey::any_is(&[], &keys[0]));
    }

    #[test]
    fn what_is_no_key_is_not_read() {
        let secret = "A".repeat(SECRET_LENGTH);
        for text in [
            "",
            "pk_",
            "pk_m_",
            &format!("pk__{secret}"),
            &format!("pk_M_{secret}"),
            &format!("sk_m_{secret}"),
            &format!("pk_m_{secret}A"),
            &format!("pk_m_{}", "?".repeat(SECRET_LENGTH)),
            &format!("pk_m_{} ", &secret[1..]),
        ] {
            assert!(ApiKey::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_key_is_never_shown_by_accident() {
        let key = ApiKey::generate(&MerchantId::new("m").unwrap());
        let shown = format!("{key:?} {:?}", key.hashed());
        assert_eq!(shown, "ApiKey(hidden) HashedKey(hidden)");
    }
}
