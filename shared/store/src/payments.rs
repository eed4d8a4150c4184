//! The table `payments`: made once, changed only from the version that was seen.

use payonce_domain::{Decision, PaymentKey};

use crate::Store;
use crate::error::StoreError;
use crate::stored::Stored;

/// What became of an opening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// The payment is stored, and this call made it.
    New(Stored),
    /// The order has a payment already; this is it.
    Existing(Stored),
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Saved {
    /// It is stored.
    Done(Stored),
    /// The item had moved on, and nothing was changed; this is how it stands. Decide again.
    Moved(Stored),
}

impl Store {
    /// The payment with this key, as of its last write.
    ///
    /// # Errors
    /// A [`StoreError`] if the item cannot be had or read.
    pub async fn load(&self, _key: PaymentKey) -> Result<Option<Stored>, StoreError> {
        Err(StoreError::Misused("not built yet"))
    }

    /// The payments with these keys, perhaps a moment old; decide on nothing without the condition
    /// of [`Store::save`]. Absent ones are left out, and so is an item that cannot be read: it is
    /// logged, and must not keep the others from being worked on.
    ///
    /// # Errors
    /// A [`StoreError`] if the table cannot be read.
    pub async fn load_many(&self, _keys: &[PaymentKey]) -> Result<Vec<Stored>, StoreError> {
        Err(StoreError::Misused("not built yet"))
    }

    /// Stores a payment that was just opened, unless its order has one: one write, and no read.
    ///
    /// # Errors
    /// A [`StoreError`]; [`StoreError::is_unknown`] says whether it may be stored all the same.
    pub async fn create(&self, _decision: &Decision) -> Result<Created, StoreError> {
        Err(StoreError::Misused("not built yet"))
    }

    /// Stores a decision made on `seen`, if the item is still what was seen.
    ///
    /// # Errors
    /// A [`StoreError`]; [`StoreError::is_unknown`] says whether it may be stored all the same.
    pub async fn save(&self, _seen: &Stored, _decision: &Decision) -> Result<Saved, StoreError> {
        Err(StoreError::Misused("not built yet"))
    }
}
