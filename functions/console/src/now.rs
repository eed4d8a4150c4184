//! `GET /console`: what there is to see to at this moment.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use payonce_app::console::{Console, OpenAttempt, Snapshot};
use payonce_app::{Age, Failure};
use payonce_domain::{Channel, Money, Span};
use payonce_lambda::http::json;
use payonce_store::{Hour, RefundControls};
use serde_json::json;

use crate::answer::{self, Refused};
use crate::chart::{self, Bar, Chart};
use crate::cookie;
use crate::list::{List, Wanted};
use crate::show;
use crate::visit::{Fields, Frame, Visit};
use crate::words::Words;

/// How many hours the pictures show.
const HOURS: u64 = 24;

/// One place of the table of unknown money: how many attempts, how much, and the list of them.
struct Cell {
    count: usize,
    amount: String,
    href: String,
    is_old: bool,
}

struct Row {
    channel: String,
    cells: Vec<Cell>,
}

/// A number with its list.
struct Tile {
    name: &'static str,
    key: &'static str,
    count: usize,
    amount: String,
    href: String,
    is_trouble: bool,
}

struct Dead {
    name: String,
    count: String,
    is_trouble: bool,
}

struct Trouble {
    account: String,
    channel: &'static str,
    until: String,
    is_open: bool,
}

#[derive(Template)]
#[template(path = "now.html")]
struct Page {
    f: Frame,
    truncated: bool,
    unreadable: usize,
    tiles: Vec<Tile>,
    ages: Vec<String>,
    rows: Vec<Row>,
    refunds_on: bool,
    cap: String,
    troubles: Vec<Trouble>,
    dead: Vec<Dead>,
    charts: Vec<Chart>,
}

pub(crate) async fn page(
    State(console): State<Arc<Console>>,
    Query(query): Query<Fields>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let visit = Visit::begin(&console, &headers, &query).await?;
    let page = build(&console, &visit).await;
    let page = page.map_err(|failure| visit.failed(failure))?;
    let mut response = answer::page(StatusCode::OK, &page);
    if visit.chosen {
        let url = &console.app.public_url;
        cookie::language(response.headers_mut(), visit.language.word(), url);
    }
    Ok(response)
}

/// `GET /console/counts`: the numbers that a page which stays open keeps true.
pub(crate) async fn counts(
    State(console): State<Arc<Console>>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let visit = Visit::begin(&console, &headers, &Fields::new()).await?;
    let counts = async {
        let snapshot = console.snapshot(visit.now).await?;
        let proposals = waiting(&console, &visit).await?;
        Ok::<_, Failure>((snapshot, proposals))
    };
    let (snapshot, proposals) = counts.await.map_err(|failure| visit.failed(failure))?;
    let tiles = tiles(&snapshot, proposals, Words::of(visit.language)).into_iter();
    let body: serde_json::Map<_, _> = tiles
        .map(|tile| {
            let shown = json!({ "count": tile.count, "amount": tile.amount });
            (tile.key.to_owned(), shown)
        })
        .collect();
    Ok(json(StatusCode::OK, &body.into()))
}

async fn waiting(console: &Console, visit: &Visit) -> Result<usize, Failure> {
    let proposals = console.proposals(visit.now).await?;
    let waits = payonce_store::ProposalState::Waiting;
    Ok(proposals.iter().filter(|one| one.state == waits).count())
}

async fn build(console: &Console, visit: &Visit) -> Result<Page, Failure> {
    let words = Words::of(visit.language);
    let snapshot = console.snapshot(visit.now).await?;
    let controls: RefundControls = console.app.store.refund_controls().await?;
    let proposals = waiting(console, visit).await?;
    Ok(Page {
        f: Frame::of(visit, "now"),
        truncated: snapshot.truncated,
        unreadable: snapshot.unreadable,
        tiles: tiles(&snapshot, proposals, words),
        ages: Age::ALL.iter().map(|age| words.term(age.name())).collect(),
        rows: rows(&snapshot.open_attempts(), words),
        refunds_on: controls.enabled,
        cap: controls.hourly_cap.map_or(String::new(), show::yuan),
        troubles: troubles(console, visit).await?,
        dead: dead(console, words).await?,
        charts: charts(console, visit).await?,
    })
}

fn sum<'a>(amounts: impl Iterator<Item = &'a Money>) -> String {
    let mut amounts = amounts;
    let total = amounts.try_fold(Money::from_fen(0), |sum, amount| sum.checked_add(*amount));
    total.map_or(String::new(), show::yuan)
}

fn tiles(snapshot: &Snapshot, proposals: usize, words: &'static Words) -> Vec<Tile> {
    let open = snapshot.open_attempts();
    let stuck: Vec<_> = open
        .iter()
        .filter(|attempt| attempt.standing == payonce_app::console::Standing::Stuck)
        .collect();
    let returns = snapshot.compensations();
    let manual = snapshot.refunds_for_a_person();
    let people = manual.len() + snapshot.cases().len() + snapshot.undelivered().len();
    let everything = Wanted {
        days: 7,
        ..Wanted::default()
    };
    let of_kind = |kind: &str| Wanted {
        kind: Some(kind.to_owned()),
        ..everything.clone()
    };
    let tile = |name, key, count, amount, href, is_trouble| Tile {
        name,
        key,
        count,
        amount,
        href,
        is_trouble,
    };
    let to = |list: List| everything.address(list, "");
    vec![
        tile(
            words.tile_unknown,
            "unknown",
            open.len(),
            sum(open.iter().map(|attempt| &attempt.amount)),
            to(List::Unknown),
            false,
        ),
        tile(
            words.tile_stuck,
            "stuck",
            stuck.len(),
            sum(stuck.iter().map(|attempt| &attempt.amount)),
            of_kind("stuck").address(List::Unknown, ""),
            !stuck.is_empty(),
        ),
        tile(
            words.tile_returns,
            "returns",
            returns.len(),
            sum(returns.iter().map(|work| &work.refund.amount)),
            to(List::Returns),
            false,
        ),
        tile(
            words.tile_people,
            "people",
            people,
            sum(manual.iter().map(|work| &work.refund.amount)),
            to(List::People),
            people > 0,
        ),
        tile(
            words.tile_proposals,
            "proposals",
            proposals,
            String::new(),
            "/console/proposals".to_owned(),
            proposals > 0,
        ),
    ]
}

fn rows(open: &[OpenAttempt], words: &'static Words) -> Vec<Row> {
    let cell = |channel: Channel, age: Age| {
        let here: Vec<_> = open
            .iter()
            .filter(|attempt| attempt.no.channel() == channel && attempt.age == age)
            .collect();
        let wanted = Wanted {
            channel: Some(channel.name().to_owned()),
            age: Some(age.name().to_owned()),
            days: 7,
            ..Wanted::default()
        };
        Cell {
            count: here.len(),
            amount: sum(here.iter().map(|attempt| &attempt.amount)),
            href: wanted.address(List::Unknown, ""),
            is_old: is_old(age) && !here.is_empty(),
        }
    };
    let each = Channel::ALL.into_iter();
    each.map(|channel| Row {
        channel: words.channel(channel).to_owned(),
        cells: Age::ALL.iter().map(|age| cell(channel, *age)).collect(),
    })
    .collect()
}

const fn is_old(age: Age) -> bool {
    match age {
        Age::Minutes | Age::Hour => false,
        Age::Day | Age::Older => true,
    }
}

async fn troubles(console: &Console, visit: &Visit) -> Result<Vec<Trouble>, Failure> {
    let lines = console.troubled_lines().await?.into_iter();
    let troubles = lines.map(|(line, breaker)| Trouble {
        account: line.account.to_string(),
        channel: Words::of(visit.language).channel(line.channel),
        until: breaker.open_until.map_or(String::new(), show::beijing),
        is_open: breaker.open_until.is_some(),
    });
    Ok(troubles.collect())
}

async fn dead(console: &Console, words: &Words) -> Result<Vec<Dead>, Failure> {
    let queues = console.dead_letters.count().await.into_iter();
    let queues = queues.map(|(name, count)| Dead {
        name: words.term(name),
        count: count.map_or("?".to_owned(), |count| count.to_string()),
        is_trouble: count != Some(0),
    });
    let messages = console.dead_messages().await?.into_iter();
    let messages = messages.map(|(merchant, count)| Dead {
        name: format!("{} · {merchant}", words.term("delayed-messages")),
        count: count.to_string(),
        is_trouble: true,
    });
    Ok(queues.chain(messages).collect())
}

async fn charts(console: &Console, visit: &Visit) -> Result<Vec<Chart>, Failure> {
    let (words, now) = (Words::of(visit.language), visit.now);
    let mut known = console.app.store.hours(now.minus(Span::days(1))).await?;
    known.extend(console.app.store.hours(now).await?);
    let last = now.as_millis() / 3_600_000;
    let hours: Vec<Hour> = (0..HOURS)
        .map(|back| last.saturating_sub(HOURS - 1 - back))
        .map(|hour| {
            let found = known.iter().find(|one| one.hour == hour).copied();
            found.unwrap_or(Hour {
                hour,
                ..Hour::default()
            })
        })
        .collect();
    let bars = |value: fn(&Hour) -> Option<u64>| -> Vec<Bar> {
        let each = hours.iter();
        // Beijing is eight hours ahead.
        each.map(|hour| Bar {
            label: ((hour.hour + 8) % 24).to_string(),
            value: value(hour),
        })
        .collect()
    };
    let total = |value: fn(&Hour) -> u64| hours.iter().map(value).sum::<u64>();
    let (paid, closed) = (total(|hour| hour.paid), total(|hour| hour.closed));
    let rate = rate(paid, closed).map_or("–".to_owned(), |rate| format!("{rate}%"));
    let repaired = total(|hour| hour.repaired);
    let repair = total(|hour| hour.repair_seconds).checked_div(repaired);
    let repair = repair.map_or("–".to_owned(), |mean| format!("{mean} s"));
    let unknown = hours.iter().rev().find_map(|hour| hour.unknown);
    let unknown = unknown.map_or("–".to_owned(), |fen| show::yuan(Money::from_fen(fen)));
    Ok(vec![
        chart::draw(
            words.chart_rate,
            format!("{rate} ({paid} / {})", paid + closed),
            &bars(|hour| self::rate(hour.paid, hour.closed)),
            Some(100),
        ),
        chart::draw(
            words.chart_repair,
            format!("{repair} ({repaired})"),
            &bars(|hour| hour.repair_seconds.checked_div(hour.repaired)),
            None,
        ),
        chart::draw(
            words.chart_unknown,
            unknown,
            &bars(|hour| hour.unknown),
            None,
        ),
    ])
}

/// In percent; `None` where nothing ended.
fn rate(paid: u64, closed: u64) -> Option<u64> {
    (paid * 100).checked_div(paid + closed)
}
