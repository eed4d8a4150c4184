//! The queue, the invocation of functions and the secrets, as one address that takes everything and delivers nothing.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use payonce_app::{Bus, Names, Outbox};
use payonce_domain::{PaymentNo, RefundNo};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What was sent there, and the secrets it knows.
#[derive(Clone, Default)]
pub(crate) struct Accelerators {
    invoked: Arc<Mutex<Vec<Value>>>,
    secrets: Arc<Mutex<BTreeMap<String, String>>>,
}

/// Clients for it.
pub(crate) struct Clients {
    pub(crate) outbox: Outbox,
    pub(crate) bus: Bus,
    pub(crate) secrets: aws_sdk_secretsmanager::Client,
}

impl Accelerators {
    pub(crate) async fn open(&self) -> Clients {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let routes = Router::new().fallback(take).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        clients(address)
    }

    /// Keeps a secret under this name.
    pub(crate) fn keep(&self, name: &str, text: &Value) {
        let mut secrets = self.secrets.lock().unwrap();
        secrets.insert(name.to_owned(), text.to_string());
    }

    /// The refunds that `refund` was invoked for, in order, as often as it was.
    pub(crate) fn refunds_invoked(&self) -> Vec<(PaymentNo, RefundNo)> {
        let invoked = self.invoked.lock().unwrap();
        let named = invoked.iter().map(|payload| {
            let text = |name: &str| payload[name].as_str().unwrap().to_owned();
            let payment_no = PaymentNo::parse(&text("payment_no")).unwrap();
            (payment_no, RefundNo::parse(&text("refund_no")).unwrap())
        });
        named.collect()
    }

    fn answer(&self, target: &str, uri: &Uri, body: &Value) -> Option<Value> {
        if target.ends_with("GetSecretValue") {
            let name = body["SecretId"].as_str().unwrap_or_default();
            let secrets = self.secrets.lock().unwrap();
            return Some(json!({ "Name": name, "SecretString": secrets[name] }));
        }
        if uri.path().ends_with("/invocations") {
            self.invoked.lock().unwrap().push(body.clone());
            return None;
        }
        Some(json!({ "Successful": [], "Failed": [] }))
    }
}

async fn take(
    State(accelerators): State<Accelerators>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let target = headers.get("x-amz-target").map(|target| target.to_str());
    let target = target.and_then(Result::ok).unwrap_or_default();
    let body = serde_json::from_slice(&body).unwrap_or_default();
    accelerators.answer(target, &uri, &body).map_or_else(
        || StatusCode::ACCEPTED.into_response(),
        |answer| axum::Json(answer).into_response(),
    )
}

fn clients(address: SocketAddr) -> Clients {
    macro_rules! client {
        ($sdk:ident) => {
            $sdk::Client::from_conf(
                $sdk::Config::builder()
                    .behavior_version(BehaviorVersion::latest())
                    .region(Region::new("us-east-1"))
                    .endpoint_url(format!("http://{address}"))
                    .credentials_provider(Credentials::new("test", "test", None, None, "test"))
                    .http_client(aws_smithy_http_client::Builder::new().build_http())
                    .build(),
            )
        };
    }
    let queries = format!("http://{address}/queue");
    let refund = Some("refund".to_owned());
    Clients {
        outbox: Outbox::new(
            client!(aws_sdk_sqs),
            client!(aws_sdk_lambda),
            Names {
                queries_url: Some(queries),
                refund_function: refund,
                ..Names::default()
            },
        ),
        bus: Bus::new(client!(aws_sdk_eventbridge), "events".to_owned()),
        secrets: client!(aws_sdk_secretsmanager),
    }
}
