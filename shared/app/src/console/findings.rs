//! Discrepancies (差错), as operators take and settle them. Each step is in the journal before it is taken.

use payonce_domain::{ChannelOrderNo, PaymentNo};
use payonce_store::{Finding, FindingState, LedgerPlace, SettledBy};

use super::{Console, Doing};
use crate::failure::Failure;

/// As many open ones as are looked through.
const OPEN_MAX: i32 = 1_000;

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// It is his now.
    Taken,
    /// It is settled.
    Settled,
    /// It is another's: only who owns it settles it.
    NotYours,
    /// Somebody was quicker, or it is settled.
    Moved,
}

impl Console {
    /// What waits for people, oldest first.
    ///
    /// # Errors
    /// That it cannot be read.
    pub async fn open_findings(&self) -> Result<Vec<Finding>, Failure> {
        Ok(self.app.store.open_findings(OPEN_MAX).await?)
    }

    /// One finding.
    ///
    /// # Errors
    /// That it cannot be read, or that there is none.
    pub async fn finding(&self, place: &LedgerPlace, id: &str) -> Result<Finding, Failure> {
        let found = self.app.store.finding(place, id).await?;
        found.ok_or(Failure::NotFound)
    }

    /// The finding, if it is open and as the operator saw it.
    async fn open_as_seen(
        &self,
        place: &LedgerPlace,
        id: &str,
        seen: u64,
    ) -> Result<Option<Finding>, Failure> {
        let finding = self.finding(place, id).await?;
        let as_seen = finding.version == seen && finding.state == FindingState::Open;
        Ok(as_seen.then_some(finding))
    }

    /// An operator makes a finding his own, as he saw it.
    ///
    /// # Errors
    /// That it cannot be read, written down or stored.
    pub async fn take_finding(
        &self,
        place: &LedgerPlace,
        id: &str,
        seen: u64,
        doing: Doing<'_>,
    ) -> Result<Seen, Failure> {
        let Some(mut finding) = self.open_as_seen(place, id, seen).await? else {
            return Ok(Seen::Moved);
        };
        self.record_finding("take-finding", &finding, doing).await?;
        finding.owner = doing.session.operator.to_string();
        let stored = self.app.store.change_finding(&mut finding).await?;
        Ok(if stored { Seen::Taken } else { Seen::Moved })
    }

    /// The operator who owns a finding says that it is explained, and how.
    ///
    /// # Errors
    /// That it cannot be read, written down or stored.
    pub async fn settle_finding(
        &self,
        place: &LedgerPlace,
        id: &str,
        seen: u64,
        doing: Doing<'_>,
    ) -> Result<Seen, Failure> {
        let Some(mut finding) = self.open_as_seen(place, id, seen).await? else {
            return Ok(Seen::Moved);
        };
        if finding.owner != doing.session.operator.as_str() {
            return Ok(Seen::NotYours);
        }
        self.record_finding("settle-finding", &finding, doing)
            .await?;
        finding.state = FindingState::Resolved;
        finding.settled = Some(SettledBy {
            operator: doing.session.operator.clone(),
            at: doing.now,
            why: doing.why.to_owned(),
        });
        let stored = self.app.store.change_finding(&mut finding).await?;
        Ok(if stored { Seen::Settled } else { Seen::Moved })
    }

    async fn record_finding(
        &self,
        what: &str,
        finding: &Finding,
        doing: Doing<'_>,
    ) -> Result<(), Failure> {
        let found = &finding.discrepancy;
        let (class, account, day) = (found.class.name(), &found.account, found.day);
        let detail = format!("{} {class} {account} {day}", finding.id);
        self.record(doing, what, payment_of(finding), detail).await
    }
}

/// The payment that a finding is about, if its number is one of ours.
#[must_use]
pub fn payment_of(finding: &Finding) -> Option<PaymentNo> {
    let order_no = finding.discrepancy.subject.order_no.as_deref()?;
    let no = ChannelOrderNo::parse(order_no)?;
    Some(PaymentNo::new(no.key()))
}
