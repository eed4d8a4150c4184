//! Plain HTTP on loopback: one client for the front door, the emulator's health and the simulator's keys.

use std::time::Duration;

use anyhow::Context;
use axum::body::Body;
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// A client that sends bodies whole or streamed and knows no TLS, since nothing here leaves the machine.
pub(crate) type PlainClient = Client<HttpConnector, Body>;

pub(crate) fn client() -> PlainClient {
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(Duration::from_secs(3)));
    Client::builder(TokioExecutor::new()).build(connector)
}

/// Fetches a small JSON document.
pub(crate) async fn get_json(client: &PlainClient, url: &str) -> anyhow::Result<serde_json::Value> {
    let uri = url.parse().with_context(|| format!("reading {url}"))?;
    let answer = tokio::time::timeout(Duration::from_secs(10), async {
        let response = client.get(uri).await.context("asking")?;
        let status = response.status();
        let body = response.into_body().collect().await.context("reading")?;
        anyhow::ensure!(status.is_success(), "the answer was {status}");
        anyhow::Ok(body.to_bytes())
    });
    let bytes = answer
        .await
        .with_context(|| format!("{url} did not answer in time"))?
        .with_context(|| format!("GET {url}"))?;
    serde_json::from_slice(&bytes)
        .with_context(|| format!("GET {url} answered something else than JSON"))
}
