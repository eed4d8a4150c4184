//! The routes of `payments` that read, close and refund.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use payonce_app::App;
use payonce_domain::PaymentNo;
use payonce_lambda::clock;
use payonce_lambda::http::problem::{FieldProblem, Problem};
use payonce_lambda::http::{caller, json, requests, view};

type Parameters = Query<BTreeMap<String, String>>;

/// `GET /v1/payments?merchant_order_no=`.
pub(crate) async fn find(
    State(app): State<Arc<App>>,
    Query(parameters): Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let now = clock::now();
    let merchant = caller::merchant(&app.accounts, &headers).await?;
    let given = parameters.get("merchant_order_no").cloned().map(Into::into);
    let order_no = given.map_or_else(|| Err("is required".to_owned()), requests::order_no);
    let order_no = order_no.map_err(|detail| parameter("/merchant_order_no", detail))?;
    let found = app.find_by_order(&merchant, &order_no).await?;
    Ok(json(
        StatusCode::OK,
        &view::payment(&app, found.payment(), now).await?,
    ))
}

/// `GET /v1/payments/{payment_no}`; `?refresh=true` asks the channels first.
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    Path(payment_no): Path<String>,
    Query(parameters): Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let now = clock::now();
    let merchant = caller::merchant(&app.accounts, &headers).await?;
    let refresh = match parameters.get("refresh").map(String::as_str) {
        Some("true") => true,
        Some("false") | None => false,
        Some(_) => return Err(parameter("/refresh", "must be true or false".to_owned())),
    };
    let payment_no = number(&payment_no)?;
    let found = if refresh {
        app.refresh(&merchant, payment_no, now).await?
    } else {
        app.find(&merchant, payment_no).await?
    };
    Ok(json(
        StatusCode::OK,
        &view::payment(&app, found.payment(), now).await?,
    ))
}

/// `POST /v1/payments/{payment_no}/close`. The body, if there is one, is an empty object.
pub(crate) async fn close(
    State(app): State<Arc<App>>,
    Path(payment_no): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let now = clock::now();
    let merchant = caller::merchant(&app.accounts, &headers).await?;
    requests::nothing(&body)?;
    let closed = app.close(&merchant, number(&payment_no)?, now).await?;
    let status = if closed.proven {
        StatusCode::OK
    } else {
        StatusCode::ACCEPTED
    };
    Ok(json(
        status,
        &view::payment(&app, &closed.payment, now).await?,
    ))
}

/// `POST /v1/payments/{payment_no}/refunds`.
pub(crate) async fn refund(
    State(app): State<Arc<App>>,
    Path(payment_no): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let now = clock::now();
    let merchant = caller::merchant(&app.accounts, &headers).await?;
    let request = requests::refund(&body)?;
    let (refund_no, amount, reason) = (request.refund_no, request.amount, request.reason);
    let payment_no = number(&payment_no)?;
    let given = app
        .give_back(&merchant, payment_no, refund_no, amount, reason, now)
        .await?;
    let status = if given.made {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok(json(
        status,
        &view::payment(&app, &given.payment, now).await?,
    ))
}

/// A payment number from the path. One that is not ours is not there.
pub(crate) fn number(text: &str) -> Result<PaymentNo, Problem> {
    PaymentNo::parse(text).ok_or_else(Problem::not_found)
}

fn parameter(pointer: &str, detail: String) -> Problem {
    Problem::invalid(vec![FieldProblem {
        pointer: pointer.to_owned(),
        detail,
    }])
}
