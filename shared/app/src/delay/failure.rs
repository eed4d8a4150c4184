//! Why a use case about a delayed message gives no result.

use payonce_domain::delayed_message::MessageRefusal;
use payonce_store::StoreError;

use crate::failure::Invalid;

/// Why a use case about a delayed message gives no result.
#[derive(Debug, thiserror::Error)]
pub enum MessageFailure {
    /// The request cannot be carried out as it stands.
    #[error("the request is invalid at {}", .0.pointer)]
    Invalid(Invalid),
    /// There is no such message for this merchant.
    #[error("no such message")]
    NotFound,
    /// The message's state forbids it.
    #[error("refused: {0:?}")]
    Refused(MessageRefusal),
    /// The store cannot be reached, or did not say whether it wrote. Repeating is safe.
    #[error("unavailable")]
    Unavailable(#[source] anyhow::Error),
}

impl From<MessageRefusal> for MessageFailure {
    fn from(refusal: MessageRefusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for MessageFailure {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.into())
    }
}
