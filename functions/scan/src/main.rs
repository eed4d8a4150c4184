//! `scan` (扫描): sweep the due indexes; do what is overdue, feed the queues with what comes due, invoke
//! `refund` for money that is owed and `delay` for messages that are late. `{"dry_run": true}` only says
//! what it would do.
//!
//! Trigger: EventBridge, every minute. Two sweeps at once do no harm: they decide nothing by themselves.

mod tick;

use payonce_lambda::{Error, LambdaEvent, configuration, run, service_fn, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let app = &configuration::app()?;
    let wheel = &configuration::wheel()?;
    run(service_fn(async |event: LambdaEvent<_>| {
        tick::tick(app, wheel, &event.payload).await
    }))
    .await
}
