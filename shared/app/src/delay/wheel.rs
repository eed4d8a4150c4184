//! The timer wheel (时间轮) of delayed messages: what comes due soon goes to the queue with its exact
//! delay, and what is overdue is delivered by an invocation.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use payonce_domain::{DelayedMessageKey, DelayedMessageNo, MessageDecision, Span, Timestamp};
use payonce_store::{DueItem, Store};

use crate::carrier::{Aws, Carrier, Message};
use crate::queue::Queue;

/// How far a sweep looks ahead: past the next one, with room for it to be late.
const AHEAD: Span = Span::seconds(75);
/// How many entries of a shard one sweep takes; the oldest come first, the rest next time.
const SHARD_LIMIT: i32 = 1_000;
/// How many messages one invocation is given. It attempts them side by side.
const MESSAGES_AN_INVOCATION: usize = 10;
/// How many invocations are asked for at a time.
const INVOCATIONS_AT_ONCE: usize = 8;
/// When no more invocations are asked for: the rest stays due, and the next sweep begins with it.
const WORK_FOR: Duration = Duration::from_secs(20);

/// Brings messages to their time.
pub struct Wheel {
    store: Store,
    queue: Queue,
    carrier: Arc<dyn Carrier>,
    delay_function: Option<String>,
}

/// What a turn of the wheel did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Turned {
    /// Overdue messages that `delay` was invoked for.
    pub invoked: usize,
    /// Messages sent to the queue for what comes due soon.
    pub messages: usize,
    /// Shards that could not be read.
    pub shards_failed: usize,
}

impl Wheel {
    /// A wheel over one queue. Without the name of `delay`, overdue messages are left to whoever has
    /// it.
    #[must_use]
    pub fn new(
        store: Store,
        sqs: aws_sdk_sqs::Client,
        lambda: aws_sdk_lambda::Client,
        queue_url: Option<String>,
        delay_function: Option<String>,
    ) -> Self {
        let carrier: Arc<dyn Carrier> = Arc::new(Aws {
            sqs: Some(sqs),
            lambda: Some(lambda),
            events: None,
        });
        Self {
            store,
            queue: Queue::new(Arc::clone(&carrier), queue_url),
            carrier,
            delay_function,
        }
    }

    /// Sends the message that a decision counts on, if it does.
    pub(super) async fn wake(&self, decision: &MessageDecision, now: Timestamp) {
        if let Some(at) = decision.wake() {
            let wake = wake(decision.message().no(), at, now);
            self.queue.send(vec![wake]).await;
        }
    }

    /// One pass over every shard of the due index.
    pub async fn turn(&self, now: Timestamp) -> Turned {
        let mut turned = Turned::default();
        let mut overdue = Vec::new();
        let mut ahead = Vec::new();
        let shards = (0..self.store.shards())
            .map(|shard| self.store.due_messages(shard, now.plus(AHEAD), SHARD_LIMIT));
        for found in futures::future::join_all(shards).await {
            match found {
                Ok(items) => sort(items, now, &mut overdue, &mut ahead),
                Err(error) => {
                    turned.shards_failed += 1;
                    tracing::error!(%error, "a shard of the messages' due index could not be read");
                }
            }
        }
        overdue.sort_unstable_by_key(|item| item.due_at);
        turned.messages = ahead.len();
        // Beside each other: a queue that hangs must not hold up what stands in for it.
        let (invoked, ()) = futures::join!(self.invoke(&overdue), self.queue.send(ahead));
        turned.invoked = invoked;
        tracing::info!(
            overdue = overdue.len(),
            invoked = turned.invoked,
            messages = turned.messages,
            shards_failed = turned.shards_failed,
            metric = "wheel_turned",
            "swept the due index of delayed messages"
        );
        turned
    }

    /// Has `delay` deliver what is overdue, oldest first; how many messages it was told.
    async fn invoke(&self, overdue: &[DueItem<DelayedMessageKey>]) -> usize {
        let Some(function) = &self.delay_function else {
            return 0;
        };
        let began = Instant::now();
        futures::stream::iter(overdue.chunks(MESSAGES_AN_INVOCATION))
            .take_while(|_| std::future::ready(began.elapsed() < WORK_FOR))
            .map(|some| self.invoke_for(function, some))
            .buffer_unordered(INVOCATIONS_AT_ONCE)
            .fold(0, |sum, told| async move { sum + told })
            .await
    }

    async fn invoke_for(&self, function: &str, some: &[DueItem<DelayedMessageKey>]) -> usize {
        let numbers = some
            .iter()
            .map(|item| DelayedMessageNo::new(item.key).to_string());
        let payload = serde_json::json!({ "message_nos": numbers.collect::<Vec<_>>() });
        let invoked = self.carrier.invoke(function, payload.to_string()).await;
        match invoked {
            Ok(()) => some.len(),
            Err(error) => {
                tracing::warn!(error, "delay could not be invoked; its messages stay due");
                0
            }
        }
    }
}

fn sort(
    items: Vec<DueItem<DelayedMessageKey>>,
    now: Timestamp,
    overdue: &mut Vec<DueItem<DelayedMessageKey>>,
    ahead: &mut Vec<Message>,
) {
    for item in items {
        if item.due_at <= now {
            overdue.push(item);
        } else {
            ahead.push(wake(DelayedMessageNo::new(item.key), item.due_at, now));
        }
    }
}

/// The last whole second before the time: whoever is woken waits for the rest of it.
fn wake(no: DelayedMessageNo, at: Timestamp, now: Timestamp) -> Message {
    Message {
        body: serde_json::json!({ "message_no": no.to_string() }).to_string(),
        delay_seconds: at.since(now).as_millis() / 1_000,
    }
}
