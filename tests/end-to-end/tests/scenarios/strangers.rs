//! Notifications from strangers, from other merchants' channels, from the past, and of wrong amounts (F33 to F37).

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, ensure};
use end_to_end::{
    Answer, Fault, Merchant, Notification, Order, Way, World, attempt, audit, eventually,
    is_one_of, refunds, same, text,
};
use futures::future::join_all;
use payonce_domain::Channel;
use serde_json::Value;

/// An unpaid order whose page is open, so the channel could speak of it.
struct Stage {
    order: Order,
    number: String,
    account: Value,
    book: Value,
}

impl Stage {
    async fn new(world: &World, merchant: &Merchant) -> anyhow::Result<Self> {
        let order = merchant.order(1_999);
        let answer = merchant.initiate(&order, Way::ALIPAY_PAGE).await?;
        is_one_of(&answer, &[201])?;
        let page = attempt(&answer.json, Way::ALIPAY_PAGE)?;
        world.simulator.open_cashier(page).await?;
        let number = text(page, "/channel_order_no")?.to_owned();
        let book = world.simulator.book(&number).await?.context("a book")?;
        let account = world
            .simulator
            .account_of(Channel::Alipay, &merchant.id)
            .await?;
        Ok(Self {
            order,
            number,
            account,
            book,
        })
    }

    fn key(&self) -> anyhow::Result<&str> {
        text(&self.account, "/channel_private_key")
    }

    fn url(&self) -> anyhow::Result<&str> {
        text(&self.account, "/webhook_url")
    }

    fn genuine(&self, yuan: &str) -> anyhow::Result<Notification> {
        Notification::of(&self.account, &self.book, yuan)?.signed(self.key()?)
    }

    /// Everything that a notification could change: the item itself, and how much the tables hold.
    async fn seen(&self, world: &World) -> anyhow::Result<(Vec<Value>, BTreeMap<String, usize>)> {
        let no = self.order.payment_no()?;
        let mut counts = BTreeMap::new();
        for table in ["payments", "evidence"] {
            let items = world.aws.items_of(table, &no).await?;
            counts.insert(table.to_owned(), items.len());
        }
        // Nothing that runs beside this scenario adds to the others.
        for table in ["merchants", "controls"] {
            counts.insert(table.to_owned(), world.aws.items(table).await?.len());
        }
        Ok((world.aws.items_of("payments", &no).await?, counts))
    }
}

/// Not heard: anything but the one word, so that a genuine sender would come again.
fn refused(what: &str, answer: &Answer) -> anyhow::Result<()> {
    let heard = answer.bytes == b"success";
    ensure!(!heard, "{what} was acknowledged: {}", answer.shown());
    ensure!(
        answer.status != 502,
        "{what} broke the function: {}",
        answer.shown()
    );
    Ok(())
}

/// Posts all of them, a few at a time, and sees that nothing comes of it.
async fn nothing_comes_of(
    world: &World,
    stage: &Stage,
    messages: Vec<(String, String, String)>,
) -> anyhow::Result<()> {
    let before = stage.seen(world).await?;
    for some in messages.chunks(6) {
        let posts = some.iter().map(|(what, url, body)| async move {
            let request = world
                .http
                .request(reqwest::Method::POST, url)
                .header(
                    "content-type",
                    "application/x-www-form-urlencoded; charset=utf-8",
                )
                .body(body.clone());
            refused(what, &world.http.send(request).await?)
        });
        join_all(posts)
            .await
            .into_iter()
            .collect::<anyhow::Result<()>>()?;
    }
    let after = stage.seen(world).await?;
    same("the tables after strangers wrote", after, before)
}

pub(crate) async fn forged(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.lenient()?;
    let stage = Stage::new(&world, &merchant).await?;
    let url = stage.url()?.to_owned();
    let genuine = stage.genuine("19.99")?;
    let stranger = text(&stage.account, "/merchant_private_key")?;
    let forged = Notification::of(&stage.account, &stage.book, "19.99")?.signed(stranger)?;
    let mut messages = vec![
        (
            "a stranger's signature".to_owned(),
            url.clone(),
            forged.body(),
        ),
        (
            "no signature".to_owned(),
            url.clone(),
            genuine.with("sign", "").body(),
        ),
        (
            "no base64".to_owned(),
            url.clone(),
            genuine.with("sign", "%%%").body(),
        ),
        (
            "a field more".to_owned(),
            url.clone(),
            genuine.with("gmt_refund", "2026-11-20").body(),
        ),
        (
            "a field twice".to_owned(),
            url.clone(),
            format!("{}&total_amount=0.01", genuine.body()),
        ),
        ("nothing".to_owned(), url.clone(), String::new()),
        (
            "no form".to_owned(),
            url.clone(),
            "{\"trade_status\":\"TRADE_SUCCESS\"}".to_owned(),
        ),
        (
            "half a message".to_owned(),
            url.clone(),
            genuine.body()[..200].to_owned(),
        ),
        (
            "a huge one".to_owned(),
            url.clone(),
            format!("a={}", "x".repeat(2_000_000)),
        ),
    ];
    for name in genuine.names() {
        // The kind of signature is not signed, and another one is none that we take.
        let changed = format!("{}1", genuine.field(&name));
        messages.push((
            format!("{name} changed"),
            url.clone(),
            genuine.with(&name, &changed).body(),
        ));
    }
    // Signed by the channel itself, but for another application or another seller.
    for name in ["app_id", "seller_id"] {
        let other = Notification::of(&stage.account, &stage.book, "19.99")?
            .with(name, "2088999999999999")
            .signed(stage.key()?)?;
        messages.push((format!("another {name}"), url.clone(), other.body()));
    }
    for path in ["alipay/nobody", "visa/x"] {
        let nowhere = format!("{}/v1/webhooks/{path}", world.endpoints.api_url);
        messages.push((format!("to {path}"), nowhere, genuine.body()));
    }
    nothing_comes_of(&world, &stage, messages).await?;

    // The genuine one is taken, so what was refused was refused for what was wrong with it.
    world
        .simulator
        .fault(&stage.number, Fault::once("notify", "drop"))
        .await?;
    world.simulator.pay(&stage.number).await?;
    let heard = genuine.post(&world.http, stage.url()?).await?;
    same("the genuine one", heard.bytes, b"success".to_vec())?;
    let settled = audit(&world, &merchant, &stage.order.payment_no()?).await?;
    same("state", text(&settled, "/state")?, "paid")
}

pub(crate) async fn foreign(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let (a, b) = (world.strict()?, world.lenient()?);
    let stage = Stage::new(&world, &b).await?;
    let account = world.simulator.account_of(Channel::Alipay, &a.id).await?;
    let (key, url) = (
        text(&account, "/channel_private_key")?,
        text(&account, "/webhook_url")?,
    );
    // A owns this account and everything signed for it is genuine; only the order is B's.
    let about_b = Notification::of(&account, &stage.book, "19.99")?.signed(key)?;
    let messages = vec![
        (
            "A's channel about B's order".to_owned(),
            url.to_owned(),
            about_b.body(),
        ),
        (
            "the same to B".to_owned(),
            stage.url()?.to_owned(),
            about_b.body(),
        ),
        (
            "B's message to A".to_owned(),
            url.to_owned(),
            stage.genuine("19.99")?.body(),
        ),
    ];
    nothing_comes_of(&world, &stage, messages).await?;
    let untouched = b.payment(&stage.order.payment_no()?).await?;
    same("state", text(&untouched, "/state")?, "paying")
}

pub(crate) async fn replayed(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.lenient()?;
    let stage = Stage::new(&world, &merchant).await?;
    let no = stage.order.payment_no()?;
    world
        .simulator
        .fault(&stage.number, Fault::once("notify", "drop"))
        .await?;
    world.simulator.pay(&stage.number).await?;
    let told = stage.genuine("19.99")?;
    same(
        "the first",
        told.post(&world.http, stage.url()?).await?.bytes,
        b"success".to_vec(),
    )?;
    // Paid, and given back: an old message must not pay it again.
    is_one_of(&merchant.refund(&no, "all", 1_999).await?, &[201])?;
    audit(&world, &merchant, &no).await?;
    let before = stage.seen(&world).await?;
    for _ in 0..3 {
        let heard = told.post(&world.http, stage.url()?).await?;
        same("a replay is heard", heard.bytes, b"success".to_vec())?;
    }
    same(
        "the tables after replays",
        stage.seen(&world).await?,
        before,
    )?;
    let settled = audit(&world, &merchant, &no).await?;
    same("refunded", &settled["money"]["refunded"]["value"], 1_999)
}

/// The channel takes another amount than was asked: recorded as it is, given back whole, never applied.
pub(crate) async fn wrong_amount(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.lenient()?;
    for (fen, yuan, by_our_hand) in [(1_998, "19.98", false), (2_000, "20.00", true)] {
        let stage = Stage::new(&world, &merchant).await?;
        let no = stage.order.payment_no()?;
        if by_our_hand {
            world
                .simulator
                .fault(&stage.number, Fault::once("notify", "drop"))
                .await?;
        }
        let paid = world.simulator.try_pay(&stage.number, Some(fen)).await?;
        same("the channel errs", paid.status, 200)?;
        if by_our_hand {
            let heard = stage.genuine(yuan)?.post(&world.http, stage.url()?).await?;
            same("genuine", heard.bytes, b"success".to_vec())?;
        }
        eventually(Duration::from_secs(60), "recorded", || async {
            let payment = merchant.payment(&no).await?;
            same("captured", &payment["money"]["captured"]["value"], fen)
        })
        .await?;
        let settled = audit(&world, &merchant, &no).await?;
        let back = refunds(&settled, "wrong_amount");
        same("goes back", back.len(), 1)?;
        same("whole", &back[0]["amount"]["value"], fen)?;
        same("applied", &settled["money"]["applied"]["value"], 0)?;
        same(
            "the attempt is over",
            text(attempt(&settled, Way::ALIPAY_PAGE)?, "/state")?,
            "failed",
        )?;

        // The order is still owed, and can be paid properly.
        let again = merchant.initiate(&stage.order, Way::ALIPAY_PAGE).await?;
        is_one_of(&again, &[201])?;
        let second = attempt(&again.json, Way::ALIPAY_PAGE)?;
        ensure!(
            second["channel_order_no"] != stage.number.as_str(),
            "a new attempt: {second}"
        );
        world.simulator.open_and_pay(second).await?;
        eventually(Duration::from_secs(60), "paid", || async {
            same(
                "state",
                text(&merchant.payment(&no).await?, "/state")?,
                "paid",
            )
        })
        .await?;
        let settled = audit(&world, &merchant, &no).await?;
        same("applied", &settled["money"]["applied"]["value"], 1_999)?;
    }
    Ok(())
}

/// Real money for a number of ours that has no payment: never "heard and forgotten".
pub(crate) async fn unplaced(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.lenient()?;
    let stage = Stage::new(&world, &merchant).await?;
    let never_made = merchant.order(1_999);
    let told = Notification::of(&stage.account, &stage.book, "19.99")?
        .with(
            "out_trade_no",
            &never_made.channel_order_no(Way::ALIPAY_PAGE, 1)?,
        )
        .signed(stage.key()?)?;
    for _ in 0..3 {
        refused(
            "a number without a payment",
            &told.post(&world.http, stage.url()?).await?,
        )?;
    }
    let no = never_made.payment_no()?;
    same(
        "payments",
        world.aws.items_of("payments", &no).await?.len(),
        0,
    )?;
    same(
        "kept for people, once",
        world.aws.items_of("evidence", &no).await?.len(),
        1,
    )
}

/// A genuine notification names an amount that the channel's own answer corrects: the answer
/// outranks it before any money moves, and the order is paid with what was really taken.
pub(crate) async fn misquoted(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.lenient()?;
    let stage = Stage::new(&world, &merchant).await?;
    let no = stage.order.payment_no()?;
    let misquote = Fault::once("notify", "wrong_amount");
    world.simulator.fault(&stage.number, misquote).await?;
    world.simulator.pay(&stage.number).await?;
    eventually(Duration::from_secs(60), "paid after all", || async {
        let payment = merchant.payment(&no).await?;
        same("state", text(&payment, "/state")?, "paid")
    })
    .await?;
    let settled = audit(&world, &merchant, &no).await?;
    same("applied", &settled["money"]["applied"]["value"], 1_999)?;
    for refund in refunds(&settled, "wrong_amount") {
        same("withdrawn", text(refund, "/state")?, "failed")?;
    }
    Ok(())
}
