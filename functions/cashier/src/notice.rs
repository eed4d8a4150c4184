//! What the page says about the step before it. It travels as a word of ours in the address, so that a
//! reload repeats the sentence and not the step.

use crate::words::Words;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notice {
    /// The channels were asked, and no money is known of.
    Asked,
    /// The channel has not answered yet.
    Awaited,
    /// Another attempt stands already.
    AlreadyBegun,
    /// The attempt before could not be proven closed.
    Unproven,
    /// The channel would not take it.
    Refused,
    /// The channel is in trouble.
    Unavailable,
    /// The order has had as many attempts as it may.
    TooMany,
}

impl Notice {
    const ALL: [Self; 7] = [
        Self::Asked,
        Self::Awaited,
        Self::AlreadyBegun,
        Self::Unproven,
        Self::Refused,
        Self::Unavailable,
        Self::TooMany,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Awaited => "awaited",
            Self::AlreadyBegun => "begun",
            Self::Unproven => "unproven",
            Self::Refused => "refused",
            Self::Unavailable => "unavailable",
            Self::TooMany => "too-many",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.name() == name)
    }

    pub(crate) const fn sentence(self, words: &Words) -> &'static str {
        match self {
            Self::Asked => words.notice_asked,
            Self::Awaited => words.notice_awaited,
            Self::AlreadyBegun => words.notice_begun,
            Self::Unproven => words.notice_unproven,
            Self::Refused => words.notice_refused,
            Self::Unavailable => words.notice_unavailable,
            Self::TooMany => words.notice_too_many,
        }
    }
}
