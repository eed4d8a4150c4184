//! What a buyer did at the cashier (收银台), kept beside the payment for an appeal.

use crate::channel::Channel;

/// One thing a buyer did. It says what was done and to which channel, and nothing of who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BuyerAct {
    /// Opened the cashier, or looked at it again.
    Opened,
    /// Came to it by the browser's Back button.
    WentBack,
    /// Pressed pay, with this channel chosen.
    Chose(Channel),
    /// Was given what this channel is paid with: its link, its code or its form.
    Left(Channel),
    /// Came back from a channel's page.
    Returned,
    /// Asked how the payment stands.
    Asked,
    /// Confirmed that the attempts before are given up for this channel.
    Switched(Channel),
    /// Confirmed another attempt beside those before, through this channel.
    Insisted(Channel),
    /// Gave the order up.
    GaveUp,
    /// Confirmed that the order is to be placed anew while this one is unknown (重新下单).
    OrderedAnew,
}

impl BuyerAct {
    /// The word it is kept as.
    #[must_use]
    pub fn name(self) -> String {
        let (word, channel) = match self {
            Self::Opened => ("opened", None),
            Self::WentBack => ("went-back", None),
            Self::Chose(channel) => ("chose", Some(channel)),
            Self::Left(channel) => ("left-for", Some(channel)),
            Self::Returned => ("returned", None),
            Self::Asked => ("asked", None),
            Self::Switched(channel) => ("switched-to", Some(channel)),
            Self::Insisted(channel) => ("insisted-on", Some(channel)),
            Self::GaveUp => ("gave-up", None),
            Self::OrderedAnew => ("ordered-anew", None),
        };
        channel.map_or_else(
            || word.to_owned(),
            |channel| format!("{word}-{}", channel.name()),
        )
    }

    /// Reads the word.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let plain = [
            Self::Opened,
            Self::WentBack,
            Self::Returned,
            Self::Asked,
            Self::GaveUp,
            Self::OrderedAnew,
        ];
        let of_channels = Channel::ALL.into_iter().flat_map(|channel| {
            [
                Self::Chose(channel),
                Self::Left(channel),
                Self::Switched(channel),
                Self::Insisted(channel),
            ]
        });
        plain
            .into_iter()
            .chain(of_channels)
            .find(|act| act.name() == name)
    }
}
