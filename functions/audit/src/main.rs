//! `audit` (审计): have the tables of payments and appeals exported, and walk past each in the exports: hash and replay its
//! history, count the money, look for what is forgotten, and compare the heads of all chains with those kept before.
//!
//! Trigger: EventBridge. `{"begin": "export"}`, once a week, begins the exports; any other event audits the newest whole
//! ones, if that is not done, and says the number.

mod run;

use payonce_lambda::{Error, LambdaEvent, configuration, run, service_fn, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let (audit, exporter) = &configuration::audit()?;
    run(service_fn(async |event: LambdaEvent<_>| {
        run::run(audit, exporter, &event.payload).await
    }))
    .await
}
