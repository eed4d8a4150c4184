//! S6 to S8: nobody pays, or somebody pays while we close, or after we let go.

use std::time::Duration;

use anyhow::{Context, ensure};
use end_to_end::{
    Fault, Merchant, Order, Way, World, attempt, audit, eventually, is_one_of, is_problem, refunds,
    same, text,
};
use serde_json::{Value, json};

use super::{begun, number, over, until_captured, until_state};

/// The shortest life that is taken, and some.
const LIFE_SECONDS: u64 = 125;
/// How long after the deadline an absence proves nothing: five minutes.
const MARGIN_SECONDS: u64 = 300;
/// A question of the closing ladder, two sweeps, and a busy machine.
const SETTLED_WITHIN_SECONDS: u64 = 240;

/// An order that lives as short as one may.
async fn short_lived(merchant: &Merchant, way: Way) -> anyhow::Result<(Order, Value)> {
    let order = merchant.order(1_999);
    let mut request = order.request(way);
    request["expires_in"] = json!(LIFE_SECONDS);
    let answer = merchant.post("/v1/payments", &request).await?;
    is_one_of(&answer, &[201])?;
    Ok((order, attempt(&answer.json, way)?.clone()))
}

async fn ends_closed(
    world: &World,
    merchant: &Merchant,
    order: &Order,
    within: Duration,
) -> anyhow::Result<()> {
    let no = order.payment_no()?;
    until_state(merchant, &no, "closed", within).await?;
    let settled = audit(world, merchant, &no).await?;
    same("captured", &settled["money"]["captured"]["value"], 0)
}

/// Opened orders that the channel itself closes at their deadline.
pub(crate) async fn unpaid_until_expiry(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let (world, merchant) = (&world, &world.strict()?);
    let ways = [
        Way::ALIPAY_PAGE,
        Way::ALIPAY_NATIVE,
        Way::WECHAT_NATIVE,
        Way::WECHAT_H5,
    ];
    over(&ways, |way| async move {
        let (order, channel_order) = short_lived(merchant, way).await?;
        world.simulator.open_cashier(&channel_order).await?;
        let within = Duration::from_secs(LIFE_SECONDS + SETTLED_WITHIN_SECONDS);
        ends_closed(world, merchant, &order, within).await?;
        let late = world
            .simulator
            .try_pay(number(&channel_order)?, None)
            .await?;
        same("it takes no money", late.status, 409)?;
        is_problem(&merchant.initiate(&order, way).await?, 409, "order-closed")
    })
    .await
}

/// A create that was never answered may arrive after the deadline, and WeChat may take it: it is placed once more, to be
/// refused for its expiry, before the order counts as closed.
pub(crate) async fn burnt(world: World) -> anyhow::Result<()> {
    let (world, merchant) = (&world, &world.strict()?);
    let ways = [Way::WECHAT_NATIVE, Way::WECHAT_JSAPI];
    let plays = ways.map(|way| async move {
        let order = merchant.order(1_999);
        let expected = order.channel_order_no(way, 1)?;
        let fault = Fault::once("create", "timeout_before");
        world.simulator.fault(&expected, fault).await?;
        let mut request = order.request(way);
        request["expires_in"] = json!(LIFE_SECONDS);
        is_one_of(&merchant.post("/v1/payments", &request).await?, &[202])?;
        let within = LIFE_SECONDS + MARGIN_SECONDS + SETTLED_WITHIN_SECONDS;
        ends_closed(world, merchant, &order, Duration::from_secs(within)).await?;
        let journal = world.simulator.journal(&expected).await?;
        let creates = journal.iter().filter(|entry| {
            let operation = entry["operation"].as_str().unwrap_or_default();
            let places = operation.starts_with("POST /v3/pay/transactions/");
            entry["kind"] == "request" && places && !operation.ends_with("/close")
        });
        ensure!(
            creates.count() >= 2,
            "{way:?} was not placed again: {journal:?}"
        );
        Ok(())
    });
    futures::future::try_join_all(plays).await?;
    Ok(())
}

/// What nobody can close, and what the channel never heard of: only time proves that they are over.
pub(crate) async fn unclosable(world: World) -> anyhow::Result<()> {
    let (world, merchant) = (&world, &world.strict()?);
    let ways = [
        (Way::UNIONPAY_GATEWAY, true),
        (Way::UNIONPAY_CMB, false),
        (Way::ALIPAY_PAGE, false),
    ];
    let plays = ways.map(|(way, is_opened)| async move {
        let (order, channel_order) = short_lived(merchant, way).await?;
        if is_opened {
            world.simulator.open_cashier(&channel_order).await?;
        }
        tokio::time::sleep(Duration::from_secs(LIFE_SECONDS)).await;
        let no = order.payment_no()?;
        if !is_opened {
            let early = merchant.payment(&no).await?;
            ensure!(early["state"] != "closed", "closed too early: {early}");
        }
        let within = Duration::from_secs(MARGIN_SECONDS + SETTLED_WITHIN_SECONDS);
        let ended = ends_closed(world, merchant, &order, within).await;
        ended.with_context(|| format!("{way:?}"))
    });
    futures::future::try_join_all(plays).await?;
    Ok(())
}

/// A payment that was begun in time at a bank's page ends after the deadline: UnionPay takes the money, settles it not,
/// and returns it itself within days. We write it down, keep none of it, and send no refund beside UnionPay's.
pub(crate) async fn late_bank_page(world: World) -> anyhow::Result<()> {
    let merchant = world.lenient()?;
    let (order, channel_order) = short_lived(&merchant, Way::UNIONPAY_CMB).await?;
    let no = order.payment_no()?;
    let expected = number(&channel_order)?;
    world.simulator.open_cashier(&channel_order).await?;
    tokio::time::sleep(Duration::from_secs(LIFE_SECONDS + 5)).await;
    world.simulator.pay_late(expected).await?;
    let within = Duration::from_secs(MARGIN_SECONDS + SETTLED_WITHIN_SECONDS);
    let known = eventually(within, "the late capture known", || async {
        let payment = merchant.payment(&no).await?;
        same("captured", &payment["money"]["captured"]["value"], 1_999)?;
        Ok(payment)
    })
    .await?;
    ensure!(known["state"] != "paid", "late money paid it: {known}");
    same("applied", &known["money"]["applied"]["value"], 0)?;
    // Long enough for a refund that should not be sent.
    tokio::time::sleep(Duration::from_secs(30)).await;
    let book = world.simulator.book(expected).await?.context("a book")?;
    let returns = book["refunds"].as_array().context("refunds")?;
    same("only UnionPay returns it", returns.len(), 1)?;
    let of_unionpay = text(&returns[0], "/refund_no")?.starts_with("AR");
    ensure!(of_unionpay, "a refund of ours: {book}");
    same("money that came", &returns[0]["amount"], 1_999)
}

/// Waits for the capture, then for its way back, and sees that it went back whole and once.
async fn gone_back(world: &World, merchant: &Merchant, no: &str) -> anyhow::Result<()> {
    until_captured(merchant, no, 1_999).await?;
    let settled = audit(world, merchant, no).await?;
    same("state", text(&settled, "/state")?, "closed")?;
    same("applied", &settled["money"]["applied"]["value"], 0)?;
    let all = settled["refunds"].as_array().map(Vec::len);
    same("refunds in all", all, Some(1))?;
    same("late payments", refunds(&settled, "late_payment").len(), 1)
}

pub(crate) async fn paid_during_close(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let (world, merchant) = (&world, &world.lenient()?);
    let ways = [Way::WECHAT_NATIVE, Way::WECHAT_JSAPI, Way::ALIPAY_NATIVE];
    over(&ways, |way| async move {
        let (order, channel_order) = begun(merchant, way).await?;
        let no = order.payment_no()?;
        let expected = number(&channel_order)?;
        world.simulator.open_cashier(&channel_order).await?;
        // The call to close takes its time, and the buyer does not.
        let slow = Fault {
            delay_ms: Some(4_000),
            ..Fault::once("close", "delay")
        };
        world.simulator.fault(expected, slow).await?;
        let pay = async {
            until_state(merchant, &no, "closing", Duration::from_secs(20)).await?;
            world.simulator.pay(expected).await
        };
        let (closed, paid) = tokio::join!(merchant.close(&no), pay);
        paid?;
        is_one_of(&closed?, &[200, 202])?;
        gone_back(world, merchant, &no).await
    })
    .await
}

/// We let go of the order; what the buyer had been given still works.
pub(crate) async fn paid_after_release(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let (world, merchant) = (&world, &world.lenient()?);
    let ways = [Way::ALIPAY_WAP, Way::UNIONPAY_GATEWAY, Way::UNIONPAY_CMB];
    over(&ways, |way| async move {
        let (order, channel_order) = begun(merchant, way).await?;
        let no = order.payment_no()?;
        is_one_of(&merchant.close(&no).await?, &[202])?;
        is_problem(&merchant.initiate(&order, way).await?, 409, "order-closed")?;
        world.simulator.open_and_pay(&channel_order).await?;
        until_captured(merchant, &no, 1_999).await?;
        // Closed only when the deadline is over where no call closes: the money goes back before.
        let settled = audit(world, merchant, &no).await?;
        ensure!(settled["state"] != "paid", "released, and paid: {settled}");
        same("applied", &settled["money"]["applied"]["value"], 0)?;
        same("late payments", refunds(&settled, "late_payment").len(), 1)
    })
    .await
}
