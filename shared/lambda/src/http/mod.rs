//! HTTP: who asks, what is asked, and how it is answered.

pub mod caller;
pub mod delayed_messages;
pub mod fields;
pub mod problem;
pub mod requests;
pub mod strict_json;
pub mod view;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

/// How soon to ask again where an outcome is awaited, in seconds.
const RETRY_AFTER_SECONDS: u64 = 2;

/// Serves these routes to API Gateway until the process ends.
///
/// # Errors
/// If the Lambda runtime cannot be reached.
pub async fn serve(routes: Router) -> Result<(), lambda_runtime::Error> {
    lambda_http::run(complete(routes)).await
}

/// The routes with what holds for all of them.
pub(crate) fn complete(routes: Router) -> Router {
    // A body that is too large is refused by whoever reads it, in our own words.
    routes
        .fallback(|| async { problem::Problem::not_found() })
        .layer(DefaultBodyLimit::disable())
}

/// A JSON answer; one that says "not yet" also says when to ask again.
#[must_use]
pub fn json(status: StatusCode, body: &Value) -> Response {
    let text = body.to_string();
    let mut response = (status, [(header::CONTENT_TYPE, "application/json")], text).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::ACCEPTED {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
    }
    response
}
