//! S1 to S5: the buyer pays once, and we hear of it, or do not, or too early, or too often.

use std::time::Duration;

use anyhow::{Context, ensure};
use end_to_end::{
    Fault, Merchant, Paid, Way, World, attempt, audit, eventually, is_one_of, same, text,
};
use futures::future::join_all;
use serde_json::Value;

use super::{begun, number, over, until_paid};

/// Those whose order a call of ours creates.
const BY_CALL: [Way; 4] = [
    Way::ALIPAY_NATIVE,
    Way::WECHAT_NATIVE,
    Way::WECHAT_H5,
    Way::WECHAT_JSAPI,
];

/// The lease of a create, and a busy machine.
const REPEATED_WITHIN: Duration = Duration::from_secs(60);

/// What the last entry of the timeline rests on.
async fn last_evidence(merchant: &Merchant, payment_no: &str) -> anyhow::Result<Value> {
    let entries = merchant.steps(payment_no).await?;
    let last = entries.last();
    Ok(last.map_or(Value::Null, |entry| entry["evidence"].clone()))
}

pub(crate) async fn told(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let (world, merchant) = (&world, &world.strict()?);
    over(&Way::WITH_PAGES, |way| async move {
        let (order, channel_order) = begun(merchant, way).await?;
        world.simulator.open_and_pay(&channel_order).await?;
        let no = order.payment_no()?;
        let paid = until_paid(merchant, &no).await?;
        let book = world.simulator.book(number(&channel_order)?).await?;
        same(
            "the channel's number",
            &attempt(&paid, way)?["channel_trade_no"],
            &book.context("a book")?["trade_no"],
        )?;
        let settled = audit(world, merchant, &no).await?;
        same("applied", &settled["money"]["applied"]["value"], 1_999)
    })
    .await
}

pub(crate) async fn notices_lost(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let (world, merchant) = (&world, &world.lenient()?);
    over(&Way::WITH_PAGES, |way| async move {
        let (order, channel_order) = begun(merchant, way).await?;
        let lost = Fault::times("notify", "drop", 9);
        world.simulator.fault(number(&channel_order)?, lost).await?;
        world.simulator.open_and_pay(&channel_order).await?;
        let no = order.payment_no()?;
        until_paid(merchant, &no).await?;
        same("learnt by", last_evidence(merchant, &no).await?, "query")?;
        audit(world, merchant, &no).await?;
        Ok(())
    })
    .await
}

pub(crate) async fn create_times_out(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let (world, merchant) = (&world, &world.strict()?);
    over(&BY_CALL, |way| async move {
        let order = merchant.order(1_999);
        let expected = order.channel_order_no(way, 1)?;
        let fault = Fault::once("create", "timeout_after");
        world.simulator.fault(&expected, fault).await?;
        let first = merchant.initiate(&order, way).await?;
        is_one_of(&first, &[202])?;
        same(
            "nothing to pay with yet",
            &attempt(&first.json, way)?["action"],
            &Value::Null,
        )?;
        let answered = eventually(REPEATED_WITHIN, "repeated after the lease", || async {
            let again = merchant.initiate(&order, way).await?;
            is_one_of(&again, &[200, 201])?;
            Ok(again)
        })
        .await?;
        let second = attempt(&answered.json, way)?;
        same("the same channel order", number(second)?, &*expected)?;
        // Known at once only where the order does not wait for somebody to scan it.
        world.simulator.open_and_pay(second).await?;
        let no = order.payment_no()?;
        until_paid(merchant, &no).await?;
        let book = world.simulator.book(&expected).await?.context("a book")?;
        same("payable orders", &book["created_count"], 1)?;
        let asked = book["create_requests"].as_u64().unwrap_or(0);
        ensure!(asked >= 2, "the create was not repeated: {book}");
        audit(world, merchant, &no).await?;
        Ok(())
    })
    .await
}

/// The browser's own request is the create: it shows nothing, and the buyer tries again.
pub(crate) async fn page_times_out(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let (world, merchant) = (&world, &world.lenient()?);
    let ways = [Way::ALIPAY_WAP, Way::UNIONPAY_GATEWAY, Way::UNIONPAY_CMB];
    over(&ways, |way| async move {
        let (order, channel_order) = begun(merchant, way).await?;
        let fault = Fault {
            delay_ms: Some(300),
            ..Fault::once("create", "timeout_after")
        };
        let expected = number(&channel_order)?;
        world.simulator.fault(expected, fault).await?;
        let shown = world.simulator.open_cashier(&channel_order).await;
        ensure!(shown.is_err(), "the buyer saw something");
        let again = merchant.initiate(&order, way).await?;
        is_one_of(&again, &[200])?;
        let second = attempt(&again.json, way)?;
        same(
            "the same link or form",
            &second["action"],
            &channel_order["action"],
        )?;
        world.simulator.open_and_pay(second).await?;
        let no = order.payment_no()?;
        until_paid(merchant, &no).await?;
        audit(world, merchant, &no).await?;
        Ok(())
    })
    .await
}

pub(crate) async fn twenty_copies(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let (world, merchant) = (&world, &world.lenient()?);
    over(&Way::OF_EACH_CHANNEL, |way| async move {
        let (order, channel_order) = begun(merchant, way).await?;
        let expected = number(&channel_order)?;
        let lost = Fault::times("notify", "drop", 9);
        world.simulator.fault(expected, lost).await?;
        world.simulator.open_and_pay(&channel_order).await?;
        let account = world
            .simulator
            .account_of(way.channel, &merchant.id)
            .await?;
        let book = world.simulator.book(expected).await?.context("a book")?;
        let told = &Paid::of(&account, &book)?.message()?;
        let url = text(&account, "/webhook_url")?;
        let no = order.payment_no()?;
        let mut steps = 0;
        for round in 0..2 {
            let copies = (0..20).map(|_| told.post(&world.http, url));
            for answer in join_all(copies).await {
                let answer = answer?;
                ensure!(told.is_heard(&answer), "round {round}: {}", answer.shown());
            }
            let paid = until_paid(merchant, &no).await?;
            same("captured", &paid["money"]["captured"]["value"], 1_999)?;
            if round == 1 {
                let now = merchant.steps(&no).await?.len();
                same("twenty more change nothing", now, steps)?;
            }
            steps = merchant.steps(&no).await?.len();
        }
        audit(world, merchant, &no).await?;
        Ok(())
    })
    .await
}

/// The buyer is faster than the channel's answer to us.
pub(crate) async fn notice_before_answer(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let (world, merchant) = (&world, &world.lenient()?);
    let ways = [
        Way::WECHAT_NATIVE,
        Way::WECHAT_H5,
        Way::WECHAT_JSAPI,
        Way::ALIPAY_CODE,
    ];
    over(&ways, |way| async move {
        let order = merchant.order(1_999);
        let no = order.payment_no()?;
        let expected = &order.channel_order_no(way, 1)?;
        // The effect is done and the answer is silent for longer than we listen.
        let fault = Fault::once("create", "timeout_after");
        world.simulator.fault(expected, fault).await?;
        let pay = async {
            if Way::CODES.contains(&way) {
                return Ok(());
            }
            eventually(Duration::from_secs(20), "payable", || async {
                let paid = world.simulator.try_pay(expected, None).await?;
                is_one_of(&paid, &[200])
            })
            .await
        };
        let (answer, paid) = tokio::join!(merchant.initiate(&order, way), pay);
        paid?;
        let answer = answer?;
        is_one_of(&answer, &[200, 201, 202, 409])?;
        until_paid(merchant, &no).await?;
        let settled = audit(world, merchant, &no).await?;
        same("applied", &settled["money"]["applied"]["value"], 1_999)?;
        let orders = settled["channel_orders"].as_array().map(Vec::len);
        same("one channel order", orders, Some(1))
    })
    .await
}
