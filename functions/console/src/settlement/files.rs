//! The same as files: JSON for programs, CSV for spreadsheets. Their words do not depend on the language.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use payonce_app::SettlementDay;
use payonce_app::console::{Console, payment_of};
use payonce_domain::reconciliation::Report;
use payonce_lambda::clock::rfc3339;
use payonce_store::{Finding, report_json};
use serde_json::{Value, json};

use super::day::named_day;
use super::{days, findings};
use crate::answer::{self, Refused};
use crate::csv;
use crate::visit::{Fields, Visit};

const CSV: &str = "text/csv; charset=utf-8";

/// `GET /console/settlement/json`.
pub(crate) async fn days_json(
    State(console): State<Arc<Console>>,
    Query(query): Query<Fields>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let visit = Visit::begin(&console, &headers, &query).await?;
    let (wanted, days) = days::found(&console, &visit, &query).await?;
    let fitting = days.iter().filter(|day| wanted.takes(*day));
    let text = json!({ "days": fitting.map(day_view).collect::<Vec<_>>() });
    Ok(as_json("payonce-settlement.json", &text))
}

/// `GET /console/settlement/day/json`.
pub(crate) async fn day_json(
    State(console): State<Arc<Console>>,
    Query(query): Query<Fields>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let visit = Visit::begin(&console, &headers, &query).await?;
    let day = named_day(&console, &visit, &query).await?;
    let name = format!("payonce-settlement-{}.json", day.place.day);
    Ok(as_json(&name, &day_view(&day)))
}

/// `GET /console/settlement/csv`.
pub(crate) async fn days_csv(
    State(console): State<Arc<Console>>,
    Query(query): Query<Fields>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let visit = Visit::begin(&console, &headers, &query).await?;
    let (wanted, days) = days::found(&console, &visit, &query).await?;
    let rows = days.iter().filter(|day| wanted.takes(*day)).map(day_row);
    let text = csv::file(&DAY_HEAD, &rows.collect::<Vec<_>>());
    Ok(answer::file("payonce-settlement.csv", CSV, text))
}

/// `GET /console/findings/csv`.
pub(crate) async fn findings_csv(
    State(console): State<Arc<Console>>,
    Query(query): Query<Fields>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let visit = Visit::begin(&console, &headers, &query).await?;
    let (wanted, open) = findings::open(&console, &visit, &query).await?;
    let rows = open.iter().filter(|aged| wanted.takes(*aged));
    let rows: Vec<_> = rows.map(|aged| finding_row(&aged.finding)).collect();
    let text = csv::file(&FINDING_HEAD, &rows);
    Ok(answer::file("payonce-findings.csv", CSV, text))
}

fn as_json(name: &str, value: &Value) -> Response {
    answer::file(name, "application/json", value.to_string())
}

fn day_view(day: &SettlementDay) -> Value {
    json!({
        "channel": day.place.channel.name(),
        "account": day.place.account.as_str(),
        "merchant_id": day.owner.as_str(),
        "day": day.place.day.to_string(),
        "state": day.state.name(),
        "open": day.open(),
        "run": day.run.as_ref().map(|run| json!({
            "state": run.state.name(),
            "attempts": run.attempts,
            "at": rfc3339(run.at),
            "report": run.state.is_closed().then(|| report_json(&run.report)),
        })),
        "findings": day.findings.iter().map(finding_view).collect::<Vec<_>>(),
    })
}

fn finding_view(finding: &Finding) -> Value {
    let found = &finding.discrepancy;
    json!({
        "id": finding.id,
        "class": found.class.name(),
        "state": finding.state.name(),
        "order_no": found.subject.order_no,
        "refund_no": found.subject.refund_no,
        "trade_no": found.subject.trade_no,
        "position": found.subject.position,
        "payment_no": payment_of(finding).map(|no| no.to_string()),
        "theirs": found.theirs.map(|money| money.minor()),
        "ours": found.ours.map(|money| money.minor()),
        "proposal": found.proposal.name(),
        "channel_said": finding.said.map(|said| said.word.name()),
        "owner": finding.owner,
        "found_at": rfc3339(finding.found_at),
        "settled": finding.settled.as_ref().map(|settled| json!({
            "by": settled.operator.as_str(),
            "at": rfc3339(settled.at),
            "why": settled.why,
        })),
    })
}

const DAY_HEAD: [&str; 21] = [
    "day",
    "channel",
    "account",
    "merchant_id",
    "state",
    "run",
    "bill_payments",
    "bill_payments_fen",
    "bill_refunds",
    "bill_refunds_fen",
    "fees_taken_fen",
    "fees_returned_fen",
    "ledger_payments",
    "ledger_payments_fen",
    "ledger_refunds",
    "ledger_refunds_fen",
    "matched",
    "confirmed",
    "carried",
    "found",
    "open",
];

fn day_row(day: &SettlementDay) -> Vec<String> {
    let place = &day.place;
    let compared = day.run.as_ref().filter(|run| run.state.is_closed());
    let nothing = Report::default();
    let report = compared.map_or(&nothing, |run| &run.report);
    let known = |number: u64| compared.map_or(String::new(), |_| number.to_string());
    vec![
        place.day.to_string(),
        place.channel.name().to_owned(),
        place.account.to_string(),
        day.owner.to_string(),
        day.state.name().to_owned(),
        day.run
            .as_ref()
            .map_or("none", |run| run.state.name())
            .to_owned(),
        known(report.bill_payments.count),
        known(report.bill_payments.amount.minor()),
        known(report.bill_refunds.count),
        known(report.bill_refunds.amount.minor()),
        known(report.fees_taken.amount.minor()),
        known(report.fees_returned.amount.minor()),
        known(report.ledger_payments.count),
        known(report.ledger_payments.amount.minor()),
        known(report.ledger_refunds.count),
        known(report.ledger_refunds.amount.minor()),
        known(report.matched.count),
        known(report.confirmed.count),
        known(report.carried_lines.count + report.carried_rows.count),
        known(report.found.values().sum()),
        known(day.open()),
    ]
}

const FINDING_HEAD: [&str; 14] = [
    "found_at",
    "day",
    "channel",
    "account",
    "class",
    "order_no",
    "refund_no",
    "trade_no",
    "line",
    "theirs_fen",
    "ours_fen",
    "proposal",
    "owner",
    "id",
];

fn finding_row(finding: &Finding) -> Vec<String> {
    let found = &finding.discrepancy;
    let subject = &found.subject;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let fen = |money: Option<payonce_domain::Money>| {
        money.map_or(String::new(), |money| money.minor().to_string())
    };
    vec![
        rfc3339(finding.found_at),
        found.day.to_string(),
        found.channel.name().to_owned(),
        found.account.to_string(),
        found.class.name().to_owned(),
        text(&subject.order_no),
        text(&subject.refund_no),
        text(&subject.trade_no),
        subject
            .position
            .map_or(String::new(), |line| line.to_string()),
        fen(found.theirs),
        fen(found.ours),
        found.proposal.name().to_owned(),
        finding.owner.clone(),
        finding.id.clone(),
    ]
}

#[cfg(test)]
mod tests {
    use payonce_domain::reconciliation::{Discrepancy, DiscrepancyClass, Proposal, Subject};
    use payonce_domain::{AccountId, BillDay, Channel, Money, Timestamp};
    use payonce_store::{FindingState, NOBODY, Sides};

    use super::*;

    /// F87: what a stranger wrote into a bill is text in every spreadsheet, and read in its own alphabet.
    #[test]
    fn f87_a_foreign_number_is_no_formula_and_the_file_says_its_alphabet() {
        let discrepancy = Discrepancy {
            channel: Channel::Alipay,
            account: AccountId::new("shop").unwrap(),
            day: BillDay::parse("2026-11-26").unwrap(),
            class: DiscrepancyClass::Foreign,
            subject: Subject {
                order_no: Some("=HYPERLINK(\"http://evil.test\",\"订单\")".to_owned()),
                trade_no: Some("@SUM(A1)".to_owned()),
                ..Subject::default()
            },
            theirs: Some(Money::from_fen(1_234)),
            ours: None,
            proposal: Proposal::AskMerchant,
        };
        let finding = Finding {
            id: discrepancy.id(),
            discrepancy,
            sides: Sides::default(),
            said: None,
            state: FindingState::Open,
            owner: NOBODY.to_owned(),
            found_at: Timestamp::from_millis(1_795_183_200_000),
            settled: None,
            version: 0,
        };
        let text = csv::file(&FINDING_HEAD, &[finding_row(&finding)]);
        assert!(text.starts_with("\u{feff}\"found_at\""), "{text}");
        assert!(
            text.contains("\"'=HYPERLINK(\"\"http://evil.test\"\",\"\"订单\"\")\""),
            "{text}"
        );
        assert!(text.contains("\"'@SUM(A1)\""), "{text}");
        assert_eq!(finding_row(&finding).len(), FINDING_HEAD.len());
    }
}
