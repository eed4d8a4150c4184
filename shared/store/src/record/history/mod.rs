//! Entries of the history: one compact JSON text for each version, never written again once stored.
//!
//! What stands in the terms is not repeated: the opening is kept as the choice it was made with, and
//! a repeated request without the amount and subject it had to match. The terms never change, and
//! the first hash of the chain binds them.

mod command;
mod fact;

use payonce_domain::{ChannelChoice, Entry, Input, Payment, Timestamp, Version};
use serde::{Deserialize, Serialize};

use super::field::Kept;
use command::CommandRecord;
use fact::FactRecord;

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

#[derive(Debug, Serialize, Deserialize)]
enum InputRecord {
    #[serde(rename = "o")]
    Opened(OpenedRecord),
    #[serde(rename = "f")]
    Fact(FactRecord),
    #[serde(rename = "c")]
    Command(CommandRecord),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenedRecord {
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    choice: Option<Kept<ChannelChoice>>,
}

/// The stored text of an entry of this payment.
pub(crate) fn write(entry: &Entry, payment: &Payment) -> String {
    let record = EntryRecord {
        version: entry.version.0,
        at: Kept(entry.at),
        input: match &entry.input {
            Input::Opened { terms: _, choice } => InputRecord::Opened(OpenedRecord {
                choice: choice.clone().map(Kept),
            }),
            Input::Fact(fact) => InputRecord::Fact(FactRecord::of(fact, payment.key)),
            Input::Command(command) => InputRecord::Command(CommandRecord::of(command, payment)),
        },
    };
    serde_json::to_string(&record).expect("entries are texts, numbers and maps with text keys")
}

/// The entry in a stored text of this payment; otherwise what is wrong with it.
pub(crate) fn read(text: &str, payment: &Payment) -> Result<Entry, String> {
    let record: EntryRecord = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let input = match record.input {
        InputRecord::Opened(opened) => Some(Input::Opened {
            terms: Box::new(payment.terms.clone()),
            choice: opened.choice.map(|choice| choice.0),
        }),
        InputRecord::Fact(fact) => fact.restore(payment.key).map(Input::Fact),
        InputRecord::Command(command) => command.restore(payment).map(Input::Command),
    };
    Ok(Entry {
        version: Version(record.version),
        at: record.at.0,
        input: input.ok_or("one of our numbers in it cannot be read")?,
    })
}
