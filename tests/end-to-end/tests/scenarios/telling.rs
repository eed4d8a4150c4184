//! Merchants are told what became of their payments (F88, F89, I-16): signed, in order, again and again.

use std::time::Duration;

use anyhow::{Context, ensure};
use end_to_end::{
    Ear, Merchant, Order, Received, Reply, Way, World, attempt, audit, eventually, is_one_of,
    is_problem, same, text,
};
use serde_json::{Value, json};

/// A function has to start, and may be busy.
const TOLD_WITHIN: Duration = Duration::from_secs(30);

/// Initiates with an address to be told at.
async fn initiated(merchant: &Merchant, ear: &Ear) -> anyhow::Result<(Order, Value)> {
    let order = merchant.order(1_999);
    let mut request = order.request(Way::ALIPAY_PAGE);
    request["notify_url"] = json!(ear.url);
    let answer = merchant.post("/v1/payments", &request).await?;
    is_one_of(&answer, &[201])?;
    let page = attempt(&answer.json, Way::ALIPAY_PAGE)?.clone();
    Ok((order, page))
}

async fn paid(world: &World, merchant: &Merchant, ear: &Ear) -> anyhow::Result<Order> {
    let (order, page) = initiated(merchant, ear).await?;
    world.simulator.open_and_pay(&page).await?;
    Ok(order)
}

async fn heard(ear: &Ear, count: usize) -> anyhow::Result<Vec<Received>> {
    eventually(TOLD_WITHIN, "told", || async {
        let heard = ear.heard();
        ensure!(heard.len() >= count, "{} of {count} messages", heard.len());
        Ok(heard)
    })
    .await
}

fn secret(world: &World, merchant: &Merchant) -> anyhow::Result<String> {
    let mut all = world.endpoints.merchants.iter();
    let known = all.find(|known| known.merchant_id == merchant.id);
    Ok(known.context("a merchant")?.webhook_secret.clone())
}

async fn notifications(merchant: &Merchant, payment_no: &str) -> anyhow::Result<Value> {
    let path = format!("/v1/payments/{payment_no}/notifications");
    let answer = merchant.get(&path).await?;
    is_one_of(&answer, &[200])?;
    Ok(answer.json)
}

pub(crate) async fn paid_and_verified(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let (merchant, ear) = (world.lenient()?, world.ears.ear()?);
    let order = paid(&world, &merchant, &ear).await?;
    let no = order.payment_no()?;
    let told = heard(&ear, 1).await?.remove(0);
    told.verify(&secret(&world, &merchant)?)?;
    ensure!(told.verify(&secret(&world, &world.strict()?)?).is_err());
    same("id", told.header("webhook-id"), format!("{no}-1").as_str())?;
    same("type", &told.json["type"], "payment.paid")?;
    same("sequence", &told.json["sequence"], 1)?;
    same("state", text(&told.json, "/data/state")?, "paid")?;
    same("number", text(&told.json, "/data/payment_no")?, no.as_str())?;
    let action = &told.json["data"]["channel_orders"][0]["action"];
    ensure!(action.is_null(), "something to pay with: {action}");
    let log = eventually(TOLD_WITHIN, "in the log", || async {
        let log = notifications(&merchant, &no).await?;
        let first = log["notifications"][0].clone();
        same("delivery", text(&first, "/delivery")?, "delivered")?;
        Ok(first)
    })
    .await?;
    same("published", &log["published"], true)?;
    same("status", &log["attempts"][0]["status"], 200)?;
    audit(&world, &merchant, &no).await?;
    same("told once", ear.heard().len(), 1)
}

pub(crate) async fn again_after_refusals(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let (merchant, ear) = (world.lenient()?, world.ears.ear()?);
    ear.reply(&[Reply::now(500)]);
    let order = paid(&world, &merchant, &ear).await?;
    let told = heard(&ear, 2).await?;
    same(
        "the same message",
        told[0].header("webhook-id"),
        told[1].header("webhook-id"),
    )?;
    told[1].verify(&secret(&world, &merchant)?)?;
    let waited = told[1].at.duration_since(told[0].at);
    ensure!(waited >= Duration::from_secs(4), "again after {waited:?}");
    let log = notifications(&merchant, &order.payment_no()?).await?;
    same(
        "first",
        &log["notifications"][0]["attempts"][0]["status"],
        500,
    )
}

pub(crate) async fn a_refund_is_told_after_the_payment(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let (merchant, ear) = (world.lenient()?, world.ears.ear()?);
    // The first message is refused, so that the refund comes about before the payment was told.
    ear.reply(&[Reply::now(503)]);
    let order = paid(&world, &merchant, &ear).await?;
    let no = order.payment_no()?;
    heard(&ear, 1).await?;
    let answer = merchant.refund(&no, "r-1", 500).await?;
    is_one_of(&answer, &[201])?;
    let told = heard(&ear, 3).await?;
    let sequences: Vec<_> = told
        .iter()
        .map(|told| told.json["sequence"].clone())
        .collect();
    same("order", json!(sequences), json!([1, 1, 2]))?;
    let last = &told[2].json;
    same("type", &last["type"], "refund.succeeded")?;
    let refund = &last["data"]["refunds"][0];
    same("which", &last["subject"], &refund["refund_no"])?;
    same("refunded", &last["data"]["money"]["refunded"]["value"], 500)
}

pub(crate) async fn a_slow_merchant_holds_up_nobody(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let (slow, quick) = (world.ears.ear()?, world.ears.ear()?);
    let minute = Reply {
        status: 200,
        after: Duration::from_secs(60),
    };
    slow.reply(&[minute; 8]);
    let (lenient, strict) = (world.lenient()?, world.strict()?);
    for _ in 0..4 {
        paid(&world, &strict, &slow).await?;
    }
    heard(&slow, 1).await?;
    let order = paid(&world, &lenient, &quick).await?;
    heard(&quick, 1).await?;
    let no = order.payment_no()?;
    audit(&world, &lenient, &no).await?;
    Ok(())
}

pub(crate) async fn again_when_asked(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let (merchant, ear) = (world.lenient()?, world.ears.ear()?);
    // Gone: nothing more is sent by itself.
    ear.reply(&[Reply::now(410)]);
    let order = paid(&world, &merchant, &ear).await?;
    let no = order.payment_no()?;
    eventually(TOLD_WITHIN, "given up", || async {
        let log = notifications(&merchant, &no).await?;
        same(
            "delivery",
            text(&log, "/notifications/0/delivery")?,
            "given_up",
        )
    })
    .await?;
    let path = format!("/v1/payments/{no}/notifications");
    let answer = merchant.post(&path, &json!({})).await?;
    is_one_of(&answer, &[202])?;
    let told = heard(&ear, 2).await?;
    same(
        "the same message",
        told[0].header("webhook-id"),
        told[1].header("webhook-id"),
    )?;
    // Delivered meanwhile; asked once more, how it ended is told under the next number.
    eventually(TOLD_WITHIN, "delivered", || async {
        let log = notifications(&merchant, &no).await?;
        same(
            "delivery",
            text(&log, "/notifications/0/delivery")?,
            "delivered",
        )
    })
    .await?;
    is_one_of(&merchant.post(&path, &json!({})).await?, &[202])?;
    let told = heard(&ear, 3).await?;
    same("sequence", &told[2].json["sequence"], 2)?;
    let stranger = world.strict()?.post(&path, &json!({})).await?;
    is_one_of(&stranger, &[404])?;
    let (open, _) = initiated(&merchant, &world.ears.ear()?).await?;
    let path = format!("/v1/payments/{}/notifications", open.payment_no()?);
    let answer = merchant.post(&path, &json!({})).await?;
    is_problem(&answer, 409, "nothing-to-tell")
}

/// While a secret is replaced, both sign; a receiver that knows either is content.
pub(crate) async fn a_secret_is_replaced(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let (merchant, ear) = (world.spare()?, world.ears.ear()?);
    let old = secret(&world, &merchant)?;
    let new = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    world
        .aws
        .put_secret(
            &format!("payonce/merchants/{}/webhook", merchant.id),
            &format!("{new} {old}"),
        )
        .await?;
    paid(&world, &merchant, &ear).await?;
    let told = heard(&ear, 1).await?.remove(0);
    told.verify(&old)?;
    told.verify(new)
}

/// S7: what merchants may not be told at is refused before anything is stored.
pub(crate) async fn an_address_must_be_registered(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.lenient()?;
    for address in [
        "http://169.254.169.254/",
        "https://127.0.0.1:8080/",
        "https://shop.example.com/",
    ] {
        let order = merchant.order(1_999);
        let mut request = order.request(Way::ALIPAY_PAGE);
        request["notify_url"] = json!(address);
        let answer = merchant.post("/v1/payments", &request).await?;
        is_one_of(&answer, &[400])?;
        same("pointer", text(&answer.json, "/pointer")?, "/notify_url")?;
    }
    Ok(())
}
