//! Many items of one table in as few calls as can be.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};

use crate::Store;
use crate::error::StoreError;
use crate::record::{Item, KEY};

/// As many keys as DynamoDB takes in one batch.
const BATCH_MAX: usize = 100;

/// How often the unread rest of a batch is asked for. Four rounds read a hundred items of the
/// largest size; more than that is throttling, and the caller's next round will do.
const BATCH_ROUNDS_MAX: u32 = 6;

/// The wait before the second round; it doubles with each.
const BATCH_WAIT_MS: u64 = 20;

impl Store {
    /// The items with these keys, in no order and perhaps a moment old. Absent ones are left out.
    pub(crate) async fn get_many(
        &self,
        table: &str,
        keys: BTreeSet<&str>,
        doing: &'static str,
    ) -> Result<Vec<Item>, StoreError> {
        let keys: Vec<_> = keys.into_iter().collect();
        let mut found = Vec::with_capacity(keys.len());
        for some in keys.chunks(BATCH_MAX) {
            found.extend(self.batch(table, some, doing).await?);
        }
        Ok(found)
    }

    async fn batch(
        &self,
        table: &str,
        keys: &[&str],
        doing: &'static str,
    ) -> Result<Vec<Item>, StoreError> {
        let keys = keys.iter().map(|key| {
            let value = AttributeValue::S((*key).to_owned());
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
}
