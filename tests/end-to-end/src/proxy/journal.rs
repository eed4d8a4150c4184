//! What was called, in order, and what it consumed.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde_json::Value;

use super::call::{Call, PUBLISH_EVENTS, SEND_MESSAGES, Side};

/// What a call to the store consumed. Reads come in halves: one that need not be consistent costs half a unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Consumed {
    /// Halves of read units.
    pub read_halves: u64,
    /// Write units, those of the index included.
    pub write_units: u64,
}

impl Consumed {
    /// Reads it from request and answer.
    pub(crate) fn read(call: &Call, request: &[u8], answer: &[u8]) -> Self {
        if !call.is_of_the_store() {
            return Self::default();
        }
        let request: Value = serde_json::from_slice(request).unwrap_or_default();
        let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
        if call.is_a_write() {
            Self {
                read_halves: 0,
                write_units: written(&request, &answer),
            }
        } else {
            Self {
                read_halves: read(&request, &answer),
                write_units: 0,
            }
        }
    }
}

/// The store says what a write consumed, in its indexes too. One that was refused says nothing and costs as much as the
/// larger of the two items: the one that was to be written and the one that is there.
fn written(request: &Value, answer: &Value) -> u64 {
    let said = &answer["ConsumedCapacity"];
    if said.is_null() {
        let bytes = item_bytes(&request["Item"]).max(item_bytes(&answer["Item"]));
        return bytes.div_ceil(1024).max(1);
    }
    halves_in(said) / 2
}

/// A read is billed by 4 KB begun, at half the price where it need not be consistent. Worked out here from what came
/// back: the emulator does not look at sizes, and says nothing of a batch.
fn read(request: &Value, answer: &Value) -> u64 {
    let batch = answer["Responses"]
        .as_object()
        .and_then(|tables| tables.iter().next());
    let asked = match batch {
        Some((table, _)) => &request["RequestItems"][table],
        None => request,
    };
    let price = if asked["ConsistentRead"] == true {
        2
    } else {
        1
    };
    let units = match (batch, answer["Items"].as_array()) {
        (Some((_, items)), _) => items.as_array().into_iter().flatten().map(read_units).sum(),
        (None, Some(found)) => found
            .iter()
            .map(item_bytes)
            .sum::<u64>()
            .div_ceil(4096)
            .max(1),
        (None, None) => read_units(&answer["Item"]),
    };
    units * price
}

fn read_units(item: &Value) -> u64 {
    item_bytes(item).div_ceil(4096).max(1)
}

/// `2.5` as 5 halves, without a floating point number.
fn halves_in(consumed: &Value) -> u64 {
    let units = consumed["CapacityUnits"].to_string();
    let (whole, part) = units.split_once('.').unwrap_or((&units, ""));
    whole.parse::<u64>().unwrap_or(0) * 2 + u64::from(part.starts_with('5'))
}

/// The size of an item as DynamoDB counts it: names and values, three bytes for a list or map and one for each element.
fn item_bytes(item: &Value) -> u64 {
    let attributes = item.as_object().into_iter().flatten();
    attributes
        .map(|(name, value)| length(name) + value_bytes(value))
        .sum()
}

fn value_bytes(value: &Value) -> u64 {
    let Some((kind, value)) = value.as_object().and_then(|members| members.iter().next()) else {
        return 0;
    };
    match (kind.as_str(), value) {
        ("S", Value::String(text)) => length(text),
        ("N", Value::String(digits)) => length(digits).div_ceil(2) + 1,
        ("B", Value::String(base64)) => length(base64) * 3 / 4,
        ("L", Value::Array(elements)) => {
            3 + elements
                .iter()
                .map(|element| 1 + value_bytes(element))
                .sum::<u64>()
        }
        ("M", members) => {
            let count = members.as_object().map_or(0, serde_json::Map::len);
            3 + u64::try_from(count).unwrap_or(0) + item_bytes(members)
        }
        (_, _) => 1,
    }
}

fn length(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}

/// One call that was seen.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When it came to an end.
    pub at: Instant,
    /// What it was.
    pub call: Call,
    /// What it consumed.
    pub consumed: Consumed,
    /// Whether its maker was killed before it was passed on.
    pub killed_before: bool,
}

impl Entry {
    pub(crate) fn new(call: Call, consumed: Consumed) -> Self {
        Self {
            at: Instant::now(),
            call,
            consumed,
            killed_before: false,
        }
    }

    pub(crate) fn killed(call: Call) -> Self {
        Self {
            killed_before: true,
            ..Self::new(call, Consumed::default())
        }
    }
}

/// Every call, in order.
#[derive(Debug, Default)]
pub struct Journal(Mutex<Vec<Entry>>);

impl Journal {
    pub(crate) fn write(&self, entry: Entry) {
        self.entries().push(entry);
    }

    /// How much was written: where a later [`Journal::since`] begins.
    #[must_use]
    pub fn mark(&self) -> usize {
        self.entries().len()
    }

    /// What was written since a mark.
    #[must_use]
    pub fn since(&self, mark: usize) -> Vec<Entry> {
        self.entries().iter().skip(mark).cloned().collect()
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Calls, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Requests to DynamoDB.
    pub store: u64,
    /// Halves of its read units.
    pub read_halves: u64,
    /// Its write units.
    pub write_units: u64,
    /// Requests to the queue.
    pub queue: u64,
    /// Requests to the event bus.
    pub events: u64,
    /// Invocations of another function.
    pub invocations: u64,
    /// Secrets fetched.
    pub secrets: u64,
    /// Calls of the channel.
    pub channel: u64,
}

impl Tally {
    /// Adds up what was passed on.
    #[must_use]
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut tally = Self::default();
        for entry in entries.into_iter().filter(|entry| !entry.killed_before) {
            tally.read_halves += entry.consumed.read_halves;
            tally.write_units += entry.consumed.write_units;
            let label = entry.call.label.as_str();
            let counter = match entry.call.side {
                Side::Channel => &mut tally.channel,
                Side::Aws if entry.call.is_of_the_store() => &mut tally.store,
                Side::Aws if label == SEND_MESSAGES => &mut tally.queue,
                Side::Aws if label == PUBLISH_EVENTS => &mut tally.events,
                Side::Aws if label.starts_with("invoke ") => &mut tally.invocations,
                Side::Aws => &mut tally.secrets,
            };
            *counter += 1;
        }
        tally
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn units_are_read_as_halves() {
        assert_eq!(halves_in(&json!({ "CapacityUnits": 2.5 })), 5);
        assert_eq!(halves_in(&json!({ "CapacityUnits": 1 })), 2);
        assert_eq!(halves_in(&Value::Null), 0);
    }

    #[test]
    fn an_item_is_as_large_as_its_names_and_values() {
        let item =
            json!({ "k": { "S": "abc" }, "n": { "N": "12345" }, "l": { "L": [{ "BOOL": true }] } });
        assert_eq!(item_bytes(&item), (1 + 3) + (1 + 4) + (1 + 3 + 1 + 1));
    }
}
