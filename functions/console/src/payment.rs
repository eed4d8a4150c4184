//! `GET /console/payments/{no}`: one payment's whole story, and what may be done about it; and the search
//! that leads there.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use payonce_app::Failure;
use payonce_app::console::{Console, Found};
use payonce_domain::{Disposition, Payment, PaymentNo, PaymentState, RefundState, Terms};
use payonce_lambda::http::foreign::{Link, visible};
use payonce_store::Stored;

use crate::action;
use crate::answer::{self, Refused};
use crate::list::{case_name, state_name};
use crate::office::Act;
use crate::show;
use crate::story::{self, Step};
use crate::visit::{Fields, Frame, Visit};
use crate::words::Words;

struct Attempt {
    no: String,
    way: String,
    account: String,
    state: String,
    since: String,
}

struct Capture {
    trade_no: String,
    amount: String,
    paid_at: String,
    disposition: String,
}

struct Refund {
    no: String,
    cause: String,
    amount: String,
    state: String,
    reason: String,
    needs_person: bool,
}

/// An address of the merchant's: shown, and never led to.
struct Address {
    name: &'static str,
    text: String,
    /// Where it leads; empty where it reads one way and leads another.
    host: String,
}

struct Owed {
    what: String,
    about: String,
    at: String,
}

#[derive(Template)]
#[template(path = "payment.html")]
struct Page {
    f: Frame,
    notice: Option<&'static str>,
    no: String,
    merchant: String,
    order_no: String,
    subject: String,
    addresses: Vec<Address>,
    amount: String,
    state: String,
    state_key: &'static str,
    expires_at: String,
    version: u64,
    chain_intact: bool,
    last_hash: String,
    money: Vec<(&'static str, String)>,
    refundable: String,
    may_close: bool,
    may_refund: bool,
    attempts: Vec<Attempt>,
    captures: Vec<Capture>,
    refunds: Vec<Refund>,
    cases: Vec<(String, String)>,
    owed: Vec<Owed>,
    steps: Vec<Step>,
    buyer: Vec<(String, String, u64)>,
    acts: Vec<Act>,
}

pub(crate) async fn page(
    State(console): State<Arc<Console>>,
    Path(no): Path<String>,
    Query(query): Query<Fields>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let visit = Visit::begin(&console, &headers, &query).await?;
    let no = action::number(&visit, &no)?;
    let page = build(&console, &visit, no, &query).await;
    let page = page.map_err(|failure| visit.failed(failure))?;
    Ok(answer::page(StatusCode::OK, &page))
}

async fn build(
    console: &Console,
    visit: &Visit,
    no: PaymentNo,
    query: &Fields,
) -> Result<Page, Failure> {
    let words = Words::of(visit.language);
    let stored: Stored = console.find(no).await?;
    let payment = stored.payment();
    let terms = &payment.terms;
    let timeline = stored.timeline()?;
    let hash = timeline.last().map(|step| story::hex(&step.hash));
    let acts = console.app.store.operator_acts_about(no).await?;
    let buyer = console.app.store.buyer_acts(payment.key).await?;
    let open = match payment.state {
        PaymentState::Created | PaymentState::Paying | PaymentState::Closing => true,
        PaymentState::Paid | PaymentState::Closed => false,
    };
    Ok(Page {
        f: Frame::of(visit, "payment"),
        notice: query.get("notice").and_then(|name| words.notice(name)),
        no: no.to_string(),
        merchant: terms.merchant_id.to_string(),
        order_no: terms.merchant_order_no.to_string(),
        subject: visible(&terms.subject),
        addresses: addresses(terms, words),
        amount: show::yuan(terms.amount),
        state: words.term(payment_state(payment)),
        state_key: payment_state(payment),
        expires_at: show::beijing(terms.expires_at),
        version: payment.version.0,
        chain_intact: stored.verify_chain().is_ok(),
        last_hash: hash.unwrap_or_default(),
        money: money(payment, words)?,
        refundable: show::yuan(payment.refundable()),
        may_close: open,
        may_refund: !payment.refundable().is_zero(),
        attempts: attempts(payment, words),
        captures: captures(payment, words),
        refunds: refunds(payment, words),
        cases: payment
            .cases
            .iter()
            .map(|case| (words.term(case_name(case.kind)), case.subject.clone()))
            .collect(),
        owed: owed(payment, words),
        steps: timeline
            .iter()
            .rev()
            .map(|step| story::tell(step, words))
            .collect(),
        buyer: buyer
            .iter()
            .map(|kept| {
                (
                    show::beijing(kept.last_at),
                    words.buyer_act(kept.act),
                    kept.times,
                )
            })
            .collect(),
        acts: acts
            .into_iter()
            .rev()
            .map(|act| Act::of(act, words))
            .collect(),
    })
}

const fn payment_state(payment: &Payment) -> &'static str {
    match payment.state {
        PaymentState::Created => "created",
        PaymentState::Paying => "paying",
        PaymentState::Paid => "paid",
        PaymentState::Closing => "closing",
        PaymentState::Closed => "closed",
    }
}

fn addresses(terms: &Terms, words: &'static Words) -> Vec<Address> {
    let named = [
        (words.return_address, &terms.return_url),
        (words.notify_address, &terms.notify_url),
    ];
    let named = named.into_iter();
    let shown = named.filter_map(|(name, url)| {
        let url = url.as_deref()?;
        let link = Link::read(url);
        Some(Address {
            name,
            text: link
                .as_ref()
                .map_or_else(|| visible(url), |link| link.href.clone()),
            host: link.map_or(String::new(), |link| link.host),
        })
    });
    shown.collect()
}

fn money(payment: &Payment, words: &'static Words) -> Result<Vec<(&'static str, String)>, Failure> {
    let money = payment.money();
    let money = money.map_err(|error| Failure::Unavailable(error.into()))?;
    Ok(vec![
        (words.captured, show::yuan(money.captured)),
        (words.applied, show::yuan(money.applied)),
        (words.refunded, show::yuan(money.refunded)),
        (words.refund_due, show::yuan(money.refund_due)),
        (words.suspense, show::yuan(money.suspense)),
    ])
}

fn attempts(payment: &Payment, words: &'static Words) -> Vec<Attempt> {
    let orders = payment.channel_orders.iter();
    orders
        .map(|order| Attempt {
            no: order.no.to_string(),
            way: format!(
                "{} {}",
                words.channel(order.channel()),
                order.method().name()
            ),
            account: order.account.to_string(),
            state: words.term(state_name(order.state)),
            since: show::beijing(order.created_at),
        })
        .collect()
}

fn captures(payment: &Payment, words: &'static Words) -> Vec<Capture> {
    let captures = payment.captures.iter();
    captures
        .map(|capture| Capture {
            trade_no: capture.trade_no.to_string(),
            amount: show::yuan(capture.amount),
            paid_at: show::beijing(capture.paid_at),
            disposition: match capture.disposition {
                Disposition::Applied => words.term("applied"),
                Disposition::Returning(cause) => words.term(cause.name()),
                Disposition::Suspended(_) => words.term("suspended"),
            },
        })
        .collect()
}

fn refunds(payment: &Payment, words: &'static Words) -> Vec<Refund> {
    let refunds = payment.refunds.iter();
    refunds
        .map(|refund| Refund {
            no: refund.no.to_string(),
            cause: words.term(refund.cause.name()),
            amount: show::yuan(refund.amount),
            state: words.term(refund.state.name()),
            reason: visible(refund.reason.as_deref().unwrap_or_default()),
            needs_person: refund.state == RefundState::Manual,
        })
        .collect()
}

fn owed(payment: &Payment, words: &'static Words) -> Vec<Owed> {
    let owed = payment.obligations().into_iter();
    owed.map(|one| Owed {
        what: words.term(one.task.name()),
        about: one.task.about().unwrap_or_default(),
        at: show::beijing(one.due.at),
    })
    .collect()
}

#[derive(Template)]
#[template(path = "found.html")]
struct Results {
    f: Frame,
    asked: String,
    numbers: Vec<String>,
}

/// `GET /console/search?q=`: straight to the payment, if there is only one.
pub(crate) async fn search(
    State(console): State<Arc<Console>>,
    Query(query): Query<Fields>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let visit = Visit::begin(&console, &headers, &query).await?;
    let asked: String = query
        .get("q")
        .map_or("", |q| q.trim())
        .chars()
        .take(100)
        .collect();
    let found = console.search(&asked, visit.now).await;
    let numbers = match found.map_err(|failure| visit.failed(failure))? {
        Found::One(no) => return Ok(answer::go(&format!("/console/payments/{no}"))),
        Found::Nothing => Vec::new(),
        Found::Several(numbers) => numbers.iter().map(ToString::to_string).collect(),
    };
    let f = Frame::of(&visit, "");
    let page = Results { f, asked, numbers };
    Ok(answer::page(StatusCode::OK, &page))
}
