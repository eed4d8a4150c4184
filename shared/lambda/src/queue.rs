//! Batches from a queue: each message fails alone.

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use payonce_app::App;
use payonce_domain::obligation::SOON;
use payonce_domain::{PaymentNo, Timestamp};
use serde::Deserialize;

use crate::clock;

#[derive(Deserialize)]
struct Wake {
    payment_no: String,
    /// When it is for, where that was further away than one message goes.
    at_ms: Option<u64>,
}

impl Wake {
    fn read(body: &str) -> Option<(PaymentNo, Option<Timestamp>)> {
        let wake: Self = serde_json::from_str(body).ok()?;
        let payment_no = PaymentNo::parse(&wake.payment_no)?;
        Some((payment_no, wake.at_ms.map(Timestamp::from_millis)))
    }
}

/// Advances every payment the batch names, passes on what is for a later time, and returns to the queue
/// only the messages of those that failed. A message that cannot be read fails too: it ends among the
/// dead letters, where it is seen.
pub async fn each_payment(app: &App, event: SqsEvent) -> SqsBatchResponse {
    let now = clock::now();
    let wakes: Vec<_> = event
        .records
        .into_iter()
        .map(|record| {
            let body = record.body.as_deref().unwrap_or_default();
            (record.message_id.unwrap_or_default(), Wake::read(body))
        })
        .collect();
    let (mut due, mut ahead) = (Vec::new(), Vec::new());
    for (payment_no, at) in wakes.iter().filter_map(|(_, wake)| *wake) {
        match at.filter(|at| *at > now.plus(SOON)) {
            Some(at) => ahead.push((payment_no, at)),
            None => due.push(payment_no),
        }
    }
    app.pass_on(&ahead, now).await;
    let failed = app.advance_all(&due, now).await;
    let mut response = SqsBatchResponse::default();
    for (message_id, wake) in wakes {
        let again = wake.is_none_or(|(payment_no, _)| failed.contains(&payment_no));
        if again {
            tracing::warn!(message.id = %message_id, "message {message_id} goes back to the queue");
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = message_id;
            response.batch_item_failures.push(failure);
        }
    }
    response
}
