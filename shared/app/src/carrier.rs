//! What carries messages, invocations and events away from us, and secrets to us: AWS, or a simulated one.

use std::future::Future;
use std::pin::Pin;

use anyhow::Context;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;

use crate::bus::Event;

/// What will have been answered.
pub type Carried<'a, T, E = String> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'a>>;

/// A message that wakes its receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Which item to look at: JSON.
    pub body: String,
    /// How much later it is to be heard.
    pub delay_seconds: u64,
}

/// The queues, the functions that are invoked, and the event bus.
pub trait Carrier: Send + Sync {
    /// Sends at most ten messages to a queue: how many it refused.
    fn send<'a>(&'a self, queue_url: &'a str, messages: Vec<Message>) -> Carried<'a, usize>;

    /// Invokes a function and does not wait for it.
    fn invoke<'a>(&'a self, function: &'a str, payload: String) -> Carried<'a, ()>;

    /// Puts an event on a bus.
    fn put_event<'a>(&'a self, bus: &'a str, event: Event) -> Carried<'a, (), anyhow::Error>;
}

/// Where secrets are kept.
pub trait Vault: Send + Sync {
    /// The text of a secret.
    fn secret<'a>(&'a self, name: &'a str) -> Carried<'a, String, anyhow::Error>;
}

/// AWS as the carrier; a part that a process has no use for is left out.
#[derive(Clone, Default)]
pub(crate) struct Aws {
    pub(crate) sqs: Option<aws_sdk_sqs::Client>,
    pub(crate) lambda: Option<aws_sdk_lambda::Client>,
    pub(crate) events: Option<aws_sdk_eventbridge::Client>,
}

const LEFT_OUT: &str = "this process was given no client for it";
/// Whom events come from, for the rules of EventBridge.
const SOURCE: &str = "payonce";

impl Carrier for Aws {
    fn send<'a>(&'a self, queue_url: &'a str, messages: Vec<Message>) -> Carried<'a, usize> {
        Box::pin(async move {
            let sqs = self.sqs.as_ref().ok_or(LEFT_OUT)?;
            let entries = messages.into_iter().enumerate().map(|(index, message)| {
                SendMessageBatchRequestEntry::builder()
                    .id(index.to_string())
                    .message_body(message.body)
                    .delay_seconds(i32::try_from(message.delay_seconds).unwrap_or(0))
                    .build()
                    .expect("id and body are set")
            });
            let sent = sqs
                .send_message_batch()
                .queue_url(queue_url)
                .set_entries(Some(entries.collect()))
                .send()
                .await;
            let shown = |error| aws_sdk_sqs::error::DisplayErrorContext(&error).to_string();
            sent.map(|answer| answer.failed().len()).map_err(shown)
        })
    }

    fn invoke<'a>(&'a self, function: &'a str, payload: String) -> Carried<'a, ()> {
        Box::pin(async move {
            let lambda = self.lambda.as_ref().ok_or(LEFT_OUT)?;
            let invoked = lambda
                .invoke()
                .function_name(function)
                .invocation_type(InvocationType::Event)
                .payload(Blob::new(payload))
                .send()
                .await;
            let shown = |error| aws_sdk_lambda::error::DisplayErrorContext(&error).to_string();
            invoked.map(|_| ()).map_err(shown)
        })
    }

    fn put_event<'a>(&'a self, bus: &'a str, event: Event) -> Carried<'a, (), anyhow::Error> {
        Box::pin(async move {
            let events = self.events.as_ref().context(LEFT_OUT)?;
            let at = i64::try_from(event.at.as_millis()).unwrap_or(i64::MAX);
            let entry = PutEventsRequestEntry::builder()
                .event_bus_name(bus)
                .source(SOURCE)
                .detail_type(event.kind)
                .time(aws_sdk_eventbridge::primitives::DateTime::from_millis(at))
                .detail(event.detail.to_string())
                .build();
            let answer = events.put_events().entries(entry).send().await;
            let answer = answer.context("putting an event")?;
            let refused = answer.entries().iter().find_map(|entry| entry.error_code());
            match refused {
                Some(code) => anyhow::bail!("the bus refused an event: {code}"),
                None => Ok(()),
            }
        })
    }
}

impl Vault for aws_sdk_secretsmanager::Client {
    fn secret<'a>(&'a self, name: &'a str) -> Carried<'a, String, anyhow::Error> {
        Box::pin(async move {
            let answer = self.get_secret_value().secret_id(name).send().await;
            let answer = answer.with_context(|| format!("fetching the secret {name}"))?;
            let text = answer.secret_string();
            let text = text.with_context(|| format!("the secret {name} is empty"))?;
            Ok(text.to_owned())
        })
    }
}
