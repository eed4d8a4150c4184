//! The event bus: what happened, for the operator's own programs, as CloudEvents.
//!
//! What is put there, and its schema, is written in `infra/events.md`.

use std::sync::Arc;

use payonce_domain::Timestamp;
use serde_json::Value;

use crate::carrier::{Aws, Carrier};

/// One event bus.
pub struct Bus {
    carrier: Arc<dyn Carrier>,
    name: String,
}

/// One event.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its type, which rules of EventBridge match: `payment.paid`.
    pub kind: &'static str,
    /// When what it tells of happened.
    pub at: Timestamp,
    /// The whole CloudEvent.
    pub detail: Value,
}

impl Bus {
    /// The bus of this name.
    #[must_use]
    pub fn new(client: aws_sdk_eventbridge::Client, name: String) -> Self {
        let aws = Aws {
            events: Some(client),
            ..Aws::default()
        };
        Self::over(Arc::new(aws), name)
    }

    /// The bus of this name, at another carrier than AWS.
    #[must_use]
    pub fn over(carrier: Arc<dyn Carrier>, name: String) -> Self {
        Self { carrier, name }
    }

    /// Puts an event.
    ///
    /// # Errors
    /// If the bus did not take it; it may have.
    pub async fn put(&self, event: Event) -> anyhow::Result<()> {
        self.carrier.put_event(&self.name, event).await
    }
}
