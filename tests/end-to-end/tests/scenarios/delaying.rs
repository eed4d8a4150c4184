//! Delayed messages: on time and signed, once for each id, called off, tried again, dead and sent again, and found by the
//! sweep when the queue loses them.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use end_to_end::{
    Answer, Merchant, Scenario, Told, World, eventually, is_one_of, is_problem, same, scenario,
    text,
};
use serde_json::{Value, json};

const PATH: &str = "/v1/delayed-messages";
/// What a busy machine may add to a second: each function is a process of its own, and starts slowly here.
const PUNCTUAL: Duration = Duration::from_secs(4);
const SOON: Duration = Duration::from_secs(30);
/// A minute that the sweep leaves to the message, one more tick, and a busy machine.
const SWEPT_WITHIN: Duration = Duration::from_secs(170);

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        // First: it waits for minutes while the others run.
        scenario(
            "f42_a_delayed_message_that_the_queue_loses_is_delivered_by_the_scan",
            lost,
        ),
        scenario("a_delayed_message_comes_at_its_time_signed", on_time),
        scenario("one_id_is_one_delayed_message", idempotent),
        scenario("a_cancelled_message_never_comes", cancelled),
        scenario("a_delayed_message_is_tried_again_until_taken", retried),
        scenario("a_dead_letter_is_listed_and_sent_again", dead),
        scenario("a_delayed_message_reaches_the_event_bus", on_the_bus),
        scenario(
            "s7_delayed_messages_go_to_registered_addresses_only",
            refused,
        ),
        scenario("s6_another_merchants_message_is_an_absent_one", foreign),
    ]
}

fn fresh(merchant: &Merchant) -> String {
    merchant.order(1).number
}

fn request(world: &World, id: &str, delay_seconds: u64, payload: &Value) -> Value {
    json!({
        "id": id,
        "delay_seconds": delay_seconds,
        "payload": payload,
        "target": { "type": "webhook", "url": world.receiver.url() },
    })
}

async fn scheduled(merchant: &Merchant, request: &Value) -> anyhow::Result<Value> {
    let answer = merchant.post(PATH, request).await?;
    is_one_of(&answer, &[201])?;
    same("state", &answer.json["state"], "scheduled")?;
    Ok(answer.json)
}

async fn read(merchant: &Merchant, id: &str) -> anyhow::Result<Value> {
    let answer = merchant.get(&format!("{PATH}/{id}")).await?;
    is_one_of(&answer, &[200])?;
    Ok(answer.json)
}

async fn reaches(
    merchant: &Merchant,
    id: &str,
    state: &str,
    within: Duration,
) -> anyhow::Result<Value> {
    eventually(within, state, || async {
        let message = read(merchant, id).await?;
        same("state", &message["state"], state)?;
        Ok(message)
    })
    .await
}

/// What the receiver was told of a message.
fn told(world: &World, message: &Value) -> anyhow::Result<Vec<Told>> {
    Ok(world.receiver.told(text(message, "/message_no")?))
}

fn milliseconds_of(message: &Value, pointer: &str) -> anyhow::Result<u128> {
    let at: jiff::Timestamp = text(message, pointer)?.parse()?;
    Ok(u128::try_from(at.as_millisecond())?)
}

/// The signature holds by the verifier that merchants are pointed to.
fn is_signed(world: &World, merchant: &Merchant, told: &Told) -> anyhow::Result<()> {
    let mut all = world.endpoints.merchants.iter();
    let known = all.find(|known| known.merchant_id == merchant.id);
    let secret = &known.context("a demo merchant")?.webhook_secret;
    let verifier = standardwebhooks::Webhook::new(secret).context("the merchant's secret")?;
    let verified = verifier.verify(&told.body, &told.headers);
    verified.context("the signature does not hold")
}

async fn on_time(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.lenient()?;
    let payload = json!({ "coupon": "七折", "until": 12_345_678_901_234_567_890_u64 });
    for delay in [1, 3, 6] {
        let id = fresh(&merchant);
        let message = scheduled(&merchant, &request(&world, &id, delay, &payload)).await?;
        let wanted = milliseconds_of(&message, "/deliver_at")?;
        let asked = milliseconds_of(&message, "/created_at")?;
        same("the delay", wanted - asked, u128::from(delay) * 1_000)?;
        let delivered = reaches(&merchant, &id, "delivered", SOON).await?;
        let told = told(&world, &message)?;
        same("deliveries", told.len(), 1)?;
        ensure!(told[0].at >= wanted, "{} ms early", wanted - told[0].at);
        let late = told[0].at - wanted;
        ensure!(late < PUNCTUAL.as_millis(), "{late} ms late");
        is_signed(&world, &merchant, &told[0])?;
        same("type", told[0].header("content-type"), "application/json")?;
        let body: Value = serde_json::from_slice(&told[0].body)?;
        same("the payload", &body, &payload)?;
        same("attempts", &delivered["attempts"], 1)?;
        same("outcome", &delivered["last_attempt"]["outcome"], "taken")?;
        same("the next", &delivered["next_attempt_at"], &Value::Null)?;
    }
    Ok(())
}

/// The ladder of idempotency: the same again, then with each field changed.
async fn idempotent(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.lenient()?;
    let id = fresh(&merchant);
    let body = request(&world, &id, 3_600, &json!({ "a": 1, "b": [2] }));
    let posts = (0..8).map(|_| merchant.post(PATH, &body));
    let answers: Vec<Answer> = futures::future::try_join_all(posts).await?;
    let made = answers.iter().filter(|answer| answer.status == 201);
    same("made", made.count(), 1)?;
    for answer in &answers {
        is_one_of(answer, &[200, 201])?;
        same(
            "the message",
            &answer.json["message_no"],
            &answers[0].json["message_no"],
        )?;
        same(
            "its time",
            &answer.json["deliver_at"],
            &answers[0].json["deliver_at"],
        )?;
    }
    let mut at_its_time = body.clone();
    at_its_time
        .as_object_mut()
        .context("an object")?
        .remove("delay_seconds");
    at_its_time["deliver_at"] = answers[0].json["deliver_at"].clone();
    is_one_of(&merchant.post(PATH, &at_its_time).await?, &[200])?;
    let event = json!({ "type": "event", "detail_type": "x" });
    for (pointer, value) in [
        ("delay_seconds", json!(3_601)),
        ("payload", json!({ "a": 1, "b": [3] })),
        ("target", event),
    ] {
        let mut other = body.clone();
        other[pointer] = value;
        is_problem(&merchant.post(PATH, &other).await?, 422, "request-mismatch")?;
    }
    // Any JSON is a payload, a bare text too. A repetition that comes after the time is still a repetition.
    let id = fresh(&merchant);
    let late = request(&world, &id, 1, &json!("remember"));
    scheduled(&merchant, &late).await?;
    let message = reaches(&merchant, &id, "delivered", SOON).await?;
    let mut at = late.clone();
    at.as_object_mut()
        .context("an object")?
        .remove("delay_seconds");
    at["deliver_at"] = message["deliver_at"].clone();
    for again in [late, at] {
        let answer = merchant.post(PATH, &again).await?;
        is_one_of(&answer, &[200])?;
        same("state", &answer.json["state"], "delivered")?;
    }
    same("deliveries", told(&world, &message)?.len(), 1)
}

async fn cancelled(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.lenient()?;
    let id = fresh(&merchant);
    let message = scheduled(&merchant, &request(&world, &id, 6, &json!({}))).await?;
    for _ in 0..2 {
        let answer = merchant.delete(&format!("{PATH}/{id}")).await?;
        is_one_of(&answer, &[200])?;
        same("state", &answer.json["state"], "cancelled")?;
    }
    let resent = merchant
        .post(&format!("{PATH}/{id}/resend"), &json!({}))
        .await?;
    is_problem(&resent, 409, "message-cancelled")?;
    let other = fresh(&merchant);
    scheduled(&merchant, &request(&world, &other, 1, &json!({}))).await?;
    reaches(&merchant, &other, "delivered", SOON).await?;
    let refused = merchant.delete(&format!("{PATH}/{other}")).await?;
    is_problem(&refused, 409, "already-delivered")?;
    tokio::time::sleep(Duration::from_secs(9)).await;
    same("deliveries", told(&world, &message)?.len(), 0)?;
    same("state", &read(&merchant, &id).await?["state"], "cancelled")
}

async fn retried(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.lenient()?;
    let id = fresh(&merchant);
    // The receiver follows no redirect for us, and neither do we.
    let payload = json!({ "answers": [302, 204] });
    let message = scheduled(&merchant, &request(&world, &id, 1, &payload)).await?;
    let waiting = reaches(&merchant, &id, "retrying", SOON).await?;
    same("outcome", &waiting["last_attempt"]["outcome"], "refused")?;
    same("status", &waiting["last_attempt"]["status"], 302)?;
    let delivered = reaches(&merchant, &id, "delivered", SOON).await?;
    same("attempts", &delivered["attempts"], 2)?;
    let told = told(&world, &message)?;
    same("deliveries", told.len(), 2)?;
    ensure!(told[1].at - told[0].at >= 5_000, "too soon after the first");
    for each in &told {
        is_signed(&world, &merchant, each)?;
    }
    Ok(())
}

async fn dead(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.spare()?;
    let id = fresh(&merchant);
    let payload = json!({ "answers": [410, 410, 200] });
    let message = scheduled(&merchant, &request(&world, &id, 1, &payload)).await?;
    let letter = reaches(&merchant, &id, "dead", SOON).await?;
    same("outcome", &letter["last_attempt"]["outcome"], "gone")?;
    is_listed(&merchant, "dead", &id, true).await?;
    let resend = format!("{PATH}/{id}/resend");
    let resent = merchant.post(&resend, &json!({})).await?;
    is_one_of(&resent, &[200])?;
    same("state", &resent.json["state"], "retrying")?;
    let again = reaches(&merchant, &id, "dead", SOON).await?;
    same("attempts", &again["attempts"], 2)?;
    is_one_of(&merchant.post(&resend, &json!({})).await?, &[200])?;
    reaches(&merchant, &id, "delivered", SOON).await?;
    is_listed(&merchant, "dead", &id, false).await?;
    is_listed(&merchant, "delivered", &id, true).await?;
    let refused = merchant.post(&resend, &json!({})).await?;
    is_problem(&refused, 409, "already-delivered")?;
    same("deliveries", told(&world, &message)?.len(), 3)
}

/// The list is an index, which may be a moment behind.
async fn is_listed(merchant: &Merchant, state: &str, id: &str, wanted: bool) -> anyhow::Result<()> {
    eventually(SOON, "listed so", || async {
        let mut cursor = String::new();
        let mut found = false;
        loop {
            let path = format!("{PATH}?state={state}&limit=2{cursor}");
            let answer = merchant.get(&path).await?;
            is_one_of(&answer, &[200])?;
            let page = answer.json["delayed_messages"]
                .as_array()
                .context("a list")?;
            ensure!(page.len() <= 2, "more than asked for");
            found |= page.iter().any(|message| message["id"] == id);
            match answer.json["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        same("listed", found, wanted)
    })
    .await
}

async fn on_the_bus(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.lenient()?;
    let id = fresh(&merchant);
    let kind = format!("coupon.expired.{id}");
    let queue = world.aws.collect_events(&id, &kind).await?;
    let mut body = request(&world, &id, 2, &json!({ "coupon": 7 }));
    body["target"] = json!({ "type": "event", "detail_type": kind });
    let message = scheduled(&merchant, &body).await?;
    reaches(&merchant, &id, "delivered", SOON).await?;
    let event = eventually(SOON, "an event", || async {
        let events = world.aws.receive(&queue).await?;
        events.into_iter().next().context("nothing yet")
    })
    .await?;
    same("type", &event["detail-type"], kind.as_str())?;
    same("source", &event["source"], "payonce.delayed-messages")?;
    let detail = &event["detail"];
    same("version", &detail["specversion"], "1.0")?;
    same("id", &detail["id"], &message["message_no"])?;
    same("subject", &detail["subject"], id.as_str())?;
    same("merchant", &detail["merchantid"], merchant.id.as_str())?;
    same("data", &detail["data"], &json!({ "coupon": 7 }))
}

async fn refused(world: World) -> anyhow::Result<()> {
    let merchant = world.lenient()?;
    let good = request(&world, &fresh(&merchant), 5, &json!({}));
    let cases = [
        ("/target/url", json!("https://elsewhere.example/told")),
        ("/target/url", json!(format!("{}/", world.receiver.url()))),
        ("/target/url", json!("http://169.254.169.254/latest")),
        ("/id", json!("a b")),
        ("/delay_seconds", json!(0)),
        ("/payload", json!("x".repeat(17_000))),
        ("/unknown", json!(true)),
    ];
    for (pointer, value) in cases {
        let mut body = good.clone();
        let (parent, name) = pointer.rsplit_once('/').context("a pointer")?;
        body.pointer_mut(parent).context("an object")?[name] = value;
        let answer = merchant.post(PATH, &body).await?;
        is_problem(&answer, 400, "invalid-request")?;
        same("the field", &answer.json["pointer"], pointer)?;
    }
    let mut past = good.clone();
    past.as_object_mut()
        .context("an object")?
        .remove("delay_seconds");
    for time in ["2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"] {
        past["deliver_at"] = json!(time);
        let answer = merchant.post(PATH, &past).await?;
        is_problem(&answer, 400, "invalid-request")?;
        same("the field", &answer.json["pointer"], "/deliver_at")?;
    }
    let answer = merchant.get(&format!("{PATH}?state=lost")).await?;
    is_problem(&answer, 400, "invalid-request")
}

async fn foreign(world: World) -> anyhow::Result<()> {
    let (ours, theirs) = (world.lenient()?, world.strict()?);
    let id = fresh(&theirs);
    scheduled(&theirs, &request(&world, &id, 3_600, &json!({}))).await?;
    let there = format!("{PATH}/{id}");
    let nowhere = format!("{PATH}/{}", fresh(&theirs));
    let absent = ours.get(&nowhere).await?;
    is_problem(&absent, 404, "not-found")?;
    let calls = [
        ours.get(&there).await?,
        ours.delete(&there).await?,
        ours.post(&format!("{there}/resend"), &json!({})).await?,
    ];
    for answer in calls {
        same("status", answer.status, 404)?;
        same("every byte", &answer.bytes, &absent.bytes)?;
    }
    // The same id is free for each merchant.
    scheduled(&ours, &request(&world, &id, 3_600, &json!({}))).await?;
    same("state", &read(&theirs, &id).await?["state"], "scheduled")?;
    let stranger = ours.with_key("sk_nobody");
    is_problem(&stranger.get(&there).await?, 401, "unauthorized")
}

/// F42, F63 for delayed messages.
async fn lost(world: World) -> anyhow::Result<()> {
    let merchant = world.lenient()?;
    let mut messages = Vec::new();
    let began = Instant::now();
    {
        let _alone = world.alone().await;
        for _ in 0..3 {
            let id = fresh(&merchant);
            messages.push(scheduled(&merchant, &request(&world, &id, 5, &json!({}))).await?);
        }
        world.aws.purge_queue("delayed-messages").await?;
    }
    tokio::time::sleep(Duration::from_secs(10).saturating_sub(began.elapsed())).await;
    for message in &messages {
        let now = read(&merchant, text(message, "/id")?).await?;
        same("nobody was woken", &now["state"], "scheduled")?;
    }
    for message in &messages {
        reaches(&merchant, text(message, "/id")?, "delivered", SWEPT_WITHIN).await?;
        same("deliveries", told(&world, message)?.len(), 1)?;
    }
    Ok(())
}
