//! Commands: what merchants, buyers, operators and our own functions ask for. A command can be refused.

use crate::channel::{Channel, Method};
use crate::ids::{AccountId, BankCode, MerchantRefundNo, OperatorId};
use crate::money::Money;
use crate::numbers::{AppealNo, ChannelOrderNo, PaymentNo, RefundNo};
use crate::payment::Version;
use crate::schedule::Stretch;
use crate::time::Timestamp;

/// The way to pay that was chosen, and the merchant's contract for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelChoice {
    /// The channel.
    pub channel: Channel,
    /// The method.
    pub method: Method,
    /// The contract.
    pub account: AccountId,
    /// The bank whose page the buyer wants, where the channel can lead straight to it.
    pub bank: Option<BankCode>,
    /// How much further apart the contract's questions are.
    pub stretch: Stretch,
}

/// Something asked of an existing payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Pay, or pay again (重复提交): the same request gets the same channel order.
    Initiate {
        /// The amount of the request; must be the payment's.
        amount: Money,
        /// The subject of the request; must be the payment's.
        subject: String,
        /// The way to pay; none: whatever is open.
        choice: Option<ChannelChoice>,
        /// Whether the buyer gives up the open attempts for this one.
        switch: bool,
    },
    /// Close the payment (关单). The channel was asked at this version and said nothing of money.
    Close {
        /// The version the question was asked at.
        asked: Version,
    },
    /// The buyer ordered again and confirmed it (重新下单): this payment gives way to that one.
    Supersede {
        /// The new payment.
        successor: PaymentNo,
        /// When the buyer confirmed.
        confirmed_at: Timestamp,
    },
    /// The merchant gives back a part of what was paid.
    Refund {
        /// The merchant's number for it.
        request: MerchantRefundNo,
        /// How much.
        amount: Money,
        /// Why, in the merchant's words.
        reason: Option<String>,
    },
    /// An appeal was decided for the buyer by one operator, and a second one approved it (申诉退款).
    SettleAppeal {
        /// Which; its number is the refund's identity, so that it is settled once.
        appeal: AppealNo,
        /// How much goes back.
        amount: Money,
        /// Who decided it.
        decided_by: OperatorId,
        /// Who approved it: never the same person.
        approved_by: OperatorId,
    },
    /// An operator gives back a part of what was paid, and a second one approved it (复核).
    GiveBack {
        /// Our number for what was proposed; its idempotency key.
        proposal: MerchantRefundNo,
        /// How much.
        amount: Money,
        /// Why, in the first operator's words.
        reason: String,
        /// Who proposed it.
        proposed_by: OperatorId,
        /// Who approved it: never the same person.
        approved_by: OperatorId,
    },
    /// A refund is about to be sent; granted to one caller at a time.
    BeginRefund {
        /// Which.
        no: RefundNo,
    },
    /// A refund that is owed cannot be sent or asked about now (kill switch, cap, breaker): look again
    /// then.
    HoldRefund {
        /// Which.
        no: RefundNo,
        /// When to look again.
        until: Timestamp,
    },
    /// A person has mended what kept a refund from moving. The channel was asked at this version and
    /// has no such refund.
    ResumeRefund {
        /// Which.
        no: RefundNo,
        /// The version the question was asked at.
        asked: Version,
    },
    /// The channel cannot be asked about an attempt now (breaker): look again then.
    HoldChannelOrder {
        /// Which.
        no: ChannelOrderNo,
        /// When to look again.
        until: Timestamp,
    },
    /// A reversal is about to be sent.
    BeginReversal {
        /// Of which attempt.
        no: ChannelOrderNo,
    },
    /// The merchant is to be told again, now.
    TellAgain,
}

/// Why a command is not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// The same number names another amount, currency or subject.
    RequestMismatch,
    /// The order is paid (您的支付已完成，请勿重复操作).
    AlreadyPaid,
    /// Another attempt may still take money. `closable`: it has not been tried to close it.
    StateUnknown {
        /// Whether closing is worth asking for.
        closable: bool,
    },
    /// The order is closed, closing, or too near its deadline.
    OrderClosed,
    /// It was replaced by another order already.
    OtherSuccessor,
    /// More than is left of what was paid.
    ExceedsCaptured,
    /// The payment has as many attempts as one may have.
    TooManyAttempts,
    /// The payment has as many merchant refunds as one may have.
    TooManyRefunds,
    /// The item moved since the channel was asked: ask again.
    Moved,
    /// There is nothing to send under this number now.
    NotDue,
    /// There is nothing to tell, or nobody to tell it to.
    NothingToTell,
    /// The merchant had it told again so often that the payment has no room for more.
    ToldTooOften,
    /// Nobody approves what he proposed himself (双人复核).
    SamePerson,
}
