//! S9 and S10: the buyer pays twice, through two channels or through one.

use anyhow::{Context, ensure};
use end_to_end::{Way, World, attempt, audit, is_one_of, is_problem, refunds, same, text};
use futures::future::try_join_all;
use serde_json::json;

use super::{begun, number, until_captured, until_paid};

type Pair = (Way, Way);

pub(crate) async fn across_channels(world: World) -> anyhow::Result<()> {
    let pairs = [
        (Way::ALIPAY_PAGE, Way::WECHAT_NATIVE),
        (Way::WECHAT_H5, Way::UNIONPAY_CMB),
        (Way::UNIONPAY_GATEWAY, Way::ALIPAY_WAP),
    ];
    all_paid_twice(&world, &pairs).await
}

/// UnionPay has one page for an order, so it cannot be paid twice there.
pub(crate) async fn within_a_channel(world: World) -> anyhow::Result<()> {
    let pairs = [
        (Way::WECHAT_H5, Way::WECHAT_NATIVE),
        (Way::WECHAT_JSAPI, Way::WECHAT_NATIVE),
        (Way::ALIPAY_NATIVE, Way::ALIPAY_PAGE),
    ];
    all_paid_twice(&world, &pairs).await
}

async fn all_paid_twice(world: &World, pairs: &[Pair]) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let plays = pairs.iter().map(|pair| async move {
        let played = paid_twice(world, *pair).await;
        played.with_context(|| format!("{pair:?}"))
    });
    try_join_all(plays).await?;
    Ok(())
}

async fn paid_twice(world: &World, (first, second): Pair) -> anyhow::Result<()> {
    let merchant = world.lenient()?;
    let order = merchant.order(1_999);
    is_one_of(&merchant.initiate(&order, first).await?, &[201])?;
    let both = merchant.initiate(&order, second).await?;
    is_one_of(&both, &[201])?;
    let (one, other) = (attempt(&both.json, first)?, attempt(&both.json, second)?);
    world.simulator.open_cashier(one).await?;
    world.simulator.open_cashier(other).await?;
    // Both at once: after the first is known the other is closed at the channel, where that can be done.
    tokio::try_join!(
        world.simulator.pay(number(one)?),
        world.simulator.pay(number(other)?)
    )?;
    let no = order.payment_no()?;
    until_captured(&merchant, &no, 3_998).await?;
    let settled = audit(world, &merchant, &no).await?;
    same("state", text(&settled, "/state")?, "paid")?;
    same("applied", &settled["money"]["applied"]["value"], 1_999)?;
    let back = refunds(&settled, "duplicate_payment");
    ensure!(back.len() == 1, "one duplicate goes back: {settled}");
    same("whole", &back[0]["amount"]["value"], 1_999)?;
    let all = settled["refunds"].as_array().map(Vec::len);
    same("refunds in all", all, Some(1))
}

pub(crate) async fn strict_refuses(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let world = &world;
    // Alipay knows nothing of a link that nobody opened, UnionPay has no close: neither can be proven closed.
    let plays = [
        (Way::ALIPAY_PAGE, Way::WECHAT_NATIVE, false),
        (Way::UNIONPAY_GATEWAY, Way::WECHAT_NATIVE, false),
        (Way::WECHAT_NATIVE, Way::UNIONPAY_CMB, true),
    ]
    .map(|(first, second, can_close)| async move {
        let merchant = world.strict()?;
        let (order, channel_order) = begun(&merchant, first).await?;
        let no = order.payment_no()?;
        let refused = merchant.initiate(&order, second).await?;
        is_problem(&refused, 409, "state-unknown")?;
        let asked = json!(["query", "close"]);
        same("what to do", &refused.json["next_actions"], &asked)?;
        let switched = merchant.channel_order(&no, second, true).await?;
        if can_close {
            is_one_of(&switched, &[201])?;
            let late = world
                .simulator
                .try_pay(number(&channel_order)?, None)
                .await?;
            same("the first takes no money", late.status, 409)?;
            let other = attempt(&switched.json, second)?;
            world.simulator.open_and_pay(other).await?;
        } else {
            is_problem(&switched, 409, "state-unknown")?;
            let wait = json!(["query", "wait", "new-order"]);
            same("what to do", &switched.json["next_actions"], &wait)?;
            world.simulator.open_and_pay(&channel_order).await?;
        }
        until_paid(&merchant, &no).await?;
        let settled = audit(world, &merchant, &no).await?;
        let all = settled["refunds"].as_array().map(Vec::len);
        same("no refund was needed", all, Some(0))
    });
    try_join_all(plays).await?;
    Ok(())
}
