//! Search: a payment by any number of ours, the merchant's or the channel's.

use payonce_domain::{
    ChannelOrderNo, ChannelTradeNo, MerchantOrderNo, PaymentKey, PaymentNo, RefundNo, Timestamp,
};
use payonce_store::Stored;

use super::Console;
use crate::failure::Failure;

/// At how many merchants an order number is looked for. With more, the merchant has to be named.
const MERCHANTS_MAX: usize = 1_000;

/// What a number led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// One payment.
    One(PaymentNo),
    /// Several: one order number of several merchants, or one number of two channels.
    Several(Vec<PaymentNo>),
}

impl Console {
    /// The payments that a text names: a payment, channel order or refund number of ours, a channel's trade
    /// number, a merchant's order number (after the merchant's name and a slash where it is ambiguous), or
    /// a merchant's refund number of a payment that something is owed about.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn search(&self, text: &str, now: Timestamp) -> Result<Found, Failure> {
        let text = text.trim();
        let mut keys: Vec<PaymentKey> = Vec::new();
        let upper = text.to_ascii_uppercase();
        keys.extend(PaymentNo::parse(&upper).map(PaymentNo::key));
        keys.extend(ChannelOrderNo::parse(&upper).map(|no| no.key()));
        keys.extend(RefundNo::parse(&upper).map(|no| no.channel_order().key()));
        if let Ok(trade) = ChannelTradeNo::new(text) {
            keys.extend(self.app.store.payments_of_trade(&trade).await?);
        }
        keys.extend(self.orders_named(text).await?);
        let mut found = self.that_exist(keys).await?;
        if found.is_empty() {
            found = self.unsettled_named(text, now).await?;
        }
        Ok(match found.as_slice() {
            [] => Found::Nothing,
            [one] => Found::One(*one),
            _ => Found::Several(found),
        })
    }

    /// The payment of this number, whoever's it is.
    ///
    /// # Errors
    /// [`Failure::NotFound`], or that the store cannot be read.
    pub async fn find(&self, payment_no: PaymentNo) -> Result<Stored, Failure> {
        let found = self.app.store.load(payment_no.key()).await?;
        found.ok_or(Failure::NotFound)
    }

    async fn orders_named(&self, text: &str) -> Result<Vec<PaymentKey>, Failure> {
        let merchants = self.app.store.merchant_ids().await?;
        let named = text.split_once('/');
        let of_named = named.and_then(|(merchant, order)| {
            let merchant = merchants.iter().find(|id| id.as_str() == merchant)?;
            Some(PaymentKey::derive(
                merchant,
                &MerchantOrderNo::new(order).ok()?,
            ))
        });
        let mut keys: Vec<_> = of_named.into_iter().collect();
        if let Ok(order) = MerchantOrderNo::new(text) {
            let some = merchants.iter().take(MERCHANTS_MAX);
            keys.extend(some.map(|merchant| PaymentKey::derive(merchant, &order)));
        }
        Ok(keys)
    }

    async fn that_exist(&self, mut keys: Vec<PaymentKey>) -> Result<Vec<PaymentNo>, Failure> {
        keys.sort_unstable();
        keys.dedup();
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let many = self.app.store.load_many(&keys).await?;
        let found = many
            .found
            .iter()
            .map(|stored| stored.payment().payment_no());
        Ok(found.collect())
    }

    /// Numbers that only the payments themselves hold.
    async fn unsettled_named(&self, text: &str, now: Timestamp) -> Result<Vec<PaymentNo>, Failure> {
        let snapshot = self.snapshot(now).await?;
        let named = snapshot.payments.iter().filter(|payment| {
            let trade = payment.captures.iter();
            let mut trade = trade.map(|capture| capture.trade_no.as_str());
            let request = payment.refunds.iter();
            let mut request = request.filter_map(|refund| refund.request.as_ref());
            trade.any(|no| no == text) || request.any(|no| no.as_str() == text)
        });
        Ok(named.map(payonce_domain::Payment::payment_no).collect())
    }
}
