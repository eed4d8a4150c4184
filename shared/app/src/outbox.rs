//! Messages and invocations: accelerators of what the item already records.
//!
//! Losing any of them costs time and nothing else, so a failure here is logged and not passed on. A message
//! for a time further away than SQS carries one says which, and is passed on until then.

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use futures::StreamExt;
use payonce_domain::schedule::MESSAGE_DELAY_MAX;
use payonce_domain::{PaymentNo, RefundNo, Timestamp};

/// SQS takes ten messages in one batch.
const BATCH: usize = 10;
/// How many batches are on their way at a time.
const BATCHES_AT_ONCE: usize = 8;

/// The way to `query` and `refund`.
pub struct Outbox {
    sqs: aws_sdk_sqs::Client,
    lambda: aws_sdk_lambda::Client,
    queries_url: Option<String>,
    refund_function: Option<String>,
}

impl Outbox {
    /// An outbox for one queue. Without its address nothing is sent, and the sweep does all the work;
    /// without the name of `refund`, refunds are left to whoever has it.
    #[must_use]
    pub const fn new(
        sqs: aws_sdk_sqs::Client,
        lambda: aws_sdk_lambda::Client,
        queries_url: Option<String>,
        refund_function: Option<String>,
    ) -> Self {
        Self {
            sqs,
            lambda,
            queries_url,
            refund_function,
        }
    }

    /// Wakes `query` for a payment at these times: one batch for up to ten.
    pub async fn wake(&self, payment_no: PaymentNo, times: &[Timestamp], now: Timestamp) {
        let all: Vec<_> = times.iter().map(|at| (payment_no, *at)).collect();
        self.wake_all(&all, now).await;
    }

    /// Wakes `query` for many payments, each at its time, with the exact delay.
    pub async fn wake_all(&self, wakes: &[(PaymentNo, Timestamp)], now: Timestamp) {
        let mut sends = Vec::new();
        for batch in wakes.chunks(BATCH) {
            sends.push(self.send(batch, now));
        }
        futures::stream::iter(sends)
            .buffer_unordered(BATCHES_AT_ONCE)
            .collect::<()>()
            .await;
    }

    async fn send(&self, batch: &[(PaymentNo, Timestamp)], now: Timestamp) {
        let Some(queries_url) = &self.queries_url else {
            return;
        };
        let entries = batch.iter().enumerate().map(|(index, (payment_no, at))| {
            let delay = at.since(now).min(MESSAGE_DELAY_MAX).as_seconds_rounded_up();
            let mut body = serde_json::json!({ "payment_no": payment_no.to_string() });
            if at.since(now) > MESSAGE_DELAY_MAX {
                body["at_ms"] = at.as_millis().into();
            }
            SendMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .message_body(body.to_string())
                .delay_seconds(i32::try_from(delay).unwrap_or(0))
                .build()
                .expect("id and body are set")
        });
        let sent = self
            .sqs
            .send_message_batch()
            .queue_url(queries_url)
            .set_entries(Some(entries.collect()))
            .send()
            .await;
        match sent {
            Ok(answer) if answer.failed().is_empty() => {}
            Ok(answer) => tracing::warn!(
                messages_failed = answer.failed().len(),
                "the queue refused messages; the sweep will do their work"
            ),
            Err(error) => tracing::warn!(
                error = %aws_sdk_sqs::error::DisplayErrorContext(&error),
                "the queue could not be reached; the sweep will do its work"
            ),
        }
    }

    /// Has `refund` send this refund. Reading who is paid, and how much, is left to it.
    pub async fn invoke_refund(&self, payment_no: PaymentNo, refund_no: RefundNo) {
        let Some(function) = &self.refund_function else {
            return;
        };
        let payload = serde_json::json!({
            "payment_no": payment_no.to_string(),
            "refund_no": refund_no.to_string(),
        });
        let invoked = self
            .lambda
            .invoke()
            .function_name(function)
            .invocation_type(InvocationType::Event)
            .payload(Blob::new(payload.to_string()))
            .send()
            .await;
        if let Err(error) = invoked {
            tracing::warn!(
                payment.no = %payment_no,
                refund.no = %refund_no,
                error = %aws_sdk_lambda::error::DisplayErrorContext(&error),
                "refund could not be invoked; it stays due"
            );
        }
    }
}
