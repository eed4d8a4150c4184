//! `query` (查单): perform what is due on a payment: ask its channel, close, ask about a refund,
//! have a refund sent.
//!
//! Trigger: SQS `payment-queries`, delayed. One message names one payment; each fails alone.

use payonce_lambda::{Error, LambdaEvent, configuration, queue, run, service_fn, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let app = &configuration::app()?;
    run(service_fn(async |event: LambdaEvent<_>| {
        Ok::<_, Error>(queue::each_payment(app, event.payload).await)
    }))
    .await
}
