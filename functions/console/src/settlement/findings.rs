//! `GET /console/findings`: what waits for people, by class, account, age and owner.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use payonce_app::Age;
use payonce_app::console::Console;
use payonce_domain::Timestamp;
use payonce_domain::reconciliation::DiscrepancyClass;
use payonce_store::{Finding, FindingState};

use super::days::or_all;
use super::filter::{Filter, Filtered, Wanted};
use super::named;
use super::words::Words;
use crate::answer::{self, Refused};
use crate::list::SHOWN_MAX;
use crate::show;
use crate::visit::{Fields, Frame, Visit};

const BASE: &str = "/console/findings";

/// A discrepancy as a list shows it.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) id: String,
    pub(super) href: String,
    pub(super) class: &'static str,
    pub(super) class_key: &'static str,
    pub(super) channel: &'static str,
    pub(super) account: String,
    pub(super) day: String,
    pub(super) about: String,
    pub(super) theirs: String,
    pub(super) ours: String,
    pub(super) proposal: &'static str,
    pub(super) owner: String,
    pub(super) found_at: String,
    pub(super) is_open: bool,
}

#[derive(Template)]
#[template(path = "findings.html")]
struct Page {
    f: Frame,
    w: &'static Words,
    notice: Option<&'static str>,
    filters: Vec<Filter>,
    findings: Vec<Found>,
    in_all: usize,
    csv: String,
}

/// A finding, with its age.
pub(super) struct Aged {
    pub(super) finding: Finding,
    age: Age,
}

impl Filtered for Aged {
    fn word(&self, filter: &str) -> String {
        let found = &self.finding.discrepancy;
        match filter {
            "class" => found.class.name().to_owned(),
            "channel" => found.channel.name().to_owned(),
            "account" => found.account.to_string(),
            "day" => found.day.to_string(),
            "age" => self.age.name().to_owned(),
            "owner" => self.finding.owner.clone(),
            _ => String::new(),
        }
    }
}

/// What an address asks for, and all that is open.
pub(super) async fn open(
    console: &Console,
    visit: &Visit,
    query: &Fields,
) -> Result<(Wanted, Vec<Aged>), Refused> {
    let filters = ["class", "channel", "account", "age", "owner", "day"];
    let wanted = Wanted::read(BASE, filters, query);
    let open = console.open_findings().await;
    let open = open.map_err(|failure| visit.failed(failure))?;
    let aged = |finding: Finding, now: Timestamp| Aged {
        age: Age::of(now.since(finding.found_at)),
        finding,
    };
    let open = open.into_iter().map(|finding| aged(finding, visit.now));
    Ok((wanted, open.collect()))
}

pub(crate) async fn page(
    State(console): State<Arc<Console>>,
    Query(query): Query<Fields>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let visit = Visit::begin(&console, &headers, &query).await?;
    let (wanted, open) = open(&console, &visit, &query).await?;
    let w = Words::of(visit.language);
    let fitting: Vec<_> = open.iter().filter(|aged| wanted.takes(*aged)).collect();
    let shown = fitting.iter().take(SHOWN_MAX);
    let page = Page {
        notice: query.get("notice").and_then(|name| w.notice(name)),
        filters: filters(&wanted, &open, w, &visit),
        findings: shown.map(|aged| found(&aged.finding, w, &visit)).collect(),
        in_all: fitting.len(),
        csv: wanted.address("/csv"),
        f: Frame::of(&visit, "findings"),
        w,
    };
    Ok(answer::page(StatusCode::OK, &page))
}

fn filters(wanted: &Wanted, open: &[Aged], w: &'static Words, visit: &Visit) -> Vec<Filter> {
    let words = crate::words::Words::of(visit.language);
    let plain = |word: &str| or_all(w, word, str::to_owned);
    let term = |word: &str| or_all(w, word, |word| words.term(word));
    let class = |word: &str| {
        let class = DiscrepancyClass::from_name(word);
        class.map_or_else(|| word.to_owned(), |class| w.class(class).to_owned())
    };
    vec![
        wanted.filter("class", w.class, open, |word| or_all(w, word, class)),
        wanted.filter("channel", words.channel, open, term),
        wanted.filter("account", w.account, open, plain),
        wanted.filter("age", w.age, open, term),
        wanted.filter("owner", w.owner, open, |word| {
            or_all(w, word, |word| w.owner_name(word))
        }),
        wanted.filter("day", w.day, open, plain),
    ]
}

/// Where one finding's page is.
pub(super) fn address(finding: &Finding) -> String {
    named(&format!("{BASE}/{}", finding.id), &finding.place())
}

pub(super) fn found(finding: &Finding, w: &'static Words, visit: &Visit) -> Found {
    let found = &finding.discrepancy;
    let subject = &found.subject;
    let numbers = [&subject.refund_no, &subject.order_no, &subject.trade_no];
    let about = numbers.into_iter().flatten().next().cloned();
    let place = || subject.position.map(|at| format!("{} {at}", w.position));
    let sum = |money: Option<_>| money.map_or(String::new(), show::yuan);
    Found {
        id: finding.id.clone(),
        href: address(finding),
        class: w.class(found.class),
        class_key: found.class.name(),
        channel: crate::words::Words::of(visit.language).channel(found.channel),
        account: found.account.to_string(),
        day: found.day.to_string(),
        about: about.or_else(place).unwrap_or_default(),
        theirs: sum(found.theirs),
        ours: sum(found.ours),
        proposal: w.proposal(found.proposal),
        owner: w.owner_name(&finding.owner),
        found_at: show::beijing(finding.found_at),
        is_open: finding.state == FindingState::Open,
    }
}
