//! The functions of the mornings die before and after every call they make, and whoever follows finds what they would have
//! found.

use anyhow::{Context, ensure};
use end_to_end::proxy::{Moment, Proxy};
use end_to_end::{Way, World, export, same};
use payonce_domain::PaymentNo;
use serde_json::{Value, json};

use crate::day::{HOUR, pass, pass_until, settle};
use crate::{pages, story};

/// For longer than a run that was cut off keeps its day to itself.
const LEASE_OVER: i64 = 17 * 60;
/// More often than this nobody dies of anything.
const RUNS_MAX: usize = 1_000;

/// One more day with every error on one channel, done by a function that dies wherever it can.
pub(crate) async fn of_reconcile(world: &World, proxy: &Proxy) -> anyhow::Result<()> {
    pass_until(world, story::NOON).await?;
    let merchant = world.strict()?;
    let mut part = story::noon(world, &merchant, Way::WECHAT_NATIVE).await?;
    settle(world).await?;
    // By now it is sure that nothing happened yesterday.
    pass(world, 3 * HOUR).await?;
    world.aws.invoke("reconcile", &json!({})).await?;
    story::evening(world, &merchant, &mut part).await?;
    pass_until(world, story::HALF_PAST_TEN + HOUR).await?;
    hunt(world, proxy, "reconcile", &part.today.event(), LEASE_OVER).await?;
    world.simulator.clear("faults").await?;
    let found = pages::found(world, &part.today).await?;
    same("found", &found, &story::first_day(&part))?;
    let lost = merchant.payment(&part.lost).await?;
    same("what was lost", &lost["state"], "paid")
}

/// A week's export with a payment that lost its place in the index.
pub(crate) async fn of_audit(world: &World, proxy: &Proxy) -> anyhow::Result<()> {
    let merchant = world.lenient()?;
    let order = merchant.order(1_999);
    let payment_no = order.payment_no()?;
    let no = PaymentNo::parse(&payment_no).context("a payment number")?;
    // Nothing else is to touch it.
    proxy.plan().lose_messages_about(no.key());
    let made = merchant.initiate(&order, Way::ALIPAY_PAGE).await?;
    same("begun", made.status, 201)?;
    world.aws.forget_due(no.key().as_str()).await?;
    let items = world.aws.items("payments").await?;
    export(world, &items).await?;
    let said = hunt(world, proxy, "audit", &json!({}), 0).await?;
    ensure!(said["classes"] == json!({ "index": 1 }), "{said}");
    let now = world.aws.items_of("payments", &payment_no).await?;
    ensure!(
        now[0]["d"]["N"].is_string(),
        "it is in the index again: {now:?}"
    );
    Ok(())
}

/// Invokes a function until it lives, and gives what it then says.
async fn hunt(
    world: &World,
    proxy: &Proxy,
    function: &str,
    event: &Value,
    again_after: i64,
) -> anyhow::Result<Value> {
    let plan = proxy.plan();
    plan.hunt(function);
    for _ in 0..RUNS_MAX {
        let before = plan.begin_run();
        let answer = world.aws.try_invoke(function, event).await?;
        if plan.begin_run() != before {
            pass(world, again_after).await?;
            continue;
        }
        let failed = answer.headers.contains_key("x-amz-function-error");
        ensure!(
            answer.status == 200 && !failed,
            "{function}: {}",
            answer.shown()
        );
        let deaths = plan.end_hunt();
        println!("{function} died {before} times:");
        for ((label, moment), calls) in &deaths {
            println!("  {moment:?} {label}: {calls}");
        }
        // Its own writes among them.
        let wrote = |(label, moment): &(String, Moment)| {
            *moment == Moment::After && (label.starts_with("put ") || label == "bucket heads")
        };
        ensure!(
            before > 60 && deaths.keys().any(wrote),
            "it died {before} times only: {deaths:?}"
        );
        return Ok(answer.json);
    }
    anyhow::bail!("{function} died {RUNS_MAX} times")
}
