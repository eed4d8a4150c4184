//! Our own numbers: payment, channel order and refund numbers, and the key they are built on.
//!
//! Every number carries the key of its payment, so a notification or a bill line finds its item
//! without an index, and ends in check characters, so one that was mistyped or made up is not ours.
//!
//! | Number | Layout | Length |
//! |---|---|---|
//! | payment number | `P` key(20) check(2) | 23 |
//! | channel order number | `P` key(20) channel(1) method(1) attempt(2) check(2) | 27 |
//! | refund number | `R` key(20) channel(1) method(1) attempt(2) hash(6) generation(1) check(2) | 34 |
//! | delayed message number | `D` key(20) check(2) | 23 |
//! | appeal number | `A` key(20) check(2) | 23 |

use std::fmt;

use crate::channel::{Channel, Method};
use crate::check_characters;
use crate::evidence::Digest;
use crate::ids::{
    ChannelTradeNo, MerchantAppealNo, MerchantId, MerchantMessageId, MerchantOrderNo,
    MerchantRefundNo,
};

const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const BASE36: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const KEY_LENGTH: usize = 20;

macro_rules! keys {
    ($($(#[$doc:meta])* $name:ident of $named:ident,)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; KEY_LENGTH]);

        impl $name {
            /// The key of what this merchant calls so. Both parts are prefixed with their length, so
            /// that no two different pairs run together into the same bytes.
            #[must_use]
            pub fn derive(merchant: &MerchantId, named: &$named) -> Self {
                let mut bytes = Vec::with_capacity(100);
                for part in [merchant.as_str(), named.as_str()] {
                    bytes.extend_from_slice(part.len().to_string().as_bytes());
                    bytes.push(b':');
                    bytes.extend_from_slice(part.as_bytes());
                }
                Self(base32(&bytes))
            }

            /// Reads 20 characters of the alphabet.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                let bytes: [u8; KEY_LENGTH] = text.as_bytes().try_into().ok()?;
                bytes
                    .iter()
                    .all(|b| CROCKFORD.contains(b))
                    .then_some(Self(bytes))
            }

            /// The 20 characters.
            #[must_use]
            pub fn as_str(&self) -> &str {
                std::str::from_utf8(&self.0).expect("the alphabet is ASCII")
            }

            /// Which of `shards` parts of an index this item is listed in.
            #[must_use]
            pub fn shard(&self, shards: u32) -> u32 {
                let mixed = self.0[..6].iter().fold(0u32, |sum, &byte| {
                    let value = CROCKFORD.iter().position(|&c| c == byte).unwrap_or(0);
                    sum.wrapping_mul(32)
                        .wrapping_add(u32::try_from(value).unwrap_or(0))
                });
                mixed % shards.max(1)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )*};
}
keys!(
    /// The key of a payment: 100 bits of SHA-256 over merchant and merchant order number, as 20
    /// Crockford base-32 characters. It is the item's key, so writing it once is the idempotency check.
    PaymentKey of MerchantOrderNo,
    /// The key of a delayed message, made of merchant and the merchant's name for it in the same way.
    DelayedMessageKey of MerchantMessageId,
    /// The key of an appeal, made of merchant and the caller's number for it in the same way.
    AppealKey of MerchantAppealNo,
);

/// A payment number (支付单号): how merchants and operators name a payment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PaymentNo(PaymentKey);

impl PaymentNo {
    /// The number of the payment with this key.
    #[must_use]
    pub const fn new(key: PaymentKey) -> Self {
        Self(key)
    }

    /// Reads a number; `None` unless its layout and check characters hold.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let body = checked(text, 'P', 23)?;
        Some(Self(PaymentKey::parse(&body[1..])?))
    }

    /// The key within.
    #[must_use]
    pub const fn key(self) -> PaymentKey {
        self.0
    }
}

/// Our number for a delayed message (延迟消息号), by which its receiver knows it: the same with every
/// attempt to deliver it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DelayedMessageNo(DelayedMessageKey);

impl DelayedMessageNo {
    /// The number of the message with this key.
    #[must_use]
    pub const fn new(key: DelayedMessageKey) -> Self {
        Self(key)
    }

    /// Reads a number; `None` unless its layout and check characters hold.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let body = checked(text, 'D', 23)?;
        Some(Self(DelayedMessageKey::parse(&body[1..])?))
    }

    /// The key within.
    #[must_use]
    pub const fn key(self) -> DelayedMessageKey {
        self.0
    }
}

/// Our number for an appeal (申诉单号), on which the refunds that it decides are built.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppealNo(AppealKey);

impl AppealNo {
    /// The number of the appeal with this key.
    #[must_use]
    pub const fn new(key: AppealKey) -> Self {
        Self(key)
    }

    /// Reads a number; `None` unless its layout and check characters hold.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let body = checked(text, 'A', 23)?;
        Some(Self(AppealKey::parse(&body[1..])?))
    }

    /// The key within.
    #[must_use]
    pub const fn key(self) -> AppealKey {
        self.0
    }

    /// The number as what a refund was asked by.
    #[must_use]
    pub fn as_request(self) -> MerchantRefundNo {
        MerchantRefundNo::new(self.to_string()).expect("23 digits and capitals")
    }
}

/// A channel order number (商户订单号 at the channel: `out_trade_no`, `orderId`): one attempt at one
/// channel. It fits the tightest alphabet and length of the three channels at once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelOrderNo {
    key: PaymentKey,
    channel: Channel,
    method: Method,
    attempt: u8,
}

impl ChannelOrderNo {
    /// The number of attempt `attempt` (from 1) of a payment through this channel and method.
    #[must_use]
    pub const fn new(key: PaymentKey, channel: Channel, method: Method, attempt: u8) -> Self {
        Self {
            key,
            channel,
            method,
            attempt,
        }
    }

    /// Reads a number; `None` unless its layout and check characters hold.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let body = checked(text, 'P', 27)?;
        Self::from_parts(&body[1..25])
    }

    fn from_parts(text: &str) -> Option<Self> {
        let key = PaymentKey::parse(text.get(..20)?)?;
        let mut letters = text.get(20..22)?.chars();
        let channel = Channel::from_letter(letters.next()?)?;
        let method = Method::from_letter(letters.next()?)?;
        let attempt = text.get(22..24)?;
        if !attempt.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        Some(Self {
            key,
            channel,
            method,
            attempt: attempt.parse().ok()?,
        })
    }

    fn parts(self) -> String {
        let (channel, method) = (self.channel.letter(), self.method.letter());
        format!("{}{channel}{method}{:02}", self.key.as_str(), self.attempt)
    }

    /// The key of the payment this is an attempt at.
    #[must_use]
    pub const fn key(self) -> PaymentKey {
        self.key
    }

    /// The channel.
    #[must_use]
    pub const fn channel(self) -> Channel {
        self.channel
    }

    /// The method.
    #[must_use]
    pub const fn method(self) -> Method {
        self.method
    }

    /// Which attempt at the payment this is, from 1.
    #[must_use]
    pub const fn attempt(self) -> u8 {
        self.attempt
    }
}

/// A refund number (退款单号): `out_request_no`, `out_refund_no`, or the refund's own `orderId`.
///
/// It says which channel order's money goes back and, in a hash, why it may go back only once: the
/// compensation of a capture has one number whatever found it (退款幂等).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RefundNo {
    channel_order: ChannelOrderNo,
    identity: [u8; 6],
    generation: u8,
}

/// What makes two refunds the same refund.
#[derive(Debug, Clone, Copy)]
pub enum RefundIdentity<'a> {
    /// The return of a whole capture: one for each capture, whatever the cause.
    Reversal(&'a ChannelTradeNo),
    /// A merchant's request, by the merchant's own number.
    Merchant(&'a MerchantRefundNo),
    /// A decision on an appeal, by the appeal's number.
    Appeal(&'a MerchantRefundNo),
    /// A return the channel made by itself, by the channel's number for it.
    Channel(&'a str),
    /// What an operator proposed and another approved, by the proposal's number.
    Operator(&'a MerchantRefundNo),
}

impl RefundNo {
    /// How many generations one identity can have: one base-36 character's worth, from 1.
    pub const GENERATIONS_MAX: u8 = 35;

    /// The number of this generation (from 1) of a refund.
    #[must_use]
    pub fn new(
        channel_order: ChannelOrderNo,
        identity: RefundIdentity<'_>,
        generation: u8,
    ) -> Self {
        let (kind, text) = match identity {
            RefundIdentity::Reversal(trade) => ('c', trade.as_str()),
            RefundIdentity::Merchant(no) => ('m', no.as_str()),
            RefundIdentity::Appeal(no) => ('a', no.as_str()),
            RefundIdentity::Channel(no) => ('r', no),
            RefundIdentity::Operator(no) => ('o', no.as_str()),
        };
        let hash = base32(format!("{kind}{text}").as_bytes());
        let mut identity = [0; 6];
        identity.copy_from_slice(&hash[..6]);
        Self {
            channel_order,
            identity,
            generation,
        }
    }

    /// The same refund, one generation on; `None` past the last.
    #[must_use]
    pub fn next_generation(self) -> Option<Self> {
        let generation = self.generation + 1;
        (generation <= Self::GENERATIONS_MAX).then_some(Self { generation, ..self })
    }

    /// Whether both are generations of one refund.
    #[must_use]
    pub fn is_generation_of(self, other: Self) -> bool {
        let generation = other.generation;
        Self { generation, ..self } == other
    }

    /// Reads a number; `None` unless its layout and check characters hold.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let body = checked(text, 'R', 34)?;
        let channel_order = ChannelOrderNo::from_parts(&body[1..25])?;
        let identity: [u8; 6] = body.as_bytes()[25..31].try_into().ok()?;
        let generation = BASE36.iter().position(|&c| c == body.as_bytes()[31])?;
        if !identity.iter().all(|b| CROCKFORD.contains(b)) || generation == 0 {
            return None;
        }
        let generation = u8::try_from(generation).ok()?;
        Some(Self {
            channel_order,
            identity,
            generation,
        })
    }

    /// The channel order whose money goes back.
    #[must_use]
    pub const fn channel_order(self) -> ChannelOrderNo {
        self.channel_order
    }

    /// Which generation this is, from 1.
    #[must_use]
    pub const fn generation(self) -> u8 {
        self.generation
    }
}

fn base32(bytes: &[u8]) -> [u8; KEY_LENGTH] {
    let digest = Digest::of(bytes);
    let mut out = [0; KEY_LENGTH];
    let mut bits: u32 = 0;
    let mut count = 0;
    let mut source = digest.as_bytes().iter();
    for slot in &mut out {
        if count < 5 {
            let byte = source.next().copied().unwrap_or(0);
            bits = (bits << 8) | u32::from(byte);
            count += 8;
        }
        count -= 5;
        let index = usize::try_from((bits >> count) & 31).unwrap_or(0);
        *slot = CROCKFORD[index];
    }
    out
}

fn checked(text: &str, prefix: char, length: usize) -> Option<&str> {
    let ours = text.len() == length && text.starts_with(prefix) && check_characters::verify(text);
    ours.then(|| &text[..length - 2])
}

fn write_with_check(f: &mut fmt::Formatter<'_>, body: &str) -> fmt::Result {
    let check = check_characters::compute(body).expect("our numbers are digits and capitals");
    write!(f, "{body}{check}")
}

impl fmt::Display for PaymentNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_with_check(f, &format!("P{}", self.0))
    }
}

impl fmt::Display for DelayedMessageNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_with_check(f, &format!("D{}", self.0))
    }
}

impl fmt::Display for AppealNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_with_check(f, &format!("A{}", self.0))
    }
}

impl fmt::Display for ChannelOrderNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_with_check(f, &format!("P{}", self.parts()))
    }
}

impl fmt::Display for RefundNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let identity = std::str::from_utf8(&self.identity).expect("the alphabet is ASCII");
        let generation = char::from(BASE36[usize::from(self.generation)]);
        let order = self.channel_order.parts();
        write_with_check(f, &format!("R{order}{identity}{generation}"))
    }
}

macro_rules! debug_as_display {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )*};
}
debug_as_display!(
    PaymentKey,
    PaymentNo,
    ChannelOrderNo,
    RefundNo,
    DelayedMessageKey,
    DelayedMessageNo,
    AppealKey,
    AppealNo
);

#[cfg(test)]
mod tests;
