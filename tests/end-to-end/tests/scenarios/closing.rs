//! Closing, and money that comes at the same time or later: refunded once, or accepted; never lost, never both.

use std::time::Duration;

use anyhow::{Context, ensure};
use end_to_end::{
    Fault, Merchant, Order, Way, World, attempt, audit, eventually, is_one_of, is_problem, refunds,
    same, text,
};
use futures::future::try_join_all;
use serde_json::{Value, json};

/// The closing ladder asks after ten seconds, thirty, a minute; a capture is told at once or asked for then.
const NOTICED_WITHIN: Duration = Duration::from_secs(100);

async fn first_page(merchant: &Merchant) -> anyhow::Result<(Order, Value)> {
    let order = merchant.order(1_999);
    let answer = merchant.initiate(&order, Way::ALIPAY_PAGE).await?;
    is_one_of(&answer, &[201])?;
    Ok((order, attempt(&answer.json, Way::ALIPAY_PAGE)?.clone()))
}

/// Waits for the capture, then for its way back, and sees that it went back whole and once.
async fn gone_back(world: &World, merchant: &Merchant, no: &str) -> anyhow::Result<()> {
    captured(merchant, no).await?;
    let settled = audit(world, merchant, no).await?;
    same("state", text(&settled, "/state")?, "closed")?;
    same("applied", &settled["money"]["applied"]["value"], 0)?;
    same(
        "refunds in all",
        settled["refunds"].as_array().map(Vec::len),
        Some(1),
    )?;
    same("late payments", refunds(&settled, "late_payment").len(), 1)
}

async fn captured(merchant: &Merchant, no: &str) -> anyhow::Result<()> {
    eventually(NOTICED_WITHIN, "the capture known", || async {
        let payment = merchant.payment(no).await?;
        same("captured", &payment["money"]["captured"]["value"], 1_999)
    })
    .await
}

pub(crate) async fn unopened_link(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.lenient()?;
    for lost in [false, true] {
        let (order, page) = first_page(&merchant).await?;
        let no = order.payment_no()?;
        let closing = merchant.close(&no).await?;
        is_one_of(&closing, &[202])?;
        same("state", text(&closing.json, "/state")?, "closing")?;
        is_problem(
            &merchant.initiate(&order, Way::ALIPAY_PAGE).await?,
            409,
            "order-closed",
        )?;
        let again = merchant.close(&no).await?;
        is_one_of(&again, &[202])?;
        // The channel never heard of the order, so the link that was handed out still works.
        if lost {
            let number = text(&page, "/channel_order_no")?;
            world
                .simulator
                .fault(number, Fault::once("notify", "drop"))
                .await?;
        }
        world.simulator.open_and_pay(&page).await?;
        gone_back(&world, &merchant, &no).await?;
    }
    Ok(())
}

pub(crate) async fn opened(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.strict()?;
    let (order, page) = first_page(&merchant).await?;
    let no = order.payment_no()?;
    world.simulator.open_cashier(&page).await?;
    let closed = merchant.close(&no).await?;
    is_one_of(&closed, &[200])?;
    same("state", text(&closed.json, "/state")?, "closed")?;
    let number = text(&page, "/channel_order_no")?;
    let book = world.simulator.book(number).await?.context("a book")?;
    same("at the channel too", &book["state"], "closed")?;
    same(
        "it takes no money",
        world.simulator.try_pay(number, None).await?.status,
        409,
    )?;
    is_one_of(&merchant.close(&no).await?, &[200])?;
    is_problem(
        &merchant.initiate(&order, Way::ALIPAY_PAGE).await?,
        409,
        "order-closed",
    )?;
    is_problem(
        &merchant.initiate(&order, Way::ALIPAY_WAP).await?,
        409,
        "order-closed",
    )?;
    audit(&world, &merchant, &no).await?;
    Ok(())
}

pub(crate) async fn paid_during_close(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.lenient()?;
    let (order, page) = first_page(&merchant).await?;
    let no = order.payment_no()?;
    let number = text(&page, "/channel_order_no")?;
    world.simulator.open_cashier(&page).await?;
    // The call to close takes its time, and the buyer does not.
    let slow = Fault {
        delay_ms: Some(4_000),
        ..Fault::once("close", "delay")
    };
    world.simulator.fault(number, slow).await?;
    let pay = async {
        eventually(Duration::from_secs(20), "closing", || async {
            same(
                "state",
                text(&merchant.payment(&no).await?, "/state")?,
                "closing",
            )
        })
        .await?;
        world.simulator.pay(number).await
    };
    let (closed, paid) = tokio::join!(merchant.close(&no), pay);
    paid?;
    is_one_of(&closed?, &[200, 202])?;
    gone_back(&world, &merchant, &no).await
}

pub(crate) async fn answer_lost(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.lenient()?;
    for kind in ["timeout_after", "reset", "system_error"] {
        let (order, page) = first_page(&merchant).await?;
        let no = order.payment_no()?;
        let number = text(&page, "/channel_order_no")?;
        world.simulator.open_cashier(&page).await?;
        world
            .simulator
            .fault(number, Fault::once("close", kind))
            .await?;
        let closing = merchant.close(&no).await?;
        // Silence is not "closed": the channel is asked again.
        is_one_of(&closing, &[202]).context(kind)?;
        eventually(NOTICED_WITHIN, "closed", || async {
            same(
                "state",
                text(&merchant.payment(&no).await?, "/state")?,
                "closed",
            )
        })
        .await?;
        let book = world.simulator.book(number).await?.context("a book")?;
        same("at the channel", &book["state"], "closed")?;
        audit(&world, &merchant, &no).await?;
    }
    Ok(())
}

pub(crate) async fn race(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.lenient()?;
    let races = (0..4_u64).map(|round| {
        let (world, merchant) = (&world, &merchant);
        async move {
            one_race(world, merchant, round)
                .await
                .with_context(|| format!("race {round}"))
        }
    });
    try_join_all(races).await?;
    Ok(())
}

async fn one_race(world: &World, merchant: &Merchant, round: u64) -> anyhow::Result<()> {
    let (order, page) = first_page(merchant).await?;
    let no = order.payment_no()?;
    let number = text(&page, "/channel_order_no")?;
    world.simulator.open_cashier(&page).await?;
    let pay = async {
        tokio::time::sleep(Duration::from_millis(40 * round)).await;
        world.simulator.try_pay(number, None).await
    };
    let (closed, paid) = tokio::join!(merchant.close(&no), pay);
    let (closed, paid) = (closed?, paid?);
    is_one_of(&paid, &[200, 409])?;
    is_one_of(&closed, &[200, 202, 409])?;
    if closed.status == 409 {
        is_problem(&closed, 409, "already-paid")?;
    }
    if paid.status == 409 {
        ensure!(
            closed.status == 200,
            "no money, and not closed: {}",
            closed.shown()
        );
        audit(world, merchant, &no).await?;
        return Ok(());
    }
    captured(merchant, &no).await?;
    let settled = audit(world, merchant, &no).await?;
    let kept = settled["money"]["applied"]["value"] == 1_999;
    let back = refunds(&settled, "late_payment").len();
    if closed.status == 409 {
        ensure!(kept && back == 0, "told as paid, so it is kept: {settled}");
    } else {
        ensure!(
            !kept && back == 1,
            "told as closing, so it goes back: {settled}"
        );
    }
    Ok(())
}

pub(crate) async fn already_paid(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.strict()?;
    for lost in [true, false] {
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
        is_problem(&merchant.close(&no).await?, 409, "already-paid")?;
        let settled = audit(&world, &merchant, &no).await?;
        same("state", text(&settled, "/state")?, "paid")?;
        is_problem(&merchant.close(&no).await?, 409, "already-paid")?;
    }
    Ok(())
}

pub(crate) async fn replaced(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.strict()?;
    let (old, page) = first_page(&merchant).await?;
    let old_no = old.payment_no()?;
    let replaces = json!({ "payment_no": old_no, "confirmed_at": "2026-11-20T12:00:00Z" });
    let successor = merchant.order(1_999);
    let mut request = successor.request(Way::ALIPAY_PAGE);
    request["replaces"] = replaces.clone();
    let made = merchant.post("/v1/payments", &request).await?;
    is_one_of(&made, &[201])?;
    is_one_of(&merchant.post("/v1/payments", &request).await?, &[200])?;
    let shown = merchant.payment(&old_no).await?;
    same("the old one", text(&shown, "/state")?, "closing")?;
    same(
        "names its successor",
        text(&shown, "/successor")?,
        successor.payment_no()?,
    )?;

    let mut other = merchant.order(1_999).request(Way::ALIPAY_PAGE);
    other["replaces"] = replaces;
    let second = merchant.post("/v1/payments", &other).await?;
    same("another successor", second.status, 409)?;

    // Both pages are paid after all: the new order stays, the old one's money goes back.
    world.simulator.open_and_pay(&page).await?;
    world
        .simulator
        .open_and_pay(attempt(&made.json, Way::ALIPAY_PAGE)?)
        .await?;
    let new_no = successor.payment_no()?;
    gone_back(&world, &merchant, &old_no).await?;
    captured(&merchant, &new_no).await?;
    let settled = audit(&world, &merchant, &new_no).await?;
    same("the new one", text(&settled, "/state")?, "paid")?;

    // What is paid is not replaced.
    let mut third = merchant.order(1_999).request(Way::ALIPAY_PAGE);
    third["replaces"] = json!({ "payment_no": new_no, "confirmed_at": "2026-11-20T12:00:00Z" });
    is_problem(
        &merchant.post("/v1/payments", &third).await?,
        409,
        "already-paid",
    )
}
