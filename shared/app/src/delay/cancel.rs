//! Call a delayed message off.

use payonce_domain::delayed_message::{MessageCommand, on_command};
use payonce_domain::{DelayedMessage, MerchantMessageId, Timestamp};
use payonce_store::Merchant;

use super::{Delay, MessageFailure};

impl Delay {
    /// Calls a message off: no other attempt is begun. The queue may still wake us for it, in vain.
    ///
    /// # Errors
    /// A [`MessageFailure`] of the contract.
    pub async fn cancel(
        &self,
        merchant: &Merchant,
        id: &MerchantMessageId,
        now: Timestamp,
    ) -> Result<DelayedMessage, MessageFailure> {
        let message = self.find(merchant, id).await?;
        let cancel = |seen: &DelayedMessage| on_command(seen, MessageCommand::Cancel, now);
        Ok(self.change(message, cancel).await?.message().clone())
    }
}
