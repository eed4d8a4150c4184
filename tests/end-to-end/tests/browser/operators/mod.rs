//! What operators do: a stuck payment is found, settled and partly given back by two people, and its evidence
//! is exported and verified.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, ensure};
use end_to_end::{
    Buyer, Fault, Merchant, Scenario, Way, World, attempt, audit, eventually, login, refunds, same,
    scenario, text,
};
use payonce_app::console::Role;
use payonce_store::dossier;
use serde_json::json;

use crate::axe;
use crate::chromium::Window;

/// Language and width of the screen.
const LOOKS: [(&str, u32); 2] = [("zh-CN", 1_280), ("en", 500)];
const SOON: Duration = Duration::from_secs(60);

pub(crate) fn all() -> Vec<Scenario> {
    vec![
        scenario(
            "an_operator_settles_a_stuck_payment_and_another_approves_a_refund",
            settle,
        ),
        scenario(
            "s10_the_console_shows_hostile_words_and_does_nothing",
            hostile,
        ),
    ]
}

async fn enter(world: &World, window: &Window, name: &str, role: Role) -> anyhow::Result<()> {
    let token = login(world, name, role).await?;
    let url = format!("{}/console/login?login={token}", world.endpoints.api_url);
    window.driver.goto(&url).await?;
    window.press("#sign-in button").await?;
    let operator = window.find("#operator").await?.text().await?;
    same("who came in", operator.as_str(), name)
}

/// Fills a form of the page in and sends it.
async fn act(window: &Window, form: &str, fields: &[(&str, &str)]) -> anyhow::Result<()> {
    for (name, value) in fields {
        let field = window.find(&format!("{form} [name={name}]")).await?;
        field.send_keys(*value).await?;
    }
    window.press(&format!("{form} button")).await
}

/// Paid at the channel, which neither tells us nor answers.
async fn stuck(world: &World, merchant: &Merchant) -> anyhow::Result<(String, String)> {
    let order = merchant.order(129_900);
    let no = order.channel_order_no(Way::WECHAT_NATIVE, 1)?;
    for (operation, fault) in [("notify", "drop"), ("query", "http_500")] {
        let fault = Fault::times(operation, fault, 50);
        world.simulator.fault(&no, fault).await?;
    }
    let made = merchant.initiate(&order, Way::WECHAT_NATIVE).await?;
    world
        .simulator
        .open_and_pay(attempt(&made.json, Way::WECHAT_NATIVE)?)
        .await?;
    Ok((order.number, text(&made.json, "/payment_no")?.to_owned()))
}

async fn settle(world: World) -> anyhow::Result<()> {
    let _turn = world.alone().await;
    let axe = axe::script()?;
    for (language, width) in LOOKS {
        let merchant = world.strict()?;
        let (order_no, no) = stuck(&world, &merchant).await?;
        let window = Window::open(language, width).await?;
        let url = format!("{}/console", world.endpoints.api_url);
        window.driver.goto(&url).await?;
        window.find("#sign-in").await?;
        axe::check(&window, axe.as_ref(), "sign in").await?;
        enter(&world, &window, "otto", Role::Operator).await?;
        window.find("#unknown a").await?;
        window.fits().await?;
        window.picture(&format!("console-now-{language}")).await?;
        axe::check(&window, axe.as_ref(), "now").await?;
        look_around(&world, &window, axe.as_ref()).await?;
        let search = window.find("#q").await?;
        search.send_keys(&order_no).await?;
        window.press(".search button").await?;
        let found = window.find("#payment-no").await?.text().await?;
        same("found", found.as_str(), no.as_str())?;
        window.find("#state[data-state=paying]").await?;
        act(&window, "#query", &[("why", "the buyer called")]).await?;
        window.find("#notice").await?;
        window.find("#state[data-state=paying]").await?;
        world.simulator.clear("faults").await?;
        act(&window, "#query", &[("why", "the channel is back")]).await?;
        window.find("#state[data-state=paid]").await?;
        act(
            &window,
            "#propose",
            &[("amount", "500"), ("why", "one of two was broken")],
        )
        .await?;
        window.find("#notice").await?;
        approve(&world, &no, language, width, axe.as_ref()).await?;
        audited(&world, &merchant, &no).await?;
        let there = format!("{}/console/payments/{no}", world.endpoints.api_url);
        window.driver.goto(&there).await?;
        window.find("#refunds").await?;
        window.fits().await?;
        window
            .picture(&format!("console-payment-{language}"))
            .await?;
        axe::check(&window, axe.as_ref(), "payment").await?;
        export(&window, &no).await?;
        window.close().await?;
    }
    Ok(())
}

/// The other pages, and the keys that lead through a list.
async fn look_around(world: &World, window: &Window, axe: Option<&String>) -> anyhow::Result<()> {
    for path in [
        "lists/unknown",
        "lists/returns",
        "lists/people",
        "lists/history",
        "proposals",
        "controls",
        "acts",
    ] {
        let url = format!("{}/console/{path}", world.endpoints.api_url);
        window.driver.goto(&url).await?;
        window.find("main h1").await?;
        window.fits().await?;
        axe::check(window, axe, path).await?;
    }
    let url = format!("{}/console/lists/unknown", world.endpoints.api_url);
    window.driver.goto(&url).await?;
    let body = window.find("body").await?;
    body.send_keys("j").await?;
    window.find("#list tr.here a:focus").await?;
    window.find("body").await?.send_keys("/").await?;
    window.find("#q:focus").await?;
    Ok(())
}

async fn approve(
    world: &World,
    no: &str,
    language: &str,
    width: u32,
    axe: Option<&String>,
) -> anyhow::Result<()> {
    let other = Window::open(language, width).await?;
    enter(world, &other, "anna", Role::Approver).await?;
    let url = format!("{}/console/proposals", world.endpoints.api_url);
    other.driver.goto(&url).await?;
    other.find(&format!("#proposals a[href$='{no}']")).await?;
    other.fits().await?;
    other
        .picture(&format!("console-approve-{language}"))
        .await?;
    axe::check(&other, axe, "proposals").await?;
    act(&other, ".approve", &[("why", "seen the photo")]).await?;
    other.find("#notice").await?;
    other.close().await
}

async fn audited(world: &World, merchant: &Merchant, no: &str) -> anyhow::Result<()> {
    let payment = audit(world, merchant, no).await?;
    let given = refunds(&payment, "operator");
    same("one refund", given.len(), 1)?;
    same("of so much", &given[0]["amount"]["value"], 50_000)
}

/// The file that the browser saves is what the verifier believes.
async fn export(window: &Window, no: &str) -> anyhow::Result<()> {
    act(window, "#export", &[("why", "for the file")]).await?;
    let path: PathBuf = window.downloads.join(format!("{no}.evidence.json"));
    let text = eventually(SOON, "the file is saved", || async {
        std::fs::read_to_string(&path).context("reading the file")
    })
    .await?;
    let verified = dossier::verify(&text)?;
    same(
        "the payment",
        verified.payment.payment_no().to_string(),
        no.to_owned(),
    )?;
    let shown = window.find("#last-hash").await?.text().await?;
    same("the hash that the page shows", shown, verified.hash)
}

async fn hostile(world: World) -> anyhow::Result<()> {
    let _turn = world.alone().await;
    let merchant = world.lenient()?;
    let mut request = Buyer::request(&merchant, &merchant.order(100));
    request["subject"] = json!(
        "<img src=x onerror=alert(1)><script>alert(2)</script><a id=evil href=javascript:alert(3)>x</a>"
    );
    let buyer = Buyer::asking(&world, &merchant, &request).await?;
    let (language, width) = LOOKS[0];
    let window = Window::open(language, width).await?;
    enter(&world, &window, "vera", Role::Viewer).await?;
    for url in [
        format!(
            "{}/console/payments/{}",
            world.endpoints.api_url, buyer.payment_no
        ),
        buyer.url.clone(),
    ] {
        window.driver.goto(&url).await?;
        let subject = window.find("#subject").await?.text().await?;
        ensure!(
            subject.contains("<script>alert(2)</script>"),
            "it is text: {subject}"
        );
        ensure!(
            window.driver.get_alert_text().await.is_err(),
            "nothing speaks"
        );
        let evil =
            "return document.querySelectorAll('#evil, [onerror], a[href^=javascript]').length";
        let evil = window.driver.execute(evil, Vec::new()).await?;
        ensure!(*evil.json() == 0, "nothing of it is an element");
    }
    window.close().await
}
