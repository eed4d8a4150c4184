//! A function with more than one trigger: the shape of an event says where it comes from.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use axum::Router;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Service};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::value::RawValue;

use crate::http;

/// What tells the events apart: SQS sends records, API Gateway says its version and a route, and
/// neither of its clients can add to that. What is left was invoked by name.
#[derive(Deserialize)]
struct Shape {
    #[serde(rename = "Records")]
    records: Option<IgnoredAny>,
    #[serde(rename = "routeKey")]
    route_key: Option<IgnoredAny>,
}

/// Serves routes and invocations by name until the process ends. No queue leads here.
///
/// # Errors
/// If the Lambda runtime cannot be reached.
pub async fn run_without_queue<I: DeserializeOwned>(
    routes: Router,
    invoked: impl AsyncFn(I) -> Result<(), Error>,
) -> Result<(), Error> {
    run(routes, async |_| SqsBatchResponse::default(), invoked).await
}

/// Serves routes, a queue and invocations by name until the process ends.
///
/// # Errors
/// If the Lambda runtime cannot be reached.
pub async fn run<I: DeserializeOwned>(
    routes: Router,
    each_message: impl AsyncFn(SqsEvent) -> SqsBatchResponse,
    invoked: impl AsyncFn(I) -> Result<(), Error>,
) -> Result<(), Error> {
    let routes = http::complete(routes);
    let handle = async |event: LambdaEvent<Box<RawValue>>| -> Result<Box<RawValue>, Error> {
        let text = event.payload.get();
        let shape: Shape = serde_json::from_str(text)?;
        let answer = if shape.records.is_some() {
            let batch = serde_json::from_str(text)?;
            serde_json::value::to_raw_value(&each_message(batch).await)
        } else if shape.route_key.is_some() {
            let request: LambdaRequest = serde_json::from_str(text)?;
            let event = LambdaEvent::new(request, event.context);
            let answer = Adapter::from(routes.clone()).call(event).await?;
            serde_json::value::to_raw_value(&answer)
        } else {
            invoked(serde_json::from_str(text)?).await?;
            serde_json::value::to_raw_value(&())
        };
        Ok(answer?)
    };
    lambda_runtime::run(service_fn(handle)).await
}
