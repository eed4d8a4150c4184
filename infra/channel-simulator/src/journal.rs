//! The journal: everything that was said and every fen that moved, in order.
//!
//! It is the oracle that tests read, so nothing leaves it silently: when it is full the oldest
//! entries go and their number is reported.

use std::collections::VecDeque;

use serde::Serialize;
use serde_json::Value;

use crate::clock::Moment;

/// Enough for a long test; at about a kilobyte an entry it stays within ordinary memory.
const ENTRIES_MAX: usize = 100_000;

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Somebody called a channel or opened one of its pages.
    Request,
    /// What the channel answered, or that it did not.
    Answer,
    /// One attempt to notify a merchant.
    Notification,
    /// A capture or a refund in the channel's books.
    Money,
    /// A call to the control API that changed something.
    Control,
}

/// One line of the journal.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Entry {
    pub(crate) seq: u64,
    pub(crate) at: String,
    pub(crate) kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) channel: Option<&'static str>,
    pub(crate) operation: String,
    pub(crate) channel_order_no: Option<String>,
    pub(crate) outcome: String,
    #[serde(skip_serializing_if = "Value::is_null")]
    pub(crate) detail: Value,
}

/// What a caller knows about an entry; the journal adds number and time.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) kind: Kind,
    pub(crate) channel: Option<&'static str>,
    pub(crate) operation: String,
    pub(crate) channel_order_no: Option<String>,
    pub(crate) outcome: String,
    pub(crate) detail: Value,
}

/// The entries that are still held, and how many were let go.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    entries: VecDeque<Entry>,
    written: u64,
    dropped: u64,
}

impl Journal {
    pub(crate) fn write(&mut self, at: Moment, line: Line) {
        self.written += 1;
        if self.entries.len() >= ENTRIES_MAX {
            self.entries.pop_front();
            self.dropped += 1;
        }
        self.entries.push_back(Entry {
            seq: self.written,
            at: at.rfc3339(),
            kind: line.kind,
            channel: line.channel,
            operation: line.operation,
            channel_order_no: line.channel_order_no,
            outcome: line.outcome,
            detail: line.detail,
        });
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn a_full_journal_counts_what_it_lets_go() {
        let mut journal = Journal::default();
        let line = Line {
            kind: Kind::Control,
            channel: None,
            operation: "clock".into(),
            channel_order_no: None,
            outcome: "advanced".into(),
            detail: Value::Null,
        };
        for _ in 0..ENTRIES_MAX + 3 {
            journal.write(Clock::default().now(), line.clone());
        }
        assert_eq!(journal.dropped(), 3);
        assert_eq!(journal.entries().next().unwrap().seq, 4);
    }
}
