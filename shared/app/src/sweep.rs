//! Sweep the due index (扫描掉单表): do what is overdue, and send messages for what comes due before
//! the next sweep.

use std::time::{Duration, Instant};

use futures::StreamExt;
use payonce_domain::{PaymentNo, Span, Timestamp};
use payonce_store::DueItem;

use crate::App;
use crate::advance::Woken;

/// How far the sweep looks ahead: past the next one, with room for it to be late.
const AHEAD: Span = Span::seconds(75);
/// How many payments are advanced at a time.
const AT_ONCE: usize = 16;
/// How many shards are read at a time.
const SHARDS_AT_ONCE: usize = 32;
/// How many entries of a shard one sweep takes; the oldest come first, the rest next time.
const SHARD_LIMIT: i32 = 1_000;
/// When no more work is begun: the function is killed at 55 s, and one payment may need 25.
const WORK_FOR: Duration = Duration::from_secs(28);

/// What a sweep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Payments whose overdue work was done.
    pub advanced: usize,
    /// Payments whose work failed; it stays due.
    pub failed: usize,
    /// Messages sent for work that comes due soon.
    pub messages: usize,
    /// Shards that could not be read.
    pub shards_failed: usize,
}

impl App {
    /// One pass over every shard. What the index says is only where to look: each payment is read
    /// afresh and decided on as it is.
    pub async fn sweep(&self, now: Timestamp) -> Swept {
        let began = Instant::now();
        let mut swept = Swept::default();
        let mut overdue = Vec::new();
        let mut ahead = Vec::new();
        let shards = (0..self.store.shards())
            .map(|shard| self.store.due(shard, now.plus(AHEAD), SHARD_LIMIT));
        let mut shards = futures::stream::iter(shards).buffer_unordered(SHARDS_AT_ONCE);
        while let Some(found) = shards.next().await {
            match found {
                Ok(items) => sort(items, now, &mut overdue, &mut ahead),
                Err(error) => {
                    swept.shards_failed += 1;
                    tracing::error!(%error, "a shard of the due index could not be read");
                }
            }
        }
        swept.messages = ahead.len();
        overdue.sort_unstable_by_key(|item| item.due_at);
        let work = futures::stream::iter(overdue)
            .take_while(|_| std::future::ready(began.elapsed() < WORK_FOR))
            .map(|item| self.advance_overdue(item, now))
            .buffer_unordered(AT_ONCE)
            .collect::<Vec<_>>();
        // Beside each other: a queue that hangs must not hold up the work that stands in for it.
        let (done, ()) = futures::join!(work, self.outbox.wake_all(&ahead, now));
        swept.advanced = done.iter().filter(|done| **done).count();
        swept.failed = done.len() - swept.advanced;
        tracing::info!(
            advanced = swept.advanced,
            failed = swept.failed,
            messages = swept.messages,
            shards_failed = swept.shards_failed,
            metric = "swept",
            "swept the due index"
        );
        swept
    }

    async fn advance_overdue(&self, item: DueItem, now: Timestamp) -> bool {
        match self.store.load(item.key).await {
            Ok(Some(stored)) => self.advance_alone(stored, Woken::BySweep, now).await,
            Ok(None) => true,
            Err(error) => {
                tracing::error!(
                    payment.no = %PaymentNo::new(item.key),
                    %error,
                    "an overdue payment could not be read"
                );
                false
            }
        }
    }
}

fn sort(
    items: Vec<DueItem>,
    now: Timestamp,
    overdue: &mut Vec<DueItem>,
    ahead: &mut Vec<(PaymentNo, Timestamp)>,
) {
    for item in items {
        if item.due_at <= now.plus(payonce_domain::obligation::SOON) {
            overdue.push(item);
        } else {
            ahead.push((PaymentNo::new(item.key), item.due_at));
        }
    }
}
