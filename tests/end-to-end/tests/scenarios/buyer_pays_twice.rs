//! A lenient merchant's buyer pays on both pages: one success stays, the other goes back, whatever the order of events.

use std::time::Duration;

use anyhow::{Context, ensure};
use end_to_end::{
    Fault, Merchant, Order, Way, World, attempt, audit, eventually, is_one_of, refunds, same, text,
};
use futures::future::try_join_all;
use serde_json::Value;

/// A question after a minute, should the earlier ones have come too soon.
const SEEN_WITHIN: Duration = Duration::from_secs(100);

/// Which page's money we hear of first, and how the other becomes known.
#[derive(Clone, Copy, Debug)]
struct Course {
    /// Faults of the notification of the page order.
    page: Option<Fault<'static>>,
    /// Faults of the notification of the wap order.
    wap: Option<Fault<'static>>,
}

const LATE: Option<Fault<'static>> = Some(Fault {
    delay_ms: Some(2_500),
    ..Fault::once("notify", "delay")
});
const LOST: Option<Fault<'static>> = Some(Fault::once("notify", "drop"));
const TRIPLED: Option<Fault<'static>> = Some(Fault::once("notify", "duplicate"));

pub(crate) async fn both_orders_of_events(world: World) -> anyhow::Result<()> {
    let courses = [
        Course {
            page: None,
            wap: LATE,
        },
        Course {
            page: LATE,
            wap: None,
        },
        Course {
            page: None,
            wap: None,
        },
        Course {
            page: TRIPLED,
            wap: TRIPLED,
        },
    ];
    play_all(&world, &courses).await
}

pub(crate) async fn one_learnt_by_query(world: World) -> anyhow::Result<()> {
    let courses = [
        Course {
            page: LOST,
            wap: None,
        },
        Course {
            page: None,
            wap: LOST,
        },
        Course {
            page: LOST,
            wap: LOST,
        },
    ];
    play_all(&world, &courses).await
}

async fn play_all(world: &World, courses: &[Course]) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let plays = courses.iter().map(|course| async move {
        play(world, *course)
            .await
            .with_context(|| format!("{course:?}"))
    });
    try_join_all(plays).await?;
    Ok(())
}

async fn play(world: &World, course: Course) -> anyhow::Result<()> {
    let merchant = world.lenient()?;
    let order = merchant.order(1_999);
    let payment = two_attempts(&merchant, &order).await?;
    let (page, wap) = (
        attempt(&payment, Way::ALIPAY_PAGE)?,
        attempt(&payment, Way::ALIPAY_WAP)?,
    );
    for (attempt, fault) in [(page, course.page), (wap, course.wap)] {
        if let Some(fault) = fault {
            world
                .simulator
                .fault(text(attempt, "/channel_order_no")?, fault)
                .await?;
        }
        world.simulator.open_cashier(attempt).await?;
    }
    // Both at once: after the first is known the other is closed at the channel, as it should be.
    tokio::try_join!(
        world.simulator.pay(text(page, "/channel_order_no")?),
        world.simulator.pay(text(wap, "/channel_order_no")?)
    )?;

    let no = order.payment_no()?;
    eventually(SEEN_WITHIN, "both captures known", || async {
        let payment = merchant.payment(&no).await?;
        same("captured", &payment["money"]["captured"]["value"], 3_998)
    })
    .await?;
    let settled = audit(world, &merchant, &no).await?;
    same("state", text(&settled, "/state")?, "paid")?;
    same("applied", &settled["money"]["applied"]["value"], 1_999)?;
    same(
        "refunds in all",
        settled["refunds"].as_array().map(Vec::len),
        Some(1),
    )?;
    let back = refunds(&settled, "duplicate_payment");
    ensure!(back.len() == 1, "one duplicate goes back: {settled}");
    same("amount", &back[0]["amount"]["value"], 1_999)?;
    if matches!((course.page, course.wap), (None, Some(_))) {
        same(
            "who came second goes back",
            &back[0]["channel_order_no"],
            &wap["channel_order_no"],
        )?;
    }
    if matches!((course.page, course.wap), (Some(_), None)) {
        same(
            "who came second goes back",
            &back[0]["channel_order_no"],
            &page["channel_order_no"],
        )?;
    }
    Ok(())
}

async fn two_attempts(merchant: &Merchant, order: &Order) -> anyhow::Result<Value> {
    let first = merchant.initiate(order, Way::ALIPAY_PAGE).await?;
    is_one_of(&first, &[201])?;
    let second = merchant.initiate(order, Way::ALIPAY_WAP).await?;
    is_one_of(&second, &[201])?;
    let orders = second.json["channel_orders"].as_array().map(Vec::len);
    same("one beside the other", orders, Some(2))?;
    Ok(second.json)
}
