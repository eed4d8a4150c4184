//! Sweep the due index (扫描掉单表): do what is overdue, and send messages for what comes due before
//! the next sweep.

use std::time::Duration;

use futures::StreamExt;
use payonce_domain::{PaymentNo, Span, Task, Timestamp};
use payonce_store::DueItem;

use crate::App;
use crate::advance::Woken;
use crate::metrics::{Metric, record};

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
/// How many payments a rehearsal reads.
const SHOWN_MAX: usize = 100;

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

/// What a sweep would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rehearsal {
    /// The payments it would begin with, oldest first, at most a hundred.
    pub would_do: Vec<WouldDo>,
    /// How many payments are overdue.
    pub overdue: usize,
    /// Messages it would send for work that comes due soon.
    pub messages: usize,
    /// Shards that could not be read.
    pub shards_failed: usize,
}

/// What a sweep would do about one payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WouldDo {
    /// Which.
    pub payment_no: PaymentNo,
    /// When it was due, as the index has it.
    pub due_at: Timestamp,
    /// Its tasks, or why they cannot be known.
    pub tasks: Result<Vec<Task>, String>,
}

impl App {
    /// One pass over every shard. What the index says is only where to look: each payment is read
    /// afresh and decided on as it is.
    pub async fn sweep(&self, now: Timestamp) -> Swept {
        let began = self.stopwatch.read();
        let Found {
            overdue,
            ahead,
            shards_failed,
        } = self.look(now).await;
        watch_backlog(&overdue, now);
        let mut swept = Swept {
            messages: ahead.len(),
            shards_failed,
            ..Swept::default()
        };
        let work = futures::stream::iter(overdue)
            .take_while(|_| std::future::ready(self.stopwatch.since(began) < WORK_FOR))
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
            "swept the due index"
        );
        swept
    }

    /// A sweep that only says what it would do (演练): nothing is sent, asked or written.
    pub async fn rehearse(&self, now: Timestamp) -> Rehearsal {
        let found = self.look(now).await;
        let shown = found.overdue.iter().take(SHOWN_MAX).copied();
        let loads = futures::stream::iter(shown)
            .map(|item| async move { (item, self.store.load(item.key).await) })
            .buffered(AT_ONCE)
            .collect::<Vec<_>>()
            .await;
        let would_do = loads.into_iter().filter_map(|(item, loaded)| {
            let payment_no = PaymentNo::new(item.key);
            let tasks = match loaded {
                Ok(stored) => Ok(stored?.payment().tasks_due(now)),
                Err(error) => Err(error.to_string()),
            };
            Some(WouldDo {
                payment_no,
                due_at: item.due_at,
                tasks,
            })
        });
        Rehearsal {
            would_do: would_do.collect(),
            overdue: found.overdue.len(),
            messages: found.ahead.len(),
            shards_failed: found.shards_failed,
        }
    }

    /// What is due by now, oldest first, and what comes due before the next sweep.
    async fn look(&self, now: Timestamp) -> Found {
        let mut found = Found::default();
        let shards = (0..self.store.shards())
            .map(|shard| self.store.due(shard, now.plus(AHEAD), SHARD_LIMIT));
        let mut shards = futures::stream::iter(shards).buffer_unordered(SHARDS_AT_ONCE);
        while let Some(items) = shards.next().await {
            match items {
                Ok(items) => found.sort(items, now),
                Err(error) => {
                    found.shards_failed += 1;
                    tracing::error!(%error, "a shard of the due index could not be read");
                }
            }
        }
        found.overdue.sort_unstable_by_key(|item| item.due_at);
        found
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

/// How old the backlog is. A sweep that finds none says so: that a metric came at all shows that the
/// scan runs, the log is read, and the alarm can be believed.
fn watch_backlog(overdue: &[DueItem], now: Timestamp) {
    let oldest = overdue.first().map_or(now, |item| item.due_at);
    let seen = [
        (
            Metric::DueBacklog,
            overdue.len().try_into().unwrap_or(u64::MAX),
        ),
        (
            Metric::OldestDueSeconds,
            now.since(oldest).as_seconds_rounded_up(),
        ),
    ];
    record(&[], &seen, now);
}

/// What a look at the index finds.
#[derive(Debug, Default)]
struct Found {
    overdue: Vec<DueItem>,
    ahead: Vec<(PaymentNo, Timestamp)>,
    shards_failed: usize,
}

impl Found {
    fn sort(&mut self, items: Vec<DueItem>, now: Timestamp) {
        for item in items {
            if item.due_at <= now.plus(payonce_domain::obligation::SOON) {
                self.overdue.push(item);
            } else {
                self.ahead.push((PaymentNo::new(item.key), item.due_at));
            }
        }
    }
}
