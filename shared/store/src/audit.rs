//! The audit (审计) of one payment's item, as the table or an export of it holds it: whether it can be read and its
//! money adds up, its chain holds, its history leads to it, and whatever is owed has a time in the due index.
//!
//! A record that differs from a history that holds is made what the history says again, by the same decisions as ever.
//! What cannot be trusted is told of and left as it is.

mod appeals;

pub use appeals::{ExaminedAppeal, examine_appeal};

use payonce_domain::{ChainHash, Fact, Payment, PaymentKey, Timestamp, Version, decide, history};
use serde::Deserialize;

use crate::Store;
use crate::error::StoreError;
use crate::payments::Saved;
use crate::record::{self, DUE_AT, DUE_SHARD, Item};
use crate::stored::Stored;

/// What is wrong with an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// It cannot be read, or its money does not add up.
    Unreadable(String),
    /// Its history was altered, from this version on.
    Chain(Version),
    /// Its history leads to no payment.
    History(String),
    /// Its history leads to another payment than the record is.
    Record,
    /// Something is open or owed, and has no time.
    Forgotten,
    /// The due index has another time for it than what it owes (掉单表), or a part that nobody reads.
    Index,
}

impl Trouble {
    /// What it is, as reports count it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "unreadable",
            Self::Chain(_) => "chain",
            Self::History(_) => "history",
            Self::Record => "record",
            Self::Forgotten => "forgotten",
            Self::Index => "index",
        }
    }

    /// Whether the history says what the record should be.
    #[must_use]
    pub const fn can_be_restored(&self) -> bool {
        match self {
            Self::Record | Self::Forgotten | Self::Index => true,
            Self::Unreadable(_) | Self::Chain(_) | Self::History(_) => false,
        }
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable(why) => f.write_str(why),
            Self::Chain(at) => write!(f, "the chain does not hold from version {} on", at.0),
            Self::History(why) => write!(f, "the history does not replay: {why}"),
            Self::Record => f.write_str("the record is not what its history leads to"),
            Self::Forgotten => f.write_str("something is owed and has no time"),
            Self::Index => f.write_str("its place in the due index is not that of what it owes"),
        }
    }
}

/// What an item showed.
#[derive(Debug, Clone)]
pub struct Examined {
    /// Its key, or what stands in its place.
    pub key: String,
    /// The payment, if it can be read.
    pub payment: Option<Payment>,
    /// The hashes of its steps; none where the chain does not hold.
    pub chain: Vec<ChainHash>,
    /// The worst that is wrong with it.
    pub trouble: Option<Trouble>,
}

/// What became of a repair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restored {
    /// The record is what its history says, and owes what it should.
    Done,
    /// Nothing was wrong with it any more.
    Whole,
    /// Somebody else wrote at that moment; that it is well is for the next audit to say.
    Moved,
    /// Its history cannot be trusted, so nothing was done.
    Untrusted,
}

/// One line of an export.
#[derive(Deserialize)]
struct Line {
    #[serde(rename = "Item")]
    item: serde_dynamo::Item,
}

/// The item in a line of an export in DynamoDB's own JSON.
///
/// # Errors
/// [`StoreError::Unreadable`] if it holds none.
pub fn item_of_line(line: &[u8]) -> Result<Item, StoreError> {
    let line: Line = serde_json::from_slice(line).map_err(|error| StoreError::Unreadable {
        item: "a line of the export".to_owned(),
        why: error.to_string(),
    })?;
    Ok(line.item.into())
}

/// Looks at an item. `shards`: how many parts of the due index are read.
#[must_use]
pub fn examine(item: Item, shards: u32) -> Examined {
    let key = record::name_of(&item);
    let listed = listed(&item, shards);
    match record::read(item) {
        Ok(stored) => {
            let trouble = trouble(&stored, listed);
            let holds = !matches!(trouble, Some(Trouble::Chain(_)));
            Examined {
                key,
                chain: if holds { stored.hashes } else { Vec::new() },
                payment: Some(stored.payment),
                trouble,
            }
        }
        Err(error) => Examined {
            key,
            payment: None,
            chain: Vec::new(),
            trouble: Some(Trouble::Unreadable(error.to_string())),
        },
    }
}

/// The time at which the sweep meets an item; none if it never does.
fn listed(item: &Item, shards: u32) -> Option<u64> {
    let number = |name: &str| item.get(name)?.as_n().ok()?.parse::<u64>().ok();
    let part = number(DUE_SHARD)?;
    number(DUE_AT).filter(|_| part < u64::from(shards.max(1)))
}

fn trouble(stored: &Stored, listed: Option<u64>) -> Option<Trouble> {
    if let Err(broken) = stored.verify_chain() {
        return Some(Trouble::Chain(broken.at));
    }
    match replayed(stored) {
        Err(why) => return Some(Trouble::History(why)),
        Ok(payment) if payment != stored.payment => return Some(Trouble::Record),
        Ok(_) => {}
    }
    if is_forgotten(&stored.payment) {
        return Some(Trouble::Forgotten);
    }
    let owed = stored.payment.due_at().map(Timestamp::as_millis);
    (owed != listed).then_some(Trouble::Index)
}

fn replayed(stored: &Stored) -> Result<Payment, String> {
    let entries = stored.history().map_err(|error| error.to_string())?;
    history::replay(&entries).map_err(|error| error.to_string())
}

/// I-17, asked of the record alone.
fn is_forgotten(payment: &Payment) -> bool {
    let mut orders = payment.channel_orders.iter();
    let mut refunds = payment.refunds.iter();
    orders.any(|order| order.state.is_open() && order.due.is_none())
        || refunds.any(|refund| !refund.state.is_final() && refund.due.is_none())
}

impl Store {
    /// Makes a record what its history says again, if the history holds, and its place in the due index what it owes. It
    /// is a decision like any other: a tick on what the history leads to.
    ///
    /// # Errors
    /// A [`StoreError`] if the item cannot be had or written.
    pub async fn restore(&self, key: PaymentKey, now: Timestamp) -> Result<Restored, StoreError> {
        let table = &self.tables.payments;
        let item = self
            .get(table, key.as_str(), "load a payment to restore it")
            .await?;
        let item = item.ok_or_else(|| StoreError::Gone(key.to_string()))?;
        match examine(item.clone(), self.shards()).trouble {
            None => return Ok(Restored::Whole),
            Some(trouble) if !trouble.can_be_restored() => return Ok(Restored::Untrusted),
            Some(_) => {}
        }
        let mut stored = record::read(item)?;
        let Ok(payment) = replayed(&stored) else {
            return Ok(Restored::Untrusted);
        };
        stored.payment = payment;
        let decision = decide::on_recorded(&stored.payment, Fact::Ticked, now);
        match self.save(&stored, &decision).await? {
            Saved::Done(_) => Ok(Restored::Done),
            Saved::Moved(_) => Ok(Restored::Moved),
        }
    }
}
