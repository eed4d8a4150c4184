//! Keys, counts that stay true, and files.

use anyhow::{Context, ensure};
use end_to_end::{World, eventually, same};
use payonce_app::console::Role;
use serde_json::json;
use thirtyfour::Key;

use super::stuck::{answers_again, stuck};
use super::{at, enter};
use crate::chromium::Window;
use crate::looks::{CHINESE_WIDE, ENGLISH_WIDE};

/// What has the focus: its id, or else its class and text.
async fn focused(window: &Window) -> anyhow::Result<String> {
    let script = "const e = document.activeElement; return e.id || e.className || e.innerText";
    let found = window.ask(script).await?;
    Ok(found.as_str().unwrap_or_default().to_owned())
}

async fn press(window: &Window, keys: impl Into<String>) -> anyhow::Result<()> {
    let element = window.driver.active_element().await?;
    let keys: String = keys.into();
    Ok(element.send_keys(keys).await?)
}

async fn key(window: &Window, key: Key) -> anyhow::Result<()> {
    let element = window.driver.active_element().await?;
    Ok(element.send_keys(key + "").await?)
}

/// From the first key to a payment's action, and no mouse.
pub(super) async fn keys_alone(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.strict()?;
    let stuck = stuck(&world, &merchant).await?;
    let window = enter(&world, CHINESE_WIDE, "kim", Role::Operator).await?;
    window.goto(&at(&world, "")).await?;
    window.find("#unknown").await?;
    // The first stop leads past the navigation; then come search, leaving, the language, the parts of the console.
    key(&window, Key::Tab).await?;
    same("first", focused(&window).await?.as_str(), "skip")?;
    key(&window, Key::Enter).await?;
    let at_main = window.ask("return location.hash").await?;
    same("at the content", at_main, json!("#main"))?;
    // Away from the mark in the address, so that the next key begins at the top again.
    window.goto("about:blank").await?;
    window.goto(&at(&world, "")).await?;
    window.find("#unknown").await?;
    let mut stops = Vec::new();
    for _ in 0..8 {
        key(&window, Key::Tab).await?;
        stops.push(focused(&window).await?);
    }
    let place = |name: &str| stops.iter().position(|stop| stop.contains(name));
    let order = [
        place("q"),
        place("搜索"),
        place("退出").or(place("plain")),
        place("language"),
        place("当前"),
    ];
    ensure!(
        order.iter().all(Option::is_some) && order.is_sorted(),
        "{stops:?}"
    );
    let outlined =
        "const s = getComputedStyle(document.activeElement); return s.outlineStyle !== 'none'";
    same("it is seen", window.ask(outlined).await?, json!(true))?;
    // Search by a key, and Enter.
    window.find("main").await?;
    press(&window, "/").await?;
    same("search", focused(&window).await?.as_str(), "q")?;
    press(&window, stuck.order_no.as_str()).await?;
    key(&window, Key::Enter).await?;
    let found = window.text("#payment-no").await?;
    same("found", found.as_str(), stuck.payment_no.as_str())?;
    // A list: down, up, and into the line.
    eventually(crate::SOON, "it is listed", || async {
        window
            .goto(&at(&world, "/lists/unknown?channel=wechat"))
            .await?;
        let link = format!("#list a[href$='{}']", stuck.payment_no);
        same("lines", window.count(&link).await?, 1)
    })
    .await?;
    press(&window, "j").await?;
    window
        .find("#list tbody tr:first-child.here a:focus")
        .await?;
    press(&window, "k").await?;
    window
        .find("#list tbody tr:first-child.here a:focus")
        .await?;
    let line = window.text("#list tr.here a").await?;
    key(&window, Key::Enter).await?;
    same("opened", window.text("#payment-no").await?, line)?;
    // The reason is wanted; with it, Enter sends the form.
    window
        .goto(&at(&world, &format!("/payments/{}", stuck.payment_no)))
        .await?;
    answers_again(&world, &stuck).await?;
    window
        .ask("document.querySelector('#query [name=why]').focus()")
        .await?;
    key(&window, Key::Enter).await?;
    same(
        "nothing without a reason",
        window.count("#notice").await?,
        0,
    )?;
    press(&window, "by keys").await?;
    key(&window, Key::Enter).await?;
    window.find("#state[data-state=paid]").await?;
    window.close().await
}

/// The page that stays open learns of what comes in; and a list is a file that a spreadsheet reads as Chinese.
pub(super) async fn live_counts(world: World) -> anyhow::Result<()> {
    let _turn = world.alone().await;
    let window = enter(&world, ENGLISH_WIDE, "lena", Role::Viewer).await?;
    window.goto(&at(&world, "")).await?;
    let before: u64 = count(&window).await?;
    window.ask("window.same = true").await?;
    let stuck = stuck(&world, &world.strict()?).await?;
    eventually(crate::SOON, "it is counted", || async {
        let now = count(&window).await?;
        ensure!(now > before, "{before}, and now {now}");
        Ok(())
    })
    .await?;
    let sum = window.text("[data-amount=unknown]").await?;
    ensure!(sum.starts_with('¥') && sum != "¥0.00", "{sum}");
    same(
        "the same page",
        window.ask("return window.same").await?,
        json!(true),
    )?;
    let file = "return fetch('/console/lists/unknown/csv').then((answer) => answer.arrayBuffer()) \
                .then((bytes) => [...new Uint8Array(bytes)])";
    let bytes = window.ask(file).await?;
    let bytes: Vec<u8> = serde_json::from_value(bytes).context("bytes")?;
    ensure!(bytes.starts_with(&[0xef, 0xbb, 0xbf]), "the mark of UTF-8");
    let text = String::from_utf8(bytes)?;
    ensure!(text.contains(&stuck.payment_no), "{text}");
    answers_again(&world, &stuck).await?;
    window.close().await
}

async fn count(window: &Window) -> anyhow::Result<u64> {
    let shown = window.text("[data-count=unknown]").await?;
    shown.parse().context(shown)
}
