//! Why a use case about an appeal gives no result.

use payonce_domain::appeal::AppealRefusal;
use payonce_store::StoreError;

use crate::failure::{Failure, Invalid};

/// Why a use case about an appeal gives no result.
#[derive(Debug, thiserror::Error)]
pub enum AppealFailure {
    /// The request cannot be carried out as it stands.
    #[error("the request is invalid at {}", .0.pointer)]
    Invalid(Invalid),
    /// There is no such appeal for whoever asks.
    #[error("no such appeal")]
    NotFound,
    /// The appeal's state forbids it.
    #[error("refused: {0:?}")]
    Refused(AppealRefusal),
    /// The store or a channel account cannot be reached, or did not say whether it wrote. Repeating is
    /// safe.
    #[error("unavailable")]
    Unavailable(#[source] anyhow::Error),
}

impl From<AppealRefusal> for AppealFailure {
    fn from(refusal: AppealRefusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for AppealFailure {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.into())
    }
}

/// A payment's failure while an appeal is worked on. That a payment is gone is one too: it was there.
impl From<Failure> for AppealFailure {
    fn from(failure: Failure) -> Self {
        Self::Unavailable(anyhow::anyhow!(failure.chain()))
    }
}
