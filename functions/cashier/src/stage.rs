//! Where a buyer stands with a payment: what the page may offer follows from this and nothing else.

use payonce_domain::schedule::LEAST_TIME_LEFT;
use payonce_domain::{ChannelOrder, ChannelOrderState, Payment, PaymentState, Timestamp};

/// Where the buyer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nothing may take money; a channel can be chosen.
    Open,
    /// An attempt was begun and can be gone on with; it may have been paid already.
    Begun,
    /// An attempt may have taken money and none can be gone on with: the channel is asked.
    Confirming,
    /// Paid.
    Paid,
    /// Being closed; what is paid now goes back.
    Closing,
    /// Closed.
    Closed,
    /// Nothing was paid, and the time is over or too short to begin.
    Over,
}

impl Stage {
    pub(crate) fn of(payment: &Payment, now: Timestamp) -> Self {
        match payment.state {
            PaymentState::Paid => Self::Paid,
            PaymentState::Closing => Self::Closing,
            PaymentState::Closed => Self::Closed,
            PaymentState::Created | PaymentState::Paying => Self::unsettled(payment, now),
        }
    }

    fn unsettled(payment: &Payment, now: Timestamp) -> Self {
        let terms = &payment.terms;
        if payment
            .channel_orders
            .iter()
            .any(|order| order.state.is_open())
        {
            let offered = payment.channel_orders.iter().any(is_offered);
            if offered && now < terms.expires_at {
                Self::Begun
            } else {
                Self::Confirming
            }
        } else if now.plus(LEAST_TIME_LEFT) > terms.expires_at {
            Self::Over
        } else {
            Self::Open
        }
    }

    /// The word the page's script compares.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Begun => "begun",
            Self::Confirming => "confirming",
            Self::Paid => "paid",
            Self::Closing => "closing",
            Self::Closed => "closed",
            Self::Over => "over",
        }
    }

    /// Whether it changes without the buyer doing anything, so that the page looks again.
    pub(crate) const fn moves_by_itself(self) -> bool {
        match self {
            Self::Begun | Self::Confirming | Self::Closing => true,
            Self::Open | Self::Paid | Self::Closed | Self::Over => false,
        }
    }

    /// Whether an attempt can be begun or gone on with.
    pub(crate) const fn is_payable(self) -> bool {
        match self {
            Self::Open | Self::Begun | Self::Confirming => true,
            Self::Paid | Self::Closing | Self::Closed | Self::Over => false,
        }
    }

    /// Whether nobody knows yet if money was taken.
    pub(crate) const fn is_unknown(self) -> bool {
        match self {
            Self::Begun | Self::Confirming => true,
            Self::Open | Self::Paid | Self::Closing | Self::Closed | Self::Over => false,
        }
    }
}

/// Whether the buyer can go on with an attempt.
pub(crate) const fn is_offered(order: &ChannelOrder) -> bool {
    match order.state {
        ChannelOrderState::Submitted | ChannelOrderState::Pending => true,
        ChannelOrderState::Closing
        | ChannelOrderState::Paid
        | ChannelOrderState::Failed
        | ChannelOrderState::Closed => false,
    }
}
