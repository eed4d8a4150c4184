//! `console` (运营台): what operators see of payments, and have done about them.
//!
//! Trigger: `GET /console…` and what its forms post.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod action;
mod answer;
mod appeals;
mod asset;
mod buyer;
mod chart;
mod cookie;
mod csv;
mod export;
mod list;
mod look;
mod now;
mod office;
mod payment;
mod refusal;
mod routes;
mod settlement;
mod show;
mod sign_in;
mod story;
mod visit;
mod words;

use payonce_lambda::{Error, configuration, http, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let console = std::sync::Arc::new(configuration::console()?);
    http::serve(routes::of(console)).await
}
