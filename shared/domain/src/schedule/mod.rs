//! Paces: when a channel is asked, asked again, and for how long an absence proves nothing.
//!
//! Everything that differs between channels and methods in time or ability is one [`Policy`]; a
//! decision asks it and never the channel's name.

mod alipay;
mod ladder;
mod retry;
mod unionpay;
mod wechat;

pub use ladder::{Ladder, Pace, Stretch};

use crate::channel::{Channel, Method};
use crate::time::{Span, Timestamp};

pub use retry::RetryLadder;

impl Policy {
    /// The questions whose messages were all sent when an order of this pace was made at `start` that can be
    /// paid until `deadline`.
    pub fn early_rungs(
        &self,
        pace: Pace,
        start: Timestamp,
        deadline: Timestamp,
    ) -> impl Iterator<Item = Timestamp> + '_ {
        let rungs = self.query.rungs(pace, start);
        rungs.filter(move |at| at.since(start) <= EARLY_RUNGS && *at < deadline)
    }
}

/// Who makes the order known to the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Creation {
    /// The buyer's browser, by opening a link or posting a form we signed; no call of ours.
    ByBrowser,
    /// A call of ours, which may be repeated to the byte.
    ByCall,
    /// A call of ours that itself takes the money, and is never made twice.
    Once,
}

/// The pace and abilities of one channel and method: what the application asks instead of the
/// channel's name. The contract tests hold every adapter to it and print it as
/// `shared/channels/CAPABILITIES.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Who makes the order known.
    pub creation: Creation,
    /// When to ask about an order that may be paid, counted from its creation.
    pub query: Ladder,
    /// When to try again to close, reverse, or prove closed, counted from the start of the closing.
    pub closing: Ladder,
    /// How long after the deadline "not found" still proves nothing: the channel's clock may lag,
    /// and a payment begun in time may still be under way.
    pub absence_margin: Span,
    /// Whether a create that was never answered must be proven dead by one more (placed and refused, or
    /// placed and closed): what arrives after the deadline may be taken.
    pub burns: bool,
    /// Whether the channel can close an unpaid order.
    pub closes: bool,
    /// How young an order the channel refuses to close.
    pub close_wait: Span,
    /// Whether an order of unknown outcome can be reversed (冲正).
    pub reverses: bool,
    /// How long a buyer has to confirm a payment code (付款码) before it is reversed.
    pub confirm_within: Span,
    /// Whether the channel returns captures made after the deadline by itself.
    pub returns_late_captures: bool,
    /// How money is sent back.
    pub refunds: RefundPolicy,
}

/// How a channel sends money back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundPolicy {
    /// Whether it gives back less than the whole.
    pub partial: bool,
    /// Whether it tells of a refund's outcome by itself.
    pub notified: bool,
    /// When to ask about a refund, counted from its first sending.
    pub query: Ladder,
    /// How long to wait before a refund refused without effect is sent again.
    pub again: Span,
    /// The least time between two refunds of one order.
    pub pace: Span,
    /// The most refunds sent a second for one account. Where the channel allows fewer refused calls
    /// than good ones, the lower figure: which of the two a call will be is not known before.
    pub per_second: u32,
    /// How long after the payment a refund is accepted.
    pub window: Span,
    /// Whether a refund is known to the channel by its number and the time of its first sending, so
    /// that it cannot be repeated once that settlement day is over.
    pub named_by_time: bool,
    /// Whether a whole capture can be undone (消费撤销) within its settlement day.
    pub undoes: bool,
}

/// How far from an order's creation its rungs are sent as messages at once, the one after ten minutes
/// included however late it is: SQS carries a message for 900 s at most.
pub const EARLY_RUNGS: Span = Span::seconds(640);

/// The longest delay a message can carry (SQS `DelaySeconds`).
pub const MESSAGE_DELAY_MAX: Span = Span::seconds(900);

/// How far ahead a message is sent that has to be passed on until its time comes: sixteen hops, as often
/// as Lambda lets a message return to its own queue before it suspects a loop.
pub const HOPS_REACH: Span = Span::seconds(14_400);

/// The least time an order must have left for an attempt to be worth making.
pub const LEAST_TIME_LEFT: Span = Span::seconds(120);

/// How long one holder may be busy creating an order at a channel, or reversing it. Longer than the call's own
/// time-out, so that a second caller does not start while the first still waits.
pub const CREATE_LEASE: Span = Span::seconds(12);

/// The usual questions about an order: close together while a buyer may be watching.
const QUERY: Ladder = Ladder {
    steps_seconds: &[5, 15, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600],
    repeat_seconds: 3_600,
};
/// Questions about a payment code (付款码): the buyer stands at the counter. WeChat and Alipay both
/// ask for one every 3 to 6 s, for about a minute.
const CODE_QUERY: Ladder = Ladder {
    steps_seconds: &[5, 10, 15, 20, 25, 30, 40, 50, 60],
    repeat_seconds: 3_600,
};
const CLOSING: Ladder = Ladder {
    steps_seconds: &[10, 30, 60, 300, 900, 1_800, 3_600],
    repeat_seconds: 3_600,
};
/// A reversal (冲正) is repeated until the channel answers for good.
const REVERSING: Ladder = Ladder {
    steps_seconds: &[5, 10, 15, 30, 60, 120, 300, 900, 1_800, 3_600],
    repeat_seconds: 3_600,
};

/// How long a buyer at the counter has to confirm a payment code.
const CONFIRM_WITHIN: Span = Span::seconds(60);

/// The policy of a channel and method.
#[must_use]
pub const fn policy(channel: Channel, method: Method) -> Policy {
    match channel {
        Channel::Alipay => alipay::policy(method),
        Channel::Wechat => wechat::policy(method),
        Channel::Unionpay => unionpay::policy(method),
    }
}

/// Who creates an order, which follows from the method alone.
const fn creation(method: Method) -> Creation {
    match method {
        Method::Page | Method::Wap | Method::Gateway => Creation::ByBrowser,
        Method::Native | Method::Jsapi | Method::H5 => Creation::ByCall,
        Method::Code => Creation::Once,
    }
}

/// Whether the method is a payment code, which is asked about faster and reversed, not closed.
const fn is_code(method: Method) -> bool {
    matches!(creation(method), Creation::Once)
}

/// The settlement day (清算日) of an instant: UnionPay's runs from 23:00 to 23:00 in Beijing, which is
/// 15:00 UTC.
#[must_use]
pub const fn settlement_day(at: Timestamp) -> u64 {
    at.plus(Span::hours(9)).as_millis() / Span::days(1).as_millis()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{MerchantId, MerchantOrderNo};
    use crate::numbers::{ChannelOrderNo, PaymentKey};

    #[test]
    fn a_settlement_day_ends_at_eleven_in_the_evening() {
        // date -u -d '2026-11-20 15:00:00' +%s
        let cut = Timestamp::from_millis(1_795_186_800_000);
        assert_eq!(
            cut.as_millis() % Span::days(1).as_millis(),
            Span::hours(15).as_millis()
        );
        let day = settlement_day(cut);
        assert_eq!(settlement_day(cut.minus(Span::millis(1))), day - 1);
        assert_eq!(
            settlement_day(cut.plus(Span::hours(24)).minus(Span::millis(1))),
            day
        );
    }

    #[test]
    fn early_rungs_fit_one_batch_of_messages() {
        let start = Timestamp::from_millis(0);
        let merchant = MerchantId::new("demo").unwrap();
        let key = PaymentKey::derive(&merchant, &MerchantOrderNo::new("order").unwrap());
        for channel in Channel::ALL {
            for method in Method::ALL {
                let ladder = policy(channel, method).query;
                let no = ChannelOrderNo::new(key, channel, method, 1);
                let early = ladder
                    .rungs(Pace::of_channel_order(no, Stretch::NONE), start)
                    .filter(|r| r.since(start) <= EARLY_RUNGS)
                    .count();
                assert!((1..=10).contains(&early));
            }
        }
    }

    /// A question at the deadline or after it is the closing's to ask.
    #[test]
    fn early_rungs_end_before_the_deadline() {
        let start = Timestamp::from_millis(0);
        let merchant = MerchantId::new("demo").unwrap();
        let key = PaymentKey::derive(&merchant, &MerchantOrderNo::new("order").unwrap());
        let no = ChannelOrderNo::new(key, Channel::Alipay, Method::Page, 1);
        let pace = Pace::of_channel_order(no, Stretch::NONE);
        let policy = policy(Channel::Alipay, Method::Page);
        let until = |deadline| {
            let rungs = policy.early_rungs(pace, start, deadline);
            rungs.collect::<Vec<_>>()
        };
        let all = until(start.plus(Span::days(1)));
        assert!(all.len() > 2);
        assert_eq!(until(all[2]), all[..2]);
        assert_eq!(until(all[2].plus(Span::millis(1))), all[..3]);
    }
}
