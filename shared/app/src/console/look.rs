//! What a snapshot shows: money whose fate is unknown, money on its way back, what waits for people.

use payonce_domain::{
    Case, ChannelOrder, ChannelOrderNo, ChannelOrderState, Leg, MerchantId, Money, Payment,
    PaymentNo, Refund, RefundCause, RefundState, Timestamp,
};

use super::Snapshot;
use crate::metrics::Age;

/// How an open attempt is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// The buyer still has time.
    Waiting,
    /// Its time is over, or it is being closed, and the channel has not said that it took nothing.
    Stuck,
}

/// An attempt that may take money, or has and we were not told (状态未知).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenAttempt {
    /// Of which payment.
    pub payment_no: PaymentNo,
    /// Whose.
    pub merchant_id: MerchantId,
    /// Its number; names channel and method.
    pub no: ChannelOrderNo,
    /// How it stands.
    pub state: ChannelOrderState,
    /// How it is to be taken.
    pub standing: Standing,
    /// What it was to bring.
    pub amount: Money,
    /// Since when.
    pub since: Timestamp,
    /// How long ago that is.
    pub age: Age,
}

/// A refund that is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundWork {
    /// Of which payment.
    pub payment_no: PaymentNo,
    /// Whose.
    pub merchant_id: MerchantId,
    /// The refund.
    pub refund: Refund,
}

/// Something the merchant was not told, and is not called for any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered {
    /// Of which payment.
    pub payment_no: PaymentNo,
    /// Whose.
    pub merchant_id: MerchantId,
    /// Which announcement.
    pub sequence: u32,
    /// When it was made.
    pub at: Timestamp,
}

impl Snapshot {
    /// Every attempt that may take money, oldest first.
    #[must_use]
    pub fn open_attempts(&self) -> Vec<OpenAttempt> {
        let all = self.payments.iter().flat_map(|payment| {
            let open = payment.channel_orders.iter();
            let open = open.filter(|order| order.state.is_open());
            open.map(|order| self.attempt(payment, order))
        });
        let mut all: Vec<_> = all.collect();
        all.sort_by_key(|attempt| attempt.since);
        all
    }

    fn attempt(&self, payment: &Payment, order: &ChannelOrder) -> OpenAttempt {
        let late = payment.terms.expires_at <= self.at;
        let standing = match order.state {
            ChannelOrderState::Closing => Standing::Stuck,
            ChannelOrderState::Submitted
            | ChannelOrderState::Pending
            | ChannelOrderState::Paid
            | ChannelOrderState::Failed
            | ChannelOrderState::Closed => {
                if late {
                    Standing::Stuck
                } else {
                    Standing::Waiting
                }
            }
        };
        OpenAttempt {
            payment_no: payment.payment_no(),
            merchant_id: payment.terms.merchant_id.clone(),
            no: order.no,
            state: order.state,
            standing,
            amount: payment.terms.amount,
            since: order.created_at,
            age: Age::of(self.at.since(order.created_at)),
        }
    }

    /// The money of all of them; `None` if it cannot be summed.
    #[must_use]
    pub fn unknown_money(&self) -> Option<Money> {
        let open = self.open_attempts();
        let mut amounts = open.iter().map(|attempt| attempt.amount);
        amounts.try_fold(Money::from_fen(0), |sum, amount| sum.checked_add(amount))
    }

    /// Every refund that is not done.
    #[must_use]
    pub fn refunds(&self) -> Vec<RefundWork> {
        let all = self.payments.iter().flat_map(|payment| {
            let open = payment.refunds.iter();
            let open = open.filter(|refund| !refund.state.is_final());
            open.map(|refund| RefundWork {
                payment_no: payment.payment_no(),
                merchant_id: payment.terms.merchant_id.clone(),
                refund: refund.clone(),
            })
        });
        all.collect()
    }

    /// Refunds that only a person can bring forward.
    #[must_use]
    pub fn refunds_for_a_person(&self) -> Vec<RefundWork> {
        let mut all = self.refunds();
        all.retain(|work| work.refund.state == RefundState::Manual);
        all
    }

    /// Money that came twice, too late or in a wrong amount, and is on its way back.
    #[must_use]
    pub fn compensations(&self) -> Vec<RefundWork> {
        let mut all = self.refunds();
        all.retain(|work| match work.refund.cause {
            RefundCause::DuplicatePayment | RefundCause::LatePayment | RefundCause::WrongAmount => {
                true
            }
            RefundCause::MerchantRequest
            | RefundCause::Appeal
            | RefundCause::Reconciliation
            | RefundCause::Channel
            | RefundCause::Operator => false,
        });
        all
    }

    /// Cases of payments that something is owed about.
    #[must_use]
    pub fn cases(&self) -> Vec<(PaymentNo, Case)> {
        let all = self.payments.iter().flat_map(|payment| {
            let cases = payment.cases.iter().cloned();
            cases.map(|case| (payment.payment_no(), case))
        });
        all.collect()
    }

    /// Announcements that were given up, of payments that something else is owed about.
    #[must_use]
    pub fn undelivered(&self) -> Vec<Undelivered> {
        let all = self.payments.iter().flat_map(|payment| {
            let given_up = payment.announcements.iter();
            let given_up = given_up.filter(|told| told.merchant == Leg::GivenUp);
            given_up.map(|told| Undelivered {
                payment_no: payment.payment_no(),
                merchant_id: payment.terms.merchant_id.clone(),
                sequence: told.sequence,
                at: told.at,
            })
        });
        all.collect()
    }
}
