//! Deliver a delayed message (投递) that is due: store the attempt, make it, store what came of it.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use anyhow::Context;
use futures::FutureExt;
use payonce_delivery::{ContentType, Parcel, Receipt};
use payonce_domain::delayed_message::{
    AttemptOutcome, MessageCommand, MessageRefusal, Target, on_command, on_outcome,
};
use payonce_domain::{DelayedMessage, DelayedMessageNo, DelayedMessageState, Span, Timestamp};

use super::{Delay, MessageFailure};
use crate::metrics::{Metric, record};

/// How early a wake-up may be: the queue counts whole seconds, and clocks differ. The rest is waited
/// for; whoever is woken earlier than this is woken again.
const EARLY_MAX: Span = Span::millis(1_500);

impl Delay {
    /// Delivers every message named, side by side and each on its own: the numbers of those that
    /// failed come back. That a receiver does not take a message is no failure: it is stored, with
    /// the time of the next attempt.
    pub async fn deliver_all(
        &self,
        numbers: &[DelayedMessageNo],
        now: Timestamp,
    ) -> Vec<DelayedMessageNo> {
        let mut all = numbers.to_vec();
        all.sort_unstable();
        all.dedup();
        let delivered = all.into_iter().map(|no| async move {
            let work = AssertUnwindSafe(self.deliver(no, now)).catch_unwind();
            match work.await {
                Ok(Ok(())) => None,
                Ok(Err(failure)) => {
                    tracing::error!(
                        message.no = %no,
                        error = format!("{:#}", anyhow::Error::from(failure)),
                        "message {no} could not be attempted, or its outcome not stored"
                    );
                    Some(no)
                }
                Err(_) => {
                    tracing::error!(message.no = %no, "a promise about message {no} was broken");
                    Some(no)
                }
            }
        });
        let failed = futures::future::join_all(delivered).await;
        failed.into_iter().flatten().collect()
    }

    /// Delivers one message if it is due, and waits for its time if that is close.
    ///
    /// # Errors
    /// That the store cannot be reached; what is due stays due.
    pub async fn deliver(
        &self,
        no: DelayedMessageNo,
        now: Timestamp,
    ) -> Result<(), MessageFailure> {
        let began = Instant::now();
        let later = || {
            let passed = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            now.plus(Span::millis(passed))
        };
        let Some(message) = self.load(no.key()).await? else {
            return Ok(());
        };
        let Some(due) = message.due else {
            return Ok(());
        };
        let early = due.at.since(later());
        if early > EARLY_MAX {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(early.as_millis())).await;
        // A timer may end a little before its time; an attempt does not begin before its own.
        let begun_at = later().max(due.at);
        let begin = |seen: &DelayedMessage| on_command(seen, MessageCommand::Begin, begun_at);
        let begun = match self.change(message, begin).await {
            Ok(begun) => begun.message().clone(),
            // Somebody else began it.
            Err(MessageFailure::Refused(MessageRefusal::NotDue)) => return Ok(()),
            Err(failure) => return Err(failure),
        };
        if begun.state == DelayedMessageState::Dead {
            say(&begun, begun_at);
            return Ok(());
        }
        let outcome = self.attempt(&begun, begun_at).await;
        let ended_at = later().max(begun_at);
        let heard =
            |seen: &DelayedMessage| Ok(on_outcome(seen, begun.attempt(), outcome, ended_at));
        let decision = self.change(begun.clone(), heard).await?;
        say(decision.message(), ended_at);
        self.wheel.wake(&decision, ended_at).await;
        Ok(())
    }

    async fn attempt(&self, message: &DelayedMessage, now: Timestamp) -> AttemptOutcome {
        match &message.target {
            Target::Webhook { url } => match self.parcel(message, url).await {
                Ok(Some(parcel)) => outcome(self.courier.deliver(&parcel, now).await),
                Ok(None) => AttemptOutcome::Forbidden,
                Err(error) => {
                    tracing::error!(
                        message.no = %message.no(),
                        error = format!("{error:#}"),
                        "message {} could not be signed",
                        message.no()
                    );
                    AttemptOutcome::Unreachable
                }
            },
            Target::Event { detail_type } => self.bus.put(message, detail_type).await,
        }
    }

    /// The message as it is sent; none if its address is no longer the merchant's.
    async fn parcel(&self, message: &DelayedMessage, url: &str) -> anyhow::Result<Option<Parcel>> {
        let merchant = self.accounts.merchant(&message.merchant_id).await?;
        let merchant = merchant.context("the merchant is gone")?;
        if !merchant
            .notify_urls
            .iter()
            .any(|registered| registered == url)
        {
            return Ok(None);
        }
        Ok(Some(Parcel {
            to: url.to_owned(),
            id: message.no().to_string(),
            content_type: ContentType::Json,
            body: message.payload.json.clone().into_bytes(),
            secrets: self.accounts.webhook_secrets(&merchant).await?,
        }))
    }
}

fn outcome(receipt: Receipt) -> AttemptOutcome {
    if receipt.is_gone() {
        return AttemptOutcome::Gone;
    }
    match receipt {
        Receipt::Taken { .. } => AttemptOutcome::Taken,
        Receipt::Refused { status } => AttemptOutcome::Refused {
            status: Some(status),
        },
        Receipt::Unreachable { .. } => AttemptOutcome::Unreachable,
        Receipt::Forbidden { .. } => AttemptOutcome::Forbidden,
    }
}

/// How late it was is the measure of the wheel: for a first attempt, from the time that was asked for.
fn say(message: &DelayedMessage, now: Timestamp) {
    let (no, state) = (message.no(), message.state.name());
    let late = message
        .last_attempt
        .map(|last| last.at.since(message.deliver_at));
    let first_late_ms = late.filter(|_| message.attempts == 1).map(Span::as_millis);
    tracing::info!(
        message.no = %no,
        attempts = message.attempts,
        state,
        outcome = ?message.last_attempt.and_then(|last| last.outcome),
        first_late_ms,
        "attempted message {no}: {state}"
    );
    if message.state == DelayedMessageState::Dead {
        record(&[], &[(Metric::DelayedMessagesDead, 1)], now);
    }
}
