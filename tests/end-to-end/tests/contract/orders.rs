//! Orders: created twice, not yet there, closed and paid in either order, and somebody else's.

use anyhow::{Context, ensure};
use end_to_end::{Way, same};
use payonce_channels::{CloseAnswer, CreateTold};
use payonce_domain::schedule::{Creation, policy};
use payonce_domain::{CreateAnswer, Report, ReversalReport};

use crate::stage::{Account, Stage, as_json, now};

pub(crate) async fn a_repeated_create_makes_one_order(
    stage: &Stage,
    account: &Account,
    way: Way,
) -> anyhow::Result<()> {
    if policy(way.channel, way.method).creation == Creation::Once {
        return Ok(());
    }
    let order = stage.order(account, way)?;
    for round in 0..3 {
        let told = stage.client(account).create(&order, now()).await.said;
        let CreateTold::Answered(CreateAnswer::Made { action, .. }) = told else {
            anyhow::bail!("round {round}: {told:?}");
        };
        let shown = serde_json::json!({ "action": as_json(&action) });
        stage.simulator.open_cashier(&shown).await?;
    }
    let no = order.no.to_string();
    let book = stage.simulator.book(&no).await?.context("a book")?;
    same("payable orders", &book["created_count"], 1)?;
    same("the amount", &book["amount"], crate::stage::PRICE)
}

pub(crate) async fn what_nobody_began_is_not_found(
    stage: &Stage,
    account: &Account,
    way: Way,
) -> anyhow::Result<()> {
    let order = stage.order(account, way)?;
    let told = stage.client(account).query(&order, now()).await.said;
    same("before anybody began it", told, Report::NotFound)
}

pub(crate) async fn closed_then_paid(
    stage: &Stage,
    account: &Account,
    way: Way,
) -> anyhow::Result<()> {
    if !policy(way.channel, way.method).closes {
        return Ok(());
    }
    let order = stage.opened(account, way).await?;
    let client = stage.client(account);
    same(
        "before",
        client.query(&order, now()).await.said,
        Report::Unpaid,
    )?;
    let closed = client.close(&order, now()).await.said;
    same("the close", closed, CloseAnswer::Accepted)?;
    same(
        "after",
        client.query(&order, now()).await.said,
        Report::Closed,
    )?;
    let paid = stage.simulator.try_pay(&order.no.to_string(), None).await?;
    same("it takes no money", paid.status, 409)
}

pub(crate) async fn paid_then_closed(
    stage: &Stage,
    account: &Account,
    way: Way,
) -> anyhow::Result<()> {
    let (order, trade_no) = stage.paid(account, way).await?;
    let client = stage.client(account);
    let closed = client.close(&order, now()).await.said;
    let expected = if policy(way.channel, way.method).closes {
        CloseAnswer::Conflict
    } else {
        CloseAnswer::NoAnswer
    };
    same("the close", closed, expected)?;
    let told = client.query(&order, now()).await.said;
    let is_paid = matches!(&told, Report::Paid { trade_no: told, amount, .. }
        if *told == trade_no && *amount == order.amount);
    ensure!(is_paid, "it stays paid: {told:?}");
    Ok(())
}

/// Only what the buyer's code began can be reversed, and then it is as if it never was.
pub(crate) async fn reversed_then_paid(
    stage: &Stage,
    account: &Account,
    way: Way,
) -> anyhow::Result<()> {
    let client = stage.client(account);
    if !policy(way.channel, way.method).reverses {
        let order = stage.order(account, way)?;
        let told = client.reverse(&order, now()).await.said;
        return same("no reversal of it", told, ReversalReport::Refused);
    }
    let order = stage.opened(account, way.asking()).await?;
    same(
        "before",
        client.query(&order, now()).await.said,
        Report::Unpaid,
    )?;
    for round in ["once", "again"] {
        let told = client.reverse(&order, now()).await.said;
        let ended = matches!(
            told,
            ReversalReport::Reversed | ReversalReport::NothingTaken
        );
        ensure!(ended, "{round}: {told:?}");
    }
    let paid = stage.simulator.try_pay(&order.no.to_string(), None).await?;
    same("it takes no money", paid.status, 409)?;

    // What was paid goes back with it.
    let (order, _) = stage.paid(account, way).await?;
    let told = client.reverse(&order, now()).await.said;
    same("after the payment", told, ReversalReport::Reversed)?;
    let no = order.no.to_string();
    let book = stage.simulator.book(&no).await?.context("a book")?;
    let back = book["refunds"].as_array().context("refunds")?;
    let back: u64 = back.iter().filter_map(|one| one["amount"].as_u64()).sum();
    same("gone back", back, crate::stage::PRICE)
}

/// Whatever a channel repeats of the one call that carries it.
pub(crate) async fn a_payment_code_is_not_kept(
    stage: &Stage,
    account: &Account,
    way: Way,
) -> anyhow::Result<()> {
    let order = stage.order(account, way)?;
    let Some(code) = order.auth_code.as_deref() else {
        return Ok(());
    };
    let client = stage.client(account);
    let created = client.create(&order, now()).await.raw;
    let queried = client.query(&order, now()).await.raw;
    let reversed = client.reverse(&order, now()).await.raw;
    for (call, raw) in [
        ("create", created),
        ("query", queried),
        ("reverse", reversed),
    ] {
        let raw = String::from_utf8(raw.with_context(|| format!("no answer to {call}"))?)?;
        ensure!(!raw.contains(code), "the answer to {call} repeats the code");
    }
    Ok(())
}

pub(crate) async fn another_accounts_order_is_never_paid(
    stage: &Stage,
    account: &Account,
    way: Way,
) -> anyhow::Result<()> {
    let (order, _) = stage.paid(account, way).await?;
    let other = stage.account(&format!("{}-two", way.channel.name()))?;
    let told = stage.client(other).query(&order, now()).await.said;
    ensure!(
        [Report::NotFound, Report::NoAnswer].contains(&told),
        "another merchant was told {told:?}"
    );
    Ok(())
}
