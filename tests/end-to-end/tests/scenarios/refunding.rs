//! Giving money back: under one number, once, however often and by whomever it is sent (F71 to F76).

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use end_to_end::{
    Fault, Merchant, Way, World, attempt, audit, eventually, is_one_of, is_problem, refunds, same,
    text,
};
use futures::future::{join_all, try_join_all};
use serde_json::{Value, json};

/// How long everybody repeats the refund: longer than the first sending's patience and the first question after it.
const REPEATED_FOR: Duration = Duration::from_secs(18);

/// A payment of 1999 fen that is paid; gives its number and its channel order number.
async fn paid(world: &World, merchant: &Merchant) -> anyhow::Result<(String, String)> {
    let order = merchant.order(1_999);
    let answer = merchant.initiate(&order, Way::ALIPAY_PAGE).await?;
    is_one_of(&answer, &[201])?;
    let page = attempt(&answer.json, Way::ALIPAY_PAGE)?;
    let number = text(page, "/channel_order_no")?.to_owned();
    world.simulator.open_and_pay(page).await?;
    let no = order.payment_no()?;
    eventually(Duration::from_secs(60), "paid", || async {
        same("state", &merchant.payment(&no).await?["state"], "paid")
    })
    .await?;
    Ok((no, number))
}

/// Every number under which the channel was asked to refund an order.
async fn numbers_sent(world: &World, channel_order_no: &str) -> anyhow::Result<Vec<String>> {
    let journal = world.simulator.journal(channel_order_no).await?;
    let sent = journal
        .iter()
        .filter(|entry| entry["kind"] == "request" && entry["operation"] == "alipay.trade.refund");
    sent.map(|entry| {
        let content = text(entry, "/detail/biz_content")?;
        let content: Value = serde_json::from_str(content).context("the content of a call")?;
        Ok(text(&content, "/out_request_no")?.to_owned())
    })
    .collect()
}

/// The scan, another scan and a person who invokes `refund` by hand, all at once and again and again.
async fn everybody_repeats(world: &World, no: &str, refund_no: &str) -> anyhow::Result<()> {
    let by_hand = json!({ "payment_no": no, "refund_no": refund_no });
    let began = Instant::now();
    while began.elapsed() < REPEATED_FOR {
        let nothing = json!({});
        let (first, second, third, fourth) = tokio::join!(
            world.aws.invoke("scan", &nothing),
            world.aws.invoke("scan", &nothing),
            world.aws.invoke("refund", &by_hand),
            world.aws.invoke("refund", &by_hand),
        );
        for done in [first, second, third, fourth] {
            done?;
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    Ok(())
}

pub(crate) async fn answer_lost(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.lenient()?;
    let plays = ["timeout_after", "timeout_before", "reset", "garbage"].map(|kind| {
        let (world, merchant) = (&world, &merchant);
        async move { one_lost(world, merchant, kind).await.context(kind) }
    });
    try_join_all(plays).await?;
    Ok(())
}

async fn one_lost(world: &World, merchant: &Merchant, kind: &str) -> anyhow::Result<()> {
    let (no, number) = paid(world, merchant).await?;
    world
        .simulator
        .fault(&number, Fault::once("refund", kind))
        .await?;
    // Nor are we told: only questions can settle it.
    world
        .simulator
        .fault(&number, Fault::times("notify", "drop", 9))
        .await?;
    let asked = merchant.refund(&no, "full", 1_999).await?;
    is_one_of(&asked, &[201])?;
    let refund = refunds(&asked.json, "merchant_request")
        .first()
        .copied()
        .cloned();
    let refund = refund.context("a refund")?;
    let refund_no = text(&refund, "/refund_no")?;
    everybody_repeats(world, &no, refund_no).await?;
    let settled = audit(world, merchant, &no).await?;
    same("refunded", &settled["money"]["refunded"]["value"], 1_999)?;
    same(
        "refunds in all",
        settled["refunds"].as_array().map(Vec::len),
        Some(1),
    )?;
    let book = world.simulator.book(&number).await?.context("a book")?;
    same(
        "the channel moved it once",
        book["refunds"].as_array().map(Vec::len),
        Some(1),
    )?;
    let sent = numbers_sent(world, &number).await?;
    ensure!(
        sent.iter().all(|one| one == refund_no),
        "one number: {sent:?}"
    );
    if kind != "timeout_before" {
        same("what certainly arrived was not sent again", sent.len(), 1)?;
    }
    Ok(())
}

pub(crate) async fn system_error(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.strict()?;
    let (no, number) = paid(&world, &merchant).await?;
    world
        .simulator
        .fault(&number, Fault::once("refund", "system_error"))
        .await?;
    world
        .simulator
        .fault(&number, Fault::once("refund_query", "http_500"))
        .await?;
    let asked = merchant.refund(&no, "full", 1_999).await?;
    is_one_of(&asked, &[201])?;
    let settled = audit(&world, &merchant, &no).await?;
    let made = refunds(&settled, "merchant_request");
    same("refunds", made.len(), 1)?;
    let sent = numbers_sent(&world, &number).await?;
    let refund_no = text(made[0], "/refund_no")?;
    ensure!(
        sent.len() >= 2 && sent.iter().all(|one| one == refund_no),
        "one number: {sent:?}"
    );
    Ok(())
}

/// Money that nobody asked back: the loser of two captures, with the answer to its refund lost.
pub(crate) async fn compensation(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.lenient()?;
    let order = merchant.order(1_999);
    is_one_of(&merchant.initiate(&order, Way::ALIPAY_PAGE).await?, &[201])?;
    let both = merchant.initiate(&order, Way::ALIPAY_WAP).await?;
    is_one_of(&both, &[201])?;
    let (page, wap) = (
        attempt(&both.json, Way::ALIPAY_PAGE)?,
        attempt(&both.json, Way::ALIPAY_WAP)?,
    );
    for one in [page, wap] {
        let number = text(one, "/channel_order_no")?;
        world
            .simulator
            .fault(number, Fault::once("refund", "timeout_after"))
            .await?;
        world.simulator.open_cashier(one).await?;
    }
    tokio::try_join!(
        world.simulator.pay(text(page, "/channel_order_no")?),
        world.simulator.pay(text(wap, "/channel_order_no")?)
    )?;
    let no = order.payment_no()?;
    let owed = eventually(Duration::from_secs(90), "both known", || async {
        let payment = merchant.payment(&no).await?;
        let owed = refunds(&payment, "duplicate_payment")
            .first()
            .copied()
            .cloned();
        owed.context("no refund yet")
    })
    .await?;
    let loser = text(&owed, "/channel_order_no")?;
    world
        .simulator
        .fault(loser, Fault::times("notify", "drop", 9))
        .await?;
    everybody_repeats(&world, &no, text(&owed, "/refund_no")?).await?;
    let settled = audit(&world, &merchant, &no).await?;
    same("state", text(&settled, "/state")?, "paid")?;
    same(
        "refunds in all",
        settled["refunds"].as_array().map(Vec::len),
        Some(1),
    )?;
    same("sendings", numbers_sent(&world, loser).await?.len(), 1)
}

pub(crate) async fn race(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.lenient()?;
    let (no, _) = paid(&world, &merchant).await?;
    let numbers: Vec<_> = (0..8).map(|index| format!("part-{index}")).collect();
    let asked = numbers
        .iter()
        .map(|number| merchant.refund(&no, number, 600));
    let answers = join_all(asked)
        .await
        .into_iter()
        .collect::<anyhow::Result<Vec<_>>>()?;
    let mut accepted = 0;
    for answer in &answers {
        match answer.status {
            201 => accepted += 1,
            _ => is_problem(answer, 409, "exceeds-captured")?,
        }
    }
    // Three times 600 fit into 1999, the fourth does not.
    same("accepted", accepted, 3)?;
    is_problem(
        &merchant.refund(&no, "rest-and-one", 200).await?,
        409,
        "exceeds-captured",
    )?;
    is_one_of(&merchant.refund(&no, "rest", 199).await?, &[201])?;
    let settled = audit(&world, &merchant, &no).await?;
    same("refunded", &settled["money"]["refunded"]["value"], 1_999)?;
    same("applied", &settled["money"]["applied"]["value"], 0)?;
    same("refunds", refunds(&settled, "merchant_request").len(), 4)?;
    same("state", text(&settled, "/state")?, "paid")
}

pub(crate) async fn repeated(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.strict()?;
    let unpaid = merchant.order(1_999);
    is_one_of(&merchant.initiate(&unpaid, Way::ALIPAY_PAGE).await?, &[201])?;
    let early = merchant.refund(&unpaid.payment_no()?, "early", 1).await?;
    is_problem(&early, 409, "exceeds-captured")?;

    let (no, number) = paid(&world, &merchant).await?;
    let clicks = (0..5).map(|_| merchant.refund(&no, "once", 700));
    let mut made = 0;
    for answer in join_all(clicks).await {
        let answer = answer?;
        is_one_of(&answer, &[200, 201])?;
        made += usize::from(answer.status == 201);
    }
    same("made", made, 1)?;
    is_problem(
        &merchant.refund(&no, "once", 701).await?,
        422,
        "request-mismatch",
    )?;
    is_one_of(&merchant.refund(&no, "again", 700).await?, &[201])?;
    let settled = audit(&world, &merchant, &no).await?;
    same("refunded", &settled["money"]["refunded"]["value"], 1_400)?;
    is_one_of(&merchant.refund(&no, "once", 700).await?, &[200])?;
    // Each under a number of its own: without one the second would be taken for the first.
    let sent = numbers_sent(&world, &number).await?;
    same("sendings", sent.len(), 2)?;
    ensure!(sent[0] != sent[1], "two refunds share a number: {sent:?}");
    let book = world.simulator.book(&number).await?.context("a book")?;
    same(
        "refunds at the channel",
        book["refunds"].as_array().map(Vec::len),
        Some(2),
    )
}
