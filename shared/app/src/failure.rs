//! Why a use case gives no result.

use payonce_domain::{Channel, PaymentNo, Refusal, Timestamp};
use payonce_store::StoreError;

/// A field of a request that only the merchant's settings can judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// The field, as a JSON pointer.
    pub pointer: &'static str,
    /// What is wrong with it.
    pub detail: String,
}

/// Why a use case gives no result. The caller turns it into the words of its protocol.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The request cannot be carried out as it stands.
    #[error("the request is invalid at {}", .0.pointer)]
    Invalid(Invalid),
    /// There is no such payment for this merchant.
    #[error("no such payment")]
    NotFound,
    /// The payment's state forbids it.
    #[error("refused: {refusal:?}")]
    Refused {
        /// Which payment.
        payment_no: PaymentNo,
        /// Why.
        refusal: Refusal,
    },
    /// The channel is in trouble and is not asked for a while; nothing was stored.
    #[error("{} is in trouble", .channel.name())]
    ChannelUnavailable {
        /// Which.
        channel: Channel,
        /// When it is tried again.
        until: Timestamp,
        /// Through which other channels this merchant's buyers can pay meanwhile.
        open_channels: Vec<Channel>,
    },
    /// The store, a secret or a channel account cannot be reached; nothing is known to have happened.
    #[error("unavailable")]
    Unavailable(#[source] anyhow::Error),
    /// A write was sent and its outcome is not known. Repeating the same request is safe.
    #[error("the outcome is not known")]
    Unknown {
        /// Which payment.
        payment_no: PaymentNo,
        /// What happened.
        #[source]
        source: StoreError,
    },
}

impl Failure {
    /// A refusal of a command on this payment.
    #[must_use]
    pub const fn refused(payment_no: PaymentNo, refusal: Refusal) -> Self {
        Self::Refused {
            payment_no,
            refusal,
        }
    }

    /// What happened and what was behind it, in one line, without the contents of any record.
    #[must_use]
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            text = format!("{text}: {cause}");
            source = cause.source();
        }
        text
    }

    /// A failed write about this payment: unknown if it may have been applied.
    #[must_use]
    pub fn writing(payment_no: PaymentNo, source: StoreError) -> Self {
        if source.is_unknown() {
            Self::Unknown { payment_no, source }
        } else {
            Self::Unavailable(source.into())
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.into())
    }
}
