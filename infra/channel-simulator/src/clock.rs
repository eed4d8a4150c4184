//! The channels' clock: real time plus whatever a test has advanced it by.
//!
//! Expiry, retry ladders and every timestamp follow it, so a day of retries takes no time at all.

use std::{
    cell::Cell,
    time::{Duration, SystemTime},
};

use jiff::{
    Timestamp,
    civil::{Date, DateTime, Weekday},
    tz::Offset,
};
use serde::{Deserialize, Serialize};

/// Channels write local times without a zone, and all of them mean Beijing.
const BEIJING: Offset = Offset::constant(8);

/// The furthest that one call may move the clock: ten years keep all arithmetic far from its ends.
pub(crate) const ADVANCE_SECONDS_MAX: i64 = 10 * 366 * 86_400;

/// An instant on the virtual clock, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Moment(i64);

impl Moment {
    /// A moment by its milliseconds since 1970.
    pub(crate) fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970.
    pub(crate) fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970.
    pub(crate) fn as_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The same for libraries that know no other time.
    pub(crate) fn as_system_time(self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(self.0).unwrap_or(0))
    }

    /// Moves forward by whole seconds; a negative count moves back.
    pub(crate) fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// Milliseconds from this moment until a later one; zero when it has passed.
    pub(crate) fn millis_until(self, later: Self) -> u64 {
        u64::try_from(later.0.saturating_sub(self.0)).unwrap_or(0)
    }

    /// `2026-01-31T08:00:00.000Z`, for the control API.
    pub(crate) fn rfc3339(self) -> String {
        format!("{:.3}", self.timestamp())
    }

    /// `2026-01-31 16:00:00`, as Alipay writes times.
    pub(crate) fn beijing(self) -> String {
        self.in_beijing("%Y-%m-%d %H:%M:%S")
    }

    /// `2026-01-31 16:00:00.000`, as Alipay writes the time of a refund in notifications.
    pub(crate) fn beijing_millis(self) -> String {
        format!("{}.{:03}", self.beijing(), self.0.rem_euclid(1000))
    }

    /// `2026-01-31T16:00:00+08:00`, as WeChat Pay writes times.
    pub(crate) fn beijing_rfc3339(self) -> String {
        self.in_beijing("%Y-%m-%dT%H:%M:%S+08:00")
    }

    /// `20260131160000`, as UnionPay writes times, and inside longer numbers.
    pub(crate) fn beijing_compact(self) -> String {
        self.in_beijing("%Y%m%d%H%M%S")
    }

    /// `20260131`, the start of many channel numbers.
    pub(crate) fn beijing_day(self) -> String {
        self.in_beijing("%Y%m%d")
    }

    /// The same time of day so many working days later. Public holidays are working days here.
    pub(crate) fn plus_working_days(self, days: u32) -> Self {
        let mut moment = self;
        for _ in 0..days {
            moment = moment.plus_seconds(86_400);
            while moment.day_in_beijing().is_weekend() {
                moment = moment.plus_seconds(86_400);
            }
        }
        moment
    }

    /// The last second of this moment's day in Beijing.
    pub(crate) fn end_of_beijing_day(self) -> Option<Self> {
        Self::from_beijing(&format!("{} 23:59:59", self.in_beijing("%Y-%m-%d")))
    }

    /// The calendar day in Beijing.
    pub(crate) fn day_in_beijing(self) -> Day {
        Day(BEIJING.to_datetime(self.timestamp()).date())
    }

    /// Reads `yyyy-MM-dd HH:mm:ss` in Beijing time; anything written differently is refused.
    pub(crate) fn from_beijing(text: &str) -> Option<Self> {
        let civil = DateTime::strptime("%Y-%m-%d %H:%M:%S", text).ok()?;
        let moment = Self(BEIJING.to_timestamp(civil).ok()?.as_millisecond());
        (moment.beijing() == text).then_some(moment)
    }

    /// Reads what [`Moment::beijing_compact`] writes.
    pub(crate) fn from_beijing_compact(text: &str) -> Option<Self> {
        let civil = DateTime::strptime("%Y%m%d%H%M%S", text).ok()?;
        let moment = Self(BEIJING.to_timestamp(civil).ok()?.as_millisecond());
        (moment.beijing_compact() == text).then_some(moment)
    }

    /// Reads `2026-01-31T16:00:00+08:00` or the same in another zone, which must be named.
    pub(crate) fn from_rfc3339(text: &str) -> Option<Self> {
        let is_separated = text.as_bytes().get(10) == Some(&b'T');
        let timestamp: Timestamp = text.parse().ok().filter(|_| is_separated)?;
        Some(Self(timestamp.as_millisecond()))
    }

    fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.0).unwrap_or(Timestamp::MAX)
    }

    fn in_beijing(self, format: &str) -> String {
        BEIJING
            .to_datetime(self.timestamp())
            .strftime(format)
            .to_string()
    }
}

/// A calendar day in Beijing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day(Date);

impl Day {
    /// Reads `2026-01-31`; anything written differently is refused.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let day = Self(Date::strptime("%Y-%m-%d", text).ok()?);
        (day.0.to_string() == text).then_some(day)
    }

    pub(crate) fn next(self) -> Self {
        Self(self.0.tomorrow().unwrap_or(Date::MAX))
    }

    fn is_weekend(self) -> bool {
        matches!(self.0.weekday(), Weekday::Saturday | Weekday::Sunday)
    }

    /// `20260131`.
    pub(crate) fn compact(self) -> String {
        self.0.strftime("%Y%m%d").to_string()
    }

    /// Its first moment.
    pub(crate) fn start(self) -> Moment {
        let midnight = BEIJING.to_timestamp(self.0.at(0, 0, 0, 0));
        Moment(midnight.unwrap_or(Timestamp::MAX).as_millisecond())
    }
}

/// Real time with an offset that only grows.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Clock {
    offset_seconds: i64,
    /// Whether merchants' clocks follow this one. It is said anew at every start.
    #[serde(skip)]
    is_followed: bool,
}

thread_local! {
    /// What time this thread's world says it is, where one is played faster than time passes.
    static PLAYED: Cell<Option<Moment>> = const { Cell::new(None) };
}

/// The time on the wall, which signatures carry and certificates are dated by: real, unless this thread plays.
pub(crate) fn wall() -> Moment {
    PLAYED
        .get()
        .unwrap_or_else(|| Moment(Timestamp::now().as_millisecond()))
}

/// Lets this thread's wall clock stand until it is told another time.
pub(crate) fn play(moment: Moment) {
    PLAYED.set(Some(moment));
}

impl Clock {
    pub(crate) fn now(self) -> Moment {
        wall().plus_seconds(self.offset_seconds)
    }

    /// What merchants' clocks show, by which signatures and the times of orders are judged: real time, unless
    /// they follow this clock.
    pub(crate) fn wall(self) -> Moment {
        if self.is_followed { self.now() } else { wall() }
    }

    /// The same clock, with every merchant's clock following it.
    pub(crate) fn followed(self) -> Self {
        Self {
            is_followed: true,
            ..self
        }
    }

    pub(crate) fn advance(&mut self, seconds: i64) {
        self.offset_seconds = self.offset_seconds.saturating_add(seconds);
    }

    pub(crate) fn offset_seconds(self) -> i64 {
        self.offset_seconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beijing_times_are_read_exactly_as_written() {
        let moment = Moment::from_beijing("2026-03-01 00:00:00").unwrap();
        assert_eq!(moment.rfc3339(), "2026-02-28T16:00:00.000Z");
        assert_eq!(moment.beijing_millis(), "2026-03-01 00:00:00.000");
        assert_eq!(
            moment.end_of_beijing_day().unwrap().beijing(),
            "2026-03-01 23:59:59"
        );
        for wrong in [
            "2026-3-1 00:00:00",
            "2026-02-30 00:00:00",
            "2026-03-01T00:00:00",
            "",
        ] {
            assert_eq!(Moment::from_beijing(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn compact_times_are_read_exactly_as_written() {
        let moment = Moment::from_beijing_compact("20260301000000").unwrap();
        assert_eq!(moment.beijing(), "2026-03-01 00:00:00");
        for wrong in [
            "2026030100000",
            "20260230000000",
            "2026-3-1000000",
            "２０２６",
        ] {
            assert_eq!(Moment::from_beijing_compact(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn weekends_are_not_working_days() {
        let friday = Moment::from_beijing("2026-11-27 10:00:00").unwrap();
        let later = friday.plus_working_days(5);
        assert_eq!(later.beijing(), "2026-12-04 10:00:00");
        assert_eq!(friday.plus_working_days(1).beijing(), "2026-11-30 10:00:00");
    }

    #[test]
    fn merchants_keep_to_the_wall_unless_they_follow() {
        let mut clock = Clock::default();
        clock.advance(86_400);
        assert!(clock.wall() < clock.now().plus_seconds(-86_000));
        let followed = clock.followed();
        assert!(followed.wall() > clock.wall().plus_seconds(86_000));
    }

    #[test]
    fn advances_accumulate() {
        let mut clock = Clock::default();
        let before = clock.now();
        clock.advance(60);
        clock.advance(60);
        assert!(before.plus_seconds(119) < clock.now());
    }
}
