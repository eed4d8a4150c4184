//! A counting proxy between the functions and everything outside them: the store, the queue, the secrets, the channel.
//!
//! It passes bytes on unchanged, except that a DynamoDB request is made to ask what it consumed. It writes down every
//! call, and can end the very process that made one, at the moment a test has chosen.

mod call;
mod journal;
mod plan;
mod process;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use payonce_local::Endpoints;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use call::{Call, Side, Subject};
pub use journal::{Consumed, Entry, Journal, Tally};
pub use plan::{Crash, Moment, Plan};

use call::Names;

/// The longest request that is looked into; the emulator takes no longer ones from functions either.
const BODY_BYTES_MAX: usize = 8 << 20;

/// How long a function that wakes while the stack is still being started waits for its store.
const CONNECT_WAIT: Duration = Duration::from_secs(20);

/// The running proxy: one address for AWS, one for the channels. Dropping it closes both.
#[derive(Debug)]
pub struct Proxy {
    aws: SocketAddr,
    channel: SocketAddr,
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    client: reqwest::Client,
    names: OnceLock<Names>,
    journal: Journal,
    plan: Plan,
}

#[derive(Clone, Debug)]
struct Door {
    side: Side,
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Proxy {
    /// Opens both addresses. What is behind them is said later, by [`Proxy::connect`]: the stack that is to use the
    /// proxy has to be started first.
    ///
    /// # Errors
    /// If no port is free.
    pub async fn open() -> anyhow::Result<Self> {
        // Err only says that this process already chose a provider, which then is used.
        let _already_chosen = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .build()
            .context("building the proxy's client")?;
        let shared = Arc::new(Shared {
            client,
            names: OnceLock::new(),
            journal: Journal::default(),
            plan: Plan::default(),
        });
        let (aws, first) = serve(Side::Aws, &shared).await?;
        let (channel, second) = serve(Side::Channel, &shared).await?;
        let tasks = vec![first, second];
        Ok(Self {
            aws,
            channel,
            shared,
            tasks,
        })
    }

    /// What the functions are to take for AWS.
    #[must_use]
    pub fn aws_url(&self) -> String {
        format!("http://{}", self.aws)
    }

    /// What the functions are to take for the channels.
    #[must_use]
    pub fn channel_url(&self) -> String {
        format!("http://{}", self.channel)
    }

    /// Says what lies behind.
    pub fn connect(&self, endpoints: &Endpoints) {
        // Err only says that it was said before.
        let _said_before = self.shared.names.set(Names::of(endpoints));
    }

    /// What was called.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.shared.journal
    }

    /// What is to go wrong.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.shared.plan
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

async fn serve(side: Side, shared: &Arc<Shared>) -> anyhow::Result<(SocketAddr, JoinHandle<()>)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .context("opening a proxy")?;
    let address = listener
        .local_addr()
        .context("asking for the proxy's address")?;
    let door = Door {
        side,
        address,
        shared: Arc::clone(shared),
    };
    let routes = Router::new().fallback(pass).with_state(door);
    let service = routes.into_make_service_with_connect_info::<SocketAddr>();
    let task = tokio::spawn(async move {
        // It serves until it is aborted; without it every test fails, and says so.
        let _ = axum::serve(listener, service).await;
    });
    Ok((address, task))
}

async fn pass(
    State(door): State<Door>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Response {
    // On a task of its own: bytes that have left arrive, whatever becomes of who sent them.
    let passed = tokio::spawn(async move { door.pass(peer, request).await }).await;
    match passed {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => (StatusCode::BAD_GATEWAY, format!("{error:#}")).into_response(),
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

impl Door {
    async fn pass(&self, peer: SocketAddr, request: Request<Body>) -> anyhow::Result<Response> {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, BODY_BYTES_MAX)
            .await
            .context("reading a request")?;
        let names = self.names().await?;
        let call = Call::read(self.side, names, &parts.uri, &parts.headers, &body);
        let shared = &self.shared;
        let caller = process::Caller {
            peer,
            here: self.address,
            function: names.real(&call.function),
        };
        if shared.plan.strikes(Moment::Before, &call) && caller.kill().await {
            shared.plan.struck(Moment::Before, &call);
            shared.journal.write(Entry::killed(call));
            return Ok(StatusCode::GONE.into_response());
        }
        let parted = shared.plan.part(&call, &body);
        let sent = match &parted {
            Some(parted) => parted.rest.clone(),
            None => Some(call::asking_for_consumption(&call, body.clone())),
        };
        let target = format!("{}{}", names.target(self.side), path_of(&parts.uri));
        let (status, headers, answer) = match sent {
            Some(sent) => {
                self.forward(parts.method, &target, &parts.headers, sent)
                    .await?
            }
            None => (StatusCode::OK, json_headers(), Bytes::new()),
        };
        let answer = parted.map_or(answer.clone(), |parted| Bytes::from(parted.answer(&answer)));
        let consumed = Consumed::read(&call, &body, &answer);
        let struck = shared.plan.strikes(Moment::After, &call) && caller.kill().await;
        shared.plan.passed(&call, struck);
        shared.journal.write(Entry::new(call, consumed));
        let mut response = Response::new(Body::from(answer));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }

    async fn names(&self) -> anyhow::Result<&Names> {
        let deadline = tokio::time::Instant::now() + CONNECT_WAIT;
        while tokio::time::Instant::now() < deadline {
            if let Some(names) = self.shared.names.get() {
                return Ok(names);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::bail!("the proxy was never told what lies behind it")
    }

    async fn forward(
        &self,
        method: Method,
        url: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> anyhow::Result<(StatusCode, HeaderMap, Bytes)> {
        let mut headers = headers.clone();
        // Of this connection alone, or said anew by the client.
        for own in [
            header::HOST,
            header::CONTENT_LENGTH,
            header::CONNECTION,
            header::TRANSFER_ENCODING,
        ] {
            headers.remove(own);
        }
        let request = self
            .shared
            .client
            .request(method, url)
            .headers(headers)
            .body(body);
        let response = request
            .send()
            .await
            .with_context(|| format!("passing on to {url}"))?;
        let status = response.status();
        let mut headers = response.headers().clone();
        for own in [
            header::CONTENT_LENGTH,
            header::CONNECTION,
            header::TRANSFER_ENCODING,
        ] {
            headers.remove(own);
        }
        let body = response.bytes().await.context("reading an answer")?;
        Ok((status, headers, body))
    }
}

fn json_headers() -> HeaderMap {
    let json = HeaderValue::from_static("application/x-amz-json-1.0");
    HeaderMap::from_iter([(header::CONTENT_TYPE, json)])
}

fn path_of(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", |path| path.as_str())
}
