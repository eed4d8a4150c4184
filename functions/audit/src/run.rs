//! One invocation: exports begun, or the newest ones audited.

use payonce_app::audit::{Audit, Walked};
use payonce_lambda::export::Exporter;
use payonce_lambda::{Error, clock};
use serde_json::{Value, json};

pub(crate) async fn run(audit: &Audit, exporter: &Exporter, event: &Value) -> Result<Value, Error> {
    if event["begin"] == "export" {
        // The appeals' first: what they gave back by then is in the payments.
        let appeals = exporter.begin(Walked::Appeals).await?;
        let payments = exporter.begin(Walked::Payments).await?;
        return Ok(json!({ "export": payments, "appeals": appeals }));
    }
    let report = audit.newest(clock::now()).await?;
    Ok(json!({
        "number": report.number(),
        "restored": report.restored(),
        "payments": report.payments,
        "steps": report.steps,
        "appeals": report.appeals,
        "appeal_steps": report.appeal_steps,
        "compared": report.compared,
        "classes": report.classes,
    }))
}
