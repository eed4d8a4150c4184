//! `notify` (商户通知): tell merchants what became of their payments, and the event bus with them.
//!
//! Trigger: SQS `merchant-notifications`, delayed; and invoked by `scan` and `query` with
//! `{"payment_no"}` for what is overdue. Each payment fails alone.

use payonce_lambda::{Error, LambdaEvent, configuration, run, service_fn, telemetry, telling};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let app = &configuration::app()?;
    run(service_fn(async |event: LambdaEvent<Value>| {
        telling::each_payment(app, event.payload).await
    }))
    .await
}
