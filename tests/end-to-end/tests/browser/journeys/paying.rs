//! Paying, each way, and coming back.

use anyhow::ensure;
use end_to_end::{Fault, Way, attempt, audit, eventually, refunds, same, text};

use super::{Tour, attempts};

/// The page waits for five seconds before it leads on.
const LED_ON_WITHIN: std::time::Duration = crate::SOON;

pub(super) async fn paid_and_back_at_the_merchant(tour: &Tour) -> anyhow::Result<()> {
    let (merchant, buyer) = tour.strict().await?;
    tour.pay(&buyer, "alipay").await?;
    tour.window.find("[data-code=CASHIER]").await?;
    tour.window.press("button.pay").await?;
    tour.paid().await?;
    let host = tour.window.text("#to-host").await?;
    same("where it leads", host.as_str(), "m-strict.example")?;
    // Nobody presses anything.
    let shop = "https://m-strict.example/return?";
    let there = eventually(LED_ON_WITHIN, "on to the merchant", || async {
        let at = tour.window.driver.current_url().await?.to_string();
        ensure!(at.starts_with(shop), "at {at}");
        Ok(at)
    })
    .await?;
    ensure!(
        there.contains("state=paid") && there.contains("signature=v1"),
        "{there}"
    );
    audit(&tour.world, &merchant, &buyer.payment_no)
        .await
        .map(drop)
}

pub(super) async fn a_code_is_scanned(tour: &Tour) -> anyhow::Result<()> {
    let (merchant, buyer) = tour.strict().await?;
    tour.pay(&buyer, "wechat").await?;
    tour.window.find(".code svg").await?;
    tour.heading("#attempt", "请扫码支付", "Scan to pay")
        .await?;
    tour.look_at("code").await?;
    let payment = merchant.payment(&buyer.payment_no).await?;
    let order = attempt(&payment, Way::WECHAT_NATIVE)?;
    tour.world.simulator.open_and_pay(order).await?;
    // The page goes on by itself.
    tour.paid().await?;
    audit(&tour.world, &merchant, &buyer.payment_no)
        .await
        .map(drop)
}

pub(super) async fn a_bank_is_chosen(tour: &Tour) -> anyhow::Result<()> {
    let (merchant, buyer) = tour.strict().await?;
    let window = &tour.window;
    window.goto(&buyer.url).await?;
    window.press("label[for=way-unionpay]").await?;
    window
        .says(
            "label[for=bank-CMB]",
            tour.look.say("招商银行", "China Merchants Bank"),
        )
        .await?;
    window.press("label[for=bank-CMB]").await?;
    tour.look_at("bank").await?;
    window.press("#pay-button").await?;
    window.press("[data-code=BANK] button.pay").await?;
    window.press("[data-code=PAID] form button").await?;
    tour.paid().await?;
    let at = window.driver.current_url().await?;
    ensure!(
        at.as_str().starts_with(&buyer.url),
        "back at the cashier: {at}"
    );
    let payment = audit(&tour.world, &merchant, &buyer.payment_no).await?;
    same("the bank", text(&payment, "/channel_orders/0/bank")?, "CMB")
}

pub(super) async fn both_pages_are_paid(tour: &Tour) -> anyhow::Result<()> {
    let merchant = tour.world.lenient()?;
    let buyer = tour.order(&merchant).await?;
    let window = &tour.window;
    tour.pay(&buyer, "wechat").await?;
    window.find(".code svg").await?;
    window.driver.back().await?;
    window.press("#choose-other").await?;
    window.press("label[for=way-alipay]").await?;
    let insists = tour.look.say(
        "我确认未支付，仍用此方式支付",
        "I have not paid, pay this way",
    );
    window.says("#pay-button", insists).await?;
    window.press("#pay-button").await?;
    window.find("[data-code=CASHIER]").await?;
    same("two attempts", attempts(&merchant, &buyer).await?, 2)?;
    let payment = merchant.payment(&buyer.payment_no).await?;
    let code = attempt(&payment, Way::WECHAT_NATIVE)?;
    // What is known to be paid has the other page closed; so the first one is heard of late.
    let no = text(code, "/channel_order_no")?;
    let unheard = Fault::times("notify", "drop", 3);
    tour.world.simulator.fault(no, unheard).await?;
    tour.world.simulator.open_and_pay(code).await?;
    window.press("button.pay").await?;
    let payment = audit(&tour.world, &merchant, &buyer.payment_no).await?;
    same(
        "one went back",
        refunds(&payment, "duplicate_payment").len(),
        1,
    )?;
    window.goto(&buyer.url).await?;
    tour.paid().await?;
    window.says("#returned", "¥1,299.00").await?;
    tour.look_at("both-paid").await
}
