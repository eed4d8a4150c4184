//! Whatever is pressed again meets the order's true state.

use anyhow::ensure;
use end_to_end::{Fault, Way, audit, same};

use super::{Tour, attempts, kept};
use crate::chromium::{Scripts, Window};

/// Longer than anybody needs to look at a button.
const SLOW_CREATE_MS: u32 = 4_000;

pub(super) async fn double_click_back_reload_and_second_tab(tour: &Tour) -> anyhow::Result<()> {
    let (merchant, buyer) = tour.strict().await?;
    let window = &tour.window;
    window.goto(&buyer.url).await?;
    window.find("#countdown:not(:empty)").await?;
    window.says("#amount", "¥1,299.00").await?;
    window
        .says("#merchant", "青山书店 Green Hill Books")
        .await?;
    window.says("#subject", "一双鞋 shoes").await?;
    tour.look_at("open").await?;
    window.press("label[for=way-alipay]").await?;
    // Twice, as fast as a page can be pressed. It leaves in the same window.
    window
        .ask("const b = document.getElementById('pay-button'); b.click(); b.click();")
        .await?;
    window.find("[data-code=CASHIER]").await?;
    same("one window", window.driver.windows().await?.len(), 1)?;
    same("one attempt", attempts(&merchant, &buyer).await?, 1)?;

    window.driver.back().await?;
    asks_first(tour, window).await?;
    tour.look_at("begun").await?;
    kept(&tour.world, &buyer, "#went-back").await?;
    // The same page out of the browser's back-forward cache is not believed either: it is read again.
    window
        .ask("window.old = true; dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));")
        .await?;
    end_to_end::eventually(crate::SOON, "it is read again", || async {
        let old = window.ask("return window.old === true").await?;
        same("an old page", old, serde_json::json!(false))
    })
    .await?;
    asks_first(tour, window).await?;
    window.driver.refresh().await?;
    asks_first(tour, window).await?;

    let first = window.driver.window().await?;
    let tab = window.driver.new_tab().await?;
    window.driver.switch_to_window(tab).await?;
    window.goto(&buyer.url).await?;
    asks_first(tour, window).await?;
    window.press("#stage-begun a.go-on.alipay").await?;
    window.find("[data-code=CASHIER]").await?;
    same("one attempt", attempts(&merchant, &buyer).await?, 1)?;
    window.press("button.pay").await?;
    tour.paid().await?;
    // The first tab learns of it by itself.
    window.driver.switch_to_window(first).await?;
    tour.paid().await?;
    // That page leads on to the merchant after some seconds; this one stays.
    window.goto(&buyer.url).await?;
    tour.paid().await?;
    same("nothing to press", window.count("main button").await?, 0)?;
    tour.look_at("paid").await?;
    // Back after it is paid: the page says so, and offers nothing.
    window.driver.back().await?;
    window.goto(&format!("{}?back=1", buyer.url)).await?;
    tour.paid().await?;
    let payment = audit(&tour.world, &merchant, &buyer.payment_no).await?;
    same(
        "the way fits the screen",
        payment["channel_orders"][0]["method"].as_str(),
        Some(tour.look.alipay().method.name()),
    )
}

/// The page asks before it acts.
async fn asks_first(tour: &Tour, window: &Window) -> anyhow::Result<()> {
    let asked = tour
        .look
        .say("您是否已完成支付？", "Have you paid already?");
    window.says("#stage-begun h1", asked).await?;
    window.find("#query").await?;
    same("no pay button", window.count("#pay-button").await?, 0)
}

pub(super) async fn the_button_is_off_while_an_answer_is_awaited(
    tour: &Tour,
) -> anyhow::Result<()> {
    let merchant = tour.world.strict()?;
    let order = merchant.order(129_900);
    let no = order.channel_order_no(Way::WECHAT_NATIVE, 1)?;
    let slow = Fault {
        delay_ms: Some(SLOW_CREATE_MS),
        ..Fault::once("create", "delay")
    };
    tour.world.simulator.fault(&no, slow).await?;
    let buyer = end_to_end::Buyer::of(&tour.world, &merchant, &order).await?;
    let window = &tour.window;
    window.goto(&buyer.url).await?;
    window.press("label[for=way-wechat]").await?;
    let off = window
        .ask(
            "const b = document.getElementById('pay-button'); b.click(); \
             return new Promise((done) => setTimeout(() => done(b.disabled && b.ariaBusy === 'true'), 200));",
        )
        .await?;
    same("the button is off", off, serde_json::json!(true))?;
    window.find(".code svg").await?;
    same("one attempt", attempts(&merchant, &buyer).await?, 1)
}

/// A second device that runs no scripts: it meets the attempt of the first, and can go through to the end.
pub(super) async fn a_second_device_and_no_scripts(tour: &Tour) -> anyhow::Result<()> {
    let (merchant, buyer) = tour.strict().await?;
    tour.pay(&buyer, "alipay").await?;
    tour.window.find("[data-code=CASHIER]").await?;
    let device = Window::with(tour.look, Scripts::Off).await?;
    device.goto(&buyer.url).await?;
    same(
        "no script ran",
        device.count(".countdown:not([hidden])").await?,
        0,
    )?;
    asks_first(tour, &device).await?;
    device.press("#query button").await?;
    device.find("#notice").await?;
    device.press("#stage-begun a.go-on.alipay").await?;
    device.press("a#leave").await?;
    device.find("[data-code=CASHIER]").await?;
    same("one attempt", attempts(&merchant, &buyer).await?, 1)?;
    tour.window.press("button.pay").await?;
    tour.paid().await?;
    device.goto(&buyer.url).await?;
    let paid = tour.look.say(
        "您的支付已完成，请勿重复操作",
        "Your payment is complete, please do not pay again",
    );
    device.says("#stage-paid h1", paid).await?;
    audit(&tour.world, &merchant, &buyer.payment_no).await?;

    // From the first page to the bank's, by plain links and buttons.
    let (merchant, buyer) = tour.strict().await?;
    device.goto(&buyer.url).await?;
    device.find("#amount").await?;
    device.fits().await?;
    device
        .picture(&format!("no-scripts-{}", tour.look.name()))
        .await?;
    device.press("label[for=way-unionpay]").await?;
    device.press("#pay-button").await?;
    device.press("form#leave button").await?;
    device.find("[data-code=BANK], [data-code=CASHIER]").await?;
    same("one attempt", attempts(&merchant, &buyer).await?, 1)?;
    let at = device.driver.current_url().await?;
    ensure!(!at.as_str().starts_with(&buyer.url), "at the channel: {at}");
    device.close().await
}
