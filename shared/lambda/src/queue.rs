//! Batches from a queue: each message fails alone.

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use payonce_app::App;
use payonce_domain::PaymentNo;
use serde::Deserialize;

use crate::clock;

#[derive(Deserialize)]
struct Wake {
    payment_no: String,
}

/// Advances every payment the batch names, and returns to the queue only the messages of those that
/// failed. A message that cannot be read fails too: it ends among the dead letters, where it is seen.
pub async fn each_payment(app: &App, event: SqsEvent) -> SqsBatchResponse {
    let now = clock::now();
    let wakes: Vec<_> = event
        .records
        .into_iter()
        .map(|record| {
            let body = record.body.as_deref().unwrap_or_default();
            let wake = serde_json::from_str::<Wake>(body).ok();
            let payment_no = wake.and_then(|wake| PaymentNo::parse(&wake.payment_no));
            (record.message_id.unwrap_or_default(), payment_no)
        })
        .collect();
    let numbers: Vec<_> = wakes
        .iter()
        .filter_map(|(_, payment_no)| *payment_no)
        .collect();
    let failed = app.advance_all(&numbers, now).await;
    let mut response = SqsBatchResponse::default();
    for (message_id, payment_no) in wakes {
        let again = payment_no.is_none_or(|payment_no| failed.contains(&payment_no));
        if again {
            tracing::warn!(message.id = %message_id, "message {message_id} goes back to the queue");
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = message_id;
            response.batch_item_failures.push(failure);
        }
    }
    response
}
