//! Happenings: what a payment met that is out of the ordinary, by day, and whose trade a number is.

use payonce_domain::{
    Channel, ChannelTradeNo, MerchantId, Money, PaymentKey, PaymentNo, RefundCause, Timestamp,
};
use serde::{Deserialize, Serialize};

use super::rows::{Row, anyway};
use super::{day, place};
use crate::Store;
use crate::error::StoreError;
use crate::record::field::Kept;

/// The kinds of [`Happening`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HappeningKind {
    /// Money came that is not the order's: twice, too late, or of another amount.
    ExtraCapture,
    /// A refund went back.
    RefundSucceeded,
    /// A refund will never move money.
    RefundFailed,
    /// A refund needs a person.
    RefundNeedsPerson,
    /// No rule settles it.
    CaseOpened,
    /// The merchant was not told, and is not called any more (死信).
    Undelivered,
}

impl HappeningKind {
    /// The name in addresses and files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ExtraCapture => "extra-capture",
            Self::RefundSucceeded => "refund-succeeded",
            Self::RefundFailed => "refund-failed",
            Self::RefundNeedsPerson => "refund-needs-person",
            Self::CaseOpened => "case-opened",
            Self::Undelivered => "undelivered",
        }
    }
}

/// Something out of the ordinary that a payment met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// When it was decided.
    pub at: Timestamp,
    /// What.
    pub kind: HappeningKind,
    /// Which payment met it.
    pub payment_no: PaymentNo,
    /// Which of the payment's announcements tells of it: its place among that moment's.
    pub sequence: u32,
    /// Whose payment it is.
    pub merchant_id: MerchantId,
    /// Through which channel, where it has one.
    pub channel: Option<Channel>,
    /// A refund, trade or attempt's number.
    pub subject: Option<String>,
    /// How much it is about.
    pub amount: Money,
    /// Why the money goes back, where it does.
    pub cause: Option<RefundCause>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HappeningRecord {
    t: Kept<Timestamp>,
    k: HappeningKind,
    p: Kept<PaymentNo>,
    q: u32,
    m: Kept<MerchantId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    c: Option<Kept<Channel>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    s: Option<String>,
    a: Kept<Money>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    w: Option<Kept<RefundCause>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct TradeRecord {
    p: Kept<PaymentKey>,
}

impl Store {
    /// Keeps a happening. Keeping it again is the same.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be kept.
    pub async fn keep_happening(&self, happening: &Happening) -> Result<(), StoreError> {
        let Happening {
            at,
            kind,
            payment_no,
            sequence,
            merchant_id,
            channel,
            subject,
            amount,
            cause,
        } = happening.clone();
        let record = HappeningRecord {
            t: Kept(at),
            k: kind,
            p: Kept(payment_no),
            q: sequence,
            m: Kept(merchant_id),
            c: channel.map(Kept),
            s: subject,
            a: Kept(amount),
            w: cause.map(Kept),
        };
        let row = Row {
            partition: format!("day#{}", day(at)),
            place: format!("{}#{payment_no}#{sequence}#{}", place(at), kind.name()),
            state: None,
            content: &record,
        };
        self.keep_row(&row, anyway(), "keep a happening").await?;
        Ok(())
    }

    /// What happened on the day of `at` in UTC, oldest first, at most `limit`.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be had or read.
    pub async fn happenings(
        &self,
        at: Timestamp,
        limit: usize,
    ) -> Result<Vec<Happening>, StoreError> {
        let partition = format!("day#{}", day(at));
        let rows = self.rows::<HappeningRecord>(&partition, "0", Some(limit));
        let rows = rows.await?.into_iter();
        Ok(rows.map(Happening::from).collect())
    }

    /// Keeps whose trade it is.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be kept.
    pub async fn keep_trade(
        &self,
        trade_no: &ChannelTradeNo,
        payment: PaymentKey,
    ) -> Result<(), StoreError> {
        let row = Row {
            partition: format!("trade#{trade_no}"),
            place: payment.to_string(),
            state: None,
            content: &TradeRecord { p: Kept(payment) },
        };
        self.keep_row(&row, anyway(), "keep whose trade it is")
            .await?;
        Ok(())
    }

    /// The payments that a channel's trade number belongs to: one, but for channels that give one number
    /// twice.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be had or read.
    pub async fn payments_of_trade(
        &self,
        trade_no: &ChannelTradeNo,
    ) -> Result<Vec<PaymentKey>, StoreError> {
        let partition = format!("trade#{trade_no}");
        let rows = self.rows::<TradeRecord>(&partition, "0", Some(10)).await?;
        Ok(rows.into_iter().map(|row| row.p.0).collect())
    }
}

impl From<HappeningRecord> for Happening {
    fn from(record: HappeningRecord) -> Self {
        Self {
            at: record.t.0,
            kind: record.k,
            payment_no: record.p.0,
            sequence: record.q,
            merchant_id: record.m.0,
            channel: record.c.map(|channel| channel.0),
            subject: record.s,
            amount: record.a.0,
            cause: record.w.map(|cause| cause.0),
        }
    }
}
