//! Delayed messages (延迟消息): what a merchant wants said later, and how far we are with it.
//!
//! A message is delivered at least once: an attempt is stored before it is made, one that nobody
//! answered counts as not taken, and a message whose last attempt failed becomes a dead letter (死信),
//! which stays until somebody sends it again or gives it up. Nothing here reads a clock or knows how
//! an attempt is made.

use crate::evidence::Digest;
use crate::ids::{EventType, MerchantId, MerchantMessageId};
use crate::numbers::{DelayedMessageKey, DelayedMessageNo};
use crate::obligation::Due;
use crate::payment::Version;
use crate::schedule::{MESSAGE_DELAY_MAX, RetryLadder};
use crate::time::{Span, Timestamp};

/// The least and the most a message can be delayed.
pub const DELAY_MIN: Span = Span::seconds(1);
/// A year.
pub const DELAY_MAX: Span = Span::days(365);

/// The longest payload in bytes. Every change of a message writes it anew, at a write unit a kilobyte.
pub const PAYLOAD_BYTES_MAX: usize = 16 * 1024;

/// How long an attempt is taken to be under way. Longer than the call's own time-out, so that nobody
/// begins another beside it.
pub const ATTEMPT_LEASE: Span = Span::seconds(30);

/// The waits after each failed attempt; at their end the message is dead.
const RETRIES: RetryLadder = RetryLadder::STANDARD;

/// What the merchant wants said, as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// To the byte as the merchant sent it.
    pub json: String,
    /// Of the same JSON without insignificant space and with members in order, so that a client that
    /// writes it differently the second time has still said the same.
    pub digest: Digest,
}

/// To whom a message goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A registered address of the merchant's, by HTTP.
    Webhook {
        /// The address.
        url: String,
    },
    /// The event bus.
    Event {
        /// What the event is called there.
        detail_type: EventType,
    },
}

/// When a message is wanted, as the merchant said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timing {
    /// At this time.
    At(Timestamp),
    /// So long after the request. A repetition has the same delay, and does not move the message.
    After(Span),
}

/// A merchant's request for a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleRequest {
    /// Whose.
    pub merchant_id: MerchantId,
    /// The merchant's name for it.
    pub id: MerchantMessageId,
    /// When.
    pub timing: Timing,
    /// What.
    pub payload: Payload,
    /// To whom.
    pub target: Target,
}

/// How far a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DelayedMessageState {
    /// Its time has not come.
    Scheduled,
    /// An attempt was begun, and its outcome is not known.
    Delivering,
    /// An attempt failed, and another will be made.
    Retrying,
    /// The receiver took it.
    Delivered,
    /// The merchant called it off.
    Cancelled,
    /// Every attempt failed (死信).
    Dead,
}

impl DelayedMessageState {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::Scheduled,
        Self::Delivering,
        Self::Retrying,
        Self::Delivered,
        Self::Cancelled,
        Self::Dead,
    ];

    /// As the HTTP contract calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Delivering => "delivering",
            Self::Retrying => "retrying",
            Self::Delivered => "delivered",
            Self::Cancelled => "cancelled",
            Self::Dead => "dead",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The receiver took it.
    Taken,
    /// The receiver answered, but did not take it.
    Refused {
        /// The HTTP status; none from the bus.
        status: Option<u16>,
    },
    /// The receiver said that it wants nothing of this kind ever again (HTTP 410).
    Gone,
    /// Nobody answered; it may have been taken all the same.
    Unreachable,
    /// The address may not be spoken to, or is registered no longer; nothing was sent.
    Forbidden,
}

/// An attempt, and what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// When it was begun.
    pub at: Timestamp,
    /// How it ended; none while that is not known.
    pub outcome: Option<AttemptOutcome>,
}

/// A delayed message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DelayedMessage {
    /// Its key, derived from merchant and id.
    pub key: DelayedMessageKey,
    /// Whose.
    pub merchant_id: MerchantId,
    /// The merchant's name for it.
    pub id: MerchantMessageId,
    /// To whom.
    pub target: Target,
    /// What.
    pub payload: Payload,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it is to be delivered.
    pub deliver_at: Timestamp,
    /// The delay it was asked for with, if it was asked for so.
    pub delay: Option<Span>,
    /// How many times it was written.
    pub version: Version,
    /// How far it is.
    pub state: DelayedMessageState,
    /// How many attempts were begun.
    pub attempts: u32,
    /// How many of them before it was last sent again by hand: the ladder of waits began anew there.
    pub attempts_before: u32,
    /// The last of them.
    pub last_attempt: Option<Attempt>,
    /// When the next attempt is due; none once there will be no other.
    pub due: Option<Due>,
    /// When it was delivered, cancelled or found dead.
    pub ended_at: Option<Timestamp>,
}

/// What somebody asks of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageCommand {
    /// Begin the attempt that is due. Granted once, however many ask.
    Begin,
    /// Call it off.
    Cancel,
    /// Send a dead letter again.
    Resend,
}

/// Why a command about a message is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageRefusal {
    /// The id was used for another content.
    RequestMismatch,
    /// The time it is wanted at is too near or too far.
    BadTiming,
    /// No attempt is due.
    NotDue,
    /// An attempt is under way, and may succeed at any moment.
    BeingDelivered,
    /// The receiver has it.
    AlreadyDelivered,
    /// It was called off.
    Cancelled,
}

/// A change of a message that was decided on, or the finding that nothing changes. Only this module
/// makes one, and the store accepts nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageDecision {
    message: DelayedMessage,
    before: Option<Version>,
    changed: bool,
}

impl MessageDecision {
    /// The message as it will be.
    #[must_use]
    pub const fn message(&self) -> &DelayedMessage {
        &self.message
    }

    /// The version it was decided on; none for a new message.
    #[must_use]
    pub const fn before(&self) -> Option<Version> {
        self.before
    }

    /// Whether there is anything to store.
    #[must_use]
    pub const fn changed(&self) -> bool {
        self.changed
    }

    /// For when a message should be sent to the queue, if one can be sent that far ahead.
    #[must_use]
    pub fn wake(&self) -> Option<Timestamp> {
        let due = self.message.due.filter(|due| self.changed && due.messaged);
        due.map(|due| due.at)
    }
}

impl DelayedMessage {
    /// Our number for it.
    #[must_use]
    pub const fn no(&self) -> DelayedMessageNo {
        DelayedMessageNo::new(self.key)
    }

    /// The time it has in the due index; `None` once there will be no other attempt.
    #[must_use]
    pub fn due_at(&self) -> Option<Timestamp> {
        self.due.map(Due::index_time)
    }

    /// Whether an attempt is to be begun at `now`. A message never comes before its time.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.due.is_some_and(|due| due.at <= now)
    }

    /// Which attempt the last one was, from 1; a later answer is told by it whose it is.
    #[must_use]
    pub const fn attempt(&self) -> u32 {
        self.attempts
    }

    /// When the next attempt is made if the last one failed at `now`; none at the ladder's end.
    fn again(&self, now: Timestamp) -> Option<Timestamp> {
        let attempts = self.attempts.saturating_sub(self.attempts_before);
        RETRIES.next(self.key.as_str(), attempts, now)
    }
}

/// A new message.
///
/// # Errors
/// [`MessageRefusal::BadTiming`].
pub fn schedule(
    request: ScheduleRequest,
    now: Timestamp,
) -> Result<MessageDecision, MessageRefusal> {
    let (deliver_at, delay) = match request.timing {
        Timing::At(at) => (at, None),
        Timing::After(delay) => (now.plus(delay), Some(delay)),
    };
    if deliver_at < now.plus(DELAY_MIN) || deliver_at > now.plus(DELAY_MAX) {
        return Err(MessageRefusal::BadTiming);
    }
    let message = DelayedMessage {
        key: DelayedMessageKey::derive(&request.merchant_id, &request.id),
        merchant_id: request.merchant_id,
        id: request.id,
        target: request.target,
        payload: request.payload,
        created_at: now,
        deliver_at,
        delay,
        version: Version(1),
        state: DelayedMessageState::Scheduled,
        attempts: 0,
        attempts_before: 0,
        last_attempt: None,
        due: Some(due(deliver_at, now)),
        ended_at: None,
    };
    Ok(MessageDecision {
        message,
        before: None,
        changed: true,
    })
}

/// Whether a request is the one this message was made by.
///
/// # Errors
/// [`MessageRefusal::RequestMismatch`].
pub fn repeat(message: &DelayedMessage, request: &ScheduleRequest) -> Result<(), MessageRefusal> {
    let same_time = match request.timing {
        Timing::At(at) => at == message.deliver_at,
        Timing::After(delay) => Some(delay) == message.delay,
    };
    let same_content =
        request.payload.digest == message.payload.digest && request.target == message.target;
    if same_time && same_content {
        Ok(())
    } else {
        Err(MessageRefusal::RequestMismatch)
    }
}

/// Grants a command or refuses it.
///
/// # Errors
/// Why not.
pub fn on_command(
    message: &DelayedMessage,
    command: MessageCommand,
    now: Timestamp,
) -> Result<MessageDecision, MessageRefusal> {
    match command {
        MessageCommand::Begin => begin(message, now),
        MessageCommand::Cancel => cancel(message, now),
        MessageCommand::Resend => resend(message, now),
    }
}

/// Takes note of how an attempt ended. The receiver's word that it has the message holds whenever it
/// comes; a failure is news only of the attempt that is under way.
#[must_use]
pub fn on_outcome(
    message: &DelayedMessage,
    attempt: u32,
    outcome: AttemptOutcome,
    now: Timestamp,
) -> MessageDecision {
    let mut next = message.clone();
    let current = attempt == message.attempts && message.state == DelayedMessageState::Delivering;
    if current && let Some(last) = &mut next.last_attempt {
        last.outcome = Some(outcome);
    }
    match outcome {
        AttemptOutcome::Taken => {
            if message.state != DelayedMessageState::Delivered {
                end(&mut next, DelayedMessageState::Delivered, now);
            }
        }
        AttemptOutcome::Gone if current => end(&mut next, DelayedMessageState::Dead, now),
        AttemptOutcome::Refused { .. }
        | AttemptOutcome::Unreachable
        | AttemptOutcome::Forbidden
            if current =>
        {
            match next.again(now) {
                Some(at) => {
                    next.state = DelayedMessageState::Retrying;
                    next.due = Some(due(at, now));
                }
                None => end(&mut next, DelayedMessageState::Dead, now),
            }
        }
        AttemptOutcome::Gone
        | AttemptOutcome::Refused { .. }
        | AttemptOutcome::Unreachable
        | AttemptOutcome::Forbidden => {}
    }
    decided(message, next)
}

/// Stores the intent to deliver. An attempt that was begun before and never answered has failed by
/// now; if it was the last of the ladder the message is dead, and nothing is begun.
fn begin(message: &DelayedMessage, now: Timestamp) -> Result<MessageDecision, MessageRefusal> {
    if !message.is_due(now) {
        return Err(MessageRefusal::NotDue);
    }
    let mut next = message.clone();
    if message.state == DelayedMessageState::Delivering && message.again(now).is_none() {
        end(&mut next, DelayedMessageState::Dead, now);
        return Ok(decided(message, next));
    }
    next.state = DelayedMessageState::Delivering;
    next.attempts += 1;
    next.last_attempt = Some(Attempt {
        at: now,
        outcome: None,
    });
    // Should nobody come back from this attempt, the next one is at the pace of the ladder.
    let lease = now.plus(ATTEMPT_LEASE);
    next.due = Some(Due {
        at: next.again(now).unwrap_or(lease).max(lease),
        messaged: false,
    });
    Ok(decided(message, next))
}

fn cancel(message: &DelayedMessage, now: Timestamp) -> Result<MessageDecision, MessageRefusal> {
    let mut next = message.clone();
    match message.state {
        DelayedMessageState::Delivered => return Err(MessageRefusal::AlreadyDelivered),
        DelayedMessageState::Cancelled => {}
        DelayedMessageState::Delivering if under_way(message, now) => {
            return Err(MessageRefusal::BeingDelivered);
        }
        DelayedMessageState::Scheduled
        | DelayedMessageState::Delivering
        | DelayedMessageState::Retrying
        | DelayedMessageState::Dead => end(&mut next, DelayedMessageState::Cancelled, now),
    }
    Ok(decided(message, next))
}

/// A message that still has attempts before it needs no other.
fn resend(message: &DelayedMessage, now: Timestamp) -> Result<MessageDecision, MessageRefusal> {
    let mut next = message.clone();
    match message.state {
        DelayedMessageState::Delivered => return Err(MessageRefusal::AlreadyDelivered),
        DelayedMessageState::Cancelled => return Err(MessageRefusal::Cancelled),
        DelayedMessageState::Scheduled
        | DelayedMessageState::Delivering
        | DelayedMessageState::Retrying => {}
        DelayedMessageState::Dead => {
            next.state = DelayedMessageState::Retrying;
            next.attempts_before = message.attempts;
            next.due = Some(due(now, now));
            next.ended_at = None;
        }
    }
    Ok(decided(message, next))
}

fn under_way(message: &DelayedMessage, now: Timestamp) -> bool {
    let last = message.last_attempt;
    last.is_some_and(|last| last.outcome.is_none() && now < last.at.plus(ATTEMPT_LEASE))
}

/// A time for an attempt, with a message for it where one can be sent that far ahead.
fn due(at: Timestamp, now: Timestamp) -> Due {
    let messaged = at.since(now) <= MESSAGE_DELAY_MAX;
    Due { at, messaged }
}

fn end(message: &mut DelayedMessage, state: DelayedMessageState, now: Timestamp) {
    message.state = state;
    message.due = None;
    message.ended_at = Some(now);
}

fn decided(before: &DelayedMessage, mut message: DelayedMessage) -> MessageDecision {
    let changed = message != *before;
    if changed {
        message.version = before.version.next();
    }
    assert_eq!(
        message.due.is_none(),
        message.ended_at.is_some(),
        "message {} is never forgotten before it has ended",
        message.no()
    );
    MessageDecision {
        before: Some(before.version),
        changed,
        message,
    }
}
