//! `pay` (发起支付): initiate a payment, or initiate it again.
//!
//! Trigger: `POST /v1/payments` and `POST /v1/payments/{payment_no}/channel-orders`.

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
        .route("/v1/payments", post(handler::initiate))
        .route(
            "/v1/payments/{payment_no}/channel-orders",
            post(handler::initiate_again),
        )
        .with_state(app);
    http::serve(routes).await
}
