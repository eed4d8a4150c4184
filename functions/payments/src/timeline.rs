//! `GET /v1/payments/{payment_no}/timeline`: what was decided, when and on what, and what is owed next.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use payonce_app::{App, Failure};
use payonce_domain::{Command, Evidence, Fact, Input, Obligation, Source};
use payonce_lambda::clock::{self, rfc3339};
use payonce_lambda::http::problem::Problem;
use payonce_lambda::http::{caller, json};
use payonce_store::TimelineEntry;
use serde_json::{Value, json};

use crate::handler;

pub(crate) async fn timeline(
    State(app): State<Arc<App>>,
    Path(payment_no): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let merchant = caller::merchant(&app.accounts, &headers).await?;
    let stored = app.find(&merchant, handler::number(&payment_no)?).await?;
    let entries = stored.timeline().map_err(Failure::from)?;
    let payment = stored.payment();
    let body = json!({
        "payment_no": payment.payment_no().to_string(),
        "version": payment.version.0,
        "chain_intact": stored.verify_chain().is_ok(),
        "read_at": rfc3339(clock::now()),
        "entries": entries.iter().map(entry).collect::<Vec<_>>(),
        "owed": payment.obligations().iter().map(owed).collect::<Vec<_>>(),
        "cases": payment.cases.iter().map(|case| json!({
            "kind": format!("{:?}", case.kind),
            "subject": case.subject,
        })).collect::<Vec<_>>(),
    });
    Ok(json(StatusCode::OK, &body))
}

fn entry(step: &TimelineEntry) -> Value {
    let (what, about, evidence) = describe(&step.entry.input);
    json!({
        "version": step.entry.version.0,
        "at": rfc3339(step.entry.at),
        "what": what,
        "about": about,
        "evidence": evidence.map(source),
        "evidence_digest": evidence.and_then(|e| e.digest).map(|digest| digest.to_hex()),
        "stored": step.stored,
        "hash": step.hash.0.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
    })
}

const fn source(evidence: Evidence) -> &'static str {
    match evidence.source {
        Source::Hint => "hint",
        Source::Notification => "notification",
        Source::Query => "query",
        Source::Bill => "bill",
    }
}

fn describe(input: &Input) -> (&'static str, Option<String>, Option<Evidence>) {
    match input {
        Input::Opened { .. } => ("opened", None, None),
        Input::Fact(fact) => match fact {
            Fact::CreateAnswered { no, .. } => ("create-answered", Some(no.to_string()), None),
            Fact::Reported { no, evidence, .. } => {
                ("reported", Some(no.to_string()), Some(*evidence))
            }
            Fact::ReversalAnswered { no, .. } => ("reversal-answered", Some(no.to_string()), None),
            Fact::RefundReported { no, evidence, .. } => {
                ("refund-reported", Some(no.to_string()), Some(*evidence))
            }
            Fact::Returned { no, evidence, .. } => {
                ("returned-by-channel", Some(no.to_string()), Some(*evidence))
            }
            Fact::ReturnAbsent { trade_no } => ("return-absent", Some(trade_no.to_string()), None),
            Fact::Told { sequence, .. } => ("told", Some(sequence.to_string()), None),
            Fact::Ticked => ("time-passed", None, None),
        },
        Input::Command(command) => match command {
            Command::Initiate { .. } => ("initiated-again", None, None),
            Command::Close { .. } => ("close-asked", None, None),
            Command::Supersede { successor, .. } => {
                ("superseded", Some(successor.to_string()), None)
            }
            Command::Refund { request, .. } => ("refund-asked", Some(request.to_string()), None),
            Command::SettleAppeal { appeal, .. } => {
                ("appeal-settled", Some(appeal.to_string()), None)
            }
            Command::GiveBack { proposal, .. } => {
                ("refund-approved", Some(proposal.to_string()), None)
            }
            Command::BeginRefund { no } => ("refund-sending", Some(no.to_string()), None),
            Command::HoldRefund { no, .. } => ("refund-held", Some(no.to_string()), None),
            Command::ResumeRefund { no, asked: _ } => {
                ("refund-resumed", Some(no.to_string()), None)
            }
            Command::HoldChannelOrder { no, .. } => {
                ("channel-order-held", Some(no.to_string()), None)
            }
            Command::BeginReversal { no } => ("reversal-sending", Some(no.to_string()), None),
            Command::TellAgain => ("telling-asked", None, None),
        },
    }
}

fn owed(obligation: &Obligation) -> Value {
    let task = &obligation.task;
    json!({ "what": task.name(), "about": task.about(), "at": rfc3339(obligation.due.at) })
}
