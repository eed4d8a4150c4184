//! `webhook` (异步通知): take what channels say, store it, and answer in their own words.
//!
//! Trigger: `POST /v1/webhooks/{channel}/{account}`. No channel or merchant is called on this path.

mod handler;

use std::sync::Arc;

use axum::Router;
use axum::routing::post;
use payonce_lambda::{Error, configuration, http, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let app = Arc::new(configuration::app()?);
    let routes = Router::new()
        .route("/v1/webhooks/{channel}/{account}", post(handler::receive))
        .with_state(app);
    http::serve(routes).await
}
