//! An announcement in its payment's item, until everybody was told.

use payonce_domain::{
    Announcement, AnnouncementKind, Due, Leg, PaymentKey, RefundNo, Timestamp, Version,
};
use serde::{Deserialize, Serialize};

use super::channel_order::{DueRecord, is_zero};
use super::field::Kept;
use super::number;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AnnouncementRecord {
    #[serde(rename = "n")]
    sequence: u32,
    #[serde(rename = "k")]
    kind: Kept<AnnouncementKind>,
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(rename = "v")]
    version: u64,
    #[serde(rename = "c")]
    at: Kept<Timestamp>,
    /// Left out once it was told.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    bus: Option<LegRecord>,
    /// Left out once it was told, and where there is nobody to tell.
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    merchant: Option<LegRecord>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LegRecord {
    #[serde(rename = "n", default, skip_serializing_if = "is_zero")]
    attempts: u32,
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    due: Option<DueRecord>,
    #[serde(rename = "x", default, skip_serializing_if = "std::ops::Not::not")]
    given_up: bool,
}

impl AnnouncementRecord {
    pub(super) fn of(announcement: &Announcement, key: PaymentKey) -> Self {
        let Announcement {
            sequence,
            kind,
            subject,
            version,
            at,
            bus,
            merchant,
        } = announcement;
        Self {
            sequence: *sequence,
            kind: Kept(*kind),
            subject: subject.as_deref().map(|subject| short(subject, key)),
            version: version.0,
            at: Kept(*at),
            bus: LegRecord::of(*bus),
            merchant: LegRecord::of(*merchant),
        }
    }

    pub(super) fn restore(self, key: PaymentKey) -> Option<Announcement> {
        Some(Announcement {
            sequence: self.sequence,
            kind: self.kind.0,
            subject: match self.subject {
                Some(subject) => Some(long(subject, key)?),
                None => None,
            },
            version: Version(self.version),
            at: self.at.0,
            bus: LegRecord::restore(self.bus),
            merchant: LegRecord::restore(self.merchant),
        })
    }
}

/// A refund number of this payment is kept short, behind a mark that no number begins with.
fn short(subject: &str, key: PaymentKey) -> String {
    match RefundNo::parse(subject) {
        Some(no) => format!("*{}", number::of_refund(no, key)),
        None => format!("={subject}"),
    }
}

fn long(kept: String, key: PaymentKey) -> Option<String> {
    match kept.strip_prefix('*') {
        Some(no) => Some(number::to_refund(no, key)?.to_string()),
        None => Some(kept.strip_prefix('=')?.to_owned()),
    }
}

impl LegRecord {
    fn of(leg: Leg) -> Option<Self> {
        match leg {
            Leg::Owed { attempts, due } => Some(Self {
                attempts,
                due: due.map(DueRecord::from),
                given_up: false,
            }),
            Leg::GivenUp => Some(Self {
                attempts: 0,
                due: None,
                given_up: true,
            }),
            Leg::Settled => None,
        }
    }

    fn restore(record: Option<Self>) -> Leg {
        match record {
            None => Leg::Settled,
            Some(record) if record.given_up => Leg::GivenUp,
            Some(record) => Leg::Owed {
                attempts: record.attempts,
                due: record.due.map(Due::from),
            },
        }
    }
}
