//! `reconcile` (对账): compare each account's day with the channel's bill, repair what the bill proves, and
//! show the rest to people. `{"channel", "account", "day"}` does one day, also once more.
//!
//! Trigger: EventBridge, every half hour of the Chinese day. Two at once do no harm: a day has a lease, and
//! everything about it may be done twice.

mod run;

use payonce_lambda::{Error, LambdaEvent, configuration, run, service_fn, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let app = &configuration::app()?;
    run(service_fn(async |event: LambdaEvent<_>| {
        run::run(app, &event.payload).await
    }))
    .await
}
