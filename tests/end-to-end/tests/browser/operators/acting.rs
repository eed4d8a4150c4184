//! What buttons do, to their effect.

use anyhow::ensure;
use end_to_end::{Merchant, Way, World, attempt, eventually, same, text};
use payonce_app::console::Role;
use serde_json::json;

use super::{act, at, enter, logged};
use crate::looks::{CHINESE_PHONE, ENGLISH_WIDE};

/// A payment that waits for its buyer at WeChat, and its number there.
async fn waiting(world: &World, merchant: &Merchant) -> anyhow::Result<(String, String)> {
    let order = merchant.order(4_200);
    let mut request = order.request(Way::WECHAT_NATIVE);
    request["notify_url"] = json!(world.receiver.url());
    let made = merchant.post("/v1/payments", &request).await?;
    same("made", made.status, 201)?;
    let code = attempt(&made.json, Way::WECHAT_NATIVE)?;
    Ok((
        text(&made.json, "/payment_no")?.to_owned(),
        text(code, "/channel_order_no")?.to_owned(),
    ))
}

/// How often the merchant was told of this payment.
fn told(world: &World, no: &str) -> usize {
    let first = world.receiver.told(&format!("{no}-1"));
    let second = world.receiver.told(&format!("{no}-2"));
    first.len() + second.len()
}

pub(super) async fn close_and_tell(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.lenient()?;
    for (at_once, look) in [CHINESE_PHONE, ENGLISH_WIDE].into_iter().enumerate() {
        let window = enter(&world, look, "olga", Role::Operator).await?;
        // Closed at the channel too: nobody pays it any more.
        let (no, channel_no) = waiting(&world, &merchant).await?;
        window.goto(&at(&world, &format!("/payments/{no}"))).await?;
        let why = format!("ordered by mistake {at_once}");
        act(&window, "#close", &[("why", &why)]).await?;
        window.find("#notice").await?;
        let said = look.say(
            "已关闭，渠道已证实。",
            "Closed, and the channel has proven it.",
        );
        window.says("#notice", said).await?;
        window.find("#state[data-state=closed]").await?;
        same("no second close", window.count("#close").await?, 0)?;
        let book = world.simulator.book(&channel_no).await?;
        let book = book.unwrap_or_default();
        same("at the channel", &book["state"], "closed")?;
        let late = world.simulator.try_pay(&channel_no, None).await?;
        ensure!(late.status != 200, "it is paid: {}", late.shown());
        let close = look.say("关闭", "close");
        logged(&world, &window, "olga", close, &why).await?;

        // Told again, although the merchant had it.
        let (no, channel_no) = waiting(&world, &merchant).await?;
        let payment = merchant.payment(&no).await?;
        let order = attempt(&payment, Way::WECHAT_NATIVE)?;
        same(
            "the number",
            text(order, "/channel_order_no")?,
            channel_no.as_str(),
        )?;
        world.simulator.open_and_pay(order).await?;
        eventually(crate::SOON, "the merchant is told", || async {
            same("messages", told(&world, &no), 1)
        })
        .await?;
        // What is told is written down after it was.
        eventually(crate::SOON, "told again", || async {
            window.goto(&at(&world, &format!("/payments/{no}"))).await?;
            let why = format!("they lost it {at_once}");
            act(&window, "#tell", &[("why", &why)]).await?;
            let said = look.say("将再次通知商户。", "The merchant is told again.");
            window.says("#notice", said).await
        })
        .await?;
        eventually(crate::SOON, "it comes again", || async {
            ensure!(told(&world, &no) >= 2, "told {} times", told(&world, &no));
            Ok(())
        })
        .await?;
        let again = look.say("补发通知", "told again");
        let why = format!("they lost it {at_once}");
        logged(&world, &window, "olga", again, &why).await?;
        window.close().await?;
    }
    Ok(())
}
