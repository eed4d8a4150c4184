//! The table of abilities: what every adapter does when it is asked, and what the domain's policy says, which must agree.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, ensure};
use end_to_end::{Way, same};
use jiff::civil::date;
use payonce_channels::CannotSend;
use payonce_channels::statement::StatementKind;
use payonce_domain::schedule::{Creation, Ladder, Policy, policy};
use payonce_domain::{ChannelTradeNo, RefundForm, Span};

use crate::stage::{Account, Stage, now, one_of_each_channel};

const PATH: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../shared/channels/CAPABILITIES.md"
);

const HEAD: &str = "\
# What each channel can do

Made by `cargo test -p end-to-end --test contract capabilities` from the adapters themselves and held against the policies
of `shared/domain/src/schedule`; `UPDATE_CAPABILITIES=1` writes it again. The application asks the policy, never a
channel's name.

";

/// One column of a table: its title, and what stands there.
type Column = (&'static str, String);

/// Makes the table and holds it against the file.
pub(crate) fn hold(stage: &Stage) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for name in one_of_each_channel() {
        let account = stage.account(name)?;
        for way in account.ways() {
            let row = row(stage, account, way);
            rows.push(row.with_context(|| format!("{way:?}"))?);
        }
    }
    let table = format!("{HEAD}{}", as_markdown(&rows));
    if std::env::var_os("UPDATE_CAPABILITIES").is_some() {
        std::fs::write(Path::new(PATH), &table)?;
    }
    let kept = std::fs::read_to_string(PATH).unwrap_or_default();
    ensure!(
        kept == table,
        "shared/channels/CAPABILITIES.md says something else; UPDATE_CAPABILITIES=1 writes:\n{table}"
    );
    Ok(())
}

/// Whether a call can be built at all; an account with its secrets lacks nothing else.
fn is_built<T>(request: Result<T, CannotSend>) -> anyhow::Result<bool> {
    match request {
        Ok(_) => Ok(true),
        Err(CannotSend::NoSuchCall) => Ok(false),
        Err(missing @ (CannotSend::NoSecret | CannotSend::NoAuthCode)) => {
            anyhow::bail!("the call lacks what it needs: {missing:?}")
        }
    }
}

fn row(stage: &Stage, account: &Account, way: Way) -> anyhow::Result<Vec<Column>> {
    let policy = policy(way.channel, way.method);
    let adapter = account.adapter.as_ref();
    let order = stage.order(account, way)?;
    let trade_no = ChannelTradeNo::new("2026112022001400000000001")?;
    let at = now();

    let by_browser = adapter.action(&order, at).is_some();
    let by_call = adapter.create_request(&order, at).is_ok();
    ensure!(by_browser != by_call, "created by one of the two");
    same(
        "the browser creates it",
        by_browser,
        policy.creation == Creation::ByBrowser,
    )?;
    let closes = is_built(adapter.close_request(&order, at))?;
    same("closes", closes, policy.closes)?;
    let reverses = is_built(adapter.reverse_request(&order, at))?;
    same("reverses", reverses, policy.reverses)?;

    let mut part = stage.refund(account, &order, trade_no, 700)?;
    let partial = is_built(adapter.refund_request(&order, &part, at))?;
    same("partial refunds", partial, policy.refunds.partial)?;
    part.form = RefundForm::Undo;
    part.amount = order.amount;
    let undoes = is_built(adapter.refund_request(&order, &part, at))?;
    if policy.refunds.undoes {
        ensure!(undoes, "it undoes, and the adapter cannot");
    }
    ensure!(
        is_built(adapter.query_request(&order, at))?
            && is_built(adapter.refund_query_request(&order, &part, at))?,
        "orders and refunds can be asked about"
    );
    let bill = |kind| is_built(account.statements.request(kind, date(2026, 11, 20), at));
    let bills = match (bill(StatementKind::Trades)?, bill(StatementKind::Funds)?) {
        (true, true) => "trades, funds",
        (true, false) => "trades",
        (false, true) => "funds",
        (false, false) => "none",
    };
    Ok(columns(way, &policy, bills))
}

fn columns(way: Way, policy: &Policy, bills: &str) -> Vec<Column> {
    let yes = |does: bool| if does { "yes" } else { "no" }.to_owned();
    let created = match policy.creation {
        Creation::ByBrowser => "by the browser",
        Creation::ByCall => "by a call",
        Creation::Once => "by a call, once",
    };
    let refunds = &policy.refunds;
    vec![
        ("channel", way.channel.name().to_owned()),
        ("method", way.name().to_owned()),
        ("created", created.to_owned()),
        ("asked about after", rungs(&policy.query)),
        ("absence proves nothing until", span(policy.absence_margin)),
        ("proven dead by one more create", yes(policy.burns)),
        ("closes", yes(policy.closes)),
        ("not closed before", span(policy.close_wait)),
        ("tried to end after", rungs(&policy.closing)),
        ("reverses (冲正)", yes(policy.reverses)),
        (
            "confirmed within",
            if policy.reverses {
                span(policy.confirm_within)
            } else {
                "–".to_owned()
            },
        ),
        ("returns late captures", yes(policy.returns_late_captures)),
        ("partial refunds", yes(refunds.partial)),
        ("undoes (撤销)", yes(refunds.undoes)),
        ("tells of refunds", yes(refunds.notified)),
        ("refunds asked about after", rungs(&refunds.query)),
        ("refused refund again after", span(refunds.again)),
        ("between two refunds", span(refunds.pace)),
        ("refunds a second", refunds.per_second.to_string()),
        ("refunds taken for", span(refunds.window)),
        ("refund named by its time", yes(refunds.named_by_time)),
        ("bills", bills.to_owned()),
    ]
}

/// One table a row of abilities, so that it can be read on a page: the ways stand across.
fn as_markdown(rows: &[Vec<Column>]) -> String {
    let mut text = String::new();
    let titles = rows.first().map(Vec::as_slice).unwrap_or_default();
    for (index, (title, _)) in titles.iter().enumerate() {
        let values = rows.iter().map(|row| row[index].1.as_str());
        let values: Vec<_> = values.collect();
        let _infallible = writeln!(text, "| {title} | {} |", values.join(" | "));
        if index == 0 {
            let _infallible = writeln!(text, "|---{}|", "|---".repeat(values.len()));
        }
    }
    text
}

/// The rungs of a ladder, and the steady repeat after them.
fn rungs(ladder: &Ladder) -> String {
    let shown: Vec<_> = ladder.steps().map(span).collect();
    format!("{}; then each {}", shown.join(", "), span(ladder.repeat()))
}

fn span(span: Span) -> String {
    let seconds = span.as_seconds_rounded_up();
    match seconds {
        0 => "0".to_owned(),
        s if s.is_multiple_of(86_400) => format!("{} d", s / 86_400),
        s if s.is_multiple_of(3_600) => format!("{} h", s / 3_600),
        s if s.is_multiple_of(60) => format!("{} min", s / 60),
        s => format!("{s} s"),
    }
}
