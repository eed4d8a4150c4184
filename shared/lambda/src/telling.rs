//! What merchants and the bus are told, as JSON, and what function `notify` is asked.

use aws_lambda_events::sqs::SqsEvent;
use payonce_app::{App, Failure, Telling};
use payonce_domain::{Announcement, Payment, PaymentNo};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock::{self, rfc3339};
use crate::http::view;
use crate::queue;

/// How announcements are written. The message follows Standard Webhooks, the event CloudEvents 1.0.
pub const TELLING: Telling = Telling { message, event };

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    payment_no: String,
}

/// Tells what is due about every payment named: by the messages of a batch, of which those that failed
/// go back to the queue, or by an invocation.
///
/// # Errors
/// If an invocation names no payment, or telling it failed; what was due stays due.
pub async fn each_payment(app: &App, event: Value) -> Result<Value, lambda_runtime::Error> {
    if event.get("Records").is_some() {
        let event: SqsEvent = serde_json::from_value(event)?;
        return Ok(serde_json::to_value(queue::each_telling(app, event).await)?);
    }
    let payment_no = read(&event.to_string()).ok_or("not a payment number")?;
    if app.tell_alone(payment_no, TELLING, clock::now()).await {
        Ok(json!({ "payment_no": payment_no.to_string() }))
    } else {
        Err(lambda_runtime::Error::from("the payment was not told of"))
    }
}

fn read(body: &str) -> Option<PaymentNo> {
    let which: Which = serde_json::from_str(body).ok()?;
    PaymentNo::parse(&which.payment_no)
}

fn id(payment: &Payment, announcement: &Announcement) -> String {
    payonce_app::message_id(payment.payment_no(), announcement.sequence)
}

fn message(payment: &Payment, announcement: &Announcement) -> Result<Value, Failure> {
    Ok(json!({
        "type": announcement.kind.name(),
        "timestamp": rfc3339(announcement.at),
        "id": id(payment, announcement),
        "sequence": announcement.sequence,
        "subject": announcement.subject,
        "version": announcement.version.0,
        "data": view::told(payment)?,
    }))
}

fn event(payment: &Payment, announcement: &Announcement) -> Result<Value, Failure> {
    Ok(json!({
        "specversion": "1.0",
        "id": id(payment, announcement),
        "source": format!("urn:payonce:merchant:{}", payment.terms.merchant_id),
        "type": announcement.kind.name(),
        "subject": payment.payment_no().to_string(),
        "time": rfc3339(announcement.at),
        "datacontenttype": "application/json",
        "dataschema": "urn:payonce:schema:payment-event:1",
        "data": {
            "sequence": announcement.sequence,
            "about": announcement.subject,
            "version": announcement.version.0,
            "payment": view::told(payment)?,
        },
    }))
}
