//! An AWS that answers at once: tables that know puts and gets, a queue that takes everything, one secret.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The running stand-in.
#[derive(Clone, Debug)]
pub struct Cloud {
    address: String,
}

#[derive(Debug)]
struct Kept {
    items: Mutex<HashMap<String, Value>>,
    secret: String,
}

impl Cloud {
    /// Starts it on loopback, where it serves as long as the program runs. Every secret has this value.
    ///
    /// # Errors
    /// If no port is free.
    pub async fn start(secret: String) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .context("opening a port")?;
        let address = format!(
            "http://{}",
            listener.local_addr().context("asking for the port")?
        );
        let kept = Arc::new(Kept {
            items: Mutex::new(HashMap::new()),
            secret,
        });
        let routes = Router::new().fallback(answer).with_state(kept);
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(Self { address })
    }

    /// What a function is to take for AWS.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.address
    }
}

async fn answer(State(kept): State<Arc<Kept>>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers
        .get("x-amz-target")
        .and_then(|value| value.to_str().ok());
    let operation = target
        .and_then(|target| target.rsplit('.').next())
        .unwrap_or_default();
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    let (status, answer) = match operation {
        "GetItem" => (StatusCode::OK, kept.get(&request)),
        "PutItem" => kept.put(&request),
        "SendMessageBatch" => (StatusCode::OK, taken(&request)),
        "GetSecretValue" => (
            StatusCode::OK,
            json!({ "Name": request["SecretId"], "SecretString": kept.secret }),
        ),
        other => (
            StatusCode::NOT_IMPLEMENTED,
            json!({ "message": format!("no {other} here") }),
        ),
    };
    let kind = [(header::CONTENT_TYPE, "application/x-amz-json-1.0")];
    (status, kind, answer.to_string()).into_response()
}

impl Kept {
    fn get(&self, request: &Value) -> Value {
        let items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
        let found = items.get(&place(request, &request["Key"]));
        found.map_or_else(|| json!({}), |item| json!({ "Item": item }))
    }

    /// Of all conditions it knows the one that matters here: that nothing may be there yet.
    fn put(&self, request: &Value) -> (StatusCode, Value) {
        let mut items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
        let place = place(request, &request["Item"]);
        let must_be_new = request["ConditionExpression"] == "attribute_not_exists(#k)";
        if let (Some(there), true) = (items.get(&place), must_be_new) {
            let refused = json!({
                "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
                "message": "The conditional request failed",
                "Item": there,
            });
            return (StatusCode::BAD_REQUEST, refused);
        }
        items.insert(place, request["Item"].clone());
        (StatusCode::OK, json!({}))
    }
}

fn place(request: &Value, item: &Value) -> String {
    format!("{}/{}", request["TableName"], item["k"])
}

fn taken(request: &Value) -> Value {
    let entries = request["Entries"].as_array().into_iter().flatten();
    let taken = entries
        .map(|entry| json!({ "Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": "m" }));
    json!({ "Successful": taken.collect::<Vec<_>>(), "Failed": [] })
}
