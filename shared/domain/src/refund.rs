//! A refund (退款): collected money on its way back. It is an order of its own, with its own number.

use crate::ids::{ChannelTradeNo, MerchantRefundNo};
use crate::money::Money;
use crate::numbers::{ChannelOrderNo, RefundNo};
use crate::obligation::Due;
use crate::time::Timestamp;

/// Why money goes back. An attribute, never part of a compensation's identity: two causes found for
/// one capture are still one refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefundCause {
    /// The order was already paid by another capture (重复支付).
    DuplicatePayment,
    /// The order was closed, or closing for good, when the money came (迟到支付).
    LatePayment,
    /// The channel took another amount than was asked.
    WrongAmount,
    /// The merchant asked.
    MerchantRequest,
    /// An appeal (申诉) was decided for the buyer.
    Appeal,
    /// The bill showed it (对账).
    Reconciliation,
    /// The channel returned it by itself.
    Channel,
    /// An operator proposed it and a second one approved (复核退款).
    Operator,
}

impl RefundCause {
    /// Every cause.
    pub const ALL: [Self; 8] = [
        Self::DuplicatePayment,
        Self::LatePayment,
        Self::WrongAmount,
        Self::MerchantRequest,
        Self::Appeal,
        Self::Reconciliation,
        Self::Channel,
        Self::Operator,
    ];

    /// The name in the HTTP contract.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DuplicatePayment => "duplicate_payment",
            Self::LatePayment => "late_payment",
            Self::WrongAmount => "wrong_amount",
            Self::MerchantRequest => "merchant_request",
            Self::Appeal => "appeal",
            Self::Reconciliation => "reconciliation",
            Self::Channel => "channel",
            Self::Operator => "operator",
        }
    }
}

/// Where a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefundState {
    /// Owed and reserved; not sent, or proven not to have arrived.
    Due,
    /// Sent, or about to be: the write came first. Its outcome is unknown.
    Sent,
    /// The channel took the request; the money has not been seen to move.
    Accepted,
    /// The money went back.
    Succeeded,
    /// This number will never move money: the channel said so, or it was never sent.
    Failed,
    /// It needs a person. Its reservation stays.
    Manual,
}

impl RefundState {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::Due,
        Self::Sent,
        Self::Accepted,
        Self::Succeeded,
        Self::Failed,
        Self::Manual,
    ];

    /// Whether the refund's amount is taken out of its capture.
    #[must_use]
    pub const fn reserves(self) -> bool {
        match self {
            Self::Due | Self::Sent | Self::Accepted | Self::Succeeded | Self::Manual => true,
            Self::Failed => false,
        }
    }

    /// Whether there is nothing more to do about it under this number.
    #[must_use]
    pub const fn is_final(self) -> bool {
        match self {
            Self::Due | Self::Sent | Self::Accepted | Self::Manual => false,
            Self::Succeeded | Self::Failed => true,
        }
    }

    /// The name in the HTTP contract.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Sent => "sent",
            Self::Accepted => "accepted",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Manual => "manual",
        }
    }
}

/// How money is asked back of the channel; fixed by the write before the first sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefundForm {
    /// As a refund (退货).
    Refund,
    /// By undoing the whole capture within its settlement day (消费撤销).
    Undo,
}

/// One refund (退款单).
#[doc(alias = "退款单")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// Our number for it at the channel.
    pub no: RefundNo,
    /// Whose money goes back.
    pub channel_order_no: ChannelOrderNo,
    /// Out of which capture.
    pub trade_no: ChannelTradeNo,
    /// Why.
    pub cause: RefundCause,
    /// How much; never changes under one number.
    pub amount: Money,
    /// How the channel is asked for it.
    pub form: RefundForm,
    /// Where it stands.
    pub state: RefundState,
    /// The number of what was asked: the merchant's own, an operator's proposal's, or the appeal's.
    pub request: Option<MerchantRefundNo>,
    /// What the merchant, or the operator, gave as the reason.
    pub reason: Option<String>,
    /// When it was reserved.
    pub created_at: Timestamp,
    /// When it was first sent. Channels that want a time of ours get this one on every repeat.
    pub sent_at: Option<Timestamp>,
    /// Sends whose answer never came; each may still arrive.
    pub sends_unanswered: u32,
    /// When to send it, or to ask about it, next.
    pub due: Option<Due>,
}
