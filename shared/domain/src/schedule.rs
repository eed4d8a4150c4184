//! Paces: when a channel is asked, asked again, and for how long an absence proves nothing.
//!
//! Everything that differs between channels and methods in time or ability is one [`Policy`]; a
//! decision asks it and never the channel's name.

use crate::channel::{Channel, Method};
use crate::time::{Span, Timestamp};

/// Steps after a start, then a steady repeat for ever: no ladder ends, for a record that is no
/// longer asked about is money nobody looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ladder {
    steps_seconds: &'static [u64],
    repeat_seconds: u64,
}

impl Ladder {
    /// The first rung after `now` on the ladder that began at `start`.
    #[must_use]
    pub fn next(&self, start: Timestamp, now: Timestamp) -> Timestamp {
        let mut rungs = self.rungs(start);
        if let Some(rung) = rungs.find(|rung| *rung > now) {
            return rung;
        }
        let last = start.plus(Span::seconds(
            self.steps_seconds.last().copied().unwrap_or(0),
        ));
        let period = Span::seconds(self.repeat_seconds).as_millis();
        let periods = now.since(last).as_millis() / period + 1;
        last.plus(Span::millis(periods.saturating_mul(period)))
    }

    /// The rungs of the ladder that began at `start`, without the steady repeat.
    pub fn rungs(&self, start: Timestamp) -> impl Iterator<Item = Timestamp> + '_ {
        self.steps_seconds
            .iter()
            .map(move |step| start.plus(Span::seconds(*step)))
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

/// The pace and abilities of one channel and method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Who makes the order known.
    pub creation: Creation,
    /// When to ask about an order that may be paid, counted from its creation.
    pub query: Ladder,
    /// When to try again to close, or prove closed, counted from the start of the closing.
    pub closing: Ladder,
    /// When to ask about a refund, counted from its first sending.
    pub refund: Ladder,
    /// How long to wait before a refund refused without effect is sent again.
    pub refund_again: Span,
    /// How long after the deadline "not found" still proves nothing: the channel's clock may lag,
    /// and a payment begun in time may still be under way.
    pub absence_margin: Span,
    /// Whether the channel can close an unpaid order.
    pub closes: bool,
    /// How young an order the channel refuses to close.
    pub close_wait: Span,
    /// Whether the channel returns captures made after the deadline by itself.
    pub returns_late_captures: bool,
}

/// How far from an order's creation its rungs are sent as messages at once: SQS carries a message
/// for 900 s at most.
pub const EARLY_RUNGS: Span = Span::seconds(600);

/// The longest delay a message can carry (SQS `DelaySeconds`).
pub const MESSAGE_DELAY_MAX: Span = Span::seconds(900);

/// The least time an order must have left for an attempt to be worth making.
pub const LEAST_TIME_LEFT: Span = Span::seconds(120);

/// How long one holder may be busy creating an order at a channel. Longer than the call's own
/// time-out, so that a second caller does not start while the first still waits.
pub const CREATE_LEASE: Span = Span::seconds(12);

const QUERY: Ladder = Ladder {
    steps_seconds: &[5, 15, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600],
    repeat_seconds: 3_600,
};
const CLOSING: Ladder = Ladder {
    steps_seconds: &[10, 30, 60, 300, 900, 1_800, 3_600],
    repeat_seconds: 3_600,
};
const UNIONPAY_QUERY: Ladder = Ladder {
    steps_seconds: &[10, 30, 60, 300, 600, 1_800, 3_600, 7_200],
    repeat_seconds: 7_200,
};

/// The policy of a channel and method. Sources: Alipay asks for 10 s between a refund and the
/// question about it; WeChat for a minute; UnionPay's demo for powers of two from 1 s.
#[must_use]
pub const fn policy(channel: Channel, method: Method) -> Policy {
    let creation = match method {
        Method::Page | Method::Wap | Method::Gateway => Creation::ByBrowser,
        Method::Native | Method::Jsapi | Method::H5 => Creation::ByCall,
        Method::Code => Creation::Once,
    };
    match channel {
        Channel::Alipay => Policy {
            creation,
            query: QUERY,
            closing: CLOSING,
            refund: Ladder {
                steps_seconds: &[12, 30, 60, 300, 1_800, 3_600],
                repeat_seconds: 3_600,
            },
            refund_again: Span::seconds(30),
            absence_margin: Span::minutes(5),
            closes: true,
            close_wait: Span::seconds(0),
            returns_late_captures: false,
        },
        Channel::Wechat => Policy {
            creation,
            query: QUERY,
            closing: CLOSING,
            refund: Ladder {
                steps_seconds: &[60, 120, 180, 480, 1_080, 2_280, 4_080],
                repeat_seconds: 3_600,
            },
            refund_again: Span::minutes(1),
            absence_margin: Span::minutes(5),
            closes: true,
            close_wait: Span::minutes(5),
            returns_late_captures: false,
        },
        Channel::Unionpay => Policy {
            creation,
            query: UNIONPAY_QUERY,
            closing: CLOSING,
            refund: Ladder {
                steps_seconds: &[2, 4, 8, 16, 32, 3_600],
                repeat_seconds: 3_600,
            },
            refund_again: Span::minutes(1),
            absence_margin: Span::minutes(5),
            closes: false,
            close_wait: Span::seconds(0),
            returns_late_captures: true,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_rung_is_after_now_for_ever() {
        let start = Timestamp::from_millis(1_000_000);
        let mut now = start;
        for _ in 0..40 {
            let next = QUERY.next(start, now);
            assert!(next > now, "{next:?} is not after {now:?}");
            now = next;
        }
        assert!(now.since(start) > Span::hours(24));
    }

    #[test]
    fn early_rungs_fit_one_batch_of_messages() {
        let start = Timestamp::from_millis(0);
        for channel in Channel::ALL {
            for method in Method::ALL {
                let ladder = policy(channel, method).query;
                let early = ladder
                    .rungs(start)
                    .filter(|r| r.since(start) <= EARLY_RUNGS)
                    .count();
                assert!((1..=10).contains(&early));
            }
        }
    }
}
