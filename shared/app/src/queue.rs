//! A queue as an accelerator: losing what is sent to it costs time and nothing else, so a failure is
//! logged and not passed on.

use std::sync::Arc;

use futures::StreamExt;

use crate::carrier::{Carrier, Message};

/// SQS takes ten messages in one batch.
const BATCH: usize = 10;
/// How many batches are on their way at a time.
const BATCHES_AT_ONCE: usize = 8;
/// SQS carries a message for 900 seconds at most; what it cannot carry so long comes early.
const DELAY_SECONDS_MAX: u64 = 900;

/// A queue; without its address nothing is sent, and the sweep does all the work.
pub(crate) struct Queue {
    carrier: Arc<dyn Carrier>,
    url: Option<String>,
}

impl Queue {
    pub(crate) fn new(carrier: Arc<dyn Carrier>, url: Option<String>) -> Self {
        Self { carrier, url }
    }

    /// Sends all, in as few calls as can be.
    pub(crate) async fn send(&self, messages: Vec<Message>) {
        let batches = messages.chunks(BATCH).map(|batch| self.send_batch(batch));
        let sends: Vec<_> = batches.collect();
        futures::stream::iter(sends)
            .buffer_unordered(BATCHES_AT_ONCE)
            .collect::<()>()
            .await;
    }

    async fn send_batch(&self, batch: &[Message]) {
        let Some(url) = &self.url else { return };
        let messages = batch.iter().cloned().map(|message| Message {
            delay_seconds: message.delay_seconds.min(DELAY_SECONDS_MAX),
            ..message
        });
        match self.carrier.send(url, messages.collect()).await {
            Ok(0) => {}
            Ok(failed) => tracing::warn!(
                messages_failed = failed,
                "the queue refused messages; the sweep will do their work"
            ),
            Err(error) => tracing::warn!(
                error,
                "the queue could not be reached; the sweep will do its work"
            ),
        }
    }
}
