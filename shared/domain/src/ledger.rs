//! The ledger (账本): one row for each movement of money that we know of, written as it becomes known, so
//! that a day can be compared with the channel's bill without reading a single payment.
//!
//! A change that moves money leaves the movement in the payment, as a part of the same write. Whoever
//! stores the next change writes the rows first, and the next change takes them off the payment. So a
//! row never tells of what was not decided, a crash loses none, and a row written twice is the same row.

use std::fmt;

use jiff::civil::Date;
use jiff::tz::Offset;

use crate::channel::Channel;
use crate::ids::{AccountId, ChannelTradeNo};
use crate::money::Money;
use crate::numbers::{ChannelOrderNo, RefundNo};
use crate::obligation::{BACKSTOP, Due};
use crate::payment::{Payment, Version};
use crate::refund::RefundState;
use crate::time::{Span, Timestamp};

/// China keeps one offset, without summer time.
const BEIJING: Offset = Offset::constant(8);

/// The day of a channel's bill (账单日), by the channel's own calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BillDay(Date);

impl BillDay {
    /// The day in whose bill a moment belongs. UnionPay's settlement day ends at 23:00 (日切).
    #[must_use]
    pub fn of(channel: Channel, at: Timestamp) -> Self {
        let at = match channel {
            Channel::Alipay | Channel::Wechat => at,
            Channel::Unionpay => at.plus(Span::hours(1)),
        };
        let millis = i64::try_from(at.as_millis()).unwrap_or(i64::MAX);
        let instant = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX);
        Self(BEIJING.to_datetime(instant).date())
    }

    /// Reads `yyyy-MM-dd`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let date: Date = text.parse().ok()?;
        (date.to_string() == text).then_some(Self(date))
    }

    /// The day as a date.
    #[must_use]
    pub const fn date(self) -> Date {
        self.0
    }

    /// The day after.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.tomorrow().unwrap_or(self.0))
    }

    /// The day before.
    #[must_use]
    pub fn previous(self) -> Self {
        Self(self.0.yesterday().unwrap_or(self.0))
    }

    /// From when on its bill is expected: ten in the morning after it, in Beijing.
    #[must_use]
    pub fn bill_ready_at(self) -> Timestamp {
        let ready = BEIJING.to_timestamp(self.next().0.at(10, 0, 0, 0));
        let millis = ready.map_or(0, jiff::Timestamp::as_millisecond);
        Timestamp::from_millis(u64::try_from(millis).unwrap_or(0))
    }

    /// How many days `earlier` lies before this one; none where it does not.
    #[must_use]
    pub fn days_since(self, earlier: Self) -> u32 {
        let days = earlier.0.duration_until(self.0).as_hours() / 24;
        u32::try_from(days).unwrap_or(0)
    }
}

impl fmt::Display for BillDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// In which direction money moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Movement {
    /// From the buyer.
    Payment,
    /// Back to the buyer.
    Refund,
}

impl Movement {
    /// As records and views name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Payment => "payment",
            Self::Refund => "refund",
        }
    }

    /// Reads such a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [Self::Payment, Self::Refund];
        all.into_iter().find(|movement| movement.name() == name)
    }
}

/// Which movement of a payment's money.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MovementId {
    /// A capture, by the channel's number.
    Capture(ChannelTradeNo),
    /// A refund that went back, or that turned out not to have.
    Refund(RefundNo),
}

/// Movements that are still to be written to the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unbooked {
    /// When they became known: the day of the ledger that they belong to.
    pub since: Timestamp,
    /// Which. Never empty.
    pub movements: Vec<MovementId>,
}

impl Unbooked {
    /// When the sweep has to see to it. The next change mostly comes sooner, and does it by the way.
    #[must_use]
    pub const fn due(&self) -> Due {
        Due {
            at: self.since.plus(BACKSTOP),
            messaged: false,
        }
    }
}

/// One movement as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRow {
    /// Under which contract.
    pub account: AccountId,
    /// The day of the ledger: of its becoming known, which may be later than that of the movement.
    pub day: BillDay,
    /// In which direction.
    pub movement: Movement,
    /// The attempt whose money moved.
    pub order_no: ChannelOrderNo,
    /// The refund's number, where money went back.
    pub refund_no: Option<RefundNo>,
    /// The channel's number for the trade whose money moved.
    pub trade_no: ChannelTradeNo,
    /// How much.
    pub amount: Money,
    /// When it moved, as far as we know.
    pub at: Timestamp,
    /// The payment's version that made it known: a later one replaces an earlier.
    pub version: Version,
    /// It did not move after all: a refund that came back.
    pub void: bool,
}

impl Payment {
    /// The ledger's rows for what the last change moved.
    #[must_use]
    pub fn ledger_rows(&self) -> Vec<LedgerRow> {
        let Some(unbooked) = &self.unbooked else {
            return Vec::new();
        };
        let rows = unbooked.movements.iter();
        rows.filter_map(|id| self.ledger_row(id, unbooked.since))
            .collect()
    }

    fn ledger_row(&self, id: &MovementId, since: Timestamp) -> Option<LedgerRow> {
        let (capture, refund) = match id {
            MovementId::Capture(trade_no) => (self.capture(trade_no)?, None),
            MovementId::Refund(no) => {
                let refund = self.refund(*no)?;
                (self.capture(&refund.trade_no)?, Some(refund))
            }
        };
        let order_no = capture.channel_order_no;
        Some(LedgerRow {
            account: self.channel_order(order_no)?.account.clone(),
            day: BillDay::of(order_no.channel(), since),
            movement: refund.map_or(Movement::Payment, |_| Movement::Refund),
            order_no,
            refund_no: refund.map(|refund| refund.no),
            trade_no: capture.trade_no.clone(),
            amount: refund.map_or(capture.amount, |refund| refund.amount),
            at: refund.map_or(capture.paid_at, |refund| refund.sent_at.unwrap_or(since)),
            version: self.version,
            void: refund.is_some_and(|refund| refund.state != RefundState::Succeeded),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S18: an hour before midnight UnionPay's next day begins, and nobody else's.
    #[test]
    fn the_settlement_day_ends_at_the_channels_own_hour() {
        // 2026-11-25 23:30 in Beijing.
        let late = Timestamp::from_millis(1_795_620_600_000);
        assert_eq!(BillDay::of(Channel::Wechat, late).to_string(), "2026-11-25");
        assert_eq!(BillDay::of(Channel::Alipay, late).to_string(), "2026-11-25");
        let unionpay = BillDay::of(Channel::Unionpay, late);
        assert_eq!(unionpay.to_string(), "2026-11-26");
        assert_eq!(unionpay.previous().next(), unionpay);
        assert_eq!(unionpay.days_since(unionpay.previous()), 1);
        assert_eq!(unionpay.previous().days_since(unionpay), 0);
        assert_eq!(BillDay::parse("2026-11-26"), Some(unionpay));
        // 2026-11-27 10:00 in Beijing.
        let ready = Timestamp::from_millis(1_795_744_800_000);
        assert_eq!(unionpay.bill_ready_at(), ready);
        assert_eq!(BillDay::parse("2026-11-6"), None);
    }
}
