//! What buyers did at the cashier: rows of the table `evidence`, under a key of their own beside the
//! payment's.
//!
//! One row is one act at one version of the payment, with its first time, its last and how often it was
//! done. So the rows say what the buyer had before his eyes when he did it, and there are never more of
//! them than versions times acts, however often a page is reloaded. They are kept as long as the
//! evidence, and hold nothing personal: no address, no browser, no name.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use payonce_domain::{BuyerAct, PaymentKey, Timestamp, Version};

use crate::Store;
use crate::call::failed;
use crate::engine::{Expression, QueryItems, UpdateItem, Written};
use crate::error::StoreError;
use crate::record::{self, KEY, RECORD_VERSION};

/// The sort key of the table `evidence`: here version and act.
const PLACE: &str = "e";
const FIRST: &str = "f";
const LAST: &str = "l";
/// The last time before that one, or [`NEVER`].
const LAST_BEFORE: &str = "b";
const TIMES: &str = "n";

/// Stands for a time that was not.
const NEVER: u64 = 0;

/// How many rows are read at a time.
const PAGE: i32 = 100;

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

fn key(payment: PaymentKey) -> String {
    format!("buyer#{payment}")
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
        // Fixed width, so that the rows lie in the order of the versions.
        let place = format!("{:010}#{}", version.0, act.name());
        let doing = "keep a buyer's act";
        let update = UpdateItem {
            table: self.tables.evidence.clone(),
            key: vec![(KEY, key(payment)), (PLACE, place)],
            update: Expression {
                text: "SET #f = if_not_exists(#f, :now), #b = if_not_exists(#l, :never), \
                       #l = :now, #r = :r ADD #n :one",
                names: vec![
                    ("#f", FIRST),
                    ("#b", LAST_BEFORE),
                    ("#l", LAST),
                    ("#n", TIMES),
                    ("#r", RECORD_VERSION),
                ],
                values: vec![
                    (":now", number(now.as_millis())),
                    (":never", number(NEVER)),
                    (":one", number(1)),
                    (":r", number(record::VERSION)),
                ],
            },
            condition: "",
            doing,
        };
        let written = self.engine.update(update).await.map_err(failed(doing))?;
        let (Written::Done(kept) | Written::Refused(kept)) = written;
        let before = kept.and_then(|kept| counted(&kept, LAST_BEFORE));
        Ok(before.filter(|at| *at != NEVER).map(Timestamp::from_millis))
    }

    /// What the buyer did, in the order of the payment's versions.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be had or read.
    pub async fn buyer_acts(&self, payment: PaymentKey) -> Result<Vec<KeptAct>, StoreError> {
        let doing = "load a buyer's acts";
        let mut acts = Vec::new();
        // Places begin with a digit, so all come after this one.
        let mut after = String::from("#");
        loop {
            let query = QueryItems {
                table: self.tables.evidence.clone(),
                index: None,
                condition: Expression {
                    text: "#k = :k AND #e > :after",
                    names: vec![("#k", KEY), ("#e", PLACE)],
                    values: vec![
                        (":k", AttributeValue::S(key(payment))),
                        (":after", AttributeValue::S(after)),
                    ],
                },
                limit: PAGE,
                doing,
            };
            let page = self.engine.query(query).await.map_err(failed(doing))?;
            let last = page.last().and_then(|item| item.get(PLACE)?.as_s().ok());
            let Some(last) = last.cloned() else {
                return Ok(acts);
            };
            for item in &page {
                acts.push(read(item).ok_or_else(|| StoreError::Unreadable {
                    item: key(payment),
                    why: "an act is not as acts are kept".to_owned(),
                })?);
            }
            after = last;
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
