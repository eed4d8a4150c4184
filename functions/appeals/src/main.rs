//! `appeals` (申诉): open, read, answer and take back; the page of buyer and supplier; gather the facts,
//! carry out what was approved, tell everybody.
//!
//! Trigger: `/v1/appeals…`, `/appeals/…`; invoked by `scan` and `console` with `{appeal_nos}` for what is
//! due. Each appeal fails alone.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod answer;
mod handler;
mod invocation;
mod page;
mod routes;
mod view;
mod visitor;
mod words;

use std::sync::Arc;

use payonce_lambda::{Error, configuration, telemetry, triggers};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let appeals = Arc::new(configuration::appeals()?);
    let routes = routes::of(Arc::clone(&appeals));
    triggers::run_without_queue(routes, async |due| invocation::advance(&appeals, due).await).await
}
