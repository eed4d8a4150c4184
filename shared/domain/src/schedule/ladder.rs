//! Ladders: the times at which something is asked about, ever further apart and without an end.

use crate::numbers::{ChannelOrderNo, RefundNo};
use crate::time::{Span, Timestamp};

/// Steps after a start, then a steady repeat for ever: no ladder ends, for a record that is no
/// longer asked about is money nobody looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ladder {
    pub(super) steps_seconds: &'static [u64],
    pub(super) repeat_seconds: u64,
}

/// How much further apart the rungs are for an account whose channel grants it few calls: a factor
/// from 1 to 10, in hundredths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stretch(u16);

impl Stretch {
    /// The documented pace.
    pub const NONE: Self = Self(100);

    /// A factor in percent, from 100 to 1000. `None` outside: an account is never asked about faster
    /// than its channel's documents say, and never left alone for days.
    #[must_use]
    pub const fn from_percent(percent: u16) -> Option<Self> {
        match percent {
            100..=1_000 => Some(Self(percent)),
            0..100 | 1_001.. => None,
        }
    }

    /// The factor in percent.
    #[must_use]
    pub const fn percent(self) -> u16 {
        self.0
    }

    fn of(self, span: Span) -> Span {
        Span::millis(span.as_millis().saturating_mul(u64::from(self.0)) / 100)
    }
}

impl Default for Stretch {
    fn default() -> Self {
        Self::NONE
    }
}

/// How one record climbs its ladder: stretched for its account, and a little later than others made
/// at the same moment (抖动), so that they do not all ask at once. The delay follows from the record's
/// number: a decision made again, or replayed, gives the same times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    stretch: Stretch,
    seed: u64,
}

/// The most a rung is late, as a part of the time it stands for.
const JITTER_PART: u64 = 20;
/// While a buyer may be watching, a rung is at most so late, ...
const JITTER_WATCHED_MAX: Span = Span::seconds(1);
/// ... and a buyer watches for so long.
const WATCHED: Span = Span::minutes(1);

impl Pace {
    /// An attempt's.
    #[must_use]
    pub fn of_channel_order(no: ChannelOrderNo, stretch: Stretch) -> Self {
        Self::seeded(&no.to_string(), stretch)
    }

    /// A refund's, whose calls a channel limits for each second and not by their sum.
    #[must_use]
    pub fn of_refund(no: RefundNo) -> Self {
        Self::seeded(&no.to_string(), Stretch::NONE)
    }

    fn seeded(number: &str, stretch: Stretch) -> Self {
        let seed = number.bytes().fold(0_u64, |seed, byte| {
            mixed(seed.wrapping_add(u64::from(byte)))
        });
        Self { stretch, seed }
    }

    /// How late a rung is that stands for a time of this length.
    fn jitter(self, rung: u64, span: Span) -> Span {
        let mut room = span.as_millis() / JITTER_PART;
        if span <= WATCHED {
            room = room.min(JITTER_WATCHED_MAX.as_millis());
        }
        Span::millis(mixed(self.seed.wrapping_add(rung)) % (room + 1))
    }
}

/// Spreads neighbouring numbers over the whole range (the finaliser of `SplitMix64`).
const fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

impl Ladder {
    /// The first rung after `now` on the ladder that began at `start`.
    #[must_use]
    pub fn next(&self, pace: Pace, start: Timestamp, now: Timestamp) -> Timestamp {
        if let Some(rung) = self.rungs(pace, start).find(|rung| *rung > now) {
            return rung;
        }
        let last = start.plus(self.reach(pace));
        let period = pace.stretch.of(Span::seconds(self.repeat_seconds));
        let begun = now.since(last).as_millis() / period.as_millis();
        let repeated = |times: u64| {
            let after = Span::millis(times.saturating_mul(period.as_millis()));
            last.plus(after).plus(pace.jitter(u64::MAX - times, period))
        };
        // The one whose time has come may be late enough to be still ahead.
        let late = begun.max(1);
        if repeated(late) > now {
            repeated(late)
        } else {
            repeated(late + 1)
        }
    }

    /// The rungs of the ladder that began at `start`, without the steady repeat.
    pub fn rungs(&self, pace: Pace, start: Timestamp) -> impl Iterator<Item = Timestamp> + '_ {
        let steps = (1..).zip(self.steps_seconds);
        steps.map(move |(rung, step)| {
            let span = pace.stretch.of(Span::seconds(*step));
            start.plus(span).plus(pace.jitter(rung, span))
        })
    }

    /// The documented steps, each counted from the start: what no pace is faster than.
    pub fn steps(&self) -> impl Iterator<Item = Span> {
        self.steps_seconds.iter().copied().map(Span::seconds)
    }

    /// The documented time between two repeats.
    #[must_use]
    pub const fn repeat(&self) -> Span {
        Span::seconds(self.repeat_seconds)
    }

    /// How far the steps reach; after that it is only repeated, and people should know.
    #[must_use]
    pub fn reach(&self, pace: Pace) -> Span {
        let last = self.steps_seconds.last().copied().unwrap_or(0);
        pace.stretch.of(Span::seconds(last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::{Channel, Method};
    use crate::ids::{MerchantId, MerchantOrderNo};
    use crate::numbers::PaymentKey;
    use crate::schedule::policy;

    fn number(order: u32) -> ChannelOrderNo {
        let merchant = MerchantId::new("demo").unwrap();
        let order = MerchantOrderNo::new(format!("order-{order}")).unwrap();
        let key = PaymentKey::derive(&merchant, &order);
        ChannelOrderNo::new(key, Channel::Alipay, Method::Page, 1)
    }

    fn ladders() -> impl Iterator<Item = Ladder> {
        let ways = Channel::ALL.into_iter();
        let ways = ways.flat_map(|channel| Method::ALL.map(|method| (channel, method)));
        ways.flat_map(|(channel, method)| {
            let policy = policy(channel, method);
            [policy.query, policy.closing, policy.refunds.query]
        })
    }

    const START: Timestamp = Timestamp::from_millis(1_000_000);

    /// F51: no ladder ends.
    #[test]
    fn the_next_rung_is_after_now_for_ever() {
        for (order, ladder) in (0..).zip(ladders()) {
            let pace = Pace::of_channel_order(number(order), Stretch::NONE);
            let mut now = START;
            for _ in 0..60 {
                let next = ladder.next(pace, START, now);
                assert!(next > now, "{next:?} is not after {now:?}");
                // And none is passed over.
                assert_eq!(ladder.next(pace, START, next.minus(Span::millis(1))), next);
                now = next;
            }
            assert!(now.since(START) > Span::hours(24));
        }
    }

    #[test]
    fn a_rung_is_never_early_and_hardly_late_while_a_buyer_watches() {
        for ladder in ladders() {
            for order in 0..50 {
                let pace = Pace::of_channel_order(number(order), Stretch::NONE);
                for (step, rung) in ladder.steps_seconds.iter().zip(ladder.rungs(pace, START)) {
                    let documented = START.plus(Span::seconds(*step));
                    assert!(rung >= documented, "{rung:?} comes before {step} s");
                    let late = rung.since(documented);
                    assert!(late <= Span::millis(step * 1_000 / JITTER_PART));
                    assert!(
                        *step > 60 || late <= Span::seconds(1),
                        "{late:?} at {step} s"
                    );
                }
            }
        }
    }

    /// F52: what was put off together is not asked together.
    #[test]
    fn orders_made_together_are_asked_about_apart() {
        let ladder = policy(Channel::Alipay, Method::Page).query;
        let tenth = |order| {
            let pace = Pace::of_channel_order(number(order), Stretch::NONE);
            ladder.rungs(pace, START).last().unwrap()
        };
        let mut times: Vec<_> = (0..1_000).map(tenth).collect();
        times.sort_unstable();
        // Three minutes' room: the thousand spread over all of it, and again the same way.
        let room = times[999].since(times[0]);
        assert!(room > Span::seconds(170), "{room:?}");
        let quarter = times[0].plus(Span::millis(room.as_millis() / 4));
        let early = times.iter().filter(|time| **time < quarter).count();
        assert!((200..300).contains(&early), "{early} of 1000");
        assert_eq!(tenth(7), tenth(7));
    }

    #[test]
    fn a_stretched_account_is_asked_less_often_and_for_ever() {
        let ladder = policy(Channel::Wechat, Method::Native).query;
        let asked = |percent| {
            let stretch = Stretch::from_percent(percent).unwrap();
            let pace = Pace::of_channel_order(number(1), stretch);
            let (mut now, mut times) = (START, 0);
            while now.since(START) < Span::days(1) {
                now = ladder.next(pace, START, now);
                times += 1;
            }
            times
        };
        assert_eq!((asked(100), asked(200), asked(1_000)), (33, 21, 12));
    }

    #[test]
    fn a_pace_faster_than_the_documents_cannot_be_said() {
        for percent in [0, 1, 99, 1_001, u16::MAX] {
            assert_eq!(Stretch::from_percent(percent), None);
        }
        assert_eq!(Stretch::from_percent(100), Some(Stretch::NONE));
    }
}
