//! The two routes of `pay`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use payonce_app::{App, Initiated, Outcome};
use payonce_domain::{PaymentNo, Timestamp};
use payonce_lambda::clock;
use payonce_lambda::http::problem::Problem;
use payonce_lambda::http::{caller, json, requests, view};

/// `POST /v1/payments`.
pub(crate) async fn initiate(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let now = clock::now();
    let merchant = caller::merchant(&app.accounts, &headers).await?;
    let request = requests::initiate(&body, now)?;
    let initiated = app.initiate(&merchant, request, now).await?;
    answer(&app, initiated, now).await
}

/// `POST /v1/payments/{payment_no}/channel-orders`.
pub(crate) async fn initiate_again(
    State(app): State<Arc<App>>,
    Path(payment_no): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let now = clock::now();
    let merchant = caller::merchant(&app.accounts, &headers).await?;
    let request = requests::channel_order(&body)?;
    let payment_no = PaymentNo::parse(&payment_no).ok_or_else(Problem::not_found)?;
    let again = app.initiate_again(&merchant, payment_no, request.way, request.switch, now);
    answer(&app, again.await?, now).await
}

async fn answer(app: &App, initiated: Initiated, now: Timestamp) -> Result<Response, Problem> {
    let status = match initiated.outcome {
        Outcome::Made => StatusCode::CREATED,
        Outcome::Stood => StatusCode::OK,
        Outcome::Awaited => StatusCode::ACCEPTED,
    };
    Ok(json(
        status,
        &view::payment(app, &initiated.payment, now).await?,
    ))
}
