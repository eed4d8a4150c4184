//! `delay` (延迟消息): the general delayed-message service: schedule, read, call off, and deliver.
//!
//! Trigger: `/v1/delayed-messages…`; SQS `delayed-messages`, delayed, one message naming one of ours;
//! invoked by `scan` with `{message_nos}` for what is overdue. Each message fails alone.

mod handler;
mod invocation;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use payonce_lambda::{Error, configuration, queue, telemetry, triggers};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let delay = Arc::new(configuration::delay()?);
    let routes = Router::new()
        .route(
            "/v1/delayed-messages",
            post(handler::schedule).get(handler::list),
        )
        .route(
            "/v1/delayed-messages/{id}",
            get(handler::read).delete(handler::cancel),
        )
        .route("/v1/delayed-messages/{id}/resend", post(handler::resend))
        .with_state(Arc::clone(&delay));
    triggers::run(
        routes,
        async |event| queue::each_message(&delay, event).await,
        async |overdue| invocation::deliver(&delay, overdue).await,
    )
    .await
}
