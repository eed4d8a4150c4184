//! The index `due` (掉单表): the items of a table that are owed work, and when. Nothing else is in it.

use aws_sdk_dynamodb::types::AttributeValue;
use payonce_domain::{AppealKey, DelayedMessageKey, PaymentKey, Timestamp};
use serde::Deserialize;

use crate::Store;
use crate::call::failed;
use crate::engine::{Expression, QueryItems};
use crate::error::StoreError;
use crate::record::field::{Field, Kept};
use crate::record::{DUE_AT, DUE_SHARD};

/// The index's name in every table that has one.
const INDEX: &str = "due";

/// An item that is owed work. The index may be a moment old: load the item before deciding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueItem<K = PaymentKey> {
    /// Which payment, or which delayed message.
    pub key: K,
    /// When, as the index has it.
    pub due_at: Timestamp,
}

/// What the index holds of an item: keys only.
#[derive(Debug, Deserialize)]
#[serde(bound = "K: Field")]
struct DueRecord<K> {
    #[serde(rename = "k")]
    key: Kept<K>,
    #[serde(rename = "d")]
    due_at: Kept<Timestamp>,
}

impl Store {
    /// How many parts the index is split into; each is read on its own, from 0.
    #[must_use]
    pub fn shards(&self) -> u32 {
        self.tables.due_shards.max(1)
    }

    /// The payments that are due by `until` in one part of the index, oldest first, at most `limit`.
    ///
    /// # Errors
    /// A [`StoreError`] if the index cannot be read.
    pub async fn due(
        &self,
        shard: u32,
        until: Timestamp,
        limit: i32,
    ) -> Result<Vec<DueItem>, StoreError> {
        let table = &self.tables.payments;
        self.due_of(table, shard, until, limit).await
    }

    /// The delayed messages that are due by `until` in one part of their index, oldest first, at
    /// most `limit`.
    ///
    /// # Errors
    /// A [`StoreError`] if the index cannot be read.
    pub async fn due_messages(
        &self,
        shard: u32,
        until: Timestamp,
        limit: i32,
    ) -> Result<Vec<DueItem<DelayedMessageKey>>, StoreError> {
        let table = &self.tables.delayed_messages;
        self.due_of(table, shard, until, limit).await
    }

    /// The appeals that are due by `until` in one part of their index, oldest first, at most `limit`.
    ///
    /// # Errors
    /// A [`StoreError`] if the index cannot be read.
    pub async fn due_appeals(
        &self,
        shard: u32,
        until: Timestamp,
        limit: i32,
    ) -> Result<Vec<DueItem<AppealKey>>, StoreError> {
        let table = &self.tables.appeals;
        self.due_of(table, shard, until, limit).await
    }

    async fn due_of<K: Field>(
        &self,
        table: &str,
        shard: u32,
        until: Timestamp,
        limit: i32,
    ) -> Result<Vec<DueItem<K>>, StoreError> {
        let doing = "read the due index";
        let query = QueryItems {
            table: table.to_owned(),
            index: Some(INDEX),
            condition: Expression {
                text: "#s = :s AND #d <= :until",
                names: vec![("#s", DUE_SHARD), ("#d", DUE_AT)],
                values: vec![
                    (":s", AttributeValue::N(shard.to_string())),
                    (":until", AttributeValue::N(until.as_millis().to_string())),
                ],
            },
            limit: limit.max(1),
            doing,
        };
        let items = self.engine.query(query).await.map_err(failed(doing))?;
        let items = items.into_iter();
        let records = items.map(|item| {
            let record: DueRecord<K> = serde_dynamo::aws_sdk_dynamodb_1::from_item(item)
                .map_err(|error| StoreError::of_read(doing, error))?;
            Ok(DueItem {
                key: record.key.0,
                due_at: record.due_at.0,
            })
        });
        records.collect()
    }
}
