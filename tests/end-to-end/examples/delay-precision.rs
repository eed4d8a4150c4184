//! How punctual delayed messages are: schedules many over a stretch of time on a local stack, and prints how late they
//! came to a receiver on this machine.
//!
//! `cargo run --release -p end-to-end --example delay-precision -- 1000 1200` spreads 1,000 messages over delays of 1 s to
//! 1,200 s. The functions are built as for real with `--release` behind the two numbers.

use std::time::Duration;

use anyhow::{Context, ensure};
use end_to_end::{Ears, Receiver, World};
use futures::{StreamExt, TryStreamExt};
use payonce_local::{Stack, StackOptions};
use serde_json::{Value, json};

/// How many requests are on their way at a time.
const AT_ONCE: usize = 4;
/// How long after the last one's time stragglers are waited for: two sweeps and a busy machine.
const STRAGGLERS: Duration = Duration::from_secs(180);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut numbers = std::env::args().skip(1);
    let mut number = |otherwise: u64| match numbers.next() {
        Some(text) => text.parse().context("the numbers are messages and seconds"),
        None => Ok(otherwise),
    };
    let (messages, longest) = (number(1_000)?, number(1_200)?);
    let release = numbers.next().as_deref() == Some("--release");
    ensure!(messages > 0 && longest > 0, "nothing to measure");
    let receiver = Receiver::start().await?;
    let ears = Ears::open().await?;
    let options = StackOptions {
        release,
        notify_urls: vec![receiver.url().to_owned()],
        ..StackOptions::for_test("delay-precision")
    };
    let stack = Stack::start(options).await?;
    let world = World::around(stack.endpoints().clone(), receiver, ears)?;
    let measured = measure(&world, messages, longest).await;
    stack.stop().await;
    report(measured?)
}

/// How late each message was, in milliseconds, and how many never came or came early or twice.
struct Measured {
    late: Vec<u128>,
    early: usize,
    twice: usize,
    missing: usize,
}

async fn measure(world: &World, messages: u64, longest: u64) -> anyhow::Result<Measured> {
    let scheduling =
        futures::stream::iter(0..messages).map(|n| schedule(world, n, messages, longest));
    let scheduled: Vec<(String, u128)> = scheduling.buffer_unordered(AT_ONCE).try_collect().await?;
    let last = scheduled
        .iter()
        .map(|(_, at)| *at)
        .max()
        .unwrap_or_default();
    let until = last + STRAGGLERS.as_millis();
    loop {
        let all_came = scheduled
            .iter()
            .all(|(no, _)| !world.receiver.told(no).is_empty());
        if all_came || end_to_end::milliseconds() > until {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let mut measured = Measured {
        late: Vec::new(),
        early: 0,
        twice: 0,
        missing: 0,
    };
    for (no, wanted) in &scheduled {
        let told = world.receiver.told(no);
        let Some(first) = told.first() else {
            measured.missing += 1;
            continue;
        };
        measured.early += usize::from(first.at < *wanted);
        measured.twice += usize::from(told.len() > 1);
        measured.late.push(first.at.saturating_sub(*wanted));
    }
    Ok(measured)
}

/// Schedules one message, its delay spread evenly from a second to the longest; its number and time.
async fn schedule(
    world: &World,
    n: u64,
    messages: u64,
    longest: u64,
) -> anyhow::Result<(String, u128)> {
    let merchant = world.lenient()?;
    let body = json!({
        "id": merchant.order(1).number,
        "delay_seconds": 1 + n * longest.saturating_sub(1) / messages,
        "payload": { "n": n },
        "target": { "type": "webhook", "url": world.receiver.url() },
    });
    let answer = merchant.post("/v1/delayed-messages", &body).await?;
    ensure!(answer.status == 201, "scheduling: {}", answer.shown());
    let text = |name: &str| answer.json[name].as_str().context("a text");
    let at: jiff::Timestamp = text("deliver_at")?.parse()?;
    Ok((
        text("message_no")?.to_owned(),
        u128::try_from(at.as_millisecond())?,
    ))
}

fn report(mut measured: Measured) -> anyhow::Result<()> {
    let late = &mut measured.late;
    late.sort_unstable();
    let rank = |percent: usize| {
        let index = (late.len() * percent).div_ceil(100).saturating_sub(1);
        late.get(index)
            .map_or(Value::Null, |late| json!(u64::try_from(*late).ok()))
    };
    let said = json!({
        "messages": late.len(),
        "late_ms_p50": rank(50),
        "late_ms_p99": rank(99),
        "late_ms_worst": rank(100),
        "early": measured.early,
        "twice": measured.twice,
        "missing": measured.missing,
    });
    #[allow(clippy::print_stdout)]
    {
        println!("{said:#}");
    }
    ensure!(measured.missing == 0, "messages are missing");
    ensure!(measured.early == 0, "messages came early");
    Ok(())
}
