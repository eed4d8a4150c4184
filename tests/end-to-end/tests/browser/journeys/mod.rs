//! What buyers do.

use anyhow::ensure;
use end_to_end::{
    Buyer, Merchant, Scenario, Way, World, attempt, audit, refunds, same, scenario, text,
};

use crate::axe;
use crate::chromium::Window;

/// Language, width of the screen in pixels, and what the paid page says.
const LOOKS: [(&str, u32, &str); 2] = [
    ("zh-CN", 1_100, "您的支付已完成，请勿重复操作"),
    (
        "en",
        500,
        "Your payment is complete, please do not pay again",
    ),
];

pub(crate) fn all() -> Vec<Scenario> {
    vec![
        scenario(
            "f1_a_double_click_back_a_reload_and_a_second_tab_meet_one_attempt",
            alipay,
        ),
        scenario("a_code_is_scanned_and_the_page_goes_on_by_itself", code),
        scenario("s9_a_bank_is_chosen_and_leads_back", bank),
        scenario("f1_both_pages_are_paid_and_one_goes_back", both),
    ]
}

async fn begin(world: &World, strict: bool) -> anyhow::Result<(Merchant, Buyer)> {
    let merchant = if strict {
        world.strict()?
    } else {
        world.lenient()?
    };
    let order = merchant.order(129_900);
    let buyer = Buyer::of(world, &merchant, &order).await?;
    Ok((merchant, buyer))
}

async fn count(merchant: &Merchant, buyer: &Buyer) -> anyhow::Result<Option<usize>> {
    let payment = merchant.payment(&buyer.payment_no).await?;
    Ok(payment["channel_orders"].as_array().map(Vec::len))
}

async fn alipay(world: World) -> anyhow::Result<()> {
    let _turn = world.alone().await;
    let axe = axe::script()?;
    for (language, width, paid) in LOOKS {
        let (merchant, buyer) = begin(&world, true).await?;
        let window = Window::open(language, width).await?;
        window.driver.goto(&buyer.url).await?;
        window.find("#countdown:not(:empty)").await?;
        window.fits().await?;
        window.picture(&format!("open-{language}")).await?;
        axe::check(&window, axe.as_ref(), "the cashier, open").await?;
        window.press("label[for=way-alipay]").await?;
        // Twice, as fast as a page can be pressed.
        let twice = "const b = document.getElementById('pay-button'); b.click(); b.click();";
        window.driver.execute(twice, Vec::new()).await?;
        window.find("[data-code=CASHIER]").await?;
        same("one attempt", count(&merchant, &buyer).await?, Some(1))?;
        window.driver.back().await?;
        window.find("#stage-begun #query").await?;
        window.fits().await?;
        window.picture(&format!("begun-{language}")).await?;
        axe::check(&window, axe.as_ref(), "the cashier, begun").await?;
        window.driver.refresh().await?;
        window.find("#stage-begun #query").await?;
        let tab = window.driver.new_tab().await?;
        window.driver.switch_to_window(tab).await?;
        window.driver.goto(&buyer.url).await?;
        window.press("#stage-begun a.go-on.alipay").await?;
        window.find("[data-code=CASHIER]").await?;
        same("one attempt", count(&merchant, &buyer).await?, Some(1))?;
        window.press("button.pay").await?;
        // Whether the channel leads back or the buyer goes back by hand: the page says how it is.
        window.driver.goto(&buyer.url).await?;
        let said = window.find("#stage-paid h1").await?.text().await?;
        same("what it says", said.as_str(), paid)?;
        window.fits().await?;
        window.picture(&format!("paid-{language}")).await?;
        axe::check(&window, axe.as_ref(), "the cashier, paid").await?;
        ensure!(
            window
                .find("#to-merchant")
                .await?
                .attr("href")
                .await?
                .is_some()
        );
        window.close().await?;
        audit(&world, &merchant, &buyer.payment_no).await?;
    }
    Ok(())
}

async fn code(world: World) -> anyhow::Result<()> {
    let _turn = world.alone().await;
    for (language, width, paid) in LOOKS {
        let (merchant, buyer) = begin(&world, true).await?;
        let window = Window::open(language, width).await?;
        window.driver.goto(&buyer.url).await?;
        window.press("label[for=way-wechat]").await?;
        window.press("#pay-button").await?;
        window.find(".code svg").await?;
        window.fits().await?;
        window.picture(&format!("code-{language}")).await?;
        axe::check(&window, axe::script()?.as_ref(), "the cashier, a code").await?;
        let payment = merchant.payment(&buyer.payment_no).await?;
        let order = attempt(&payment, Way::WECHAT_NATIVE)?;
        world.simulator.open_and_pay(order).await?;
        let said = window.find("#stage-paid h1").await?.text().await?;
        same("what it says", said.as_str(), paid)?;
        window.close().await?;
        audit(&world, &merchant, &buyer.payment_no).await?;
    }
    Ok(())
}

async fn bank(world: World) -> anyhow::Result<()> {
    let _turn = world.alone().await;
    for (language, width, paid) in LOOKS {
        let (merchant, buyer) = begin(&world, true).await?;
        let window = Window::open(language, width).await?;
        window.driver.goto(&buyer.url).await?;
        window.press("label[for=way-unionpay]").await?;
        window.press("label[for=bank-CMB]").await?;
        window.fits().await?;
        window.picture(&format!("bank-{language}")).await?;
        window.press("#pay-button").await?;
        window.press("[data-code=BANK] button.pay").await?;
        window.press("[data-code=PAID] form button").await?;
        let said = window.find("#stage-paid h1").await?.text().await?;
        same("what it says", said.as_str(), paid)?;
        let at = window.driver.current_url().await?;
        ensure!(
            at.as_str().starts_with(&buyer.url),
            "back at the cashier: {at}"
        );
        window.close().await?;
        let payment = audit(&world, &merchant, &buyer.payment_no).await?;
        same("the bank", text(&payment, "/channel_orders/0/bank")?, "CMB")?;
    }
    Ok(())
}

async fn both(world: World) -> anyhow::Result<()> {
    let _turn = world.alone().await;
    let (language, width, _) = LOOKS[0];
    let (merchant, buyer) = begin(&world, false).await?;
    let window = Window::open(language, width).await?;
    window.driver.goto(&buyer.url).await?;
    window.press("label[for=way-wechat]").await?;
    window.press("#pay-button").await?;
    window.find(".code svg").await?;
    window.driver.back().await?;
    window.press("#choose-other").await?;
    window.press("label[for=way-alipay]").await?;
    window.press("#pay-button").await?;
    window.find("[data-code=CASHIER]").await?;
    let payment = merchant.payment(&buyer.payment_no).await?;
    for way in [Way::WECHAT_NATIVE, Way::ALIPAY_PAGE] {
        world
            .simulator
            .open_and_pay(attempt(&payment, way)?)
            .await?;
    }
    let payment = audit(&world, &merchant, &buyer.payment_no).await?;
    same(
        "one went back",
        refunds(&payment, "duplicate_payment").len(),
        1,
    )?;
    window.driver.goto(&buyer.url).await?;
    window.find("#stage-paid #returned").await?;
    window.picture("both-paid").await?;
    window.close().await
}
