//! Secrets and personal data stay where they belong: a campaign with failures, and then everything is read that was logged,
//! answered, put on the bus and kept (S12, S13).

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, ensure};
use end_to_end::{
    Answer, Fault, Merchant, PAYER, Way, World, attempt, audit, eventually, is_one_of,
    milliseconds, text,
};
use payonce_domain::Channel;
use serde_json::{Value, json};

/// Personal data, and what no request should hold, none of which occurs by chance.
const BUYER_CODE: &str = "134567890123977531";
const BUYER_IP: &str = "203.0.113.211";
const SUBJECT: &str = "canary-subject-5c1e";
const NOTE: &str = "canary-note-5c1e";
const REASON: &str = "canary-reason-5c1e";
const PAYLOAD: &str = "canary-payload-5c1e";

const LEASE_ENDS_WITHIN: Duration = Duration::from_secs(90);

type Canaries = BTreeMap<String, String>;

/// The secrets of the stack's merchants: what signs, what decrypts, and what opens the API.
async fn secrets(world: &World) -> anyhow::Result<Canaries> {
    let mut secrets = Canaries::new();
    for merchant in &world.endpoints.merchants {
        let id = &merchant.merchant_id;
        secrets.insert(format!("api key of {id}"), merchant.api_key.clone());
        let shared = merchant.webhook_secret.trim_start_matches("whsec_");
        secrets.insert(format!("webhook secret of {id}"), shared.to_owned());
        for channel in Channel::ALL {
            let account = world.simulator.account_of(channel, id).await?;
            let key = text(&account, "/merchant_private_key")?;
            // One line from the middle of a PEM text: nothing else has it, however the text is broken up.
            let line = key.lines().nth(7).context("a key has many lines")?;
            secrets.insert(format!("{} key of {id}", channel.name()), line.to_owned());
            if let Some(key) = account["apiv3_key"].as_str() {
                secrets.insert(format!("APIv3 key of {id}"), key.to_owned());
            }
        }
    }
    Ok(secrets)
}

/// What goes wrong, and every answer to it.
async fn campaign(world: &World, merchant: &Merchant) -> anyhow::Result<Vec<Answer>> {
    let mut answers = Vec::new();
    for (way, operation, kind) in [
        (Way::ALIPAY_PAGE, "query", "garbage"),
        (Way::WECHAT_NATIVE, "query", "bad_signature"),
        (Way::WECHAT_JSAPI, "create", "http_500"),
        (Way::UNIONPAY_GATEWAY, "query", "timeout_before"),
    ] {
        let order = merchant.order(1_999);
        let mut request = order.request(way);
        request["subject"] = json!(SUBJECT);
        request["metadata"] = json!({ "note": NOTE });
        request["client_ip"] = json!(BUYER_IP);
        let own = order.channel_order_no(way, 1)?;
        world
            .simulator
            .fault(&own, Fault::once(operation, kind))
            .await?;
        answers.push(merchant.post("/v1/payments", &request).await?);
        // While the lease of a create that failed is held, a repeat waits for it.
        let made = eventually(LEASE_ENDS_WITHIN, "made", || async {
            let made = merchant.post("/v1/payments", &request).await?;
            is_one_of(&made, &[200, 201])?;
            Ok(made)
        });
        let made = made.await?;
        let no = order.payment_no()?;
        world
            .simulator
            .open_cashier(attempt(&made.json, way)?)
            .await?;
        answers.push(merchant.read(&no).await?);
        answers.push(
            merchant
                .get(&format!("/v1/payments/{no}?refresh=true"))
                .await?,
        );
        let twice = Fault::once("refund", "system_error");
        world.simulator.fault(&own, twice).await?;
        world.simulator.pay(&own).await?;
        super::catalogue::until_paid(merchant, &no).await?;
        let refund = json!({
            "refund_no": "leak", "amount": { "value": 5, "currency": "CNY" }, "reason": REASON,
        });
        answers.push(
            merchant
                .post(&format!("/v1/payments/{no}/refunds"), &refund)
                .await?,
        );
        audit(world, merchant, &no).await?;
        answers.push(merchant.timeline(&no).await?);
    }
    Ok(answers)
}

/// Requests that are refused, with canaries where they do not belong; each answer.
async fn refused(world: &World, merchant: &Merchant) -> anyhow::Result<Vec<Answer>> {
    let mut answers = Vec::new();
    let code = json!({
        "merchant_order_no": merchant.order(1).number, "amount": { "value": 100, "currency": "CNY" },
        "subject": SUBJECT, "channel": "wechat", "method": "code", "auth_code": BUYER_CODE,
        "client_ip": BUYER_IP,
    });
    answers.push(merchant.post("/v1/payments", &code).await?);
    for (name, value) in [
        ("auth_code", json!([BUYER_CODE])),
        ("payer", json!({ PAYER: PAYER })),
        ("surely_not", json!(merchant.key())),
        ("expires_at", json!(merchant.key())),
    ] {
        let mut wrong = code.clone();
        wrong[name] = value;
        let answer = merchant.post("/v1/payments", &wrong).await?;
        is_one_of(&answer, &[400])?;
        answers.push(answer);
    }
    let message = json!({
        "id": merchant.order(1).number, "delay_seconds": 1, "payload": PAYLOAD,
        "target": { "type": "webhook", "url": world.receiver.url() },
    });
    is_one_of(
        &merchant.post("/v1/delayed-messages", &message).await?,
        &[201],
    )?;
    let stranger = merchant.with_key(&format!("{}x", merchant.key()));
    answers.push(stranger.get("/v1/payments?merchant_order_no=x").await?);
    for channel in Channel::ALL {
        let account = world.simulator.account_of(channel, &merchant.id).await?;
        let key = text(&account, "/merchant_private_key")?;
        let request = world
            .http
            .request(reqwest::Method::POST, text(&account, "/webhook_url")?)
            .header("content-type", "application/json")
            .body(json!({ "sign": key, "payer": PAYER }).to_string());
        answers.push(world.http.send(request).await?);
    }
    Ok(answers)
}

fn none_in(what: &str, text: &str, canaries: &Canaries) -> anyhow::Result<()> {
    for (name, canary) in canaries {
        ensure!(!text.contains(canary), "the {name} is in {what}: {text}");
    }
    Ok(())
}

pub(crate) async fn nothing(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.lenient()?;
    let since = u64::try_from(milliseconds())?;
    let bus = world.aws.collect_events("leaking", "payment.paid").await?;
    let secrets = secrets(&world).await?;
    ensure!(secrets.len() >= 15, "only {} secrets", secrets.len());
    let mut answers = campaign(&world, &merchant).await?;
    answers.extend(refused(&world, &merchant).await?);
    for answer in &answers {
        let headers = format!("{:?}", answer.headers);
        let said = headers + &String::from_utf8_lossy(&answer.bytes);
        none_in("an answer", &said, &secrets)?;
        ensure!(!said.contains(BUYER_CODE), "a code is in an answer: {said}");
        // Merchants are told of faults in words, not in the words of programs.
        ensure!(
            !said.contains("panicked"),
            "a panic is in an answer: {said}"
        );
    }
    for event in world.aws.receive(&bus).await? {
        none_in("an event", &event.to_string(), &secrets)?;
    }
    for table in ["payments", "evidence", "controls", "delayed-messages"] {
        for item in world.aws.items(table).await? {
            let item = plain(&item);
            none_in(table, &item, &secrets)?;
            ensure!(!item.contains(BUYER_CODE), "a code is in {table}: {item}");
        }
    }
    logs(&world, since, secrets).await
}

/// No secret, and nobody's data either; and nothing broke in a way that nobody foresaw.
async fn logs(world: &World, since: u64, mut canaries: Canaries) -> anyhow::Result<()> {
    for (name, canary) in [
        ("payment code", BUYER_CODE),
        ("buyer's address", BUYER_IP),
        ("buyer's name", PAYER),
        ("subject", SUBJECT),
        ("merchant's note", NOTE),
        ("reason", REASON),
        ("payload", PAYLOAD),
        ("panic", "panicked"),
    ] {
        canaries.insert(name.to_owned(), canary.to_owned());
    }
    let mut read = 0;
    for function in world.endpoints.functions.keys() {
        for line in world.aws.lines(function, since).await? {
            none_in(&format!("the log of {function}"), &line, &canaries)?;
            read += 1;
        }
    }
    ensure!(read > 50, "only {read} lines were logged");
    Ok(())
}

/// An item as text, what it holds as bytes made readable.
fn plain(item: &Value) -> String {
    use base64::Engine as _;
    let mut text = item.to_string();
    let members = item.as_object().into_iter().flatten();
    for bytes in members.filter_map(|(_, value)| value["B"].as_str()) {
        let decoded = base64::engine::general_purpose::STANDARD.decode(bytes);
        text.push_str(&String::from_utf8_lossy(&decoded.unwrap_or_default()));
    }
    text
}
