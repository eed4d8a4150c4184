//! Fetching a bill: not ready, late, empty, truncated and wrong are different things.
//!
//! The file goes to the machine's disk as it comes, and is read from there a line at a time. Only when all
//! of it was found whole is there a [`Bill`].

use std::io::{Cursor, Seek};

use payonce_channels::statement::{BillFile, Damaged, Offer, StatementKind, StatementSource};
use payonce_channels::{DownloadError, HttpAnswer};
use payonce_domain::reconciliation::FeeRate;
use payonce_domain::{Span, Timestamp};
use payonce_store::{LedgerPlace, RunState};
use tempfile::SpooledTempFile;

use super::compare::Bill;
use super::details::IN_MEMORY_MAX;
use super::{Contract, failed, not_kept};
use crate::App;
use crate::failure::Failure;

/// How long "there is none" may still mean "not made yet".
const EMPTY_FOR_SURE: Span = Span::hours(2);
/// How long a bill is looked for where we know of movements and the channel of none.
const MISSING_FOR: Span = Span::days(1);

/// What came of fetching a bill.
pub(super) enum Fetched {
    /// It, with what fee was agreed.
    Bill(Box<Bill>),
    /// There is nothing to compare with, and this is why.
    Not(RunState),
}

impl App {
    /// Fetches and reads the bill of a day.
    pub(super) async fn fetch_bill(
        &self,
        contract: &Contract,
        place: &LedgerPlace,
        now: Timestamp,
    ) -> Result<Fetched, Failure> {
        let (owner, account) = (&contract.owner, &contract.account);
        let source = self.accounts.statements(owner, account).await;
        let (fees, source) = source.map_err(Failure::Unavailable)?;
        let (mut file, seal): (Box<dyn BillFile + Send>, _) =
            match self.offered(source.as_ref(), place, now).await? {
                Offer::Download { request, seal } => {
                    let mut file = SpooledTempFile::new(IN_MEMORY_MAX);
                    match self.transport.download(request, &mut file).await {
                        Ok(200) => {}
                        Ok(_) | Err(DownloadError::Silence(_)) => {
                            return Ok(Fetched::Not(RunState::NoAnswer));
                        }
                        Err(DownloadError::File(error)) => return Err(not_kept(error)),
                    }
                    file.rewind().map_err(not_kept)?;
                    (Box::new(file), seal)
                }
                Offer::File(file) => (Box::new(Cursor::new(file)), None),
                Offer::NotReady => return Ok(Fetched::Not(RunState::NotReady)),
                Offer::Nothing => return self.nothing(place, fees, now).await,
                Offer::NoSuchBill | Offer::NoAnswer => {
                    return Ok(Fetched::Not(RunState::NoAnswer));
                }
            };
        let mut bill = Bill::new(place.day, fees);
        let (kind, day) = (StatementKind::Trades, place.day.date());
        let take = &mut |line| bill.take(line);
        match source.read(kind, day, file.as_mut(), seal.as_ref(), take) {
            Ok(()) => Ok(Fetched::Bill(Box::new(bill))),
            Err(damaged) => {
                tracing::error!(
                    account.id = %contract.account,
                    day = %place.day,
                    error = %damaged,
                    "the bill of {account} for {} is not used: {damaged}",
                    place.day
                );
                Ok(Fetched::Not(state_of(damaged)))
            }
        }
    }

    async fn offered(
        &self,
        source: &dyn StatementSource,
        place: &LedgerPlace,
        now: Timestamp,
    ) -> Result<Offer, Failure> {
        let (kind, day) = (StatementKind::Trades, place.day.date());
        let request = source.request(kind, day, now);
        let request = request.map_err(|error| {
            Failure::Unavailable(anyhow::anyhow!("no bill can be asked for: {error:?}"))
        })?;
        // Silence, or a channel in trouble: the next run asks again.
        let answered = |answer: &HttpAnswer| answer.status < 500;
        match self.transport.send(request).await {
            Ok(answer) if answered(&answer) => Ok(source.read_offer(kind, day, &answer, now)),
            Ok(_) | Err(_) => Ok(Offer::NoAnswer),
        }
    }

    /// The channel says that there is no bill: not made yet, lost, or nothing happened (F82).
    async fn nothing(
        &self,
        place: &LedgerPlace,
        fees: Option<FeeRate>,
        now: Timestamp,
    ) -> Result<Fetched, Failure> {
        let ready = place.day.bill_ready_at();
        if now < ready.plus(EMPTY_FOR_SURE) {
            return Ok(Fetched::Not(RunState::NotReady));
        }
        let expected = self.has_rows(place).await?;
        if expected && now < ready.plus(MISSING_FOR) {
            return Ok(Fetched::Not(RunState::Missing));
        }
        let none = Bill::new(place.day, fees);
        Ok(Fetched::Bill(Box::new(none)))
    }

    async fn has_rows(&self, place: &LedgerPlace) -> Result<bool, Failure> {
        for shard in 0..self.store.shards() {
            let page = self.store.ledger_page(place, shard, None).await;
            if !page.map_err(failed)?.0.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

const fn state_of(damaged: Damaged) -> RunState {
    match damaged {
        Damaged::WrongSeal => RunState::WrongSeal,
        Damaged::DoesNotAddUp => RunState::Truncated,
        Damaged::Unreadable(_) | Damaged::Another => RunState::Unreadable,
    }
}
