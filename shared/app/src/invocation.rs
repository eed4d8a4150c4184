//! Asynchronous invocations of our own functions: an accelerator of what the tables record.

use aws_sdk_lambda::Client;
use aws_sdk_lambda::error::DisplayErrorContext;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;

/// Invokes a function and does not wait for it. Why it could not be, in words for a log.
pub(crate) async fn invoke(
    lambda: &Client,
    function: &str,
    payload: &serde_json::Value,
) -> Result<(), String> {
    let invoked = lambda
        .invoke()
        .function_name(function)
        .invocation_type(InvocationType::Event)
        .payload(Blob::new(payload.to_string()))
        .send()
        .await;
    let shown = |error| DisplayErrorContext(&error).to_string();
    invoked.map(|_| ()).map_err(shown)
}
