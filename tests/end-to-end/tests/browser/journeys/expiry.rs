//! The time to pay runs out, on the screen.

use anyhow::{Context, ensure};
use end_to_end::{Buyer, Way, World, attempt, eventually, same, text};
use futures::future::try_join_all;
use serde_json::json;

use super::{Tour, attempts};
use crate::axe;
use crate::chromium::Window;
use crate::looks::{CHINESE_PHONE, CHINESE_WIDE, ENGLISH_PHONE, ENGLISH_WIDE, Look};

/// An attempt can be begun until two minutes before the end; the rest is for the page to be opened.
const UNTIL_TOO_LATE_SECONDS: u64 = 145;
/// Two minutes is the least that a channel order can be made with.
const SHORT_SECONDS: u64 = 126;

fn seconds(clock: &str) -> anyhow::Result<u64> {
    let (minutes, seconds) = clock.split_once(':').context("minutes and seconds")?;
    Ok(minutes.parse::<u64>()? * 60 + seconds.parse::<u64>()?)
}

/// The clock on the page runs.
async fn it_runs(window: &Window, at_most: u64) -> anyhow::Result<()> {
    let clock = window.text("#countdown:not(:empty)").await?;
    let before = seconds(&clock)?;
    ensure!((1..=at_most).contains(&before), "{clock} of {at_most} s");
    eventually(crate::SOON, "the clock runs", || async {
        let now = seconds(&window.text("#countdown").await?)?;
        ensure!(now < before, "{before} and then {now}");
        Ok(())
    })
    .await
}

/// An order nothing was begun for: the page closes by itself while there is too little time to begin, and nothing it
/// still could send begins anything.
pub(super) async fn the_time_to_begin_is_up(tour: &Tour) -> anyhow::Result<()> {
    let merchant = tour.world.strict()?;
    let mut request = Buyer::request(&merchant, &merchant.order(129_900));
    request["expires_in"] = json!(UNTIL_TOO_LATE_SECONDS);
    let buyer = Buyer::asking(&tour.world, &merchant, &request).await?;
    let window = &tour.window;
    window.goto(&buyer.url).await?;
    it_runs(window, UNTIL_TOO_LATE_SECONDS).await?;
    window.find("#pay-button").await?;
    tour.heading("#stage-over", "支付时间已过", "The time to pay is over")
        .await?;
    same("nothing to press", window.count("main button").await?, 0)?;
    same("no clock", window.count("#countdown").await?, 0)?;
    tour.look_at("over").await?;
    let stale = "const form = document.createElement('form'); form.method = 'post'; \
                 form.action = document.body.dataset.home + '/pay'; \
                 form.innerHTML = '<input name=channel value=alipay>'; \
                 document.body.append(form); window.old = true; form.submit();";
    window.ask(stale).await?;
    eventually(crate::SOON, "another page", || async {
        let old = window.ask("return window.old === true").await?;
        same("an old page", old, json!(false))
    })
    .await?;
    window.find("#stage-over").await?;
    same("nothing was begun", attempts(&merchant, &buyer).await?, 0)
}

/// A code that is on the screen when the time ends, in every look at once.
pub(crate) async fn the_time_to_pay_is_up(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let looks = [CHINESE_PHONE, CHINESE_WIDE, ENGLISH_PHONE, ENGLISH_WIDE];
    let looks = looks.into_iter().map(|look| ends(&world, look));
    try_join_all(looks).await.map(drop)
}

async fn ends(world: &World, look: Look) -> anyhow::Result<()> {
    let window = Window::open(look).await?;
    let merchant = world.strict()?;
    let order = merchant.order(129_900);
    let mut request = order.request(Way::WECHAT_NATIVE);
    request["expires_in"] = json!(SHORT_SECONDS);
    let made = merchant.post("/v1/payments", &request).await?;
    same("made", made.status, 201)?;
    let url = text(&made.json, "/cashier_url")?.to_owned();
    let code = attempt(&made.json, Way::WECHAT_NATIVE)?;
    let no = text(code, "/channel_order_no")?.to_owned();
    window.goto(&format!("{url}/channel-orders/{no}")).await?;
    window.find(".code svg").await?;
    it_runs(&window, SHORT_SECONDS).await?;
    let patience = std::time::Duration::from_secs(SHORT_SECONDS) + crate::SOON;
    eventually(patience, "the page says that it is over", || async {
        let ended = "#stage-confirming h1, #stage-closing h1, #stage-closed h1";
        same("an end", window.count(ended).await?, 1)
    })
    .await?;
    let said = window.text("main h1").await?;
    let ends = [
        ("正在向银行确认支付结果", "We are confirming with the bank"),
        ("订单正在关闭", "The order is being closed"),
        ("订单已关闭", "The order is closed"),
    ];
    ensure!(
        ends.iter().any(|(zh, en)| said == look.say(zh, en)),
        "it says {said}"
    );
    let ways = ".code, #pay-button, .go-on, #choose-other, #countdown";
    same("ways to pay", window.count(ways).await?, 0)?;
    window.fits().await?;
    window.picture(&format!("ended-{}", look.name())).await?;
    axe::check(&window, axe::script()?.as_ref(), "ended").await?;
    let late = world.simulator.try_pay(&no, None).await?;
    ensure!(
        late.status != 200,
        "the code pays no more: {}",
        late.shown()
    );
    window.close().await
}
