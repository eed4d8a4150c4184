//! The merchant's routes.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use payonce_app::appeals::{AppealFailure, Appeals};
use payonce_domain::AppealNo;
use payonce_domain::appeal::Party;
use payonce_lambda::clock;
use payonce_lambda::http::problem::Problem;
use payonce_lambda::http::{appeals as bodies, caller, json, requests};
use payonce_store::StoredAppeal;

use crate::view;

type Parameters = Query<BTreeMap<String, String>>;

/// `POST /v1/appeals`.
pub(crate) async fn open(
    State(appeals): State<Arc<Appeals>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let merchant = caller::merchant(&appeals.app.accounts, &headers).await?;
    let request = bodies::open(&body, &merchant.id)?;
    let opened = appeals.app.open_appeal(&merchant, request, clock::now());
    let opened = opened.await?;
    let status = if opened.made {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let stored = advanced(&appeals, opened.stored).await;
    Ok(json(
        status,
        &view::appeal(&appeals.app, stored.appeal()).await,
    ))
}

/// The appeal after what is due on it was done now, or as it is: then the next sweep does it.
pub(crate) async fn advanced(appeals: &Appeals, stored: StoredAppeal) -> StoredAppeal {
    let no = stored.appeal().no();
    match appeals.advance(no, clock::now()).await {
        Ok(advanced) => advanced,
        Err(failure) => {
            let error = format!("{:#}", payonce_lambda::Error::from(failure));
            tracing::warn!(appeal.no = %no, error, "appeal {no} is left to the next sweep");
            stored
        }
    }
}

/// `GET /v1/appeals`.
pub(crate) async fn list(
    State(appeals): State<Arc<Appeals>>,
    Query(parameters): Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let merchant = caller::merchant(&appeals.app.accounts, &headers).await?;
    let asked = bodies::list(&parameters)?;
    let page = appeals
        .app
        .appeals_of(&merchant, asked.after.as_ref(), asked.limit);
    let page = page.await?;
    Ok(json(StatusCode::OK, &view::page(&appeals.app, &page).await))
}

/// `GET /v1/appeals/{appeal_no}`.
pub(crate) async fn read(
    State(appeals): State<Arc<Appeals>>,
    Path(appeal_no): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let merchant = caller::merchant(&appeals.app.accounts, &headers).await?;
    let found = appeals.app.appeal_of(&merchant, named(&appeal_no)?).await;
    shown(&appeals, found).await
}

/// `POST /v1/appeals/{appeal_no}/statements`.
pub(crate) async fn state(
    State(appeals): State<Arc<Appeals>>,
    Path(appeal_no): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let merchant = caller::merchant(&appeals.app.accounts, &headers).await?;
    let answer = bodies::statement(&body)?;
    let seen = appeals.app.appeal_of(&merchant, named(&appeal_no)?).await?;
    let said = appeals.app.answer_appeal(seen, answer, clock::now());
    let stored = advanced(&appeals, said.await?).await;
    shown(&appeals, Ok(stored)).await
}

/// `POST /v1/appeals/{appeal_no}/withdraw`. The body, if there is one, is an empty object.
pub(crate) async fn withdraw(
    State(appeals): State<Arc<Appeals>>,
    Path(appeal_no): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let merchant = caller::merchant(&appeals.app.accounts, &headers).await?;
    requests::nothing(&body)?;
    let seen = appeals.app.appeal_of(&merchant, named(&appeal_no)?).await?;
    let taken = appeals
        .app
        .withdraw_appeal(seen, Party::Merchant, clock::now());
    let stored = advanced(&appeals, taken.await?).await;
    shown(&appeals, Ok(stored)).await
}

/// A number from the path. What cannot be one names nothing.
fn named(text: &str) -> Result<AppealNo, Problem> {
    AppealNo::parse(text).ok_or_else(Problem::not_found)
}

async fn shown(
    appeals: &Appeals,
    found: Result<StoredAppeal, AppealFailure>,
) -> Result<Response, Problem> {
    let stored = found?;
    let shown = view::appeal(&appeals.app, stored.appeal()).await;
    Ok(json(StatusCode::OK, &shown))
}
