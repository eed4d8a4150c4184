//! Runtime glue of the functions: configuration, telemetry, HTTP, and batches in which each message
//! fails alone. No decision is made here.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

pub mod bucket;
pub mod clock;
pub mod configuration;
pub mod export;
pub mod http;
pub mod queue;
pub mod telemetry;
pub mod telling;
pub mod triggers;

pub use lambda_runtime::{Error, LambdaEvent, run, service_fn};
