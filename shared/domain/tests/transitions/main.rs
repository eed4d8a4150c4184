//! Every state a payment and its attempt can be in, and what each fact and command makes of it.
//!
//! The table is a document: `transitions.txt` beside the manifest is what these tests write, and a
//! change of a decision shows there as a difference that a person reviews. After a change that is
//! meant, run the test once with `UPDATE_TRANSITIONS=1`.

#![allow(clippy::unwrap_used, clippy::panic)]

mod events;
mod situations;
#[path = "../world/mod.rs"]
mod world;

use std::collections::BTreeMap;
use std::fmt::Write;

use events::Event;
use payonce_domain::{Input, Mode, Payment, decide};
use situations::Situation;
use world::words;

const HEAD: &str = "\
Transitions of a payment
========================

What each fact and each command makes of a payment in each situation. Made by tests/transitions,
which compares it; UPDATE_TRANSITIONS=1 rewrites it. A dot stands for what stays as it was.

  order      the attempt that the situation and the events are about; + marks an attempt that is new
  capture    captures that are new or changed: channel trade number, fen, what became of it
  refund     refunds that are new or changed: cause, generation if not the first, fen, state
  case       what people must look at
  told       what the merchant and the bus are told
  answer     what a command's caller is told; strict and lenient only where they differ

The price is 1999 fen. Facts without any effect and commands that are refused stand below each table.
";

/// A line of the table: payment, order, capture, refund, case, told, answer.
type Line = [String; 7];

/// Stands for what stays as it was.
const DOT: &str = "·";

/// What an event came to.
#[derive(PartialEq, Eq)]
enum Outcome {
    Changed(Line),
    /// Times, counts or sources moved and nothing that the table shows.
    Within,
    Nothing,
    Refused(&'static str),
}

fn outcome(situation: &Situation, payment: &Payment, event: &Event) -> Outcome {
    let input = (event.input)(payment, situation.no);
    let now = event.when.unwrap_or(situation.now).max(situation.now);
    let (decision, answer) = match input {
        Input::Fact(fact) => (decide::on_fact(payment, fact, now), ""),
        Input::Command(command) => match decide::on_command(payment, command, now) {
            Ok(decision) => {
                let answer = words::answer(decision.answer());
                (decision, answer)
            }
            Err(refusal) => return Outcome::Refused(words::refusal(refusal)),
        },
        Input::Opened { .. } => unreachable!("nothing is opened twice"),
    };
    if !decision.changed() && answer.is_empty() {
        return Outcome::Nothing;
    }
    let after = decision.payment();
    let line = [
        unless_same(words::payment_state(payment), words::payment_state(after)),
        orders(situation, payment, after),
        news(captures(payment), captures(after)),
        news(refunds(payment), refunds(after)),
        news(cases(payment), cases(after)),
        news(told(payment), told(after)),
        if answer.is_empty() { DOT } else { answer }.to_owned(),
    ];
    if line.iter().all(|cell| cell == DOT) {
        return Outcome::Within;
    }
    Outcome::Changed(line)
}

fn captures(payment: &Payment) -> Vec<String> {
    payment.captures.iter().map(words::capture).collect()
}

fn refunds(payment: &Payment) -> Vec<String> {
    payment.refunds.iter().map(words::refund).collect()
}

fn cases(payment: &Payment) -> Vec<String> {
    let kinds = payment.cases.iter().map(|case| words::case(case.kind));
    kinds.map(str::to_owned).collect()
}

fn told(payment: &Payment) -> Vec<String> {
    let owed = payment.announcements.iter();
    owed.map(|a| a.kind.name().to_owned()).collect()
}

fn orders(situation: &Situation, before: &Payment, after: &Payment) -> String {
    let state = |payment: &Payment| {
        let order = payment.channel_order(situation.no);
        order.map_or_else(|| "none".to_owned(), words::order_state)
    };
    let mut text = unless_same(state(before), state(after));
    for order in &after.channel_orders {
        if before.channel_order(order.no).is_none() && order.no != situation.no {
            write!(
                text,
                " + {} {}",
                order.method().name(),
                words::order_state(order)
            )
            .unwrap();
        }
    }
    text
}

fn unless_same(before: String, after: String) -> String {
    if before == after {
        DOT.to_owned()
    } else {
        after
    }
}

/// What is there now and was not before.
fn news(before: Vec<String>, mut after: Vec<String>) -> String {
    for item in before {
        if let Some(known) = after.iter().position(|other| *other == item) {
            after.remove(known);
        }
    }
    if after.is_empty() {
        DOT.to_owned()
    } else {
        after.join(", ")
    }
}

/// One situation: its table, then what does nothing and what is refused.
fn section(out: &mut String, situation: &Situation) {
    let strict = (situation.payment)(Mode::Strict);
    let lenient = (situation.payment)(Mode::Lenient);
    let order = strict.channel_order(situation.no);
    let order = order.map_or_else(|| "none".to_owned(), words::order_state);
    let title = format!("payment {} · order {order}", words::payment_state(&strict));
    let title = format!("{title}: {}", situation.name);
    writeln!(out, "\n\n{title}\n{}\n", "-".repeat(title.chars().count())).unwrap();
    let mut lines: Vec<(String, Line)> = Vec::new();
    let mut aside: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for event in events::all(situation) {
        let outcomes = [
            ("strict: ", outcome(situation, &strict, &event)),
            ("lenient: ", outcome(situation, &lenient, &event)),
        ];
        let alike = outcomes[0].1 == outcomes[1].1;
        for (mode, outcome) in outcomes.into_iter().take(if alike { 1 } else { 2 }) {
            let name = format!("{}{}", if alike { "" } else { mode }, event.name);
            match outcome {
                Outcome::Changed(line) => lines.push((name, line)),
                Outcome::Within => aside.entry("only counted or timed").or_default().push(name),
                Outcome::Nothing => aside.entry("no change").or_default().push(name),
                Outcome::Refused(why) => aside.entry(why).or_default().push(name),
            }
        }
    }
    write_lines(out, &lines);
    for (what, names) in aside {
        write_wrapped(out, what, &names);
    }
}

/// A list that no reader has to scroll for.
fn write_wrapped(out: &mut String, what: &str, names: &[String]) {
    let mut line = format!("  {what}:");
    for (index, name) in names.iter().enumerate() {
        let end = if index + 1 == names.len() { "" } else { ";" };
        if line.chars().count() + name.chars().count() > 110 {
            writeln!(out, "{line}").unwrap();
            line = "     ".to_owned();
        }
        write!(line, " {name}{end}").unwrap();
    }
    writeln!(out, "{line}").unwrap();
}

fn write_lines(out: &mut String, lines: &[(String, Line)]) {
    if lines.is_empty() {
        return;
    }
    let head = [
        "", "payment", "order", "capture", "refund", "case", "told", "answer",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for (name, cells) in lines {
        let row = std::iter::once(name).chain(cells);
        rows.push(row.cloned().collect());
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..head.len()).map(|c| width(c).unwrap_or(0)).collect();
    for row in &rows {
        let mut line = String::from(" ");
        for (cell, width) in row.iter().zip(&widths) {
            let pad = width - cell.chars().count();
            write!(line, " {cell}{} ", " ".repeat(pad)).unwrap();
        }
        writeln!(out, "{}", line.trim_end()).unwrap();
    }
    writeln!(out).unwrap();
}

#[test]
fn the_table_is_as_reviewed() {
    let mut table = HEAD.to_owned();
    for situation in situations::all() {
        section(&mut table, &situation);
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/transitions.txt");
    if std::env::var_os("UPDATE_TRANSITIONS").is_some() {
        std::fs::write(path, &table).unwrap();
    }
    let reviewed = std::fs::read_to_string(path).unwrap_or_default();
    let differs = reviewed
        .lines()
        .zip(table.lines())
        .position(|(old, new)| old != new);
    let differs = differs.or((reviewed != table).then_some(reviewed.lines().count()));
    if let Some(line) = differs {
        let shown = |text: &str| text.lines().nth(line).unwrap_or("(the end)").to_owned();
        panic!(
            "transitions.txt differs first in line {}:\n  reviewed: {}\n  now:      {}\n\
             If the change is meant, run with UPDATE_TRANSITIONS=1 and review the difference.",
            line + 1,
            shown(&reviewed),
            shown(&table)
        );
    }
}
