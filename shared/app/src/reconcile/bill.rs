//! Fetching a bill: not ready, late, empty, truncated and wrong are different things.

use payonce_channels::HttpAnswer;
use payonce_channels::statement::{
    Damaged, Offer, StatementKind, StatementSource, TradeLine, UnreadableLine,
};
use payonce_domain::reconciliation::FeeRate;
use payonce_domain::{Span, Timestamp};
use payonce_store::{LedgerPlace, RunState};

use super::{Contract, failed};
use crate::App;
use crate::failure::Failure;

/// How long "there is none" may still mean "not made yet".
const EMPTY_FOR_SURE: Span = Span::hours(2);
/// How long a bill is looked for where we know of movements and the channel of none.
const MISSING_FOR: Span = Span::days(1);

/// The lines of a bill, in its order.
pub(super) type Lines = Vec<Result<TradeLine, UnreadableLine>>;

/// What came of fetching a bill.
pub(super) enum Fetched {
    /// Its lines, and what fee was agreed.
    Lines(Lines, Option<FeeRate>),
    /// There is nothing to compare with, and this is why.
    Not(RunState),
}

impl App {
    /// Fetches and opens the bill of a day.
    pub(super) async fn fetch_bill(
        &self,
        contract: &Contract,
        place: &LedgerPlace,
        now: Timestamp,
    ) -> Result<Fetched, Failure> {
        let (owner, account) = (&contract.owner, &contract.account);
        let source = self.accounts.statements(owner, account).await;
        let (fees, source) = source.map_err(Failure::Unavailable)?;
        let day = place.day.date();
        let (file, seal) = match self.offered(source.as_ref(), place, now).await? {
            Offer::Download { request, seal } => match self.transport.send(request).await {
                Ok(answer) if answer.status == 200 => (answer.body, seal),
                Ok(_) | Err(_) => return Ok(Fetched::Not(RunState::NoAnswer)),
            },
            Offer::File(file) => (file, None),
            Offer::NotReady => return Ok(Fetched::Not(RunState::NotReady)),
            Offer::Nothing => return self.nothing(place, fees, now).await,
            Offer::NoSuchBill | Offer::NoAnswer => return Ok(Fetched::Not(RunState::NoAnswer)),
        };
        match source.open(StatementKind::Trades, day, &file, seal.as_ref()) {
            Ok(statement) => Ok(Fetched::Lines(statement.trades, fees)),
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
        Ok(Fetched::Lines(Vec::new(), fees))
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
