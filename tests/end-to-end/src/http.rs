//! Plain HTTP with generous limits: every function is a process of its own here, and starts slowly on a busy machine.

use std::time::Duration;

use anyhow::Context;
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;

/// As long as the front door itself waits, and then some.
const PATIENCE: Duration = Duration::from_secs(45);

/// An answer, whole.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, byte for byte.
    pub bytes: Vec<u8>,
    /// The body as JSON; null if it is none.
    pub json: Value,
}

impl Answer {
    /// A header as text; empty if there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// What a failed expectation shows.
    #[must_use]
    pub fn shown(&self) -> String {
        let body = String::from_utf8_lossy(&self.bytes);
        let body: String = body.chars().take(1_500).collect();
        format!("{} {body}", self.status)
    }
}

/// A client for loopback. Redirects are not followed: where a page sends the buyer is somebody else's server.
#[derive(Clone, Debug)]
pub struct Http(reqwest::Client);

impl Http {
    /// A client of its own.
    ///
    /// # Errors
    /// If the machine has no certificate roots; they are not used, yet asked for.
    pub fn new() -> anyhow::Result<Self> {
        // Err only says that this process already chose a provider, which then is used.
        let _already_chosen = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .build()
            .context("building the client")?;
        Ok(Self(client))
    }

    /// A request to be filled in and given to [`Http::send`].
    pub fn request(&self, method: Method, url: &str) -> RequestBuilder {
        self.0.request(method, url)
    }

    /// Sends it once.
    ///
    /// # Errors
    /// If no whole answer came.
    pub async fn send(&self, request: RequestBuilder) -> anyhow::Result<Answer> {
        let response = request.send().await.context("sending a request")?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let bytes = response
            .bytes()
            .await
            .context("reading an answer")?
            .to_vec();
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Ok(Answer {
            status,
            headers,
            bytes,
            json,
        })
    }

    /// Gets a JSON document that must be there.
    ///
    /// # Errors
    /// If it is not.
    pub async fn get_json(&self, url: &str) -> anyhow::Result<Value> {
        let answer = self.send(self.request(Method::GET, url)).await?;
        anyhow::ensure!(
            answer.status == StatusCode::OK.as_u16(),
            "GET {url}: {}",
            answer.shown()
        );
        Ok(answer.json)
    }
}
