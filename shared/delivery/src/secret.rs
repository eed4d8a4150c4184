//! Signing secrets and signatures, as Standard Webhooks has them (standardwebhooks.com).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

/// What marks a symmetric secret, and is no part of the key.
const PREFIX: &str = "whsec_";

/// How long a key may be, in bytes: the specification's limits.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A secret shared with one receiver.
#[derive(Clone)]
pub struct SigningSecret(hmac::Key);

/// Why a text is no signing secret. The text is not repeated: it may be one after all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a signing secret is whsec_ and the base64 of 24 to 64 bytes")]
pub struct InvalidSecret;

impl SigningSecret {
    /// Reads `whsec_` and base64.
    ///
    /// # Errors
    /// [`InvalidSecret`] for anything else.
    pub fn new(text: &str) -> Result<Self, InvalidSecret> {
        let encoded = text.strip_prefix(PREFIX).ok_or(InvalidSecret)?;
        let key = STANDARD.decode(encoded).map_err(|_| InvalidSecret)?;
        if !KEY_BYTES.contains(&key.len()) {
            return Err(InvalidSecret);
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &key)))
    }

    /// Reads one or more, with white space between: two while one is being replaced.
    ///
    /// # Errors
    /// [`InvalidSecret`] if there is none, or any of them is not one.
    pub fn all(text: &str) -> Result<Vec<Self>, InvalidSecret> {
        let all: Result<Vec<Self>, InvalidSecret> =
            text.split_whitespace().map(Self::new).collect();
        all.and_then(|all| {
            if all.is_empty() {
                Err(InvalidSecret)
            } else {
                Ok(all)
            }
        })
    }

    /// The signature of a message: `v1,` and the base64 of HMAC-SHA256 over id, time in seconds and
    /// body, with dots between.
    fn sign(&self, id: &str, seconds: u64, body: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(format!("{id}.{seconds}.").as_bytes());
        context.update(body);
        format!("v1,{}", STANDARD.encode(context.sign()))
    }
}

// A secret is never printed.
impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret")
    }
}

/// The header `webhook-signature`: one signature for each secret, so that a receiver who knows any of
/// them can verify.
pub(crate) fn signatures(secrets: &[SigningSecret], id: &str, seconds: u64, body: &[u8]) -> String {
    let all: Vec<String> = secrets
        .iter()
        .map(|secret| secret.sign(id, seconds, body))
        .collect();
    all.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example in the specification's reference implementations.
    #[test]
    fn the_published_example_signs_as_published() {
        let secret = SigningSecret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed = signatures(
            &[secret],
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn only_secrets_of_the_specified_length_are_taken() {
        for (bytes, taken) in [(0, false), (23, false), (24, true), (64, true), (65, false)] {
            let text = format!("whsec_{}", STANDARD.encode(vec![7; bytes]));
            assert_eq!(SigningSecret::new(&text).is_ok(), taken, "{bytes} bytes");
        }
        let encoded = STANDARD.encode([7; 32]);
        for text in [
            encoded.clone(),
            format!("whpk_{encoded}"),
            format!("whsec_{encoded}!"),
        ] {
            assert!(SigningSecret::new(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn several_secrets_stand_apart_by_white_space() {
        let one = format!("whsec_{}", STANDARD.encode([1; 24]));
        let two = format!("whsec_{}", STANDARD.encode([2; 24]));
        assert_eq!(
            SigningSecret::all(&format!("{one} {two}\n")).unwrap().len(),
            2
        );
        assert!(SigningSecret::all(" ").is_err());
        assert!(SigningSecret::all(&format!("{one} nonsense")).is_err());
    }
}
