//! Messages and invocations: accelerators of what the item already records.
//!
//! Losing any of them costs time and nothing else, so a failure here is logged and not passed on. A message
//! for a time further away than SQS carries one says which, and is passed on until then.

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use payonce_domain::schedule::MESSAGE_DELAY_MAX;
use payonce_domain::{PaymentNo, RefundNo, Timestamp};

use crate::queue::{Queue, Wake};

/// The way to `query` and `refund`.
pub struct Outbox {
    queries: Queue,
    lambda: aws_sdk_lambda::Client,
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
            queries: Queue::new(sqs, queries_url),
            lambda,
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
        let wakes = wakes.iter().map(|(payment_no, at)| {
            let mut body = serde_json::json!({ "payment_no": payment_no.to_string() });
            if at.since(now) > MESSAGE_DELAY_MAX {
                body["at_ms"] = at.as_millis().into();
            }
            Wake {
                body: body.to_string(),
                delay_seconds: at.since(now).as_seconds_rounded_up(),
            }
        });
        self.queries.send(wakes.collect()).await;
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
