//! Notifications (异步通知): unverified until an adapter has checked them, and then news.

use std::fmt;

use payonce_domain::{
    ChannelOrderNo, Money, RefundNo, RefundReport, Report, ReturnedSum, Timestamp,
};

/// A notification as it arrived. Nothing can be read from it: it can only be verified.
#[derive(Clone, Copy)]
pub struct UnverifiedNotification<'a> {
    /// Header names, in lower case, and values.
    pub headers: &'a [(String, String)],
    /// The body as received.
    pub body: &'a [u8],
    /// When it arrived.
    pub received_at: Timestamp,
}

impl fmt::Debug for UnverifiedNotification<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an unverified notification of {} bytes", self.body.len())
    }
}

/// A verified notification about an order with a number of ours, for the account it was sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The attempt it is about.
    pub channel_order_no: ChannelOrderNo,
    /// What it says.
    pub news: News,
}

/// What a notification says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// The order's fate.
    Trade(Report),
    /// The fate of a refund of ours.
    Refund {
        /// Which refund.
        no: RefundNo,
        /// What became of it.
        report: RefundReport,
        /// What it moves, to be compared with what it was to move; `None` where the message names no sum
        /// of this refund alone.
        amount: Option<Money>,
    },
    /// The channel returned money that we did not ask it to return.
    Returned {
        /// The channel's, or another system's, number for the return.
        return_no: String,
        /// How much.
        returned: ReturnedSum,
    },
    /// It is genuine and asks nothing of us.
    Nothing,
}

/// Why a notification was not taken as news.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// The signature does not hold under any key of this account: forged, or damaged on its way.
    #[error("the signature does not hold")]
    BadSignature,
    /// The channel tests whether we check signatures at all: it sends some that do not hold, and the
    /// genuine message follows. Expected, and nothing to alarm anybody with.
    #[error("a probe whose signature is not meant to hold")]
    Probe,
    /// It lacks what a signature could be checked with, so it proves nothing either way.
    #[error("malformed before its signature could be checked: {0}")]
    Malformed(&'static str),
    /// Genuine, but about another merchant or application than this account.
    #[error("genuine, but for another merchant")]
    WrongMerchant,
    /// Genuine and for this account, but it names no order number that we could have given.
    #[error("genuine, but about no number of ours")]
    NotOurNumber,
    /// Genuine, but it says something that cannot be read; a question to the channel will settle it.
    #[error("genuine, but unreadable: {0}")]
    Unreadable(&'static str),
}

impl Rejected {
    /// Whether the channel did send this. A forgery is only counted; a genuine message that we cannot
    /// place may be about real money and deserves a person's look.
    #[must_use]
    pub const fn is_genuine(self) -> bool {
        match self {
            Self::BadSignature | Self::Probe | Self::Malformed(_) => false,
            Self::WrongMerchant | Self::NotOurNumber | Self::Unreadable(_) => true,
        }
    }

    /// Whether it is part of a healthy channel's life, so that nobody need look at it.
    #[must_use]
    pub const fn is_expected(self) -> bool {
        match self {
            Self::Probe => true,
            Self::BadSignature
            | Self::Malformed(_)
            | Self::WrongMerchant
            | Self::NotOurNumber
            | Self::Unreadable(_) => false,
        }
    }
}
