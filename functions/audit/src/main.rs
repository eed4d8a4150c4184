//! `audit` (审计): have the table of payments exported, and walk past every payment in the export: hash and replay its
//! history, count its money, look for what is forgotten, and compare the heads of all chains with those kept before.
//!
//! Trigger: EventBridge. `{"begin": "export"}`, once a week, begins an export; any other event audits the newest whole
//! one, if that is not done, and says its number.

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
