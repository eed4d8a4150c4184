//! A channel that tells the truth: its books say what was paid, closed and given back, and nothing else does.
//!
//! It carries out each refund number once and caps nothing, so only our own numbers and reservations keep it from
//! paying back too much. It does not enforce the deadline where a real one is not known to.

use std::collections::BTreeMap;

use payonce_domain::schedule::Creation;
use payonce_domain::{
    Action, CreateAnswer, Money, Payment, RefundNo, RefundReport, Report, Timestamp,
};

use crate::clock::Phase;
use crate::names::{self, No};

/// What the channel knows of one attempt; an attempt that is not in its books is unknown to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// It can be paid.
    Open,
    /// The buyer paid it.
    Paid(PaidAt),
    /// It takes no money any more.
    Closed,
}

/// When a buyer paid: nothing else about it can matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PaidAt {
    /// Before the deadline.
    InTime,
    /// After it.
    Late,
}

impl PaidAt {
    /// At this moment.
    #[must_use]
    pub fn of(phase: Phase) -> Self {
        if phase < Phase::EXPIRED {
            Self::InTime
        } else {
            Self::Late
        }
    }

    /// A time that says so.
    fn time(self) -> Timestamp {
        match self {
            Self::InTime => Phase::OPENING.now(),
            Self::Late => Phase::EXPIRED.now(),
        }
    }
}

/// A call of ours that changes the channel's books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    /// Make the order.
    Create(No),
    /// Close it.
    Close(No),
    /// Give back what one refund is about.
    Refund(RefundNo),
}

/// What the channel says of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Word {
    /// Paid, then.
    Paid(PaidAt),
    /// Paid, then, and all of it given back since.
    PaidBack(PaidAt),
    /// Known, and not paid.
    Unpaid,
    /// Over.
    Closed,
    /// Not known.
    NotFound,
    /// Silence.
    NoAnswer,
}

impl Word {
    /// As the domain hears it.
    #[must_use]
    pub fn report(self, no: No) -> Report {
        let (trade_no, amount) = (names::trade_no(no), names::PRICE);
        match self {
            Self::Paid(at) => Report::Paid {
                trade_no,
                amount,
                paid_at: at.time(),
            },
            Self::PaidBack(at) => Report::PaidBack {
                trade_no,
                amount,
                paid_at: at.time(),
            },
            Self::Unpaid => Report::Unpaid,
            Self::Closed => Report::Closed,
            Self::NotFound => Report::NotFound,
            Self::NoAnswer => Report::NoAnswer,
        }
    }
}

/// The channel's books.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Channel {
    /// The attempts it knows.
    pub orders: BTreeMap<No, Standing>,
    /// The refund numbers it has had, and what went back under each; nothing for one it refused for good.
    pub refunds: BTreeMap<RefundNo, Option<Money>>,
}

impl Channel {
    /// What it knows of an attempt.
    #[must_use]
    pub fn standing(&self, no: No) -> Option<Standing> {
        self.orders.get(&no).copied()
    }

    /// What went back of what it took for an attempt.
    #[must_use]
    pub fn given_back(&self, no: No) -> u64 {
        let of_order = |refund: &&RefundNo| refund.channel_order() == no;
        let moved = self.refunds.iter().filter(|(refund, _)| of_order(refund));
        moved
            .filter_map(|(_, amount)| *amount)
            .map(Money::minor)
            .sum()
    }

    /// What it took for an attempt.
    #[must_use]
    pub fn taken(&self, no: No) -> u64 {
        match self.standing(no) {
            Some(Standing::Paid(_)) => names::PRICE.minor(),
            Some(Standing::Open | Standing::Closed) | None => 0,
        }
    }

    /// It is asked to make an order; none: nothing that settles anything.
    pub fn create(&mut self, no: No) -> Option<CreateAnswer> {
        match *self.orders.entry(no).or_insert(Standing::Open) {
            Standing::Open => Some(CreateAnswer::Made {
                action: Action::Qr {
                    content: "q".to_owned(),
                },
                expires_at: None,
            }),
            Standing::Paid(_) => None,
            Standing::Closed => Some(CreateAnswer::Refused),
        }
    }

    /// It is asked to close an order: whether it knows it, which is all its answer says.
    pub fn close(&mut self, no: No) -> bool {
        match self.orders.get_mut(&no) {
            Some(open @ Standing::Open) => {
                *open = Standing::Closed;
                true
            }
            Some(Standing::Paid(_) | Standing::Closed) => true,
            None => false,
        }
    }

    /// It is asked to give money back, and refuses for good or does it.
    pub fn refund(&mut self, no: RefundNo, amount: Money, refuses: bool) -> RefundReport {
        let new = (!refuses).then_some(amount);
        match self.refunds.entry(no).or_insert(new) {
            Some(_) => RefundReport::Succeeded,
            None => RefundReport::Failed,
        }
    }

    /// What became of a refund.
    #[must_use]
    pub fn refund_said(&self, no: RefundNo) -> RefundReport {
        match self.refunds.get(&no) {
            Some(Some(_)) => RefundReport::Succeeded,
            Some(None) => RefundReport::Failed,
            None => RefundReport::NotFound,
        }
    }

    /// What it says of an attempt.
    #[must_use]
    pub fn said(&self, no: No) -> Word {
        match self.standing(no) {
            Some(Standing::Paid(at)) if self.given_back(no) >= self.taken(no) => Word::PaidBack(at),
            Some(Standing::Paid(at)) => Word::Paid(at),
            Some(Standing::Open) => Word::Unpaid,
            Some(Standing::Closed) => Word::Closed,
            None => Word::NotFound,
        }
    }

    /// A call arrives, whoever still waits for the answer. Whether it changed the books.
    pub fn arrives(&mut self, call: Call, payment: &Payment) -> bool {
        let before = self.clone();
        match call {
            Call::Create(no) => {
                self.create(no);
            }
            Call::Close(no) => {
                self.close(no);
            }
            Call::Refund(no) => {
                if let Some(refund) = payment.refund(no) {
                    self.refund(no, refund.amount, false);
                }
            }
        }
        *self != before
    }
}

/// Until when an attempt can be opened and paid. One that a browser makes carries the deadline, which its channel
/// enforces within the margin; one that we make takes money until it is closed.
#[must_use]
pub fn payable_until(no: No) -> Phase {
    match payonce_domain::schedule::policy(no.channel(), no.method()).creation {
        Creation::ByBrowser => Phase::EXPIRED,
        Creation::ByCall | Creation::Once => Phase::PROVABLE,
    }
}

/// Whether nothing can make this attempt known to its channel any more, as far as time goes.
#[must_use]
pub fn is_out_of_time(no: No, now: Timestamp) -> bool {
    now > payable_until(no).now()
}
