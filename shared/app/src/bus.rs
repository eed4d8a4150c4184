//! The event bus: what happened, for the operator's own programs, as CloudEvents.
//!
//! What is put there, and its schema, is written in `infra/events.md`.

use anyhow::Context;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use payonce_domain::Timestamp;
use serde_json::Value;

/// Whom events come from, for the rules of EventBridge.
const SOURCE: &str = "payonce";

/// One event bus.
pub struct Bus {
    client: aws_sdk_eventbridge::Client,
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
    pub const fn new(client: aws_sdk_eventbridge::Client, name: String) -> Self {
        Self { client, name }
    }

    /// Puts an event.
    ///
    /// # Errors
    /// If the bus did not take it; it may have.
    pub async fn put(&self, event: &Event) -> anyhow::Result<()> {
        let at = i64::try_from(event.at.as_millis()).unwrap_or(i64::MAX);
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(&self.name)
            .source(SOURCE)
            .detail_type(event.kind)
            .time(aws_sdk_eventbridge::primitives::DateTime::from_millis(at))
            .detail(event.detail.to_string())
            .build();
        let answer = self.client.put_events().entries(entry).send().await;
        let answer = answer.context("putting an event")?;
        let refused = answer.entries().iter().find_map(|entry| entry.error_code());
        match refused {
            Some(code) => anyhow::bail!("the bus refused an event: {code}"),
            None => Ok(()),
        }
    }
}
