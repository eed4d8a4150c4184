//! Payment codes (付款码): the buyer stands at the counter, and the call that creates the order takes the money.

use std::time::Duration;

use anyhow::{Context, ensure};
use end_to_end::{Merchant, Order, Way, World, attempt, audit, eventually, is_one_of, same, text};
use payonce_domain::Channel;
use serde_json::Value;

use super::{over, until_paid};

/// A minute for the buyer, one question more, and a busy machine.
const REVERSED_WITHIN: Duration = Duration::from_secs(420);

/// The code is read by the channel.
async fn scanned(merchant: &Merchant, way: Way) -> anyhow::Result<(Order, String)> {
    let order = merchant.order(1_999);
    let answer = merchant.initiate(&order, way).await?;
    is_one_of(&answer, &[200, 201, 202])?;
    let no = order.channel_order_no(way, 1)?;
    Ok((order, no))
}

/// Paid once, by one call.
async fn ends_paid(
    world: &World,
    merchant: &Merchant,
    order: &Order,
    channel_order_no: &str,
) -> anyhow::Result<()> {
    let no = order.payment_no()?;
    until_paid(merchant, &no).await?;
    let settled = audit(world, merchant, &no).await?;
    same("applied", &settled["money"]["applied"]["value"], 1_999)?;
    let book = world.simulator.book(channel_order_no).await?;
    let book = book.context("a book")?;
    same("sent once", &book["create_requests"], 1)
}

pub(crate) async fn paid_at_once(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let (world, merchant) = (&world, &world.strict()?);
    over(&Way::CODES, |way| async move {
        let (order, number) = scanned(merchant, way).await?;
        ends_paid(world, merchant, &order, &number).await
    })
    .await
}

pub(crate) async fn confirmed(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let (world, merchant) = (&world, &world.lenient()?);
    over(&Way::CODES, |way| async move {
        let (order, number) = scanned(merchant, way.asking()).await?;
        let waiting = merchant.payment(&order.payment_no()?).await?;
        same("state", text(&waiting, "/state")?, "paying")?;
        tokio::time::sleep(Duration::from_secs(6)).await;
        world.simulator.pay(&number).await?;
        ends_paid(world, merchant, &order, &number).await
    })
    .await
}

/// The buyer walks away: the channel undoes it, and another way is open at once.
pub(crate) async fn not_confirmed(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let (world, merchant) = (&world, &world.strict()?);
    over(&Way::CODES, |way| async move {
        let (order, number) = scanned(merchant, way.asking()).await?;
        let no = order.payment_no()?;
        eventually(REVERSED_WITHIN, "reversed", || async {
            let payment = merchant.payment(&no).await?;
            same("state", text(attempt(&payment, way)?, "/state")?, "closed")
        })
        .await?;
        let late = world.simulator.try_pay(&number, None).await?;
        same("it takes no money", late.status, 409)?;
        pays_otherwise(world, merchant, &order, way).await
    })
    .await
}

/// Another way through the same channel.
async fn pays_otherwise(
    world: &World,
    merchant: &Merchant,
    order: &Order,
    way: Way,
) -> anyhow::Result<()> {
    let other = match way.channel {
        Channel::Alipay => Way::ALIPAY_NATIVE,
        Channel::Wechat => Way::WECHAT_NATIVE,
        Channel::Unionpay => Way::UNIONPAY_GATEWAY,
    };
    let again = merchant.initiate(order, other).await?;
    is_one_of(&again, &[201])?;
    let second = attempt(&again.json, other)?;
    world.simulator.open_and_pay(second).await?;
    let no = order.payment_no()?;
    until_paid(merchant, &no).await?;
    let settled = audit(world, merchant, &no).await?;
    same("applied", &settled["money"]["applied"]["value"], 1_999)?;
    let all = settled["refunds"].as_array().map(Vec::len);
    same("no refund was needed", all, Some(0))
}

pub(crate) async fn answer_lost(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let (world, merchant) = (&world, &world.lenient()?);
    over(&Way::CODES, |way| async move {
        let (order, number) = scanned(merchant, way.paying_silently()).await?;
        ends_paid(world, merchant, &order, &number).await
    })
    .await
}

pub(crate) async fn declined(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let (world, merchant) = (&world, &world.lenient()?);
    over(&Way::CODES, |way| async move {
        let (order, _) = scanned(merchant, way.declined()).await?;
        let no = order.payment_no()?;
        let ended = eventually(REVERSED_WITHIN, "over", || async {
            let payment = merchant.payment(&no).await?;
            let state = text(attempt(&payment, way)?, "/state")?.to_owned();
            ensure!(["failed", "closed"].contains(&&*state), "it is {state}");
            Ok(payment)
        })
        .await?;
        same(
            "nothing was taken",
            &ended["money"]["captured"]["value"],
            &Value::from(0),
        )?;
        pays_otherwise(world, merchant, &order, way).await
    })
    .await
}
