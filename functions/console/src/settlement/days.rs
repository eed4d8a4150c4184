//! `GET /console/settlement`: every account's last days, with filters and a picture.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use payonce_app::SettlementDay;
use payonce_app::console::Console;
use payonce_domain::Money;
use payonce_domain::reconciliation::DayState;

use super::filter::{Filter, Filtered, Wanted};
use super::named;
use super::words::Words;
use crate::answer::{self, Refused};
use crate::chart::{self, Bar, Chart};
use crate::show;
use crate::visit::{Fields, Frame, Visit};

const BASE: &str = "/console/settlement";
/// How far back a page reaches; the first unless another is asked for.
const REACHES: [(&str, u32); 2] = [("7", 7), ("30", 30)];

/// One day of one account, as the table shows it.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) href: String,
    pub(super) day: String,
    pub(super) channel: &'static str,
    pub(super) account: String,
    pub(super) state: &'static str,
    /// As style sheets and tests name it.
    pub(super) state_key: &'static str,
    pub(super) mark: &'static str,
    pub(super) payments: String,
    pub(super) refunds: String,
    pub(super) fees: String,
    pub(super) matched: u64,
    pub(super) carried: u64,
    pub(super) open: u64,
}

#[derive(Template)]
#[template(path = "settlement_days.html")]
struct Page {
    f: Frame,
    w: &'static Words,
    filters: Vec<Filter>,
    rows: Vec<Row>,
    charts: Vec<Chart>,
    csv: String,
    json: String,
}

impl Filtered for SettlementDay {
    fn word(&self, filter: &str) -> String {
        match filter {
            "channel" => self.place.channel.name().to_owned(),
            "account" => self.place.account.to_string(),
            "state" => self.state.name().to_owned(),
            "day" => self.place.day.to_string(),
            _ => String::new(),
        }
    }
}

/// What an address asks for, and the days that its reach holds.
pub(super) async fn found(
    console: &Console,
    visit: &Visit,
    query: &Fields,
) -> Result<(Wanted, Vec<SettlementDay>), Refused> {
    let wanted = Wanted::read(BASE, ["channel", "account", "state", "day", "days"], query);
    let asked = wanted.get("days");
    let reach = REACHES.iter().find(|(word, _)| asked == Some(*word));
    let (_, days) = reach.unwrap_or(&REACHES[0]);
    let days = console.app.settlement_days(*days, visit.now).await;
    Ok((wanted, days.map_err(|failure| visit.failed(failure))?))
}

pub(crate) async fn page(
    State(console): State<Arc<Console>>,
    Query(query): Query<Fields>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let visit = Visit::begin(&console, &headers, &query).await?;
    let (wanted, days) = found(&console, &visit, &query).await?;
    let w = Words::of(visit.language);
    let fitting: Vec<_> = days.iter().filter(|day| wanted.takes(*day)).collect();
    let page = Page {
        rows: fitting.iter().map(|day| row(day, w, &visit)).collect(),
        charts: charts(&fitting, w),
        filters: filters(&wanted, &days, w, &visit),
        csv: wanted.address("/csv"),
        json: wanted.address("/json"),
        f: Frame::of(&visit, "settlement"),
        w,
    };
    Ok(answer::page(StatusCode::OK, &page))
}

fn filters(
    wanted: &Wanted,
    days: &[SettlementDay],
    w: &'static Words,
    visit: &Visit,
) -> Vec<Filter> {
    let words = crate::words::Words::of(visit.language);
    let plain = |word: &str| or_all(w, word, str::to_owned);
    let reaches = REACHES.iter().map(|(word, _)| crate::list::Choice {
        word: format!("{word} {}", w.last_days),
        href: wanted.with("days", Some((*word).to_owned())).address(""),
        count: 0,
        chosen: wanted.get("days").unwrap_or(REACHES[0].0) == *word,
    });
    vec![
        Filter {
            name: w.days,
            choices: reaches.collect(),
        },
        wanted.filter("channel", words.channel, days, |word| {
            or_all(w, word, |word| words.term(word))
        }),
        wanted.filter("account", w.account, days, plain),
        wanted.filter("state", w.state, days, |word| {
            or_all(w, word, |word| state_word(w, word))
        }),
        wanted.filter("day", w.day, days, plain),
    ]
}

/// A filter's word for people; the empty one takes everything.
pub(super) fn or_all(w: &Words, word: &str, said: impl Fn(&str) -> String) -> String {
    if word.is_empty() {
        w.all.to_owned()
    } else {
        said(word)
    }
}

fn state_word(w: &Words, word: &str) -> String {
    let mut states = DayState::ALL.into_iter();
    let state = states.find(|state| state.name() == word);
    state.map_or_else(|| word.to_owned(), |state| w.day_state(state).to_owned())
}

/// The colour of a state.
pub(super) const fn mark(state: DayState) -> &'static str {
    match state {
        DayState::Closed => "good",
        DayState::Open => "bad",
        DayState::Waiting | DayState::Carried => "warn",
    }
}

pub(super) fn row(day: &SettlementDay, w: &'static Words, visit: &Visit) -> Row {
    // What is not compared yet has no numbers.
    let compared = day.run.as_ref().filter(|run| run.state.is_closed());
    let report = compared.map(|run| &run.report);
    let sum = |of: fn(&payonce_domain::reconciliation::Report) -> Money| {
        report.map_or(String::new(), |report| show::yuan(of(report)))
    };
    Row {
        href: named("/console/settlement/day", &day.place),
        day: day.place.day.to_string(),
        channel: crate::words::Words::of(visit.language).channel(day.place.channel),
        account: day.place.account.to_string(),
        state: w.day_state(day.state),
        state_key: day.state.name(),
        mark: mark(day.state),
        payments: sum(|report| report.bill_payments.amount),
        refunds: sum(|report| report.bill_refunds.amount),
        fees: sum(|report| report.fees_taken.amount),
        matched: report.map_or(0, |report| report.matched.count + report.confirmed.count),
        carried: report.map_or(0, |report| {
            report.carried_lines.count + report.carried_rows.count
        }),
        open: day.open(),
    }
}

/// What each day brought, and what it left open, over all accounts that are shown.
fn charts(days: &[&SettlementDay], w: &'static Words) -> Vec<Chart> {
    let mut by_day: BTreeMap<String, (Option<u64>, u64)> = BTreeMap::new();
    for day in days {
        let (money, open) = by_day.entry(day.place.day.to_string()).or_default();
        let compared = day.run.as_ref().filter(|run| run.state.is_closed());
        if let Some(run) = compared {
            let fen = run.report.bill_payments.amount.minor();
            *money = Some(money.unwrap_or(0).saturating_add(fen));
        }
        *open = open.saturating_add(day.open());
    }
    let bars = |of: fn(&(Option<u64>, u64)) -> Option<u64>| -> Vec<Bar> {
        let bars = by_day.iter().map(|(day, sums)| Bar {
            // The day of the month.
            label: day.rsplit('-').next().unwrap_or_default().to_owned(),
            value: of(sums),
        });
        bars.collect()
    };
    let money: u64 = by_day.values().filter_map(|(money, _)| *money).sum();
    let open: u64 = by_day.values().map(|(_, open)| open).sum();
    vec![
        chart::draw(
            w.chart_money,
            show::yuan(Money::from_fen(money)),
            &bars(|(money, _)| *money),
            None,
        ),
        chart::draw(
            w.chart_open,
            open.to_string(),
            &bars(|(_, open)| Some(*open)),
            None,
        ),
    ]
}
