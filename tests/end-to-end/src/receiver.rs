//! A merchant's server on this machine: it writes down what it is told and answers as the message itself asks.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpListener;

/// Something the receiver was told.
#[derive(Clone, Debug)]
pub struct Told {
    /// When, in milliseconds since the epoch.
    pub at: u128,
    /// With which headers.
    pub headers: HeaderMap,
    /// To the byte.
    pub body: Vec<u8>,
}

impl Told {
    /// A header; empty if there was none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.and_then(|value| value.to_str().ok()).unwrap_or("")
    }
}

type Book = Arc<Mutex<Vec<Told>>>;

/// The server. It ends with the runtime it was started in.
#[derive(Clone, Debug)]
pub struct Receiver {
    url: String,
    book: Book,
}

impl Receiver {
    /// Starts on a free port.
    ///
    /// # Errors
    /// If there is none.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.context("listening for what merchants are told")?;
        let url = format!("http://{}/told", listener.local_addr()?);
        let book = Book::default();
        let routes = Router::new()
            .route("/told", post(take))
            .with_state(Arc::clone(&book));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(Self { url, book })
    }

    /// The address to be told at.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Everything that came: headers and body.
    #[must_use]
    pub fn everything(&self) -> Vec<(HeaderMap, Vec<u8>)> {
        let book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let all = book.iter();
        all.map(|told| (told.headers.clone(), told.body.clone()))
            .collect()
    }

    /// What came under this `webhook-id`, in order.
    #[must_use]
    pub fn told(&self, id: &str) -> Vec<Told> {
        let book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let of_it = book.iter().filter(|told| told.header("webhook-id") == id);
        of_it.cloned().collect()
    }
}

/// A message may hold a list `answers` of statuses, one for each time it comes, the last for all times after. A message
/// without one is taken.
async fn take(State(book): State<Book>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let told = Told {
        at: milliseconds(),
        headers,
        body: body.to_vec(),
    };
    let message: Value = serde_json::from_slice(&body).unwrap_or_default();
    let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
    let id = told.header("webhook-id").to_owned();
    let before = book.iter().filter(|told| told.header("webhook-id") == id);
    let turn = before.count();
    book.push(told);
    let answers = message["answers"].as_array();
    let answer = answers.and_then(|all| all.get(turn).or(all.last()));
    let status = answer.and_then(Value::as_u64);
    let status = status.and_then(|status| u16::try_from(status).ok());
    status
        .and_then(|status| StatusCode::from_u16(status).ok())
        .unwrap_or(StatusCode::NO_CONTENT)
}

/// The time of this machine, which is also the functions'.
#[must_use]
pub fn milliseconds() -> u128 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_millis()
}
