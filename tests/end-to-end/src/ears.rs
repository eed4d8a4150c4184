//! The merchants' own server: it takes what we tell them, verifies it as they would, and can be slow or
//! refuse.
//!
//! Each test has a path of its own. All are registered for every merchant before anything is asked of the
//! stack, since a function remembers a merchant for a minute.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpListener;

/// How many tests can have a path.
const PATHS: usize = 24;

/// One message as it came.
#[derive(Clone, Debug)]
pub struct Received {
    /// When.
    pub at: Instant,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, byte for byte.
    pub body: Vec<u8>,
    /// Its body as JSON; null if it is none.
    pub json: Value,
    /// What was answered.
    pub status: u16,
}

/// What is answered next, and how slowly.
#[derive(Clone, Copy, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// How long the sender waits for it.
    pub after: Duration,
}

#[derive(Debug, Default)]
struct Kept {
    replies: HashMap<usize, Vec<Reply>>,
    received: HashMap<usize, Vec<Received>>,
}

/// The server.
#[derive(Clone, Debug)]
pub struct Ears {
    base: String,
    next: Arc<AtomicUsize>,
    kept: Arc<Mutex<Kept>>,
}

/// One path of it.
#[derive(Clone, Debug)]
pub struct Ear {
    /// The address to be told at.
    pub url: String,
    path: usize,
    kept: Arc<Mutex<Kept>>,
}

impl Ears {
    /// Opens it on a free port.
    ///
    /// # Errors
    /// If there is none.
    pub async fn open() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .context("a port for the merchants")?;
        let base = format!("http://{}/told", listener.local_addr()?);
        let kept = Arc::<Mutex<Kept>>::default();
        let router = Router::new()
            .route("/told/{path}", post(take))
            .with_state(Arc::clone(&kept));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self {
            base,
            next: Arc::default(),
            kept,
        })
    }

    /// Every address there is.
    #[must_use]
    pub fn addresses(&self) -> Vec<String> {
        (0..PATHS).map(|path| self.address(path)).collect()
    }

    /// Everything that came, at whatever path: headers and body.
    #[must_use]
    pub fn everything(&self) -> Vec<(HeaderMap, Vec<u8>)> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let all = kept.received.values().flatten();
        all.map(|one| (one.headers.clone(), one.body.clone()))
            .collect()
    }

    /// A path that nobody else listens at.
    ///
    /// # Errors
    /// If all are taken.
    pub fn ear(&self) -> anyhow::Result<Ear> {
        let path = self.next.fetch_add(1, Ordering::Relaxed);
        anyhow::ensure!(path < PATHS, "more tests listen than there are paths");
        Ok(Ear {
            url: self.address(path),
            path,
            kept: Arc::clone(&self.kept),
        })
    }

    fn address(&self, path: usize) -> String {
        format!("{}/{path}", self.base)
    }
}

impl Ear {
    /// What is answered to the next messages, one each; afterwards 200 at once.
    pub fn reply(&self, replies: &[Reply]) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = kept.replies.entry(self.path).or_default();
        queue.extend_from_slice(replies);
    }

    /// Everything heard so far, in order.
    #[must_use]
    pub fn heard(&self) -> Vec<Received> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.received.get(&self.path).cloned().unwrap_or_default()
    }
}

impl Reply {
    /// At once.
    #[must_use]
    pub const fn now(status: u16) -> Self {
        let after = Duration::ZERO;
        Self { status, after }
    }
}

impl Received {
    /// What the verifier that merchants are pointed to says, with this secret.
    ///
    /// # Errors
    /// If the message is not signed with it, or the secret is none.
    pub fn verify(&self, secret: &str) -> anyhow::Result<()> {
        let verifier = standardwebhooks::Webhook::new(secret).context("a secret")?;
        verifier
            .verify(&self.body, &self.headers)
            .context("verifying what was told")
    }

    /// A header as text; empty if there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

async fn take(
    State(kept): State<Arc<Mutex<Kept>>>,
    Path(path): Path<usize>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let reply = {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = kept.replies.entry(path).or_default();
        let reply = if queue.is_empty() {
            Reply::now(200)
        } else {
            queue.remove(0)
        };
        let received = Received {
            at: Instant::now(),
            json: serde_json::from_slice(&body).unwrap_or(Value::Null),
            headers,
            body: body.to_vec(),
            status: reply.status,
        };
        kept.received.entry(path).or_default().push(received);
        reply
    };
    tokio::time::sleep(reply.after).await;
    StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
