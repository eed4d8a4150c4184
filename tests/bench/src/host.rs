//! A Lambda host for one process: the Runtime API, with a clock on it.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, mpsc};

use crate::process::Usage;

const PATIENCE: Duration = Duration::from_secs(20);

/// A process that runs under the host.
#[derive(Debug)]
pub struct Host {
    child: Child,
    began: Instant,
    events: mpsc::Sender<String>,
    news: mpsc::Receiver<News>,
}

#[derive(Debug)]
enum News {
    /// It asked for its next event.
    Asked(Instant),
    /// It answered.
    Answered(Instant, Bytes),
    /// It reported a failure.
    Failed(Bytes),
}

struct Api {
    events: Mutex<mpsc::Receiver<String>>,
    news: mpsc::Sender<News>,
}

impl Host {
    /// Starts a binary with this environment and nothing else.
    ///
    /// # Errors
    /// If no port is free or the binary does not start.
    pub async fn start(binary: &Path, environment: &[(&str, String)]) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .context("opening a port")?;
        let address = listener.local_addr().context("asking for the port")?;
        let (events, queued) = mpsc::channel(1);
        let (sender, news) = mpsc::channel(16);
        let api = Arc::new(Api {
            events: Mutex::new(queued),
            news: sender,
        });
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route(
                "/2018-06-01/runtime/invocation/{id}/response",
                post(response),
            )
            .fallback(failure)
            .with_state(api);
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let mut command = Command::new(binary);
        command
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let began = Instant::now();
        let child = command
            .spawn()
            .with_context(|| format!("starting {}", binary.display()))?;
        Ok(Self {
            child,
            began,
            events,
            news,
        })
    }

    /// Waits until the process asks for an event, and says how long after its start that was.
    ///
    /// # Errors
    /// If it does not.
    pub async fn ready(&mut self) -> anyhow::Result<Duration> {
        match self.news().await? {
            News::Asked(at) => Ok(at.duration_since(self.began)),
            News::Answered(..) | News::Failed(_) => anyhow::bail!("it answered before it asked"),
        }
    }

    /// Gives it an event and waits for the answer. Says how long that took, and how long after the start it was.
    ///
    /// # Errors
    /// If it answers something else than an HTTP response of one of these statuses.
    pub async fn invoke(
        &mut self,
        event: &Value,
        statuses: &[u64],
    ) -> anyhow::Result<(Duration, Duration)> {
        let given = Instant::now();
        self.events
            .send(event.to_string())
            .await
            .context("giving it an event")?;
        let News::Answered(at, body) = self.news().await? else {
            anyhow::bail!("it did not answer");
        };
        let answer: Value = serde_json::from_slice(&body).context("reading its answer")?;
        let status = answer["statusCode"].as_u64().unwrap_or(0);
        ensure!(statuses.contains(&status), "it answered {answer}");
        // It asks for the next one at once; that belongs to this turn.
        self.news().await?;
        Ok((at.duration_since(given), at.duration_since(self.began)))
    }

    /// What the process uses at this moment.
    ///
    /// # Errors
    /// If it is gone.
    pub fn usage(&self) -> anyhow::Result<Usage> {
        Usage::of(self.child.id().context("it is gone")?)
    }

    async fn news(&mut self) -> anyhow::Result<News> {
        let news = tokio::time::timeout(PATIENCE, self.news.recv())
            .await
            .context("it says nothing")?;
        let news = news.context("the host is gone")?;
        if let News::Failed(body) = &news {
            anyhow::bail!("it failed: {}", String::from_utf8_lossy(body));
        }
        Ok(news)
    }
}

async fn next(State(api): State<Arc<Api>>) -> Response {
    // Nobody listens any more when the measurement is over.
    let _ = api.news.send(News::Asked(Instant::now())).await;
    let Some(event) = api.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let deadline = SystemTime::now() + Duration::from_secs(29);
    let deadline = deadline
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis();
    let mut headers = HeaderMap::new();
    let id = HeaderValue::from_static("8476a536-e9f4-11e8-9739-2dfe598c3fcd");
    headers.insert("lambda-runtime-aws-request-id", id);
    headers.insert(
        "lambda-runtime-deadline-ms",
        HeaderValue::from_str(&deadline.to_string()).unwrap_or(HeaderValue::from_static("0")),
    );
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:pay";
    headers.insert(
        "lambda-runtime-invoked-function-arn",
        HeaderValue::from_static(arn),
    );
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    (headers, event).into_response()
}

async fn response(State(api): State<Arc<Api>>, body: Bytes) -> StatusCode {
    // As above.
    let _ = api.news.send(News::Answered(Instant::now(), body)).await;
    StatusCode::ACCEPTED
}

async fn failure(State(api): State<Arc<Api>>, body: Bytes) -> StatusCode {
    // As above.
    let _ = api.news.send(News::Failed(body)).await;
    StatusCode::ACCEPTED
}
