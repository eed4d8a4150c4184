//! The buyer pays once, and we hear of it: told, told too often, or not told (F26, F27).

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use end_to_end::{
    Fault, Merchant, Notification, Way, World, attempt, audit, eventually, is_one_of, same, text,
};
use futures::future::join_all;
use payonce_domain::Channel;
use serde_json::Value;

/// A notification needs one function to start; on a busy machine that takes a while.
const TOLD_WITHIN: Duration = Duration::from_secs(15);
/// The second rung of the ladder of questions is 15 s after the initiation.
const ASKED_WITHIN: Duration = Duration::from_secs(30);

/// What the last entry of the timeline rests on.
async fn last_evidence(merchant: &Merchant, payment_no: &str) -> anyhow::Result<Value> {
    let entries = merchant.steps(payment_no).await?;
    Ok(entries
        .last()
        .map_or(Value::Null, |entry| entry["evidence"].clone()))
}

async fn paid_within(
    merchant: &Merchant,
    payment_no: &str,
    within: Duration,
) -> anyhow::Result<Value> {
    eventually(within, "paid", || async {
        let payment = merchant.payment(payment_no).await?;
        same("state", &payment["state"], "paid")?;
        Ok(payment)
    })
    .await
}

pub(crate) async fn at_once(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.strict()?;
    let order = merchant.order(1_999);
    let payment = merchant.initiate(&order, Way::ALIPAY_PAGE).await?;
    is_one_of(&payment, &[201])?;
    let page = attempt(&payment.json, Way::ALIPAY_PAGE)?;
    // Nobody can be asked, so whatever we know we were told.
    world
        .simulator
        .fault(
            text(page, "/channel_order_no")?,
            Fault::times("query", "http_500", 20),
        )
        .await?;
    world.simulator.open_and_pay(page).await?;
    let no = order.payment_no()?;
    let paid = paid_within(&merchant, &no, TOLD_WITHIN).await?;
    same("one change", merchant.steps(&no).await?.len(), 2)?;
    same(
        "learnt by",
        last_evidence(&merchant, &no).await?,
        "notification",
    )?;
    let book = world
        .simulator
        .book(text(page, "/channel_order_no")?)
        .await?
        .context("a book")?;
    let trade_no = &attempt(&paid, Way::ALIPAY_PAGE)?["channel_trade_no"];
    same("the channel's number", trade_no, &book["trade_no"])?;
    audit(&world, &merchant, &no).await?;
    Ok(())
}

pub(crate) async fn twenty_copies(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.lenient()?;
    let order = merchant.order(1_999);
    let payment = merchant.initiate(&order, Way::ALIPAY_PAGE).await?;
    is_one_of(&payment, &[201])?;
    let page = attempt(&payment.json, Way::ALIPAY_PAGE)?;
    let number = text(page, "/channel_order_no")?;
    world
        .simulator
        .fault(number, Fault::once("notify", "drop"))
        .await?;
    world
        .simulator
        .fault(number, Fault::times("query", "http_500", 20))
        .await?;
    world.simulator.open_and_pay(page).await?;

    let account = world
        .simulator
        .account_of(Channel::Alipay, &merchant.id)
        .await?;
    let book = world.simulator.book(number).await?.context("a book")?;
    let told = Notification::of(&account, &book, "19.99")?;
    let told = told.signed(text(&account, "/channel_private_key")?)?;
    let url = text(&account, "/webhook_url")?;
    for round in 0..2 {
        let copies = (0..20).map(|_| told.post(&world.http, url));
        for answer in join_all(copies).await {
            let answer = answer?;
            ensure!(
                answer.status == 200 && answer.bytes == b"success",
                "round {round}: {}",
                answer.shown()
            );
        }
        let paid = merchant.payment(&order.payment_no()?).await?;
        same("state", &paid["state"], "paid")?;
        let steps = merchant.steps(&order.payment_no()?).await?;
        same("one change", steps.len(), 2)?;
        let kept = world.aws.items_of("evidence", &order.payment_no()?).await?;
        same("evidence of one message", kept.len(), 1)?;
    }
    audit(&world, &merchant, &order.payment_no()?).await?;
    Ok(())
}

pub(crate) async fn notification_lost(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.lenient()?;
    let order = merchant.order(1_999);
    let payment = merchant.initiate(&order, Way::ALIPAY_PAGE).await?;
    is_one_of(&payment, &[201])?;
    let began = Instant::now();
    let page = attempt(&payment.json, Way::ALIPAY_PAGE)?;
    let number = text(page, "/channel_order_no")?;
    world
        .simulator
        .fault(number, Fault::once("notify", "drop"))
        .await?;
    world.simulator.open_and_pay(page).await?;
    let no = order.payment_no()?;
    let within = ASKED_WITHIN.saturating_sub(began.elapsed());
    paid_within(&merchant, &no, within).await?;
    same("learnt by", last_evidence(&merchant, &no).await?, "query")?;
    audit(&world, &merchant, &no).await?;
    Ok(())
}
