//! The auditor: trusts the channels' books and nothing we say, and looks after every step.
//!
//! Each check names its invariant (`I-1` …). The first that is broken ends the run.

use std::collections::BTreeMap;

use payonce_domain::schedule::LEAST_TIME_LEFT;
use payonce_domain::{
    ChannelOrderNo, ChannelOrderState, Disposition, Payment, PaymentState, RefundCause, RefundNo,
    RefundState, Source, SuspenseReason, Timestamp,
};
use payonce_store::engine::{self, Item};

use crate::books::{Ask, Moved};
use crate::effect::key;
use crate::fault::Fault;
use crate::tally::Sometimes;
use crate::world::World;

/// What the auditor remembers.
#[derive(Debug, Default)]
pub(crate) struct Auditor {
    /// Every payment as it was last written.
    pub(crate) last: BTreeMap<String, Payment>,
    /// What was broken, if anything was.
    pub(crate) broken: Option<String>,
    /// Questions to channels by payment since faults stopped (I-30).
    pub(crate) asked: u64,
    /// Whether records were damaged; then a history need not lead to its record, until the audit has made it.
    pub(crate) damaged: bool,
    /// Whether a row of the ledger was lost.
    pub(crate) row_erased: bool,
    /// Whether a decision was undone: then we may have asked for what we do not know of.
    pub(crate) undone: bool,
    /// Every payment's item before its last write, in worlds where a decision may be undone.
    pub(crate) before: BTreeMap<String, Item>,
    /// The same item as it was last written.
    pub(crate) now: BTreeMap<String, Item>,
    /// Refunds that were deleted from their records, and parts that lost their time.
    pub(crate) erased: std::collections::BTreeSet<String>,
    /// Refund numbers and what they were for (I-6).
    numbers: BTreeMap<String, (String, u64)>,
    /// Payments that somebody was shown as paid, and when that was first (I-19).
    pub(crate) shown_paid: BTreeMap<String, u64>,
}

impl World {
    pub(crate) fn breaks(&mut self, invariant: &str, what: &str) {
        self.note(format_args!("BROKEN {invariant}: {what}"));
        self.auditor
            .broken
            .get_or_insert_with(|| format!("{invariant}: {what}"));
    }

    /// A payment was written.
    pub(crate) fn audit_write(&mut self, owner: u64, item: &Item) {
        let stored = match engine::payment(item.clone()) {
            Ok(stored) => stored,
            Err(error) => return self.breaks("I-5", &format!("an item cannot be read: {error}")),
        };
        let after = stored.payment().clone();
        let key = key(item);
        if self.plan.enables(Fault::DecisionUndone) {
            let whole = self.auditor.now.insert(key.clone(), item.clone());
            self.auditor
                .before
                .extend(whole.map(|item| (key.clone(), item)));
        }
        let before = self.auditor.last.insert(key, after.clone());
        self.note(format_args!(
            "stored v{} {:?}",
            after.version.0, after.state
        ));
        // Where a decision was undone, versions come twice.
        if let Err(what) = steps(before.as_ref(), &after, self.auditor.damaged)
            && !self.auditor.undone
        {
            return self.breaks(what.0, &what.1);
        }
        self.captures_are_real(&after);
        if let Err(error) = after.money() {
            self.breaks("I-8", &error.to_string());
        }
        if after.due_at().is_some() != item.contains_key("d")
            && !crate::wrong::is_built(crate::wrong::Wrong::TwoWrites)
        {
            self.breaks("I-17", "the index and the obligations differ");
        }
        self.notice_what_is_new(owner, before.as_ref(), &after);
    }

    /// I-10, I-14, I-20: whatever we call a capture, a channel took, for this account, in this amount.
    fn captures_are_real(&mut self, payment: &Payment) {
        for capture in &payment.captures {
            let trade = self.books.trades.get(&capture.channel_order_no.to_string());
            let taken = trade.and_then(|trade| trade.taken.as_ref());
            let real = taken.is_some_and(|taken| {
                taken.trade_no == capture.trade_no.as_str()
                    && taken.amount == capture.amount.minor()
            });
            if !real {
                return self.breaks(
                    "I-14",
                    &format!(
                        "no channel took {} as {}",
                        capture.amount.minor(),
                        capture.trade_no
                    ),
                );
            }
            if capture.disposition == Disposition::Applied && capture.amount != payment.terms.amount
            {
                return self.breaks("I-10", "an order is paid with another amount");
            }
        }
    }

    fn notice_what_is_new(&mut self, owner: u64, before: Option<&Payment>, after: &Payment) {
        let learnt = match self.runner(owner) {
            "webhook" => Sometimes::LearntByNotice,
            "scan" => Sometimes::LearntBySweep,
            "query" => Sometimes::LearntByMessage,
            "reconcile" => Sometimes::LearntByBill,
            _ => Sometimes::LearntByRequest,
        };
        let known = before.map_or(0, |before| before.captures.len());
        for capture in after.captures.iter().skip(known) {
            let ok =
                (learnt == Sometimes::LearntByNotice) == (capture.source == Source::Notification);
            if ok {
                self.tally.saw(learnt);
            }
            match after.captures.len() {
                2 => self.tally.saw(Sometimes::TwoCaptures),
                3 => self.tally.saw(Sometimes::ThreeCaptures),
                _ => {}
            }
        }
        for refund in &after.refunds {
            if self.auditor.erased.remove(&refund.no.to_string()) {
                self.tally.saw(Sometimes::RefundRepaired);
            }
        }
        for order in &after.channel_orders {
            if order.due.is_some() && self.auditor.erased.remove(&order.no.to_string()) {
                self.tally.saw(Sometimes::DueRepaired);
            }
        }
        if before.is_some_and(|before| before.cases.len() < after.cases.len()) {
            self.tally.saw(Sometimes::CaseOpened);
        }
        for refund in after
            .refunds
            .iter()
            .filter(|refund| refund.state == RefundState::Succeeded)
        {
            let news = before
                .and_then(|before| before.refund(refund.no))
                .is_none_or(|old| old.state != RefundState::Succeeded);
            if !news {
                continue;
            }
            match refund.cause {
                RefundCause::DuplicatePayment => self.tally.saw(Sometimes::DuplicateReturned),
                RefundCause::LatePayment => self.tally.saw(Sometimes::LateReturned),
                RefundCause::WrongAmount => self.tally.saw(Sometimes::WrongAmountReturned),
                RefundCause::MerchantRequest => {
                    self.tally.saw(Sometimes::MerchantRefund);
                    let of_it = after
                        .refunds
                        .iter()
                        .filter(|other| other.trade_no == refund.trade_no);
                    if of_it.filter(|other| other.request.is_some()).count() > 1 {
                        self.tally.saw(Sometimes::PartialRefunds);
                    }
                }
                RefundCause::Appeal
                | RefundCause::Operator
                | RefundCause::Reconciliation
                | RefundCause::Channel => {}
            }
        }
        if after.successor.is_some() && before.is_some_and(|before| before.successor.is_none()) {
            self.tally.saw(Sometimes::Superseded);
        }
    }

    /// I-6, I-7: a create that arrives was stored before, as it arrives.
    pub(crate) fn audit_create(&mut self, ask: &Ask) {
        let known = ChannelOrderNo::parse(&ask.no).and_then(|no| {
            let payment = self.auditor.last.get(no.key().as_str())?;
            payment.channel_order(no)?;
            Some(payment.terms.amount.minor())
        });
        if known != Some(ask.amount) && !self.auditor.undone {
            self.breaks(
                "I-7",
                &format!("create of {} arrived before it was stored", ask.no),
            );
        }
    }

    /// I-6, I-7: a refund that arrives was stored and granted before.
    pub(crate) fn audit_refund(&mut self, ask: &Ask) {
        let known = RefundNo::parse(&ask.refund_no).and_then(|no| {
            let payment = self.auditor.last.get(no.channel_order().key().as_str())?;
            let refund = payment.refund(no)?;
            refund.sent_at.map(|_| {
                (
                    refund.trade_no.to_string(),
                    refund.amount.minor(),
                    refund.created_at,
                    refund.cause,
                )
            })
        });
        if known.is_none() && self.auditor.undone {
            return;
        }
        let Some((trade_no, amount, created_at, cause)) = known else {
            return self.breaks(
                "I-7",
                &format!("refund {} arrived before it was stored", ask.refund_no),
            );
        };
        if amount != ask.refund_amount {
            return self.breaks(
                "I-2",
                &format!(
                    "refund {} moves {} instead of {amount}",
                    ask.refund_no, ask.refund_amount
                ),
            );
        }
        let meant = self
            .auditor
            .numbers
            .entry(ask.refund_no.clone())
            .or_insert_with(|| (trade_no.clone(), amount));
        if *meant != (trade_no, amount) {
            return self.breaks("I-6", "one refund number means two things");
        }
        self.sent_in_time(ask, created_at, cause);
        self.generation_is_due(ask);
    }

    /// I-28: what is owed by itself is sent within two sweeps of being known.
    fn sent_in_time(&mut self, ask: &Ask, created_at: Timestamp, cause: RefundCause) {
        if self.plan.hourly_cap.is_some() {
            return;
        }
        let by_itself = !matches!(cause, RefundCause::MerchantRequest | RefundCause::Appeal);
        let settled = self.plan.faults_until + 3_600_000;
        let first = RefundNo::parse(&ask.refund_no).is_some_and(|no| no.generation() == 1);
        let late = self.now > created_at.as_millis() + 240_000;
        if by_itself && first && late && created_at.as_millis() > settled {
            self.breaks("I-28", &format!("refund {} was sent late", ask.refund_no));
        }
    }

    /// I-13: a second number for the same money only after the channel said that the first failed for good.
    fn generation_is_due(&mut self, ask: &Ask) {
        let Some(no) = RefundNo::parse(&ask.refund_no) else {
            return;
        };
        if no.generation() < 2 {
            return;
        }
        self.tally.saw(Sometimes::SecondGeneration);
        let Some(trade) = self.books.trades.get(&ask.no) else {
            return;
        };
        let open = trade.refunds.iter().any(|(other, refund)| {
            let earlier = RefundNo::parse(other).is_some_and(|other| {
                no.is_generation_of(other) && other.generation() < no.generation()
            });
            earlier && refund.moved != Moved::Failed
        });
        if open {
            self.breaks(
                "I-13",
                &format!(
                    "{} was sent while an earlier number may still move money",
                    ask.refund_no
                ),
            );
        }
    }

    /// I-2: no more goes back than came, however it goes.
    pub(crate) fn audit_returns(&mut self, no: &str) {
        let Some(trade) = self.books.trades.get(no) else {
            return;
        };
        let reserved: u64 = trade
            .refunds
            .values()
            .filter(|refund| refund.moved != Moved::Failed)
            .map(|refund| refund.amount)
            .sum();
        let taken = trade.taken.as_ref().map_or(0, |taken| taken.amount);
        if reserved > taken {
            self.breaks(
                "I-2",
                &format!("{reserved} of {taken} fen went back of {no}"),
            );
        }
    }

    /// I-12: what was acknowledged is stored.
    pub(crate) fn audit_acknowledged(&mut self, body: &str) {
        let words: Vec<_> = body.split('|').collect();
        let (Some(&"paid"), Some(no), Some(trade_no)) = (words.first(), words.get(1), words.get(3))
        else {
            return;
        };
        let Some(no) = ChannelOrderNo::parse(no) else {
            return;
        };
        let durable = self
            .auditor
            .last
            .get(no.key().as_str())
            .is_some_and(|payment| {
                payment
                    .captures
                    .iter()
                    .any(|capture| capture.trade_no.as_str() == *trade_no)
            });
        if !durable && !self.auditor.undone {
            self.breaks(
                "I-12",
                "success was said to a channel, and its news is not stored",
            );
        }
    }

    /// I-27: three hours after the last fault, what was taken before is known.
    pub(crate) fn audit_known(&mut self) {
        let stop = self.plan.faults_until;
        let unknown = self.books.trades.iter().find(|(no, trade)| {
            let taken = trade
                .taken
                .as_ref()
                .filter(|taken| taken.paid_at < stop && !taken.late);
            !trade.forgotten
                && !self.auditor.undone
                && taken.is_some_and(|taken| trade.held() > 0 && !self.knows(no, &taken.trade_no))
        });
        if let Some(no) = unknown.map(|(no, _)| no.clone()) {
            self.breaks("I-27", &format!("nobody knows of the money taken for {no}"));
        }
    }

    pub(crate) fn knows(&self, no: &str, trade_no: &str) -> bool {
        ChannelOrderNo::parse(no)
            .and_then(|no| self.auditor.last.get(no.key().as_str()))
            .is_some_and(|payment| {
                payment
                    .captures
                    .iter()
                    .any(|capture| capture.trade_no.as_str() == trade_no)
            })
    }
}

type Broken = (&'static str, String);

/// What must hold between two versions of a payment.
fn steps(before: Option<&Payment>, after: &Payment, damaged: bool) -> Result<(), Broken> {
    let broken = |invariant, what: &str| Err((invariant, what.to_owned()));
    let Some(before) = before else {
        return if after.version.0 == 1 {
            Ok(())
        } else {
            broken("I-5", "the first version is not 1")
        };
    };
    if after.version != before.version.next() {
        return broken("I-5", "a version was skipped, or written twice");
    }
    if before.winner.is_some() && before.winner != after.winner {
        return broken("I-1", "the winner changed");
    }
    let left = |state| before.state == state && after.state != state;
    if left(PaymentState::Paid) || left(PaymentState::Closed) {
        return broken("I-4", "an end was left");
    }
    for order in &before.channel_orders {
        let now = after.channel_order(order.no).map(|order| order.state);
        if order.state == ChannelOrderState::Paid && now != Some(ChannelOrderState::Paid) {
            return broken("I-4", "an attempt was paid and is not any more");
        }
    }
    for old in &before.captures {
        if after.capture(&old.trade_no).is_none() {
            return broken("I-8", "a capture disappeared");
        }
    }
    let mut refunds = after.refunds.iter();
    let automatic = |cause| {
        !matches!(
            cause,
            RefundCause::MerchantRequest | RefundCause::Appeal | RefundCause::Channel
        )
    };
    if refunds.any(|refund| {
        Some(&refund.trade_no) == after.winner.as_ref()
            && automatic(refund.cause)
            && refund.state != RefundState::Failed
    }) {
        return broken("I-3", "the winner goes back by itself");
    }
    let made = after
        .channel_orders
        .iter()
        .filter(|order| before.channel_order(order.no).is_none());
    for order in made.filter(|order| order.state.is_open()) {
        if order.created_at.plus(LEAST_TIME_LEFT) > after.terms.expires_at {
            return broken("I-15", "an attempt was made with too little time left");
        }
    }
    if !damaged && after.announced < before.announced {
        return broken("I-16", "announcements were lost");
    }
    let mut sequences = after
        .announcements
        .iter()
        .map(|announcement| announcement.sequence);
    if sequences.any(|sequence| sequence > after.announced) {
        return broken("I-16", "an announcement has no number");
    }
    Ok(())
}

/// Whether all that is left to do about a payment is to wait for a channel or a person.
pub(crate) fn only_waits(payment: &Payment) -> bool {
    payment
        .obligations()
        .iter()
        .all(|obligation| match &obligation.task {
            payonce_domain::Task::AwaitReturn(_) => true,
            payonce_domain::Task::AskRefund(no) => payment
                .refund(*no)
                .is_some_and(|refund| refund.state == RefundState::Manual),
            _ => false,
        })
}

/// Whether a person has been called.
pub(crate) fn calls_for_people(payment: &Payment) -> bool {
    let manual = payment
        .refunds
        .iter()
        .any(|refund| refund.state == RefundState::Manual);
    let waits = payment.captures.iter().any(|capture| {
        matches!(
            capture.disposition,
            Disposition::Suspended(SuspenseReason::Reversing | SuspenseReason::Contradiction)
        )
    });
    manual || waits || !payment.cases.is_empty()
}
