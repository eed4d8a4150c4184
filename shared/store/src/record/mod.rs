//! How a payment is written down: the one place that knows what attributes are called.
//!
//! Names have one or two letters and enums are short codes, because DynamoDB bills by the kilobyte,
//! names included. What is empty or absent is left out. Our own numbers are kept without the
//! payment's key, which every one of them repeats.
//!
//! An item carries the version of this layout. An item of a newer one is refused, and so is an
//! attribute that is not known here: to read it and write it back would lose what a newer program
//! meant to keep. So whatever is added to a record raises [`VERSION`].

mod announcement;
pub(crate) mod appeal;
pub(crate) mod bytes;
mod capture;
pub(crate) mod channel_order;
mod code;
pub(crate) mod delayed_message;
pub(crate) mod field;
pub(crate) mod history;
mod number;
mod refund;
mod terms;
mod unbooked;

use aws_sdk_dynamodb::types::AttributeValue;
use payonce_domain::{
    Case, CaseKind, ChainHash, ChannelTradeNo, ClosingCause, Payment, PaymentKey, PaymentNo,
    PaymentState, Timestamp, Version,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::stored::Stored;
use crate::token::WriteToken;
use announcement::AnnouncementRecord;
use bytes::Bytes;
use capture::CaptureRecord;
use channel_order::ChannelOrderRecord;
use field::Kept;
use refund::RefundRecord;
pub(crate) use terms::TermsRecord;
use unbooked::UnbookedRecord;

/// The version of the layouts in all tables.
pub(crate) const VERSION: u64 = 4;

/// An item as the engine has it.
pub(crate) use crate::engine::Item;

/// The partition key of every table.
pub(crate) const KEY: &str = "k";
/// The attribute with the record version, in every table.
pub(crate) const RECORD_VERSION: &str = "r";
/// How many times a payment was written.
pub(crate) const ITEM_VERSION: &str = "v";
/// The partition key of the due index: a number below the number of its parts.
pub(crate) const DUE_SHARD: &str = "s";
/// The sort key of the due index: milliseconds since the epoch.
pub(crate) const DUE_AT: &str = "d";

/// A payment's item.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PaymentRecord {
    #[serde(rename = "k")]
    key: Kept<PaymentKey>,
    #[serde(rename = "r")]
    record_version: u64,
    #[serde(rename = "v")]
    version: u64,
    #[serde(rename = "w")]
    write_token: Bytes,
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    due_shard: Option<u32>,
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    due_at: Option<Kept<Timestamp>>,
    #[serde(rename = "t")]
    terms: TermsRecord,
    #[serde(rename = "c")]
    created_at: Kept<Timestamp>,
    #[serde(rename = "st")]
    state: Kept<PaymentState>,
    #[serde(rename = "g", default, skip_serializing_if = "Option::is_none")]
    closing: Option<Kept<ClosingCause>>,
    #[serde(rename = "sc", default, skip_serializing_if = "Option::is_none")]
    successor: Option<Kept<PaymentNo>>,
    #[serde(rename = "wn", default, skip_serializing_if = "Option::is_none")]
    winner: Option<Kept<ChannelTradeNo>>,
    #[serde(rename = "p", default, skip_serializing_if = "Vec::is_empty")]
    channel_orders: Vec<ChannelOrderRecord>,
    #[serde(rename = "cp", default, skip_serializing_if = "Vec::is_empty")]
    captures: Vec<CaptureRecord>,
    #[serde(rename = "rf", default, skip_serializing_if = "Vec::is_empty")]
    refunds: Vec<RefundRecord>,
    #[serde(rename = "cs", default, skip_serializing_if = "Vec::is_empty")]
    cases: Vec<CaseRecord>,
    #[serde(rename = "nn", default, skip_serializing_if = "channel_order::is_zero")]
    announced: u32,
    #[serde(rename = "n", default, skip_serializing_if = "Vec::is_empty")]
    announcements: Vec<AnnouncementRecord>,
    #[serde(rename = "lb", default, skip_serializing_if = "Option::is_none")]
    unbooked: Option<UnbookedRecord>,
    #[serde(rename = "h")]
    history: Vec<String>,
    /// 16 bytes for each entry of the history.
    #[serde(rename = "hh")]
    history_hashes: Bytes,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseRecord {
    #[serde(rename = "k")]
    kind: Kept<CaseKind>,
    #[serde(rename = "s")]
    subject: String,
}

impl From<&Case> for CaseRecord {
    fn from(case: &Case) -> Self {
        Self {
            kind: Kept(case.kind),
            subject: case.subject.clone(),
        }
    }
}

impl From<CaseRecord> for Case {
    fn from(record: CaseRecord) -> Self {
        Self {
            kind: record.kind.0,
            subject: record.subject,
        }
    }
}

/// The item of a payment.
pub(crate) fn write(stored: &Stored, due_shards: u32) -> Item {
    let payment = &stored.payment;
    let key = payment.key;
    let due_at = payment.due_at();
    let mut history_hashes = Vec::with_capacity(stored.hashes.len() * 16);
    for hash in &stored.hashes {
        history_hashes.extend_from_slice(&hash.0);
    }
    let record = PaymentRecord {
        key: Kept(key),
        record_version: VERSION,
        version: payment.version.0,
        write_token: Bytes(stored.token.0.to_vec()),
        due_shard: due_at.map(|_| key.shard(due_shards)),
        due_at: due_at.map(Kept),
        terms: TermsRecord::from(&payment.terms),
        created_at: Kept(payment.created_at),
        state: Kept(payment.state),
        closing: payment.closing.map(Kept),
        successor: payment.successor.map(Kept),
        winner: payment.winner.clone().map(Kept),
        channel_orders: payment
            .channel_orders
            .iter()
            .map(|order| ChannelOrderRecord::of(order, key))
            .collect(),
        captures: payment
            .captures
            .iter()
            .map(|capture| CaptureRecord::of(capture, key))
            .collect(),
        refunds: payment
            .refunds
            .iter()
            .map(|refund| RefundRecord::of(refund, key))
            .collect(),
        cases: payment.cases.iter().map(CaseRecord::from).collect(),
        announced: payment.announced,
        announcements: payment
            .announcements
            .iter()
            .map(|announcement| AnnouncementRecord::of(announcement, key))
            .collect(),
        unbooked: payment
            .unbooked
            .as_ref()
            .map(|unbooked| UnbookedRecord::of(unbooked, key)),
        history: stored.entries.clone(),
        history_hashes: Bytes(history_hashes),
    };
    to_item(&record)
}

/// The payment in an item.
///
/// # Errors
/// [`StoreError::NewerRecord`], [`StoreError::Unreadable`], or [`StoreError::KeyCollision`] if the
/// item does not belong under its key.
pub(crate) fn read(item: Item) -> Result<Stored, StoreError> {
    let name = name_of(&item);
    let record: PaymentRecord = from_item(item)?;
    let key = record.key.0;
    let terms = payonce_domain::Terms::from(record.terms);
    if PaymentKey::derive(&terms.merchant_id, &terms.merchant_order_no) != key {
        return Err(StoreError::KeyCollision(key));
    }
    let unreadable = |why: &str| StoreError::Unreadable {
        item: name.clone(),
        why: why.to_owned(),
    };
    let channel_orders = record.channel_orders.into_iter();
    let captures = record.captures.into_iter();
    let refunds = record.refunds.into_iter();
    let payment = Payment {
        key,
        terms,
        created_at: record.created_at.0,
        version: Version(record.version),
        state: record.state.0,
        closing: record.closing.map(|cause| cause.0),
        successor: record.successor.map(|no| no.0),
        winner: record.winner.map(|no| no.0),
        channel_orders: channel_orders
            .map(|order| order.restore(key))
            .collect::<Option<_>>()
            .ok_or_else(|| unreadable("a channel order number"))?,
        captures: captures
            .map(|capture| capture.restore(key))
            .collect::<Option<_>>()
            .ok_or_else(|| unreadable("the number of a capture's channel order"))?,
        refunds: refunds
            .map(|refund| refund.restore(key))
            .collect::<Option<_>>()
            .ok_or_else(|| unreadable("a refund number"))?,
        cases: record.cases.into_iter().map(Case::from).collect(),
        announced: record.announced,
        announcements: record
            .announcements
            .into_iter()
            .map(|announcement| announcement.restore(key))
            .collect::<Option<_>>()
            .ok_or_else(|| unreadable("the subject of an announcement"))?,
        unbooked: record
            .unbooked
            .map(|unbooked| {
                unbooked
                    .restore(key)
                    .ok_or_else(|| unreadable("what is unbooked"))
            })
            .transpose()?,
    };
    payment
        .money()
        .map_err(|broken| unreadable(&broken.to_string()))?;
    let write_token = record.write_token.0.try_into();
    let (hashes, rest) = record.history_hashes.0.as_chunks::<16>();
    let whole = rest.is_empty()
        && hashes.len() == record.history.len()
        && u64::try_from(hashes.len()) == Ok(record.version);
    if !whole {
        return Err(unreadable("the history is not whole"));
    }
    Ok(Stored {
        payment,
        token: WriteToken(write_token.map_err(|_| unreadable("the write token"))?),
        hashes: hashes.iter().copied().map(ChainHash).collect(),
        entries: record.history,
    })
}

/// Writes a record as an item.
pub(crate) fn to_item<T: Serialize>(record: &T) -> Item {
    serde_dynamo::aws_sdk_dynamodb_1::to_item(record)
        .expect("records hold only texts, numbers, bytes, lists and maps with text keys")
}

/// Reads an item of one of our tables, unless a newer program wrote it.
pub(crate) fn from_item<T: DeserializeOwned>(item: Item) -> Result<T, StoreError> {
    let name = name_of(&item);
    let version = match item.get(RECORD_VERSION) {
        Some(AttributeValue::N(number)) => number.parse::<u64>().ok(),
        Some(_) | None => None,
    };
    match version {
        Some(found) if found > VERSION => Err(StoreError::NewerRecord {
            item: name,
            found,
            known: VERSION,
        }),
        Some(_) => serde_dynamo::aws_sdk_dynamodb_1::from_item(item).map_err(|error| {
            StoreError::Unreadable {
                item: name,
                why: error.to_string(),
            }
        }),
        None => Err(StoreError::Unreadable {
            item: name,
            why: "it has no record version".to_owned(),
        }),
    }
}

pub(crate) fn name_of(item: &Item) -> String {
    match item.get(KEY) {
        Some(AttributeValue::S(key)) => key.clone(),
        Some(_) | None => "an item without a key".to_owned(),
    }
}

#[cfg(test)]
mod tests;
