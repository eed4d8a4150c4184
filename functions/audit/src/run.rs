//! One invocation: an export begun, or the newest one audited.

use payonce_app::audit::Audit;
use payonce_lambda::export::Exporter;
use payonce_lambda::{Error, clock};
use serde_json::{Value, json};

pub(crate) async fn run(audit: &Audit, exporter: &Exporter, event: &Value) -> Result<Value, Error> {
    if event["begin"] == "export" {
        return Ok(json!({ "export": exporter.begin().await? }));
    }
    let report = audit.newest(clock::now()).await?;
    Ok(json!({
        "number": report.number(),
        "restored": report.restored(),
        "payments": report.payments,
        "steps": report.steps,
        "compared": report.compared,
        "classes": report.classes,
    }))
}
