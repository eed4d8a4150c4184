//! The table `delayed-messages`: made once, changed only from the version that was seen, and listed
//! for its merchant by state.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use payonce_domain::{
    DelayedMessage, DelayedMessageKey, DelayedMessageState, MerchantId, MessageDecision, Timestamp,
};
use serde::Deserialize;

use crate::Store;
use crate::call::{Condition, Put, failed};
use crate::engine::{Expression, QueryItems};
use crate::error::StoreError;
use crate::record::Item;
use crate::record::delayed_message::{self, LIST, PLACE};
use crate::record::field::Kept;
use crate::token::WriteToken;

/// The index of a merchant's messages.
const LIST_INDEX: &str = "list";
/// How long the digits of a time in milliseconds are, for the next 260 years.
const TIME_DIGITS: usize = 13;

/// A delayed message as it was read or written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMessage {
    message: DelayedMessage,
    token: WriteToken,
}

impl StoredMessage {
    /// The message.
    #[must_use]
    pub const fn message(&self) -> &DelayedMessage {
        &self.message
    }

    fn read(item: Item) -> Result<Self, StoreError> {
        let (message, token) = delayed_message::read(item)?;
        Ok(Self { message, token })
    }

    fn decided(decision: &MessageDecision) -> Result<Self, StoreError> {
        if !decision.changed() {
            return Err(StoreError::Misused("the decision changes nothing"));
        }
        Ok(Self {
            message: decision.message().clone(),
            token: WriteToken::fresh(),
        })
    }
}

/// What became of scheduling a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageCreated {
    /// It is stored, and this call made it.
    New(StoredMessage),
    /// The id has a message already; this is it.
    Existing(StoredMessage),
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageSaved {
    /// It is stored.
    Done(StoredMessage),
    /// The item had moved on, and nothing was changed; this is how it stands. Decide again.
    Moved(StoredMessage),
}

/// Where a message stands among its merchant's: by time of delivery, then by key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MessagePlace(String);

impl MessagePlace {
    /// Where this message stands.
    #[must_use]
    pub fn of(message: &DelayedMessage) -> Self {
        Self(delayed_message::place(message.deliver_at, message.key))
    }

    /// Reads what [`MessagePlace::as_str`] gave.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (time, key) = text.split_at_checked(TIME_DIGITS)?;
        let digits = time.bytes().all(|byte| byte.is_ascii_digit());
        let key = DelayedMessageKey::parse(key)?;
        let at = digits.then(|| time.parse().ok()).flatten()?;
        Some(Self(delayed_message::place(
            Timestamp::from_millis(at),
            key,
        )))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Some of a merchant's messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessagePage {
    /// In the order of their times.
    pub messages: Vec<DelayedMessage>,
    /// After which place the rest begins, if there is any.
    pub next: Option<MessagePlace>,
}

/// What the index `list` holds of an item: keys only.
#[derive(Debug, Deserialize)]
struct ListRecord {
    #[serde(rename = "k")]
    key: Kept<DelayedMessageKey>,
    #[serde(rename = "o")]
    place: String,
}

impl Store {
    /// The message with this key, as of its last write.
    ///
    /// # Errors
    /// A [`StoreError`] if the item cannot be had or read.
    pub async fn load_message(
        &self,
        key: DelayedMessageKey,
    ) -> Result<Option<StoredMessage>, StoreError> {
        let table = &self.tables.delayed_messages;
        let item = self.get(table, key.as_str(), "load a delayed message");
        item.await?.map(StoredMessage::read).transpose()
    }

    /// Stores a message that was just scheduled, unless its id has one: one write, and no read.
    ///
    /// # Errors
    /// A [`StoreError`]; [`StoreError::is_unknown`] says whether it may be stored all the same.
    pub async fn create_message(
        &self,
        decision: &MessageDecision,
    ) -> Result<MessageCreated, StoreError> {
        if decision.before().is_some() {
            return Err(StoreError::Misused("a change was handed over as new"));
        }
        let ours = StoredMessage::decided(decision)?;
        let absent = Condition::absent();
        match self.put_message(&ours, absent).await? {
            None => Ok(MessageCreated::New(ours)),
            // The first attempt had succeeded, only its answer was lost.
            Some(there) if there.token == ours.token => Ok(MessageCreated::New(there)),
            Some(there) => Ok(MessageCreated::Existing(there)),
        }
    }

    /// Stores a decision, if the message is still of the version it was made on.
    ///
    /// # Errors
    /// A [`StoreError`]; [`StoreError::is_unknown`] says whether it may be stored all the same.
    pub async fn save_message(
        &self,
        decision: &MessageDecision,
    ) -> Result<MessageSaved, StoreError> {
        let Some(seen) = decision.before() else {
            return Err(StoreError::Misused(
                "a new message was handed over as a change",
            ));
        };
        let ours = StoredMessage::decided(decision)?;
        match self.put_message(&ours, Condition::unmoved(seen)).await? {
            None => Ok(MessageSaved::Done(ours)),
            Some(there) if there.token == ours.token => Ok(MessageSaved::Done(there)),
            Some(there) => Ok(MessageSaved::Moved(there)),
        }
    }

    /// `None`: stored. Else what stands there instead.
    async fn put_message(
        &self,
        ours: &StoredMessage,
        condition: Condition,
    ) -> Result<Option<StoredMessage>, StoreError> {
        let table = &self.tables.delayed_messages;
        let item = delayed_message::write(&ours.message, ours.token, self.shards());
        let put = self.put_if(table, item, condition, "store a delayed message");
        let key = ours.message.key;
        match put.await? {
            Put::Stored => Ok(None),
            Put::Refused(Some(item)) => StoredMessage::read(item).map(Some),
            Put::Refused(None) => match self.load_message(key).await? {
                Some(there) => Ok(Some(there)),
                None => Err(StoreError::Gone(key.to_string())),
            },
        }
    }

    /// A merchant's messages in these states after a place, in the order of their times, at most
    /// `limit`. The index may be a moment old; each message is read as it is.
    ///
    /// # Errors
    /// A [`StoreError`] if the index or a message cannot be read.
    pub async fn list_messages(
        &self,
        merchant: &MerchantId,
        states: &[DelayedMessageState],
        after: Option<&MessagePlace>,
        limit: usize,
    ) -> Result<MessagePage, StoreError> {
        // One more than asked for shows whether there is a rest.
        let wanted = limit.max(1) + 1;
        let mut reads = Vec::new();
        for state in states {
            for shard in 0..self.shards() {
                let list = delayed_message::list(merchant, *state, shard);
                reads.push(self.read_list(list, after, wanted));
            }
        }
        let parts = futures::future::try_join_all(reads).await?;
        let mut found: Vec<ListRecord> = parts.into_iter().flatten().collect();
        found.sort_by(|a, b| a.place.cmp(&b.place));
        // While it changes its state a message may be listed under both.
        found.dedup_by(|a, b| a.place == b.place);
        let more = found.len() >= wanted;
        found.truncate(limit.max(1));
        let last = found
            .last()
            .map(|record| MessagePlace(record.place.clone()));
        let keys: BTreeSet<_> = found.iter().map(|record| record.key.0.as_str()).collect();
        let table = &self.tables.delayed_messages;
        let items = self.get_many(table, keys, "load a merchant's messages");
        let mut messages = Vec::with_capacity(found.len());
        for item in items.await? {
            let (message, _) = delayed_message::read(item)?;
            if states.contains(&message.state) {
                messages.push(message);
            }
        }
        messages.sort_by_key(MessagePlace::of);
        Ok(MessagePage {
            messages,
            next: last.filter(|_| more),
        })
    }

    async fn read_list(
        &self,
        list: String,
        after: Option<&MessagePlace>,
        limit: usize,
    ) -> Result<Vec<ListRecord>, StoreError> {
        let doing = "list delayed messages";
        // Places begin with a digit, so all come after "0".
        let after = after.map_or("0", MessagePlace::as_str).to_owned();
        let query = QueryItems {
            table: self.tables.delayed_messages.clone(),
            index: Some(LIST_INDEX),
            condition: Expression {
                text: "#l = :l AND #o > :after",
                names: vec![("#l", LIST), ("#o", PLACE)],
                values: vec![
                    (":l", AttributeValue::S(list)),
                    (":after", AttributeValue::S(after)),
                ],
            },
            limit: i32::try_from(limit).unwrap_or(i32::MAX),
            doing,
        };
        let items = self.engine.query(query).await.map_err(failed(doing))?;
        let items = items.into_iter();
        let records = items.map(|item| {
            serde_dynamo::aws_sdk_dynamodb_1::from_item(item)
                .map_err(|error| StoreError::of_read(doing, error))
        });
        records.collect()
    }
}
