//! Names others gave: merchants, their order numbers, channel accounts, channel trade numbers.
//!
//! Each is checked when it is made, so that whoever holds one need not check it again.

use std::fmt;

/// Why a text is not the identifier it should be. The text itself is not repeated: it may be hostile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be {length_min} to {length_max} characters, each {alphabet}")]
pub struct InvalidId {
    length_min: usize,
    length_max: usize,
    alphabet: &'static str,
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $min:literal..=$max:literal, $alphabet:literal, $allowed:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Takes a text that obeys the length and alphabet of this identifier.
            ///
            /// # Errors
            /// [`InvalidId`] says what the text should have been.
            pub fn new(text: impl Into<String>) -> Result<Self, InvalidId> {
                let text = text.into();
                let allowed: fn(u8) -> bool = $allowed;
                if ($min..=$max).contains(&text.len()) && text.bytes().all(allowed) {
                    Ok(Self(text))
                } else {
                    Err(InvalidId { length_min: $min, length_max: $max, alphabet: $alphabet })
                }
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

const fn printable(byte: u8) -> bool {
    matches!(byte, 0x21..=0x7E)
}

const fn name_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

const fn path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.'
                | b'_'
                | b'~'
                | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
                | b':'
                | b'@'
        )
}

const fn bank_byte(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

identifier!(
    /// A merchant of ours (商户).
    MerchantId, 1..=32, "a lower-case letter, a digit or a hyphen", name_byte
);
identifier!(
    /// The merchant's own number for an order (业务单号); with the merchant it names one payment.
    MerchantOrderNo, 1..=64, "a printable ASCII character other than space", printable
);
identifier!(
    /// The merchant's own number for a refund; its idempotency key.
    MerchantRefundNo, 1..=64, "a printable ASCII character other than space", printable
);
identifier!(
    /// The merchant's own name for a delayed message; its idempotency key. It stands in a path, so it
    /// has only what may stand there as it is (RFC 3986, `pchar` without escapes).
    MerchantMessageId, 1..=64, "a letter, a digit or one of -._~!$&'()*+,;=:@", path_byte
);
identifier!(
    /// What an event on the bus is called (EventBridge `detail-type`).
    EventType, 1..=128, "a printable ASCII character other than space", printable
);
identifier!(
    /// One contract of a merchant with a channel, with keys of its own; part of the webhook's path.
    AccountId, 1..=32, "a lower-case letter, a digit or a hyphen", name_byte
);
identifier!(
    /// A bank as UnionPay names it (发卡机构代码, `issInsCode`): `CMB` for 招商银行, `ICBC` for 工商银行.
    BankCode, 2..=20, "an upper-case letter or a digit", bank_byte
);
identifier!(
    /// The number a channel gave a trade (渠道流水号): Alipay `trade_no`, WeChat `transaction_id`,
    /// UnionPay `queryId`.
    ChannelTradeNo, 1..=64, "a printable ASCII character other than space", printable
);
identifier!(
    /// A person who works for us, by the number that whoever signs people in has for them. It is no name
    /// and no address: the history keeps it for ever.
    OperatorId, 1..=64, "a printable ASCII character other than space", printable
);
identifier!(
    /// The caller's own number for an appeal (申诉); its idempotency key.
    MerchantAppealNo, 1..=64, "a printable ASCII character other than space", printable
);
identifier!(
    /// The caller's own number for a statement in an appeal; its idempotency key.
    StatementId, 1..=64, "a printable ASCII character other than space", printable
);
