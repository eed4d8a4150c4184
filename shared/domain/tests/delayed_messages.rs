//! Delayed messages: what each step makes of one, and the laws that every short sequence of steps keeps.

#![allow(clippy::unwrap_used, clippy::panic)]

use payonce_domain::delayed_message::{
    ATTEMPT_LEASE, AttemptOutcome, DELAY_MAX, MessageCommand, MessageRefusal, PAYLOAD_BYTES_MAX,
    Payload, ScheduleRequest, Target, Timing, on_command, on_outcome, repeat, schedule,
};
use payonce_domain::{
    DelayedMessage, DelayedMessageState, Digest, EventType, MerchantId, MerchantMessageId, Span,
    Timestamp, Version,
};

const START: Timestamp = Timestamp::from_millis(1_795_132_800_123);
const DELAY: Span = Span::seconds(20);

const REFUSED: AttemptOutcome = AttemptOutcome::Refused { status: Some(500) };

fn payload(json: &str) -> Payload {
    Payload {
        json: json.to_owned(),
        digest: Digest::of(json.as_bytes()),
    }
}

fn request() -> ScheduleRequest {
    ScheduleRequest {
        merchant_id: MerchantId::new("demo").unwrap(),
        id: MerchantMessageId::new("coupon-7-expires").unwrap(),
        timing: Timing::After(DELAY),
        payload: payload("{\"coupon\":7}"),
        target: Target::Webhook {
            url: "https://shop.example/told".to_owned(),
        },
    }
}

fn scheduled() -> DelayedMessage {
    schedule(request(), START).unwrap().message().clone()
}

fn command(message: &DelayedMessage, command: MessageCommand, now: Timestamp) -> DelayedMessage {
    on_command(message, command, now).unwrap().message().clone()
}

fn begun(message: &DelayedMessage, now: Timestamp) -> DelayedMessage {
    command(message, MessageCommand::Begin, now)
}

fn outcome(message: &DelayedMessage, outcome: AttemptOutcome, now: Timestamp) -> DelayedMessage {
    let decision = on_outcome(message, message.attempt(), outcome, now);
    decision.message().clone()
}

/// One field changed at a time: each is another request, and the same one is the same whenever it comes.
#[test]
fn the_same_id_with_another_content_is_refused() {
    let message = scheduled();
    assert_eq!(repeat(&message, &request()), Ok(()));
    let at = Timing::At(START.plus(DELAY));
    let said_as_a_time = ScheduleRequest {
        timing: at,
        ..request()
    };
    assert_eq!(repeat(&message, &said_as_a_time), Ok(()));
    let others = [
        ScheduleRequest {
            timing: Timing::After(Span::seconds(21)),
            ..request()
        },
        ScheduleRequest {
            timing: Timing::At(START.plus(Span::millis(20_001))),
            ..request()
        },
        ScheduleRequest {
            payload: payload("{\"coupon\":8}"),
            ..request()
        },
        ScheduleRequest {
            target: Target::Webhook {
                url: "https://shop.example/other".to_owned(),
            },
            ..request()
        },
        ScheduleRequest {
            target: Target::Event {
                detail_type: EventType::new("coupon.expired").unwrap(),
            },
            ..request()
        },
    ];
    for other in others {
        let refused = Err(MessageRefusal::RequestMismatch);
        assert_eq!(repeat(&message, &other), refused, "{other:?}");
    }
}

/// What is stored depends on it: a write names the version it was decided on, and what changes nothing is not written.
#[test]
fn a_decision_names_the_version_it_was_made_on() {
    let opening = schedule(request(), START).unwrap();
    assert_eq!((opening.before(), opening.changed()), (None, true));
    let message = opening.message();
    let cancelled = on_command(message, MessageCommand::Cancel, START).unwrap();
    let versions = (cancelled.before(), cancelled.message().version);
    assert_eq!(versions, (Some(Version(1)), Version(2)));
    assert!(cancelled.changed());
    let again = on_command(cancelled.message(), MessageCommand::Cancel, START).unwrap();
    let versions = (again.before(), again.message().version);
    assert_eq!(versions, (Some(Version(2)), Version(2)));
    assert!(!again.changed());
    assert_eq!(PAYLOAD_BYTES_MAX, 16_384);
}

#[test]
fn a_message_is_wanted_a_second_to_a_year_ahead() {
    let at = |timing| {
        schedule(
            ScheduleRequest {
                timing,
                ..request()
            },
            START,
        )
        .map(|_| ())
    };
    let bad = Err(MessageRefusal::BadTiming);
    assert_eq!(at(Timing::After(Span::seconds(1))), Ok(()));
    assert_eq!(at(Timing::At(START.plus(Span::millis(999)))), bad);
    assert_eq!(at(Timing::At(Timestamp::from_millis(0))), bad);
    assert_eq!(at(Timing::After(DELAY_MAX)), Ok(()));
    assert_eq!(
        at(Timing::At(START.plus(DELAY_MAX).plus(Span::millis(1)))),
        bad
    );
}

/// What the queue can carry is sent at once, and swept a minute later should that be lost; what is
/// further away waits in the index and is listed at its very time.
#[test]
fn the_queue_is_used_as_far_as_it_reaches() {
    for (seconds, by_message) in [(1, true), (900, true), (901, false), (86_400, false)] {
        let delay = Span::seconds(seconds);
        let timing = Timing::After(delay);
        let decision = schedule(
            ScheduleRequest {
                timing,
                ..request()
            },
            START,
        )
        .unwrap();
        let at = START.plus(delay);
        assert_eq!(decision.wake(), by_message.then_some(at), "{seconds}");
        let listed = if by_message {
            at.plus(Span::seconds(60))
        } else {
            at
        };
        assert_eq!(decision.message().due_at(), Some(listed), "{seconds}");
    }
}

#[test]
fn an_attempt_is_begun_once_and_not_before_its_time() {
    let message = scheduled();
    let due = START.plus(DELAY);
    let begin = |message: &DelayedMessage, now| on_command(message, MessageCommand::Begin, now);
    assert_eq!(
        begin(&message, due.minus(Span::millis(1))),
        Err(MessageRefusal::NotDue)
    );
    let message = begun(&message, due);
    assert_eq!(message.state, DelayedMessageState::Delivering);
    assert_eq!(begin(&message, due), Err(MessageRefusal::NotDue));
    let lapsed = due.plus(ATTEMPT_LEASE);
    assert_eq!(
        begin(&message, lapsed.minus(Span::millis(1))),
        Err(MessageRefusal::NotDue)
    );
    assert_eq!(begun(&message, lapsed).attempts, 2);
}

/// The ladder spans more than a day, each wait longer than the one before, and its end is a dead letter.
#[test]
fn a_receiver_that_never_takes_it_makes_a_dead_letter_after_days() {
    for failure in [
        REFUSED,
        AttemptOutcome::Unreachable,
        AttemptOutcome::Forbidden,
    ] {
        let mut message = scheduled();
        let mut now = START.plus(DELAY);
        let mut waits = Vec::new();
        while message.state != DelayedMessageState::Dead {
            message = outcome(&begun(&message, now), failure, now);
            if let Some(due) = message.due {
                waits.push(due.at.since(now));
                now = due.at;
            }
        }
        assert!(waits.is_sorted(), "{waits:?}");
        assert!(waits[0] >= Span::seconds(5) && waits[0] < Span::seconds(6));
        assert!(now.since(message.deliver_at) > Span::days(2), "{waits:?}");
        assert_eq!(message.attempts, 12);
        assert_eq!(message.due_at(), None);
        assert_eq!(message.last_attempt.unwrap().outcome, Some(failure));
    }
}

/// Nobody ever comes back: the pace is the same, and so is the end.
#[test]
fn attempts_that_crash_keep_the_pace_and_end_as_a_dead_letter() {
    let mut message = scheduled();
    while let Some(due) = message.due {
        message = begun(&message, due.at);
    }
    assert_eq!(message.state, DelayedMessageState::Dead);
    assert_eq!(message.attempts, 12);
    assert!(message.ended_at.unwrap().since(START) > Span::days(2));
}

#[test]
fn gone_is_dead_at_once_and_a_dead_letter_can_be_sent_again_from_the_first_rung() {
    let due = START.plus(DELAY);
    let dead = outcome(&begun(&scheduled(), due), AttemptOutcome::Gone, due);
    assert_eq!(dead.state, DelayedMessageState::Dead);
    let later = due.plus(Span::days(2));
    let again = command(&dead, MessageCommand::Resend, later);
    assert!(again.is_due(later));
    let failed = outcome(&begun(&again, later), REFUSED, later);
    assert_eq!(failed.state, DelayedMessageState::Retrying);
    let wait = failed.due.unwrap().at.since(later);
    assert!(wait < Span::seconds(6), "the ladder begins anew: {wait:?}");
    let taken = outcome(
        &begun(&failed, later.plus(wait)),
        AttemptOutcome::Taken,
        later,
    );
    assert_eq!(taken.state, DelayedMessageState::Delivered);
    assert_eq!(taken.attempts, 3);
}

#[test]
fn what_is_under_way_or_delivered_is_not_called_off() {
    let due = START.plus(DELAY);
    let cancel = |message: &DelayedMessage, now| on_command(message, MessageCommand::Cancel, now);
    let cancelled = command(&scheduled(), MessageCommand::Cancel, START);
    assert_eq!(cancelled.state, DelayedMessageState::Cancelled);
    assert!(!cancel(&cancelled, due).unwrap().changed());
    assert_eq!(
        on_command(&cancelled, MessageCommand::Resend, due),
        Err(MessageRefusal::Cancelled)
    );
    let under_way = begun(&scheduled(), due);
    assert_eq!(cancel(&under_way, due), Err(MessageRefusal::BeingDelivered));
    let lapsed = due.plus(ATTEMPT_LEASE);
    assert!(cancel(&under_way, lapsed).is_ok(), "nobody came back");
    let failed = outcome(&under_way, REFUSED, due);
    assert!(cancel(&failed, due).is_ok());
    let taken = outcome(&under_way, AttemptOutcome::Taken, due);
    for asked in [MessageCommand::Cancel, MessageCommand::Resend] {
        let refused = on_command(&taken, asked, due);
        assert_eq!(refused, Err(MessageRefusal::AlreadyDelivered));
    }
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Ask(MessageCommand),
    /// The outcome of the attempt so many before the last.
    Hear(u32, AttemptOutcome),
    Wait(Span),
}

const STEPS: [Step; 9] = [
    Step::Ask(MessageCommand::Begin),
    Step::Ask(MessageCommand::Cancel),
    Step::Ask(MessageCommand::Resend),
    Step::Hear(0, AttemptOutcome::Taken),
    Step::Hear(1, AttemptOutcome::Taken),
    Step::Hear(0, REFUSED),
    Step::Hear(0, AttemptOutcome::Gone),
    Step::Hear(1, AttemptOutcome::Gone),
    Step::Wait(Span::seconds(40)),
];
const DEPTH: usize = 6;

#[test]
fn every_short_sequence_of_steps_keeps_the_laws() {
    let mut walks = 0;
    walk(&scheduled(), START, DEPTH, &mut walks);
    assert_eq!(walks, STEPS.len().pow(6));
}

fn walk(message: &DelayedMessage, now: Timestamp, depth: usize, walks: &mut usize) {
    if depth == 0 {
        *walks += 1;
        return;
    }
    for step in STEPS {
        let mut after = now;
        let next = match step {
            Step::Ask(asked) => match on_command(message, asked, now) {
                Ok(decision) => decision.message().clone(),
                Err(_) => message.clone(),
            },
            Step::Hear(before, heard) => {
                let attempt = message.attempt().saturating_sub(before);
                if attempt == 0 {
                    message.clone()
                } else {
                    on_outcome(message, attempt, heard, now).message().clone()
                }
            }
            Step::Wait(wait) => {
                after = now.plus(wait);
                message.clone()
            }
        };
        keeps_the_laws(message, step, &next, now);
        walk(&next, after, depth - 1, walks);
    }
}

fn keeps_the_laws(before: &DelayedMessage, step: Step, after: &DelayedMessage, now: Timestamp) {
    let told = format!("{step:?} made of {before:?} {after:?}");
    let ended = matches!(
        after.state,
        DelayedMessageState::Delivered | DelayedMessageState::Cancelled | DelayedMessageState::Dead
    );
    assert_eq!(
        after.due.is_none(),
        ended,
        "nothing open is forgotten: {told}"
    );
    let written = if after == before { 0 } else { 1 };
    assert_eq!(after.version.0, before.version.0 + written, "{told}");
    if before.state == DelayedMessageState::Delivered {
        assert_eq!(before, after, "what is delivered stays so: {told}");
    }
    if before.state == DelayedMessageState::Cancelled {
        assert_eq!(after.attempts, before.attempts, "{told}");
    }
    if after.attempts > before.attempts {
        assert!(now >= before.deliver_at, "before its time: {told}");
        let last = before.last_attempt;
        let beside =
            last.is_some_and(|last| last.outcome.is_none() && now < last.at.plus(ATTEMPT_LEASE));
        assert!(!beside, "two attempts at a time: {told}");
    }
    if let Step::Hear(back, AttemptOutcome::Taken) = step
        && before.attempts > back
    {
        assert_eq!(after.state, DelayedMessageState::Delivered, "{told}");
    }
}
