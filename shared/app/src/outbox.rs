//! Messages and invocations: accelerators of what the item already records.
//!
//! Losing any of them costs time and nothing else, so a failure here is logged and not passed on. A message
//! for a time further away than SQS carries one says which, and is passed on until then.

use std::sync::Arc;

use payonce_domain::schedule::MESSAGE_DELAY_MAX;
use payonce_domain::{AppealNo, PaymentNo, RefundNo, Timestamp, Wake, Work};

use crate::carrier::{Aws, Carrier, Message};
use crate::queue::Queue;

/// The way to `query`, `refund` and `notify`.
pub struct Outbox {
    queries: Queue,
    notifications: Queue,
    carrier: Arc<dyn Carrier>,
    refund_function: Option<String>,
    notify_function: Option<String>,
    appeals_function: Option<String>,
}

/// What the queues and functions are called here. By default there are none: the sweep does all the work.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// The queue of `query`; without it nothing is sent there, and the sweep does all the work.
    pub queries_url: Option<String>,
    /// The queue of `notify`; the same.
    pub notifications_url: Option<String>,
    /// `refund`; without it, refunds are left to whoever has it.
    pub refund_function: Option<String>,
    /// `notify`; without it, telling is left to the queue and to whoever has it.
    pub notify_function: Option<String>,
    /// `appeals`; without it, appeals that are due are left to whoever has it.
    pub appeals_function: Option<String>,
}

impl Outbox {
    /// An outbox for these queues and functions.
    #[must_use]
    pub fn new(sqs: aws_sdk_sqs::Client, lambda: aws_sdk_lambda::Client, names: Names) -> Self {
        let aws = Aws {
            sqs: Some(sqs),
            lambda: Some(lambda),
            events: None,
        };
        Self::over(Arc::new(aws), names)
    }

    /// An outbox at another carrier than AWS.
    #[must_use]
    pub fn over(carrier: Arc<dyn Carrier>, names: Names) -> Self {
        Self {
            queries: Queue::new(Arc::clone(&carrier), names.queries_url),
            notifications: Queue::new(Arc::clone(&carrier), names.notifications_url),
            carrier,
            refund_function: names.refund_function,
            notify_function: names.notify_function,
            appeals_function: names.appeals_function,
        }
    }

    /// Wakes `query` and `notify` for a payment: one batch a queue for up to ten.
    pub async fn wake(&self, payment_no: PaymentNo, wakes: &[Wake], now: Timestamp) {
        let of = |work: Work| -> Vec<_> {
            let wakes = wakes.iter().filter(|wake| wake.work == work);
            wakes.map(|wake| (payment_no, wake.at)).collect()
        };
        let (channels, telling) = (of(Work::Channels), of(Work::Telling));
        futures::join!(
            self.wake_all(&channels, now),
            self.wake_telling(&telling, now)
        );
    }

    /// Wakes `query` for many payments, each at its time, with the exact delay.
    pub async fn wake_all(&self, wakes: &[(PaymentNo, Timestamp)], now: Timestamp) {
        self.queries.send(messages(wakes, now)).await;
    }

    /// Wakes `notify` for many payments, in the same way.
    pub async fn wake_telling(&self, wakes: &[(PaymentNo, Timestamp)], now: Timestamp) {
        self.notifications.send(messages(wakes, now)).await;
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
        if let Err(error) = self.carrier.invoke(function, payload.to_string()).await {
            tracing::warn!(
                payment.no = %payment_no,
                refund.no = %refund_no,
                error,
                "refund could not be invoked; it stays due"
            );
        }
    }

    /// Has `notify` tell what is overdue about a payment.
    pub async fn invoke_notify(&self, payment_no: PaymentNo) {
        let Some(function) = &self.notify_function else {
            return;
        };
        let payload = serde_json::json!({ "payment_no": payment_no.to_string() });
        if let Err(error) = self.carrier.invoke(function, payload.to_string()).await {
            tracing::warn!(
                payment.no = %payment_no,
                error,
                "notify could not be invoked; what it was to tell stays due"
            );
        }
    }

    /// Has `appeals` do what is due on these appeals: how many it was told.
    pub async fn invoke_appeals(&self, numbers: &[AppealNo]) -> usize {
        let Some(function) = &self.appeals_function else {
            return 0;
        };
        let numbers_text: Vec<_> = numbers.iter().map(ToString::to_string).collect();
        let payload = serde_json::json!({ "appeal_nos": numbers_text });
        match self.carrier.invoke(function, payload.to_string()).await {
            Ok(()) => numbers.len(),
            Err(error) => {
                tracing::warn!(error, "appeals could not be invoked; they stay due");
                0
            }
        }
    }
}

fn messages(wakes: &[(PaymentNo, Timestamp)], now: Timestamp) -> Vec<Message> {
    let messages = wakes.iter().map(|(payment_no, at)| {
        let mut body = serde_json::json!({ "payment_no": payment_no.to_string() });
        if at.since(now) > MESSAGE_DELAY_MAX {
            body["at_ms"] = at.as_millis().into();
        }
        Message {
            body: body.to_string(),
            delay_seconds: at.since(now).as_seconds_rounded_up(),
        }
    });
    messages.collect()
}
