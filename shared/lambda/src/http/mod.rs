//! HTTP: who asks, what is asked, and how it is answered.

pub mod appeals;
pub mod asset;
pub mod caller;
pub mod claims;
pub mod cookie;
pub mod delayed_messages;
pub mod fields;
pub mod foreign;
pub mod language;
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
        // What API Gateway would not have let through: a path that reads as another route's with a name left out.
        .method_not_allowed_fallback(|| async { problem::Problem::not_found() })
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

#[cfg(test)]
mod tests {
    use super::*;

    use std::sync::{Arc, Mutex};

    use std::collections::BTreeMap;

    use axum::body::Bytes;
    use axum::extract::{Request, State};
    use axum::routing::post;
    use lambda_http::{Adapter, Context, LambdaEvent, Service};
    use serde_json::json;

    type Seen = Arc<Mutex<Vec<u8>>>;

    /// The body as a handler gets it, of an event in the shape that API Gateway sends.
    async fn seen(body: &str, is_base64: bool) -> Vec<u8> {
        let seen = Seen::default();
        let keep =
            async |State(seen): State<Seen>, body: Bytes| *seen.lock().unwrap() = body.to_vec();
        let routes = Router::new()
            .route("/v1/webhooks/{channel}/{account}", post(keep))
            .with_state(seen.clone());
        let path = "/v1/webhooks/alipay/demo";
        let http = json!({
            "method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": "",
        });
        let event = json!({
            "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "",
            "headers": { "content-type": "application/x-www-form-urlencoded" },
            "requestContext": {
                "accountId": "1", "apiId": "a", "domainName": "a.example", "domainPrefix": "a", "http": http,
                "requestId": "r", "routeKey": "$default", "stage": "$default",
                "time": "20/Nov/2026:14:00:00 +0000", "timeEpoch": 1_795_183_200_000_u64,
            },
            "body": body, "isBase64Encoded": is_base64,
        });
        let event = LambdaEvent::new(serde_json::from_value(event).unwrap(), Context::default());
        let answered = Adapter::from(complete(routes)).call(event).await;
        let answered = serde_json::to_value(answered.unwrap()).unwrap();
        assert_eq!(answered["statusCode"], 200);
        let seen = seen.lock().unwrap();
        seen.clone()
    }

    /// The claims that a handler sees, of an event whose context has this authorizer and whose headers say what a stranger
    /// may have them say.
    async fn claims(authorizer: Value) -> Option<BTreeMap<String, String>> {
        let seen = Arc::new(Mutex::new(None));
        let keep = async |State(seen): State<Arc<Mutex<_>>>, request: Request| {
            *seen.lock().unwrap() = Some(claims::of(request.extensions()));
        };
        let routes = Router::new()
            .route("/console/session", post(keep))
            .with_state(Arc::clone(&seen));
        let http = json!({
            "method": "POST", "path": "/console/session", "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7",
            "userAgent": "",
        });
        let mut context = json!({
            "accountId": "1", "apiId": "a", "domainName": "a.example", "domainPrefix": "a", "http": http,
            "requestId": "r", "routeKey": "POST /console/session", "stage": "$default",
            "time": "20/Nov/2026:14:00:00 +0000", "timeEpoch": 1_795_183_200_000_u64,
        });
        if !authorizer.is_null() {
            context["authorizer"] = authorizer;
        }
        let forged =
            json!({ "jwt": { "claims": { "sub": "mallory", "cognito:groups": "[approver]" } } })
                .to_string();
        let event = json!({
            "version": "2.0", "routeKey": "POST /console/session", "rawPath": "/console/session", "rawQueryString": "",
            "headers": {
                "authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJtYWxsb3J5In0.",
                "x-amzn-request-context": forged, "x-amzn-lambda-context": forged, "sub": "mallory",
                "cognito-groups": "[approver]",
            },
            "requestContext": context, "body": forged, "isBase64Encoded": false,
        });
        let event = LambdaEvent::new(serde_json::from_value(event).unwrap(), Context::default());
        let answered = Adapter::from(complete(routes)).call(event).await;
        answered.unwrap();
        seen.lock().unwrap().take().expect("the handler ran")
    }

    /// S4: claims are API Gateway's word about a token that it verified, and nobody else's.
    #[tokio::test]
    async fn s4_claims_are_those_of_the_authorizer_and_of_no_header_or_body() {
        let jwt = json!({ "claims": { "sub": "ann", "cognito:groups": "[staff approver]", "exp": "1795186800" }, "scopes": null });
        let said = claims(json!({ "jwt": jwt })).await.unwrap();
        assert_eq!(said["sub"], "ann");
        assert_eq!(said["cognito:groups"], "[staff approver]");
        for authorizer in [
            Value::Null,
            json!({}),
            json!({ "lambda": { "sub": "mallory" } }),
            json!({ "iam": { "userId": "mallory" } }),
        ] {
            assert_eq!(claims(authorizer.clone()).await, None, "{authorizer}");
        }
    }

    /// F40: what was signed is what is verified, whichever way API Gateway carries it.
    #[tokio::test]
    async fn a_body_arrives_as_it_was_sent() {
        let form = b"subject=%E9%9E%8B+a&total_amount=19.99&sign=a%2Fb%2B%3D%3D";
        let base64 =
            "c3ViamVjdD0lRTklOUUlOEIrYSZ0b3RhbF9hbW91bnQ9MTkuOTkmc2lnbj1hJTJGYiUyQiUzRCUzRA==";
        assert_eq!(seen(base64, true).await, form);
        let json = r#"{ "id":"\u978b",  "resource":{"ciphertext":"a/b+=="} }"#;
        assert_eq!(seen(json, false).await, json.as_bytes());
        // Bytes that are no text at all, as a forger may send them.
        assert_eq!(seen("//4A", true).await, [0xff, 0xfe, 0x00]);
    }
}
