//! Schedule a delayed message: the put is the idempotency check.

use payonce_delivery::Address;
use payonce_domain::delayed_message::{
    MessageRefusal, ScheduleRequest, Target, Timing, repeat, schedule,
};
use payonce_domain::{DelayedMessage, DelayedMessageKey, Timestamp};
use payonce_store::{Merchant, MessageCreated};

use super::{Delay, MessageFailure};
use crate::failure::Invalid;

/// How scheduling ended.
#[derive(Debug)]
pub struct Scheduled {
    /// The message as stored.
    pub message: DelayedMessage,
    /// Whether this request made it; else it stood already.
    pub made: bool,
}

impl Delay {
    /// Stores a message. A time that is too near or too far is only judged where the message is new:
    /// a late repetition is still a repetition.
    ///
    /// # Errors
    /// A [`MessageFailure`] of the contract.
    pub async fn schedule(
        &self,
        merchant: &Merchant,
        request: ScheduleRequest,
        now: Timestamp,
    ) -> Result<Scheduled, MessageFailure> {
        self.check_target(merchant, &request.target)?;
        let decision = match schedule(request.clone(), now) {
            Ok(decision) => decision,
            Err(MessageRefusal::BadTiming) => {
                let key = DelayedMessageKey::derive(&merchant.id, &request.id);
                let there = self.load(key).await?;
                return standing(there.ok_or_else(|| bad_timing(request.timing))?, &request);
            }
            Err(refusal) => return Err(refusal.into()),
        };
        match self.store.create_message(&decision).await? {
            MessageCreated::New(stored) => {
                self.wheel.wake(&decision, now).await;
                Ok(Scheduled {
                    message: stored.message().clone(),
                    made: true,
                })
            }
            MessageCreated::Existing(stored) => standing(stored.message().clone(), &request),
        }
    }

    fn check_target(&self, merchant: &Merchant, target: &Target) -> Result<(), MessageFailure> {
        let url = match target {
            Target::Webhook { url } => url,
            Target::Event { .. } => return Ok(()),
        };
        let wrong = |detail: String| {
            MessageFailure::Invalid(Invalid {
                pointer: "/target/url",
                detail,
            })
        };
        if !merchant.notify_urls.contains(url) {
            return Err(wrong("is not registered for this merchant".to_owned()));
        }
        let acceptable = Address::check(url, self.courier.reach());
        acceptable
            .map(|_| ())
            .map_err(|objection| wrong(objection.to_string()))
    }
}

fn standing(
    message: DelayedMessage,
    request: &ScheduleRequest,
) -> Result<Scheduled, MessageFailure> {
    repeat(&message, request)?;
    Ok(Scheduled {
        message,
        made: false,
    })
}

fn bad_timing(timing: Timing) -> MessageFailure {
    let pointer = match timing {
        Timing::At(_) => "/deliver_at",
        Timing::After(_) => "/delay_seconds",
    };
    MessageFailure::Invalid(Invalid {
        pointer,
        detail: "must be a second to 365 days ahead".to_owned(),
    })
}
