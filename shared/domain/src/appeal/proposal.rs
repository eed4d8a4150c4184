//! What the facts suggest: a pure function, the same for everybody who looks.

use super::Claim;
use super::findings::{Findings, OrderFacts, SameBuyer};
use crate::money::Money;
use crate::numbers::{PaymentNo, RefundNo};
use crate::refund::RefundState;
use crate::time::Span;

/// How far apart two orders for the same goods are still taken for one wish.
const ONE_WISH: Span = Span::hours(24);

/// What the facts suggest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proposal {
    /// The buyer gave up the older order while it was unknown and ordered again, and both were paid:
    /// the older one goes back.
    Refund {
        /// Which order's money.
        payment_no: PaymentNo,
        /// All that it holds.
        amount: Money,
        /// The order that stays.
        kept: PaymentNo,
    },
    /// Nothing is owed, and this proves it.
    Dismiss(Dismissal),
    /// An order's money is not known yet, or is on its way back: look again.
    Wait,
    /// No rule settles it.
    Person(ForPerson),
}

/// Why nothing is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dismissal {
    /// What was paid twice went back under this number.
    AlreadyReturned(RefundNo),
    /// One order is paid, and no channel took money for another.
    PaidOnce(PaymentNo),
    /// No channel took money.
    NeverPaid,
}

/// Why people must judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ForPerson {
    /// The claim is not one that facts decide.
    Claim,
    /// The orders are for different goods, at different prices, or far apart.
    DifferentGoods,
    /// The orders show two buyers, or do not show one.
    NotOneBuyer,
    /// The older order was known to be paid when the newer one was made: the buyer may have wanted both.
    BothWanted,
    /// More than two orders are paid.
    ManyPaid,
    /// A part of the older order went back already.
    PartlyReturned,
    /// Money waits for a person or for the channel's word already.
    Suspense,
    /// A channel's bill and our books do not agree about the money.
    BillDiffers,
}

impl Proposal {
    /// Whether the facts prove it, so that nobody's answer can change it.
    #[must_use]
    pub const fn is_proven(&self) -> bool {
        match self {
            Self::Refund { .. } | Self::Dismiss(_) => true,
            Self::Wait | Self::Person(_) => false,
        }
    }

    /// The word in the HTTP contract.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Refund { .. } => "refund",
            Self::Dismiss(_) => "dismiss",
            Self::Wait => "wait",
            Self::Person(_) => "person",
        }
    }

    /// Why, as a word in the HTTP contract.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Refund { .. } => "ordered_again",
            Self::Dismiss(Dismissal::AlreadyReturned(_)) => "already_returned",
            Self::Dismiss(Dismissal::PaidOnce(_)) => "paid_once",
            Self::Dismiss(Dismissal::NeverPaid) => "never_paid",
            Self::Wait => "not_known_yet",
            Self::Person(why) => why.name(),
        }
    }
}

impl ForPerson {
    /// Every reason.
    pub const ALL: [Self; 8] = [
        Self::Claim,
        Self::DifferentGoods,
        Self::NotOneBuyer,
        Self::BothWanted,
        Self::ManyPaid,
        Self::PartlyReturned,
        Self::Suspense,
        Self::BillDiffers,
    ];

    /// The word in the HTTP contract.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Claim => "other_claim",
            Self::DifferentGoods => "different_goods",
            Self::NotOneBuyer => "not_one_buyer",
            Self::BothWanted => "both_wanted",
            Self::ManyPaid => "many_paid",
            Self::PartlyReturned => "partly_returned",
            Self::Suspense => "suspense",
            Self::BillDiffers => "bill_differs",
        }
    }
}

/// What the facts suggest for a claim.
#[must_use]
pub fn propose(claim: Claim, findings: &Findings) -> Proposal {
    match claim {
        Claim::Other => Proposal::Person(ForPerson::Claim),
        Claim::PaidTwice => paid_twice(findings),
    }
}

fn paid_twice(findings: &Findings) -> Proposal {
    if findings.orders.iter().any(OrderFacts::is_unknown) {
        return Proposal::Wait;
    }
    // What a bill lacks may be money that nobody took, and what only a bill has is money all the same.
    if findings.orders.iter().any(OrderFacts::is_in_doubt) {
        return Proposal::Person(ForPerson::BillDiffers);
    }
    let holds = |order: &&OrderFacts| !order.refundable.is_zero();
    let holding: Vec<_> = findings.orders.iter().filter(holds).collect();
    match holding[..] {
        [] => nothing_more_than(findings, Dismissal::NeverPaid),
        [one] => nothing_more_than(findings, Dismissal::PaidOnce(one.payment_no)),
        [older, newer] => two_paid(findings, older, newer),
        [_, _, _, ..] => Proposal::Person(ForPerson::ManyPaid),
    }
}

fn two_paid(findings: &Findings, older: &OrderFacts, newer: &OrderFacts) -> Proposal {
    let apart = newer.created_at.since(older.created_at);
    let same_goods = older.subject == newer.subject && older.amount == newer.amount;
    if !same_goods || apart > ONE_WISH {
        return Proposal::Person(ForPerson::DifferentGoods);
    }
    if findings.same_buyer != SameBuyer::Yes {
        return Proposal::Person(ForPerson::NotOneBuyer);
    }
    // What was given back in part was dealt with by people, who knew why.
    if older.refundable != older.amount {
        return Proposal::Person(ForPerson::PartlyReturned);
    }
    if !older.was_given_up_for(newer) {
        return Proposal::Person(ForPerson::BothWanted);
    }
    Proposal::Refund {
        payment_no: older.payment_no,
        amount: older.refundable,
        kept: newer.payment_no,
    }
}

/// At most one order holds money. What became of any other decides.
fn nothing_more_than(findings: &Findings, proof: Dismissal) -> Proposal {
    let refunds = findings.orders.iter().flat_map(|order| &order.refunds);
    let mut returned = None;
    for refund in refunds {
        match refund.state {
            RefundState::Due | RefundState::Sent | RefundState::Accepted => return Proposal::Wait,
            RefundState::Manual => return Proposal::Person(ForPerson::Suspense),
            RefundState::Succeeded => returned = Some(refund.no),
            RefundState::Failed => {}
        }
    }
    if let Some(no) = returned {
        return Proposal::Dismiss(Dismissal::AlreadyReturned(no));
    }
    let holds_nothing =
        |order: &&OrderFacts| order.refundable.is_zero() && !order.captured.is_zero();
    if findings.orders.iter().any(|order| holds_nothing(&order)) {
        return Proposal::Person(ForPerson::Suspense);
    }
    Proposal::Dismiss(proof)
}
