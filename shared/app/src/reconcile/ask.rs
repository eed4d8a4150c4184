//! A payment that only the ledger has (短款): its channel is asked again, and the answer is used.

use payonce_domain::appeal::findings::ChannelWord;
use payonce_domain::reconciliation::{DiscrepancyClass, after_answer};
use payonce_domain::{ChannelOrderNo, Report, Timestamp};
use payonce_store::{ChannelSaid, Finding, FindingState};

use super::failed;
use crate::App;
use crate::change;
use crate::failure::Failure;

/// How many are asked about in one run, at a second each; whoever runs the day again asks about the rest.
pub(super) const ASKED_MAX: usize = 200;

/// Whether the channel has still to be asked about a finding.
pub(super) fn is_unasked(finding: &Finding) -> bool {
    let unsaid = finding
        .said
        .is_none_or(|said| said.word == ChannelWord::Silent);
    finding.discrepancy.class == DiscrepancyClass::LedgerOnly
        && finding.state == FindingState::Open
        && unsaid
}

impl App {
    /// Asks the channel about the payment of a finding. What it says goes to the payment like any other
    /// answer, and beside the finding, with what it makes of it.
    pub(super) async fn ask_again(
        &self,
        finding: &mut Finding,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let subject = &finding.discrepancy.subject;
        let Some(no) = subject.order_no.as_deref().and_then(ChannelOrderNo::parse) else {
            return Ok(());
        };
        let loaded = change::load(&self.store, no.key()).await;
        let Some(mut working) = loaded.map_err(failed)? else {
            return Ok(());
        };
        let report = match self.query_at_channel(&mut working, no, now).await {
            Ok(report) => report,
            Err(failure) => {
                let error = failure.chain();
                tracing::warn!(channel_order.no = %no, error, "{no} could not be asked about");
                Report::NoAnswer
            }
        };
        let payment_no = working.payment().payment_no();
        let wakes = working.wakes_ahead(now);
        self.outbox.wake(payment_no, &wakes, now).await;
        let word = word_about(&report, subject.trade_no.as_deref());
        tracing::info!(
            channel_order.no = %no,
            finding.id = finding.id,
            said = word.name(),
            "asked about {no}, which the bill lacks: {}",
            word.name()
        );
        finding.said = Some(ChannelSaid { word, at: now });
        if let Some(proposal) = after_answer(word) {
            finding.discrepancy.proposal = proposal;
        }
        // Whoever took it meanwhile keeps what he did; the next run asks again.
        self.store.change_finding(finding).await.map_err(failed)?;
        Ok(())
    }
}

/// What the channel says of this trade: another one under the same number is none of it.
fn word_about(report: &Report, trade: Option<&str>) -> ChannelWord {
    match report {
        Report::Paid { trade_no, .. } if trade.is_some_and(|trade| trade != trade_no.as_str()) => {
            ChannelWord::Nothing
        }
        Report::Paid { .. }
        | Report::PaidBack { .. }
        | Report::TakenLate { .. }
        | Report::Unpaid
        | Report::Closed
        | Report::NotFound
        | Report::NoAnswer => ChannelWord::from(report),
    }
}
