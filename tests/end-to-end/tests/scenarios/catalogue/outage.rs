//! S15: one channel is down. The others are offered and serve; when it is back, so is everything that waited for it.

use std::time::Duration;

use anyhow::{Context, ensure};
use end_to_end::{
    Answer, Fault, Merchant, Order, Way, World, attempt, audit, eventually, is_one_of, is_problem,
    same,
};
use futures::future::try_join_all;

use super::{begun, until_paid, until_state};

/// For how long the channel stays down, in seconds, where that is said: minutes are too long for every run, and half an
/// hour is what is promised. A fault is used up by the calls it meets, so it is laid again until the time is over.
const DOWN_FOR: &str = "OUTAGE_SECONDS";
/// How often the others serve meanwhile.
const SERVES_EVERY: Duration = Duration::from_secs(20);

/// More orders in trouble than open a breaker.
const IN_TROUBLE: usize = 8;
/// How long the breaker of a process may be remembered, and how long eight creates take on a busy machine.
const SHUT_WITHIN: Duration = Duration::from_secs(90);
/// The breaker's times double from ten seconds to five minutes; then a probe, and the next buyer.
const BACK_WITHIN: Duration = Duration::from_secs(420);

/// The margin after a deadline, and the breaker's longest time before the question that ends it.
const CLOSED_WITHIN: Duration = Duration::from_secs(1_200);

const DOWN: Way = Way::WECHAT_NATIVE;
const OTHERS: [Way; 2] = [Way::ALIPAY_PAGE, Way::UNIONPAY_GATEWAY];

/// An order whose channel does not answer. Faults are a channel's and not an account's, so each order has its own, until
/// the outage ends.
async fn troubled(world: &World, merchant: &Merchant) -> anyhow::Result<(Order, Answer)> {
    let order = merchant.order(1_999);
    let no = order.channel_order_no(DOWN, 1)?;
    for fault in [
        Fault::times("create", "drop", 3),
        Fault::times("query", "http_500", 4),
    ] {
        world.simulator.fault(&no, fault).await?;
    }
    let answer = merchant.initiate(&order, DOWN).await?;
    Ok((order, answer))
}

/// Both others take a payment each.
async fn serve(world: &World, merchant: &Merchant, ways: [Way; 2]) -> anyhow::Result<()> {
    for way in ways {
        let (order, channel_order) = begun(merchant, way).await?;
        world.simulator.open_and_pay(&channel_order).await?;
        let no = order.payment_no()?;
        until_paid(merchant, &no).await?;
        audit(world, merchant, &no).await?;
    }
    Ok(())
}

/// Keeps the channel down for as long as is said, with buyers who try it and buyers who pay elsewhere.
async fn stay_down(
    world: &World,
    merchant: &Merchant,
    waiting: &[Order],
) -> anyhow::Result<Duration> {
    let seconds = std::env::var(DOWN_FOR).ok();
    let seconds = seconds
        .map_or(Ok(0), |text| text.parse())
        .context(DOWN_FOR)?;
    let until = tokio::time::Instant::now() + Duration::from_secs(seconds);
    while tokio::time::Instant::now() < until {
        for order in waiting {
            let no = order.channel_order_no(DOWN, 1)?;
            world
                .simulator
                .fault(&no, Fault::times("query", "http_500", 4))
                .await?;
        }
        let (_, answer) = troubled(world, merchant).await?;
        is_one_of(&answer, &[202, 503])?;
        serve(world, merchant, OTHERS).await?;
        tokio::time::sleep(SERVES_EVERY).await;
    }
    // The outage is over: what no call met would go on, and the breaker would rightly stay shut.
    for order in waiting {
        let no = order.channel_order_no(DOWN, 1)?;
        let path = format!("faults?channel_order_no={no}");
        world.simulator.clear(&path).await?;
    }
    Ok(Duration::from_secs(seconds))
}

pub(crate) async fn one_channel_down(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.spare()?;
    let began = (0..IN_TROUBLE).map(|_| troubled(&world, &merchant));
    let mut waiting = Vec::new();
    for (order, answer) in try_join_all(began).await? {
        is_one_of(&answer, &[202, 503])?;
        // Nothing is stored of an order that is turned away.
        if answer.status == 202 {
            waiting.push(order);
        } else {
            same(
                "absent",
                merchant.read(&order.payment_no()?).await?.status,
                404,
            )?;
        }
    }
    ensure!(waiting.len() >= 5, "only {} were begun", waiting.len());

    let turned_away = eventually(SHUT_WITHIN, "turned away", || async {
        let (_, answer) = troubled(&world, &merchant).await?;
        is_problem(&answer, 503, "channel-unavailable")?;
        Ok(answer)
    })
    .await?;
    let open = turned_away.json["open_channels"].as_array();
    let open = open.context("the open channels")?;
    for other in OTHERS {
        let name = other.channel.name();
        ensure!(open.iter().any(|channel| channel == name), "{open:?}");
    }
    same("the others, and no more", open.len(), OTHERS.len())?;
    let after: u64 = turned_away
        .header("retry-after")
        .parse()
        .context("seconds")?;
    ensure!((1..=300).contains(&after), "again after {after} s");

    serve(&world, &merchant, OTHERS).await?;
    let down_for = stay_down(&world, &merchant, &waiting).await?;

    // It is back: for a new buyer, and for those who waited.
    let (order, first) = eventually(BACK_WITHIN, "back", || begun(&merchant, DOWN)).await?;
    world.simulator.open_and_pay(&first).await?;
    let no = order.payment_no()?;
    until_paid(&merchant, &no).await?;
    audit(&world, &merchant, &no).await?;
    for order in waiting {
        let served = eventually(BACK_WITHIN, "served", || async {
            let again = merchant.initiate(&order, DOWN).await?;
            let closed = !down_for.is_zero() && again.status == 409;
            ensure!(
                closed || [200, 201].contains(&again.status),
                "{}",
                again.shown()
            );
            Ok(again)
        })
        .await?;
        // Its time was over before the channel was back.
        if served.status == 409 {
            let no = order.payment_no()?;
            until_state(&merchant, &no, "closed", CLOSED_WITHIN).await?;
            audit(&world, &merchant, &no).await?;
            continue;
        }
        let channel_order = attempt(&served.json, DOWN)?;
        world.simulator.open_and_pay(channel_order).await?;
        let no = order.payment_no()?;
        until_paid(&merchant, &no).await?;
        audit(&world, &merchant, &no).await?;
    }
    Ok(())
}
