//! Fields of records: the domain's small values as plain texts and numbers, and back.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use payonce_domain::{
    AccountId, AppealKey, AppealNo, BankCode, Channel, ChannelChoice, ChannelTradeNo, Currency,
    DelayedMessageKey, Digest, EventType, Evidence, MerchantAppealNo, MerchantId,
    MerchantMessageId, MerchantOrderNo, MerchantRefundNo, Method, Money, OperatorId, PaymentKey,
    PaymentNo, Source, StatementId, Stretch, Timestamp,
};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A value of the domain that a record keeps as something plainer.
pub(crate) trait Field: Sized {
    /// What is kept.
    type Kept: Serialize + DeserializeOwned;

    /// What is kept of this value: enough to have it back.
    fn keep(&self) -> Self::Kept;

    /// The value; `None` if nothing was ever kept like this.
    fn restore(kept: Self::Kept) -> Option<Self>;
}

/// A value in its place in a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kept<T>(pub(crate) T);

impl<T: Field> Serialize for Kept<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.keep().serialize(serializer)
    }
}

impl<'de, T: Field> Deserialize<'de> for Kept<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let kept = T::Kept::deserialize(deserializer)?;
        let value = T::restore(kept).ok_or_else(|| {
            D::Error::custom(format_args!("not a {}", std::any::type_name::<T>()))
        })?;
        Ok(Self(value))
    }
}

macro_rules! identifiers {
    ($($name:ident),*) => {$(
        impl Field for $name {
            type Kept = String;

            fn keep(&self) -> String {
                self.as_str().to_owned()
            }

            fn restore(text: String) -> Option<Self> {
                Self::new(text).ok()
            }
        }
    )*};
}
identifiers!(
    AccountId,
    BankCode,
    ChannelTradeNo,
    EventType,
    MerchantAppealNo,
    MerchantId,
    MerchantMessageId,
    MerchantOrderNo,
    MerchantRefundNo,
    OperatorId,
    StatementId
);

impl Field for Timestamp {
    type Kept = u64;

    fn keep(&self) -> u64 {
        self.as_millis()
    }

    fn restore(millis: u64) -> Option<Self> {
        Some(Self::from_millis(millis))
    }
}

/// Fen. A second currency would need a place in the records, and this match would say so.
impl Field for Money {
    type Kept = u64;

    fn keep(&self) -> u64 {
        match self.currency() {
            Currency::Cny => self.minor(),
        }
    }

    fn restore(fen: u64) -> Option<Self> {
        Some(Self::from_fen(fen))
    }
}

impl Field for PaymentKey {
    type Kept = String;

    fn keep(&self) -> String {
        self.as_str().to_owned()
    }

    fn restore(text: String) -> Option<Self> {
        Self::parse(&text)
    }
}

impl Field for DelayedMessageKey {
    type Kept = String;

    fn keep(&self) -> String {
        self.as_str().to_owned()
    }

    fn restore(text: String) -> Option<Self> {
        Self::parse(&text)
    }
}

impl Field for AppealKey {
    type Kept = String;

    fn keep(&self) -> String {
        self.as_str().to_owned()
    }

    fn restore(text: String) -> Option<Self> {
        Self::parse(&text)
    }
}

impl Field for AppealNo {
    type Kept = String;

    fn keep(&self) -> String {
        self.key().keep()
    }

    fn restore(text: String) -> Option<Self> {
        AppealKey::restore(text).map(Self::new)
    }
}

impl Field for PaymentNo {
    type Kept = String;

    fn keep(&self) -> String {
        self.key().keep()
    }

    fn restore(text: String) -> Option<Self> {
        PaymentKey::restore(text).map(Self::new)
    }
}

impl Field for Channel {
    type Kept = char;

    fn keep(&self) -> char {
        self.letter()
    }

    fn restore(letter: char) -> Option<Self> {
        Self::from_letter(letter)
    }
}

/// In percent.
impl Field for Stretch {
    type Kept = u16;

    fn keep(&self) -> u16 {
        self.percent()
    }

    fn restore(percent: u16) -> Option<Self> {
        Self::from_percent(percent)
    }
}

/// The letters of channel and method, then the account, then the bank after a slash if one was chosen,
/// then the stretch after a tilde if there is one.
impl Field for ChannelChoice {
    type Kept = String;

    fn keep(&self) -> String {
        let (channel, method) = (self.channel.letter(), self.method.letter());
        let bank = self
            .bank
            .as_ref()
            .map_or(String::new(), |bank| format!("/{bank}"));
        let stretch = match self.stretch {
            Stretch::NONE => String::new(),
            stretch => format!("~{}", stretch.percent()),
        };
        format!("{channel}{method}{}{bank}{stretch}", self.account)
    }

    fn restore(text: String) -> Option<Self> {
        let mut letters = text.chars();
        let channel = Channel::from_letter(letters.next()?)?;
        let method = Method::from_letter(letters.next()?)?;
        let (rest, stretch) = match letters.as_str().split_once('~') {
            Some((rest, percent)) => (rest, Stretch::from_percent(percent.parse().ok()?)?),
            None => (letters.as_str(), Stretch::NONE),
        };
        let (account, bank) = match rest.split_once('/') {
            Some((account, bank)) => (account, Some(BankCode::new(bank).ok()?)),
            None => (rest, None),
        };
        Some(Self {
            channel,
            method,
            account: AccountId::new(account).ok()?,
            bank,
            stretch,
        })
    }
}

/// The code of the source, then the digest of the message if there was one.
impl Field for Evidence {
    type Kept = String;

    fn keep(&self) -> String {
        let mut text = self.source.keep();
        if let Some(digest) = self.digest {
            URL_SAFE_NO_PAD.encode_string(digest.as_bytes(), &mut text);
        }
        text
    }

    fn restore(text: String) -> Option<Self> {
        let (source, digest) = text.split_at_checked(1)?;
        let digest = if digest.is_empty() {
            None
        } else {
            let bytes = URL_SAFE_NO_PAD.decode(digest).ok()?;
            Some(Digest::from_bytes(bytes.try_into().ok()?))
        };
        Some(Self {
            source: Source::restore(source.to_owned())?,
            digest,
        })
    }
}
