//! A queue as an accelerator: losing what is sent to it costs time and nothing else, so a failure is
//! logged and not passed on.

use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use futures::StreamExt;

/// SQS takes ten messages in one batch.
const BATCH: usize = 10;
/// How many batches are on their way at a time.
const BATCHES_AT_ONCE: usize = 8;
/// SQS carries a message for 900 seconds at most.
const DELAY_SECONDS_MAX: u64 = 900;

/// A queue; without its address nothing is sent, and the sweep does all the work.
pub(crate) struct Queue {
    sqs: aws_sdk_sqs::Client,
    url: Option<String>,
}

/// A message that wakes its receiver.
pub(crate) struct Wake {
    /// Which item to look at: JSON.
    pub(crate) body: String,
    /// How much later; what SQS cannot carry so long comes early.
    pub(crate) delay_seconds: u64,
}

impl Queue {
    pub(crate) const fn new(sqs: aws_sdk_sqs::Client, url: Option<String>) -> Self {
        Self { sqs, url }
    }

    /// Sends all, in as few calls as can be.
    pub(crate) async fn send(&self, wakes: Vec<Wake>) {
        let batches = wakes.chunks(BATCH).map(|batch| self.send_batch(batch));
        let sends: Vec<_> = batches.collect();
        futures::stream::iter(sends)
            .buffer_unordered(BATCHES_AT_ONCE)
            .collect::<()>()
            .await;
    }

    async fn send_batch(&self, batch: &[Wake]) {
        let Some(url) = &self.url else { return };
        let entries = batch.iter().enumerate().map(|(index, wake)| {
            let delay = wake.delay_seconds.min(DELAY_SECONDS_MAX);
            SendMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .message_body(&wake.body)
                .delay_seconds(i32::try_from(delay).unwrap_or(0))
                .build()
                .expect("id and body are set")
        });
        let sent = self
            .sqs
            .send_message_batch()
            .queue_url(url)
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
}
