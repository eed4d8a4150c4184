//! `POST /console/payments/{no}/evidence`: the whole evidence as one file.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use payonce_app::console::{Console, Role};

use crate::action;
use crate::answer::{self, Refused};
use crate::visit::Visit;

pub(crate) async fn evidence(
    State(console): State<Arc<Console>>,
    Path(no): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    let (visit, fields) = Visit::posting(&console, &headers, &body, Role::Operator).await?;
    let no = action::number(&visit, &no)?;
    let file = console.export(no, visit.doing(&fields)?).await;
    let file = file.map_err(|failure| visit.failed(failure))?;
    let name = format!("{no}.evidence.json");
    Ok(answer::file(&name, "application/json", file))
}
