//! The event bus: a delayed message as a CloudEvent.

use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use payonce_domain::delayed_message::AttemptOutcome;
use payonce_domain::{DelayedMessage, EventType};
use serde_json::value::RawValue;

/// What events are known to come from, as a rule on the bus sees it. Merchants choose what their
/// events are called, so a rule that must not be misled names this beside it.
const SOURCE: &str = "payonce.delayed-messages";

/// The way to the event bus.
pub struct Bus {
    events: aws_sdk_eventbridge::Client,
    name: String,
}

/// CloudEvents 1.0 in its JSON form.
#[derive(serde::Serialize)]
struct Event<'a> {
    specversion: &'static str,
    id: String,
    source: &'static str,
    #[serde(rename = "type")]
    kind: &'a str,
    subject: &'a str,
    datacontenttype: &'static str,
    merchantid: &'a str,
    data: &'a RawValue,
}

impl Bus {
    /// The bus of this name.
    #[must_use]
    pub const fn new(events: aws_sdk_eventbridge::Client, name: String) -> Self {
        Self { events, name }
    }

    /// Puts a message on the bus.
    pub(super) async fn put(
        &self,
        message: &DelayedMessage,
        detail_type: &EventType,
    ) -> AttemptOutcome {
        let payload = serde_json::from_str::<&RawValue>(&message.payload.json);
        let event = payload.map(|data| Event {
            specversion: "1.0",
            id: message.no().to_string(),
            source: SOURCE,
            kind: detail_type.as_str(),
            subject: message.id.as_str(),
            datacontenttype: "application/json",
            merchantid: message.merchant_id.as_str(),
            data,
        });
        let detail = event.and_then(|event| serde_json::to_string(&event));
        let Ok(detail) = detail else {
            tracing::error!(message.no = %message.no(), "a payload is no JSON");
            return AttemptOutcome::Refused { status: None };
        };
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(&self.name)
            .source(SOURCE)
            .detail_type(detail_type.as_str())
            .detail(detail)
            .build();
        match self.events.put_events().entries(entry).send().await {
            Ok(answer) if answer.failed_entry_count() == 0 => AttemptOutcome::Taken,
            Ok(answer) => {
                let code = answer
                    .entries()
                    .first()
                    .and_then(|entry| entry.error_code());
                tracing::warn!(
                    message.no = %message.no(),
                    code = code.unwrap_or_default(),
                    "the bus refused a message"
                );
                AttemptOutcome::Refused { status: None }
            }
            Err(error) => {
                tracing::warn!(
                    message.no = %message.no(),
                    error = %aws_sdk_eventbridge::error::DisplayErrorContext(&error),
                    "the bus could not be reached"
                );
                AttemptOutcome::Unreachable
            }
        }
    }
}
