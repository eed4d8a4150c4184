//! Advance appeals: do what is due, each on its own; and find those that are overdue.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use payonce_domain::appeal::{AppealFact, NewsKind, on_fact};
use payonce_domain::{Appeal, AppealNo, AppealState, Timestamp};
use payonce_store::StoredAppeal;

use super::{AppealFailure, Appeals};
use crate::App;
use crate::metrics::{Metric, record};

/// How many entries of a shard one sweep takes; the oldest come first, the rest next time.
const SHARD_LIMIT: i32 = 100;
/// How many appeals one invocation is given.
const APPEALS_AN_INVOCATION: usize = 5;

/// What a sweep of the appeals did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AppealsSwept {
    /// Those that `appeals` was invoked for.
    pub invoked: usize,
    /// Shards that could not be read.
    pub shards_failed: usize,
}

impl App {
    /// Has `appeals` do what is overdue.
    pub async fn sweep_appeals(&self, now: Timestamp) -> AppealsSwept {
        let mut swept = AppealsSwept::default();
        let shards = 0..self.store.shards();
        let reads = shards.map(|shard| self.store.due_appeals(shard, now, SHARD_LIMIT));
        let mut overdue = Vec::new();
        for found in futures::future::join_all(reads).await {
            match found {
                Ok(items) => overdue.extend(items.iter().map(|item| AppealNo::new(item.key))),
                Err(error) => {
                    swept.shards_failed += 1;
                    tracing::error!(%error, "a shard of the appeals' due index could not be read");
                }
            }
        }
        for some in overdue.chunks(APPEALS_AN_INVOCATION) {
            swept.invoked += self.outbox.invoke_appeals(some).await;
        }
        swept
    }
}

impl Appeals {
    /// Advances every appeal named, each on its own: the numbers of those that failed come back.
    pub async fn advance_all(&self, numbers: &[AppealNo], now: Timestamp) -> Vec<AppealNo> {
        let mut all = numbers.to_vec();
        all.sort_unstable();
        all.dedup();
        let advanced = all.into_iter().map(|no| async move {
            let work = AssertUnwindSafe(self.advance(no, now)).catch_unwind();
            match work.await {
                Ok(Ok(_)) => None,
                Ok(Err(failure)) => {
                    let error = format!("{:#}", anyhow::Error::from(failure));
                    tracing::error!(appeal.no = %no, error, "appeal {no} could not be advanced");
                    Some(no)
                }
                Err(_) => {
                    tracing::error!(appeal.no = %no, "a promise about appeal {no} was broken");
                    Some(no)
                }
            }
        });
        let failed = futures::future::join_all(advanced).await;
        failed.into_iter().flatten().collect()
    }

    /// Does what is due on one appeal, tells what is new, and gives it as it stands then.
    ///
    /// # Errors
    /// That the store cannot be reached; what is due stays due.
    pub async fn advance(
        &self,
        no: AppealNo,
        now: Timestamp,
    ) -> Result<StoredAppeal, AppealFailure> {
        let seen = self.app.advance_appeal(no, now).await?;
        self.tell(seen, now).await
    }
}

impl App {
    /// Does what is due on one appeal, except to tell of it.
    ///
    /// # Errors
    /// That the store cannot be reached; what is due stays due.
    pub async fn advance_appeal(
        &self,
        no: AppealNo,
        now: Timestamp,
    ) -> Result<StoredAppeal, AppealFailure> {
        let seen = self.appeal(no).await?;
        let known = seen.appeal().announced;
        let ticked = |appeal: &Appeal| Ok(on_fact(appeal, AppealFact::Ticked, now));
        let seen = self.change_appeal(seen, ticked).await?;
        let mut news = seen.appeal().news.iter();
        if news.any(|one| one.kind == NewsKind::Overdue && one.sequence > known) {
            record(&[], &[(Metric::AppealsOverdue, 1)], now);
        }
        if !looks(&seen, now) {
            return Ok(seen);
        }
        match seen.appeal().state {
            AppealState::Returning => self.settle(seen, now).await,
            AppealState::Gathering | AppealState::Hearing | AppealState::Ripe => {
                self.gather(seen, now).await
            }
            AppealState::Ruled
            | AppealState::Upheld
            | AppealState::Dismissed
            | AppealState::Withdrawn => Ok(seen),
        }
    }
}

fn looks(seen: &StoredAppeal, now: Timestamp) -> bool {
    seen.appeal().look_at.is_some_and(|at| at <= now)
}
