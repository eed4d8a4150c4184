//! Proposals, controls, and what was done.

use std::sync::Arc;

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use payonce_app::console::{Console, Role};
use payonce_domain::{Money, Span};
use payonce_store::{OperatorAct, ProposalState, RefundControls};

use crate::answer::{self, Refused};
use crate::show;
use crate::visit::{Fields, Frame, Visit};
use crate::words::Words;

struct Proposed {
    no: String,
    payment_no: String,
    amount: String,
    reason: String,
    proposed_by: String,
    proposed_at: String,
    state: String,
    waits: bool,
    /// Whether it is of whoever looks: he cannot approve it.
    own: bool,
    decided_by: String,
}

#[derive(Template)]
#[template(path = "proposals.html")]
struct Proposals {
    f: Frame,
    notice: Option<&'static str>,
    proposals: Vec<Proposed>,
}

pub(crate) async fn proposals(
    State(console): State<Arc<Console>>,
    Query(query): Query<Fields>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let visit = Visit::begin(&console, &headers, &query).await?;
    let found = console.proposals(visit.now).await;
    let found = found.map_err(|failure| visit.failed(failure))?;
    let words = Words::of(visit.language);
    let proposals = found.into_iter().map(|proposal| Proposed {
        no: proposal.no.to_string(),
        payment_no: proposal.payment_no.to_string(),
        amount: show::yuan(proposal.amount),
        reason: proposal.reason,
        own: proposal.proposed_by == visit.session.operator,
        proposed_by: proposal.proposed_by.to_string(),
        proposed_at: show::beijing(proposal.proposed_at),
        state: words.term(proposal.state.name()),
        waits: proposal.state == ProposalState::Waiting,
        decided_by: proposal
            .decided_by
            .map_or(String::new(), |by| by.to_string()),
    });
    let page = Proposals {
        proposals: proposals.collect(),
        notice: query.get("notice").and_then(|name| words.notice(name)),
        f: Frame::of(&visit, "proposals"),
    };
    Ok(answer::page(StatusCode::OK, &page))
}

#[derive(Template)]
#[template(path = "controls.html")]
struct Controls {
    f: Frame,
    notice: Option<&'static str>,
    enabled: bool,
    has_cap: bool,
    cap: String,
    cap_value: String,
    counted: String,
}

pub(crate) async fn controls(
    State(console): State<Arc<Console>>,
    Query(query): Query<Fields>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let visit = Visit::begin(&console, &headers, &query).await?;
    let store = &console.app.store;
    let present = store.refund_controls().await;
    let present = present.map_err(|error| visit.failed(error.into()))?;
    let counted = store.refunds_counted(visit.now).await;
    let counted = counted.map_err(|error| visit.failed(error.into()))?;
    let words = Words::of(visit.language);
    let plain = |amount: Money| show::yuan(amount).replace(['¥', ','], "");
    let page = Controls {
        notice: query.get("notice").and_then(|name| words.notice(name)),
        enabled: present.enabled,
        has_cap: present.hourly_cap.is_some(),
        cap: present.hourly_cap.map_or(String::new(), show::yuan),
        cap_value: present.hourly_cap.map_or(String::new(), plain),
        counted: show::yuan(counted),
        f: Frame::of(&visit, "controls"),
    };
    Ok(answer::page(StatusCode::OK, &page))
}

/// `POST /console/controls`. Stopping is an operator's; whoever lets more go out must be an approver.
pub(crate) async fn set_controls(
    State(console): State<Arc<Console>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    let (visit, fields) = Visit::posting(&console, &headers, &body, Role::Operator).await?;
    let present = console.app.store.refund_controls().await;
    let present = present.map_err(|error| visit.failed(error.into()))?;
    let wanted = wanted(&visit, &fields, present)?;
    if loosens(present, wanted) {
        visit.may(Role::Approver)?;
    }
    let set = console.set_controls(wanted, visit.doing(&fields)?).await;
    set.map_err(|failure| visit.failed(failure))?;
    Ok(answer::go("/console/controls?notice=controls-set"))
}

fn wanted(
    visit: &Visit,
    fields: &Fields,
    present: RefundControls,
) -> Result<RefundControls, Refused> {
    let enabled = match fields.get("refunds").map(String::as_str) {
        Some("on") => true,
        Some("off") => false,
        Some(_) => return Err(visit.field("refunds")),
        None => present.enabled,
    };
    let hourly_cap = match fields.get("cap").map(|cap| cap.trim()) {
        Some("") => None,
        Some(cap) => Some(show::read_yuan(cap).ok_or_else(|| visit.field("cap"))?),
        None => present.hourly_cap,
    };
    Ok(RefundControls {
        enabled,
        hourly_cap,
    })
}

/// Whether more could go out than before.
fn loosens(present: RefundControls, wanted: RefundControls) -> bool {
    let on = wanted.enabled && !present.enabled;
    let more = match (present.hourly_cap, wanted.hourly_cap) {
        (Some(before), Some(after)) => after > before,
        (Some(_), None) => true,
        (None, Some(_) | None) => false,
    };
    on || more
}

/// One act, as it is shown.
pub(crate) struct Act {
    pub(crate) at: String,
    pub(crate) operator: String,
    pub(crate) what: String,
    pub(crate) payment_no: String,
    pub(crate) detail: String,
    pub(crate) why: String,
}

impl Act {
    pub(crate) fn of(act: OperatorAct, words: &Words) -> Self {
        Self {
            at: show::beijing(act.at),
            operator: act.operator.to_string(),
            what: words.term(&act.what),
            payment_no: act.payment_no.map_or(String::new(), |no| no.to_string()),
            detail: act.detail,
            why: act.why,
        }
    }
}

#[derive(Template)]
#[template(path = "acts.html")]
struct Acts {
    f: Frame,
    acts: Vec<Act>,
    back: u64,
    later: Option<u64>,
}

/// `GET /console/acts?back=`: what was done on a day, so many days ago.
pub(crate) async fn acts(
    State(console): State<Arc<Console>>,
    Query(query): Query<Fields>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let visit = Visit::begin(&console, &headers, &query).await?;
    let back = query.get("back").and_then(|back| back.parse().ok());
    let back: u64 = back.unwrap_or(0).min(3_650);
    let day = visit.now.minus(Span::days(back));
    let acts = console.app.store.operator_acts(day).await;
    let acts = acts.map_err(|error| visit.failed(error.into()))?;
    let words = Words::of(visit.language);
    let page = Acts {
        acts: acts
            .into_iter()
            .rev()
            .map(|act| Act::of(act, words))
            .collect(),
        back: back + 1,
        later: back.checked_sub(1),
        f: Frame::of(&visit, "acts"),
    };
    Ok(answer::page(StatusCode::OK, &page))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_letting_more_go_out_needs_an_approver() {
        let controls = |enabled, cap: Option<u64>| RefundControls {
            enabled,
            hourly_cap: cap.map(Money::from_fen),
        };
        for (before, after, loose) in [
            (controls(true, None), controls(false, None), false),
            (controls(false, None), controls(true, None), true),
            (controls(true, None), controls(true, Some(5)), false),
            (controls(true, Some(5)), controls(true, Some(4)), false),
            (controls(true, Some(5)), controls(true, Some(6)), true),
            (controls(true, Some(5)), controls(true, None), true),
            (controls(false, Some(5)), controls(false, Some(5)), false),
        ] {
            assert_eq!(loosens(before, after), loose, "{before:?} {after:?}");
        }
    }
}
