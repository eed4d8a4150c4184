//! The token in a cashier's address: it names one payment, ends, and can be made by nobody else.
//!
//! It is the payment's number, a time and an HMAC-SHA256 over both with a key of this stack's own. So it
//! needs no table, it is the same each time it is asked for, a token of one payment says nothing of
//! another's, and what was made up is refused before anything is read.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use payonce_domain::{Payment, PaymentNo, Span, Timestamp};
use ring::hmac;

/// How long after a payment's deadline its page still shows what became of it: a buyer who comes back the
/// next day sees whether his money went back.
const RESULT_SHOWN_FOR: Span = Span::days(2);

/// Says what is signed, so that a signature for another purpose under the same key would be no token.
const PURPOSE: &str = "payonce-cashier-1";

/// Shorter texts are no keys.
const KEY_BYTES_MIN: usize = 32;

/// What cashier tokens are signed with; two while one is being replaced.
#[derive(Clone)]
pub struct CashierKeys(Vec<hmac::Key>);

/// Why a text holds no cashier key. The text is not repeated: it may be one after all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a cashier key is a text of 32 characters or more")]
pub struct InvalidCashierKey;

impl CashierKeys {
    /// Reads one key or more, with white space between. The first signs; all of them verify.
    ///
    /// # Errors
    /// [`InvalidCashierKey`] if there is none, or any is too short to be one.
    pub fn read(text: &str) -> Result<Self, InvalidCashierKey> {
        let keys: Vec<_> = text.split_whitespace().collect();
        if keys.is_empty() || keys.iter().any(|key| key.len() < KEY_BYTES_MIN) {
            return Err(InvalidCashierKey);
        }
        let keys = keys.into_iter();
        Ok(Self(
            keys.map(|key| hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()))
                .collect(),
        ))
    }

    /// The token of a payment.
    #[must_use]
    pub fn token(&self, payment: &Payment) -> String {
        self.seal(
            PURPOSE,
            &signed_part(payment.payment_no(), ends_at(payment)),
        )
    }

    /// A text with its signature for a purpose, after a full stop.
    pub(crate) fn seal(&self, purpose: &str, text: &str) -> String {
        let key = self.0.first().expect("reading refuses an empty list");
        let tag = hmac::sign(key, message(purpose, text).as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(tag))
    }

    /// The text that was sealed for this purpose; `None` if it was not.
    pub(crate) fn unseal<'a>(&self, purpose: &str, sealed: &'a str) -> Option<&'a str> {
        let (text, tag) = sealed.rsplit_once('.')?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        let message = message(purpose, text);
        let genuine = |key| hmac::verify(key, message.as_bytes(), &tag).is_ok();
        self.0.iter().any(genuine).then_some(text)
    }

    /// The payment that a token names; `None` if it is none of ours, or over.
    #[must_use]
    pub fn open(&self, token: &str, now: Timestamp) -> Option<PaymentNo> {
        let (number, ends_at) = self.unseal(PURPOSE, token)?.split_once('.')?;
        let ends_at = Timestamp::from_millis(ends_at.parse::<u64>().ok()?.checked_mul(1_000)?);
        (now < ends_at).then(|| PaymentNo::parse(number)).flatten()
    }
}

// A key is never printed.
impl std::fmt::Debug for CashierKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CashierKeys")
    }
}

/// When a payment's page stops to be shown.
pub(super) fn ends_at(payment: &Payment) -> Timestamp {
    payment.terms.expires_at.plus(RESULT_SHOWN_FOR)
}

fn signed_part(payment_no: PaymentNo, ends_at: Timestamp) -> String {
    format!("{payment_no}.{}", ends_at.as_millis() / 1_000)
}

fn message(purpose: &str, signed: &str) -> String {
    format!("{purpose}.{signed}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use payonce_domain::{MerchantId, MerchantOrderNo, Mode, Money, Terms, decide};

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_183_200_000);

    fn keys(letter: &str) -> CashierKeys {
        CashierKeys::read(&letter.repeat(KEY_BYTES_MIN)).unwrap()
    }

    fn payment(order: &str) -> Payment {
        let terms = Terms {
            merchant_id: MerchantId::new("demo").unwrap(),
            merchant_order_no: MerchantOrderNo::new(order).unwrap(),
            mode: Mode::Strict,
            amount: Money::from_fen(1_999),
            subject: "shoes".to_owned(),
            expires_at: NOW.plus(Span::minutes(30)),
            return_url: None,
            notify_url: None,
            client_ip: None,
            payer: None,
            metadata: BTreeMap::new(),
        };
        decide::open(terms, None, NOW).unwrap().payment().clone()
    }

    #[test]
    fn a_token_opens_the_payment_it_was_made_for_until_it_ends() {
        let (keys, payment) = (keys("k"), payment("one"));
        let token = keys.token(&payment);
        assert_eq!(token, keys.token(&payment));
        let end = ends_at(&payment);
        assert_eq!(keys.open(&token, NOW), Some(payment.payment_no()));
        let last = end.minus(Span::millis(1));
        assert_eq!(keys.open(&token, last), Some(payment.payment_no()));
        assert_eq!(keys.open(&token, end), None);
        assert!(!token.contains(['/', '+', '=', ' ', '%']), "{token}");
    }

    /// S6: neither another's number nor another time can be put in, and no character is free to change.
    #[test]
    fn what_was_made_up_or_put_together_opens_nothing() {
        let (keys, one, two) = (keys("k"), payment("one"), payment("two"));
        let (token, other) = (keys.token(&one), keys.token(&two));
        let parts: Vec<_> = token.split('.').collect();
        let others: Vec<_> = other.split('.').collect();
        let later = "9999999999";
        for made in [
            String::new(),
            ".".to_owned(),
            "..".to_owned(),
            one.payment_no().to_string(),
            format!("{}.{}.{}", others[0], parts[1], parts[2]),
            format!("{}.{later}.{}", parts[0], parts[2]),
            format!("{}.{}.", parts[0], parts[1]),
            format!("{}.{}.{}", parts[0], parts[1], &parts[2][..22]),
            format!("{token}."),
        ] {
            assert_eq!(keys.open(&made, NOW), None, "{made}");
        }
        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(keys.open(&changed, NOW), None, "{changed}");
        }
    }

    #[test]
    fn a_replaced_key_still_opens_and_a_strange_one_does_not() {
        let payment = payment("one");
        let old = keys("o").token(&payment);
        let (new, former) = ("n".repeat(40), "o".repeat(KEY_BYTES_MIN));
        let both = CashierKeys::read(&format!("{new} {former}")).unwrap();
        assert!(both.open(&old, NOW).is_some());
        assert_ne!(both.token(&payment), old);
        assert!(keys("x").open(&old, NOW).is_none());
        assert_eq!(CashierKeys::read(" ").err(), Some(InvalidCashierKey));
        assert_eq!(CashierKeys::read("short").err(), Some(InvalidCashierKey));
    }
}
