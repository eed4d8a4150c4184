//! S14: notices that are forged, damaged, foreign or of a wrong amount, in each channel's own form.

use anyhow::{Context, ensure};
use end_to_end::{
    Fault, Merchant, Message, Order, Paid, Way, World, attempt, audit, is_one_of, refunds, same,
    text,
};
use futures::future::join_all;
use payonce_domain::Channel;
use serde_json::Value;

use super::{begun, number, over, until_captured, until_paid};

/// Bits that are turned over in one message.
const FLIPS: usize = 12;

/// An unpaid order whose page is open, so the channel could speak of it.
struct Stage {
    order: Order,
    channel_order: Value,
    account: Value,
    book: Value,
}

impl Stage {
    async fn new(world: &World, merchant: &Merchant, way: Way) -> anyhow::Result<Self> {
        let (order, channel_order) = begun(merchant, way).await?;
        world.simulator.open_cashier(&channel_order).await?;
        let book = world.simulator.book(number(&channel_order)?).await?;
        Ok(Self {
            account: world
                .simulator
                .account_of(way.channel, &merchant.id)
                .await?,
            book: book.context("a book")?,
            order,
            channel_order,
        })
    }

    fn paid(&self) -> anyhow::Result<Paid> {
        Paid::of(&self.account, &self.book)
    }

    fn url(&self) -> anyhow::Result<&str> {
        text(&self.account, "/webhook_url")
    }

    async fn items(&self, world: &World) -> anyhow::Result<Vec<Value>> {
        let no = self.order.payment_no()?;
        world.aws.items_of("payments", &no).await
    }
}

/// What must not be believed, by what is wrong with it.
fn lies(stage: &Stage, channel: Channel) -> anyhow::Result<Vec<(String, Message)>> {
    let genuine = stage.paid()?.message()?;
    let stranger = text(&stage.account, "/merchant_private_key")?;
    let forged = stage.paid()?.signed_with(stranger).message()?;
    let half = genuine.body.len() / 2;
    let mut lies = vec![
        ("a stranger's signature".to_owned(), forged),
        (
            "another payee".to_owned(),
            stage.paid()?.to_another_payee().message()?,
        ),
        (
            "half of it".to_owned(),
            genuine.with_body(&genuine.body[..half]),
        ),
        ("nothing".to_owned(), genuine.with_body(b"")),
        ("no message at all".to_owned(), genuine.with_body(b"[1]")),
    ];
    if channel == Channel::Wechat {
        let signature = genuine.headers.iter();
        let signature = signature
            .filter(|(name, _)| name == "wechatpay-signature")
            .map(|(_, value)| value.as_str())
            .next()
            .context("a signature")?;
        let probe = format!("WECHATPAY/SIGNTEST/{signature}");
        let hour_ago = jiff::Timestamp::now().as_second() - 3_600;
        for (name, value) in [
            ("wechatpay-signature", &*probe),
            ("wechatpay-signature", ""),
            ("wechatpay-timestamp", &*hour_ago.to_string()),
            ("wechatpay-nonce", "another"),
            (
                "wechatpay-serial",
                "PUB_KEY_ID_0100000000000000000000000000000",
            ),
        ] {
            lies.push((format!("{name}: {value}"), genuine.with_header(name, value)));
        }
    }
    for flip in 0..FLIPS {
        let at = flip * genuine.body.len() / FLIPS;
        // The fifth bit of a letter is its case, which percent-encoding does not tell apart.
        let bit = if flip % 2 == 0 { 0 } else { 3 };
        let spoilt = genuine.with_bit_flipped(at, bit);
        lies.push((format!("bit {bit} of byte {at}"), spoilt));
    }
    Ok(lies)
}

pub(crate) async fn forged(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let world = &world;
    over(&Way::OF_EACH_CHANNEL, |way| async move {
        let (merchant, other) = (world.lenient()?, world.strict()?);
        let stage = &Stage::new(world, &merchant, way).await?;
        let before = stage.items(world).await?;
        let lies = lies(stage, way.channel)?;
        for some in lies.chunks(6) {
            let posts = some.iter().map(|(what, lie)| async move {
                let answer = lie.post(&world.http, stage.url()?).await?;
                ensure!(!lie.is_heard(&answer), "{what}: {}", answer.shown());
                ensure!(answer.status != 502, "{what} broke the function");
                Ok(())
            });
            let posted: anyhow::Result<Vec<()>> = join_all(posts).await.into_iter().collect();
            posted?;
        }
        // Another merchant's channel speaks of this order, and this channel to the other's address.
        let account = world.simulator.account_of(way.channel, &other.id).await?;
        let theirs = text(&account, "/webhook_url")?;
        let about_ours = Paid::of(&account, &stage.book)?.message()?;
        for (lie, url) in [
            (&about_ours, theirs),
            (&about_ours, stage.url()?),
            (&stage.paid()?.message()?, theirs),
        ] {
            let answer = lie.post(&world.http, url).await?;
            ensure!(!lie.is_heard(&answer), "to {url}: {}", answer.shown());
        }
        same("the payment", stage.items(world).await?, before)?;

        // The genuine one is taken, so what was refused was refused for what was wrong with it.
        let expected = number(&stage.channel_order)?;
        let lost = Fault::times("notify", "drop", 9);
        world.simulator.fault(expected, lost).await?;
        world.simulator.pay(expected).await?;
        let genuine = stage.paid()?.message()?;
        let heard = genuine.post(&world.http, stage.url()?).await?;
        ensure!(genuine.is_heard(&heard), "genuine: {}", heard.shown());
        let no = stage.order.payment_no()?;
        until_paid(&merchant, &no).await?;
        audit(world, &merchant, &no).await?;
        Ok(())
    })
    .await
}

/// The channel takes another amount than was asked: recorded as it is, given back whole, never applied.
pub(crate) async fn wrong_amount(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let (world, merchant) = (&world, &world.lenient()?);
    let ways = [Way::WECHAT_NATIVE, Way::UNIONPAY_GATEWAY];
    over(&ways, |way| async move {
        let stage = Stage::new(world, merchant, way).await?;
        let no = stage.order.payment_no()?;
        let expected = number(&stage.channel_order)?;
        let erred = world.simulator.try_pay(expected, Some(1_998)).await?;
        same("the channel errs", erred.status, 200)?;
        until_captured(merchant, &no, 1_998).await?;
        let settled = audit(world, merchant, &no).await?;
        let back = refunds(&settled, "wrong_amount");
        same("goes back", back.len(), 1)?;
        same("whole", &back[0]["amount"]["value"], 1_998)?;
        same("applied", &settled["money"]["applied"]["value"], 0)?;

        // The order is still owed, and can be paid properly.
        let again = merchant.initiate(&stage.order, way).await?;
        is_one_of(&again, &[201])?;
        let second = attempt(&again.json, way)?;
        world.simulator.open_and_pay(second).await?;
        until_paid(merchant, &no).await?;
        let settled = audit(world, merchant, &no).await?;
        same("applied", &settled["money"]["applied"]["value"], 1_999)
    })
    .await
}
