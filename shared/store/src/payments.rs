//! The table `payments`: made once, changed only from the version that was seen.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use payonce_domain::{Decision, PaymentKey, Version};

use crate::Store;
use crate::call::{Condition, Put};
use crate::error::StoreError;
use crate::record::{self, ITEM_VERSION, Item, KEY};
use crate::stored::Stored;
use crate::token::WriteToken;

/// As many keys as DynamoDB takes in one batch.
const BATCH_MAX: usize = 100;

/// How often the unread rest of a batch is asked for. Four rounds read a hundred items of the
/// largest size; more than that is throttling, and the caller's next round will do.
const BATCH_ROUNDS_MAX: u32 = 6;

/// The wait before the second round; it doubles with each.
const BATCH_WAIT_MS: u64 = 20;

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
    pub async fn load(&self, key: PaymentKey) -> Result<Option<Stored>, StoreError> {
        let table = &self.tables.payments;
        let item = self.get(table, key.as_str(), "load a payment").await?;
        item.map(record::read).transpose()
    }

    /// The payments with these keys, perhaps a moment old; decide on nothing without the condition
    /// of [`Store::save`]. Absent ones are left out, and so is an item that cannot be read: it is
    /// logged, and must not keep the others from being worked on.
    ///
    /// # Errors
    /// A [`StoreError`] if the table cannot be read.
    pub async fn load_many(&self, keys: &[PaymentKey]) -> Result<Vec<Stored>, StoreError> {
        let keys: Vec<_> = keys.iter().collect::<BTreeSet<_>>().into_iter().collect();
        let mut found = Vec::with_capacity(keys.len());
        for some in keys.chunks(BATCH_MAX) {
            for item in self.batch(some).await? {
                match record::read(item) {
                    Ok(stored) => found.push(stored),
                    Err(error) => tracing::error!(%error, "a payment was skipped: {error}"),
                }
            }
        }
        Ok(found)
    }

    async fn batch(&self, keys: &[&PaymentKey]) -> Result<Vec<Item>, StoreError> {
        let doing = "load many payments";
        let table = self.tables.payments.as_str();
        let keys = keys.iter().map(|key| {
            let value = AttributeValue::S(key.as_str().to_owned());
            HashMap::from([(KEY.to_owned(), value)])
        });
        let mut wanted: Vec<_> = keys.collect();
        let mut found = Vec::with_capacity(wanted.len());
        let mut wait = Duration::from_millis(BATCH_WAIT_MS);
        for round in 0..BATCH_ROUNDS_MAX {
            if round > 0 {
                tokio::time::sleep(wait).await;
                wait *= 2;
            }
            let request = KeysAndAttributes::builder()
                .set_keys(Some(wanted))
                .build()
                .map_err(|error| StoreError::of_read(doing, error))?;
            let answer = self
                .client
                .batch_get_item()
                .request_items(table, request)
                .send()
                .await
                .map_err(|error| StoreError::of_read(doing, error))?;
            let items = answer.responses.and_then(|mut tables| tables.remove(table));
            found.extend(items.unwrap_or_default());
            let rest = answer
                .unprocessed_keys
                .and_then(|mut tables| tables.remove(table));
            wanted = rest.map(|rest| rest.keys).unwrap_or_default();
            if wanted.is_empty() {
                return Ok(found);
            }
        }
        Err(StoreError::LeftUnread(wanted.len()))
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
        let unmoved = Condition {
            expression: "#v = :seen",
            names: vec![("#v", ITEM_VERSION)],
            values: vec![(":seen", number(seen.payment.version))],
        };
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
            None => self.load(key).await?.ok_or(StoreError::Gone(key)),
        }
    }
}

fn number(version: Version) -> AttributeValue {
    AttributeValue::N(version.0.to_string())
}
