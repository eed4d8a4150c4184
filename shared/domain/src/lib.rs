//! What a payment is and how it changes: pure decisions over one aggregate.
//!
//! A payment order (支付单), its channel orders (渠道单), captures, refunds and everything still owed
//! about them are one value, [`Payment`]. It changes in one place, [`decide`], which takes a fact or a
//! command and the time, and returns a [`Decision`]. Nothing here reads a clock, opens a socket or
//! knows how records are stored, so every path can be walked exhaustively in a test.
//!
//! The words are those of `GLOSSARY.md` beside this crate's manifest.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

pub mod announcement;
pub mod appeal;
pub mod buyer_act;
pub mod capture;
pub mod channel;
pub mod channel_order;
pub mod check_characters;
pub mod command;
pub mod decide;
pub mod delayed_message;
pub mod evidence;
pub mod fact;
pub mod history;
pub mod ids;
pub mod ledger;
pub mod money;
pub mod numbers;
pub mod obligation;
pub mod payment;
pub mod reconciliation;
pub mod refund;
pub mod schedule;
pub mod time;

pub use announcement::{Announcement, AnnouncementKind, Leg, MerchantSaid};
pub use appeal::{Appeal, AppealDecision, AppealState};
pub use buyer_act::BuyerAct;
pub use capture::{Capture, Disposition, SuspenseReason};
pub use channel::{Action, Channel, Method};
pub use channel_order::{ChannelOrder, ChannelOrderState, ClosingCause};
pub use command::{ChannelChoice, Command, Refusal};
pub use decide::{Answer, Decision};
pub use delayed_message::{DelayedMessage, DelayedMessageState, MessageDecision};
pub use evidence::{Digest, Evidence, Source};
pub use fact::{CreateAnswer, Fact, RefundReport, Report, ReturnedSum, ReversalReport};
pub use history::{ChainHash, Entry, Input};
pub use ids::{
    AccountId, BankCode, ChannelTradeNo, EventType, MerchantAppealNo, MerchantId,
    MerchantMessageId, MerchantOrderNo, MerchantRefundNo, OperatorId, StatementId,
};
pub use ledger::{BillDay, LedgerRow, Movement, MovementId, Unbooked};
pub use money::{Currency, Money};
pub use numbers::{
    AppealKey, AppealNo, ChannelOrderNo, DelayedMessageKey, DelayedMessageNo, PaymentKey,
    PaymentNo, RefundNo,
};
pub use obligation::{Due, Obligation, Task, Wake, Work};
pub use payment::{Case, CaseKind, Mode, Payment, PaymentState, Terms, Version};
pub use refund::{Refund, RefundCause, RefundForm, RefundState};
pub use schedule::Stretch;
pub use time::{Span, Timestamp};
