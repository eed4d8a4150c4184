//! `POST /console/findings/{id}/take` and `/settle`: an operator takes a discrepancy, and settles it.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use payonce_app::Failure;
use payonce_app::console::{Console, Role, Seen};
use payonce_store::LedgerPlace;

use super::{named, place};
use crate::answer::{self, Refused};
use crate::visit::{Fields, Visit};

pub(crate) async fn take(
    State(console): State<Arc<Console>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    let (visit, fields) = Visit::posting(&console, &headers, &body, Role::Operator).await?;
    let (place, seen) = which(&visit, &fields)?;
    let doing = visit.doing(&fields)?;
    let taken = console.take_finding(&place, &id, seen, doing).await;
    done(&visit, &place, &id, taken)
}

pub(crate) async fn settle(
    State(console): State<Arc<Console>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    let (visit, fields) = Visit::posting(&console, &headers, &body, Role::Operator).await?;
    let (place, seen) = which(&visit, &fields)?;
    let doing = visit.doing(&fields)?;
    let settled = console.settle_finding(&place, &id, seen, doing).await;
    done(&visit, &place, &id, settled)
}

/// The finding that was before the operator's eyes, as it was then.
fn which(visit: &Visit, fields: &Fields) -> Result<(LedgerPlace, u64), Refused> {
    let place = place(fields).ok_or_else(|| visit.failed(Failure::NotFound))?;
    let seen = fields.get("seen").and_then(|text| text.parse().ok());
    Ok((place, seen.ok_or_else(|| visit.field("seen"))?))
}

fn done(
    visit: &Visit,
    place: &LedgerPlace,
    id: &str,
    seen: Result<Seen, Failure>,
) -> Result<Response, Refused> {
    let notice = match seen.map_err(|failure| visit.failed(failure))? {
        Seen::Taken => "taken",
        Seen::Settled => "settled",
        Seen::NotYours => "not-yours",
        Seen::Moved => "moved",
    };
    let to = named(&format!("/console/findings/{id}"), place);
    Ok(answer::go(&format!("{to}&notice={notice}")))
}
