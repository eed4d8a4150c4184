//! The table `controls`: what operators may stop or limit.

use aws_sdk_dynamodb::types::AttributeValue;
use payonce_domain::{Currency, Money, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::call::{Condition, Put};
use crate::engine::Expression;
use crate::error::StoreError;
use crate::record::field::Kept;
use crate::record::{self, RECORD_VERSION};

/// The key of the refund controls, and the beginning of the keys of the hours' sums.
const REFUNDS: &str = "refunds";
const HOUR_MS: u64 = 3_600_000;
/// How long an hour's sum is kept once the table is told to drop what is past its time.
const HOUR_KEPT_SECONDS: u64 = 7 * 24 * 3_600;

/// Whether refunds are sent, and how much an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundControls {
    /// Off is the kill switch: refunds stay owed and none is sent.
    pub enabled: bool,
    /// The most that is sent in one hour of the clock; none: no limit.
    pub hourly_cap: Option<Money>,
}

impl Default for RefundControls {
    fn default() -> Self {
        Self {
            enabled: true,
            hourly_cap: None,
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RefundControlsRecord {
    #[serde(rename = "k")]
    key: String,
    #[serde(rename = "r")]
    record_version: u64,
    #[serde(rename = "e")]
    enabled: bool,
    #[serde(rename = "h", default, skip_serializing_if = "Option::is_none")]
    hourly_cap: Option<Kept<Money>>,
}

impl Store {
    /// The controls in force; the default where none were ever set.
    ///
    /// # Errors
    /// A [`StoreError`] if they cannot be had or read; then nothing may be sent.
    pub async fn refund_controls(&self) -> Result<RefundControls, StoreError> {
        let table = &self.tables.controls;
        let item = self.get(table, REFUNDS, "load the refund controls").await?;
        let Some(item) = item else {
            return Ok(RefundControls::default());
        };
        let record: RefundControlsRecord = record::from_item(item)?;
        Ok(RefundControls {
            enabled: record.enabled,
            hourly_cap: record.hourly_cap.map(|cap| cap.0),
        })
    }

    /// Puts controls in force.
    ///
    /// # Errors
    /// A [`StoreError`] if they cannot be stored.
    pub async fn set_refund_controls(&self, controls: &RefundControls) -> Result<(), StoreError> {
        let item = record::to_item(&RefundControlsRecord {
            key: REFUNDS.to_owned(),
            record_version: record::VERSION,
            enabled: controls.enabled,
            hourly_cap: controls.hourly_cap.map(Kept),
        });
        let not_newer = Condition::not_newer();
        let table = &self.tables.controls;
        let put = self.put_if(table, item, not_newer, "set the refund controls");
        match put.await? {
            Put::Stored => Ok(()),
            Put::Refused(_) => Err(StoreError::Misused(
                "a newer program wrote the refund controls",
            )),
        }
    }

    /// How much was sent in the hour of `now`, as far as a cap had it counted.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be had.
    pub async fn refunds_counted(&self, now: Timestamp) -> Result<Money, StoreError> {
        let hour = now.as_millis() / HOUR_MS;
        let key = format!("{REFUNDS}#{}#{hour}", Currency::Cny.code());
        let table = &self.tables.controls;
        let item = self.get(table, &key, "load an hour's refunds").await?;
        let counted = item.and_then(|item| item.get("a")?.as_n().ok()?.parse().ok());
        Ok(Money::from_fen(counted.unwrap_or(0)))
    }

    /// Counts a refund about to be sent against the hour's cap; `false`: it would exceed it, and was
    /// not counted. Without a cap nothing is written.
    ///
    /// A repeated attempt may count twice, and a refund that is then not sent stays counted: the cap
    /// errs towards sending less, and the hour passes.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be counted; then it may not be sent.
    pub async fn count_refund(
        &self,
        amount: Money,
        cap: Option<Money>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let Some(cap) = cap else { return Ok(true) };
        let Some(room) = cap.checked_sub(amount) else {
            return Ok(false);
        };
        let hour = now.as_millis() / HOUR_MS;
        let currency = match amount.currency() {
            Currency::Cny => Currency::Cny.code(),
        };
        let forget_at = hour * (HOUR_MS / 1_000) + HOUR_KEPT_SECONDS;
        let number = |value: u64| AttributeValue::N(value.to_string());
        let update = Expression {
            text: "ADD #a :amount SET #r = :r, #x = :x",
            names: vec![("#a", "a"), ("#r", RECORD_VERSION), ("#x", "x")],
            values: vec![
                (":amount", number(amount.minor())),
                (":room", number(room.minor())),
                (":r", number(record::VERSION)),
                (":x", number(forget_at)),
            ],
        };
        let condition = "attribute_not_exists(#a) OR #a <= :room";
        let key = format!("{REFUNDS}#{currency}#{hour}");
        let counted = self.change_control(key, update, condition, "count a refund");
        Ok(counted.await?.is_some())
    }
}
