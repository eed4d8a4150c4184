//! Settlement (结算): how each account's days stand, from what their runs wrote down.

use futures::StreamExt;
use payonce_domain::reconciliation::{DayProgress, DayState};
use payonce_domain::{BillDay, MerchantId, Timestamp};
use payonce_store::{Finding, FindingState, LedgerPlace, Run};

use crate::App;
use crate::failure::Failure;

/// How many accounts are read at a time.
const AT_ONCE: usize = 16;

/// An account's day.
#[derive(Debug, Clone)]
pub struct SettlementDay {
    /// Whose account.
    pub owner: MerchantId,
    /// Which account and day.
    pub place: LedgerPlace,
    /// What its run wrote down, if there was one.
    pub run: Option<Run>,
    /// What the run found, settled or not.
    pub findings: Vec<Finding>,
    /// How it stands.
    pub state: DayState,
}

impl SettlementDay {
    /// How many of its discrepancies wait for people.
    #[must_use]
    pub fn open(&self) -> u64 {
        open_in(&self.findings)
    }
}

fn open_in(findings: &[Finding]) -> u64 {
    let open = findings
        .iter()
        .filter(|finding| finding.state == FindingState::Open);
    u64::try_from(open.count()).unwrap_or(u64::MAX)
}

impl App {
    /// The last days of every account whose bills are compared, yesterday first.
    ///
    /// # Errors
    /// A [`Failure`] if they cannot be read.
    pub async fn settlement_days(
        &self,
        days: u32,
        now: Timestamp,
    ) -> Result<Vec<SettlementDay>, Failure> {
        let listed = self.store.listed_accounts().await?;
        let accounts = listed.into_iter().map(|(owner, channel, account)| {
            let yesterday = BillDay::of(channel, now).previous();
            let place = LedgerPlace {
                channel,
                account,
                day: yesterday,
            };
            self.account_days(owner, place, days)
        });
        let mut accounts = futures::stream::iter(accounts).buffered(AT_ONCE);
        let mut all = Vec::new();
        while let Some(days) = accounts.next().await {
            all.extend(days?);
        }
        all.sort_by_key(|one| std::cmp::Reverse(one.place.day));
        Ok(all)
    }

    /// One day of one account; `None`: there is no such account.
    ///
    /// # Errors
    /// A [`Failure`] if it cannot be read.
    pub async fn settlement_day(
        &self,
        place: &LedgerPlace,
    ) -> Result<Option<SettlementDay>, Failure> {
        let owner = self
            .store
            .account_owner(place.channel, &place.account)
            .await?;
        let Some(owner) = owner else { return Ok(None) };
        let next = self.store.run(&after(place)).await?;
        self.read_day(owner, place.clone(), next.as_ref())
            .await
            .map(Some)
    }

    /// How an account's day stands but for what people have to see to: whether every line and row in it has
    /// met its other half or a finding.
    pub(crate) async fn explained(&self, run: &Run) -> Result<DayState, Failure> {
        let next = self.store.run(&after(&run.place)).await?;
        Ok(progress(Some(run), next.as_ref(), &[]).state())
    }

    async fn account_days(
        &self,
        owner: MerchantId,
        newest: LedgerPlace,
        days: u32,
    ) -> Result<Vec<SettlementDay>, Failure> {
        let mut next = self.store.run(&after(&newest)).await?;
        let (mut place, mut read) = (newest, Vec::new());
        for _ in 0..days {
            let day = self.read_day(owner.clone(), place.clone(), next.as_ref());
            let day = day.await?;
            next = day.run.clone();
            read.push(day);
            place.day = place.day.previous();
        }
        Ok(read)
    }

    async fn read_day(
        &self,
        owner: MerchantId,
        place: LedgerPlace,
        next: Option<&Run>,
    ) -> Result<SettlementDay, Failure> {
        let run = self.store.run(&place).await?;
        // A day that was never begun has found nothing.
        let findings = match &run {
            Some(_) => self.store.findings(&place).await?,
            None => Vec::new(),
        };
        let state = progress(run.as_ref(), next, &findings).state();
        Ok(SettlementDay {
            owner,
            place,
            run,
            findings,
            state,
        })
    }
}

fn after(place: &LedgerPlace) -> LedgerPlace {
    LedgerPlace {
        day: place.day.next(),
        ..place.clone()
    }
}

fn progress(run: Option<&Run>, next: Option<&Run>, findings: &[Finding]) -> DayProgress {
    let is_compared = |run: Option<&Run>| run.is_some_and(|run| run.state.is_closed());
    let carried = run.map_or(0, |run| {
        run.report.carried_lines.count + run.report.carried_rows.count
    });
    DayProgress {
        is_compared: is_compared(run),
        open: open_in(findings),
        carried,
        is_next_compared: is_compared(next),
    }
}
