//! `cashier` (收银台): the page where the buyer pays.
//!
//! Trigger: `GET /cashier/{token}` and what its buttons post.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod answer;
mod asset;
mod attempt;
mod cookie;
mod handler;
mod look;
mod notice;
mod page;
mod paying;
mod qr;
#[cfg(test)]
mod rendered;
mod routes;
mod stage;
mod visit;
mod words;

use std::sync::Arc;

use payonce_lambda::{Error, configuration, http, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let app = Arc::new(configuration::app()?);
    http::serve(routes::of(app)).await
}
