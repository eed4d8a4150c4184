//! A capture in its payment's item.

use payonce_domain::{
    Capture, ChannelTradeNo, Disposition, Due, Money, PaymentKey, Source, Timestamp,
};
use serde::{Deserialize, Serialize};

use super::channel_order::DueRecord;
use super::field::Kept;
use super::number;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CaptureRecord {
    #[serde(rename = "t")]
    trade_no: Kept<ChannelTradeNo>,
    #[serde(rename = "n")]
    channel_order_no: String,
    #[serde(rename = "a")]
    amount: Kept<Money>,
    #[serde(rename = "p")]
    paid_at: Kept<Timestamp>,
    #[serde(rename = "c")]
    source: Kept<Source>,
    #[serde(rename = "s")]
    disposition: Kept<Disposition>,
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    due: Option<DueRecord>,
}

impl CaptureRecord {
    pub(super) fn of(capture: &Capture, key: PaymentKey) -> Self {
        let Capture {
            trade_no,
            channel_order_no,
            amount,
            paid_at,
            source,
            disposition,
            due,
        } = capture;
        Self {
            trade_no: Kept(trade_no.clone()),
            channel_order_no: number::of_channel_order(*channel_order_no, key),
            amount: Kept(*amount),
            paid_at: Kept(*paid_at),
            source: Kept(*source),
            disposition: Kept(*disposition),
            due: due.map(DueRecord::from),
        }
    }

    pub(super) fn restore(self, key: PaymentKey) -> Option<Capture> {
        Some(Capture {
            trade_no: self.trade_no.0,
            channel_order_no: number::to_channel_order(&self.channel_order_no, key)?,
            amount: self.amount.0,
            paid_at: self.paid_at.0,
            source: self.source.0,
            disposition: self.disposition.0,
            due: self.due.map(Due::from),
        })
    }
}
