//! Look a payment up: by its number or by the merchant's, as this merchant may see it.

use payonce_domain::{MerchantOrderNo, PaymentKey, PaymentNo, Timestamp};
use payonce_store::{Merchant, Stored};

use crate::App;
use crate::change::{self, Working};
use crate::failure::Failure;

impl App {
    /// The payment with this number. Another merchant's is not there, to the byte.
    ///
    /// # Errors
    /// [`Failure::NotFound`], or that the store cannot be read.
    pub async fn find(
        &self,
        merchant: &Merchant,
        payment_no: PaymentNo,
    ) -> Result<Stored, Failure> {
        Ok(self.working_of(merchant, payment_no).await?.stored)
    }

    /// The payment for this order of the merchant's.
    ///
    /// # Errors
    /// [`Failure::NotFound`], or that the store cannot be read.
    pub async fn find_by_order(
        &self,
        merchant: &Merchant,
        order: &MerchantOrderNo,
    ) -> Result<Stored, Failure> {
        let key = PaymentKey::derive(&merchant.id, order);
        self.find(merchant, PaymentNo::new(key)).await
    }

    /// The payment after asking the channels about every attempt that could still take money.
    ///
    /// # Errors
    /// [`Failure::NotFound`], or that the store cannot be reached.
    pub async fn refresh(
        &self,
        merchant: &Merchant,
        payment_no: PaymentNo,
        now: Timestamp,
    ) -> Result<Stored, Failure> {
        let mut working = self.working_of(merchant, payment_no).await?;
        self.query_open(&mut working, now).await?;
        self.outbox
            .wake(payment_no, &working.wakes_ahead(now), now)
            .await;
        Ok(working.stored)
    }

    /// Asks about every open attempt.
    pub(crate) async fn query_open(
        &self,
        working: &mut Working,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let open = working
            .payment()
            .channel_orders
            .iter()
            .filter(|order| order.state.is_open());
        let numbers: Vec<_> = open.map(|order| order.no).collect();
        for no in numbers {
            self.query_at_channel(working, no, now).await?;
        }
        Ok(())
    }

    pub(crate) async fn working_of(
        &self,
        merchant: &Merchant,
        payment_no: PaymentNo,
    ) -> Result<Working, Failure> {
        let found = change::load(&self.store, payment_no.key()).await?;
        let own = found.filter(|working| working.payment().terms.merchant_id == merchant.id);
        own.ok_or(Failure::NotFound)
    }
}
