//! The table `appeals`: opened once, changed only from the version that was seen, and listed for
//! operators while open and for its merchant.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use payonce_domain::appeal::AppealEntry;
use payonce_domain::{Appeal, AppealDecision, AppealKey, ChainHash, MerchantId, Timestamp};
use serde::Deserialize;

use crate::Store;
use crate::call::{Condition, Put, failed};
use crate::engine::{Expression, QueryItems};
use crate::error::StoreError;
use crate::record::Item;
use crate::record::appeal::{self, Chained, LIST, MERCHANT, PLACE};
use crate::record::field::Kept;
use crate::token::WriteToken;

/// How long the digits of a time in milliseconds are, for the next 260 years.
const TIME_DIGITS: usize = 13;

/// An appeal as it was read or written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAppeal {
    chained: Chained,
    token: WriteToken,
}

impl StoredAppeal {
    /// The appeal.
    #[must_use]
    pub const fn appeal(&self) -> &Appeal {
        &self.chained.appeal
    }

    /// Its history, each step with the hash of it and all before it.
    pub fn history(&self) -> impl Iterator<Item = (AppealEntry, ChainHash)> {
        let entries = self.chained.entries.iter();
        let entries = entries.filter_map(|text| appeal::read_entry(text));
        entries.zip(self.chained.hashes.iter().copied())
    }

    fn read(item: Item) -> Result<Self, StoreError> {
        let (chained, token) = appeal::read(item)?;
        Ok(Self { chained, token })
    }

    fn opened(decision: &AppealDecision) -> Result<Self, StoreError> {
        if decision.before().is_some() {
            return Err(StoreError::Misused(
                "a change was handed over as an opening",
            ));
        }
        Self::with(Vec::new(), Vec::new(), decision)
    }

    fn after(&self, decision: &AppealDecision) -> Result<Self, StoreError> {
        let seen = self.appeal();
        let on_this = decision.before() == Some(seen.version) && decision.appeal().key == seen.key;
        if !on_this {
            return Err(StoreError::Misused(
                "the decision was not made on the appeal that was seen",
            ));
        }
        let (entries, hashes) = (&self.chained.entries, &self.chained.hashes);
        Self::with(entries.clone(), hashes.clone(), decision)
    }

    fn with(
        mut entries: Vec<String>,
        mut hashes: Vec<ChainHash>,
        decision: &AppealDecision,
    ) -> Result<Self, StoreError> {
        let changes_nothing = StoreError::Misused("the decision changes nothing");
        let text = appeal::write_entry(decision.entry().ok_or(changes_nothing)?);
        let appeal = decision.appeal().clone();
        let genesis = || ChainHash::genesis(appeal.key.as_str());
        let last = hashes.last().copied().unwrap_or_else(genesis);
        hashes.push(last.follow(text.as_bytes()));
        entries.push(text);
        Ok(Self {
            chained: Chained {
                appeal,
                entries,
                hashes,
            },
            token: WriteToken::fresh(),
        })
    }
}

/// What became of opening an appeal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppealCreated {
    /// It is stored, and this call made it.
    New(StoredAppeal),
    /// The number has an appeal already; this is it.
    Existing(StoredAppeal),
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppealSaved {
    /// It is stored.
    Done(StoredAppeal),
    /// The item had moved on, and nothing was changed; this is how it stands. Decide again.
    Moved(StoredAppeal),
}

/// Which appeals are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppealList<'a> {
    /// Those that wait for something, of all merchants.
    Open,
    /// Those that ended, of all merchants.
    Over,
    /// Those of one merchant.
    Of(&'a MerchantId),
}

/// Where an appeal stands in a list: by the time of its opening, then by key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AppealPlace(String);

impl AppealPlace {
    /// Where this appeal stands.
    #[must_use]
    pub fn of(appeal: &Appeal) -> Self {
        Self(appeal::place(appeal.opened_at, appeal.key))
    }

    /// Reads what [`AppealPlace::as_str`] gave.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (time, key) = text.split_at_checked(TIME_DIGITS)?;
        let digits = time.bytes().all(|byte| byte.is_ascii_digit());
        let key = AppealKey::parse(key)?;
        let at = digits.then(|| time.parse().ok()).flatten()?;
        Some(Self(appeal::place(Timestamp::from_millis(at), key)))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Some of the appeals of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppealPage {
    /// The oldest first.
    pub appeals: Vec<Appeal>,
    /// After which place the rest begins, if there is any.
    pub next: Option<AppealPlace>,
}

/// What an index holds of an item: keys only.
#[derive(Debug, Deserialize)]
struct ListRecord {
    #[serde(rename = "k")]
    key: Kept<AppealKey>,
    #[serde(rename = "o")]
    place: String,
}

impl Store {
    /// The appeal with this key, as of its last write.
    ///
    /// # Errors
    /// A [`StoreError`] if the item cannot be had, or its history does not hold.
    pub async fn load_appeal(&self, key: AppealKey) -> Result<Option<StoredAppeal>, StoreError> {
        let item = self.get(&self.tables.appeals, key.as_str(), "load an appeal");
        item.await?.map(StoredAppeal::read).transpose()
    }

    /// Stores an appeal that was just opened, unless its number has one: one write, and no read.
    ///
    /// # Errors
    /// A [`StoreError`]; [`StoreError::is_unknown`] says whether it may be stored all the same.
    pub async fn create_appeal(
        &self,
        decision: &AppealDecision,
    ) -> Result<AppealCreated, StoreError> {
        let ours = StoredAppeal::opened(decision)?;
        match self.put_appeal(&ours, Condition::absent()).await? {
            None => Ok(AppealCreated::New(ours)),
            // The first attempt had succeeded, only its answer was lost.
            Some(there) if there.token == ours.token => Ok(AppealCreated::New(there)),
            Some(there) => Ok(AppealCreated::Existing(there)),
        }
    }

    /// Stores a decision, if the appeal is still of the version it was made on.
    ///
    /// # Errors
    /// A [`StoreError`]; [`StoreError::is_unknown`] says whether it may be stored all the same.
    pub async fn save_appeal(
        &self,
        seen: &StoredAppeal,
        decision: &AppealDecision,
    ) -> Result<AppealSaved, StoreError> {
        let ours = seen.after(decision)?;
        let unmoved = Condition::unmoved(seen.appeal().version);
        match self.put_appeal(&ours, unmoved).await? {
            None => Ok(AppealSaved::Done(ours)),
            Some(there) if there.token == ours.token => Ok(AppealSaved::Done(there)),
            Some(there) => Ok(AppealSaved::Moved(there)),
        }
    }

    /// `None`: stored. Else what stands there instead.
    async fn put_appeal(
        &self,
        ours: &StoredAppeal,
        condition: Condition,
    ) -> Result<Option<StoredAppeal>, StoreError> {
        let item = appeal::write(&ours.chained, ours.token, self.shards());
        let put = self.put_if(&self.tables.appeals, item, condition, "store an appeal");
        let key = ours.appeal().key;
        match put.await? {
            Put::Stored => Ok(None),
            Put::Refused(Some(item)) => StoredAppeal::read(item).map(Some),
            Put::Refused(None) => match self.load_appeal(key).await? {
                Some(there) => Ok(Some(there)),
                None => Err(StoreError::Gone(key.to_string())),
            },
        }
    }

    /// The appeals of a list after a place, the oldest first, at most `limit`. The index may be a
    /// moment old. One that cannot be read is left out, and a log line names it.
    ///
    /// # Errors
    /// A [`StoreError`] if the index or the appeals cannot be had.
    pub async fn list_appeals(
        &self,
        list: AppealList<'_>,
        after: Option<&AppealPlace>,
        limit: usize,
    ) -> Result<AppealPage, StoreError> {
        // One more than asked for shows whether there is a rest.
        let wanted = limit.max(1) + 1;
        let reads = (0..self.shards()).map(|shard| self.read_appeals(list, shard, after, wanted));
        let parts = futures::future::try_join_all(reads).await?;
        let mut found: Vec<ListRecord> = parts.into_iter().flatten().collect();
        found.sort_by(|a, b| a.place.cmp(&b.place));
        let more = found.len() >= wanted;
        found.truncate(limit.max(1));
        let last = found.last().map(|record| AppealPlace(record.place.clone()));
        let keys: BTreeSet<_> = found.iter().map(|record| record.key.0.as_str()).collect();
        let items = self.get_many(&self.tables.appeals, keys, "load appeals");
        let read = items.await?.into_iter().map(StoredAppeal::read);
        let mut appeals: Vec<_> = read.filter_map(readable).collect();
        appeals.sort_by_key(AppealPlace::of);
        Ok(AppealPage {
            appeals,
            next: last.filter(|_| more),
        })
    }

    async fn read_appeals(
        &self,
        list: AppealList<'_>,
        shard: u32,
        after: Option<&AppealPlace>,
        limit: usize,
    ) -> Result<Vec<ListRecord>, StoreError> {
        let doing = "list appeals";
        let (index, attribute, value) = match list {
            AppealList::Open => ("list", LIST, appeal::list(false, shard)),
            AppealList::Over => ("list", LIST, appeal::list(true, shard)),
            AppealList::Of(merchant) => {
                let value = appeal::of_merchant(merchant, shard);
                ("merchant", MERCHANT, value)
            }
        };
        // Places begin with a digit, so all come after "0".
        let after = after.map_or("0", AppealPlace::as_str).to_owned();
        let query = QueryItems {
            table: self.tables.appeals.clone(),
            index: Some(index),
            condition: Expression {
                text: "#l = :l AND #o > :after",
                names: vec![("#l", attribute), ("#o", PLACE)],
                values: vec![
                    (":l", AttributeValue::S(value)),
                    (":after", AttributeValue::S(after)),
                ],
            },
            limit: i32::try_from(limit).unwrap_or(i32::MAX),
            doing,
        };
        let items = self.engine.query(query).await.map_err(failed(doing))?;
        let records = items.into_iter().map(|item| {
            serde_dynamo::aws_sdk_dynamodb_1::from_item(item)
                .map_err(|error| StoreError::of_read(doing, error))
        });
        records.collect()
    }
}

fn readable(read: Result<StoredAppeal, StoreError>) -> Option<Appeal> {
    match read {
        Ok(stored) => Some(stored.chained.appeal),
        Err(error) => {
            tracing::error!(%error, "an appeal cannot be read");
            None
        }
    }
}
