//! Breakers in the table `controls`: which channel account is in trouble, and when it is tried again
//! (熔断).
//!
//! An account's breaker opens when the channel was silent, or said nothing usable, about so many
//! different orders and for so long: one order that cannot be read never opens it, and neither do a few
//! lost answers among many good ones, since whoever gets an answer ends the trouble. While it is open nothing is
//! asked of the channel; then one caller probes, and an answer closes it.

use aws_sdk_dynamodb::types::AttributeValue;
use payonce_domain::{AccountId, Channel, ChannelOrderNo, Span, Timestamp};

use crate::Store;
use crate::engine::{Expression, Item};
use crate::error::StoreError;
use crate::record::{self, KEY, RECORD_VERSION};

/// How many different orders in trouble open a breaker.
const ORDERS_IN_TROUBLE: usize = 5;
/// How long trouble must last. Longer than a process goes without looking at the breaker, so that one
/// that is answered has ended it by then.
const LASTING: Span = Span::seconds(3);
/// How long trouble is remembered: what happened longer ago says little of now.
const WINDOW: Span = Span::minutes(1);
/// How long a breaker stays open the first time; each failed probe doubles it.
const OPEN_FIRST: Span = Span::seconds(10);
/// The longest it stays open before the next probe.
const OPEN_MAX: Span = Span::minutes(5);
/// How long a probe may be under way: longer than anybody waits for a channel.
const PROBE_LASTS: Span = Span::seconds(10);

/// The orders in trouble, since when they are counted, until when the breaker is open, how often in a row
/// it opened, and until when the last probe is under way.
const ORDERS: &str = "o";
const SINCE: &str = "w";
const UNTIL: &str = "u";
const TRIPS: &str = "t";
const PROBE: &str = "p";

/// How a channel account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Breaker {
    /// How many orders met trouble lately.
    pub orders_in_trouble: usize,
    /// Since when.
    pub in_trouble_since: Option<Timestamp>,
    /// Until when nothing is asked, if it opened; after that one probe goes through.
    pub open_until: Option<Timestamp>,
    /// How often it opened since the channel last answered.
    pub trips: u32,
    /// Until when the probe that went through may be under way: by then its answer has closed the breaker.
    pub probed_until: Option<Timestamp>,
}

impl Breaker {
    /// Whether nothing is to be asked of the channel at `now`.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.open_until.is_some_and(|until| until > now)
    }

    /// Until when a caller at `now` is to wait, if it is open: while a probe is under way, for that one's
    /// answer and no longer.
    #[must_use]
    pub fn shut_until(&self, now: Timestamp) -> Option<Timestamp> {
        let until = self.open_until.filter(|until| *until > now)?;
        let probed = self.probed_until.filter(|probed| *probed > now);
        Some(probed.map_or(until, |probed| probed.min(until)))
    }

    /// Whether it opened and waits for a probe.
    #[must_use]
    pub fn wants_probe(&self, now: Timestamp) -> bool {
        self.open_until.is_some_and(|until| until <= now)
    }

    fn of(item: &Item) -> Self {
        let number = |name: &str| item.get(name)?.as_n().ok()?.parse::<u64>().ok();
        let orders = item.get(ORDERS).and_then(|value| value.as_ss().ok());
        Self {
            orders_in_trouble: orders.map_or(0, Vec::len),
            in_trouble_since: number(SINCE).map(Timestamp::from_millis),
            open_until: number(UNTIL).map(Timestamp::from_millis),
            trips: number(TRIPS)
                .and_then(|trips| trips.try_into().ok())
                .unwrap_or(0),
            probed_until: number(PROBE).map(Timestamp::from_millis),
        }
    }
}

fn key(line: &Line) -> String {
    let Line {
        channel,
        account,
        work,
    } = line;
    let channel = channel.name();
    match work {
        Work::Asking => format!("breaker#{channel}#{account}"),
        Work::Placing => format!("breaker#{channel}#{account}#placing"),
    }
}

fn open_for(trips: u32) -> Span {
    let doubled = OPEN_FIRST.as_millis().checked_shl(trips.min(16));
    Span::millis(doubled.unwrap_or(u64::MAX)).min(OPEN_MAX)
}

fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// One conditional change of a breaker.
struct Change {
    update: &'static str,
    condition: &'static str,
    names: Vec<(&'static str, &'static str)>,
    values: Vec<(&'static str, AttributeValue)>,
}

/// What is done on an account. Orders may fail to be placed while every question is answered, and an
/// answer to a question says nothing of that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Work {
    /// Asking about orders, closing them, sending refunds.
    Asking,
    /// Placing new orders.
    Placing,
}

/// What one breaker watches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line {
    /// The channel.
    pub channel: Channel,
    /// The account.
    pub account: AccountId,
    /// What is done there.
    pub work: Work,
}

impl Store {
    /// How a channel account is.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be read.
    pub async fn breaker(&self, line: &Line) -> Result<Breaker, StoreError> {
        let table = &self.tables.controls;
        let item = self.get(table, &key(line), "load a breaker").await?;
        Ok(item.map_or_else(Breaker::default, |item| Breaker::of(&item)))
    }

    /// The channel was silent, or said nothing usable, about this order. Counting it twice changes
    /// nothing.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be counted.
    pub async fn note_trouble(
        &self,
        line: &Line,
        no: ChannelOrderNo,
        now: Timestamp,
    ) -> Result<Breaker, StoreError> {
        let order = AttributeValue::Ss(vec![no.to_string()]);
        let values = vec![
            (":o", order),
            (":now", number(now.as_millis())),
            (":stale", number(now.minus(WINDOW).as_millis())),
        ];
        let counted = Change {
            update: "ADD #o :o SET #r = :r, #w = if_not_exists(#w, :now)",
            condition: "attribute_not_exists(#w) OR #w > :stale",
            names: vec![("#o", ORDERS), ("#w", SINCE)],
            values: values.clone(),
        };
        let begun_anew = Change {
            update: "SET #o = :o, #r = :r, #w = :now",
            condition: "#w <= :stale",
            names: vec![("#o", ORDERS), ("#w", SINCE)],
            values,
        };
        let seen = match self.change_breaker(line, counted).await? {
            Some(seen) => seen,
            None => match self.change_breaker(line, begun_anew).await? {
                Some(seen) => seen,
                None => return self.breaker(line).await,
            },
        };
        let lasts = seen
            .in_trouble_since
            .is_some_and(|since| now >= since.plus(LASTING));
        let many = seen.orders_in_trouble >= ORDERS_IN_TROUBLE;
        let enough = (many && lasts) || seen.wants_probe(now);
        if !enough || seen.is_open(now) {
            return Ok(seen);
        }
        let opened = self.open_breaker(line, seen, now).await?;
        if opened.is_some() {
            tracing::error!(
                channel = line.channel.name(),
                account.id = %line.account,
                work = ?line.work,
                trips = seen.trips + 1,
                "{} is in trouble on {}: it is left alone for a while",
                line.channel.name(),
                line.account
            );
        }
        match opened {
            Some(opened) => Ok(opened),
            None => self.breaker(line).await,
        }
    }

    async fn open_breaker(
        &self,
        line: &Line,
        seen: Breaker,
        now: Timestamp,
    ) -> Result<Option<Breaker>, StoreError> {
        let until = now.plus(open_for(seen.trips));
        let change = Change {
            update: "SET #u = :until, #t = :trips, #r = :r REMOVE #o, #w, #p",
            condition: "attribute_not_exists(#u) OR #u <= :now",
            names: vec![
                ("#o", ORDERS),
                ("#w", SINCE),
                ("#u", UNTIL),
                ("#t", TRIPS),
                ("#p", PROBE),
            ],
            values: vec![
                (":until", number(until.as_millis())),
                (":trips", number(u64::from(seen.trips) + 1)),
                (":now", number(now.as_millis())),
            ],
        };
        self.change_breaker(line, change).await
    }

    /// Takes the one probe that an open breaker whose time is over lets through. `None`: somebody
    /// else took it.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be taken.
    pub async fn claim_probe(
        &self,
        line: &Line,
        seen: Breaker,
        now: Timestamp,
    ) -> Result<Option<Breaker>, StoreError> {
        let Some(until) = seen.open_until else {
            return Ok(Some(seen));
        };
        let next = now.plus(open_for(seen.trips));
        let change = Change {
            update: "SET #u = :next, #t = :trips, #p = :probed, #r = :r",
            condition: "#u = :seen",
            names: vec![("#u", UNTIL), ("#t", TRIPS), ("#p", PROBE)],
            values: vec![
                (":next", number(next.as_millis())),
                (":probed", number(now.plus(PROBE_LASTS).as_millis())),
                (":trips", number(u64::from(seen.trips) + 1)),
                (":seen", number(until.as_millis())),
            ],
        };
        self.change_breaker(line, change).await
    }

    /// The channel answered: trouble is over.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be noted.
    pub async fn note_answer(&self, line: &Line) -> Result<(), StoreError> {
        let change = Change {
            update: "SET #r = :r REMOVE #o, #w, #u, #t, #p",
            condition: "attribute_exists(#k)",
            names: vec![
                ("#k", KEY),
                ("#o", ORDERS),
                ("#w", SINCE),
                ("#u", UNTIL),
                ("#t", TRIPS),
                ("#p", PROBE),
            ],
            values: Vec::new(),
        };
        self.change_breaker(line, change).await?;
        Ok(())
    }

    /// Takes one of the turns a channel gives an account in each second. If they are used up, how long to
    /// wait: everybody who asked in vain in this second has a place in the line, and the line is as long as
    /// it takes, so that a backlog does not come back all at once.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be counted; then nothing may be sent.
    pub async fn take_turn(
        &self,
        channel: Channel,
        account: &AccountId,
        per_second: u32,
        now: Timestamp,
    ) -> Result<Option<Span>, StoreError> {
        let second = now.as_millis() / 1_000;
        let values = || vec![(":s", number(second))];
        let first = Change {
            update: "SET #s = :s, #n = :one, #r = :r",
            condition: "attribute_not_exists(#s) OR #s < :s",
            names: vec![("#s", "s"), ("#n", "n")],
            values: [values(), vec![(":one", number(1))]].concat(),
        };
        let another = Change {
            update: "SET #n = #n + :one, #r = :r",
            condition: "#s = :s",
            names: vec![("#s", "s"), ("#n", "n")],
            values: [values(), vec![(":one", number(1))]].concat(),
        };
        let key = format!("turns#refund#{}#{account}", channel.name());
        if self.change(&key, first).await?.is_some() {
            return Ok(None);
        }
        // A clock that is behind has no place in a second that is over.
        let Some(item) = self.change(&key, another).await? else {
            return Ok(Some(Span::seconds(1)));
        };
        let place = item.get("n").and_then(|n| n.as_n().ok()?.parse().ok());
        let place: u64 = place.unwrap_or(1);
        let seconds = place.saturating_sub(1) / u64::from(per_second.max(1));
        Ok((seconds > 0).then(|| Span::seconds(seconds)))
    }

    async fn change_breaker(
        &self,
        line: &Line,
        change: Change,
    ) -> Result<Option<Breaker>, StoreError> {
        let item = self.change(&key(line), change).await?;
        Ok(item.map(|item| Breaker::of(&item)))
    }

    /// The item after the change; `None` where the condition did not hold.
    async fn change(&self, key: &str, change: Change) -> Result<Option<Item>, StoreError> {
        let mut update = Expression {
            text: change.update,
            names: change.names,
            values: change.values,
        };
        update.names.push(("#r", RECORD_VERSION));
        update.values.push((":r", number(record::VERSION)));
        let (key, condition) = (key.to_owned(), change.condition);
        self.change_control(key, update, condition, "change a control")
            .await
    }
}
