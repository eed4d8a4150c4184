//! `/v1/payments/{payment_no}/notifications`: what the merchant was told of, each attempt, and again.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use payonce_app::{App, Failure};
use payonce_domain::{
    Announcement, Entry, Fact, Input, Leg, MerchantSaid, PaymentNo, Timestamp, history,
};
use payonce_lambda::clock::{self, rfc3339};
use payonce_lambda::http::problem::Problem;
use payonce_lambda::http::{caller, json, requests};
use payonce_store::Stored;
use serde_json::{Value, json};

use crate::handler;

/// `GET`: every announcement, whether it was taken, and each attempt. The history is the log.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Path(payment_no): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let merchant = caller::merchant(&app.accounts, &headers).await?;
    let stored = app.find(&merchant, handler::number(&payment_no)?).await?;
    Ok(json(StatusCode::OK, &shown(&stored)?))
}

/// `POST`: what was given up, or waits, is told again now. The body, if there is one, is an empty object.
pub(crate) async fn resend(
    State(app): State<Arc<App>>,
    Path(payment_no): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let merchant = caller::merchant(&app.accounts, &headers).await?;
    requests::nothing(&body)?;
    let payment_no = handler::number(&payment_no)?;
    let stored = app.tell_again(&merchant, payment_no, clock::now()).await?;
    Ok(json(StatusCode::ACCEPTED, &shown(&stored)?))
}

fn shown(stored: &Stored) -> Result<Value, Failure> {
    let entries = stored.history()?;
    let made = history::announcements(&entries);
    let made = made.map_err(|broken| Failure::Unavailable(broken.into()))?;
    let payment = stored.payment();
    let all = made.iter().map(|announcement| {
        let now = payment.announcements.iter();
        let mut now = now.filter(|a| a.sequence == announcement.sequence);
        notification(payment.payment_no(), announcement, now.next(), &entries)
    });
    Ok(json!({
        "payment_no": payment.payment_no().to_string(),
        "notify_url": payment.terms.notify_url,
        "notifications": all.collect::<Vec<_>>(),
    }))
}

/// An announcement as it was made and as it stands; what is not there any more was told to all.
fn notification(
    payment_no: PaymentNo,
    made: &Announcement,
    now: Option<&Announcement>,
    entries: &[Entry],
) -> Value {
    let wanted = made.merchant != Leg::Settled;
    let merchant = now.map_or(Leg::Settled, |now| now.merchant);
    let delivery = match merchant {
        Leg::Owed { .. } => "owed",
        Leg::GivenUp => "given_up",
        Leg::Settled if wanted => "delivered",
        Leg::Settled => "not_wanted",
    };
    let published = now.is_none_or(|now| now.bus == Leg::Settled);
    json!({
        "id": payonce_app::message_id(payment_no, made.sequence),
        "sequence": made.sequence,
        "type": made.kind.name(),
        "subject": made.subject,
        "created_at": rfc3339(made.at),
        "delivery": delivery,
        "next_attempt_at": merchant.due().map(|due| rfc3339(due.at)),
        "published": published,
        "attempts": attempts(made.sequence, entries),
    })
}

fn attempts(sequence: u32, entries: &[Entry]) -> Vec<Value> {
    let tried = entries.iter().filter_map(|entry| match &entry.input {
        Input::Fact(Fact::Told {
            sequence: told,
            merchant: Some(said),
            ..
        }) if *told == sequence => Some(attempt(*said, entry.at)),
        Input::Fact(_) | Input::Command(_) | Input::Opened { .. } => None,
    });
    tried.collect()
}

fn attempt(said: MerchantSaid, at: Timestamp) -> Value {
    let (outcome, status) = match said {
        MerchantSaid::Taken(status) => ("taken", Some(status)),
        MerchantSaid::Refused(status) => ("refused", Some(status)),
        MerchantSaid::Silent => ("no_answer", None),
        MerchantSaid::Barred => ("not_sent", None),
        MerchantSaid::Held(_) => ("put_off", None),
    };
    json!({ "at": rfc3339(at), "outcome": outcome, "status": status })
}
