//! A refund in its payment's item.

use payonce_domain::{
    ChannelTradeNo, Due, MerchantRefundNo, Money, PaymentKey, Refund, RefundCause, RefundForm,
    RefundState, Timestamp,
};
use serde::{Deserialize, Serialize};

use super::channel_order::{DueRecord, is_zero};
use super::field::Kept;
use super::number;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RefundRecord {
    #[serde(rename = "n")]
    no: String,
    /// Left out where the refund number says it, which is always so far.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    channel_order_no: Option<String>,
    #[serde(rename = "t")]
    trade_no: Kept<ChannelTradeNo>,
    #[serde(rename = "c")]
    cause: Kept<RefundCause>,
    #[serde(rename = "a")]
    amount: Kept<Money>,
    #[serde(rename = "v", default, skip_serializing_if = "std::ops::Not::not")]
    undo: bool,
    #[serde(rename = "s")]
    state: Kept<RefundState>,
    #[serde(rename = "q", default, skip_serializing_if = "Option::is_none")]
    request: Option<Kept<MerchantRefundNo>>,
    #[serde(rename = "y", default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(rename = "o")]
    created_at: Kept<Timestamp>,
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    sent_at: Option<Kept<Timestamp>>,
    #[serde(rename = "u", default, skip_serializing_if = "is_zero")]
    sends_unanswered: u32,
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    due: Option<DueRecord>,
}

impl RefundRecord {
    pub(super) fn of(refund: &Refund, key: PaymentKey) -> Self {
        let Refund {
            no,
            channel_order_no,
            trade_no,
            cause,
            amount,
            form,
            state,
            request,
            reason,
            created_at,
            sent_at,
            sends_unanswered,
            due,
        } = refund;
        let other = (*channel_order_no != no.channel_order()).then_some(*channel_order_no);
        Self {
            no: number::of_refund(*no, key),
            channel_order_no: other.map(|no| number::of_channel_order(no, key)),
            trade_no: Kept(trade_no.clone()),
            cause: Kept(*cause),
            amount: Kept(*amount),
            undo: *form == RefundForm::Undo,
            state: Kept(*state),
            request: request.clone().map(Kept),
            reason: reason.clone(),
            created_at: Kept(*created_at),
            sent_at: sent_at.map(Kept),
            sends_unanswered: *sends_unanswered,
            due: due.map(DueRecord::from),
        }
    }

    pub(super) fn restore(self, key: PaymentKey) -> Option<Refund> {
        let no = number::to_refund(&self.no, key)?;
        Some(Refund {
            no,
            channel_order_no: match self.channel_order_no {
                Some(text) => number::to_channel_order(&text, key)?,
                None => no.channel_order(),
            },
            trade_no: self.trade_no.0,
            cause: self.cause.0,
            amount: self.amount.0,
            form: if self.undo {
                RefundForm::Undo
            } else {
                RefundForm::Refund
            },
            state: self.state.0,
            request: self.request.map(|no| no.0),
            reason: self.reason,
            created_at: self.created_at.0,
            sent_at: self.sent_at.map(|at| at.0),
            sends_unanswered: self.sends_unanswered,
            due: self.due.map(Due::from),
        })
    }
}
