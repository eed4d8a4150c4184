//! Send a refund: once, under its own number, reading who and how much from the item.

use payonce_domain::{
    Answer, Command, Payment, PaymentNo, RefundCause, RefundNo, RefundReport, RefundState, Refusal,
    Report, Source, Span, Timestamp, decide, schedule,
};

use crate::App;
use crate::breakers::Passage;
use crate::change::{self, Working};
use crate::failure::Failure;
use crate::metrics::{Held, Label, Metric, record};

/// What became of an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundOutcome {
    /// It was sent, and this is what the channel said.
    Sent(RefundReport),
    /// There is nothing to send under this number: it was sent, is being sent, or does not exist.
    NothingToSend,
    /// Refunds are switched off, the hour's cap is reached, or the channel has to be asked first; it
    /// stays owed.
    Held,
}

/// The least and the most a refund waits while the kill switch is on or the cap is reached. Between them it
/// waits half as long again as it has waited: each look is a step of its history, and an item is finite.
const HOLD: Span = Span::minutes(10);
const HOLD_MAX: Span = Span::hours(6);

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
        self.resume(&mut working, refund_no, now).await?;
        let due = working.payment().refund(refund_no).filter(|refund| {
            refund.state == RefundState::Due && refund.due.is_none_or(|due| due.is_due(now))
        });
        let Some((amount, reserved_at)) = due.map(|refund| (refund.amount, refund.created_at))
        else {
            return Ok(RefundOutcome::NothingToSend);
        };
        let later = now.plus(hold_for(reserved_at, now));
        let controls = self.store.refund_controls().await?;
        if !controls.enabled {
            return self
                .hold(&mut working, refund_no, Held::Switch, later, now)
                .await;
        }
        if let Some(outcome) = self
            .confirm_wrong_amount(&mut working, refund_no, now)
            .await?
        {
            return Ok(outcome);
        }
        // The key before the write: a grant that nobody can act on would only delay the refund.
        self.signer_of_refund(working.payment(), refund_no).await?;
        // What the channel's pace puts off takes no turn and counts against no cap.
        let begin = Command::BeginRefund { no: refund_no };
        let granted = decide::on_command(working.payment(), begin.clone(), now);
        if granted.is_ok_and(|decision| !matches!(decision.answer(), Answer::Refunding(_))) {
            self.put_off(&mut working, &begin, now).await?;
            let wakes = working.wakes_ahead(now);
            self.outbox.wake(payment_no, &wakes, now).await;
            return Ok(RefundOutcome::Held);
        }
        if let Some(until) = self.not_before(working.payment(), refund_no, now).await? {
            return self
                .hold(&mut working, refund_no, Held::Channel, until, now)
                .await;
        }
        // Counted once for each number: a repeat moves no more money.
        let sent = working
            .payment()
            .refund(refund_no)
            .and_then(|refund| refund.sent_at);
        let cap = controls.hourly_cap;
        if sent.is_none() && !self.store.count_refund(amount, cap, now).await? {
            return self
                .hold(&mut working, refund_no, Held::Cap, next_hour(later), now)
                .await;
        }
        match change::carry_out(&self.store, &mut working, &begin, now).await {
            Ok(Answer::Refunding(_)) => {}
            // The channel wants more time between two refunds of one order.
            Ok(_) => {
                let wakes = working.wakes_ahead(now);
                self.outbox.wake(payment_no, &wakes, now).await;
                return Ok(RefundOutcome::Held);
            }
            Err(Failure::Refused {
                refusal: Refusal::NotDue,
                ..
            }) => return Ok(RefundOutcome::NothingToSend),
            Err(failure) => return Err(failure),
        }
        let report = self.refund_at_channel(&mut working, refund_no, now).await?;
        self.outbox
            .wake(payment_no, &working.wakes_ahead(now), now)
            .await;
        Ok(RefundOutcome::Sent(report))
    }

    /// A refund that waits for a person is sent again when a person asks for it, once the channel has said
    /// that it has no such refund. Nobody else asks for one that is not due.
    async fn resume(
        &self,
        working: &mut Working,
        no: RefundNo,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let waits = |payment: &Payment| {
            let refund = payment.refund(no);
            refund.is_some_and(|refund| refund.state == RefundState::Manual)
        };
        if !waits(working.payment()) {
            return Ok(());
        }
        let asked = working.payment().version;
        let report = self.ask_refund(working, no, now).await?;
        if report == RefundReport::NotFound && waits(working.payment()) {
            let command = Command::ResumeRefund { no, asked };
            self.put_off(working, &command, now).await?;
        }
        Ok(())
    }

    async fn signer_of_refund(&self, payment: &Payment, no: RefundNo) -> Result<(), Failure> {
        let order = payment.channel_order(no.channel_order());
        let order = order.ok_or(Failure::NotFound)?;
        self.signer_of(payment, order).await.map(|_| ())
    }

    /// When the channel takes this refund, if not now: it is in trouble, or has had as many refunds in
    /// this second as it allows.
    async fn not_before(
        &self,
        payment: &Payment,
        no: RefundNo,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, Failure> {
        let order = payment.channel_order(no.channel_order());
        let order = order.ok_or(Failure::NotFound)?;
        let (channel, account) = (order.channel(), &order.account);
        let per_second = order.policy().refunds.per_second;
        let wait = self.store.take_turn(channel, account, per_second, now);
        if let Some(wait) = wait.await? {
            return Ok(Some(now.plus(wait)));
        }
        // Last, since whoever passes after a time of trouble is the probe, and has to call.
        Ok(match self.breakers.pass(channel, account, now).await {
            Passage::Free => None,
            Passage::Shut(until) => Some(until),
        })
    }

    /// A wrong amount that only a notification named is asked about before money moves on it: the
    /// channel's answer outranks it, and may show that the right amount was paid after all.
    async fn confirm_wrong_amount(
        &self,
        working: &mut Working,
        refund_no: RefundNo,
        now: Timestamp,
    ) -> Result<Option<RefundOutcome>, Failure> {
        let payment = working.payment();
        let Some(refund) = payment.refund(refund_no) else {
            return Ok(None);
        };
        let source = payment
            .capture(&refund.trade_no)
            .map(|capture| capture.source);
        if refund.cause != RefundCause::WrongAmount || source != Some(Source::Notification) {
            return Ok(None);
        }
        let no = refund.channel_order_no;
        let report = self.query_at_channel(working, no, now).await?;
        self.outbox
            .wake(
                working.payment().payment_no(),
                &working.wakes_ahead(now),
                now,
            )
            .await;
        let still_due = working
            .payment()
            .refund(refund_no)
            .is_some_and(|refund| refund.state == RefundState::Due);
        match report {
            Report::NoAnswer => {
                let again = schedule::policy(no.channel(), no.method()).refunds.again;
                self.hold(working, refund_no, Held::Unconfirmed, now.plus(again), now)
                    .await
                    .map(Some)
            }
            Report::Paid { .. }
            | Report::PaidBack { .. }
            | Report::TakenLate { .. }
            | Report::Unpaid
            | Report::Closed
            | Report::NotFound => Ok((!still_due).then_some(RefundOutcome::NothingToSend)),
        }
    }

    async fn hold(
        &self,
        working: &mut Working,
        refund_no: RefundNo,
        held: Held,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<RefundOutcome, Failure> {
        record(&[Label::Reason(held)], &[(Metric::RefundsHeld, 1)], now);
        tracing::warn!(
            payment.no = %working.payment().payment_no(),
            refund.no = %refund_no,
            until_ms = until.as_millis(),
            ?held,
            "refund {refund_no} is held"
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
            }) => {}
            Err(failure) => return Err(failure),
        }
        // A turn comes in a second; the sweep alone would look minutes later.
        let wakes = working.wakes_ahead(now);
        let no = working.payment().payment_no();
        self.outbox.wake(no, &wakes, now).await;
        Ok(RefundOutcome::Held)
    }
}

/// How much longer a refund waits that was reserved at `created_at`.
fn hold_for(created_at: Timestamp, now: Timestamp) -> Span {
    let half = Span::millis(now.since(created_at).as_millis() / 2);
    half.max(HOLD).min(HOLD_MAX)
}

/// The start of the hour after, when a new cap begins.
fn next_hour(now: Timestamp) -> Timestamp {
    let hour = Span::hours(1).as_millis();
    Timestamp::from_millis((now.as_millis() / hour + 1) * hour)
}
