//! Announcements (通知): what merchants and the event bus are told about a payment, in order.
//!
//! One is made in the same write as the change it tells of, so neither can exist without the other.
//! They are numbered from 1 without gaps. One that was told everywhere is dropped, since the history
//! keeps it; one that was given up stays, where a person sees it and can have it told again.

use crate::obligation::Due;
use crate::payment::Version;
use crate::schedule::RetryLadder;
use crate::time::{Span, Timestamp};

/// What an announcement tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AnnouncementKind {
    /// The order is paid.
    Paid,
    /// Nothing can be paid any more.
    Closed,
    /// A refund went back; the subject is its number.
    RefundSucceeded,
    /// A refund will never move money, and no other stands in for it; the subject is its number.
    RefundFailed,
    /// A refund needs a person; the subject is its number.
    RefundNeedsPerson,
    /// Money came that is not the order's: twice, too late, or of another amount. The subject is the
    /// channel's trade number.
    ExtraCapture,
    /// Something people must look at; the subject is a channel trade or refund number.
    CaseOpened,
}

impl AnnouncementKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Paid,
        Self::Closed,
        Self::RefundSucceeded,
        Self::RefundFailed,
        Self::RefundNeedsPerson,
        Self::ExtraCapture,
        Self::CaseOpened,
    ];

    /// The type in notifications and events.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Paid => "payment.paid",
            Self::Closed => "payment.closed",
            Self::RefundSucceeded => "refund.succeeded",
            Self::RefundFailed => "refund.failed",
            Self::RefundNeedsPerson => "refund.needs_person",
            // To a merchant both are the same: something is out of order, and being seen to.
            Self::ExtraCapture | Self::CaseOpened => "anomaly.detected",
        }
    }
}

/// How far the telling of one receiver has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Leg {
    /// Still to be told.
    Owed {
        /// How often it was tried.
        attempts: u32,
        /// When to try next; `None` while an earlier announcement has to go first.
        due: Option<Due>,
    },
    /// Told, or there is nobody to tell.
    Settled,
    /// Tried for days, or told to stop. A person may have it told again.
    GivenUp,
}

impl Leg {
    /// Owed, and waiting for its turn.
    pub const WAITING: Self = Self::Owed {
        attempts: 0,
        due: None,
    };

    /// When it is to be tried, if it is.
    #[must_use]
    pub const fn due(self) -> Option<Due> {
        match self {
            Self::Owed { due, .. } => due,
            Self::Settled | Self::GivenUp => None,
        }
    }
}

/// One thing to tell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Announcement {
    /// Its place among the payment's announcements, from 1.
    pub sequence: u32,
    /// What it tells.
    pub kind: AnnouncementKind,
    /// What it is about, where that is not the payment: a refund or trade number.
    pub subject: Option<String>,
    /// The version of the payment that it tells of.
    pub version: Version,
    /// When that was made.
    pub at: Timestamp,
    /// The event bus.
    pub bus: Leg,
    /// The merchant's address.
    pub merchant: Leg,
}

impl Announcement {
    /// The earliest time at which something is to be done about it.
    #[must_use]
    pub fn due(&self) -> Option<Due> {
        [self.bus.due(), self.merchant.due()]
            .into_iter()
            .flatten()
            .min()
    }
}

/// What a merchant's server said of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MerchantSaid {
    /// It took it, with this HTTP status.
    Taken(u16),
    /// It answered anything else.
    Refused(u16),
    /// No answer.
    Silent,
    /// We do not send there: the address leads inside a network, or there is no secret to sign with.
    Barred,
    /// It was not called, because it does not answer others either; not before this time.
    Held(Timestamp),
}

/// Answered by a server that will never again take anything (HTTP 410): Standard Webhooks has senders
/// stop.
const GONE: u16 = 410;

/// How long the bus is left alone once its own ladder is over: it is never given up.
const BUS_PACE: Span = Span::hours(1);

/// What becomes of the merchant's leg after so many attempts: the new leg without its message.
pub(crate) fn after_merchant(
    said: MerchantSaid,
    attempts: u32,
    id: &str,
    now: Timestamp,
) -> Result<Timestamp, Leg> {
    match said {
        MerchantSaid::Taken(_) => Err(Leg::Settled),
        MerchantSaid::Refused(GONE) => Err(Leg::GivenUp),
        MerchantSaid::Refused(_) | MerchantSaid::Silent | MerchantSaid::Barred => {
            RetryLadder::STANDARD
                .next(id, attempts, now)
                .ok_or(Leg::GivenUp)
        }
        // As often as a silence counts, or a server that hangs would be tried for ever.
        MerchantSaid::Held(until) => RetryLadder::STANDARD
            .next(id, attempts, now)
            .map(|at| at.max(until))
            .ok_or(Leg::GivenUp),
    }
}

/// When the bus is tried again after so many attempts.
pub(crate) fn bus_again(attempts: u32, id: &str, now: Timestamp) -> Timestamp {
    RetryLadder::STANDARD
        .next(id, attempts, now)
        .unwrap_or_else(|| now.plus(BUS_PACE))
        .min(now.plus(BUS_PACE))
}
