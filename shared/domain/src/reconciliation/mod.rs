//! Reconciliation (对账): a day's ledger against the channel's bill of that day.
//!
//! [`join`] pairs what both sides say in the same words, part by part, in the same memory at any size.
//! [`pair`] takes what is left of one day together with what the days before left in the pool (存疑,
//! 缓冲池), and pairs by the channel's number alone. What still stands alone is judged (`judge.rs`): carried
//! over the day boundary, proven by the payment itself, repaired through the one decision function, or
//! shown to people as a [`Discrepancy`]. Nothing here reads a clock or a table.

mod answer;
mod discrepancy;
mod fee;
mod judge;
mod matching;
mod pairing;
mod parts;
mod report;
mod settlement;

pub use answer::after_answer;
pub use discrepancy::{Discrepancy, DiscrepancyClass, Proposal, Subject};
pub use fee::FeeRate;
pub use judge::{Known, Verdict, judge_line, judge_matched, judge_other_amount, judge_row};
pub use matching::{Entry, Fingerprint, Fingerprinter, Posting};
pub use pairing::{Pairs, pair};
pub use parts::{Met, Parts, Spill, join};
pub use report::{Report, Tally};
pub use settlement::{DayProgress, DayState};

use crate::ids::ChannelTradeNo;
use crate::ledger::{BillDay, Movement};
use crate::money::Money;
use crate::time::Timestamp;

/// How many further bills are waited for before a payment that stands alone is judged.
pub const CARRY_PAYMENT_DAYS: u32 = 1;

/// The same for a refund, which one side may count when it is asked for and the other when it is done.
pub const CARRY_REFUND_DAYS: u32 = 3;

/// How long a refund is carried that both sides say is under way.
pub const CARRY_UNDER_WAY_DAYS: u32 = 30;

/// How a line says that its movement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// The money moved.
    Done,
    /// It is on its way.
    UnderWay,
    /// It did not move, or came back.
    Failed,
}

/// A line of a bill, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillLine {
    /// The day of the bill that it stands in.
    pub day: BillDay,
    /// Where in that bill, counted from 1.
    pub position: u32,
    /// In which direction money moved.
    pub movement: Movement,
    /// The merchant's number for the order, as it stands there; it may not be one of ours.
    pub order_no: String,
    /// The merchant's number for the refund, on lines of refunds.
    pub refund_no: Option<String>,
    /// The channel's number for the trade.
    pub trade_no: ChannelTradeNo,
    /// What moved.
    pub amount: Money,
    /// What the channel kept, where it says so.
    pub fee: Option<Money>,
    /// When, by the channel's clock.
    pub at: Timestamp,
    /// How it stands.
    pub standing: Standing,
    /// The day on which it was first found without a row. What is learnt of a payment stands in the ledger of the day on
    /// which it is learnt, which is later than the next where a bill came late.
    pub alone_since: Option<BillDay>,
}

impl BillLine {
    /// What both sides would say of it.
    #[must_use]
    pub fn posting(&self) -> Posting<'_> {
        Posting {
            movement: self.movement,
            number: self.refund_no.as_deref().unwrap_or(&self.order_no),
            trade_no: self.trade_no.as_str(),
            amount: self.amount,
        }
    }
}

/// How many days a movement is carried for.
#[must_use]
pub const fn carry_days(movement: Movement) -> u32 {
    match movement {
        Movement::Payment => CARRY_PAYMENT_DAYS,
        Movement::Refund => CARRY_REFUND_DAYS,
    }
}
