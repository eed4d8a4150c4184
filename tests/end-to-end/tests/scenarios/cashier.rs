//! The cashier without a browser: every button and every page, whatever order they are pressed in.

use std::time::Duration;

use anyhow::{Context, ensure};
use end_to_end::Way;
use end_to_end::{
    Buyer, Merchant, Scenario, World, attempt, audit, eventually, refunds, same, scenario, text,
};
use serde_json::json;

const SEEN_WITHIN: Duration = Duration::from_secs(60);

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        scenario(
            "s6_s10_cashier_the_page_is_for_one_payment_and_says_nothing_to_strangers",
            strangers,
        ),
        scenario(
            "s9_s10_cashier_hostile_words_of_a_merchant_are_only_words",
            hostile_words,
        ),
        scenario(
            "f1_cashier_pressed_twice_and_in_two_tabs_it_is_one_attempt",
            pressed_twice,
        ),
        scenario(
            "s9_cashier_a_paid_order_says_so_and_leads_to_the_merchant",
            paid,
        ),
        scenario(
            "f1_cashier_both_pages_paid_at_a_lenient_merchants_cashier",
            both_paid,
        ),
        scenario(
            "f1_cashier_the_buyer_switches_and_orders_anew_at_a_strict_merchants",
            switching,
        ),
        scenario("f55_cashier_a_buyer_gives_an_order_up", given_up),
    ]
}

async fn shop(world: &World, strict: bool) -> anyhow::Result<(Merchant, Buyer)> {
    let merchant = if strict {
        world.strict()?
    } else {
        world.lenient()?
    };
    let order = merchant.order(1_999);
    let buyer = Buyer::of(world, &merchant, &order).await?;
    Ok((merchant, buyer))
}

async fn strangers(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let (merchant, one) = shop(&world, true).await?;
    let (_, two) = shop(&world, true).await?;
    let page = one.open("").await?;
    same("it is a page", page.status, 200)?;
    for (name, expected) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-frame-options", "DENY"),
        ("x-content-type-options", "nosniff"),
    ] {
        same(name, page.header(name), expected)?;
    }
    let policy = page.header("content-security-policy");
    ensure!(
        policy.starts_with("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    let html = String::from_utf8_lossy(&page.bytes).into_owned();
    ensure!(
        !html.contains("style=") && !html.contains("onclick"),
        "nothing inline"
    );
    ensure!(html.contains("¥19.99") && html.contains("shoes"), "{html}");
    for asset in html.split("/cashier/assets/").skip(1) {
        let file = asset.split('"').next().unwrap_or_default();
        let url = one.at(&format!("/cashier/assets/{file}"));
        let request = world.http.request(reqwest::Method::GET, &url);
        let asset = world.http.send(request).await?;
        same(file, asset.status, 200)?;
        ensure!(
            asset.header("cache-control").contains("immutable"),
            "{file}"
        );
    }
    // The parts of two tokens make none, and no answer tells an unknown one from a spoiled one.
    let (first, second) = (one.url.clone(), two.url.clone());
    let tag = |url: &str| url.rsplit_once('.').map(|(_, tag)| tag.to_owned());
    let mixed = format!(
        "{}.{}",
        first.rsplit_once('.').context("a token")?.0,
        tag(&second).context("a token")?
    );
    let refused = one.with_url(mixed);
    for button in ["pay", "query", "close", "new-order", "return"] {
        same(
            button,
            refused.post(button, "channel=alipay").await?.status,
            404,
        )?;
    }
    for rest in ["", "/status", "/return", "/channel-orders/P1"] {
        same(rest, refused.open(rest).await?.status, 404)?;
    }
    // An attempt of another payment is none of this one's.
    let way = two.press("pay", "channel=alipay").await?;
    let no = way.rsplit('/').next().context("an attempt")?.to_owned();
    let shown = one.open(&format!("/channel-orders/{no}")).await?;
    same("it leads home", shown.status, 303)?;
    same("nothing was begun", &one.stage().await?, "open")?;
    // What the shop reads is the same link.
    let read = merchant.payment(&one.payment_no).await?;
    same(
        "the link stands",
        text(&read, "/cashier_url")?,
        first.as_str(),
    )
}

async fn hostile_words(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.strict()?;
    let mut request = Buyer::request(&merchant, &merchant.order(100));
    request["subject"] = json!("\"><script>alert(1)</script><a href=javascript:x>&lt;");
    let buyer = Buyer::asking(&world, &merchant, &request).await?;
    let page = buyer.page("").await?;
    ensure!(page.matches("<script").count() == 1, "only ours: {page}");
    ensure!(!page.contains("<a href=javascript"), "{page}");
    ensure!(
        page.contains("&#60;script&#62;") || page.contains("&lt;script&gt;"),
        "{page}"
    );
    for url in [
        "javascript:alert(1)",
        "https://m-strict.example.evil.example/return",
    ] {
        request["merchant_order_no"] = json!(merchant.order(100).number);
        request["return_url"] = json!(url);
        same(
            url,
            merchant.post("/v1/payments", &request).await?.status,
            400,
        )?;
    }
    Ok(())
}

async fn pressed_twice(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let (merchant, buyer) = shop(&world, true).await?;
    let presses = (0..4).map(|_| buyer.press("pay", "channel=wechat"));
    let mut led = futures::future::try_join_all(presses).await?;
    // Whoever came while the channel was being asked is told to wait, and then finds the same.
    led.retain(|to| to.contains("/channel-orders/"));
    led.push(buyer.press("pay", "channel=wechat").await?);
    led.dedup();
    same("one attempt", led.len(), 1)?;
    let payment = merchant.payment(&buyer.payment_no).await?;
    same(
        "one attempt",
        payment["channel_orders"].as_array().map(Vec::len),
        Some(1),
    )?;
    let no = led.remove(0);
    let code = buyer
        .page(&no[no.find("/channel-orders/").context("an attempt")?..])
        .await?;
    ensure!(
        code.contains("<svg") && !code.contains("weixin://"),
        "a code of our own"
    );
    let page = buyer.page("").await?;
    ensure!(page.contains("Have you paid already?"), "{page}");
    let other = buyer.press("pay", "channel=alipay").await?;
    ensure!(other.ends_with("?notice=begun"), "{other}");
    let buyers = world.aws.items_of("evidence", &buyer.payment_no).await?;
    let kept = |act: &str| {
        buyers.iter().any(|item| {
            item["e"]["S"]
                .as_str()
                .is_some_and(|place| place.ends_with(act))
        })
    };
    for act in [
        "#chose-wechat",
        "#left-for-wechat",
        "#opened",
        "#chose-alipay",
    ] {
        ensure!(kept(act), "{act}: {buyers:?}");
    }
    Ok(())
}

async fn paid(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let (merchant, buyer) = shop(&world, true).await?;
    buyer.press("pay", "channel=unionpay&bank=CMB").await?;
    let payment = merchant.payment(&buyer.payment_no).await?;
    let order = attempt(&payment, Way::UNIONPAY_CMB)?;
    same("the bank", text(order, "/bank")?, "CMB")?;
    same(
        "the shop's own address",
        &text(order, "/action/fields/frontUrl")?,
        &"https://m-strict.example/return",
    )?;
    let rest = format!("/channel-orders/{}", text(order, "/channel_order_no")?);
    let form = buyer.page(&rest).await?;
    ensure!(
        form.contains(&format!("{}/return", buyer.url)),
        "back to the cashier: {form}"
    );
    world.simulator.open_and_pay(order).await?;
    // The way back is not believed, whatever it says.
    let back = buyer.press("return", "respCode=00&orderId=P1").await?;
    ensure!(back.ends_with("?from=channel"), "{back}");
    eventually(SEEN_WITHIN, "it is paid", || async {
        same("stage", &buyer.stage().await?, "paid")
    })
    .await?;
    let page = buyer.page("?from=channel&lang=zh").await?;
    ensure!(page.contains("您的支付已完成，请勿重复操作"), "{page}");
    let link = page
        .split("id=\"to-merchant\" href=\"")
        .nth(1)
        .context("a link")?;
    let link = link.split('"').next().unwrap_or_default();
    ensure!(
        link.starts_with("https://m-strict.example/return?merchant_order_no="),
        "{link}"
    );
    ensure!(
        link.contains("state=paid") && link.contains("signature=v1"),
        "{link}"
    );
    for (button, fields) in [
        ("pay", "channel=alipay"),
        ("close", "channel=wechat"),
        ("close", ""),
        ("new-order", ""),
    ] {
        let to = buyer.press(button, fields).await?;
        same(
            button,
            to.contains('?') || to.contains("channel-orders"),
            false,
        )?;
    }
    let payment = audit(&world, &merchant, &buyer.payment_no).await?;
    same(
        "one attempt",
        payment["channel_orders"].as_array().map(Vec::len),
        Some(1),
    )
}

async fn both_paid(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let (merchant, buyer) = shop(&world, false).await?;
    buyer.press("pay", "channel=alipay").await?;
    let choosing = buyer.page("?choose=1").await?;
    ensure!(choosing.contains("name=\"beside\""), "{choosing}");
    let beside = buyer.press("pay", "channel=wechat&beside=1").await?;
    ensure!(beside.contains("/channel-orders/"), "{beside}");
    let payment = merchant.payment(&buyer.payment_no).await?;
    for way in [Way::ALIPAY_PAGE, Way::WECHAT_NATIVE] {
        world
            .simulator
            .open_and_pay(attempt(&payment, way)?)
            .await?;
    }
    let payment = audit(&world, &merchant, &buyer.payment_no).await?;
    same("paid", text(&payment, "/state")?, "paid")?;
    same(
        "one went back",
        refunds(&payment, "duplicate_payment").len(),
        1,
    )?;
    let page = buyer.page("").await?;
    ensure!(
        page.contains("id=\"returned\"") && page.contains("¥19.99"),
        "{page}"
    );
    Ok(())
}

async fn switching(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let (merchant, buyer) = shop(&world, true).await?;
    buyer.press("pay", "channel=wechat").await?;
    let closed = buyer.press("close", "channel=alipay").await?;
    ensure!(closed.contains("/channel-orders/"), "switched: {closed}");
    let payment = merchant.payment(&buyer.payment_no).await?;
    let first = attempt(&payment, Way::WECHAT_NATIVE)?;
    same("the first is closed", text(first, "/state")?, "closed")?;
    // An Alipay link that nobody opened cannot be proven closed.
    let unproven = buyer.press("close", "channel=unionpay").await?;
    ensure!(unproven.ends_with("?notice=unproven"), "{unproven}");
    let asked = buyer.press("query", "").await?;
    ensure!(asked.ends_with("?notice=asked"), "{asked}");
    let anew = buyer.post("new-order", "").await?;
    same("a page", anew.status, 200)?;
    let page = String::from_utf8_lossy(&anew.bytes).into_owned();
    ensure!(
        page.contains("new_order_confirmed_at=") && page.contains("signature=v1"),
        "{page}"
    );
    let buyers = world.aws.items_of("evidence", &buyer.payment_no).await?;
    ensure!(
        format!("{buyers:?}").contains("#ordered-anew"),
        "{buyers:?}"
    );
    // The merchant makes the new order with it.
    let order = merchant.order(1_999);
    let mut request = order.request(Way::WECHAT_NATIVE);
    request["replaces"] =
        json!({ "payment_no": buyer.payment_no, "confirmed_at": "2026-11-20T08:00:00Z" });
    same(
        "a new order",
        merchant.post("/v1/payments", &request).await?.status,
        201,
    )
}

async fn given_up(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let (merchant, buyer) = shop(&world, true).await?;
    buyer.press("close", "").await?;
    same("closed", &buyer.stage().await?, "closed")?;
    let payment = merchant.payment(&buyer.payment_no).await?;
    same("closed", text(&payment, "/state")?, "closed")?;
    let to = buyer.press("pay", "channel=alipay").await?;
    ensure!(!to.contains("channel-orders"), "{to}");
    let page = buyer.page("").await?;
    ensure!(page.contains("The order is closed"), "{page}");
    Ok(())
}
