//! Dead-letter queues (死信队列): how many messages and invocations failed for good.

use futures::StreamExt;

/// How many queues are asked at a time.
const AT_ONCE: usize = 8;

/// The queues and the way to them.
pub struct DeadLetters {
    sqs: aws_sdk_sqs::Client,
    queues: Vec<(&'static str, String)>,
}

impl DeadLetters {
    /// These queues, each with its name for people and its address.
    #[must_use]
    pub const fn new(sqs: aws_sdk_sqs::Client, queues: Vec<(&'static str, String)>) -> Self {
        Self { sqs, queues }
    }

    /// How many letters lie in each, about; `None` where it cannot be had.
    pub async fn count(&self) -> Vec<(&'static str, Option<u64>)> {
        let asked = self.queues.iter().map(|(name, url)| async move {
            let answer = self
                .sqs
                .get_queue_attributes()
                .queue_url(url)
                .attribute_names(
                    aws_sdk_sqs::types::QueueAttributeName::ApproximateNumberOfMessages,
                )
                .send()
                .await;
            let count = answer.ok().and_then(|answer| {
                let name = aws_sdk_sqs::types::QueueAttributeName::ApproximateNumberOfMessages;
                answer.attributes?.get(&name)?.parse().ok()
            });
            (*name, count)
        });
        futures::stream::iter(asked)
            .buffered(AT_ONCE)
            .collect()
            .await
    }
}
