//! The routes of `delay`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use payonce_app::delay::Delay;
use payonce_domain::{DelayedMessage, MerchantMessageId};
use payonce_lambda::clock;
use payonce_lambda::http::problem::Problem;
use payonce_lambda::http::{caller, delayed_messages, json, requests};

use crate::view;

type Parameters = Query<BTreeMap<String, String>>;

/// `POST /v1/delayed-messages`.
pub(crate) async fn schedule(
    State(delay): State<Arc<Delay>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let now = clock::now();
    let merchant = caller::merchant(&delay.accounts, &headers).await?;
    let request = delayed_messages::schedule(&body, &merchant.id)?;
    let scheduled = delay.schedule(&merchant, request, now).await?;
    let status = if scheduled.made {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok(json(status, &view::message(&scheduled.message)))
}

/// `GET /v1/delayed-messages`.
pub(crate) async fn list(
    State(delay): State<Arc<Delay>>,
    Query(parameters): Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let merchant = caller::merchant(&delay.accounts, &headers).await?;
    let asked = delayed_messages::list(&parameters)?;
    let page = delay.list(&merchant, asked.state, asked.after.as_ref(), asked.limit);
    Ok(json(StatusCode::OK, &view::page(&page.await?)))
}

/// `GET /v1/delayed-messages/{id}`.
pub(crate) async fn read(
    State(delay): State<Arc<Delay>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let merchant = caller::merchant(&delay.accounts, &headers).await?;
    let found = delay.find(&merchant, &named(id)?).await?;
    Ok(shown(&found))
}

/// `DELETE /v1/delayed-messages/{id}`.
pub(crate) async fn cancel(
    State(delay): State<Arc<Delay>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let merchant = caller::merchant(&delay.accounts, &headers).await?;
    let cancelled = delay.cancel(&merchant, &named(id)?, clock::now()).await?;
    Ok(shown(&cancelled))
}

/// `POST /v1/delayed-messages/{id}/resend`. The body, if there is one, is an empty object.
pub(crate) async fn resend(
    State(delay): State<Arc<Delay>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let merchant = caller::merchant(&delay.accounts, &headers).await?;
    requests::nothing(&body)?;
    let resent = delay.resend(&merchant, &named(id)?, clock::now()).await?;
    Ok(shown(&resent))
}

/// A name from the path. What cannot be one names nothing.
fn named(text: String) -> Result<MerchantMessageId, Problem> {
    MerchantMessageId::new(text).map_err(|_| Problem::not_found())
}

fn shown(message: &DelayedMessage) -> Response {
    json(StatusCode::OK, &view::message(message))
}
