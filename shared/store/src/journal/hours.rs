//! Hours: what became of payments in each, for pictures. A count that was lost leaves a picture a little
//! wrong, and nothing else.

use aws_sdk_dynamodb::types::AttributeValue;
use payonce_domain::{Money, PaymentKey, Timestamp};

use super::day;
use super::rows::PLACE;
use crate::Store;
use crate::call::failed;
use crate::engine::{Expression, UpdateItem};
use crate::error::StoreError;
use crate::record::{self, Item, KEY, RECORD_VERSION};

const HOUR_MS: u64 = 3_600_000;
/// So many rows share an hour's counts: one row takes a thousand writes a second.
const SHARDS: u32 = 4;

const PAID: &str = "p";
const CLOSED: &str = "c";
const REPAIRED: &str = "f";
const REPAIR_SECONDS: &str = "fs";
const UNKNOWN: &str = "u";

/// Counts of one hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hour {
    /// The hour, counted from 1970.
    pub hour: u64,
    /// Payments that were paid.
    pub paid: u64,
    /// Payments that were closed unpaid.
    pub closed: u64,
    /// Payments whose money no notification told us of (补单).
    pub repaired: u64,
    /// How long it took to find them, in all.
    pub repair_seconds: u64,
    /// Money whose fate was unknown, in fen, when somebody last looked in that hour; none: nobody did.
    pub unknown: Option<u64>,
}

impl Store {
    /// Adds to the counts of the hour of `at`; only `paid`, `closed`, `repaired` and `repair_seconds` count.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be counted.
    pub async fn count_hour(
        &self,
        payment: PaymentKey,
        counts: Hour,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let number = |value: u64| AttributeValue::N(value.to_string());
        let values = vec![
            (":p", number(counts.paid)),
            (":c", number(counts.closed)),
            (":f", number(counts.repaired)),
            (":fs", number(counts.repair_seconds)),
        ];
        let names = vec![
            ("#p", PAID),
            ("#c", CLOSED),
            ("#f", REPAIRED),
            ("#fs", REPAIR_SECONDS),
        ];
        let update = "ADD #p :p, #c :c, #f :f, #fs :fs SET #r = :r";
        let place = format!("{:02}#{}", hour(at) % 24, payment.shard(SHARDS));
        self.change_hour(place, update, names, values, at).await
    }

    /// Keeps how much money's fate was unknown when it was looked at.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be kept.
    pub async fn keep_unknown(&self, unknown: Money, at: Timestamp) -> Result<(), StoreError> {
        let values = vec![(":u", AttributeValue::N(unknown.minor().to_string()))];
        let place = format!("{:02}#0", hour(at) % 24);
        let update = "SET #u = :u, #r = :r";
        self.change_hour(place, update, vec![("#u", UNKNOWN)], values, at)
            .await
    }

    /// The hours of the day of `at` in UTC that anything is known of, in order.
    ///
    /// # Errors
    /// A [`StoreError`] if they cannot be had.
    pub async fn hours(&self, at: Timestamp) -> Result<Vec<Hour>, StoreError> {
        let partition = format!("hours#{}", day(at));
        let items = self.journal_items(&partition, "0", None).await?;
        let mut hours: Vec<Hour> = Vec::new();
        for item in items {
            let Some(of_day) = hour_of_day(&item) else {
                continue;
            };
            let hour = day(at) * 24 + of_day;
            if hours.last().is_none_or(|last| last.hour != hour) {
                hours.push(Hour {
                    hour,
                    ..Hour::default()
                });
            }
            if let Some(sum) = hours.last_mut() {
                add(sum, &item);
            }
        }
        Ok(hours)
    }

    async fn change_hour(
        &self,
        place: String,
        update: &'static str,
        names: Vec<(&'static str, &'static str)>,
        values: Vec<(&'static str, AttributeValue)>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let doing = "count an hour";
        let of_all = ("#r", RECORD_VERSION);
        let version = AttributeValue::N(record::VERSION.to_string());
        let update = UpdateItem {
            table: self.tables.journal.clone(),
            key: vec![(KEY, format!("hours#{}", day(at))), (PLACE, place)],
            update: Expression {
                text: update,
                names: names.into_iter().chain([of_all]).collect(),
                values: values.into_iter().chain([(":r", version)]).collect(),
            },
            condition: "",
            doing,
        };
        self.engine.update(update).await.map_err(failed(doing))?;
        Ok(())
    }
}

fn hour(at: Timestamp) -> u64 {
    at.as_millis() / HOUR_MS
}

fn hour_of_day(item: &Item) -> Option<u64> {
    let place = item.get(PLACE)?.as_s().ok()?;
    place.split('#').next()?.parse().ok()
}

fn add(sum: &mut Hour, item: &Item) {
    let count = |name: &str| item.get(name)?.as_n().ok()?.parse::<u64>().ok();
    sum.paid += count(PAID).unwrap_or(0);
    sum.closed += count(CLOSED).unwrap_or(0);
    sum.repaired += count(REPAIRED).unwrap_or(0);
    sum.repair_seconds += count(REPAIR_SECONDS).unwrap_or(0);
    sum.unknown = sum.unknown.or(count(UNKNOWN));
}
