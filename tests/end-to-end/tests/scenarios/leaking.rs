//! Secrets and personal data stay where they belong: a campaign with failures, with buyers, operators, an appeal and a bill,
//! and then everything is read that was answered, told, put on the bus, kept and logged (S12, S13).

use std::time::Duration;

use anyhow::{Context, ensure};
use end_to_end::{
    Answer, Buyer, Fault, Merchant, Operator, PAYER, Way, World, attempt, audit, eventually,
    is_one_of, milliseconds, text,
};
use payonce_app::console::Role;
use payonce_domain::{BillDay, Channel, Timestamp};
use serde_json::{Value, json};

use crate::canaries::{self, none_in};
use crate::operators;

/// Personal data, and what no request should hold, none of which occurs by chance.
const BUYER_CODE: &str = "134567890123977531";
const BUYER_IP: &str = "203.0.113.211";
const SUBJECT: &str = "canary-subject-5c1e";
const NOTE: &str = "canary-note-5c1e";
const REASON: &str = "canary-reason-5c1e";
const PAYLOAD: &str = "canary-payload-5c1e";
/// What a message on the bus is called.
const EVENT: &str = "leaking.message";
/// A bill of that day is there at any hour.
const DAYS_AGO: usize = 3;

const LEASE_ENDS_WITHIN: Duration = Duration::from_secs(90);

/// What goes wrong, every answer to it, and a payment that was paid.
async fn campaign(world: &World, merchant: &Merchant) -> anyhow::Result<(Vec<Answer>, String)> {
    let (mut answers, mut last) = (Vec::new(), String::new());
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
        request["notify_url"] = json!(world.receiver.url());
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
        last = no;
    }
    Ok((answers, last))
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
    let mut event = message.clone();
    event["id"] = json!(merchant.order(1).number);
    event["target"] = json!({ "type": "event", "detail_type": EVENT });
    for message in [message, event] {
        let said = merchant.post("/v1/delayed-messages", &message).await?;
        is_one_of(&said, &[201])?;
        answers.push(said);
    }
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

/// What the cashier's pages and buttons answer to a buyer.
async fn at_the_cashier(world: &World, merchant: &Merchant) -> anyhow::Result<Vec<Answer>> {
    let order = merchant.order(1_999);
    let mut asked = Buyer::request(merchant, &order);
    asked["subject"] = json!(SUBJECT);
    asked["client_ip"] = json!(BUYER_IP);
    let buyer = Buyer::asking(world, merchant, &asked).await?;
    let mut answers = vec![buyer.open("").await?, buyer.open("/status").await?];
    for (button, fields) in [
        ("pay", "channel=alipay"),
        ("pay", "channel=surely-not"),
        ("query", ""),
        ("new-order", ""),
        ("close", ""),
    ] {
        let answer = buyer.post(button, fields).await?;
        is_one_of(&answer, &[200, 303])?;
        answers.push(answer);
    }
    answers.push(buyer.open("/return").await?);
    answers.push(buyer.with_url(format!("{}x", buyer.url)).open("").await?);
    Ok(answers)
}

/// What an operator reads of a payment, and does about it.
async fn at_the_console(
    world: &World,
    operator: &Operator,
    payment_no: &str,
) -> anyhow::Result<Vec<Answer>> {
    let mut answers = Vec::new();
    for page in operators::pages(payment_no) {
        answers.push(operator.open(&page).await?);
    }
    for (button, amount) in [
        ("query", ""),
        ("tell-again", ""),
        ("propose", "1"),
        ("evidence", ""),
    ] {
        let path = format!("/console/payments/{payment_no}/{button}");
        let fields = [("why", REASON), ("amount", amount)];
        answers.push(operator.press(&path, &fields).await?);
    }
    answers.push(operator.open("/console/proposals").await?);
    let nobody = Operator::nobody(world);
    answers.push(
        nobody
            .open(&format!("/console/login?login={}", operator.form))
            .await?,
    );
    Ok(answers)
}

/// An appeal, what is said in it, and how it is looked at by all sides.
async fn appealed(
    world: &World,
    merchant: &Merchant,
    operator: &Operator,
    payment_no: &str,
) -> anyhow::Result<Vec<Answer>> {
    let appeal = json!({
        "merchant_appeal_no": merchant.order(1).number, "opened_by": "merchant",
        "claim": "paid_twice", "payment_nos": [payment_no], "text": NOTE,
    });
    let opened = merchant.post("/v1/appeals", &appeal).await?;
    is_one_of(&opened, &[201])?;
    let no = text(&opened.json, "/appeal_no")?.to_owned();
    let path = format!("/v1/appeals/{no}");
    let statement = json!({ "statement_no": "leak", "position": "opposes", "text": REASON });
    let statements = format!("{path}/statements");
    let mut answers = vec![merchant.post(&statements, &statement).await?];
    is_one_of(&answers[0], &[200])?;
    for party in ["/buyer_url", "/supplier_url"] {
        let url = text(&opened.json, party)?;
        let request = world.http.request(reqwest::Method::GET, url);
        answers.push(world.http.send(request).await?);
    }
    for page in [
        "/console/appeals".to_owned(),
        format!("/console/appeals/{no}"),
    ] {
        answers.push(operator.open(&page).await?);
    }
    for answer in &answers[1..] {
        is_one_of(answer, &[200])?;
    }
    answers.push(merchant.get(&path).await?);
    answers.push(
        merchant
            .post(&format!("{path}/withdraw"), &json!({}))
            .await?,
    );
    answers.push(opened);
    Ok(answers)
}

/// A day some days ago, whose bill has a line that nobody can place: what the function says of it.
async fn reconciled(world: &World, merchant: &Merchant) -> anyhow::Result<Value> {
    let account = world
        .simulator
        .account_of(Channel::Alipay, &merchant.id)
        .await?;
    let now = Timestamp::from_millis(u64::try_from(milliseconds())?);
    let mut day = BillDay::of(Channel::Alipay, now);
    for _ in 0..DAYS_AGO {
        day = day.previous();
    }
    let account = text(&account, "/account")?;
    let line = json!({
        "channel": "alipay", "account": account, "bill_date": day.to_string(), "kind": "add",
    });
    let laid = world
        .simulator
        .control("bills/discrepancies", &line)
        .await?;
    is_one_of(&laid, &[200])?;
    let asked = json!({ "channel": "alipay", "account": account, "day": day.to_string() });
    let said = world.aws.invoke("reconcile", &asked).await?;
    let state = text(&said, "/state")?;
    let lines = said["report"]["bill_payments"]["count"].as_u64();
    ensure!(state == "closed" && lines == Some(1), "{said}");
    Ok(said)
}

pub(crate) async fn nothing(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.lenient()?;
    let since = u64::try_from(milliseconds())?;
    let bus = world.aws.collect_all_events("leaking").await?;
    let mut canaries = canaries::secrets(&world).await?;
    let (mut answers, no) = campaign(&world, &merchant).await?;
    answers.extend(refused(&world, &merchant).await?);
    answers.extend(at_the_cashier(&world, &merchant).await?);
    let operator = Operator::enter(&world, "lena", Role::Operator).await?;
    answers.extend(at_the_console(&world, &operator, &no).await?);
    answers.extend(appealed(&world, &merchant, &operator, &no).await?);
    let reconciled = reconciled(&world, &merchant).await?;
    none_in("a reconciliation", &reconciled.to_string(), &canaries)?;
    canaries.insert("payment code".to_owned(), BUYER_CODE.to_owned());
    for answer in &answers {
        let headers = format!("{:?}", answer.headers);
        let said = headers + &String::from_utf8_lossy(&answer.bytes);
        none_in("an answer", &said, &canaries)?;
        // Merchants are told of faults in words, not in the words of programs.
        ensure!(
            !said.contains("panicked"),
            "a panic is in an answer: {said}"
        );
    }
    // Whoever has it is that operator; it was in one answer, and is kept nowhere.
    let session = operator.cookie.split_once('=').context("a session")?.1;
    canaries.insert("operator's session".to_owned(), session.to_owned());
    let told = ["payment.paid", PAYLOAD];
    canaries::none_in_deliveries(&world, &told, &canaries).await?;
    let kinds = ["payment.paid", "refund.succeeded", "appeal.opened", EVENT];
    canaries::none_in_events(&world, &bus, &kinds, &canaries).await?;
    canaries::none_in_tables(&world, &canaries).await?;
    for (name, canary) in [
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
    canaries::none_in_logs(&world, since, &canaries).await
}
