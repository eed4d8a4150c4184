//! A strict merchant's buyer wants another way to pay: only after the first is proven closed.

use std::time::Duration;

use anyhow::Context;
use end_to_end::{
    Fault, Merchant, Order, Way, World, attempt, audit, eventually, is_one_of, is_problem, refunds,
    same, text,
};
use serde_json::{Value, json};

async fn first_page(merchant: &Merchant) -> anyhow::Result<(Order, Value)> {
    let order = merchant.order(1_999);
    let answer = merchant.initiate(&order, Way::ALIPAY_PAGE).await?;
    is_one_of(&answer, &[201])?;
    Ok((order, attempt(&answer.json, Way::ALIPAY_PAGE)?.clone()))
}

async fn paid(merchant: &Merchant, no: &str) -> anyhow::Result<()> {
    eventually(Duration::from_secs(90), "paid", || async {
        same("state", &merchant.payment(no).await?["state"], "paid")
    })
    .await
}

pub(crate) async fn without_consent(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.strict()?;
    let (order, page) = first_page(&merchant).await?;
    let no = order.payment_no()?;
    let asked = [
        merchant.initiate(&order, Way::ALIPAY_WAP).await?,
        merchant.channel_order(&no, Way::ALIPAY_WAP, false).await?,
    ];
    for refused in asked {
        is_problem(&refused, 409, "state-unknown")?;
        same(
            "what to do",
            &refused.json["next_actions"],
            &json!(["query", "close"]),
        )?;
        same("about which", text(&refused.json, "/payment_no")?, &*no)?;
    }
    let payment = merchant.payment(&no).await?;
    same("nothing was written", &payment["version"], 1)?;
    world.simulator.open_and_pay(&page).await?;
    paid(&merchant, &no).await?;
    audit(&world, &merchant, &no).await?;
    Ok(())
}

pub(crate) async fn opened(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.strict()?;
    let (order, page) = first_page(&merchant).await?;
    let no = order.payment_no()?;
    world.simulator.open_cashier(&page).await?;
    let switched = merchant.channel_order(&no, Way::ALIPAY_WAP, true).await?;
    is_one_of(&switched, &[201])?;
    same(
        "the first is closed",
        text(attempt(&switched.json, Way::ALIPAY_PAGE)?, "/state")?,
        "closed",
    )?;
    let number = text(&page, "/channel_order_no")?;
    let book = world.simulator.book(number).await?.context("a book")?;
    same("at the channel too", &book["state"], "closed")?;
    same(
        "it takes no money",
        world.simulator.try_pay(number, None).await?.status,
        409,
    )?;
    let wap = attempt(&switched.json, Way::ALIPAY_WAP)?;
    same("the second is open", text(wap, "/state")?, "pending")?;
    let again = merchant.channel_order(&no, Way::ALIPAY_WAP, true).await?;
    is_one_of(&again, &[200])?;
    world.simulator.open_and_pay(wap).await?;
    paid(&merchant, &no).await?;
    let settled = audit(&world, &merchant, &no).await?;
    same(
        "no refund was needed",
        settled["refunds"].as_array().map(Vec::len),
        Some(0),
    )
}

pub(crate) async fn unopened(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.strict()?;
    let (order, page) = first_page(&merchant).await?;
    let no = order.payment_no()?;
    let refused = merchant.channel_order(&no, Way::ALIPAY_WAP, true).await?;
    is_problem(&refused, 409, "state-unknown")?;
    same(
        "what to do",
        &refused.json["next_actions"],
        &json!(["query", "wait", "new-order"]),
    )?;
    let payment = merchant.payment(&no).await?;
    same(
        "no second attempt",
        payment["channel_orders"].as_array().map(Vec::len),
        Some(1),
    )?;
    same(
        "the first is on its way out",
        text(&payment, "/channel_orders/0/state")?,
        "closing",
    )?;
    // The link that was handed out still works, and a switch does not turn its money away.
    world.simulator.open_and_pay(&page).await?;
    paid(&merchant, &no).await?;
    let settled = audit(&world, &merchant, &no).await?;
    same(
        "no refund was needed",
        refunds(&settled, "late_payment").len(),
        0,
    )
}

async fn switch_after_payment(world: &World, lost: bool) -> anyhow::Result<()> {
    let merchant = world.strict()?;
    let (order, page) = first_page(&merchant).await?;
    let no = order.payment_no()?;
    if lost {
        let number = text(&page, "/channel_order_no")?;
        world
            .simulator
            .fault(number, Fault::once("notify", "drop"))
            .await?;
    }
    world.simulator.open_and_pay(&page).await?;
    let refused = merchant.channel_order(&no, Way::ALIPAY_WAP, true).await?;
    is_problem(&refused, 409, "already-paid")?;
    let settled = audit(world, &merchant, &no).await?;
    same("state", text(&settled, "/state")?, "paid")
}

pub(crate) async fn found_paid(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    tokio::try_join!(
        switch_after_payment(&world, true),
        switch_after_payment(&world, false)
    )?;
    Ok(())
}
