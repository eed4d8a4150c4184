//! `payments`: read a payment, close it, give money back, have the merchant told again.
//!
//! Trigger: `GET /v1/payments…`, `POST /v1/payments/{payment_no}/close`, `…/refunds` and `…/notifications`.

mod handler;
mod notifications;
mod timeline;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use payonce_lambda::{Error, configuration, http, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let app = Arc::new(configuration::app()?);
    let routes = Router::new()
        .route("/v1/payments", get(handler::find))
        .route("/v1/payments/{payment_no}", get(handler::read))
        .route("/v1/payments/{payment_no}/close", post(handler::close))
        .route("/v1/payments/{payment_no}/refunds", post(handler::refund))
        .route(
            "/v1/payments/{payment_no}/timeline",
            get(timeline::timeline),
        )
        .route(
            "/v1/payments/{payment_no}/notifications",
            get(notifications::list).post(notifications::resend),
        )
        .with_state(app);
    http::serve(routes).await
}
