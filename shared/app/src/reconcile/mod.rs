//! Reconcile (对账): every account's days, one after the other, each against the channel's bill.
//!
//! A day is begun once its bill is expected and the day before is closed. It is done as a whole: fetch,
//! match, judge, repair, carry over, close. Everything in it may be done again, so whoever is cut off is
//! followed by somebody who begins anew, and finds what was found before under the same numbers.

mod act;
mod ask;
mod bill;
mod compare;
mod details;

use payonce_domain::{AccountId, BillDay, Channel, MerchantId, Span, Timestamp};
use payonce_store::{LedgerPlace, Run, RunState};

use crate::App;
use crate::failure::Failure;
use crate::metrics::{Metric, record};

/// How long somebody who works on a day is left alone: longer than the function may run.
const LEASE: Span = Span::minutes(16);
/// How many days of one account are done in one go.
const DAYS_MAX: usize = 7;
/// After how long a bill that is not there, or not right, is people's business.
const OVERDUE_AFTER: Span = Span::hours(6);

/// One account's day, to be done by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountDay {
    /// At which channel.
    pub channel: Channel,
    /// Which account.
    pub account: AccountId,
    /// Which day, by the channel's calendar.
    pub day: BillDay,
}

/// What became of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reconciled {
    /// It is closed, or stands like this.
    Run(Box<Run>),
    /// Somebody else works on it.
    Busy,
    /// The day, or its bill's making, is not over.
    TooEarly,
    /// The day before it is not closed.
    AfterAnother,
    /// There is no such account.
    NoAccount,
}

/// An account whose bills are compared.
pub(crate) struct Contract {
    pub(crate) owner: MerchantId,
    pub(crate) channel: Channel,
    pub(crate) account: AccountId,
}

impl Contract {
    fn place(&self, day: BillDay) -> LedgerPlace {
        LedgerPlace {
            channel: self.channel,
            account: self.account.clone(),
            day,
        }
    }
}

impl App {
    /// Does every day of every account that can be done by now. An account that fails, fails alone; the
    /// second number says how many did.
    ///
    /// # Errors
    /// If the accounts cannot be listed.
    pub async fn reconcile_all(&self, now: Timestamp) -> Result<(Vec<Run>, usize), Failure> {
        let listed = self.store.listed_accounts().await.map_err(failed)?;
        let (mut runs, mut failures) = (Vec::new(), 0);
        for (owner, channel, account) in listed {
            let contract = Contract {
                owner,
                channel,
                account,
            };
            match self.catch_up(&contract, now).await {
                Ok(done) => runs.extend(done),
                Err(failure) => {
                    failures += 1;
                    tracing::error!(
                        account.id = %contract.account,
                        error = failure.chain(),
                        "{} could not be reconciled",
                        contract.account
                    );
                }
            }
        }
        Ok((runs, failures))
    }

    /// Does one account's day, also once more.
    ///
    /// # Errors
    /// A [`Failure`]; the day can be done again.
    pub async fn reconcile(
        &self,
        which: &AccountDay,
        now: Timestamp,
    ) -> Result<Reconciled, Failure> {
        let (channel, account) = (which.channel, &which.account);
        let owner = self.store.account_owner(channel, account).await;
        let Some(owner) = owner.map_err(failed)? else {
            return Ok(Reconciled::NoAccount);
        };
        let contract = Contract {
            owner,
            channel,
            account: account.clone(),
        };
        let closed = self.store.closed_until(channel, account).await;
        let closed = closed.map_err(failed)?;
        if closed.is_some_and(|closed| closed < which.day.previous()) {
            return Ok(Reconciled::AfterAnother);
        }
        self.day(&contract, which.day, now).await
    }

    /// The days of one account that are not closed, oldest first, until one cannot be closed.
    async fn catch_up(&self, contract: &Contract, now: Timestamp) -> Result<Vec<Run>, Failure> {
        let (channel, account) = (contract.channel, &contract.account);
        let yesterday = BillDay::of(channel, now).previous();
        let closed = self.store.closed_until(channel, account).await;
        let mut day = match closed.map_err(failed)? {
            Some(closed) => closed.next(),
            None => {
                // The account's first day. Kept, or a bill that comes a day late would find the next day begun.
                let before = contract.place(yesterday.previous());
                self.store.close_until(&before).await.map_err(failed)?;
                yesterday
            }
        };
        let mut runs = Vec::new();
        while day <= yesterday && runs.len() < DAYS_MAX {
            let Reconciled::Run(run) = self.day(contract, day, now).await? else {
                break;
            };
            let closed = run.state.is_closed();
            runs.push(*run);
            if !closed {
                break;
            }
            day = day.next();
        }
        let overdue = day <= yesterday && now >= day.bill_ready_at().plus(OVERDUE_AFTER);
        record(&[], &[(Metric::BillsOverdue, u64::from(overdue))], now);
        Ok(runs)
    }

    async fn day(
        &self,
        contract: &Contract,
        day: BillDay,
        now: Timestamp,
    ) -> Result<Reconciled, Failure> {
        if now < day.bill_ready_at() {
            return Ok(Reconciled::TooEarly);
        }
        let place = contract.place(day);
        let begun = self.store.begin_run(&place, now, now.plus(LEASE)).await;
        let Some(mut run) = begun.map_err(failed)? else {
            return Ok(Reconciled::Busy);
        };
        let done = self.work(contract, &mut run, now).await;
        run.lease_until = now;
        run.at = now;
        let kept = self.store.save_run(&mut run).await.map_err(failed)?;
        done?;
        if !kept {
            // Whoever took it up meanwhile does the same and says so.
            return Ok(Reconciled::Busy);
        }
        // Only now: the next day takes over what is carried from the run as it is kept.
        if run.state.is_closed() {
            self.store.close_until(&place).await.map_err(failed)?;
        }
        tracing::info!(
            account.id = %contract.account,
            day = %day,
            state = run.state.name(),
            matched = run.report.matched.count,
            found = run.report.found.values().sum::<u64>(),
            open = run.report.open(),
            "{} of {day}: {}",
            contract.account,
            run.state.name()
        );
        Ok(Reconciled::Run(Box::new(run)))
    }

    /// Brings a run as far as it comes today.
    async fn work(
        &self,
        contract: &Contract,
        run: &mut Run,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let bill = match self.fetch_bill(contract, &run.place, now).await? {
            bill::Fetched::Bill(bill) => bill,
            bill::Fetched::Not(state) => {
                run.state = state;
                return Ok(());
            }
        };
        let empty = bill.is_empty();
        let (left, mut report) = self.compare(contract, &run.place, *bill).await?;
        run.pieces = self
            .act(contract, &run.place, left, &mut report, now)
            .await?;
        let nothing = empty && report.ledger_payments.count + report.ledger_refunds.count == 0;
        run.report = report;
        run.state = if nothing {
            RunState::ClosedEmpty
        } else {
            RunState::Closed
        };
        Ok(())
    }
}

/// The machine's own disk is full or broken; the day can be done again.
fn not_kept(error: std::io::Error) -> Failure {
    Failure::Unavailable(anyhow::Error::new(error).context("putting a day aside"))
}

pub(crate) fn failed(error: payonce_store::StoreError) -> Failure {
    Failure::Unavailable(error.into())
}
