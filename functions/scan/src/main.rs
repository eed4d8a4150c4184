//! `scan` (扫描): sweep the due indexes; do what is overdue, feed the queues with what comes due, invoke
//! `refund` for money that is owed and `delay` for messages that are late.
//!
//! Trigger: EventBridge, every minute. Two sweeps at once do no harm: they decide nothing by themselves.

use payonce_lambda::{Error, LambdaEvent, clock, configuration, run, service_fn, telemetry};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let app = &configuration::app()?;
    let wheel = &configuration::wheel()?;
    run(service_fn(async |_: LambdaEvent<Value>| {
        let now = clock::now();
        // Beside each other and each within its own time: neither waits for the other's backlog.
        let (swept, turned) = tokio::join!(app.sweep(now), wheel.turn(now));
        if swept.shards_failed + turned.shards_failed > 0 {
            return Err(Error::from("a part of a due index could not be read"));
        }
        Ok(json!({
            "advanced": swept.advanced,
            "failed": swept.failed,
            "messages": swept.messages,
            "delayed_messages": { "invoked": turned.invoked, "messages": turned.messages },
        }))
    }))
    .await
}
