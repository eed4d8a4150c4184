//! A snapshot: every payment that something is owed about, as the due index lists them at one moment.
//!
//! It costs one query of each shard and half a read unit for each payment listed, and follows what is
//! unsettled and not what exists. Pages of one process share it for a few seconds.

use std::sync::Arc;

use futures::StreamExt;
use payonce_domain::{Payment, PaymentKey, Span, Timestamp};

use super::Console;
use crate::failure::Failure;

/// How many entries of a shard are read: the oldest come first.
const SHARD_LIMIT: i32 = 1_000;
/// How many payments are read at most, and how many in one go.
const PAYMENTS_MAX: usize = 2_000;
const BATCH: usize = 100;
/// How many reads run at a time.
const AT_ONCE: usize = 8;
/// Further ahead than anything is due.
const HORIZON: Span = Span::days(400);

/// Every payment that something is owed about.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// When it was read.
    pub at: Timestamp,
    /// The payments, oldest first.
    pub payments: Vec<Payment>,
    /// Whether there are more than were read.
    pub truncated: bool,
    /// Payments that could not be read.
    pub unreadable: usize,
}

impl Console {
    /// What is unsettled, at most a few seconds old.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn snapshot(&self, now: Timestamp) -> Result<Arc<Snapshot>, Failure> {
        if let Some(snapshot) = self.snapshots.get(&()) {
            return Ok(snapshot);
        }
        let snapshot = Arc::new(self.read_unsettled(now).await?);
        self.snapshots.put((), Arc::clone(&snapshot));
        // A picture of how it was over time, made by whoever looks.
        let unknown = snapshot.unknown_money();
        if let (Some(unknown), false) = (unknown, snapshot.truncated) {
            let kept = self.app.store.keep_unknown(unknown, now).await;
            if let Err(error) = kept {
                tracing::warn!(%error, "how much is unknown was not kept");
            }
        }
        Ok(snapshot)
    }

    /// What was read no longer holds: somebody did something.
    pub(super) fn forget(&self) {
        self.snapshots.forget(&());
    }

    async fn read_unsettled(&self, now: Timestamp) -> Result<Snapshot, Failure> {
        let store = &self.app.store;
        let until = now.plus(HORIZON);
        let shards = (0..store.shards()).map(|shard| store.due(shard, until, SHARD_LIMIT));
        let mut shards = futures::stream::iter(shards).buffer_unordered(AT_ONCE);
        let mut keys: Vec<PaymentKey> = Vec::new();
        let mut truncated = false;
        while let Some(items) = shards.next().await {
            let items = items?;
            truncated |= i32::try_from(items.len()).is_ok_and(|len| len >= SHARD_LIMIT);
            keys.extend(items.iter().map(|item| item.key));
        }
        truncated |= keys.len() > PAYMENTS_MAX;
        keys.truncate(PAYMENTS_MAX);
        let batches: Vec<Vec<_>> = keys.chunks(BATCH).map(<[_]>::to_vec).collect();
        let batches = batches.into_iter();
        let batches = batches.map(|some| async move { store.load_many(&some).await });
        let mut batches = futures::stream::iter(batches).buffer_unordered(AT_ONCE);
        let mut snapshot = Snapshot {
            at: now,
            payments: Vec::new(),
            truncated,
            unreadable: 0,
        };
        while let Some(many) = batches.next().await {
            let many = many?;
            snapshot.unreadable += many.unreadable.len();
            let found = many.found.iter().map(|stored| stored.payment().clone());
            snapshot.payments.extend(found);
        }
        snapshot.payments.sort_by_key(|payment| payment.created_at);
        Ok(snapshot)
    }
}
