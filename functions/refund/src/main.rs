//! `refund` (退款): send one refund that is due, once.
//!
//! Trigger: invoked by `scan`, `query` and operators with `{payment_no, refund_no}` and nothing else.
//! Who is paid, and how much, is read from the item. It has no public route.

use payonce_app::RefundOutcome;
use payonce_domain::{PaymentNo, RefundNo};
use payonce_lambda::{Error, LambdaEvent, clock, configuration, run, service_fn, telemetry};
use serde::Deserialize;
use serde_json::json;

/// Which refund. Any other field is refused: an amount given here would be somebody's mistake.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    payment_no: String,
    refund_no: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let app = &configuration::app()?;
    run(service_fn(async |event: LambdaEvent<Request>| {
        let payment_no =
            PaymentNo::parse(&event.payload.payment_no).ok_or("not a payment number")?;
        let refund_no = RefundNo::parse(&event.payload.refund_no).ok_or("not a refund number")?;
        let outcome = app.send_refund(payment_no, refund_no, clock::now()).await?;
        let said = match outcome {
            RefundOutcome::Sent(report) => format!("sent: {report:?}"),
            RefundOutcome::NothingToSend => "nothing to send".to_owned(),
            RefundOutcome::Held => "held".to_owned(),
        };
        Ok::<_, Error>(json!({ "outcome": said }))
    }))
    .await
}
