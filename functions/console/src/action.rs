//! What the buttons do. Each is a form of an operator with the role for it and a reason, and leads back to
//! a page that says what became of it.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use payonce_app::Failure;
use payonce_app::console::{Asked, Console, Decided, Role};
use payonce_domain::{MerchantRefundNo, PaymentNo, PaymentState, RefundNo};

use crate::answer::{self, Refused};
use crate::show;
use crate::visit::Visit;

type Done = Result<Response, Refused>;

/// A payment number from the path.
pub(crate) fn number(visit: &Visit, text: &str) -> Result<PaymentNo, Refused> {
    PaymentNo::parse(text).ok_or_else(|| visit.failed(Failure::NotFound))
}

fn back(no: PaymentNo, notice: &str) -> Response {
    answer::go(&format!("/console/payments/{no}?notice={notice}"))
}

const fn notice(asked: Asked) -> &'static str {
    match asked {
        Asked::Queried(state) => match state {
            PaymentState::Paid => "asked-paid",
            PaymentState::Closed => "asked-closed",
            PaymentState::Created | PaymentState::Paying | PaymentState::Closing => "asked-open",
        },
        Asked::Closed => "closed",
        Asked::Closing => "closing",
        Asked::Told => "told",
        Asked::Resumed => "resumed",
        Asked::NotForAPerson => "moved",
    }
}

/// What a button has done about one payment.
#[derive(Debug, Clone, Copy)]
enum Button {
    /// The channels are asked (查单).
    Query,
    /// It is closed (关单).
    Close,
    /// The merchant is told again (补发通知).
    TellAgain,
    /// A refund that waits for a person is tried again.
    Resume,
}

impl Button {
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "query" => Some(Self::Query),
            "close" => Some(Self::Close),
            "tell-again" => Some(Self::TellAgain),
            "resume" => Some(Self::Resume),
            _ => None,
        }
    }
}

/// `POST /console/payments/{no}/{button}`, for whatever needs a payment and a reason.
pub(crate) async fn ask(
    State(console): State<Arc<Console>>,
    Path((no, button)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Done {
    let (visit, fields) = Visit::posting(&console, &headers, &body, Role::Operator).await?;
    let button = Button::from_name(&button);
    let button = button.ok_or_else(|| visit.failed(Failure::NotFound))?;
    let no = number(&visit, &no)?;
    let doing = visit.doing(&fields)?;
    let asked = match button {
        Button::Query => console.query(no, doing).await,
        Button::Close => console.close(no, doing).await,
        Button::TellAgain => console.tell_again(no, doing).await,
        Button::Resume => {
            let refund = fields.get("refund").and_then(|no| RefundNo::parse(no));
            let refund = refund.ok_or_else(|| visit.field("refund"))?;
            console.resume(no, refund, doing).await
        }
    };
    let asked = asked.map_err(|failure| visit.failed(failure))?;
    Ok(back(no, notice(asked)))
}

pub(crate) async fn propose(
    State(console): State<Arc<Console>>,
    Path(no): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Done {
    let (visit, fields) = Visit::posting(&console, &headers, &body, Role::Operator).await?;
    let no = number(&visit, &no)?;
    let amount = fields.get("amount").and_then(|text| show::read_yuan(text));
    let amount = amount.filter(|amount| !amount.is_zero());
    let amount = amount.ok_or_else(|| visit.field("amount"))?;
    let proposed = console.propose(no, amount, visit.doing(&fields)?).await;
    proposed.map_err(|failure| visit.failed(failure))?;
    Ok(back(no, "proposed"))
}

pub(crate) async fn approve(
    State(console): State<Arc<Console>>,
    Path(no): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Done {
    let (visit, fields) = Visit::posting(&console, &headers, &body, Role::Approver).await?;
    let no = proposal(&visit, &no)?;
    let decided = console.approve(&no, visit.doing(&fields)?).await;
    let decided = decided.map_err(|failure| visit.failed(failure))?;
    Ok(decision(decided))
}

pub(crate) async fn decline(
    State(console): State<Arc<Console>>,
    Path(no): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Done {
    let (visit, fields) = Visit::posting(&console, &headers, &body, Role::Operator).await?;
    let no = proposal(&visit, &no)?;
    let decided = console.decline(&no, visit.doing(&fields)?).await;
    let decided = decided.map_err(|failure| visit.failed(failure))?;
    Ok(decision(decided))
}

fn proposal(visit: &Visit, text: &str) -> Result<MerchantRefundNo, Refused> {
    MerchantRefundNo::new(text).map_err(|_| visit.failed(Failure::NotFound))
}

fn decision(decided: Decided) -> Response {
    let notice = match decided {
        Decided::Refunding(_) => "approved",
        Decided::Declined => "declined",
        Decided::Otherwise => "moved",
    };
    answer::go(&format!("/console/proposals?notice={notice}"))
}
