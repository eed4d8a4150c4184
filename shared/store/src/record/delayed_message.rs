//! How a delayed message is written down.

use payonce_domain::delayed_message::{Attempt, AttemptOutcome, Payload, Target};
use payonce_domain::{
    DelayedMessage, DelayedMessageKey, DelayedMessageState, Digest, Due, EventType, MerchantId,
    MerchantMessageId, Span, Timestamp, Version,
};
use serde::{Deserialize, Serialize};

use super::bytes::Bytes;
use super::field::{Field, Kept};
use super::{Item, VERSION, from_item, to_item};
use crate::error::StoreError;
use crate::token::WriteToken;

/// The partition key of the index `list`: merchant, state and part.
pub(crate) const LIST: &str = "l";
/// The sort key of the index `list`: the time of delivery in milliseconds with 13 digits, then the key.
pub(crate) const PLACE: &str = "o";

/// How long a message is kept after it was delivered or cancelled; its id is free again then. A dead
/// letter stays until somebody decides about it.
const KEPT_AFTER_END: Span = Span::days(90);

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DelayedMessageRecord {
    #[serde(rename = "k")]
    key: Kept<DelayedMessageKey>,
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
    #[serde(rename = "l")]
    list: String,
    #[serde(rename = "o")]
    place: String,
    /// The second after which DynamoDB may drop it.
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    expires_second: Option<u64>,
    #[serde(rename = "m")]
    merchant_id: Kept<MerchantId>,
    #[serde(rename = "i")]
    id: Kept<MerchantMessageId>,
    #[serde(rename = "t")]
    target: Kept<Target>,
    #[serde(rename = "p")]
    payload: String,
    #[serde(rename = "ph")]
    payload_digest: Bytes,
    #[serde(rename = "c")]
    created_at: Kept<Timestamp>,
    #[serde(rename = "at")]
    deliver_at: Kept<Timestamp>,
    /// Milliseconds.
    #[serde(rename = "dl", default, skip_serializing_if = "Option::is_none")]
    delay: Option<u64>,
    #[serde(rename = "st")]
    state: Kept<DelayedMessageState>,
    #[serde(rename = "n", default, skip_serializing_if = "is_none")]
    attempts: u32,
    #[serde(rename = "nb", default, skip_serializing_if = "is_none")]
    attempts_before: u32,
    #[serde(rename = "la", default, skip_serializing_if = "Option::is_none")]
    attempt_at: Option<Kept<Timestamp>>,
    #[serde(rename = "lo", default, skip_serializing_if = "Option::is_none")]
    attempt_outcome: Option<Kept<AttemptOutcome>>,
    /// The time of the next attempt itself, where the index waits longer because a message was sent.
    #[serde(rename = "na", default, skip_serializing_if = "Option::is_none")]
    messaged_for: Option<Kept<Timestamp>>,
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    ended_at: Option<Kept<Timestamp>>,
}

fn is_none(count: &u32) -> bool {
    *count == 0
}

/// The partition of the index `list` for one merchant's messages of one state in one part.
pub(crate) fn list(merchant: &MerchantId, state: DelayedMessageState, shard: u32) -> String {
    format!("{merchant}#{}#{shard}", state.keep())
}

/// Where a message stands in its partition of the index `list`.
pub(crate) fn place(deliver_at: Timestamp, key: DelayedMessageKey) -> String {
    format!("{:013}{key}", deliver_at.as_millis())
}

/// The item of a message.
pub(crate) fn write(message: &DelayedMessage, token: WriteToken, shards: u32) -> Item {
    let due_at = message.due_at();
    let shard = message.key.shard(shards);
    let expires_at = match message.state {
        DelayedMessageState::Delivered | DelayedMessageState::Cancelled => {
            message.ended_at.map(|at| at.plus(KEPT_AFTER_END))
        }
        DelayedMessageState::Scheduled
        | DelayedMessageState::Delivering
        | DelayedMessageState::Retrying
        | DelayedMessageState::Dead => None,
    };
    let messaged = message.due.filter(|due| due.messaged);
    let last = message.last_attempt;
    to_item(&DelayedMessageRecord {
        key: Kept(message.key),
        record_version: VERSION,
        version: message.version.0,
        write_token: Bytes(token.0.to_vec()),
        due_shard: due_at.map(|_| shard),
        due_at: due_at.map(Kept),
        list: list(&message.merchant_id, message.state, shard),
        place: place(message.deliver_at, message.key),
        expires_second: expires_at.map(|at| at.as_millis().div_ceil(1_000)),
        merchant_id: Kept(message.merchant_id.clone()),
        id: Kept(message.id.clone()),
        target: Kept(message.target.clone()),
        payload: message.payload.json.clone(),
        payload_digest: Bytes(message.payload.digest.as_bytes().to_vec()),
        created_at: Kept(message.created_at),
        deliver_at: Kept(message.deliver_at),
        delay: message.delay.map(Span::as_millis),
        state: Kept(message.state),
        attempts: message.attempts,
        attempts_before: message.attempts_before,
        attempt_at: last.map(|last| Kept(last.at)),
        attempt_outcome: last.and_then(|last| last.outcome).map(Kept),
        messaged_for: messaged.map(|due| Kept(due.at)),
        ended_at: message.ended_at.map(Kept),
    })
}

/// The message in an item, and the token of the write that made it so.
///
/// # Errors
/// [`StoreError::NewerRecord`], or [`StoreError::Unreadable`] also if the item does not belong under
/// its key.
pub(crate) fn read(item: Item) -> Result<(DelayedMessage, WriteToken), StoreError> {
    let record: DelayedMessageRecord = from_item(item)?;
    let key = record.key.0;
    let unreadable = |why: &str| StoreError::Unreadable {
        item: key.to_string(),
        why: why.to_owned(),
    };
    let (merchant_id, id) = (record.merchant_id.0, record.id.0);
    if DelayedMessageKey::derive(&merchant_id, &id) != key {
        return Err(unreadable("it holds another message"));
    }
    let digest = record.payload_digest.0.try_into();
    let token = record.write_token.0.try_into();
    let due = match (record.due_at, record.messaged_for) {
        (_, Some(at)) => Some(Due {
            at: at.0,
            messaged: true,
        }),
        (Some(at), None) => Some(Due {
            at: at.0,
            messaged: false,
        }),
        (None, None) => None,
    };
    let message = DelayedMessage {
        key,
        merchant_id,
        id,
        target: record.target.0,
        payload: Payload {
            json: record.payload,
            digest: Digest::from_bytes(digest.map_err(|_| unreadable("the digest"))?),
        },
        created_at: record.created_at.0,
        deliver_at: record.deliver_at.0,
        delay: record.delay.map(Span::millis),
        version: Version(record.version),
        state: record.state.0,
        attempts: record.attempts,
        attempts_before: record.attempts_before,
        last_attempt: record.attempt_at.map(|at| Attempt {
            at: at.0,
            outcome: record.attempt_outcome.map(|outcome| outcome.0),
        }),
        due,
        ended_at: record.ended_at.map(|at| at.0),
    };
    if message.due.is_none() != message.ended_at.is_some() {
        return Err(unreadable("it has neither a next attempt nor an end"));
    }
    let token = token.map_err(|_| unreadable("the write token"))?;
    Ok((message, WriteToken(token)))
}

/// `w` and the address, or `e` and the event's name.
impl Field for Target {
    type Kept = String;

    fn keep(&self) -> String {
        match self {
            Self::Webhook { url } => format!("w{url}"),
            Self::Event { detail_type } => format!("e{detail_type}"),
        }
    }

    fn restore(text: String) -> Option<Self> {
        let (kind, rest) = text.split_at_checked(1)?;
        match kind {
            "w" => Some(Self::Webhook {
                url: rest.to_owned(),
            }),
            "e" => Some(Self::Event {
                detail_type: EventType::new(rest).ok()?,
            }),
            _ => None,
        }
    }
}

/// A letter; after `r` the status, if there was one.
impl Field for AttemptOutcome {
    type Kept = String;

    fn keep(&self) -> String {
        match self {
            Self::Taken => "y".to_owned(),
            Self::Refused { status: None } => "r".to_owned(),
            Self::Refused {
                status: Some(status),
            } => format!("r{status}"),
            Self::Gone => "g".to_owned(),
            Self::Unreachable => "u".to_owned(),
            Self::Forbidden => "f".to_owned(),
        }
    }

    fn restore(text: String) -> Option<Self> {
        match text.as_str() {
            "y" => Some(Self::Taken),
            "r" => Some(Self::Refused { status: None }),
            "g" => Some(Self::Gone),
            "u" => Some(Self::Unreachable),
            "f" => Some(Self::Forbidden),
            refused => Some(Self::Refused {
                status: Some(refused.strip_prefix('r')?.parse().ok()?),
            }),
        }
    }
}
