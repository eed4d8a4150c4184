//! `scan` (扫描): sweep the due index; do what is overdue, feed the queue with what comes due, and
//! invoke `refund` for money that is owed.
//!
//! Trigger: EventBridge, every minute. Two sweeps at once do no harm: they decide nothing by themselves.

use payonce_lambda::{Error, LambdaEvent, clock, configuration, run, service_fn, telemetry};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let app = &configuration::app()?;
    run(service_fn(async |_: LambdaEvent<Value>| {
        let swept = app.sweep(clock::now()).await;
        if swept.shards_failed > 0 {
            return Err(Error::from("a part of the due index could not be read"));
        }
        Ok(json!({
            "advanced": swept.advanced,
            "failed": swept.failed,
            "messages": swept.messages,
        }))
    }))
    .await
}
