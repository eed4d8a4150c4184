//! What the page offers, and to whom it leads.

use anyhow::ensure;
use end_to_end::{Buyer, same};
use serde_json::json;

use super::Tour;
use crate::chromium::Window;

/// Addresses that a careless registration may have let in: letters that look like others, a name before the host, a
/// host that begins like the shop's.
pub(crate) const LOOK_ALIKE: &str = "https://аррӏе.example/return";
pub(crate) const NAMED: &str = "https://m-strict.example@evil.test/return";
pub(crate) const LONGER: &str = "https://m-strict.example.evil.test/return";

/// Markup, a script's address, letters that turn the line around, and an address that is not what it looks like.
pub(crate) const WORDS: &str = "<img src=x onerror=alert(1)><script>alert(2)</script><a id=evil href=javascript:alert(3)>x</a> \
                                \u{202e}sdnim https://аррӏе.example/ https://m-strict.example@evil.test/";

pub(super) async fn last_used_first_and_in_trouble_last(tour: &Tour) -> anyhow::Result<()> {
    let window = &tour.window;
    let (_, buyer) = tour.strict().await?;
    tour.pay(&buyer, "unionpay").await?;
    window.find("[data-code=BANK], [data-code=CASHIER]").await?;
    let spare = tour.world.spare()?;
    tour.world
        .aws
        .open_breaker("wechat", "wechat-spare")
        .await?;
    let buyer = tour.order(&spare).await?;
    window.goto(&buyer.url).await?;
    let trouble = tour
        .look
        .say("渠道繁忙，暂不可用", "In trouble, not available for now");
    window.says(".choice.wechat .trouble", trouble).await?;
    let used = tour.look.say("上次使用", "Used last");
    window.says(".choice.unionpay .tag", used).await?;
    let order = "return [...document.querySelectorAll('.choice > input')].map((one) => one.value)";
    same(
        "the order",
        window.ask(order).await?,
        json!(["unionpay", "alipay", "wechat"]),
    )?;
    let chosen = "return document.querySelector('[name=channel]:checked').value";
    same("chosen", window.ask(chosen).await?, json!("unionpay"))?;
    window.press("label[for=way-wechat]").await?;
    same("still", window.ask(chosen).await?, json!("unionpay"))?;
    tour.look_at("trouble").await
}

pub(super) async fn hostile_words_and_addresses(tour: &Tour) -> anyhow::Result<()> {
    let window = &tour.window;
    let merchant = tour.world.strict()?;
    for (address, host) in [
        (LOOK_ALIKE, Some("xn--80ak6aa92e.example")),
        (NAMED, None),
        (LONGER, Some("m-strict.example.evil.test")),
    ] {
        let mut request = Buyer::request(&merchant, &merchant.order(100));
        request["subject"] = json!(WORDS);
        request["return_url"] = json!(address);
        let buyer = Buyer::asking(&tour.world, &merchant, &request).await?;
        window.goto(&buyer.url).await?;
        only_words(window).await?;
        if address == NAMED {
            tour.look_at("hostile").await?;
        }
        buyer.press("close", "").await?;
        window.goto(&buyer.url).await?;
        window.find("#stage-closed").await?;
        only_words(window).await?;
        match host {
            Some(host) => {
                let shown = window.text("#to-host").await?;
                same("the host that is shown", shown.as_str(), host)?;
                let link = window.find("#to-merchant").await?.attr("href").await?;
                let link = link.unwrap_or_default();
                ensure!(link.starts_with(&format!("https://{host}/")), "{link}");
            }
            None => same("no link", window.count("#to-merchant").await?, 0)?,
        }
    }
    Ok(())
}

/// What a stranger wrote is text: nothing of it speaks, is an element or is hidden, and pressing it leads nowhere.
pub(crate) async fn only_words(window: &Window) -> anyhow::Result<()> {
    let subject = window.text("#subject").await?;
    for part in [
        "<script>alert(2)</script>",
        "[U+202E]",
        "[xn--80ak6aa92e.example]",
        "[evil.test]",
    ] {
        ensure!(subject.contains(part), "{part} is to be read: {subject}");
    }
    let before = window.driver.current_url().await?;
    window.press("#subject").await?;
    ensure!(
        window.driver.get_alert_text().await.is_err(),
        "nothing speaks"
    );
    same(
        "it leads nowhere",
        window.driver.current_url().await?,
        before,
    )?;
    let evil = "#evil, [onerror], a[href^='javascript'], main img, main script";
    same("elements", window.count(evil).await?, 0)
}
