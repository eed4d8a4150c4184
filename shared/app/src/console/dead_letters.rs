//! Dead-letter queues (死信队列): how many messages and invocations failed for good.

use aws_sdk_sqs::types::QueueAttributeName;

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
        let mut asked = Vec::new();
        for (name, url) in &self.queues {
            let count = self.count_of(url);
            asked.push(async move { (*name, count.await) });
        }
        futures::future::join_all(asked).await
    }

    async fn count_of(&self, url: &str) -> Option<u64> {
        let name = QueueAttributeName::ApproximateNumberOfMessages;
        let ask = self.sqs.get_queue_attributes().queue_url(url);
        let answer = ask.attribute_names(name.clone()).send().await.ok()?;
        answer.attributes?.get(&name)?.parse().ok()
    }
}
