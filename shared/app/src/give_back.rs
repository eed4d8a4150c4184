//! Give back a part of what was paid, at the merchant's wish (商户退款).

use payonce_domain::{
    Answer, Command, MerchantRefundNo, Money, Payment, PaymentNo, RefundNo, Timestamp,
};
use payonce_store::Merchant;

use crate::App;
use crate::change;
use crate::failure::Failure;

/// How a merchant's refund request ended.
#[derive(Debug)]
pub struct GivenBack {
    /// The payment as stored.
    pub payment: Payment,
    /// The refund.
    pub refund_no: RefundNo,
    /// Whether this request made it; else it stood already.
    pub made: bool,
}

impl App {
    /// Reserves a refund. Its sending is an obligation of the item; a message hurries it.
    ///
    /// # Errors
    /// A [`Failure`] of the contract.
    pub async fn give_back(
        &self,
        merchant: &Merchant,
        payment_no: PaymentNo,
        request: MerchantRefundNo,
        amount: Money,
        reason: Option<String>,
        now: Timestamp,
    ) -> Result<GivenBack, Failure> {
        let mut working = self.working_of(merchant, payment_no).await?;
        let command = Command::Refund {
            request,
            amount,
            reason,
        };
        let answer = change::carry_out(&self.store, &mut working, &command, now).await?;
        self.outbox
            .wake(payment_no, &working.wakes_ahead(now), now)
            .await;
        let (refund_no, made) = match answer {
            Answer::Refunding(no) => (no, true),
            Answer::ExistingRefund(no) => (no, false),
            Answer::Noted
            | Answer::Added(_)
            | Answer::Existing(_)
            | Answer::NoChannelOrder
            | Answer::InProgress(_)
            | Answer::Recreate(_)
            | Answer::Switching(_) => unreachable!("a refund request is answered with a refund"),
        };
        Ok(GivenBack {
            payment: working.payment().clone(),
            refund_no,
            made,
        })
    }
}
