//! A channel order (渠道单): one attempt to collect a payment through one channel.

use crate::channel::{Action, Channel, Method};
use crate::ids::{AccountId, BankCode};
use crate::numbers::ChannelOrderNo;
use crate::obligation::{Due, SOON};
use crate::schedule::{self, Creation, Pace, Policy, Stretch};
use crate::time::Timestamp;

/// Where an attempt stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChannelOrderState {
    /// The intent is stored; what the channel made of our call is not known.
    Submitted,
    /// The buyer has, or can be given, what is needed to pay.
    Pending,
    /// No longer offered; being closed at the channel, and still able to take money until then.
    Closing,
    /// The channel took the right amount for it. Never left.
    Paid,
    /// The channel refused it, or took a wrong amount for it. Money that arrives all the same is recorded.
    Failed,
    /// The channel will take no money for it.
    Closed,
}

impl ChannelOrderState {
    /// Whether money may still arrive in the normal course, so that the channel must be asked.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::Submitted | Self::Pending | Self::Closing => true,
            Self::Paid | Self::Failed | Self::Closed => false,
        }
    }
}

/// Why an attempt or a payment is being closed. It decides what a success that arrives meanwhile means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClosingCause {
    /// The order's deadline passed.
    Expiry,
    /// The buyer switches to another channel.
    Switch,
    /// The merchant closed the payment.
    Merchant,
    /// The buyer ordered again, and the new order replaces this one.
    Superseded,
    /// Another attempt paid the order.
    PaidElsewhere,
    /// The channel refused a create while an earlier one was unanswered.
    Refused,
    /// A payment code (付款码) led to nothing in the time a buyer needs to confirm it.
    Unconfirmed,
}

impl ClosingCause {
    /// Whether a success that arrives while closing for this cause, and was made in time, still pays the order.
    #[must_use]
    pub const fn accepts_success(self) -> bool {
        match self {
            Self::Expiry | Self::Switch | Self::Refused | Self::Unconfirmed => true,
            Self::Merchant | Self::Superseded | Self::PaidElsewhere => false,
        }
    }
}

/// One attempt at one channel (渠道单).
#[doc(alias = "渠道单")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelOrder {
    /// Our number for it at the channel.
    pub no: ChannelOrderNo,
    /// The merchant's contract it goes through.
    pub account: AccountId,
    /// The bank whose page the buyer chose; none: the channel lets the buyer choose.
    pub bank: Option<BankCode>,
    /// How much further apart its rungs are, as its account was set when it was made.
    pub stretch: Stretch,
    /// Where it stands.
    pub state: ChannelOrderState,
    /// When its intent was stored. Channels that want a time of ours (UnionPay `txnTime`) get this
    /// one, on every call, for ever: another time would be another trade.
    pub created_at: Timestamp,
    /// What the buyer pays with, where the channel gave it; one that can be rebuilt is not stored.
    pub action: Option<Action>,
    /// Until when `action` works, if sooner than the order expires.
    pub action_expires_at: Option<Timestamp>,
    /// Who holds this is calling the channel's create, or its reversal; until then others wait.
    pub lease_until: Option<Timestamp>,
    /// Creates that were sent and never answered; each may still arrive.
    pub creates_unanswered: u32,
    /// Why it is, or was, closing.
    pub closing: Option<ClosingCause>,
    /// When the closing began.
    pub closing_since: Option<Timestamp>,
    /// When our first reversal (冲正) was decided; from then on a success stands in suspense.
    pub reversing_since: Option<Timestamp>,
    /// Reversals that were sent since the channel last refused one, and not answered for good; each may
    /// have worked, or may still.
    pub reversals_unanswered: u32,
    /// When the channel is to be asked, or asked to close, next.
    pub due: Option<Due>,
}

impl ChannelOrder {
    /// The channel.
    #[must_use]
    pub const fn channel(&self) -> Channel {
        self.no.channel()
    }

    /// The method.
    #[must_use]
    pub const fn method(&self) -> Method {
        self.no.method()
    }

    /// What the buyer can pay with at `now`, if the channel gave it and it has not expired.
    #[must_use]
    pub fn usable_action(&self, now: Timestamp) -> Option<&Action> {
        let fresh = self.action_expires_at.is_none_or(|expires| expires > now);
        self.action.as_ref().filter(|_| fresh)
    }

    /// Whether the buyer has had the time there is to confirm a payment code (付款码), and did not.
    #[must_use]
    pub fn is_unconfirmed(&self, now: Timestamp) -> bool {
        let policy = self.policy();
        let waits = match self.state {
            ChannelOrderState::Submitted | ChannelOrderState::Pending => true,
            ChannelOrderState::Closing
            | ChannelOrderState::Paid
            | ChannelOrderState::Failed
            | ChannelOrderState::Closed => false,
        };
        policy.creation == Creation::Once
            && waits
            && now.plus(SOON) >= self.created_at.plus(policy.confirm_within)
    }

    /// How it climbs its ladders.
    #[must_use]
    pub fn pace(&self) -> Pace {
        Pace::of_channel_order(self.no, self.stretch)
    }

    /// Whether a create of it may still arrive and be taken, whatever the channel says now.
    #[must_use]
    pub const fn must_be_burnt(&self) -> bool {
        self.policy().burns && self.creates_unanswered > 0
    }

    /// The pace and abilities of its channel and method.
    #[must_use]
    pub const fn policy(&self) -> Policy {
        schedule::policy(self.no.channel(), self.no.method())
    }
}
