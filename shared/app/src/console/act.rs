//! What an operator has done about one payment, or about all refunds.

use payonce_domain::{Money, PaymentNo, PaymentState, RefundNo, RefundState};
use payonce_store::{Merchant, RefundControls, Stored};

use super::{Console, Doing};
use crate::failure::Failure;

/// What became of an operator's wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// The channels were asked; this is how it stands now.
    Queried(PaymentState),
    /// It is proven closed.
    Closed,
    /// It is closing, and closes by itself.
    Closing,
    /// The merchant is told again.
    Told,
    /// The refund is tried again at once.
    Resumed,
    /// The refund needs no person any more.
    NotForAPerson,
}

impl Console {
    /// Has the channels asked now (查单).
    ///
    /// # Errors
    /// A [`Failure`] of the use case.
    pub async fn query(&self, no: PaymentNo, doing: Doing<'_>) -> Result<Asked, Failure> {
        let merchant = self.merchant_of(no).await?;
        self.record(doing, "query", Some(no), String::new()).await?;
        let stored: Stored = self.app.refresh(&merchant, no, doing.now).await?;
        self.forget();
        Ok(Asked::Queried(stored.payment().state))
    }

    /// Closes it (关单), as its merchant could.
    ///
    /// # Errors
    /// A [`Failure`] of the use case.
    pub async fn close(&self, no: PaymentNo, doing: Doing<'_>) -> Result<Asked, Failure> {
        let merchant = self.merchant_of(no).await?;
        self.record(doing, "close", Some(no), String::new()).await?;
        let closed = self.app.close(&merchant, no, doing.now).await?;
        self.forget();
        Ok(if closed.proven {
            Asked::Closed
        } else {
            Asked::Closing
        })
    }

    /// Has the merchant told again (补发通知).
    ///
    /// # Errors
    /// A [`Failure`] of the use case.
    pub async fn tell_again(&self, no: PaymentNo, doing: Doing<'_>) -> Result<Asked, Failure> {
        let merchant = self.merchant_of(no).await?;
        self.record(doing, "tell-again", Some(no), String::new())
            .await?;
        self.app.tell_again(&merchant, no, doing.now).await?;
        Ok(Asked::Told)
    }

    /// Has a refund that waits for a person tried again. Function `refund` asks the channel first and sends
    /// it again, within cap and kill switch, only if the channel has no such refund.
    ///
    /// # Errors
    /// A [`Failure`] if it cannot be read or written down.
    pub async fn resume(
        &self,
        no: PaymentNo,
        refund_no: RefundNo,
        doing: Doing<'_>,
    ) -> Result<Asked, Failure> {
        let stored = self.find(no).await?;
        let refund = stored.payment().refund(refund_no);
        if refund.is_none_or(|refund| refund.state != RefundState::Manual) {
            return Ok(Asked::NotForAPerson);
        }
        self.record(doing, "resume-refund", Some(no), refund_no.to_string())
            .await?;
        self.app.outbox.invoke_refund(no, refund_no).await;
        self.forget();
        Ok(Asked::Resumed)
    }

    /// Sets the kill switch and the hour's cap.
    ///
    /// # Errors
    /// A [`Failure`] if it cannot be written down or stored.
    pub async fn set_controls(
        &self,
        controls: RefundControls,
        doing: Doing<'_>,
    ) -> Result<(), Failure> {
        let cap = controls.hourly_cap.map(Money::minor);
        let cap = cap.map_or("none".to_owned(), |fen| format!("{fen} fen"));
        let switch = if controls.enabled { "on" } else { "off" };
        let detail = format!("refunds {switch}, cap an hour: {cap}");
        self.record(doing, "set-controls", None, detail).await?;
        Ok(self.app.store.set_refund_controls(&controls).await?)
    }

    /// Everything about a payment in one file, for whoever has to judge it.
    ///
    /// # Errors
    /// A [`Failure`] if it cannot be read or written down.
    pub async fn export(&self, no: PaymentNo, doing: Doing<'_>) -> Result<String, Failure> {
        let stored = self.find(no).await?;
        self.record(doing, "export", Some(no), String::new())
            .await?;
        Ok(self.app.store.dossier(&stored, doing.now).await?)
    }

    async fn merchant_of(&self, no: PaymentNo) -> Result<std::sync::Arc<Merchant>, Failure> {
        let stored = self.find(no).await?;
        let id = &stored.payment().terms.merchant_id;
        let merchant = self.app.accounts.merchant(id).await;
        let merchant = merchant.map_err(Failure::Unavailable)?;
        merchant.ok_or(Failure::NotFound)
    }
}
