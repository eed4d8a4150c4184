//! Buyer and supplier, by their links: open, look, answer, take back.
//!
//! A buyer opens an appeal with the link of the cashier, which names the order and proves that it is his
//! to speak of. Every form is answered with 303, so that a reload repeats nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use payonce_app::appeals::{Answer, AppealFailure, Appeals, LinkedAppeal};
use payonce_app::{AtCashier, Failure};
use payonce_domain::appeal::{AppealRefusal, AppealRequest, Claim, Party, Position};
use payonce_domain::{
    Digest, MerchantAppealNo, MerchantOrderNo, PaymentKey, PaymentNo, StatementId, Timestamp,
};
use payonce_lambda::clock;
use payonce_lambda::http::appeals::said;
use payonce_lambda::http::language::Language;

use crate::answer::{self, NoPage};
use crate::handler::advanced;
use crate::page;

type Parameters = Query<BTreeMap<String, String>>;
type Form = BTreeMap<String, String>;

/// A form has few fields and short ones.
const FORM_BYTES_MAX: usize = 16 * 1024;

/// Who asks, in which language, when.
struct Visitor {
    language: Language,
    now: Timestamp,
}

impl Visitor {
    fn of(headers: &HeaderMap, query: &Form) -> Self {
        let asked = query.get("lang").map(String::as_str);
        Self {
            language: Language::choose(asked, None, headers),
            now: clock::now(),
        }
    }

    fn no_page(&self, failure: impl Into<AppealFailure>) -> NoPage {
        NoPage {
            language: self.language,
            failure: failure.into(),
        }
    }

    async fn at_cashier(&self, appeals: &Appeals, token: &str) -> Result<AtCashier, NoPage> {
        let at = appeals.app.at_cashier(token, self.now).await;
        at.map_err(|failure| {
            if matches!(failure, Failure::NotFound) {
                self.no_page(AppealFailure::NotFound)
            } else {
                self.no_page(failure)
            }
        })
    }

    async fn linked(&self, appeals: &Appeals, token: &str) -> Result<LinkedAppeal, NoPage> {
        let linked = appeals.app.linked_appeal(token, self.now).await;
        linked.map_err(|failure| self.no_page(failure))
    }
}

/// `GET /appeals/new/{token}`: what to say, with a cashier's token.
pub(crate) async fn ask(
    State(appeals): State<Arc<Appeals>>,
    Path(token): Path<String>,
    Query(query): Parameters,
    headers: HeaderMap,
) -> Result<Response, NoPage> {
    let visitor = Visitor::of(&headers, &query);
    let at = visitor.at_cashier(&appeals, &token).await?;
    let notice = query.contains_key("unknown-order");
    Ok(answer::page(&page::opening(
        visitor.language,
        &token,
        &at.payment,
        notice,
    )))
}

/// `POST /appeals/new/{token}`: opens it. One buyer's appeal for each order it begins with.
pub(crate) async fn open(
    State(appeals): State<Arc<Appeals>>,
    Path(token): Path<String>,
    Query(query): Parameters,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, NoPage> {
    let visitor = Visitor::of(&headers, &query);
    let at = visitor.at_cashier(&appeals, &token).await?;
    let form = form(&body);
    let again = format!("/appeals/new/{token}?unknown-order");
    let Some(orders) = orders(&at, form.get("other_order")) else {
        return Ok(answer::go(&again));
    };
    let number = format!("buyer-{}", at.payment.payment_no());
    let request = AppealRequest {
        merchant_id: at.merchant.id.clone(),
        id: MerchantAppealNo::new(number).expect("letters, digits and a hyphen"),
        opened_by: Party::Buyer,
        claim: Claim::PaidTwice,
        orders,
        text: form.get("text").and_then(|text| said(text)),
    };
    let opened = appeals
        .app
        .open_appeal(&at.merchant, request.clone(), visitor.now);
    let stored = match opened.await {
        Ok(opened) => opened.stored,
        Err(AppealFailure::Invalid(_)) => return Ok(answer::go(&again)),
        // Opened before, with other words: it is that one that he sees.
        Err(AppealFailure::Refused(AppealRefusal::RequestMismatch)) => {
            let key = payonce_domain::AppealKey::derive(&request.merchant_id, &request.id);
            let there = appeals.app.appeal(payonce_domain::AppealNo::new(key)).await;
            there.map_err(|failure| visitor.no_page(failure))?
        }
        Err(failure) => return Err(visitor.no_page(failure)),
    };
    let stored = advanced(&appeals, stored).await;
    let link = appeals.app.appeal_url(stored.appeal(), Party::Buyer).await;
    let link = link.ok_or_else(|| visitor.no_page(AppealFailure::NotFound))?;
    Ok(answer::go(&link))
}

/// The order of the link, and the other one that the buyer names; none if that can be no order.
fn orders(at: &AtCashier, other: Option<&String>) -> Option<Vec<PaymentNo>> {
    let this = at.payment.payment_no();
    let other = other.map(|text| text.trim()).unwrap_or_default();
    if other.is_empty() {
        return Some(vec![this]);
    }
    let other = match PaymentNo::parse(other) {
        Some(no) => no,
        None => {
            let order = MerchantOrderNo::new(other).ok()?;
            PaymentNo::new(PaymentKey::derive(&at.merchant.id, &order))
        }
    };
    Some(if other == this {
        vec![this]
    } else {
        vec![this, other]
    })
}

/// `GET /appeals/{token}`.
pub(crate) async fn show(
    State(appeals): State<Arc<Appeals>>,
    Path(token): Path<String>,
    Query(query): Parameters,
    headers: HeaderMap,
) -> Result<Response, NoPage> {
    let visitor = Visitor::of(&headers, &query);
    let linked = visitor.linked(&appeals, &token).await?;
    let shown = page::appeal(visitor.language, &token, &linked, visitor.now);
    Ok(answer::page(&shown))
}

/// `POST /appeals/{token}`: says something.
pub(crate) async fn state(
    State(appeals): State<Arc<Appeals>>,
    Path(token): Path<String>,
    Query(query): Parameters,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, NoPage> {
    let visitor = Visitor::of(&headers, &query);
    let linked = visitor.linked(&appeals, &token).await?;
    let form = form(&body);
    let position = form
        .get("position")
        .and_then(|name| Position::from_name(name));
    let home = format!("/appeals/{token}");
    let (Some(text), Some(position)) = (form.get("text").and_then(|text| said(text)), position)
    else {
        return Ok(answer::go(&home));
    };
    let answer = Answer {
        id: id_of(position, &text),
        by: linked.party,
        position,
        text,
    };
    let said = appeals
        .app
        .answer_appeal(linked.stored, answer, visitor.now);
    let stored = said.await.map_err(|failure| visitor.no_page(failure))?;
    advanced(&appeals, stored).await;
    Ok(answer::go(&home))
}

/// The same words from the same party are one statement, however often the button is pressed.
fn id_of(position: Position, text: &str) -> StatementId {
    let digest = Digest::of(format!("{}.{text}", position.name()).as_bytes());
    StatementId::new(digest.to_hex()).expect("64 hexadecimal digits")
}

/// `POST /appeals/{token}/withdraw`.
pub(crate) async fn withdraw(
    State(appeals): State<Arc<Appeals>>,
    Path(token): Path<String>,
    Query(query): Parameters,
    headers: HeaderMap,
) -> Result<Response, NoPage> {
    let visitor = Visitor::of(&headers, &query);
    let linked = visitor.linked(&appeals, &token).await?;
    let taken = appeals
        .app
        .withdraw_appeal(linked.stored, linked.party, visitor.now);
    let stored = taken.await.map_err(|failure| visitor.no_page(failure))?;
    advanced(&appeals, stored).await;
    Ok(answer::go(&format!("/appeals/{token}")))
}

/// The fields of a form; none of one that is too long to be ours.
fn form(body: &[u8]) -> Form {
    if body.len() > FORM_BYTES_MAX {
        return Form::new();
    }
    let pairs = form_urlencoded::parse(body);
    pairs
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}
