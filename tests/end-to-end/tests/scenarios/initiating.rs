//! Initiating, again and again: one order, one channel order, one link (F1, F2, F3, F9, F49).

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, ensure};
use end_to_end::{
    Answer, Fault, Merchant, Order, Way, World, attempt, audit, eventually, is_one_of, is_problem,
    same, text,
};
use futures::future::join_all;
use serde_json::{Value, json};

const MANY: usize = 100;
const SOME: usize = 20;
/// The lease of a create, and a busy machine.
const REPEATED_WITHIN: Duration = Duration::from_secs(45);

pub(crate) async fn hundred_clicks(world: World) -> anyhow::Result<()> {
    // Alone: this is what a machine with two processors can take.
    let _alone = world.alone().await;
    let merchant = world.lenient()?;
    let (many, some) = (merchant.order(1_999), merchant.order(500));
    let clicks = (0..MANY + SOME).map(|index| {
        // Every sixth click is for the other order: twenty of a hundred and twenty.
        let order = if index % 6 == 5 { &some } else { &many };
        let merchant = &merchant;
        async move { anyhow::Ok((order, merchant.initiate(order, Way::ALIPAY_PAGE).await?)) }
    });
    let answers: Vec<_> = join_all(clicks)
        .await
        .into_iter()
        .collect::<anyhow::Result<_>>()?;
    for (order, count) in [(&many, MANY), (&some, SOME)] {
        let own: Vec<_> = answers
            .iter()
            .filter(|(of, _)| of.number == order.number)
            .map(|(_, answer)| answer)
            .collect();
        same("answers", own.len(), count)?;
        one_of_all(&world, &merchant, order, &own).await?;
    }
    Ok(())
}

async fn one_of_all(
    world: &World,
    merchant: &Merchant,
    order: &Order,
    answers: &[&Answer],
) -> anyhow::Result<()> {
    let mut links = BTreeSet::new();
    let mut numbers = BTreeSet::new();
    let mut made = 0;
    for answer in answers {
        is_one_of(answer, &[200, 201, 202])?;
        if answer.status == 201 {
            made += 1;
        }
        let orders = answer.json["channel_orders"]
            .as_array()
            .context("channel orders")?;
        same("channel orders in an answer", orders.len(), 1)?;
        numbers.insert(text(&answer.json, "/channel_orders/0/channel_order_no")?);
        if answer.status != 202 {
            links.insert(text(&answer.json, "/channel_orders/0/action/url")?);
        }
    }
    same("answers that say 201", made, 1)?;
    same("channel order numbers", numbers.len(), 1)?;
    same("pay links", links.len(), 1)?;
    let payment_no = order.payment_no()?;
    same(
        "items",
        world.aws.items_of("payments", &payment_no).await?.len(),
        1,
    )?;
    let payment = merchant.payment(&payment_no).await?;
    same("a hundred clicks wrote once", &payment["version"], 1)?;
    let link = links.first().context("a link")?;
    same(
        "a later click gets it too",
        text(&payment, "/channel_orders/0/action/url")?,
        *link,
    )?;
    world
        .simulator
        .open_and_pay(attempt(&payment, Way::ALIPAY_PAGE)?)
        .await?;
    let paid = audit_paid(world, merchant, &payment_no).await?;
    same(
        "channel orders in the end",
        paid["channel_orders"].as_array().map(Vec::len),
        Some(1),
    )?;
    let again = merchant.initiate(order, Way::ALIPAY_PAGE).await?;
    is_problem(&again, 409, "already-paid")
}

/// Waits for `paid`, then audits.
async fn audit_paid(world: &World, merchant: &Merchant, no: &str) -> anyhow::Result<Value> {
    eventually(Duration::from_secs(90), "paid", || async {
        same("state", &merchant.payment(no).await?["state"], "paid")
    })
    .await?;
    audit(world, merchant, no).await
}

pub(crate) async fn mismatch(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.lenient()?;
    let order = merchant.order(1_999);
    is_one_of(&merchant.initiate(&order, Way::ALIPAY_PAGE).await?, &[201])?;
    let dearer = order.with_amount(2_000);
    is_problem(
        &merchant.initiate(&dearer, Way::ALIPAY_PAGE).await?,
        422,
        "request-mismatch",
    )?;
    let mut renamed = order.request(Way::ALIPAY_PAGE);
    renamed["subject"] = json!("another subject");
    is_problem(
        &merchant.post("/v1/payments", &renamed).await?,
        422,
        "request-mismatch",
    )?;
    // A repeat with other words around it is still the same request.
    let mut repeated = order.request(Way::ALIPAY_PAGE);
    repeated["metadata"] = json!({ "note": "second try" });
    is_one_of(&merchant.post("/v1/payments", &repeated).await?, &[200])?;
    let payment = merchant.payment(&order.payment_no()?).await?;
    same("nothing was written", &payment["version"], 1)?;
    same("the amount stays", &payment["amount"]["value"], 1_999)
}

pub(crate) async fn page_times_out(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.lenient()?;
    for kind in ["timeout_after", "timeout_before"] {
        let order = merchant.order(1_999);
        let first = merchant.initiate(&order, Way::ALIPAY_PAGE).await?;
        is_one_of(&first, &[201])?;
        let link = text(&first.json, "/channel_orders/0/action/url")?;
        let number = text(&first.json, "/channel_orders/0/channel_order_no")?;
        let fault = Fault {
            delay_ms: Some(300),
            ..Fault::once("create", kind)
        };
        world.simulator.fault(number, fault).await?;
        ensure!(
            world.simulator.open(link).await.is_err(),
            "{kind}: the buyer saw something"
        );
        let known = world.simulator.book(number).await?.is_some();
        same("the channel knows it", known, kind == "timeout_after")?;

        let again = merchant.initiate(&order, Way::ALIPAY_PAGE).await?;
        is_one_of(&again, &[200])?;
        let second = attempt(&again.json, Way::ALIPAY_PAGE)?;
        same(
            "the same channel order",
            text(second, "/channel_order_no")?,
            number,
        )?;
        same("nothing failed", text(second, "/state")?, "pending")?;
        same("the same link", text(second, "/action/url")?, link)?;
        world.simulator.open_and_pay(second).await?;
        let paid = audit_paid(&world, &merchant, &order.payment_no()?).await?;
        same(
            "one attempt",
            paid["channel_orders"].as_array().map(Vec::len),
            Some(1),
        )?;
    }
    Ok(())
}

pub(crate) async fn create_times_out_after(world: World) -> anyhow::Result<()> {
    create_times_out(&world, "timeout_after").await
}

pub(crate) async fn create_times_out_before(world: World) -> anyhow::Result<()> {
    create_times_out(&world, "timeout_before").await
}

/// A create that is a call of ours, with nobody answering it.
async fn create_times_out(world: &World, kind: &str) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.strict()?;
    let order = merchant.order(1_999);
    let number = order.channel_order_no(Way::ALIPAY_NATIVE, 1)?;
    world
        .simulator
        .fault(&number, Fault::once("create", kind))
        .await?;
    let first = merchant.initiate(&order, Way::ALIPAY_NATIVE).await?;
    is_one_of(&first, &[202])?;
    ensure!(
        !first.header("retry-after").is_empty(),
        "when to ask again: {}",
        first.shown()
    );
    same(
        "the number is known",
        text(&first.json, "/payment_no")?,
        order.payment_no()?,
    )?;
    same(
        "the attempt too",
        text(&first.json, "/channel_orders/0/channel_order_no")?,
        &*number,
    )?;
    same(
        "no action yet",
        &first.json["channel_orders"][0]["action"],
        &Value::Null,
    )?;
    let shown = merchant.payment(&order.payment_no()?).await?;
    same(
        "nothing failed",
        text(&shown, "/channel_orders/0/state")?,
        "submitted",
    )?;

    let answered = eventually(REPEATED_WITHIN, "repeated after the lease", || async {
        let again = merchant.initiate(&order, Way::ALIPAY_NATIVE).await?;
        is_one_of(&again, &[200, 201, 202])?;
        is_one_of(&again, &[200, 201])?;
        Ok(again)
    })
    .await?;
    let orders = answered.json["channel_orders"].as_array().map(Vec::len);
    same("one channel order", orders, Some(1))?;
    let second = attempt(&answered.json, Way::ALIPAY_NATIVE)?;
    same(
        "the same channel order",
        text(second, "/channel_order_no")?,
        &*number,
    )?;
    same("a code to scan", text(second, "/action/type")?, "qr")?;
    world.simulator.open_and_pay(second).await?;
    audit_paid(world, &merchant, &order.payment_no()?).await?;
    Ok(())
}
