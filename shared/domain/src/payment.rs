//! The payment order (支付单): one claim of a merchant to one amount, paid at most once.

use std::collections::BTreeMap;

use crate::announcement::Announcement;
use crate::capture::{Capture, Disposition};
use crate::channel_order::ChannelOrder;
use crate::ids::{ChannelTradeNo, MerchantId, MerchantOrderNo};
use crate::ledger::Unbooked;
use crate::money::Money;
use crate::numbers::{ChannelOrderNo, PaymentKey, PaymentNo, RefundNo};
use crate::refund::{Refund, RefundState};
use crate::time::Timestamp;

/// How many times an item was written; the first write makes version 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u64);

impl Version {
    /// The version after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// How cautious a merchant wants to be with a second attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// The bank's cashier: no new channel order until the previous one is proven closed.
    Strict,
    /// The shop's cashier: a second channel order is allowed, every success but one is refunded.
    Lenient,
}

/// What the merchant asked for, fixed when the payment is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Whose payment it is.
    pub merchant_id: MerchantId,
    /// The merchant's number for it.
    pub merchant_order_no: MerchantOrderNo,
    /// The merchant's mode when the payment was opened.
    pub mode: Mode,
    /// What is to be paid.
    pub amount: Money,
    /// What the buyer reads.
    pub subject: String,
    /// Until when it can be paid; whole seconds, as the channels are told.
    pub expires_at: Timestamp,
    /// Where the buyer's browser goes afterwards.
    pub return_url: Option<String>,
    /// Where the merchant is told.
    pub notify_url: Option<String>,
    /// The buyer's address, where a channel wants it.
    pub client_ip: Option<String>,
    /// The buyer's id at the channel (openid), where a method needs it.
    pub payer: Option<String>,
    /// The merchant's own notes.
    pub metadata: BTreeMap<String, String>,
}

/// Where a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PaymentState {
    /// No attempt can take money at present: none was made, or every one failed or closed.
    Created,
    /// At least one attempt may take money.
    Paying,
    /// One capture is applied to it. Never left.
    Paid,
    /// No new attempt is made, and the open ones are being closed.
    Closing,
    /// Nothing can be paid any more. Never left.
    Closed,
}

/// Something people must look at, because no rule settles it. Kept once for each kind and subject.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Case {
    /// What is wrong.
    pub kind: CaseKind,
    /// What it is about: a channel trade, channel order or refund number.
    pub subject: String,
}

/// The kinds of [`Case`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CaseKind {
    /// Two verified claims name different amounts for one capture.
    AmountContradiction,
    /// The channel says it returned more than we know it captured.
    ReturnedTooMuch,
    /// The channel speaks of a refund that is not in our books.
    UnknownRefund,
    /// A refund that had succeeded was reported failed, or the other way round.
    RefundContradiction,
    /// A refund ran out of generations.
    RefundExhausted,
    /// A refund is still owed after half of the time in which its channel takes it.
    RefundWindow,
    /// The channel took money and says, asked to reverse it, that there is none.
    ReversalContradiction,
    /// The channel says it returns money by itself that was applied, or that we are sending back.
    LateContradiction,
    /// The channel has not returned in time what it said it returns by itself.
    ReturnOverdue,
    /// The channel was asked to the end of the ladder whether an attempt took money, and never said.
    OutcomeUnknown,
}

impl CaseKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::AmountContradiction,
        Self::ReturnedTooMuch,
        Self::UnknownRefund,
        Self::RefundContradiction,
        Self::RefundExhausted,
        Self::RefundWindow,
        Self::ReversalContradiction,
        Self::LateContradiction,
        Self::ReturnOverdue,
        Self::OutcomeUnknown,
    ];
}

/// The aggregate (支付单): everything we know and owe about one order. Stored as one item.
///
/// Its fields can be read by all; a changed copy can be stored only inside a
/// [`Decision`](crate::Decision), which only [`decide`](crate::decide) makes.
#[doc(alias = "支付单")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// The derived key, on which every number of ours is built.
    pub key: PaymentKey,
    /// What the merchant asked for.
    pub terms: Terms,
    /// When it was opened.
    pub created_at: Timestamp,
    /// How many times it was written.
    pub version: Version,
    /// Where it stands.
    pub state: PaymentState,
    /// Why it is, or was, closing.
    pub closing: Option<crate::channel_order::ClosingCause>,
    /// The payment that replaced this one at the buyer's wish (重新下单); at most one, for ever.
    pub successor: Option<PaymentNo>,
    /// The capture that paid it: set once, by the first success that was in time.
    pub winner: Option<ChannelTradeNo>,
    /// The attempts, in order.
    pub channel_orders: Vec<ChannelOrder>,
    /// Money the channels hold or held for our attempts.
    pub captures: Vec<Capture>,
    /// Money on its way back, in order of creation.
    pub refunds: Vec<Refund>,
    /// What people must look at.
    pub cases: Vec<Case>,
    /// How many announcements were made.
    pub announced: u32,
    /// Those not yet told to all, in order.
    pub announcements: Vec<Announcement>,
    /// What the last change moved, which is to be written to the ledger before the next one is stored.
    pub unbooked: Option<Unbooked>,
}

/// The money of one payment, each fen in exactly one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MoneyView {
    /// All that channels took for our attempts.
    pub captured: Money,
    /// What paid the order and was not asked back.
    pub applied: Money,
    /// What went back to the buyer.
    pub refunded: Money,
    /// What is on its way back.
    pub refund_due: Money,
    /// What waits for a person, the channel's word or the bill.
    pub suspense: Money,
}

/// The books of a payment do not add up: a broken promise inside, never a wrong answer from outside.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("money is not conserved: {0}")]
pub struct NotConserved(pub String);

impl Payment {
    /// The number by which merchants and operators name it.
    #[must_use]
    pub const fn payment_no(&self) -> PaymentNo {
        PaymentNo::new(self.key)
    }

    /// The attempt with this number.
    #[must_use]
    pub fn channel_order(&self, no: ChannelOrderNo) -> Option<&ChannelOrder> {
        self.channel_orders.iter().find(|order| order.no == no)
    }

    /// The refund with this number.
    #[must_use]
    pub fn refund(&self, no: RefundNo) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.no == no)
    }

    /// The capture with this channel trade number.
    #[must_use]
    pub fn capture(&self, trade_no: &ChannelTradeNo) -> Option<&Capture> {
        self.captures
            .iter()
            .find(|capture| capture.trade_no == *trade_no)
    }

    /// The part of a capture that no refund, done or reserved, has taken.
    #[must_use]
    pub fn unreserved(&self, capture: &Capture) -> Money {
        self.refunds_of(capture)
            .filter(|refund| refund.state.reserves())
            .try_fold(capture.amount, |rest, refund| {
                rest.checked_sub(refund.amount)
            })
            .unwrap_or(capture.amount.zero_like())
    }

    fn refunds_of(&self, capture: &Capture) -> impl Iterator<Item = &Refund> {
        let trade_no = capture.trade_no.clone();
        self.refunds
            .iter()
            .filter(move |refund| refund.trade_no == trade_no)
    }

    /// Where every fen is: `captured = applied + refunded + refund_due + suspense` (资金守恒).
    ///
    /// # Errors
    /// [`NotConserved`] if refunds exceed their capture or a sum overflows.
    pub fn money(&self) -> Result<MoneyView, NotConserved> {
        let zero = self.terms.amount.zero_like();
        let mut view = MoneyView {
            captured: zero,
            applied: zero,
            refunded: zero,
            refund_due: zero,
            suspense: zero,
        };
        for capture in &self.captures {
            let broken = || NotConserved(format!("capture {}", capture.trade_no));
            add(&mut view.captured, capture.amount)?;
            let mut rest = capture.amount;
            for refund in self.refunds_of(capture).filter(|r| r.state.reserves()) {
                rest = rest.checked_sub(refund.amount).ok_or_else(broken)?;
                let place = match refund.state {
                    RefundState::Due | RefundState::Sent | RefundState::Accepted => {
                        &mut view.refund_due
                    }
                    RefundState::Succeeded => &mut view.refunded,
                    RefundState::Manual | RefundState::Failed => &mut view.suspense,
                };
                add(place, refund.amount)?;
            }
            let place = match capture.disposition {
                Disposition::Applied => &mut view.applied,
                Disposition::Returning(_) | Disposition::Suspended(_) => &mut view.suspense,
            };
            add(place, rest)?;
        }
        let orphan = self
            .refunds
            .iter()
            .find(|refund| self.capture(&refund.trade_no).is_none());
        match orphan {
            Some(refund) => Err(NotConserved(format!("refund {} of no capture", refund.no))),
            None => Ok(view),
        }
    }

    /// What the winner still holds for the order: the most a merchant may ask back.
    #[must_use]
    pub fn refundable(&self) -> Money {
        let winner = self.winner.as_ref().and_then(|no| self.capture(no));
        winner.map_or(self.terms.amount.zero_like(), |capture| {
            self.unreserved(capture)
        })
    }
}

fn add(place: &mut Money, amount: Money) -> Result<(), NotConserved> {
    *place = place
        .checked_add(amount)
        .ok_or_else(|| NotConserved(format!("{place:?} + {amount:?} overflows")))?;
    Ok(())
}
