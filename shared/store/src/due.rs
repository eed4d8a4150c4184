//! The index `due` (掉单表): the payments that are owed work, and when. Nothing else is in it.

use payonce_domain::{PaymentKey, Timestamp};

use crate::Store;
use crate::error::StoreError;

/// A payment that is owed work. The index may be a moment old: load the payment before deciding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueItem {
    /// Which payment.
    pub key: PaymentKey,
    /// When, as the index has it.
    pub due_at: Timestamp,
}

impl Store {
    /// How many parts the index is split into; each is read on its own, from 0.
    #[must_use]
    pub fn shards(&self) -> u32 {
        self.tables.due_shards.max(1)
    }

    /// What is due by `until` in one part of the index, oldest first, at most `limit`.
    ///
    /// # Errors
    /// A [`StoreError`] if the index cannot be read.
    pub async fn due(
        &self,
        _shard: u32,
        _until: Timestamp,
        _limit: i32,
    ) -> Result<Vec<DueItem>, StoreError> {
        Err(StoreError::Misused("not built yet"))
    }
}
