//! The front door: one address for people and tests, which hands everything under `/v1` to the deployed HTTP API.
//!
//! Method, path, headers and the bytes of the body pass unchanged in both directions. It decides nothing.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use http_body_util::BodyExt;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot};

use crate::binaries::workspace;
use crate::plain_http::{self, PlainClient};

/// The slowest function answers within 29 seconds; the emulator may first have to start its process.
const ANSWER_LIMIT: Duration = Duration::from_secs(40);
/// How many requests are handed on at a time; the others wait at the door. Each becomes a process here, and a small
/// machine that starts a hundred of them at once answers none in time.
const AT_ONCE: usize = 32;
/// As much as API Gateway takes.
const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;

/// A reserved address: taken before anything slow begins, so that a taken port is reported at once.
#[derive(Debug)]
pub(crate) struct Reserved {
    listener: std::net::TcpListener,
    address: SocketAddr,
}

impl Reserved {
    pub(crate) fn take(port: u16) -> anyhow::Result<Self> {
        let listener =
            std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).with_context(|| {
                format!("port {port} is taken; free it, or choose another with --port")
            })?;
        let address = listener.local_addr().context("reading the port")?;
        Ok(Self { listener, address })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Opens the door. It runs on a thread of its own, since it must outlive the runtime of the test that opened it.
    pub(crate) fn open(self, target: Target) -> anyhow::Result<FrontDoor> {
        self.listener
            .set_nonblocking(true)
            .context("preparing the front door")?;
        let (close, closed) = oneshot::channel::<()>();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("preparing the front door")?;
        let listener = self.listener;
        let thread = std::thread::spawn(move || {
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener)?;
                tokio::select! {
                    served = axum::serve(listener, router(target)) => served,
                    _ = closed => Ok(()),
                }
            })
        });
        Ok(FrontDoor {
            close: Some(close),
            thread: Some(thread),
        })
    }
}

/// Where the door leads.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) emulator_port: u16,
    /// The API of merchants, channels and buyers.
    pub(crate) api_id: String,
    /// The API of operators.
    pub(crate) console_api_id: String,
    /// What `GET /` shows.
    pub(crate) start_page: String,
}

impl Target {
    fn api_for(&self, path: &str) -> &str {
        let path = path.split('?').next().unwrap_or_default();
        let of_operators = path == "/console" || path.starts_with("/console/");
        if of_operators {
            &self.console_api_id
        } else {
            &self.api_id
        }
    }
}

/// The open door; dropping it closes it.
#[derive(Debug)]
pub(crate) struct FrontDoor {
    close: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<std::io::Result<()>>>,
}

impl FrontDoor {
    /// Whether it still stands open.
    pub(crate) fn is_open(&self) -> bool {
        self.thread
            .as_ref()
            .is_some_and(|thread| !thread.is_finished())
    }
}

impl Drop for FrontDoor {
    fn drop(&mut self) {
        drop(self.close.take());
        if let Some(thread) = self.thread.take() {
            // Its result no longer matters: nobody comes in any more.
            let _ = thread.join();
        }
    }
}

#[derive(Clone)]
struct Door {
    client: PlainClient,
    target: Target,
    turns: Arc<Semaphore>,
}

fn router(target: Target) -> Router {
    let door = Door {
        client: plain_http::client(),
        target,
        turns: Arc::new(Semaphore::new(AT_ONCE)),
    };
    Router::new()
        .route("/", get(start_page))
        .route("/openapi.yaml", get(openapi))
        .fallback(forward)
        .with_state(door)
}

async fn start_page(State(door): State<Door>) -> Html<String> {
    Html(door.target.start_page)
}

async fn openapi() -> Response {
    let path = workspace().join("infra").join("openapi.yaml");
    match tokio::fs::read(path).await {
        Ok(document) => ([(header::CONTENT_TYPE, "application/yaml")], document).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn forward(State(door): State<Door>, request: Request) -> Response {
    let _turn = door.turns.acquire().await;
    match tokio::time::timeout(ANSWER_LIMIT, pass(&door, request)).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => bad_gateway(&format!("{error:#}")),
        Err(_) => bad_gateway("the deployed API did not answer in time"),
    }
}

async fn pass(door: &Door, request: Request) -> anyhow::Result<Response> {
    let (mut parts, body) = request.into_parts();
    // Whole, because the emulator does not take chunked bodies apart.
    let Ok(body) = axum::body::to_bytes(body, BODY_BYTES_MAX).await else {
        return Ok(StatusCode::PAYLOAD_TOO_LARGE.into_response());
    };
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let port = door.target.emulator_port;
    let api = door.target.api_for(path).to_owned();
    parts.uri = format!("http://127.0.0.1:{port}{path}")
        .parse::<Uri>()
        .context("reading the path")?;
    leave_connection_headers(&mut parts.headers);
    // The emulator finds the API by this name.
    let host = format!("{api}.execute-api.localhost:{port}");
    parts.headers.insert(
        header::HOST,
        HeaderValue::from_str(&host).context("naming the API")?,
    );
    let response = door
        .client
        .request(axum::http::Request::from_parts(parts, Body::from(body)))
        .await
        .context("the AWS emulator does not answer")?;
    let (mut parts, body) = response.into_parts();
    let body: Bytes = body
        .collect()
        .await
        .context("the AWS emulator broke off its answer")?
        .to_bytes();
    leave_connection_headers(&mut parts.headers);
    Ok(Response::from_parts(parts, Body::from(body)))
}

/// Takes out what belongs to one connection and not to the message (RFC 9110, section 7.6.1).
fn leave_connection_headers(headers: &mut HeaderMap) {
    const OF_THE_CONNECTION: [HeaderName; 7] = [
        header::CONNECTION,
        header::CONTENT_LENGTH,
        header::TE,
        header::TRAILER,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
        header::PROXY_AUTHORIZATION,
    ];
    for name in OF_THE_CONNECTION {
        headers.remove(name);
    }
}

fn bad_gateway(detail: &str) -> Response {
    let problem = serde_json::json!({
        "type": "https://payonce.dev/problems/bad-gateway",
        "title": "The local AWS emulator did not answer",
        "status": 502,
        "detail": detail,
        "safe_to_retry": true,
        "next_actions": ["retry"],
    });
    (
        StatusCode::BAD_GATEWAY,
        [(header::CONTENT_TYPE, "application/problem+json")],
        problem.to_string(),
    )
        .into_response()
}
