//! The table `payments`: made once, changed only from the version that was seen.

use std::collections::BTreeSet;

use payonce_domain::{Decision, PaymentKey};

use crate::Store;
use crate::call::{Condition, Put};
use crate::error::StoreError;
use crate::record::{self, Item, KEY};
use crate::stored::Stored;
use crate::token::WriteToken;

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

/// Payments that were loaded together.
#[derive(Debug, Default)]
pub struct Many {
    /// Those that are there.
    pub found: Vec<Stored>,
    /// Those that are there and cannot be read; logged.
    pub unreadable: Vec<PaymentKey>,
}

impl Store {
    /// The payment with this key, as of its last write.
    ///
    /// # Errors
    /// A [`StoreError`] if the item cannot be had or read.
    pub async fn load(&self, key: PaymentKey) -> Result<Option<Stored>, StoreError> {
        let table = &self.tables.payments;
        let item = self.get(table, key.as_str(), "load a payment").await?;
        item.map(record::read).transpose()
    }

    /// The payments with these keys, perhaps a moment old; decide on nothing without the condition
    /// of [`Store::save`]. Absent ones are left out, and one that cannot be read must not keep the
    /// others from being worked on.
    ///
    /// # Errors
    /// A [`StoreError`] if the table cannot be read.
    pub async fn load_many(&self, keys: &[PaymentKey]) -> Result<Many, StoreError> {
        let keys: BTreeSet<_> = keys.iter().map(PaymentKey::as_str).collect();
        let table = &self.tables.payments;
        let items = self.get_many(table, keys, "load many payments").await?;
        let mut many = Many::default();
        for item in items {
            let key = item.get(KEY).and_then(|key| key.as_s().ok().cloned());
            match record::read(item) {
                Ok(stored) => many.found.push(stored),
                Err(error) => {
                    tracing::error!(%error, "a payment cannot be read: {error}");
                    many.unreadable
                        .extend(key.and_then(|key| PaymentKey::parse(&key)));
                }
            }
        }
        Ok(many)
    }

    /// Stores a payment that was just opened, unless its order has one: one write, and no read.
    ///
    /// # Errors
    /// A [`StoreError`]; [`StoreError::is_unknown`] says whether it may be stored all the same.
    pub async fn create(&self, decision: &Decision) -> Result<Created, StoreError> {
        let ours = Stored::opened(decision, WriteToken::fresh())?;
        let there = match self
            .put(&ours, Condition::absent(), "store a new payment")
            .await?
        {
            Put::Stored => return Ok(Created::New(ours)),
            Put::Refused(there) => self.as_it_stands(&ours, there).await?,
        };
        let (terms, stored) = (&ours.payment.terms, &there.payment.terms);
        if terms.merchant_id != stored.merchant_id
            || terms.merchant_order_no != stored.merchant_order_no
        {
            return Err(StoreError::KeyCollision(ours.payment.key));
        }
        // The first attempt had succeeded, only its answer was lost.
        if there.token == ours.token {
            return Ok(Created::New(there));
        }
        Ok(Created::Existing(there))
    }

    /// Stores a decision made on `seen`, if the item is still what was seen.
    ///
    /// # Errors
    /// A [`StoreError`]; [`StoreError::is_unknown`] says whether it may be stored all the same.
    pub async fn save(&self, seen: &Stored, decision: &Decision) -> Result<Saved, StoreError> {
        let ours = seen.after(decision, WriteToken::fresh())?;
        // What this change takes off the payment has to stand in the ledger first.
        self.book(&seen.payment.ledger_rows()).await?;
        let unmoved = Condition::unmoved(seen.payment.version);
        let there = match self.put(&ours, unmoved, "store a changed payment").await? {
            Put::Stored => return Ok(Saved::Done(ours)),
            Put::Refused(there) => self.as_it_stands(&ours, there).await?,
        };
        let own_write =
            there.token == ours.token && there.payment.version == seen.payment.version.next();
        if own_write {
            return Ok(Saved::Done(there));
        }
        Ok(Saved::Moved(there))
    }

    async fn put(
        &self,
        stored: &Stored,
        condition: Condition,
        doing: &'static str,
    ) -> Result<Put, StoreError> {
        let item = record::write(stored, self.shards());
        let table = &self.tables.payments;
        self.put_if(table, item, condition, doing).await
    }

    /// What stood against a write. The refusal brings it; should it not, it is read.
    async fn as_it_stands(&self, ours: &Stored, there: Option<Item>) -> Result<Stored, StoreError> {
        let key = ours.payment.key;
        match there {
            Some(item) => record::read(item),
            None => self
                .load(key)
                .await?
                .ok_or_else(|| StoreError::Gone(key.to_string())),
        }
    }
}
