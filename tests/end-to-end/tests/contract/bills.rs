//! Bills: fetched as a function would, with the errors that a channel's file may have, and damaged on their way.

use std::time::Duration;

use anyhow::{Context, ensure};
use end_to_end::{eventually, same};
use jiff::civil::Date;
use jiff::tz::{TimeZone, offset};
use payonce_channels::statement::{
    Offer, Seal, Statement, StatementKind, TradeLine, TradeLineKind,
};
use payonce_domain::{Channel, RefundReport, Span, Timestamp};
use serde_json::json;

use crate::stage::{Account, PRICE, Stage, now, one_of_each_channel};

/// Past the hour at which every channel's bill of the day before is ready.
const A_DAY_LATER_SECONDS: u64 = 36 * 3_600;
const PART: u64 = 700;

/// What one account's day held.
struct Day {
    account: &'static str,
    date: Date,
    kept: String,
    refunded: String,
    refund: String,
}

/// Its clock runs ahead, so it has a simulator to itself.
pub(crate) async fn read_all() -> anyhow::Result<()> {
    let stage = Stage::start().await?;
    let mut days = Vec::new();
    for name in one_of_each_channel() {
        let account = stage.account(name)?;
        days.push(spend(&stage, account).await.context(name)?);
    }
    let clock = json!({ "advance_seconds": A_DAY_LATER_SECONDS });
    same(
        "the clock",
        stage.simulator.control("clock", &clock).await?.status,
        200,
    )?;
    for day in &days {
        let account = stage.account(day.account)?;
        read(&stage, account, day).await.context(day.account)?;
    }
    stage.stop().await
}

async fn spend(stage: &Stage, account: &Account) -> anyhow::Result<Day> {
    let way = *account.ways().first().context("a way to pay")?;
    let date = day_of(way.channel, now())?;
    let (kept, _) = stage.paid(account, way).await?;
    let (refunded, trade_no) = stage.paid(account, way).await?;
    let refund = stage.refund(account, &refunded, trade_no, PART)?;
    let client = stage.client(account);
    client.refund(&refunded, &refund, now()).await;
    eventually(Duration::from_secs(20), "refunded", || async {
        let told = client.query_refund(&refunded, &refund, now()).await.said;
        same("told", told, RefundReport::Succeeded)
    })
    .await?;
    Ok(Day {
        account: account.name,
        date,
        kept: kept.no.to_string(),
        refunded: refunded.no.to_string(),
        refund: refund.no.to_string(),
    })
}

/// UnionPay's day ends an hour before midnight.
fn day_of(channel: Channel, at: Timestamp) -> anyhow::Result<Date> {
    let at = match channel {
        Channel::Unionpay => at.plus(Span::hours(1)),
        Channel::Alipay | Channel::Wechat => at,
    };
    let at = jiff::Timestamp::from_millisecond(i64::try_from(at.as_millis())?)?;
    Ok(at.to_zoned(TimeZone::fixed(offset(8))).date())
}

async fn read(stage: &Stage, account: &Account, day: &Day) -> anyhow::Result<()> {
    let (lines, _) = fetched(stage, account, day).await?;
    agree(day, &lines)?;
    discrepancies(stage, account, day, &lines).await?;
    damages(stage, account, day).await
}

/// Both payments and the refund, and nothing else.
fn agree(day: &Day, lines: &[TradeLine]) -> anyhow::Result<()> {
    same("lines", lines.len(), 3)?;
    for no in [&day.kept, &day.refunded] {
        let line = payment(lines, no).with_context(|| format!("no line of {no}"))?;
        same("paid", line.amount.minor(), PRICE)?;
    }
    let mut refunds = lines
        .iter()
        .filter(|line| line.kind == TradeLineKind::Refund);
    let refund = refunds.next().context("no refund")?;
    same("its number", refund.refund_no.as_ref(), Some(&day.refund))?;
    same("gone back", refund.amount.minor(), PART)
}

fn payment<'a>(lines: &'a [TradeLine], no: &str) -> Option<&'a TradeLine> {
    lines
        .iter()
        .find(|line| line.kind == TradeLineKind::Payment && line.order_no == no)
}

/// The channel's file is wrong in one line, and says so of itself nowhere.
async fn discrepancies(
    stage: &Stage,
    account: &Account,
    day: &Day,
    right: &[TradeLine],
) -> anyhow::Result<()> {
    let count = right.len();
    for (kind, expected) in [
        ("drop", count - 1),
        ("add", count + 1),
        ("duplicate", count + 1),
        ("change_amount", count),
        ("change_fee", count),
    ] {
        let mut wanted = json!({
            "channel": account.adapter.channel().name(),
            "account": account.name,
            "bill_date": day.date.to_string(),
            "kind": kind,
        });
        if kind != "add" {
            wanted["channel_order_no"] = json!(day.kept);
        }
        let laid = stage.simulator.control("bills/discrepancies", &wanted);
        same(kind, laid.await?.status, 200)?;
        let (lines, _) = fetched(stage, account, day).await.context(kind)?;
        same(kind, lines.len(), expected)?;
        let line = payment(&lines, &day.kept);
        match kind {
            "drop" => ensure!(line.is_none(), "the dropped line is there"),
            "change_amount" => same(kind, line.map(|l| l.amount.minor()), Some(PRICE + 1))?,
            "change_fee" => {
                let line = line.context("the line")?;
                same(kind, line.amount.minor(), PRICE)?;
                let agreed = payment(right, &day.kept).context("the right line")?;
                let fees = (line.fee, agreed.fee);
                let (Some(fee), Some(agreed)) = fees else {
                    anyhow::bail!("{kind}: {fees:?}");
                };
                same(kind, fee.minor(), agreed.minor() + 2)?;
            }
            _ => same(kind, line.map(|l| l.amount.minor()), Some(PRICE))?,
        }
        stage.simulator.clear("bills/discrepancies").await?;
    }
    Ok(())
}

/// What is spoilt is no bill, whether it was spoilt when it was offered or when it was fetched.
async fn damages(stage: &Stage, account: &Account, day: &Day) -> anyhow::Result<()> {
    let spoil = async |kind: &str| {
        let channel = account.adapter.channel().name();
        let fault = json!({ "channel": channel, "operation": "bill", "fault": kind });
        let laid = stage.simulator.control("faults", &fault).await?;
        same(kind, laid.status, 200)
    };
    for kind in ["bad_signature", "forge", "garbage"] {
        spoil(kind).await?;
        let offer = offered(stage, account, day).await;
        let is_nothing = matches!(offer, Err(_) | Ok(Offer::NoAnswer));
        ensure!(is_nothing, "{kind}: {offer:?}");
    }
    let (_, (file, seal)) = fetched(stage, account, day).await?;
    if let Offer::Download { request, seal } = offered(stage, account, day).await? {
        spoil("bad_signature").await?;
        if let Ok(answer) = stage.transport.send(request).await {
            let is_whole = answer.body == file;
            let opened = open(account, day, &answer.body, seal.as_ref());
            ensure!(is_whole || opened.is_err(), "a spoilt file was read");
        }
        stage.simulator.clear("faults").await?;
    }
    for cut in [file.len() / 2, file.len() - 1, 0] {
        let opened = open(account, day, &file[..cut], seal.as_ref());
        ensure!(opened.is_err(), "{cut} bytes of {} were read", file.len());
    }
    Ok(())
}

type File = (Vec<u8>, Option<Seal>);

async fn offered(stage: &Stage, account: &Account, day: &Day) -> anyhow::Result<Offer> {
    let kind = StatementKind::Trades;
    let request = account.statements.request(kind, day.date, now());
    let request = request.map_err(|why| anyhow::anyhow!("{why:?}"))?;
    let answer = stage.transport.send(request).await?;
    ensure!(answer.status < 500, "an answer of {}", answer.status);
    let statements = account.statements.as_ref();
    Ok(statements.read_offer(kind, day.date, &answer, now()))
}

/// The whole way: every line must be readable.
async fn fetched(
    stage: &Stage,
    account: &Account,
    day: &Day,
) -> anyhow::Result<(Vec<TradeLine>, File)> {
    let (file, seal) = match offered(stage, account, day).await? {
        Offer::Download { request, seal } => (stage.transport.send(request).await?.body, seal),
        Offer::File(file) => (file, None),
        other @ (Offer::NotReady | Offer::Nothing | Offer::NoSuchBill | Offer::NoAnswer) => {
            anyhow::bail!("{} offers {other:?}", account.name)
        }
    };
    let statement = open(account, day, &file, seal.as_ref())?;
    let lines: Result<Vec<_>, _> = statement.trades.into_iter().collect();
    Ok((lines?, (file, seal)))
}

fn open(
    account: &Account,
    day: &Day,
    file: &[u8],
    seal: Option<&Seal>,
) -> anyhow::Result<Statement> {
    let statements = account.statements.as_ref();
    Ok(statements.open(StatementKind::Trades, day.date, file, seal)?)
}
