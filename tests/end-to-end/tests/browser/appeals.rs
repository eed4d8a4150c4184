//! The common case of an appeal, from opening to refund: the buyer gave up on an unknown payment, ordered
//! again, and both were paid. Two operators settle it; their clicks and seconds are counted.

use std::time::{Duration, Instant};

use anyhow::ensure;
use end_to_end::{
    Buyer, Fault, Merchant, Scenario, Way, World, attempt, audit, eventually, login, refunds, same,
    scenario, text,
};

use payonce_app::console::Role;

use crate::chromium::Window;
use crate::looks::CHINESE_WIDE;

/// What the two may need together.
const CLICKS_MAX: u32 = 3;
const OPERATORS_WITHIN: Duration = Duration::from_secs(60);
/// Two questions without an answer, and a busy machine.
const LEARNT_WITHIN: Duration = Duration::from_secs(150);
const REFUNDED_WITHIN: Duration = Duration::from_secs(150);

pub(crate) fn all() -> Vec<Scenario> {
    vec![scenario(
        "f94_an_appeal_is_settled_from_opening_to_refund_in_three_clicks",
        common_case,
    )]
}

async fn ordered(world: &World, merchant: &Merchant) -> anyhow::Result<Buyer> {
    let mut asked = Buyer::request(merchant, &merchant.order(129_900));
    asked["client_ip"] = "203.0.113.7".into();
    Buyer::asking(world, merchant, &asked).await
}

/// Pays with Alipay at the cashier, with eyes and mouse.
async fn pay(
    world: &World,
    merchant: &Merchant,
    window: &Window,
    buyer: &Buyer,
    quiet: bool,
) -> anyhow::Result<()> {
    window.driver.goto(&buyer.url).await?;
    window.press("label[for=way-alipay]").await?;
    window.press("#pay-button").await?;
    window.find("[data-code=CASHIER]").await?;
    if quiet {
        let payment = merchant.payment(&buyer.payment_no).await?;
        let no = text(attempt(&payment, Way::ALIPAY_PAGE)?, "/channel_order_no")?.to_owned();
        for (operation, kind, times) in [("notify", "drop", 3), ("query", "timeout_before", 3)] {
            let fault = Fault::times(operation, kind, times);
            world.simulator.fault(&no, fault).await?;
        }
    }
    window.press("button.pay").await
}

async fn learnt(merchant: &Merchant, buyer: &Buyer) -> anyhow::Result<()> {
    eventually(LEARNT_WITHIN, "it is known to be paid", || async {
        let payment = merchant.payment(&buyer.payment_no).await?;
        same("state", text(&payment, "/state")?, "paid")
    })
    .await
}

/// An operator's window, signed in with this role.
async fn operator(world: &World, name: &str, role: Role) -> anyhow::Result<Window> {
    let token = login(world, name, role).await?;
    let window = Window::open(CHINESE_WIDE).await?;
    let origin = &world.endpoints.api_url;
    window
        .driver
        .goto(&format!("{origin}/console/login?login={token}"))
        .await?;
    window.press("#sign-in button").await?;
    window.find("#operator").await?;
    let list = format!("{}/console/appeals", world.endpoints.api_url);
    window.driver.goto(&list).await?;
    window.find("#appeals").await?;
    Ok(window)
}

async fn common_case(world: World) -> anyhow::Result<()> {
    let _turn = world.alone().await;
    let merchant = world.strict()?;
    let window = Window::open(CHINESE_WIDE).await?;
    let older = ordered(&world, &merchant).await?;
    pay(&world, &merchant, &window, &older, true).await?;
    // The page does not say that it is paid; the buyer gives up and orders again at the shop.
    let newer = ordered(&world, &merchant).await?;
    pay(&world, &merchant, &window, &newer, false).await?;
    learnt(&merchant, &newer).await?;
    learnt(&merchant, &older).await?;

    let order = merchant.payment(&older.payment_no).await?;
    window
        .driver
        .goto(&newer.url.replace("/cashier/", "/appeals/new/"))
        .await?;
    let other = window.find("#other_order").await?;
    other.send_keys(text(&order, "/merchant_order_no")?).await?;
    window
        .find("#text")
        .await?
        .send_keys("页面没有显示成功，我又下了一单。")
        .await?;
    window.fits().await?;
    window.picture("appeal-open").await?;
    window.press("#open-appeal").await?;
    window
        .find("[data-state=ripe], [data-state=hearing]")
        .await?;
    window.find(".found").await?;
    window.fits().await?;
    window.picture("appeal-buyer").await?;
    let home = window.driver.current_url().await?;

    let (clicks, took) = settle(&world, &older).await?;
    ensure!(clicks <= CLICKS_MAX, "{clicks} clicks");
    ensure!(took <= OPERATORS_WITHIN, "{took:?}");
    say(clicks, took);

    let back = eventually(REFUNDED_WITHIN, "the money is back", || async {
        let payment = merchant.payment(&older.payment_no).await?;
        let refunds = refunds(&payment, "appeal");
        same("one refund", refunds.len(), 1)?;
        same("its state", text(refunds[0], "/state")?, "succeeded")?;
        Ok(refunds[0].clone())
    })
    .await?;
    same("all of it", back["amount"]["value"].as_u64(), Some(129_900))?;
    eventually(REFUNDED_WITHIN, "the buyer reads it", || async {
        window.driver.goto(home.as_str()).await?;
        let shown = window.driver.source().await?;
        ensure!(
            shown.contains(text(&back, "/refund_no")?),
            "no refund number yet"
        );
        Ok(())
    })
    .await?;
    window.fits().await?;
    window.picture("appeal-upheld").await?;
    window.close().await?;
    audit(&world, &merchant, &older.payment_no).await?;
    let kept = audit(&world, &merchant, &newer.payment_no).await?;
    same(
        "the other order keeps its money",
        kept["money"]["applied"]["value"].as_u64(),
        Some(129_900),
    )
}

/// One rules and another approves: how many clicks, and how long from the list to the approval.
async fn settle(world: &World, older: &Buyer) -> anyhow::Result<(u32, Duration)> {
    let ruling = operator(world, "ruling", Role::Operator).await?;
    let approving = operator(world, "approving", Role::Approver).await?;
    let began = Instant::now();
    ruling.driver.refresh().await?;
    let mut clicks = 0;
    let mut press = async |window: &Window, css: &'static str| {
        clicks += 1;
        window.press(css).await
    };
    press(&ruling, "#appeals a.open-appeal").await?;
    let proposal = ruling.find("#proposal").await?.text().await?;
    ensure!(
        proposal.contains(&older.payment_no),
        "the older order: {proposal}"
    );
    ruling.picture("appeal-operator").await?;
    press(&ruling, "#rule-as-proposed").await?;
    ruling.find("#appeal[data-state=ruled]").await?;
    approving.driver.refresh().await?;
    approving.picture("appeal-approver").await?;
    press(&approving, "#appeals form.approve button").await?;
    approving.find("#notice").await?;
    let took = began.elapsed();
    ruling.close().await?;
    approving.close().await?;
    Ok((clicks, took))
}

#[expect(clippy::print_stdout, reason = "what was measured must be read")]
fn say(clicks: u32, took: Duration) {
    println!(
        "two operators settled an appeal with {clicks} clicks in {} s",
        took.as_secs()
    );
}
