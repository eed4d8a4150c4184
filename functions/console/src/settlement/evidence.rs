//! `GET /console/findings/{id}`: one discrepancy with both sides, what the channel said since, and who did
//! what about it.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use payonce_app::Failure;
use payonce_app::console::{Console, payment_of};
use payonce_domain::LedgerRow;
use payonce_domain::reconciliation::BillLine;
use payonce_store::{Finding, FindingState};

use super::findings::{Found, found};
use super::place;
use super::words::Words;
use crate::answer::{self, Refused};
use crate::show;
use crate::visit::{Fields, Frame, Visit};

#[derive(Template)]
#[template(path = "finding.html")]
struct Page {
    f: Frame,
    w: &'static Words,
    notice: Option<&'static str>,
    one: Found,
    state: &'static str,
    line: Vec<(&'static str, String)>,
    row: Vec<(&'static str, String)>,
    said: Option<String>,
    payment: Option<String>,
    settled: Option<String>,
    /// What forms carry: which finding, and as it was seen.
    channel: &'static str,
    version: u64,
    may_take: bool,
    may_settle: bool,
}

pub(crate) async fn page(
    State(console): State<Arc<Console>>,
    Path(id): Path<String>,
    Query(query): Query<Fields>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let visit = Visit::begin(&console, &headers, &query).await?;
    let place = place(&query).ok_or_else(|| visit.failed(Failure::NotFound))?;
    let finding = console.finding(&place, &id).await;
    let finding = finding.map_err(|failure| visit.failed(failure))?;
    let notice = query.get("notice");
    let page = shown(&finding, notice.map(String::as_str), &visit);
    Ok(answer::page(StatusCode::OK, &page))
}

fn shown(finding: &Finding, notice: Option<&str>, visit: &Visit) -> Page {
    let w = Words::of(visit.language);
    let f = Frame::of(visit, "findings");
    let is_open = finding.state == FindingState::Open;
    let is_own = finding.owner == visit.session.operator.as_str();
    let (line, row) = (&finding.sides.line, &finding.sides.row);
    let said = finding.said.map(|said| {
        let (at, word) = (show::beijing(said.at), w.said(said.word));
        format!("{at} · {word}")
    });
    let settled = finding.settled.as_ref().map(|settled| {
        let at = show::beijing(settled.at);
        format!("{} · {at} · {}", settled.operator, settled.why)
    });
    let by_itself = (!is_open).then(|| w.by_itself.to_owned());
    Page {
        notice: notice.and_then(|name| w.notice(name)),
        one: found(finding, w, visit),
        state: if is_open { w.open } else { w.resolved },
        line: line.as_ref().map_or_else(Vec::new, |line| of_line(line, w)),
        row: row.as_ref().map_or_else(Vec::new, |row| of_row(row, w)),
        said,
        payment: payment_of(finding).map(|no| no.to_string()),
        settled: settled.or(by_itself),
        channel: finding.discrepancy.channel.name(),
        version: finding.version,
        may_take: f.may_act && is_open && !is_own,
        may_settle: f.may_act && is_open && is_own,
        f,
        w,
    }
}

fn of_line(line: &BillLine, w: &'static Words) -> Vec<(&'static str, String)> {
    let none = || w.none.to_owned();
    vec![
        (w.day, line.day.to_string()),
        (w.position, line.position.to_string()),
        (w.order_no, line.order_no.clone()),
        (w.refund_no, line.refund_no.clone().unwrap_or_else(none)),
        (w.trade_no, line.trade_no.to_string()),
        (w.amount, show::yuan(line.amount)),
        (w.fee, line.fee.map_or_else(none, show::yuan)),
        (w.at, show::beijing(line.at)),
        (w.standing, w.standing(line.standing).to_owned()),
    ]
}

fn of_row(row: &LedgerRow, w: &'static Words) -> Vec<(&'static str, String)> {
    let refund_no = row.refund_no.map(|no| no.to_string());
    vec![
        (w.day, row.day.to_string()),
        (w.order_no, row.order_no.to_string()),
        (w.refund_no, refund_no.unwrap_or_else(|| w.none.to_owned())),
        (w.trade_no, row.trade_no.to_string()),
        (w.amount, show::yuan(row.amount)),
        (w.at, show::beijing(row.at)),
        (w.version, row.version.0.to_string()),
    ]
}
