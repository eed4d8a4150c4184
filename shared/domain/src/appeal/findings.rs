//! What the system finds out about an appeal by itself: the orders side by side, as they stood then.
//!
//! Nothing personal is kept: of the buyer only whether both orders show the same one.

use super::bill::{BillFacts, BillFinding, only_in_bills};
use crate::channel_order::ChannelOrderState;
use crate::evidence::Source;
use crate::fact::Report;
use crate::ids::MerchantOrderNo;
use crate::ledger::BillDay;
use crate::money::Money;
use crate::numbers::{ChannelOrderNo, PaymentNo, RefundNo};
use crate::payment::{Payment, PaymentState, Version};
use crate::refund::{Refund, RefundCause, RefundState};
use crate::time::{Span, Timestamp};

/// A payment as it was looked at, with what stands beside its item.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The payment, after its channels were asked.
    pub payment: Payment,
    /// When it became known that it is paid.
    pub paid_known_at: Option<Timestamp>,
    /// When the buyer gave it up, or confirmed to order anew.
    pub given_up_at: Option<Timestamp>,
    /// What each channel said just now.
    pub said: Vec<(ChannelOrderNo, ChannelWord)>,
    /// What the bills say of each attempt.
    pub billed: Vec<(ChannelOrderNo, BillFacts)>,
}

/// What a channel says of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChannelWord {
    /// It took money.
    Paid,
    /// It took money and gave it back, or will.
    Returned,
    /// It took none, and still may.
    Unpaid,
    /// It took none and will not, or knows of no such order.
    Nothing,
    /// It did not say.
    Silent,
}

impl ChannelWord {
    /// Every word.
    pub const ALL: [Self; 5] = [
        Self::Paid,
        Self::Returned,
        Self::Unpaid,
        Self::Nothing,
        Self::Silent,
    ];

    /// The word in the HTTP contract.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::Returned => "returned",
            Self::Unpaid => "unpaid",
            Self::Nothing => "nothing",
            Self::Silent => "silent",
        }
    }
}

impl From<&Report> for ChannelWord {
    fn from(report: &Report) -> Self {
        match report {
            Report::Paid { .. } => Self::Paid,
            Report::PaidBack { .. } | Report::TakenLate { .. } => Self::Returned,
            Report::Unpaid => Self::Unpaid,
            Report::Closed | Report::NotFound => Self::Nothing,
            Report::NoAnswer => Self::Silent,
        }
    }
}

/// Whether two orders are one buyer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SameBuyer {
    /// The same id at the channel, the same address, or one order replaced the other.
    Yes,
    /// Two ids at the channel.
    No,
    /// Nothing tells.
    Unknown,
}

impl SameBuyer {
    /// Every answer.
    pub const ALL: [Self; 3] = [Self::Yes, Self::No, Self::Unknown];

    /// The word in the HTTP contract.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }
}

/// One attempt, and what its channel and the bills say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptFacts {
    /// Which.
    pub no: ChannelOrderNo,
    /// How it stands in our books.
    pub state: ChannelOrderState,
    /// What the channel says of it now.
    pub said: ChannelWord,
    /// What the bills say of it; none: they were not looked at.
    pub bill: Option<BillFacts>,
}

/// One refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundFacts {
    /// Which.
    pub no: RefundNo,
    /// Why.
    pub cause: RefundCause,
    /// How much.
    pub amount: Money,
    /// How far.
    pub state: RefundState,
}

/// What one order shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderFacts {
    /// Which.
    pub payment_no: PaymentNo,
    /// The merchant's number for it.
    pub merchant_order_no: MerchantOrderNo,
    /// The goods, as the buyer read them.
    pub subject: String,
    /// What was to be paid.
    pub amount: Money,
    /// When it was opened.
    pub created_at: Timestamp,
    /// The version that was looked at.
    pub version: Version,
    /// How it stands.
    pub state: PaymentState,
    /// All that channels took for it.
    pub captured: Money,
    /// What it still holds: the most that can be given back.
    pub refundable: Money,
    /// When it was paid, by the channel's clock.
    pub paid_at: Option<Timestamp>,
    /// When that became known to us.
    pub paid_known_at: Option<Timestamp>,
    /// The strongest source that vouches for it: with the bill's word, the bill.
    pub vouched_by: Option<Source>,
    /// When the buyer gave it up.
    pub given_up_at: Option<Timestamp>,
    /// The order that replaced it.
    pub successor: Option<PaymentNo>,
    /// Its attempts.
    pub attempts: Vec<AttemptFacts>,
    /// Its refunds.
    pub refunds: Vec<RefundFacts>,
}

impl OrderFacts {
    fn of(seen: &Seen) -> Self {
        let payment = &seen.payment;
        let winner = payment.winner.as_ref().and_then(|no| payment.capture(no));
        let zero = payment.terms.amount.zero_like();
        Self {
            payment_no: payment.payment_no(),
            merchant_order_no: payment.terms.merchant_order_no.clone(),
            subject: payment.terms.subject.clone(),
            amount: payment.terms.amount,
            created_at: payment.created_at,
            version: payment.version,
            state: payment.state,
            captured: payment.money().map_or(zero, |money| money.captured),
            refundable: payment.refundable(),
            paid_at: winner.map(|capture| capture.paid_at),
            paid_known_at: seen.paid_known_at,
            vouched_by: payment.captures.iter().map(|one| one.source).max(),
            given_up_at: seen.given_up_at,
            successor: payment.successor,
            attempts: attempts(seen),
            refunds: payment.refunds.iter().map(refund).collect(),
        }
    }

    /// Whether its money is not known: it is not paid, and an attempt may still take money.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        let open = self.attempts.iter().any(|attempt| attempt.state.is_open());
        open && self.state != PaymentState::Paid
    }

    /// Whether a bill leaves in doubt how much money it holds: it lacks what we have, has what we lack, or
    /// says another thing of it.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        let bills = || self.attempts.iter().filter_map(|one| one.bill.as_ref());
        // What only a bill had counts as paid: our books must have come to have it.
        let mut only_there = only_in_bills(bills()).into_iter();
        let zero = self.captured.zero_like();
        let only_there = only_there.try_fold(zero, Money::checked_add);
        let mut found = bills().flat_map(|bill| &bill.found);
        found.any(BillFinding::is_doubt) || only_there.is_none_or(|sum| sum > self.captured)
    }

    /// Whether the buyer gave it up for `other` while nobody knew that it was paid.
    #[must_use]
    pub fn was_given_up_for(&self, other: &Self) -> bool {
        let before_known = |at: Timestamp| self.paid_known_at.is_none_or(|known| at < known);
        self.successor == Some(other.payment_no)
            || self.given_up_at.is_some_and(before_known)
            || (self.created_at < other.created_at && before_known(other.created_at))
    }
}

fn attempts(seen: &Seen) -> Vec<AttemptFacts> {
    let said = |no| seen.said.iter().find(|(asked, _)| *asked == no);
    let billed = |no| seen.billed.iter().find(|(about, _)| *about == no);
    let orders = seen.payment.channel_orders.iter();
    orders
        .map(|order| AttemptFacts {
            no: order.no,
            state: order.state,
            said: said(order.no).map_or(ChannelWord::Silent, |(_, word)| *word),
            bill: billed(order.no).map(|(_, bill)| bill.clone()),
        })
        .collect()
}

fn refund(refund: &Refund) -> RefundFacts {
    RefundFacts {
        no: refund.no,
        cause: refund.cause,
        amount: refund.amount,
        state: refund.state,
    }
}

/// What was found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    /// The orders, the oldest first.
    pub orders: Vec<OrderFacts>,
    /// Whether all are for the same goods at the same price.
    pub same_goods: bool,
    /// Whether all are one buyer's.
    pub same_buyer: SameBuyer,
    /// How long after the first the last one was opened.
    pub apart: Span,
}

impl Findings {
    /// What these orders show side by side.
    #[must_use]
    pub fn of(seen: &[Seen]) -> Self {
        let mut orders: Vec<_> = seen.iter().map(OrderFacts::of).collect();
        orders.sort_by_key(|order| (order.created_at, order.payment_no));
        let same = |a: &OrderFacts, b: &OrderFacts| a.subject == b.subject && a.amount == b.amount;
        let same_goods = orders.windows(2).all(|two| same(&two[0], &two[1]));
        let apart = match (orders.first(), orders.last()) {
            (Some(first), Some(last)) => last.created_at.since(first.created_at),
            (None, _) | (_, None) => Span::default(),
        };
        Self {
            orders,
            same_goods,
            same_buyer: same_buyer(seen),
            apart,
        }
    }

    /// The days whose bills may still say something of these orders.
    pub fn bills_waited_for(&self) -> impl Iterator<Item = BillDay> {
        let attempts = self.orders.iter().flat_map(|order| &order.attempts);
        let bills = attempts.filter_map(|attempt| attempt.bill.as_ref());
        let waiting = bills.filter(|bill| !bill.is_compared);
        waiting.map(|bill| bill.day)
    }

    /// What was found of this order.
    #[must_use]
    pub fn order(&self, no: PaymentNo) -> Option<&OrderFacts> {
        self.orders.iter().find(|order| order.payment_no == no)
    }
}

/// Two ids at a channel are two people, or one with two accounts: then nobody is sure.
fn same_buyer(seen: &[Seen]) -> SameBuyer {
    let mut pairs = seen.windows(2).map(|two| one_buyer(&two[0], &two[1]));
    pairs
        .try_fold(SameBuyer::Yes, |_, pair| match pair {
            SameBuyer::Yes => Ok(pair),
            SameBuyer::No | SameBuyer::Unknown => Err(pair),
        })
        .unwrap_or_else(|other| other)
}

fn one_buyer(a: &Seen, b: &Seen) -> SameBuyer {
    let replaced = a.payment.successor == Some(b.payment.payment_no())
        || b.payment.successor == Some(a.payment.payment_no());
    if replaced {
        return SameBuyer::Yes;
    }
    let (a, b) = (&a.payment.terms, &b.payment.terms);
    match (&a.payer, &b.payer) {
        (Some(one), Some(other)) if one == other => SameBuyer::Yes,
        (Some(_), Some(_)) => SameBuyer::No,
        (None, _) | (_, None) => match (&a.client_ip, &b.client_ip) {
            (Some(one), Some(other)) if one == other => SameBuyer::Yes,
            // One buyer has an address at home and another one on the way.
            (Some(_) | None, Some(_) | None) => SameBuyer::Unknown,
        },
    }
}
