//! Appeals over HTTP: opened once, found out by asking the channels, heard by links, told to the shop.

use std::time::Duration;

use anyhow::{Context, ensure};
use end_to_end::{
    Answer, Buyer, Merchant, Scenario, Way, World, eventually, is_one_of, is_problem, same,
    scenario, text,
};
use reqwest::Method;
use serde_json::{Value, json};

const PATH: &str = "/v1/appeals";
const SOON: Duration = Duration::from_secs(40);
/// Two questions without an answer, and a busy machine.
const LEARNT_WITHIN: Duration = Duration::from_secs(120);

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("an_appeal_finds_out_by_itself_and_proposes", proposes),
        scenario("one_number_is_one_appeal", idempotent),
        scenario("s6_another_merchants_appeal_is_an_absent_one", foreign),
        scenario("s6_a_link_lets_one_party_in_and_no_other", linked),
        scenario(
            "a_buyer_opens_an_appeal_with_the_cashiers_link",
            by_the_buyer,
        ),
        scenario("an_appeal_is_told_to_the_shop_signed_and_once", told),
        scenario("an_appeal_that_asks_for_nonsense_is_refused", nonsense),
    ]
}

fn request(merchant: &Merchant, orders: &[&str]) -> Value {
    json!({
        "merchant_appeal_no": merchant.order(1).number,
        "opened_by": "merchant",
        "claim": "paid_twice",
        "payment_nos": orders,
    })
}

/// An order of a buyer with an address, at the cashier.
async fn ordered(world: &World, merchant: &Merchant) -> anyhow::Result<Buyer> {
    let mut asked = Buyer::request(merchant, &merchant.order(1_999));
    asked["client_ip"] = json!("203.0.113.7");
    asked["channel"] = json!("alipay");
    asked["method"] = json!("page");
    Buyer::asking(world, merchant, &asked).await
}

async fn pay(world: &World, merchant: &Merchant, buyer: &Buyer) -> anyhow::Result<()> {
    let payment = merchant.payment(&buyer.payment_no).await?;
    let order = end_to_end::attempt(&payment, Way::ALIPAY_PAGE)?;
    world.simulator.open_and_pay(order).await
}

/// The first is paid and not notified of, given up and ordered again, and the second is paid too.
async fn paid_twice(world: &World, merchant: &Merchant) -> anyhow::Result<(Buyer, Buyer)> {
    let older = ordered(world, merchant).await?;
    let payment = merchant.payment(&older.payment_no).await?;
    let order = end_to_end::attempt(&payment, Way::ALIPAY_PAGE)?;
    let no = text(order, "/channel_order_no")?.to_owned();
    for (operation, kind) in [("notify", "drop"), ("query", "timeout_before")] {
        let fault = end_to_end::Fault::times(operation, kind, 2);
        world.simulator.fault(&no, fault).await?;
    }
    world.simulator.open_and_pay(order).await?;
    let newer = ordered(world, merchant).await?;
    pay(world, merchant, &newer).await?;
    for buyer in [&older, &newer] {
        eventually(LEARNT_WITHIN, "it is known to be paid", || async {
            let payment = merchant.payment(&buyer.payment_no).await?;
            same("state", text(&payment, "/state")?, "paid")
        })
        .await?;
    }
    Ok((older, newer))
}

async fn opened(merchant: &Merchant, request: &Value) -> anyhow::Result<Value> {
    let answer = merchant.post(PATH, request).await?;
    is_one_of(&answer, &[201])?;
    Ok(answer.json)
}

async fn read(merchant: &Merchant, appeal: &Value) -> anyhow::Result<Value> {
    let no = text(appeal, "/appeal_no")?;
    let answer = merchant.get(&format!("{PATH}/{no}")).await?;
    is_one_of(&answer, &[200])?;
    Ok(answer.json)
}

async fn proposes(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.strict()?;
    let (older, newer) = paid_twice(&world, &merchant).await?;
    let orders = [newer.payment_no.as_str(), older.payment_no.as_str()];
    let appeal = opened(&merchant, &request(&merchant, &orders)).await?;
    let found = eventually(SOON, "the facts are there", || async {
        let appeal = read(&merchant, &appeal).await?;
        same("proposal", text(&appeal, "/proposal/outcome")?, "refund")?;
        Ok(appeal)
    })
    .await?;
    same(
        "the older one goes back",
        text(&found, "/proposal/refund/payment_no")?,
        older.payment_no.as_str(),
    )?;
    same(
        "the newer one stays",
        text(&found, "/proposal/proof")?,
        newer.payment_no.as_str(),
    )?;
    for order in [0, 1] {
        let said = text(
            &found,
            &format!("/findings/orders/{order}/channel_orders/0/channel_says"),
        )?;
        same("the channel's word", said, "paid")?;
    }
    let listed = merchant.get(&format!("{PATH}?limit=100")).await?;
    let listed = listed.json["appeals"].as_array().context("a list")?;
    ensure!(
        listed
            .iter()
            .any(|one| one["appeal_no"] == found["appeal_no"])
    );
    Ok(())
}

async fn idempotent(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.strict()?;
    let buyer = ordered(&world, &merchant).await?;
    let mut asked = request(&merchant, &[&buyer.payment_no]);
    let first = opened(&merchant, &asked).await?;
    let again = merchant.post(PATH, &asked).await?;
    is_one_of(&again, &[200])?;
    same(
        "the same appeal",
        &again.json["appeal_no"],
        &first["appeal_no"],
    )?;
    asked["claim"] = json!("other");
    asked["text"] = json!("something else");
    is_problem(&merchant.post(PATH, &asked).await?, 422, "request-mismatch")?;
    let no = text(&first, "/appeal_no")?;
    let statement =
        json!({ "statement_no": "s-1", "position": "supports", "text": "One parcel was sent." });
    let path = format!("{PATH}/{no}/statements");
    for _ in 0..2 {
        let said = merchant.post(&path, &statement).await?;
        is_one_of(&said, &[200])?;
        let said = said.json["statements"].as_array().map(Vec::len);
        same("one statement", said, Some(1))?;
    }
    let taken = merchant
        .post(&format!("{PATH}/{no}/withdraw"), &json!({}))
        .await?;
    same("state", &taken.json["state"], "withdrawn")?;
    let mut late = statement.clone();
    late["statement_no"] = json!("s-2");
    is_problem(&merchant.post(&path, &late).await?, 409, "hearing-over")
}

async fn foreign(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let (merchant, other) = (world.strict()?, world.lenient()?);
    let buyer = ordered(&world, &merchant).await?;
    let refused = other
        .post(PATH, &request(&other, &[&buyer.payment_no]))
        .await?;
    is_problem(&refused, 400, "invalid-request")?;
    let absent = request(&other, &["PDGT80VT0AGC1JYMQG7QPBJ"]);
    let absent = other.post(PATH, &absent).await?;
    same(
        "as absent as one that never was",
        &refused.bytes,
        &absent.bytes,
    )?;
    let appeal = opened(&merchant, &request(&merchant, &[&buyer.payment_no])).await?;
    let no = text(&appeal, "/appeal_no")?;
    let never = "ADGT80VT0AGC1JYMQG7QPN3";
    let statement = json!({ "statement_no": "s", "position": "neutral", "text": "t" });
    for rest in ["", "/statements", "/withdraw"] {
        let ask = async |no: &str| -> anyhow::Result<Answer> {
            let path = format!("{PATH}/{no}{rest}");
            match rest {
                "" => other.get(&path).await,
                "/statements" => other.post(&path, &statement).await,
                _ => other.post(&path, &json!({})).await,
            }
        };
        let (theirs, none) = (ask(no).await?, ask(never).await?);
        is_problem(&theirs, 404, "not-found")?;
        same("to the byte", &theirs.bytes, &none.bytes)?;
    }
    same(
        "untouched",
        &read(&merchant, &appeal).await?["statements"],
        &json!([]),
    )
}

/// A page, and what is posted to it.
async fn page(world: &World, method: Method, url: &str, form: &str) -> anyhow::Result<Answer> {
    let request = world.http.request(method, url);
    let request = request
        .header("accept-language", "en")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form.to_owned());
    world.http.send(request).await
}

async fn linked(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.strict()?;
    let buyer = ordered(&world, &merchant).await?;
    let appeal = opened(&merchant, &request(&merchant, &[&buyer.payment_no])).await?;
    let buyers = text(&appeal, "/buyer_url")?.to_owned();
    let suppliers = text(&appeal, "/supplier_url")?.to_owned();
    let shown = page(&world, Method::GET, &buyers, "").await?;
    same("a page", shown.status, 200)?;
    let policy = shown.header("content-security-policy");
    ensure!(
        policy.contains("default-src 'none'") && !policy.contains("script-src"),
        "{policy}"
    );
    same(
        "its address stays here",
        shown.header("referrer-policy"),
        "no-referrer",
    )?;
    let page_text = String::from_utf8(shown.bytes.clone())?;
    ensure!(
        !page_text.contains("203.0.113.7"),
        "the buyer's address is nobody's business"
    );
    let hostile = "position=opposes&text=%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    for _ in 0..2 {
        let said = page(&world, Method::POST, &suppliers, hostile).await?;
        same("on to the page", said.status, 303)?;
    }
    let after = read(&merchant, &appeal).await?;
    same(
        "said once",
        after["statements"].as_array().map(Vec::len),
        Some(1),
    )?;
    same("by", text(&after, "/statements/0/by")?, "supplier")?;
    let shown = page(&world, Method::GET, &buyers, "").await?;
    ensure!(
        !String::from_utf8(shown.bytes)?.contains("<script"),
        "it is text"
    );
    // The appeal is the merchant's: the buyer's link cannot take it back, and a changed link opens nothing.
    let taken = page(&world, Method::POST, &format!("{buyers}/withdraw"), "").await?;
    same("not the buyer's", taken.status, 409)?;
    for url in [
        buyers.replace(".buyer.", ".platform."),
        buyers.replace(".buyer.", ".merchant."),
        format!("{buyers}x"),
        buyers.replace("/appeals/", "/cashier/"),
        buyer.url.replace("/cashier/", "/appeals/"),
    ] {
        same(&url, page(&world, Method::GET, &url, "").await?.status, 404)?;
    }
    Ok(())
}

async fn by_the_buyer(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.strict()?;
    let (older, newer) = paid_twice(&world, &merchant).await?;
    let url = newer.url.replace("/cashier/", "/appeals/new/");
    same(
        "a form",
        page(&world, Method::GET, &url, "").await?.status,
        200,
    )?;
    let lost = page(&world, Method::POST, &url, "other_order=never-was").await?;
    ensure!(
        lost.header("location").ends_with("?unknown-order"),
        "{}",
        lost.shown()
    );
    let order = merchant.payment(&older.payment_no).await?;
    let form = format!(
        "other_order={}&text=twice",
        text(&order, "/merchant_order_no")?
    );
    let first = page(&world, Method::POST, &url, &form).await?;
    same("on to the appeal", first.status, 303)?;
    let again = page(&world, Method::POST, &url, &form).await?;
    same(
        "the same one",
        again.header("location"),
        first.header("location"),
    )?;
    let home = first.header("location").to_owned();
    eventually(SOON, "the page says what was found", || async {
        let shown = page(&world, Method::GET, &home, "").await?;
        let shown = String::from_utf8(shown.bytes)?;
        ensure!(shown.contains("is to be refunded"), "not yet");
        Ok(())
    })
    .await?;
    let taken = page(&world, Method::POST, &format!("{home}/withdraw"), "").await?;
    same("it is the buyer's to take back", taken.status, 303)
}

async fn told(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.strict()?;
    let buyer = ordered(&world, &merchant).await?;
    let appeal = opened(&merchant, &request(&merchant, &[&buyer.payment_no])).await?;
    let no = text(&appeal, "/appeal_no")?;
    let news = eventually(SOON, "the shop was told", || async {
        let id = format!("appeal.{no}.1.told");
        let message = merchant.get(&format!("/v1/delayed-messages/{id}")).await?;
        is_one_of(&message, &[200])?;
        same(
            "payload",
            &message.json["payload"]["appeal_no"],
            &appeal["appeal_no"],
        )?;
        Ok(message.json)
    })
    .await?;
    same("what", text(&news, "/payload/type")?, "appeal.opened")?;
    let event = merchant
        .get(&format!("/v1/delayed-messages/appeal.{no}.1.event"))
        .await?;
    same(
        "on the bus",
        text(&event.json, "/target/detail_type")?,
        "appeal.opened",
    )
}

async fn nonsense(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.strict()?;
    let buyer = ordered(&world, &merchant).await?;
    let good = request(&merchant, &[&buyer.payment_no]);
    let wrongs: [(&str, Value); 7] = [
        ("merchant_appeal_no", json!(" ")),
        ("opened_by", json!("supplier")),
        ("claim", json!("theft")),
        ("payment_nos", json!([])),
        ("payment_nos", json!([buyer.payment_no, buyer.payment_no])),
        ("text", json!("")),
        ("amount", json!(1)),
    ];
    for (field, value) in wrongs {
        let mut asked = good.clone();
        asked[field] = value;
        let answer = merchant.post(PATH, &asked).await?;
        is_problem(&answer, 400, "invalid-request")?;
        let pointer = text(&answer.json, "/pointer")?;
        ensure!(
            pointer.starts_with(&format!("/{field}")),
            "{field}: {pointer}"
        );
    }
    let keyless = merchant.with_key("").post(PATH, &good).await?;
    is_problem(&keyless, 401, "unauthorized")?;
    let cursor = merchant.get(&format!("{PATH}?cursor=x")).await?;
    is_problem(&cursor, 400, "invalid-request")
}
