//! Facts: what channels said, and that time passed. A fact cannot be refused, only weighed.

use crate::announcement::MerchantSaid;
use crate::channel::Action;
use crate::evidence::Evidence;
use crate::ids::{AccountId, ChannelTradeNo};
use crate::money::Money;
use crate::numbers::{ChannelOrderNo, RefundNo};
use crate::payment::Version;
use crate::time::Timestamp;

/// On what occasion a claim was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Occasion {
    /// The channel spoke by itself: a notification or a bill line.
    Told,
    /// It answered a question asked when the item had this version. A negative answer counts for
    /// that version only: if the item moved meanwhile, the question has to be asked again.
    Asked(Version),
    /// It answered the call that sends a refund.
    Sent,
}

/// What a channel says of an order's fate (渠道回报).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Report {
    /// It took money.
    Paid {
        /// Its number for the trade.
        trade_no: ChannelTradeNo,
        /// What it took.
        amount: Money,
        /// When, by its clock.
        paid_at: Timestamp,
    },
    /// It took money, and all of it went back since, by whomever.
    PaidBack {
        /// Its number for the trade.
        trade_no: ChannelTradeNo,
        /// What it took and gave back.
        amount: Money,
        /// When it took it, by its clock.
        paid_at: Timestamp,
    },
    /// It took money that it will not settle, and returns by itself (UnionPay 42, 74, 75).
    TakenLate {
        /// Its number for the trade.
        trade_no: ChannelTradeNo,
        /// What it took.
        amount: Money,
        /// When, by its clock.
        paid_at: Timestamp,
    },
    /// It knows the order, has taken nothing, and still may.
    Unpaid,
    /// It took nothing and will not.
    Closed,
    /// It knows no such order; which proves little while the buyer could still pay.
    NotFound,
    /// No usable answer: silence, an unreadable body, a signature that does not hold, a word we do not know.
    NoAnswer,
}

/// What a channel answered when asked to create an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreateAnswer {
    /// It made the order and gave this to pay with, until then.
    Made {
        /// What the buyer pays with.
        action: Action,
        /// Until when it works; `None`: as long as the order.
        expires_at: Option<Timestamp>,
    },
    /// It has the buyer's payment code (付款码) and waits for the buyer; there is nothing to hand out.
    Taken,
    /// It refuses this order for good.
    Refused,
}

/// What a channel says of a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefundReport {
    /// The money went back.
    Succeeded,
    /// The request was taken; the outcome comes later.
    Accepted,
    /// This number will never move money.
    Failed,
    /// The call certainly had no effect and may be repeated with the same number later.
    NotYet,
    /// Only a person can bring it forward.
    NeedsPerson,
    /// The channel knows no refund of this number.
    NotFound,
    /// No usable answer.
    NoAnswer,
}

/// What a channel answered when asked to reverse an order (冲正).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReversalReport {
    /// Money that was taken went back, and none will be taken any more.
    Reversed,
    /// There is nothing to give back, as no money is known to have been taken, and none will be.
    NothingTaken,
    /// It will not be reversed.
    Refused,
    /// Not settled: repeat.
    Again,
}

/// How a channel counts what it returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReturnedSum {
    /// By this return alone; each has a number of its own.
    Alone(Money),
    /// By all that went back from this trade so far, ours included.
    InAll(Money),
}

/// Something that happened, whatever we think of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// A channel answered a create.
    CreateAnswered {
        /// Which attempt.
        no: ChannelOrderNo,
        /// What it said.
        answer: CreateAnswer,
    },
    /// A channel spoke of an attempt.
    Reported {
        /// Which attempt.
        no: ChannelOrderNo,
        /// Under which of the merchant's contracts it spoke.
        account: AccountId,
        /// On what the claim rests.
        evidence: Evidence,
        /// On what occasion.
        occasion: Occasion,
        /// What it said.
        report: Report,
    },
    /// A channel answered a reversal.
    ReversalAnswered {
        /// Which attempt.
        no: ChannelOrderNo,
        /// What it said.
        report: ReversalReport,
    },
    /// A channel spoke of a refund.
    RefundReported {
        /// Which refund.
        no: RefundNo,
        /// On what the claim rests.
        evidence: Evidence,
        /// On what occasion.
        occasion: Occasion,
        /// What it said.
        report: RefundReport,
    },
    /// A channel returned money without our asking.
    Returned {
        /// From which attempt.
        no: ChannelOrderNo,
        /// On what the claim rests.
        evidence: Evidence,
        /// The channel's, or another system's, number for the return.
        return_no: String,
        /// How much went back.
        returned: ReturnedSum,
    },
    /// Complete bills show that the channel will not return this late capture by itself.
    ReturnAbsent {
        /// Which capture.
        trade_no: ChannelTradeNo,
    },
    /// The bus or the merchant was told, or was tried to be.
    Told {
        /// Which announcement.
        sequence: u32,
        /// Whether the bus took it, if it was tried.
        published: Option<bool>,
        /// What the merchant's server said, if it was called.
        merchant: Option<MerchantSaid>,
    },
    /// What was due was tried, and time has passed: deadlines take effect, ladders move on.
    Ticked,
}
