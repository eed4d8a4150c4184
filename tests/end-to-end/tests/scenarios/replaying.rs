//! A whole campaign is played again: every notification that the channels sent in it (S2).

use anyhow::{Context, ensure};
use end_to_end::{Fault, Merchant, Way, World, attempt, audit, is_one_of, same, text};
use reqwest::Method;
use serde_json::Value;

use super::catalogue::{begun, number, until_paid};

/// The ways that are paid, one order each.
const WAYS: [Way; 3] = Way::OF_EACH_CHANNEL;

/// Pays, gives some back, and pays twice where the channel has a second page; gives the payments.
async fn campaign(world: &World, merchant: &Merchant) -> anyhow::Result<Vec<String>> {
    let mut payments = Vec::new();
    for way in WAYS {
        let (order, channel_order) = begun(merchant, way).await?;
        let twice = Fault::once("notify", "duplicate");
        world
            .simulator
            .fault(number(&channel_order)?, twice)
            .await?;
        world.simulator.open_and_pay(&channel_order).await?;
        let no = order.payment_no()?;
        until_paid(merchant, &no).await?;
        is_one_of(&merchant.refund(&no, "again", 500).await?, &[201])?;
        payments.push(no);
    }
    let order = merchant.order(1_999);
    for way in [Way::ALIPAY_PAGE, Way::ALIPAY_WAP] {
        let answer = merchant.initiate(&order, way).await?;
        is_one_of(&answer, &[201])?;
        // Both are open before either is paid.
        world
            .simulator
            .open_cashier(attempt(&answer.json, way)?)
            .await?;
    }
    for way in [Way::ALIPAY_PAGE, Way::ALIPAY_WAP] {
        let own = order.channel_order_no(way, if way == Way::ALIPAY_PAGE { 1 } else { 2 })?;
        world.simulator.pay(&own).await?;
    }
    payments.push(order.payment_no()?);
    for no in &payments {
        audit(world, merchant, no).await?;
    }
    Ok(payments)
}

/// The notifications about a payment, as they were sent.
async fn told(world: &World, merchant: &Merchant, no: &str) -> anyhow::Result<Vec<Value>> {
    let mut found = Vec::new();
    let payment = merchant.payment(no).await?;
    let attempts = payment["channel_orders"].as_array().context("attempts")?;
    for attempt in attempts {
        let journal = world.simulator.journal(number(attempt)?).await?;
        let notified = journal.iter().filter(|line| line["kind"] == "notification");
        let details = notified.map(|line| line["detail"].clone());
        found.extend(details.filter(|detail| !detail["sent"].is_null()));
    }
    Ok(found)
}

async fn post(world: &World, notification: &Value) -> anyhow::Result<()> {
    let sent = &notification["sent"];
    let mut request = world
        .http
        .request(Method::POST, text(notification, "/url")?)
        .body(text(sent, "/body")?.to_owned());
    for (name, value) in sent["headers"].as_object().context("headers")? {
        request = request.header(name, value.as_str().context("a header")?);
    }
    let answer = world.http.send(request).await?;
    // It was genuine and still is: a channel that repeats itself is told so. WeChat Pay dates its signatures, and one
    // of five minutes ago is none.
    let may_be_stale = sent["headers"]["wechatpay-timestamp"].is_string();
    let heard = answer.status < 300 || may_be_stale;
    ensure!(heard, "{notification}: {}", answer.shown());
    Ok(())
}

/// What the campaign left behind: payments with versions and money, evidence, and the channels' own books.
async fn left(
    world: &World,
    merchant: &Merchant,
    payments: &[String],
) -> anyhow::Result<Vec<Value>> {
    let mut left = Vec::new();
    for no in payments {
        left.push(merchant.payment(no).await?);
        left.extend(world.aws.items_of("payments", no).await?);
        left.push(world.aws.items_of("evidence", no).await?.len().into());
        left.push(world.simulator.books_of(no).await?.into());
    }
    Ok(left)
}

pub(crate) async fn whole_campaign(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.lenient()?;
    let payments = campaign(&world, &merchant).await?;
    let mut notifications = Vec::new();
    for no in &payments {
        notifications.extend(told(&world, &merchant, no).await?);
    }
    ensure!(
        notifications.len() >= 8,
        "only {} were sent",
        notifications.len()
    );
    let before = left(&world, &merchant, &payments).await?;
    for _ in 0..2 {
        // The last first: the past does not come in order.
        for notification in notifications.iter().rev() {
            post(&world, notification).await?;
        }
    }
    same(
        "what is left",
        left(&world, &merchant, &payments).await?,
        before,
    )
}
