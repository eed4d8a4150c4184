//! The one place where a payment changes.
//!
//! [`open`], [`on_fact`] and [`on_command`] take what is and what happened, and give a
//! [`Decision`]: the payment as it will be, the entry for its history, and when it wants to be woken.
//! Facts cannot be refused; commands can. Success and winner-or-refund are decided together, so no
//! half-made decision can be stored. After every step the money is counted: each captured fen is
//! applied, refunded, on its way back or in suspense.

mod announcements;
mod approval;
mod attention;
mod booking;
mod captures;
mod channel_orders;
mod closing;
mod initiate;
mod refunds;
mod returns;
mod sending;

use crate::capture::{Disposition, SuspenseReason};
use crate::channel_order::ChannelOrderState;
use crate::command::{ChannelChoice, Command, Refusal};
use crate::fact::Fact;
use crate::history::{Entry, Input};
use crate::numbers::{ChannelOrderNo, RefundNo};
use crate::obligation::{Due, Wake, Work};
use crate::payment::{Case, CaseKind, Payment, PaymentState, Terms, Version};
use crate::schedule::{HOPS_REACH, MESSAGE_DELAY_MAX};
use crate::time::Timestamp;

/// What to tell whoever asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A fact was taken note of, or a command done, and there is no more to say.
    Noted,
    /// A new channel order was made; its create, if it needs one, is the caller's to make.
    Added(ChannelOrderNo),
    /// The channel order of the same request stands.
    Existing(ChannelOrderNo),
    /// The payment stands, with no channel order chosen.
    NoChannelOrder,
    /// Somebody else is creating it at this moment.
    InProgress(ChannelOrderNo),
    /// The caller now holds the lease and repeats the create to the byte.
    Recreate(ChannelOrderNo),
    /// These are to be closed at the channel and proven closed before the new one is made.
    Switching(Vec<ChannelOrderNo>),
    /// The refund was reserved.
    Refunding(RefundNo),
    /// The same refund was asked for before.
    ExistingRefund(RefundNo),
}

/// What was decided: the payment as it will be once stored, and what the writer must see to.
///
/// Only this module can make one, and the store takes nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    payment: Payment,
    before: Option<Version>,
    entry: Option<Entry>,
    answer: Answer,
    wakes: Vec<Wake>,
}

impl Decision {
    /// The payment after the decision.
    #[must_use]
    pub const fn payment(&self) -> &Payment {
        &self.payment
    }

    /// The payment after the decision, owned.
    #[must_use]
    pub fn into_payment(self) -> Payment {
        self.payment
    }

    /// The version the decision was made on; `None` for a new payment.
    #[must_use]
    pub const fn before(&self) -> Option<Version> {
        self.before
    }

    /// Whether there is anything to store.
    #[must_use]
    pub const fn changed(&self) -> bool {
        self.entry.is_some()
    }

    /// The entry for the history; `None` where nothing changed.
    #[must_use]
    pub const fn entry(&self) -> Option<&Entry> {
        self.entry.as_ref()
    }

    /// What to tell whoever asked.
    #[must_use]
    pub const fn answer(&self) -> &Answer {
        &self.answer
    }

    /// When a message should wake somebody for this payment. Losing them all only costs time: the
    /// due index knows the same.
    #[must_use]
    pub fn wakes(&self) -> &[Wake] {
        &self.wakes
    }
}

/// Opens a payment, with its first channel order if a way to pay was chosen.
///
/// # Errors
/// [`Refusal::OrderClosed`] if too little time is left to pay in.
pub fn open(
    terms: Terms,
    choice: Option<ChannelChoice>,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let input = Input::Opened {
        terms: Box::new(terms.clone()),
        choice: choice.clone(),
    };
    let mut draft = initiate::open(terms, now)?;
    let answer = match choice {
        Some(choice) => Answer::Added(initiate::add(&mut draft, choice)?),
        None => Answer::NoChannelOrder,
    };
    Ok(draft.finish(None, input, answer))
}

/// Takes note of a fact. Total: there is always a decision, if only to change nothing.
///
/// # Panics
/// If the books of the payment do not add up afterwards: a promise of this module was broken.
#[must_use]
pub fn on_fact(payment: &Payment, fact: Fact, now: Timestamp) -> Decision {
    let mut draft = Draft::of(payment, now);
    let input = Input::Fact(fact.clone());
    match fact {
        Fact::CreateAnswered { no, answer } => {
            channel_orders::create_answered(&mut draft, no, answer)
        }
        Fact::Reported {
            no,
            account,
            evidence,
            occasion,
            report,
        } => {
            channel_orders::reported(&mut draft, no, account, evidence, occasion, report);
        }
        Fact::ReversalAnswered { no, report } => {
            channel_orders::reversal_answered(&mut draft, no, report);
        }
        Fact::RefundReported {
            no,
            evidence,
            occasion,
            report,
        } => {
            refunds::reported(&mut draft, no, evidence, occasion, report);
        }
        Fact::Returned {
            no,
            evidence,
            return_no,
            returned,
        } => {
            returns::by_channel(&mut draft, no, evidence, &return_no, returned);
        }
        Fact::ReturnAbsent { trade_no } => captures::return_absent(&mut draft, &trade_no),
        Fact::Told {
            sequence,
            published,
            merchant,
        } => announcements::told(&mut draft, sequence, published, merchant),
        Fact::Ticked => closing::ticked(&mut draft),
    }
    draft.finish(Some(payment), input, Answer::Noted)
}

/// Takes note of a fact that a history has, or that is to stand in it whatever it changes: where it changes nothing, the
/// payment moves on by a version all the same.
///
/// A record that was damaged is made good by whatever touches it next, and the history says what that was. Replayed
/// over what the record should have been, such a fact changes nothing, and is no less true. So the audit repairs with it
/// too: a tick on what the history leads to is a record that is whole again.
#[must_use]
pub fn on_recorded(payment: &Payment, fact: Fact, now: Timestamp) -> Decision {
    let decision = on_fact(payment, fact.clone(), now);
    recorded(payment, decision, Input::Fact(fact), now)
}

/// Carries out a command that a history has, as [`on_recorded`] takes note of a fact.
///
/// # Errors
/// A [`Refusal`]: what was granted once is granted again.
pub fn on_recorded_command(
    payment: &Payment,
    command: Command,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let decision = on_command(payment, command.clone(), now)?;
    Ok(recorded(payment, decision, Input::Command(command), now))
}

fn recorded(payment: &Payment, decision: Decision, input: Input, now: Timestamp) -> Decision {
    if decision.changed() {
        return decision;
    }
    let mut again = payment.clone();
    again.version = payment.version.next();
    // The last change's movements are in the ledger before any next one is stored.
    again.unbooked = None;
    Decision {
        entry: Some(Entry {
            version: again.version,
            at: now,
            input,
        }),
        payment: again,
        ..decision
    }
}

/// Carries out a command, or says why not.
///
/// # Errors
/// A [`Refusal`]; nothing changed then.
///
/// # Panics
/// If the books of the payment do not add up afterwards: a promise of this module was broken.
pub fn on_command(
    payment: &Payment,
    command: Command,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let mut draft = Draft::of(payment, now);
    let input = Input::Command(command.clone());
    let answer = match command {
        Command::Initiate {
            amount,
            subject,
            choice,
            switch,
        } => initiate::again(&mut draft, amount, &subject, choice, switch)?,
        Command::Close { asked } => closing::close(&mut draft, asked)?,
        Command::Supersede {
            successor,
            confirmed_at: _,
        } => closing::supersede(&mut draft, successor)?,
        Command::Refund {
            request,
            amount,
            reason,
        } => refunds::request(&mut draft, request, amount, reason)?,
        Command::SettleAppeal {
            appeal,
            amount,
            decided_by,
            approved_by,
        } => {
            approval::two_people(&decided_by, &approved_by)?;
            refunds::on_appeal(&mut draft, appeal, amount)?
        }
        Command::GiveBack {
            proposal,
            amount,
            reason,
            proposed_by,
            approved_by,
        } => {
            approval::two_people(&proposed_by, &approved_by)?;
            refunds::approved(&mut draft, proposal, amount, reason)?
        }
        Command::BeginRefund { no } => sending::begin(&mut draft, no)?,
        Command::HoldRefund { no, until } => sending::hold(&mut draft, no, until)?,
        Command::ResumeRefund { no, asked } => attention::resume_by_hand(&mut draft, no, asked)?,
        Command::HoldChannelOrder { no, until } => channel_orders::hold(&mut draft, no, until)?,
        Command::BeginReversal { no } => channel_orders::begin_reversal(&mut draft, no)?,
        Command::TellAgain => announcements::tell_again(&mut draft)?,
    };
    Ok(draft.finish(Some(payment), input, answer))
}

/// A payment being changed.
struct Draft {
    payment: Payment,
    now: Timestamp,
    wakes: Vec<Wake>,
}

impl Draft {
    fn of(payment: &Payment, now: Timestamp) -> Self {
        Self {
            payment: payment.clone(),
            now,
            wakes: Vec::new(),
        }
    }

    /// A time for work, with a message for it. The sweep leaves the work to one that arrives without
    /// being passed on; for what is further away it sends a message of its own shortly before.
    fn due(&mut self, at: Timestamp) -> Due {
        self.due_for(Work::Channels, at)
    }

    /// The same, for telling.
    fn due_to_tell(&mut self, at: Timestamp) -> Due {
        self.due_for(Work::Telling, at)
    }

    fn due_for(&mut self, work: Work, at: Timestamp) -> Due {
        self.wake(work, at);
        let messaged = at.since(self.now) <= MESSAGE_DELAY_MAX;
        Due { at, messaged }
    }

    fn wake(&mut self, work: Work, at: Timestamp) {
        if at.since(self.now) <= HOPS_REACH {
            self.wakes.push(Wake { at, work });
        }
    }

    fn open_case(&mut self, kind: CaseKind, subject: impl Into<String>) {
        let case = Case {
            kind,
            subject: subject.into(),
        };
        if !self.payment.cases.contains(&case) {
            self.payment.cases.push(case);
        }
    }

    /// Draws the consequences that hold after any step, whatever it was.
    fn settle(&mut self) {
        for order in &mut self.payment.channel_orders {
            if !order.state.is_open() {
                order.due = None;
                order.lease_until = None;
            }
        }
        refunds::return_what_is_owed(self);
        self.set_missing_dues();
        let open = self
            .payment
            .channel_orders
            .iter()
            .any(|order| order.state.is_open());
        self.payment.state = match (self.payment.state, open) {
            (PaymentState::Created | PaymentState::Paying, true) => PaymentState::Paying,
            (PaymentState::Created | PaymentState::Paying, false) => PaymentState::Created,
            (PaymentState::Closing, true) => PaymentState::Closing,
            (PaymentState::Closing | PaymentState::Closed, false) => PaymentState::Closed,
            (PaymentState::Closed, true) => PaymentState::Closed,
            (PaymentState::Paid, true | false) => PaymentState::Paid,
        };
    }

    /// Whatever is open or owed has a time.
    fn set_missing_dues(&mut self) {
        let now = self.now;
        for index in 0..self.payment.channel_orders.len() {
            let order = &self.payment.channel_orders[index];
            if order.state.is_open() && order.due.is_none() {
                self.payment.channel_orders[index].due = Some(self.due(now));
            }
        }
        for index in 0..self.payment.refunds.len() {
            let refund = &self.payment.refunds[index];
            if !refund.state.is_final() && refund.due.is_none() {
                self.payment.refunds[index].due = Some(self.due(now));
            }
        }
        for index in 0..self.payment.captures.len() {
            let capture = &self.payment.captures[index];
            let waits = capture.disposition
                == Disposition::Suspended(SuspenseReason::ChannelReturns)
                && !self.payment.unreserved(capture).is_zero();
            match (waits, capture.due) {
                (true, None) => {
                    let at = now.plus(captures::RETURN_WATCH);
                    self.payment.captures[index].due = Some(self.due(at));
                }
                (false, Some(_)) => self.payment.captures[index].due = None,
                (true, Some(_)) | (false, None) => {}
            }
        }
    }

    fn finish(mut self, before: Option<&Payment>, input: Input, answer: Answer) -> Decision {
        // Settled even where nothing came: a record that was damaged is made good by whatever
        // touches it next.
        self.settle();
        // No attempt's ladder leads to the deadline of a payment that has none.
        if self.payment.state == PaymentState::Created
            && before.is_none_or(|before| before.state != PaymentState::Created)
        {
            self.wake(Work::Channels, self.payment.terms.expires_at);
        }
        if let Some(before) = before {
            announcements::announce(&mut self, before);
        }
        if before == Some(&self.payment) {
            let before = before.map(|payment| payment.version);
            let (payment, wakes) = (self.payment, Vec::new());
            return Decision {
                payment,
                before,
                entry: None,
                answer,
                wakes,
            };
        }
        self.payment.unbooked = booking::moved(before, &self.payment, self.now);
        self.check(before);
        if before.is_some() {
            self.payment.version = self.payment.version.next();
        }
        let mut wakes = self.wakes;
        wakes.sort_unstable();
        wakes.dedup();
        Decision {
            entry: Some(Entry {
                version: self.payment.version,
                at: self.now,
                input,
            }),
            before: before.map(|payment| payment.version),
            payment: self.payment,
            answer,
            wakes,
        }
    }

    /// The promises every decision keeps. Broken ones stop the write: better unsaved than wrong.
    fn check(&self, before: Option<&Payment>) {
        let payment = &self.payment;
        if let Err(broken) = payment.money() {
            unreachable!("{} of payment {}", broken, payment.payment_no());
        }
        assert_eq!(
            payment.state == PaymentState::Paid,
            payment.winner.is_some(),
            "payment {} is paid exactly if it has a winner",
            payment.payment_no()
        );
        if let Some(before) = before {
            assert!(
                before.winner.is_none() || before.winner == payment.winner,
                "payment {} keeps its winner",
                payment.payment_no()
            );
            assert!(
                before.state != PaymentState::Closed || payment.state == PaymentState::Closed,
                "payment {} stays closed",
                payment.payment_no()
            );
        }
        let quiet = payment.due_at().is_none();
        let open = payment.channel_orders.iter().any(|order| {
            matches!(
                order.state,
                ChannelOrderState::Submitted
                    | ChannelOrderState::Pending
                    | ChannelOrderState::Closing
            )
        });
        assert!(
            !(quiet && open),
            "payment {} is never forgotten while open",
            payment.payment_no()
        );
    }
}
