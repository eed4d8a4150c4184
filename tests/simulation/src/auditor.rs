//! The auditor: trusts the channels' books and nothing we say, and looks after every step.
//!
//! Each check names its invariant (`I-1` …). The first that is broken ends the run.

use std::collections::{BTreeMap, BTreeSet};

use payonce_domain::{
    ChannelOrderNo, Disposition, Payment, PaymentKey, RefundCause, RefundState, Source,
};
use payonce_store::engine::{self, Item};

use crate::books::Moved;
use crate::effect::key;
use crate::expression::number;
use crate::fault::Fault;
use crate::steps::steps;
use crate::tally::Sometimes;
use crate::world::{Happening, World};

/// What the auditor remembers.
#[derive(Debug, Default)]
pub(crate) struct Auditor {
    /// Every payment as it was last written.
    pub(crate) last: BTreeMap<String, Payment>,
    /// What was broken, if anything was.
    pub(crate) broken: Option<String>,
    /// Questions to channels since faults stopped (I-30).
    pub(crate) asked: u64,
    /// Messages to queues since faults stopped (I-30).
    pub(crate) sent: u64,
    /// Payments whose record was damaged; then a history need not lead to it, until the audit has made it.
    pub(crate) damaged: BTreeSet<String>,
    /// Whether a row of the ledger was lost.
    pub(crate) row_erased: bool,
    /// Payments of which a decision was undone: then we may have asked for what we do not know of.
    pub(crate) undone: BTreeSet<String>,
    /// Every payment's item before its last write, in worlds where a decision may be undone.
    pub(crate) before: BTreeMap<String, Item>,
    /// The same item as it was last written.
    pub(crate) now: BTreeMap<String, Item>,
    /// Whether a record was damaged in a way that the sweep cannot see: the audit has to mend it.
    pub(crate) to_restore: bool,
    /// Refunds that were deleted from their records, and parts that lost their time.
    pub(crate) erased: BTreeSet<String>,
    /// Refund numbers and what they were for (I-6).
    pub(crate) numbers: BTreeMap<String, (String, u64)>,
    /// Payments that somebody was shown as paid, and when that was first (I-19).
    pub(crate) shown_paid: BTreeMap<String, u64>,
}

impl Auditor {
    /// Whether a decision about this payment was undone.
    pub(crate) fn is_undone(&self, key: PaymentKey) -> bool {
        self.undone.contains(key.as_str())
    }
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
        let before = self.auditor.last.insert(key.clone(), after.clone());
        self.note(format_args!(
            "stored v{} {:?}",
            after.version.0, after.state
        ));
        if self
            .running
            .get(&owner)
            .is_some_and(|one| one.serves_stranger)
        {
            self.breaks("I-11", "a stranger's notification changed a payment");
        }
        // Where a decision was undone, versions come twice.
        if let Err(what) = steps(before.as_ref(), &after, self.auditor.damaged.contains(&key))
            && !self.auditor.undone.contains(&key)
        {
            return self.breaks(what.0, &what.1);
        }
        self.captures_are_real(&after);
        self.refunds_are_real(&after);
        if let Err(error) = after.money() {
            self.breaks("I-8", &error.to_string());
        }
        let listed = item.get("d").and_then(number);
        if after.due_at().map(|due| due.as_millis()) != listed && !crate::wrong::index_lies() {
            self.breaks("I-17", "the index and the obligations differ");
        }
        let beside = match self.runner(owner) {
            "operator" => Some("scan"),
            "scan" => Some("operator"),
            _ => None,
        };
        if beside.is_some_and(|name| self.running.values().any(|one| one.name == name)) {
            self.tally.saw(Sometimes::OperatorBesideSweep);
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

    /// I-20: whatever we call given back, a channel gave back, in this amount.
    fn refunds_are_real(&mut self, payment: &Payment) {
        let done = |refund: &&payonce_domain::Refund| refund.state == RefundState::Succeeded;
        for refund in payment.refunds.iter().filter(done) {
            let no = refund.no.channel_order().to_string();
            let Some(trade) = self.books.trades.get(&no) else {
                return self.breaks("I-20", &format!("no channel knows of {no}"));
            };
            let back = trade.refunds.get(&refund.no.to_string());
            let real = back.is_some_and(|back| {
                back.moved == Moved::Done && back.amount == refund.amount.minor()
            });
            // What a channel gives back by itself has its number there, not ours.
            if !real && trade.returned() < refund.amount.minor() {
                return self.breaks("I-20", &format!("{} went back nowhere", refund.no));
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
            if self
                .running
                .get(&owner)
                .is_some_and(|one| one.came_to_close)
            {
                self.tally.saw(Sometimes::LearntByClose);
            }
            match after.captures.len() {
                2 => self.tally.saw(Sometimes::TwoCaptures),
                3 => self.tally.saw(Sometimes::ThreeCaptures),
                _ => {}
            }
        }
        for refund in &after.refunds {
            if self.auditor.erased.remove(&refund.no.to_string()) {
                let by = self.runner(owner);
                if by == "audit" && !self.auditor.to_restore {
                    self.breaks("I-24", "the sweep left a deleted refund to the audit");
                }
                self.tally.saw(match by {
                    "scan" => Sometimes::RefundRepairedBySweep,
                    _ => Sometimes::RefundRepaired,
                });
            }
        }
        for order in &after.channel_orders {
            if order.due.is_some() && self.auditor.erased.remove(&order.no.to_string()) {
                self.tally.saw(Sometimes::DueRepaired);
            }
        }
        let known = before.map_or(0, |before| before.refunds.len());
        if after.refunds.len() > known && self.plan.enables(Fault::RefundErased) {
            // Between its being owed and its being sent there is not much time to lose it.
            let delay = self.chance.between(1, 400);
            self.after(delay, Happening::Damage(Fault::RefundErased));
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
                RefundCause::Operator => self.tally.saw(Sometimes::OperatorRefund),
                RefundCause::Appeal | RefundCause::Reconciliation | RefundCause::Channel => {}
            }
        }
        if after.successor.is_some() && before.is_some_and(|before| before.successor.is_none()) {
            self.tally.saw(Sometimes::Superseded);
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
        if !durable && !self.auditor.is_undone(no.key()) {
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
            let undone =
                ChannelOrderNo::parse(no).is_some_and(|no| self.auditor.is_undone(no.key()));
            !trade.forgotten
                && !undone
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
