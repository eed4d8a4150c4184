//! The table `evidence` (证据): what channels said, word for word, written before the decision that
//! cites it and never changed.

use payonce_domain::{AccountId, Digest, PaymentKey, Source, Timestamp};

use crate::Store;
use crate::error::StoreError;

impl Store {
    /// Keeps a message, and gives the digest by which decisions cite it. Keeping it again is the same.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be kept; the decision that would cite it must then wait.
    pub async fn keep_evidence(
        &self,
        _key: PaymentKey,
        _source: Source,
        _received_at: Timestamp,
        _raw: &[u8],
    ) -> Result<Digest, StoreError> {
        Err(StoreError::Misused("not built yet"))
    }

    /// Keeps a genuine message that names a number of ours for which there is no payment.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be kept.
    pub async fn quarantine(
        &self,
        _account: &AccountId,
        _named: &str,
        _received_at: Timestamp,
        _raw: &[u8],
    ) -> Result<(), StoreError> {
        Err(StoreError::Misused("not built yet"))
    }
}
