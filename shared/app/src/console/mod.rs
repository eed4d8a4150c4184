//! The operators' console (运营台): what waits for people, one payment's whole story, and what people may
//! have done about it.
//!
//! Operators see the payments of all merchants. Whatever they do goes through the use cases and decisions
//! that everybody's requests go through; before it is done, the journal says who did it, when and why.

mod act;
mod appeals;
mod approve;
mod channels;
mod dead_letters;
mod findings;
mod happen;
mod look;
mod search;
mod session;
mod snapshot;

pub use act::Asked;
pub use appeals::Verdict;
pub use approve::{Decided, PROPOSED_FOR};
pub use dead_letters::DeadLetters;
pub use findings::{Seen, payment_of};
pub(crate) use happen::{Outcome, happened};
pub use look::{OpenAttempt, RefundWork, Standing, Undelivered};
pub use search::Found;
pub use session::{ConsoleKeys, InvalidConsoleKey, Login, Role, Session};
pub use snapshot::Snapshot;

use std::sync::Arc;
use std::time::Duration;

use payonce_domain::{OperatorId, PaymentNo, Timestamp};
use payonce_store::OperatorAct;

use crate::App;
use crate::accounts::Memory;
use crate::failure::Failure;

/// How long what was read for one page serves the next.
const SNAPSHOT_MEMORY: Duration = Duration::from_secs(4);

/// Everything the console acts through, built once for each process.
pub struct Console {
    /// The use cases of everybody.
    pub app: App,
    /// The name of the secret that signs sessions.
    pub key_name: String,
    /// Whether whoever holds a signed link may come in. Otherwise only whom API Gateway let through.
    pub links: bool,
    /// The queues of what failed for good.
    pub dead_letters: DeadLetters,
    snapshots: Memory<(), Arc<Snapshot>>,
}

/// An operator who is about to do something, and why.
#[derive(Debug, Clone, Copy)]
pub struct Doing<'a> {
    /// Who.
    pub session: &'a Session,
    /// Why, in the operator's words.
    pub why: &'a str,
    /// When.
    pub now: Timestamp,
}

impl Console {
    /// Joins the parts. Nothing is fetched before it is needed.
    #[must_use]
    pub fn new(app: App, key_name: String, links: bool, dead_letters: DeadLetters) -> Self {
        let snapshots = Memory::new(SNAPSHOT_MEMORY, app.stopwatch);
        Self {
            app,
            key_name,
            links,
            dead_letters,
            snapshots,
        }
    }

    /// What sessions are signed with.
    ///
    /// # Errors
    /// If the secret cannot be read or is not one.
    pub async fn keys(&self) -> Result<ConsoleKeys, Failure> {
        let text = self.app.accounts.secret(&self.key_name).await;
        let keys = text.and_then(|text| Ok(ConsoleKeys::read(&text)?));
        keys.map_err(Failure::Unavailable)
    }

    /// Writes down what is about to be done. What cannot be written down is not done.
    async fn record(
        &self,
        doing: Doing<'_>,
        what: &str,
        payment_no: Option<PaymentNo>,
        detail: String,
    ) -> Result<(), Failure> {
        let operator: OperatorId = doing.session.operator.clone();
        tracing::info!(
            operator.id = %operator,
            payment.no = payment_no.map(|no| no.to_string()),
            "{operator} does {what}"
        );
        let act = OperatorAct {
            at: doing.now,
            operator,
            what: what.to_owned(),
            payment_no,
            detail,
            why: doing.why.to_owned(),
        };
        Ok(self.app.store.keep_operator_act(&act).await?)
    }
}
