//! `GET /console/settlement/day`: one day of one account, as it would be signed off.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use payonce_app::console::Console;
use payonce_app::{Failure, SettlementDay};
use payonce_domain::Money;
use payonce_domain::reconciliation::{Report, Tally};

use super::days::{Row, row};
use super::findings::{Found, found};
use super::words::Words;
use super::{named, place};
use crate::answer::{self, Refused};
use crate::chart::{self, Bar, Chart};
use crate::show;
use crate::visit::{Fields, Frame, Visit};

/// A line of the report: what is counted, how many, and what they come to.
struct Line {
    name: &'static str,
    count: u64,
    sum: String,
    href: Option<String>,
}

#[derive(Template)]
#[template(path = "settlement_day.html")]
struct Page {
    f: Frame,
    w: &'static Words,
    row: Row,
    /// How the run stands, when, and how often it was begun.
    run: String,
    run_key: &'static str,
    lines: Vec<Line>,
    net: String,
    chart: Option<Chart>,
    findings: Vec<Found>,
    json: String,
}

/// The day that an address names.
pub(super) async fn named_day(
    console: &Console,
    visit: &Visit,
    query: &Fields,
) -> Result<SettlementDay, Refused> {
    let missing = || visit.failed(Failure::NotFound);
    let place = place(query).ok_or_else(missing)?;
    let day = console.app.settlement_day(&place).await;
    day.map_err(|failure| visit.failed(failure))?
        .ok_or_else(missing)
}

pub(crate) async fn page(
    State(console): State<Arc<Console>>,
    Query(query): Query<Fields>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let visit = Visit::begin(&console, &headers, &query).await?;
    let day = named_day(&console, &visit, &query).await?;
    let w = Words::of(visit.language);
    let compared = day.run.as_ref().filter(|run| run.state.is_closed());
    let report = compared.map(|run| &run.report);
    let run = day.run.as_ref().map_or_else(
        || w.no_run.to_owned(),
        |run| {
            let at = show::beijing(run.at);
            let state = w.run_state(run.state);
            format!("{state} · {at} · {} {}", w.attempts, run.attempts)
        },
    );
    let page = Page {
        row: row(&day, w, &visit),
        run,
        run_key: day.run.as_ref().map_or("none", |run| run.state.name()),
        lines: report.map_or_else(Vec::new, |report| lines(&day, report, w)),
        net: report.map_or(String::new(), net),
        chart: report.map(|report| picture(&day, report, w)),
        findings: day
            .findings
            .iter()
            .map(|finding| found(finding, w, &visit))
            .collect(),
        json: named("/console/settlement/day/json", &day.place),
        f: Frame::of(&visit, "settlement"),
        w,
    };
    Ok(answer::page(StatusCode::OK, &page))
}

fn lines(day: &SettlementDay, report: &Report, w: &'static Words) -> Vec<Line> {
    let tallied = |name, tally: Tally| Line {
        name,
        count: tally.count,
        sum: show::yuan(tally.amount),
        href: None,
    };
    let mut lines = vec![
        tallied(w.bill_payments, report.bill_payments),
        tallied(w.bill_refunds, report.bill_refunds),
        tallied(w.fees_taken, report.fees_taken),
        tallied(w.fees_returned, report.fees_returned),
        tallied(w.ledger_payments, report.ledger_payments),
        tallied(w.ledger_refunds, report.ledger_refunds),
        tallied(w.matched, report.matched),
        tallied(w.confirmed, report.confirmed),
        tallied(w.carried_lines, report.carried_lines),
        tallied(w.carried_rows, report.carried_rows),
    ];
    lines.extend(report.found.iter().map(|(class, count)| Line {
        name: w.class(*class),
        count: *count,
        sum: String::new(),
        href: None,
    }));
    lines.push(Line {
        name: w.open,
        count: day.open(),
        sum: String::new(),
        href: Some(named("/console/findings", &day.place)),
    });
    lines
}

/// Payments less refunds less the fees that were kept; with a minus where more went back than came.
fn net(report: &Report) -> String {
    let came = report.bill_payments.amount.minor() + report.fees_returned.amount.minor();
    let went = report.bill_refunds.amount.minor() + report.fees_taken.amount.minor();
    let sum = show::yuan(Money::from_fen(came.abs_diff(went)));
    if went > came { format!("-{sum}") } else { sum }
}

fn picture(day: &SettlementDay, report: &Report, w: &'static Words) -> Chart {
    let carried = report.carried_lines.count + report.carried_rows.count;
    let parts = [
        report.matched.count,
        report.confirmed.count,
        carried,
        day.open(),
    ];
    let bars = parts.map(|count| Bar {
        label: count.to_string(),
        value: Some(count),
    });
    let said = parts.map(|count| count.to_string()).join(" · ");
    chart::draw(w.chart_day, said, &bars, None)
}
