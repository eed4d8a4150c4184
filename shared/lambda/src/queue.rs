//! Batches from a queue: each message fails alone.

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use payonce_app::App;
use payonce_app::delay::Delay;
use payonce_domain::obligation::SOON;
use payonce_domain::{DelayedMessageNo, PaymentNo, Timestamp};
use serde::Deserialize;

use crate::clock;
use crate::telling::TELLING;

#[derive(Deserialize)]
struct Wake {
    payment_no: String,
    /// When it is for, where that was further away than one message goes.
    at_ms: Option<u64>,
}

impl Wake {
    fn read(body: &str) -> Option<(PaymentNo, Option<Timestamp>)> {
        let wake: Self = serde_json::from_str(body).ok()?;
        let payment_no = PaymentNo::parse(&wake.payment_no)?;
        Some((payment_no, wake.at_ms.map(Timestamp::from_millis)))
    }
}

#[derive(Deserialize)]
struct MessageWake {
    message_no: String,
}

/// Advances every payment the batch names, passes on what is for a later time, and returns to the queue
/// only the messages of those that failed. A message that cannot be read fails too: it ends among the
/// dead letters, where it is seen.
pub async fn each_payment(app: &App, event: SqsEvent) -> SqsBatchResponse {
    let now = clock::now();
    let wakes = read_all(event, Wake::read);
    let (due, ahead) = sorted(&wakes, now);
    app.pass_on(&ahead, now).await;
    let failed = app.advance_all(&due, now).await;
    again(payments(wakes), &failed)
}

/// Tells what is due about every payment the batch names, in the same way.
pub async fn each_telling(app: &App, event: SqsEvent) -> SqsBatchResponse {
    let now = clock::now();
    let wakes = read_all(event, Wake::read);
    let (mut due, ahead) = sorted(&wakes, now);
    due.sort_unstable();
    due.dedup();
    app.outbox.wake_telling(&ahead, now).await;
    let failed = app.tell_all(&due, TELLING, now).await;
    again(payments(wakes), &failed)
}

/// Which payment a message wakes for, and when, where that is later than the message could come.
type Woken = (PaymentNo, Option<Timestamp>);

/// The payments to be seen to at `now`, and those that are for a later time.
fn sorted(
    wakes: &[(String, Option<Woken>)],
    now: Timestamp,
) -> (Vec<PaymentNo>, Vec<(PaymentNo, Timestamp)>) {
    let (mut due, mut ahead) = (Vec::new(), Vec::new());
    for (payment_no, at) in named(wakes) {
        match at.filter(|at| *at > now.plus(SOON)) {
            Some(at) => ahead.push((payment_no, at)),
            None => due.push(payment_no),
        }
    }
    (due, ahead)
}

fn payments(wakes: Vec<(String, Option<Woken>)>) -> Vec<(String, Option<PaymentNo>)> {
    let wakes = wakes.into_iter();
    let wakes = wakes.map(|(id, wake)| (id, wake.map(|(payment_no, _)| payment_no)));
    wakes.collect()
}

/// Delivers every delayed message the batch names, in the same way.
pub async fn each_message(delay: &Delay, event: SqsEvent) -> SqsBatchResponse {
    let now = clock::now();
    let read = |body: &str| {
        DelayedMessageNo::parse(&serde_json::from_str::<MessageWake>(body).ok()?.message_no)
    };
    let wakes = read_all(event, read);
    let failed = delay.deliver_all(&named(&wakes), now).await;
    again(wakes, &failed)
}

/// Each record's id, and the number it names if it can be read.
fn read_all<N>(event: SqsEvent, read: impl Fn(&str) -> Option<N>) -> Vec<(String, Option<N>)> {
    let records = event.records.into_iter();
    let wakes = records.map(|record| {
        let number = read(record.body.as_deref().unwrap_or_default());
        (record.message_id.unwrap_or_default(), number)
    });
    wakes.collect()
}

fn named<N: Copy>(wakes: &[(String, Option<N>)]) -> Vec<N> {
    wakes.iter().filter_map(|(_, number)| *number).collect()
}

fn again<N: PartialEq>(wakes: Vec<(String, Option<N>)>, failed: &[N]) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    for (message_id, number) in wakes {
        if number.is_none_or(|number| failed.contains(&number)) {
            tracing::warn!(message.id = %message_id, "message {message_id} goes back to the queue");
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = message_id;
            response.batch_item_failures.push(failure);
        }
    }
    response
}
