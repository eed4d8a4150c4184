//! Read a merchant's delayed messages.

use payonce_domain::{DelayedMessage, DelayedMessageKey, DelayedMessageState, MerchantMessageId};
use payonce_store::{Merchant, MessagePage, MessagePlace};

use super::{Delay, MessageFailure};

impl Delay {
    /// The message of this name. Another merchant's is not there: the key is made of both names.
    ///
    /// # Errors
    /// [`MessageFailure::NotFound`], or that the store cannot be read.
    pub async fn find(
        &self,
        merchant: &Merchant,
        id: &MerchantMessageId,
    ) -> Result<DelayedMessage, MessageFailure> {
        let key = DelayedMessageKey::derive(&merchant.id, id);
        let found = self.load(key).await?;
        found.ok_or(MessageFailure::NotFound)
    }

    /// The messages of one state, or of all, after a place, in the order of their times.
    ///
    /// # Errors
    /// That the store cannot be read.
    pub async fn list(
        &self,
        merchant: &Merchant,
        state: Option<DelayedMessageState>,
        after: Option<&MessagePlace>,
        limit: usize,
    ) -> Result<MessagePage, MessageFailure> {
        let one = state.map(|state| [state]);
        let states = one
            .as_ref()
            .map_or(&DelayedMessageState::ALL[..], |one| &one[..]);
        let page = self.store.list_messages(&merchant.id, states, after, limit);
        Ok(page.await?)
    }
}
