//! What buyers did at the cashier: rows of the table `evidence`, under a key of their own beside the
//! payment's.
//!
//! One row is one act at one version of the payment, with its first time, its last and how often it was
//! done. So the rows say what the buyer had before his eyes when he did it, and there are never more of
//! them than versions times acts, however often a page is reloaded. They are kept as long as the
//! evidence, and hold nothing personal: no address, no browser, no name.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use payonce_domain::{BuyerAct, PaymentKey, Timestamp, Version};

use crate::Store;
use crate::call::Attempts;
use crate::error::StoreError;
use crate::record::{self, KEY, RECORD_VERSION};

/// The sort key of the table `evidence`: here version and act.
const PLACE: &str = "e";
const FIRST: &str = "f";
const LAST: &str = "l";
const TIMES: &str = "n";

/// An act as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptAct {
    /// What was done.
    pub act: BuyerAct,
    /// How the payment stood then.
    pub version: Version,
    /// When it was first done at that version.
    pub first_at: Timestamp,
    /// When it was last done at that version.
    pub last_at: Timestamp,
    /// How often.
    pub times: u64,
}

fn key(payment: PaymentKey) -> AttributeValue {
    AttributeValue::S(format!("buyer#{payment}"))
}

fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

impl Store {
    /// Keeps what a buyer did while the payment stood at `version`. Gives when it was last done at that
    /// version before.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be kept.
    pub async fn keep_act(
        &self,
        payment: PaymentKey,
        version: Version,
        act: BuyerAct,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let attempts = Attempts::default();
        // Fixed width, so that the rows lie in the order of the versions.
        let place = format!("{:010}#{}", version.0, act.name());
        let answer = self
            .client
            .update_item()
            .table_name(&self.tables.evidence)
            .key(KEY, key(payment))
            .key(PLACE, AttributeValue::S(place))
            .update_expression("SET #f = if_not_exists(#f, :now), #l = :now, #r = :r ADD #n :one")
            .expression_attribute_names("#f", FIRST)
            .expression_attribute_names("#l", LAST)
            .expression_attribute_names("#n", TIMES)
            .expression_attribute_names("#r", RECORD_VERSION)
            .expression_attribute_values(":now", number(now.as_millis()))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":r", number(record::VERSION))
            .return_values(ReturnValue::UpdatedOld)
            .customize()
            .interceptor(attempts.clone())
            .send()
            .await;
        let old = answer.map_err(|error| attempts.failed("keep a buyer's act", error))?;
        let last = old
            .attributes
            .as_ref()
            .and_then(|old| counted(old, LAST).map(Timestamp::from_millis));
        Ok(last)
    }

    /// What the buyer did, in the order of the payment's versions.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be had or read.
    pub async fn buyer_acts(&self, payment: PaymentKey) -> Result<Vec<KeptAct>, StoreError> {
        let mut acts = Vec::new();
        let mut from = None;
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.tables.evidence)
                .key_condition_expression("#k = :k")
                .expression_attribute_names("#k", KEY)
                .expression_attribute_values(":k", key(payment))
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|error| StoreError::of_read("load a buyer's acts", error))?;
            for item in answer.items.unwrap_or_default() {
                let act = read(&item).ok_or_else(|| StoreError::Unreadable {
                    item: format!("buyer#{payment}"),
                    why: "an act is not as acts are kept".to_owned(),
                })?;
                acts.push(act);
            }
            from = answer.last_evaluated_key;
            if from.is_none() {
                return Ok(acts);
            }
        }
    }
}

fn counted(item: &HashMap<String, AttributeValue>, name: &str) -> Option<u64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

fn read(item: &HashMap<String, AttributeValue>) -> Option<KeptAct> {
    let (version, act) = item.get(PLACE)?.as_s().ok()?.split_once('#')?;
    Some(KeptAct {
        act: BuyerAct::from_name(act)?,
        version: Version(version.parse().ok()?),
        first_at: Timestamp::from_millis(counted(item, FIRST)?),
        last_at: Timestamp::from_millis(counted(item, LAST)?),
        times: counted(item, TIMES)?,
    })
}
