//! Nobody knows yet whether money was taken: the buyer asks, closes, orders anew or gives up.

use anyhow::ensure;
use end_to_end::{Buyer, Fault, Way, attempt, audit, same, text};

use super::{Tour, attempts, kept};

pub(super) async fn the_buyer_closes_and_chooses_another_way(tour: &Tour) -> anyhow::Result<()> {
    let (merchant, buyer) = tour.strict().await?;
    let window = &tour.window;
    tour.pay(&buyer, "wechat").await?;
    window.find(".code svg").await?;
    window.press("#attempt .quiet").await?;
    window.press("#stage-begun #choose-other").await?;
    window.press("label[for=way-alipay]").await?;
    let closes = tour.look.say(
        "关闭上一次支付，改用此方式",
        "Close the earlier attempt and pay this way",
    );
    window.says("#pay-button", closes).await?;
    tour.look_at("switch").await?;
    window.press("#pay-button").await?;
    window.find("[data-code=CASHIER]").await?;
    let payment = merchant.payment(&buyer.payment_no).await?;
    let first = attempt(&payment, Way::WECHAT_NATIVE)?;
    same("the first is closed", text(first, "/state")?, "closed")?;
    kept(&tour.world, &buyer, "#switched-to-alipay").await?;
    window.press("button.pay").await?;
    tour.paid().await?;
    audit(&tour.world, &merchant, &buyer.payment_no)
        .await
        .map(drop)
}

pub(super) async fn the_buyer_asks_and_orders_anew(tour: &Tour) -> anyhow::Result<()> {
    let merchant = tour.world.strict()?;
    let order = merchant.order(129_900);
    let no = order.channel_order_no(Way::WECHAT_NATIVE, 1)?;
    for operation in ["close", "query"] {
        let fault = Fault::times(operation, "http_500", 50);
        tour.world.simulator.fault(&no, fault).await?;
    }
    let buyer = Buyer::of(&tour.world, &merchant, &order).await?;
    let window = &tour.window;
    tour.pay(&buyer, "wechat").await?;
    window.find(".code svg").await?;
    window.goto(&format!("{}?choose=1", buyer.url)).await?;
    tour.choose("alipay").await?;
    window.find("#notice").await?;
    tour.heading(
        "#stage-confirming",
        "正在向银行确认支付结果",
        "We are confirming with the bank",
    )
    .await?;
    same("no other attempt", attempts(&merchant, &buyer).await?, 1)?;
    tour.look_at("confirming").await?;
    window.press("#query button").await?;
    let asked = tour.look.say(
        "已查询：暂未收到支付成功的结果。",
        "We have just asked: no payment is known of so far.",
    );
    window.says("#notice", asked).await?;
    window.find("#choose-other").await?;
    window.press("#new-order summary").await?;
    window.press("#new-order button").await?;
    let recorded = tour
        .look
        .say("已记录您的确认", "Your confirmation is recorded");
    window.says("main h1", recorded).await?;
    let link = window.find("#to-merchant").await?.attr("href").await?;
    let link = link.unwrap_or_default();
    ensure!(
        link.contains("new_order_confirmed_at=") && link.contains("signature=v1"),
        "{link}"
    );
    tour.look_at("ordered-anew").await?;
    kept(&tour.world, &buyer, "#asked").await?;
    kept(&tour.world, &buyer, "#ordered-anew").await?;
    let faults = format!("faults?channel_order_no={no}");
    tour.world.simulator.clear(&faults).await
}

pub(super) async fn the_buyer_gives_up(tour: &Tour) -> anyhow::Result<()> {
    let (merchant, buyer) = tour.strict().await?;
    let window = &tour.window;
    window.goto(&buyer.url).await?;
    window.press("#give-up summary").await?;
    window.press("#give-up button").await?;
    tour.heading("#stage-closed", "订单已关闭", "The order is closed")
        .await?;
    same("nothing to pay with", window.count("#pay").await?, 0)?;
    tour.look_at("closed").await?;
    kept(&tour.world, &buyer, "#gave-up").await?;
    let payment = merchant.payment(&buyer.payment_no).await?;
    same("it is closed", text(&payment, "/state")?, "closed")
}
