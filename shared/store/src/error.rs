//! What can go wrong with a table.

use payonce_domain::{AccountId, PaymentKey};

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a table could not be read or written. A write that lost to another one is no error.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// DynamoDB refused, or gave no usable answer.
    #[error("{doing}: {}", if *.unknown { "no certain answer" } else { "refused" })]
    Call {
        /// What was being done.
        doing: &'static str,
        /// Whether it may have happened all the same.
        unknown: bool,
        /// What the client said of the last attempt.
        source: Source,
    },
    /// A newer program wrote this item; this one would lose what it does not know.
    #[error("{item} has record version {found}, and this program knows versions up to {known}")]
    NewerRecord {
        /// The item's key.
        item: String,
        /// The version it has.
        found: u64,
        /// The newest version this program knows.
        known: u64,
    },
    /// An item does not say what it should.
    #[error("{item} cannot be read: {why}")]
    Unreadable {
        /// The item's key.
        item: String,
        /// What is wrong.
        why: String,
    },
    /// Another order of another merchant has the same key: a one in 2^100 chance, or a tampered item.
    #[error("{0} holds another order")]
    KeyCollision(PaymentKey),
    /// The item that was to be changed is gone. Payments are never deleted; messages that were
    /// delivered or cancelled long ago are.
    #[error("{0} is gone")]
    Gone(String),
    /// Another merchant has this channel account.
    #[error("the account {0} belongs to another merchant")]
    AccountTaken(AccountId),
    /// The caller's mistake: what was handed over must not be stored.
    #[error("not stored: {0}")]
    Misused(&'static str),
    /// After all repetitions DynamoDB still left some keys of a batch unread.
    #[error("{0} items were left unread")]
    LeftUnread(usize),
}

impl StoreError {
    /// A read that failed; nothing can have been written.
    pub(crate) fn of_read<E>(doing: &'static str, error: E) -> Self
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        Self::Call {
            doing,
            unknown: false,
            source: Box::new(error),
        }
    }

    /// Whether the write may have happened all the same: some attempt was sent and never answered.
    /// If not, it certainly did not happen.
    #[must_use]
    pub const fn is_unknown(&self) -> bool {
        match self {
            Self::Call { unknown, .. } => *unknown,
            Self::NewerRecord { .. }
            | Self::Unreadable { .. }
            | Self::KeyCollision(_)
            | Self::Gone(_)
            | Self::AccountTaken(_)
            | Self::Misused(_)
            | Self::LeftUnread(_) => false,
        }
    }
}
