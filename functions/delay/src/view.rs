//! A delayed message as merchants see it.

use payonce_domain::DelayedMessage;
use payonce_domain::delayed_message::{Attempt, AttemptOutcome, Target};
use payonce_lambda::clock::rfc3339;
use payonce_store::MessagePage;
use serde_json::{Value, json};

/// The message as the HTTP contract has it.
pub(crate) fn message(message: &DelayedMessage) -> Value {
    // Numbers beyond 64 bits are shown rounded; the receiver gets them as they were sent.
    let payload: Value = serde_json::from_str(&message.payload.json).unwrap_or(Value::Null);
    json!({
        "id": message.id.as_str(),
        "message_no": message.no().to_string(),
        "state": message.state.name(),
        "deliver_at": rfc3339(message.deliver_at),
        "target": target(&message.target),
        "payload": payload,
        "attempts": message.attempts,
        "last_attempt": message.last_attempt.map(last_attempt),
        "next_attempt_at": message.due.map(|due| rfc3339(due.at)),
        "created_at": rfc3339(message.created_at),
        "ended_at": message.ended_at.map(rfc3339),
    })
}

/// A page of them.
pub(crate) fn page(page: &MessagePage) -> Value {
    json!({
        "delayed_messages": page.messages.iter().map(message).collect::<Vec<_>>(),
        "next_cursor": page.next.as_ref().map(|place| place.as_str()),
    })
}

fn target(target: &Target) -> Value {
    match target {
        Target::Webhook { url } => json!({ "type": "webhook", "url": url }),
        Target::Event { detail_type } => {
            json!({ "type": "event", "detail_type": detail_type.as_str() })
        }
    }
}

fn last_attempt(attempt: Attempt) -> Value {
    let (outcome, status) = match attempt.outcome {
        None => ("unknown", None),
        Some(AttemptOutcome::Taken) => ("taken", None),
        Some(AttemptOutcome::Refused { status }) => ("refused", status),
        Some(AttemptOutcome::Gone) => ("gone", Some(410)),
        Some(AttemptOutcome::Unreachable) => ("unreachable", None),
        Some(AttemptOutcome::Forbidden) => ("forbidden", None),
    };
    json!({ "at": rfc3339(attempt.at), "outcome": outcome, "status": status })
}
