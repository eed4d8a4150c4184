//! A capture (实收): money a channel holds for one of our channel orders, whatever we think of it.

use crate::evidence::Source;
use crate::ids::ChannelTradeNo;
use crate::money::Money;
use crate::numbers::ChannelOrderNo;
use crate::obligation::Due;
use crate::refund::RefundCause;
use crate::time::Timestamp;

/// Why captured money waits without being applied or returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SuspenseReason {
    /// A reversal (冲正) was on its way when the success came: one of the two will prove true.
    Reversing,
    /// The channel returns this kind of late money by itself; ours on top would be a second refund.
    ChannelReturns,
    /// Verified claims contradict each other about it.
    Contradiction,
}

/// What became of a capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Disposition {
    /// It paid the order.
    Applied,
    /// It goes back whole, for this cause.
    Returning(RefundCause),
    /// It waits.
    Suspended(SuspenseReason),
}

/// Money the channel took (实收), known by the channel's own number for the trade.
#[doc(alias = "实收")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// The channel's number; two claims with one number are one capture.
    pub trade_no: ChannelTradeNo,
    /// The attempt it was taken for.
    pub channel_order_no: ChannelOrderNo,
    /// What was really taken, whatever was asked.
    pub amount: Money,
    /// When, by the channel's clock.
    pub paid_at: Timestamp,
    /// The strongest source that vouched for it.
    pub source: Source,
    /// What became of it.
    pub disposition: Disposition,
    /// When to look again, where it waits for the channel to return it.
    pub due: Option<Due>,
}
