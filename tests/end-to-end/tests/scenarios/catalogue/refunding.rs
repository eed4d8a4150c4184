//! S11 to S13: money on its way back, of which nobody knows, which does not arrive, or of which there is too little.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use end_to_end::{
    Fault, Merchant, Way, World, audit, eventually, is_one_of, is_problem, refunds, same, text,
};
use futures::future::try_join_all;
use serde_json::{Value, json};

use super::{begun, number, over, until_paid};

/// How long everybody repeats the refund.
const REPEATED_FOR: Duration = Duration::from_secs(18);
/// WeChat is asked about a refund after a minute; two of one order are a minute apart. The sweep alone takes two minutes
/// for each step.
const ENDED_WITHIN: Duration = Duration::from_secs(600);

/// Those that notify of refunds and can be asked about them.
const WAYS: [Way; 3] = Way::OF_EACH_CHANNEL;

/// A payment of 1999 fen that is paid; gives its number and its channel order number.
async fn paid(world: &World, merchant: &Merchant, way: Way) -> anyhow::Result<(String, String)> {
    let (order, channel_order) = begun(merchant, way).await?;
    world.simulator.open_and_pay(&channel_order).await?;
    let no = order.payment_no()?;
    until_paid(merchant, &no).await?;
    Ok((no, number(&channel_order)?.to_owned()))
}

async fn asked(
    merchant: &Merchant,
    no: &str,
    refund_no: &str,
    amount: u64,
) -> anyhow::Result<Value> {
    let answer = merchant.refund(no, refund_no, amount).await?;
    is_one_of(&answer, &[201])?;
    let mut made = refunds(&answer.json, "merchant_request");
    made.pop().cloned().context("a refund")
}

pub(crate) async fn unknown(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let world = &world;
    let kinds = ["timeout_after", "reset", "garbage"];
    let plays = WAYS.iter().flat_map(|way| {
        kinds.map(|kind| async move {
            let played = one_unknown(world, *way, kind).await;
            played.with_context(|| format!("{way:?}, {kind}"))
        })
    });
    try_join_all(plays).await?;
    Ok(())
}

async fn one_unknown(world: &World, way: Way, kind: &str) -> anyhow::Result<()> {
    let merchant = world.lenient()?;
    let (no, order_no) = paid(world, &merchant, way).await?;
    // Nor are we told: only questions can settle it.
    for fault in [
        Fault::once("refund", kind),
        Fault::times("notify", "drop", 9),
    ] {
        world.simulator.fault(&order_no, fault).await?;
    }
    let refund = asked(&merchant, &no, "full", 1_999).await?;
    let refund_no = text(&refund, "/refund_no")?;
    everybody_repeats(world, &no, refund_no).await?;
    let settled = audit(world, &merchant, &no).await?;
    same("refunded", &settled["money"]["refunded"]["value"], 1_999)?;
    let book = world.simulator.book(&order_no).await?.context("a book")?;
    let moved = book["refunds"].as_array().context("refunds")?;
    same("the channel moved it once", moved.len(), 1)?;
    same(
        "under the number it was given",
        text(&moved[0], "/refund_no")?,
        refund_no,
    )
}

/// The scan and a person who invokes `refund` by hand, again and again.
async fn everybody_repeats(world: &World, no: &str, refund_no: &str) -> anyhow::Result<()> {
    let by_hand = json!({ "payment_no": no, "refund_no": refund_no });
    let began = Instant::now();
    while began.elapsed() < REPEATED_FOR {
        let nothing = json!({});
        let (scan, first, second) = tokio::join!(
            world.aws.invoke("scan", &nothing),
            world.aws.invoke("refund", &by_hand),
            world.aws.invoke("refund", &by_hand),
        );
        for done in [scan, first, second] {
            done?;
        }
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    Ok(())
}

/// Accepted, and then it failed for good: the money stayed with the merchant, and a new number may carry it.
pub(crate) async fn failed(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let world = &world;
    let plays = [
        (Way::WECHAT_NATIVE, "closed"),
        (Way::UNIONPAY_GATEWAY, "failed"),
    ]
    .map(|(way, outcome)| async move {
        let merchant = world.strict()?;
        let (no, order_no) = paid(world, &merchant, way).await?;
        world.simulator.script_refund(&order_no, outcome).await?;
        // A part, since UnionPay undoes a whole capture at once.
        let refund = asked(&merchant, &no, "part", 700).await?;
        let first = text(&refund, "/refund_no")?;
        eventually(ENDED_WITHIN, "known as failed", || async {
            let payment = merchant.payment(&no).await?;
            let all = payment["refunds"].as_array().context("refunds")?;
            let ended = all.iter().find(|refund| refund["refund_no"] == first);
            same(
                "state",
                &ended.context("the refund")?["state"],
                &json!("failed"),
            )
        })
        .await?;
        is_one_of(&merchant.refund(&no, "again", 700).await?, &[201])?;
        let settled = audit(world, &merchant, &no).await?;
        let back = settled["money"]["refunded"]["value"].as_u64();
        ensure!(back >= Some(700), "nothing went back: {settled}");
        let book = world.simulator.book(&order_no).await?.context("a book")?;
        let tried = book["refunds"].as_array().context("refunds")?;
        let mut numbers: Vec<_> = tried.iter().map(|one| one["refund_no"].as_str()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        same("a number for each try", numbers.len(), tried.len())
    });
    try_join_all(plays).await?;
    Ok(())
}

/// The buyer's card is closed: WeChat holds the money until a person names another.
pub(crate) async fn abnormal(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.lenient()?;
    let (no, order_no) = paid(&world, &merchant, Way::WECHAT_NATIVE).await?;
    world.simulator.script_refund(&order_no, "abnormal").await?;
    asked(&merchant, &no, "full", 1_999).await?;
    let is_manual = || async {
        let payment = merchant.payment(&no).await?;
        let made = refunds(&payment, "merchant_request");
        same("refunds", made.len(), 1)?;
        same("state", text(made[0], "/state")?, "manual")
    };
    eventually(ENDED_WITHIN, "a person's turn", is_manual).await?;
    // Nothing is sent beside it, however often it is looked at.
    for _ in 0..3 {
        world.aws.wake(&no).await?;
        world.aws.invoke("scan", &json!({})).await?;
    }
    is_manual().await?;
    let book = world.simulator.book(&order_no).await?.context("a book")?;
    let tried = book["refunds"].as_array().map(Vec::len);
    same("refunds at the channel", tried, Some(1))?;
    let more = merchant.refund(&no, "more", 1).await?;
    is_problem(&more, 409, "exceeds-captured")
}

pub(crate) async fn race(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let (world, merchant) = (&world, &world.lenient()?);
    over(&WAYS, |way| async move {
        let (no, _) = paid(world, merchant, way).await?;
        let (one, other) = tokio::join!(
            merchant.refund(&no, "one", 1_200),
            merchant.refund(&no, "other", 1_200)
        );
        let (one, other) = (one?, other?);
        let (taken, refused) = if one.status == 201 {
            (one, other)
        } else {
            (other, one)
        };
        is_one_of(&taken, &[201])?;
        is_problem(&refused, 409, "exceeds-captured")?;
        let settled = audit(world, merchant, &no).await?;
        same("refunded", &settled["money"]["refunded"]["value"], 1_200)?;
        same("applied", &settled["money"]["applied"]["value"], 799)
    })
    .await
}
