//! The pace of telling a receiver again that did not take a message.

use ring::digest;

use crate::time::{Span, Timestamp};

/// Waits between attempts, which end: a receiver that took nothing for days is for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryLadder {
    waits_seconds: &'static [u64],
}

/// How much of a wait can be added to it, in percent.
const JITTER_PERCENT: u64 = 10;

impl RetryLadder {
    /// Twelve attempts over two days: close together at first, for a receiver that is being
    /// restarted, then so far apart that one that is down over a night and a day still hears of it.
    pub const STANDARD: Self = Self {
        waits_seconds: &[
            5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 86_400,
        ],
    };

    /// When to try again after so many attempts, the last of which ended at `now`; `None` once there
    /// were enough. `id` spreads receivers' messages, so that a receiver that comes back does not get
    /// all it missed at one moment; the same id and attempt always give the same time.
    #[must_use]
    pub fn next(&self, id: &str, attempts: u32, now: Timestamp) -> Option<Timestamp> {
        let made = usize::try_from(attempts).unwrap_or(usize::MAX).max(1);
        let wait = Span::seconds(*self.waits_seconds.get(made - 1)?);
        Some(now.plus(wait).plus(jitter(id, attempts, wait)))
    }

    /// How many attempts it allows.
    #[must_use]
    pub const fn attempts_max(&self) -> usize {
        self.waits_seconds.len() + 1
    }
}

/// Up to a tenth of the wait, and never less than nothing: no attempt comes before its time.
fn jitter(id: &str, attempts: u32, wait: Span) -> Span {
    let hash = digest::digest(&digest::SHA256, format!("{id}#{attempts}").as_bytes());
    let mut first = [0; 4];
    first.copy_from_slice(&hash.as_ref()[..4]);
    let most = wait.as_millis() * JITTER_PERCENT / 100;
    Span::millis(u64::from(u32::from_be_bytes(first)) % (most + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(id: &str) -> Vec<u64> {
        let mut now = Timestamp::from_millis(0);
        let mut times = Vec::new();
        for attempts in 1.. {
            let Some(next) = RetryLadder::STANDARD.next(id, attempts, now) else {
                return times;
            };
            now = next;
            times.push(now.as_millis());
        }
        unreachable!("the ladder ends")
    }

    #[test]
    fn it_lasts_more_than_a_day_and_ends() {
        let times = times("P1-1");
        assert_eq!(times.len() + 1, RetryLadder::STANDARD.attempts_max());
        let last = Span::millis(*times.last().unwrap());
        assert!(last > Span::hours(48) && last < Span::hours(60), "{last:?}");
    }

    #[test]
    fn the_same_message_keeps_its_pace_and_others_have_their_own() {
        assert_eq!(times("P1-1"), times("P1-1"));
        assert_ne!(times("P1-1"), times("P1-2"));
    }

    #[test]
    fn no_attempt_comes_early_or_much_later() {
        let now = Timestamp::from_millis(1_000);
        for id in 0..200 {
            let next = RetryLadder::STANDARD.next(&id.to_string(), 1, now).unwrap();
            let wait = next.since(now);
            assert!((5_000..=5_500).contains(&wait.as_millis()), "{wait:?}");
        }
    }
}
