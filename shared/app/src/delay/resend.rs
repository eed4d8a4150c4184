//! Send a dead letter again (死信重发).

use payonce_domain::delayed_message::{MessageCommand, on_command};
use payonce_domain::{DelayedMessage, MerchantMessageId, Timestamp};
use payonce_store::Merchant;

use super::{Delay, MessageFailure};

impl Delay {
    /// Puts a dead letter on the first rung of a new ladder, due at once.
    ///
    /// # Errors
    /// A [`MessageFailure`] of the contract.
    pub async fn resend(
        &self,
        merchant: &Merchant,
        id: &MerchantMessageId,
        now: Timestamp,
    ) -> Result<DelayedMessage, MessageFailure> {
        let message = self.find(merchant, id).await?;
        let resend = |seen: &DelayedMessage| on_command(seen, MessageCommand::Resend, now);
        let decision = self.change(message, resend).await?;
        self.wheel.wake(&decision, now).await;
        Ok(decision.message().clone())
    }
}
