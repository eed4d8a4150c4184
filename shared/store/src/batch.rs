//! Many items of one table in as few calls as can be.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::Store;
use crate::call::failed;
use crate::engine::BatchGet;
use crate::error::StoreError;
use crate::record::Item;

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
        let mut wanted: Vec<_> = keys.iter().map(|key| (*key).to_owned()).collect();
        let mut found = Vec::with_capacity(wanted.len());
        let mut wait = Duration::from_millis(BATCH_WAIT_MS);
        for round in 0..BATCH_ROUNDS_MAX {
            if round > 0 {
                self.engine.pause(wait).await;
                wait *= 2;
            }
            let batch = BatchGet {
                table: table.to_owned(),
                keys: wanted,
                doing,
            };
            let answer = self.engine.batch_get(batch).await;
            let (items, rest) = answer.map_err(failed(doing))?;
            found.extend(items);
            wanted = rest;
            if wanted.is_empty() {
                return Ok(found);
            }
        }
        Err(StoreError::LeftUnread(wanted.len()))
    }
}
