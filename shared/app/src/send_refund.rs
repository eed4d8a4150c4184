//! Send a refund: once, under its own number, reading who and how much from the item.

use payonce_domain::{
    Answer, Command, PaymentNo, RefundNo, RefundReport, RefundState, Refusal, Span, Timestamp,
};

use crate::App;
use crate::change::{self, Working};
use crate::failure::Failure;

/// What became of an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundOutcome {
    /// It was sent, and this is what the channel said.
    Sent(RefundReport),
    /// There is nothing to send under this number: it was sent, is being sent, or does not exist.
    NothingToSend,
    /// Refunds are switched off or the hour's cap is reached; it stays owed.
    Held,
}

/// How long a refund waits while the kill switch is on.
const HOLD: Span = Span::minutes(10);

impl App {
    /// Sends a refund that is due. The write that grants it comes first, so of any number of callers
    /// one sends; what became of a send whose answer was lost is asked, never guessed.
    ///
    /// # Errors
    /// A [`Failure`]; the refund stays due, or to be asked about.
    pub async fn send_refund(
        &self,
        payment_no: PaymentNo,
        refund_no: RefundNo,
        now: Timestamp,
    ) -> Result<RefundOutcome, Failure> {
        let Some(mut working) = change::load(&self.store, payment_no.key()).await? else {
            return Err(Failure::NotFound);
        };
        let due = working.payment().refund(refund_no).filter(|refund| {
            refund.state == RefundState::Due && refund.due.is_none_or(|due| due.is_due(now))
        });
        let Some(amount) = due.map(|refund| refund.amount) else {
            return Ok(RefundOutcome::NothingToSend);
        };
        let controls = self.store.refund_controls().await?;
        if !controls.enabled {
            return self
                .hold(&mut working, refund_no, now.plus(HOLD), now)
                .await;
        }
        if !self
            .store
            .count_refund(amount, controls.hourly_cap, now)
            .await?
        {
            return self
                .hold(&mut working, refund_no, next_hour(now), now)
                .await;
        }
        let begin = Command::BeginRefund { no: refund_no };
        match change::carry_out(&self.store, &mut working, &begin, now).await {
            Ok(Answer::Refunding(_)) => {}
            Ok(_)
            | Err(Failure::Refused {
                refusal: Refusal::NotDue,
                ..
            }) => {
                return Ok(RefundOutcome::NothingToSend);
            }
            Err(failure) => return Err(failure),
        }
        let report = self.refund_at_channel(&mut working, refund_no, now).await?;
        self.outbox
            .wake(payment_no, &working.wakes_ahead(now), now)
            .await;
        Ok(RefundOutcome::Sent(report))
    }

    async fn hold(
        &self,
        working: &mut Working,
        refund_no: RefundNo,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<RefundOutcome, Failure> {
        tracing::warn!(
            payment.no = %working.payment().payment_no(),
            refund.no = %refund_no,
            until_ms = until.as_millis(),
            metric = "refund_held",
            "refund {refund_no} is held by the controls"
        );
        let hold = Command::HoldRefund {
            no: refund_no,
            until,
        };
        match change::carry_out(&self.store, working, &hold, now).await {
            Ok(_)
            | Err(Failure::Refused {
                refusal: Refusal::NotDue,
                ..
            }) => Ok(RefundOutcome::Held),
            Err(failure) => Err(failure),
        }
    }
}

/// The start of the next hour, when a new cap begins.
fn next_hour(now: Timestamp) -> Timestamp {
    let hour = Span::hours(1).as_millis();
    Timestamp::from_millis((now.as_millis() / hour + 1) * hour)
}
