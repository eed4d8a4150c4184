//! `GET /console/lists/{list}` and the same as a file.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use payonce_app::Failure;
use payonce_app::console::Console;
use payonce_domain::Channel;

use crate::answer::{self, Refused};
use crate::csv;
use crate::list::{self, Choice, Line, List, SHOWN_MAX, Wanted};
use crate::show;
use crate::visit::{Fields, Frame, Visit};
use crate::words::Words;

struct Row {
    at: String,
    payment_no: String,
    merchant: String,
    channel: &'static str,
    kind: String,
    state: String,
    subject: String,
    amount: String,
}

struct Filter {
    name: &'static str,
    choices: Vec<Choice>,
}

#[derive(Template)]
#[template(path = "list.html")]
struct Page {
    f: Frame,
    title: &'static str,
    text: &'static str,
    filters: Vec<Filter>,
    rows: Vec<Row>,
    shown: usize,
    in_all: usize,
    file: String,
}

pub(crate) async fn page(
    State(console): State<Arc<Console>>,
    Path(name): Path<String>,
    Query(query): Query<Fields>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let visit = Visit::begin(&console, &headers, &query).await?;
    let (list, wanted, lines) = found(&console, &visit, &name, &query).await?;
    let words = Words::of(visit.language);
    let fitting: Vec<_> = lines.iter().filter(|line| wanted.takes(line)).collect();
    let rows = fitting.iter().take(SHOWN_MAX);
    let (title, text) = words.list(list);
    let page = Page {
        f: Frame::of(&visit, list.name()),
        title,
        text,
        filters: filters(list, &lines, &wanted, words),
        rows: rows.map(|line| row(line, words)).collect(),
        shown: fitting.len().min(SHOWN_MAX),
        in_all: fitting.len(),
        file: wanted.address(list, "/csv"),
    };
    Ok(answer::page(StatusCode::OK, &page))
}

/// All lines that the filters take, in words of ours that do not depend on the language.
pub(crate) async fn file(
    State(console): State<Arc<Console>>,
    Path(name): Path<String>,
    Query(query): Query<Fields>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let visit = Visit::begin(&console, &headers, &query).await?;
    let (list, wanted, lines) = found(&console, &visit, &name, &query).await?;
    let rows = lines.iter().filter(|line| wanted.takes(line)).map(|line| {
        let fen = line.amount.map(|amount| amount.minor().to_string());
        vec![
            payonce_lambda::clock::rfc3339(line.at),
            line.payment_no.to_string(),
            line.merchant_id
                .as_ref()
                .map_or(String::new(), ToString::to_string),
            line.channel.map_or("", Channel::name).to_owned(),
            line.kind.to_owned(),
            line.state.to_owned(),
            line.subject.clone(),
            fen.unwrap_or_default(),
        ]
    });
    let rows: Vec<_> = rows.collect();
    let head = [
        "at",
        "payment_no",
        "merchant_id",
        "channel",
        "kind",
        "state",
        "subject",
        "amount_fen",
    ];
    let text = csv::file(&head, &rows);
    let name = format!("payonce-{}.csv", list.name());
    Ok(answer::file(&name, "text/csv; charset=utf-8", text))
}

async fn found(
    console: &Console,
    visit: &Visit,
    name: &str,
    query: &Fields,
) -> Result<(List, Wanted, Vec<Line>), Refused> {
    let list = List::from_name(name).ok_or_else(|| visit.failed(Failure::NotFound))?;
    let wanted = Wanted::read(query);
    let lines = list::lines(console, list, wanted.days, visit.now).await;
    let lines = lines.map_err(|failure| visit.failed(failure))?;
    Ok((list, wanted, lines))
}

fn row(line: &Line, words: &'static Words) -> Row {
    Row {
        at: show::beijing(line.at),
        payment_no: line.payment_no.to_string(),
        merchant: line
            .merchant_id
            .as_ref()
            .map_or(String::new(), ToString::to_string),
        channel: line.channel.map_or("", |channel| words.channel(channel)),
        kind: words.term(line.kind),
        state: words.term(line.state),
        subject: line.subject.clone(),
        amount: line.amount.map_or(String::new(), show::yuan),
    }
}

fn filters(list: List, lines: &[Line], wanted: &Wanted, words: &'static Words) -> Vec<Filter> {
    let term = |word: &str| {
        if word.is_empty() {
            words.all.to_owned()
        } else {
            words.term(word)
        }
    };
    let mut filters = vec![
        Filter {
            name: words.channel,
            choices: list::choices(
                list,
                lines,
                wanted,
                |wanted, channel| Wanted {
                    channel,
                    ..wanted.clone()
                },
                |line| line.channel.map_or("", Channel::name),
                wanted.channel.as_ref(),
                term,
            ),
        },
        Filter {
            name: words.kind,
            choices: list::choices(
                list,
                lines,
                wanted,
                |wanted, kind| Wanted {
                    kind,
                    ..wanted.clone()
                },
                |line| line.kind,
                wanted.kind.as_ref(),
                term,
            ),
        },
        Filter {
            name: words.age,
            choices: list::choices(
                list,
                lines,
                wanted,
                |wanted, age| Wanted {
                    age,
                    ..wanted.clone()
                },
                |line| line.age.name(),
                wanted.age.as_ref(),
                term,
            ),
        },
    ];
    if list == List::History {
        let choices = [1, 7, 30].map(|days| Choice {
            word: format!("{days} {}", words.days),
            href: Wanted {
                days,
                ..wanted.clone()
            }
            .address(list, ""),
            count: 0,
            chosen: wanted.days == days,
        });
        let name = words.since;
        filters.push(Filter {
            name,
            choices: choices.into(),
        });
    }
    filters
}
