//! How an appeal is written down: its history, chained by hashes, and what it is found by.
//!
//! The appeal itself is not kept beside its history: it is what the history leads to, each time it is
//! read. So an entry that was altered, taken out or put in makes it unreadable instead of wrong.

mod findings;
mod input;

use payonce_domain::appeal::AppealEntry;
use payonce_domain::appeal::history::replay;
use payonce_domain::{Appeal, AppealKey, ChainHash, MerchantId, Timestamp, Version};
use serde::{Deserialize, Serialize};

use super::bytes::Bytes;
use super::field::Kept;
use super::{Item, VERSION, from_item, to_item};
use crate::audit::Trouble;
use crate::error::StoreError;
use crate::token::WriteToken;
use input::InputRecord;

/// The partition key of the index `list`: whether it is over, and the part.
pub(crate) const LIST: &str = "l";
/// The partition key of the index `merchant`: whose, and the part.
pub(crate) const MERCHANT: &str = "m";
/// The sort key of both: the time of its opening in milliseconds with 13 digits, then the key.
pub(crate) const PLACE: &str = "o";

/// As many bytes as one hash of the chain has.
const HASH_BYTES: usize = 16;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AppealRecord {
    #[serde(rename = "k")]
    key: Kept<AppealKey>,
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
    #[serde(rename = "m")]
    merchant: String,
    #[serde(rename = "o")]
    place: String,
    #[serde(rename = "h")]
    history: Vec<String>,
    /// 16 bytes for each entry of the history.
    #[serde(rename = "hh")]
    history_hashes: Bytes,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryRecord {
    #[serde(rename = "v")]
    version: u64,
    #[serde(rename = "t")]
    at: Kept<Timestamp>,
    #[serde(rename = "i")]
    input: InputRecord,
}

/// The partition of the index `list`.
pub(crate) fn list(over: bool, shard: u32) -> String {
    format!("{}#{shard}", if over { "over" } else { "open" })
}

/// The partition of the index `merchant`.
pub(crate) fn of_merchant(merchant: &MerchantId, shard: u32) -> String {
    format!("{merchant}#{shard}")
}

/// Where an appeal stands in its partitions.
pub(crate) fn place(opened_at: Timestamp, key: AppealKey) -> String {
    format!("{:013}{key}", opened_at.as_millis())
}

/// The stored text of an entry.
pub(crate) fn write_entry(entry: &AppealEntry) -> String {
    let record = EntryRecord {
        version: entry.version.0,
        at: Kept(entry.at),
        input: InputRecord::of(&entry.input),
    };
    serde_json::to_string(&record).expect("entries are texts, numbers and maps with text keys")
}

/// The entry in a stored text; none if it holds something else.
pub(crate) fn read_entry(text: &str) -> Option<AppealEntry> {
    let record: EntryRecord = serde_json::from_str(text).ok()?;
    Some(AppealEntry {
        version: Version(record.version),
        at: record.at.0,
        input: record.input.restore()?,
    })
}

/// An appeal with the texts and hashes that it is kept as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chained {
    pub(crate) appeal: Appeal,
    pub(crate) entries: Vec<String>,
    pub(crate) hashes: Vec<ChainHash>,
}

/// The item of an appeal.
pub(crate) fn write(chained: &Chained, token: WriteToken, shards: u32) -> Item {
    let appeal = &chained.appeal;
    let due_at = appeal.due_at();
    let shard = appeal.key.shard(shards);
    let hashes = chained.hashes.iter().flat_map(|hash| hash.0);
    to_item(&AppealRecord {
        key: Kept(appeal.key),
        record_version: VERSION,
        version: appeal.version.0,
        write_token: Bytes(token.0.to_vec()),
        due_shard: due_at.map(|_| shard),
        due_at: due_at.map(Kept),
        list: list(appeal.state.is_over(), shard),
        merchant: of_merchant(&appeal.request.merchant_id, shard),
        place: place(appeal.opened_at, appeal.key),
        history: chained.entries.clone(),
        history_hashes: Bytes(hashes.collect()),
    })
}

/// The appeal in an item, and the token of the write that made it so.
///
/// # Errors
/// [`StoreError::NewerRecord`], or [`StoreError::Unreadable`] if its history does not hold.
pub(crate) fn read(item: Item) -> Result<(Chained, WriteToken), StoreError> {
    let record: AppealRecord = from_item(item)?;
    let key = record.key.0;
    let token = <[u8; 16]>::try_from(record.write_token.0.as_slice());
    let unreadable = |why: String| StoreError::Unreadable {
        item: key.to_string(),
        why,
    };
    let token = token.map_err(|_| unreadable("the write token".to_owned()))?;
    let chained = restore(record).map_err(|trouble| unreadable(trouble.to_string()))?;
    Ok((chained, WriteToken(token)))
}

/// The appeal in an item, or what is wrong with its history.
pub(crate) fn examine(item: Item) -> Result<Chained, Trouble> {
    let record = from_item(item).map_err(|error| Trouble::Unreadable(error.to_string()))?;
    restore(record)
}

fn restore(record: AppealRecord) -> Result<Chained, Trouble> {
    let key = record.key.0;
    let chunks = record.history_hashes.0.chunks(HASH_BYTES);
    let hashes: Result<Vec<_>, _> = chunks
        .map(|bytes| bytes.try_into().map(ChainHash))
        .collect();
    let hashes = hashes.map_err(|_| Trouble::Unreadable("the hashes".to_owned()))?;
    if let Some(at) = broken_at(key, &record.history, &hashes) {
        return Err(Trouble::Chain(at));
    }
    let history = |why: String| Trouble::History(why);
    let entries: Option<Vec<_>> = record.history.iter().map(|text| read_entry(text)).collect();
    let entries = entries.ok_or_else(|| history("an entry cannot be read".to_owned()))?;
    let appeal = replay(&entries).map_err(|broken| history(broken.to_string()))?;
    if appeal.key != key || appeal.version.0 != record.version {
        return Err(history("it is another appeal's".to_owned()));
    }
    Ok(Chained {
        appeal,
        entries: record.history,
        hashes,
    })
}

/// The version whose entry does not follow from the one before, if any does not.
fn broken_at(key: AppealKey, entries: &[String], hashes: &[ChainHash]) -> Option<Version> {
    let mut last = ChainHash::genesis(key.as_str());
    let mut version = Version(1);
    for (text, hash) in entries.iter().zip(hashes) {
        last = last.follow(text.as_bytes());
        if last != *hash {
            return Some(version);
        }
        version = version.next();
    }
    (entries.len() != hashes.len()).then_some(version)
}
