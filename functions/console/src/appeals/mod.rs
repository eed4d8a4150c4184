//! Appeals (申诉) at the console: the list that settles the common case, and one appeal with all that is
//! known of it.
//!
//! Whoever rules opens an appeal and presses one button where the facts prove what is to be done; whoever
//! approves presses one in the list, which shows the same facts. Anything else wants a reason.

mod shown;
mod words;

use std::sync::Arc;

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use payonce_app::Failure;
use payonce_app::appeals::AppealFailure;
use payonce_app::console::{Console, Doing, Role, Verdict};
use payonce_domain::appeal::Outcome;
use payonce_domain::{AppealNo, Money, PaymentNo, Version};
use payonce_store::StoredAppeal;

use crate::answer::{self, Refused};
use crate::look::Language;
use crate::show;
use crate::visit::{Fields, Frame, Visit};
use shown::{Acts, Shown};
use words::Words;

/// What the navigation calls this part.
pub(crate) const fn title(language: Language) -> &'static str {
    Words::of(language).title
}

/// What the journal says of an approval, which needs no words of its own.
const APPROVED: &str = "approved as ruled";
/// And of a ruling as the facts suggest.
const AS_PROPOSED: &str = "as the facts suggest";

#[derive(Template)]
#[template(path = "appeals.html")]
struct List {
    f: Frame,
    w: &'static Words,
    notice: Option<&'static str>,
    over: bool,
    appeals: Vec<Shown>,
}

#[derive(Template)]
#[template(path = "appeal.html")]
struct One {
    f: Frame,
    w: &'static Words,
    notice: Option<&'static str>,
    one: Shown,
    acts: Vec<Acts>,
    history: Vec<(String, String, String)>,
}

/// `GET /console/appeals`.
pub(crate) async fn list(
    State(console): State<Arc<Console>>,
    Query(query): Query<Fields>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let visit = Visit::begin(&console, &headers, &query).await?;
    let over = query.contains_key("over");
    let found = console.appeals(over).await;
    let found = found.map_err(|failure| failed(&visit, failure))?;
    let w = Words::of(visit.language);
    let appeals = found.iter().map(|one| Shown::of(w, &visit, one));
    let page = List {
        appeals: appeals.collect(),
        notice: query.get("notice").and_then(|name| w.notice(name)),
        f: Frame::of(&visit, "appeals"),
        w,
        over,
    };
    Ok(answer::page(StatusCode::OK, &page))
}

/// `GET /console/appeals/{no}`.
pub(crate) async fn page(
    State(console): State<Arc<Console>>,
    Path(no): Path<String>,
    Query(query): Query<Fields>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let visit = Visit::begin(&console, &headers, &query).await?;
    let no = number(&visit, &no)?;
    let stored = console.app.appeal(no).await;
    let stored = stored.map_err(|failure| failed(&visit, failure))?;
    let w = Words::of(visit.language);
    let page = One {
        one: Shown::of(w, &visit, stored.appeal()),
        acts: shown::acts(&console, &stored, crate::words::Words::of(visit.language)).await,
        history: shown::history(w, &stored),
        notice: query.get("notice").and_then(|name| w.notice(name)),
        f: Frame::of(&visit, "appeals"),
        w,
    };
    Ok(answer::page(StatusCode::OK, &page))
}

/// `POST /console/appeals/{no}/rule`.
pub(crate) async fn rule(
    State(console): State<Arc<Console>>,
    Path(no): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    let (visit, fields) = Visit::posting(&console, &headers, &body, Role::Operator).await?;
    let no = number(&visit, &no)?;
    let seen = seen(&visit, &fields)?;
    let verdict = verdict(&visit, &fields)?;
    let doing = match verdict {
        Verdict::AsProposed => without_words(&visit, AS_PROPOSED),
        Verdict::Otherwise(_) => visit.doing(&fields)?,
    };
    let ruled = console.rule(no, seen, verdict, doing).await;
    ended(&visit, no, ruled, "ruled")
}

/// `POST /console/appeals/{no}/approve`.
pub(crate) async fn approve(
    State(console): State<Arc<Console>>,
    Path(no): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    let (visit, fields) = Visit::posting(&console, &headers, &body, Role::Approver).await?;
    let no = number(&visit, &no)?;
    let seen = seen(&visit, &fields)?;
    let doing = without_words(&visit, APPROVED);
    let approved = console.approve_ruling(no, seen, doing).await;
    ended(&visit, no, approved, "approved")
}

/// `POST /console/appeals/{no}/decline`.
pub(crate) async fn decline(
    State(console): State<Arc<Console>>,
    Path(no): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    let (visit, fields) = Visit::posting(&console, &headers, &body, Role::Operator).await?;
    let no = number(&visit, &no)?;
    let seen = seen(&visit, &fields)?;
    let doing = visit.doing(&fields)?;
    let declined = console.decline_ruling(no, seen, doing).await;
    ended(&visit, no, declined, "declined")
}

fn without_words<'a>(visit: &'a Visit, why: &'a str) -> Doing<'a> {
    Doing {
        session: &visit.session,
        why,
        now: visit.now,
    }
}

fn number(visit: &Visit, text: &str) -> Result<AppealNo, Refused> {
    AppealNo::parse(text).ok_or_else(|| visit.failed(Failure::NotFound))
}

/// The version that was before the operator's eyes.
fn seen(visit: &Visit, fields: &Fields) -> Result<Version, Refused> {
    let version = fields.get("seen").and_then(|text| text.parse().ok());
    version.map(Version).ok_or_else(|| visit.field("seen"))
}

fn verdict(visit: &Visit, fields: &Fields) -> Result<Verdict, Refused> {
    match fields.get("verdict").map(String::as_str) {
        Some("proposed") => Ok(Verdict::AsProposed),
        Some("dismiss") => Ok(Verdict::Otherwise(Outcome::Dismiss)),
        Some("refund") => {
            let (no, amount) = refund(fields).ok_or_else(|| visit.field("amount"))?;
            Ok(Verdict::Otherwise(Outcome::Refund(vec![(no, amount)])))
        }
        Some(_) | None => Err(visit.field("verdict")),
    }
}

fn refund(fields: &Fields) -> Option<(PaymentNo, Money)> {
    let no = PaymentNo::parse(fields.get("payment_no")?)?;
    Some((no, show::read_yuan(fields.get("amount")?)?))
}

/// Back to where the next button is: the list for whoever approves, the appeal otherwise.
fn ended(
    visit: &Visit,
    no: AppealNo,
    done: Result<StoredAppeal, AppealFailure>,
    notice: &str,
) -> Result<Response, Refused> {
    match done {
        Ok(_) if notice == "approved" => Ok(answer::go("/console/appeals?notice=approved")),
        Ok(_) => Ok(answer::go(&format!(
            "/console/appeals/{no}?notice={notice}"
        ))),
        Err(AppealFailure::Refused(refusal)) => {
            let name = words::refusal(refusal);
            Ok(answer::go(&format!("/console/appeals/{no}?notice={name}")))
        }
        Err(failure) => Err(failed(visit, failure)),
    }
}

fn failed(visit: &Visit, failure: AppealFailure) -> Refused {
    visit.failed(match failure {
        AppealFailure::NotFound | AppealFailure::Refused(_) => Failure::NotFound,
        AppealFailure::Invalid(invalid) => Failure::Invalid(invalid),
        AppealFailure::Unavailable(error) => Failure::Unavailable(error),
    })
}
