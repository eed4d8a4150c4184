//! A stuck payment is found, settled and partly given back by two people, and its evidence is exported and verified.

use std::path::PathBuf;

use anyhow::Context;
use end_to_end::{Fault, Merchant, Way, World, attempt, audit, eventually, refunds, same, text};
use payonce_app::console::Role;
use payonce_store::dossier;

use super::{act, at, come_in, enter, logged, look_at};
use crate::axe;
use crate::chromium::Window;
use crate::looks::{CHINESE_PHONE, CHINESE_WIDE, ENGLISH_PHONE, ENGLISH_WIDE, Look};

/// A payment whose money nobody of ours knows of.
pub(super) struct Stuck {
    pub(super) order_no: String,
    pub(super) payment_no: String,
    pub(super) attempt_no: String,
}

/// Paid at the channel, which neither tells us nor answers.
pub(super) async fn stuck(world: &World, merchant: &Merchant) -> anyhow::Result<Stuck> {
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
    Ok(Stuck {
        order_no: order.number,
        payment_no: text(&made.json, "/payment_no")?.to_owned(),
        attempt_no: no,
    })
}

/// The channel answers again.
pub(super) async fn answers_again(world: &World, stuck: &Stuck) -> anyhow::Result<()> {
    let faults = format!("faults?channel_order_no={}", stuck.attempt_no);
    world.simulator.clear(&faults).await
}

pub(super) async fn settle(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let axe = axe::script()?;
    for look in [CHINESE_WIDE, ENGLISH_PHONE] {
        settled(&world, look, axe.as_ref()).await?;
    }
    for look in [CHINESE_PHONE, ENGLISH_WIDE] {
        let window = enter(&world, look, "vera", Role::Viewer).await?;
        let role = look.say("查看员", "viewer");
        same("the role", window.text(".who .tag").await?, role)?;
        look_around(&world, &window, look, axe.as_ref()).await?;
        window.close().await?;
    }
    Ok(())
}

async fn settled(world: &World, look: Look, axe: Option<&String>) -> anyhow::Result<()> {
    let merchant = world.strict()?;
    let stuck = stuck(world, &merchant).await?;
    let no = stuck.payment_no.as_str();
    let window = Window::open(look).await?;
    window.goto(&at(world, "")).await?;
    window.find("#sign-in").await?;
    look_at(&window, look, axe, "console-sign-in").await?;
    come_in(world, &window, "otto", Role::Operator).await?;
    let role = look.say("操作员", "operator");
    same("the role", window.text(".who .tag").await?, role)?;
    // What was read for somebody else's page may serve for some seconds.
    eventually(crate::SOON, "unknown money", || async {
        window.driver.refresh().await?;
        same("cells", window.count("#unknown a").await? > 0, true)
    })
    .await?;
    look_at(&window, look, axe, "console-now").await?;
    look_around(world, &window, look, axe).await?;
    window.find("#q").await?.send_keys(&stuck.order_no).await?;
    window.press(".search button").await?;
    same("found", window.text("#payment-no").await?.as_str(), no)?;
    window.find("#state[data-state=paying]").await?;
    act(&window, "#query", &[("why", "the buyer called")]).await?;
    let open = look.say(
        "已查询：渠道尚未确认扣款。",
        "Asked: no channel says that it took money.",
    );
    window.says("#notice", open).await?;
    window.find("#state[data-state=paying]").await?;
    answers_again(world, &stuck).await?;
    act(&window, "#query", &[("why", "the channel is back")]).await?;
    window.find("#state[data-state=paid]").await?;
    let fields = [("amount", "500"), ("why", "one of two was broken")];
    act(&window, "#propose", &fields).await?;
    window.find("#notice").await?;
    approve(world, no, look, axe).await?;
    audited(world, &merchant, no).await?;
    window.goto(&at(world, &format!("/payments/{no}"))).await?;
    window.find("#refunds").await?;
    look_at(&window, look, axe, "console-payment").await?;
    export(&window, no).await?;
    for (who, what, why) in [
        ("otto", look.say("查询", "query"), "the buyer called"),
        (
            "otto",
            look.say("申请退款", "proposed a refund"),
            "one of two was broken",
        ),
        (
            "anna",
            look.say("批准退款", "approved a refund"),
            "seen the photo",
        ),
        (
            "otto",
            look.say("导出证据", "exported the evidence"),
            "for the file",
        ),
    ] {
        logged(world, &window, who, what, why).await?;
    }
    window.close().await
}

/// The other pages.
async fn look_around(
    world: &World,
    window: &Window,
    look: Look,
    axe: Option<&String>,
) -> anyhow::Result<()> {
    for page in [
        "lists/unknown",
        "lists/returns",
        "lists/people",
        "lists/history",
        "appeals",
        "settlement",
        "findings",
        "proposals",
        "controls",
        "acts",
    ] {
        window.goto(&at(world, &format!("/{page}"))).await?;
        window.find("main h1").await?;
        let name = format!("console-{}", page.replace('/', "-"));
        look_at(window, look, axe, &name).await?;
    }
    Ok(())
}

async fn approve(world: &World, no: &str, look: Look, axe: Option<&String>) -> anyhow::Result<()> {
    let other = enter(world, look, "anna", Role::Approver).await?;
    other.goto(&at(world, "/proposals")).await?;
    let form = format!("#proposals li:has(a[href$='{no}']) .approve");
    other.find(&form).await?;
    look_at(&other, look, axe, "console-approve").await?;
    act(&other, &form, &[("why", "seen the photo")]).await?;
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
    let text = eventually(crate::SOON, "the file is saved", || async {
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
