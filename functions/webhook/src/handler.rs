//! The route of `webhook`: raw bytes in, the channel's own acknowledgement out.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use payonce_app::App;
use payonce_channels::UnverifiedNotification;
use payonce_domain::{AccountId, Channel};
use payonce_lambda::clock;
use payonce_lambda::http::problem::Problem;
use payonce_lambda::http::strict_json::BODY_MAX_BYTES;

/// `POST /v1/webhooks/{channel}/{account}`.
pub(crate) async fn receive(
    State(app): State<Arc<App>>,
    Path((channel, account)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let channel = Channel::from_name(&channel).ok_or_else(Problem::not_found)?;
    let account = AccountId::new(account).map_err(|_| Problem::not_found())?;
    if body.len() > BODY_MAX_BYTES {
        return Err(Problem::too_large(BODY_MAX_BYTES));
    }
    let headers: Vec<_> = headers
        .iter()
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
        .collect();
    let now = clock::now();
    let notification = UnverifiedNotification {
        headers: &headers,
        body: &body,
        received_at: now,
    };
    let said = app.receive(channel, &account, notification, now).await?;
    let said = said.ok_or_else(Problem::not_found)?;
    let status = StatusCode::from_u16(said.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = [(header::CONTENT_TYPE, said.content_type)];
    Ok((status, kind, said.body).into_response())
}
