//! Load, decide, save: the one loop in which a delayed message is changed.

use payonce_domain::delayed_message::MessageRefusal;
use payonce_domain::{DelayedMessage, DelayedMessageKey, MessageDecision};
use payonce_store::{MessageSaved, StoreError};

use super::{Delay, MessageFailure};

/// How often a decision is made again because somebody else wrote first. Few ever write at a time.
const TRIES_MAX: usize = 16;

impl Delay {
    /// Decides on a message and stores the decision, deciding again on what is there if somebody
    /// wrote first. A decision that changes nothing costs nothing.
    pub(super) async fn change(
        &self,
        mut message: DelayedMessage,
        decide: impl Fn(&DelayedMessage) -> Result<MessageDecision, MessageRefusal>,
    ) -> Result<MessageDecision, MessageFailure> {
        for _ in 0..TRIES_MAX {
            let decision = decide(&message)?;
            if !decision.changed() {
                return Ok(decision);
            }
            match self.store.save_message(&decision).await? {
                MessageSaved::Done(_) => return Ok(decision),
                MessageSaved::Moved(there) => message = there.message().clone(),
            }
        }
        Err(MessageFailure::Unavailable(anyhow::anyhow!(
            "message {} keeps moving",
            message.no()
        )))
    }

    pub(super) async fn load(
        &self,
        key: DelayedMessageKey,
    ) -> Result<Option<DelayedMessage>, StoreError> {
        let found = self.store.load_message(key).await?;
        Ok(found.map(|stored| stored.message().clone()))
    }
}
