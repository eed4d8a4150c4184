//! Refunds: under one number money moves once, and what was not sent is not there.

use std::time::Duration;

use anyhow::{Context, ensure};
use end_to_end::{Way, eventually, same};
use payonce_channels::News;
use payonce_domain::RefundReport;
use payonce_domain::schedule::policy;

use crate::stage::{Account, Stage, now};

const PART: u64 = 700;

pub(crate) async fn the_same_number_moves_money_once(
    stage: &Stage,
    account: &Account,
    way: Way,
) -> anyhow::Result<()> {
    let (order, trade_no) = stage.paid(account, way).await?;
    let refund = stage.refund(account, &order, trade_no, PART)?;
    let client = stage.client(account);
    let first = client.refund(&order, &refund, now()).await.said;
    ensure!(
        [RefundReport::Accepted, RefundReport::Succeeded].contains(&first),
        "the first: {first:?}"
    );
    for _ in 0..2 {
        let again = client.refund(&order, &refund, now()).await.said;
        ensure!(
            ![RefundReport::Failed, RefundReport::NotFound].contains(&again),
            "a repeat is no failure: {again:?}"
        );
    }
    eventually(Duration::from_secs(20), "refunded", || async {
        let told = client.query_refund(&order, &refund, now()).await.said;
        same("told", told, RefundReport::Succeeded)
    })
    .await?;
    let no = order.no.to_string();
    let book = stage.simulator.book(&no).await?.context("a book")?;
    let moved = book["refunds"].as_array().context("refunds")?;
    same("refunds", moved.len(), 1)?;
    same("amount", &moved[0]["amount"], PART)?;
    same("number", &moved[0]["refund_no"], &*refund.no.to_string())
}

pub(crate) async fn a_refund_nobody_sent_is_not_found(
    stage: &Stage,
    account: &Account,
    way: Way,
) -> anyhow::Result<()> {
    let (order, trade_no) = stage.paid(account, way).await?;
    let refund = stage.refund(account, &order, trade_no, PART)?;
    let told = stage
        .client(account)
        .query_refund(&order, &refund, now())
        .await
        .said;
    same("told", told, RefundReport::NotFound)
}

/// Whoever waits for the news of a refund gets it, where the policy says that it comes.
pub(crate) async fn a_refund_is_told(
    stage: &Stage,
    account: &Account,
    way: Way,
) -> anyhow::Result<()> {
    if !policy(way.channel, way.method).refunds.notified {
        return Ok(());
    }
    let (order, trade_no) = stage.paid(account, way).await?;
    let refund = stage.refund(account, &order, trade_no, PART)?;
    stage.client(account).refund(&order, &refund, now()).await;
    let is_told = |news: &News| {
        matches!(news, News::Refund { no, report: RefundReport::Succeeded, amount }
            if *no == refund.no && amount.is_none_or(|amount| amount == refund.amount))
    };
    stage.heard_that(account, &order, is_told).await?;
    Ok(())
}
