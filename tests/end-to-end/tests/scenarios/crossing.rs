//! Every documented route, walked by a merchant whose payments and messages are not those it names (S6), and without a key.
//! The routes come from the API's document, so a new one is crossed or fails here.

use std::time::Duration;

use anyhow::{Context, ensure};
use end_to_end::{Merchant, Way, World, eventually, is_one_of, is_problem, same, text};
use reqwest::Method;
use serde_json::{Value, json};
use template_tests::{OpenApi, Operation};

use super::callers::alike;

/// What is the owner's and not the other's.
struct Owned {
    payment_no: String,
    message_id: String,
    appeal_no: String,
}

/// A number that an appeal could have, and none has.
const NO_APPEAL: &str = "ADGT80VT0AGC1JYMQG7QPN3";

/// Two questions to a channel without an answer, and a busy machine.
const FOUND_WITHIN: Duration = Duration::from_secs(120);

/// Where a route leads that names no payment and no message of somebody's.
const OPEN_ROUTES: [&str; 6] = [
    "findPayment",
    "initiatePayment",
    "listAppeals",
    "listMessages",
    "openAppeal",
    "scheduleMessage",
];

/// Routes of channels, which have no merchant's key and verify a signature instead.
const CHANNEL_ROUTES: [&str; 2] = ["receiveNotification", "takeNotification"];

/// Pages of buyers and suppliers, who have no key but a token that names one payment or one appeal: they have tests of
/// their own.
const BUYERS_TAGS: [&str; 2] = ["cashier", "appeal-pages"];

fn id(operation: &Operation<'_>) -> String {
    operation.value["operationId"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// The smallest body that the document shows for a route.
fn body(document: &OpenApi, operation: &Operation<'_>) -> Option<Value> {
    let media = &operation.value["requestBody"]["content"]["application/json"];
    let shown = media["examples"].as_object()?.values().next()?;
    Some(document.resolve(shown)["value"].clone())
}

async fn ask(
    merchant: &Merchant,
    document: &OpenApi,
    operation: &Operation<'_>,
    named: &Owned,
) -> anyhow::Result<end_to_end::Answer> {
    let path = operation.path.replace("{payment_no}", &named.payment_no);
    let path = path.replace("{id}", &named.message_id);
    let path = path.replace("{appeal_no}", &named.appeal_no);
    ensure!(!path.contains('{'), "{path}: nobody knows what to name");
    let method = Method::from_bytes(operation.method.to_uppercase().as_bytes())?;
    let is_post = method == Method::POST;
    let body = body(document, operation).or_else(|| is_post.then(|| json!({})));
    let body = body.map(|body| body.to_string().into_bytes());
    merchant.call(method, &path, body).await
}

async fn owned(owner: &Merchant) -> anyhow::Result<(Owned, String)> {
    let order = owner.order(1_999);
    let made = owner.initiate(&order, Way::ALIPAY_PAGE).await?;
    is_one_of(&made, &[201])?;
    let message = json!({
        "id": order.number,
        "delay_seconds": 80_000,
        "payload": "the owner's",
        "target": { "type": "event", "detail_type": "crossing" },
    });
    is_one_of(&owner.post("/v1/delayed-messages", &message).await?, &[201])?;
    let appeal = json!({
        "merchant_appeal_no": order.number,
        "opened_by": "merchant",
        "claim": "paid_twice",
        "payment_nos": [order.payment_no()?],
    });
    let appeal = owner.post("/v1/appeals", &appeal).await?;
    is_one_of(&appeal, &[201])?;
    let owned = Owned {
        payment_no: order.payment_no()?,
        message_id: order.number.clone(),
        appeal_no: text(&appeal.json, "/appeal_no")?.to_owned(),
    };
    Ok((owned, order.number))
}

pub(crate) async fn every_route(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let (owner, other) = (world.strict()?, world.lenient()?);
    let document = OpenApi::read()?;
    let (foreign, order_no) = owned(&owner).await?;
    let nobodys = other.order(1);
    let absent = Owned {
        payment_no: nobodys.payment_no()?,
        message_id: nobodys.number,
        appeal_no: NO_APPEAL.to_owned(),
    };
    looked_into(&owner, &foreign).await?;
    let before = all_of(&owner, &foreign).await?;
    let stranger = other.with_key("pk_nobody_x");
    let (mut crossed, mut open) = (0, Vec::new());
    for operation in document.operations() {
        let id = id(&operation);
        if CHANNEL_ROUTES.contains(&id.as_str()) {
            same(
                "who signs needs no key",
                &operation.value["security"],
                &json!([]),
            )?;
            continue;
        }
        let tag = &operation.value["tags"];
        if BUYERS_TAGS.iter().any(|page| *tag == json!([page])) {
            same(
                "who holds a token needs no key",
                &operation.value["security"],
                &json!([]),
            )?;
            continue;
        }
        let refused = ask(&stranger, &document, &operation, &foreign).await?;
        is_problem(&refused, 401, "unauthorized").with_context(|| id.clone())?;
        if operation.path.contains('{') {
            let answer = ask(&other, &document, &operation, &foreign).await?;
            is_problem(&answer, 404, "not-found").with_context(|| id.clone())?;
            let nothing = ask(&other, &document, &operation, &absent).await?;
            alike(&answer, &nothing).with_context(|| id.clone())?;
            crossed += 1;
        } else {
            open.push(id);
        }
    }
    ensure!(crossed >= 10, "only {crossed} routes were crossed");
    open.sort();
    same(
        "routes that name nobody's",
        open,
        OPEN_ROUTES.map(str::to_owned).to_vec(),
    )?;
    open_routes(&other, &foreign, &order_no).await?;
    same(
        "what is the owner's",
        all_of(&owner, &foreign).await?,
        before,
    )
}

/// Waits for what the system finds out by itself about an appeal: from then on only somebody's word changes it.
async fn looked_into(owner: &Merchant, owned: &Owned) -> anyhow::Result<()> {
    eventually(FOUND_WITHIN, "the appeal is looked into", || async {
        let appeal = owner
            .get(&format!("/v1/appeals/{}", owned.appeal_no))
            .await?;
        ensure!(appeal.json["findings"].is_object(), "{}", appeal.shown());
        Ok(())
    })
    .await
}

/// The payment, the message and the appeal, as their owner reads them.
async fn all_of(owner: &Merchant, owned: &Owned) -> anyhow::Result<[Value; 3]> {
    let message = format!("/v1/delayed-messages/{}", owned.message_id);
    let appeal = format!("/v1/appeals/{}", owned.appeal_no);
    let (message, appeal) = (owner.get(&message).await?, owner.get(&appeal).await?);
    for answer in [&message, &appeal] {
        is_one_of(answer, &[200])?;
    }
    let payment = owner.payment(&owned.payment_no).await?;
    Ok([payment, message.json, appeal.json])
}

/// Who names nobody's payment finds and makes its own, whatever it is called.
async fn open_routes(other: &Merchant, foreign: &Owned, order_no: &str) -> anyhow::Result<()> {
    let found = other
        .get(&format!("/v1/payments?merchant_order_no={order_no}"))
        .await?;
    is_problem(&found, 404, "not-found")?;
    let listed = other.get("/v1/delayed-messages?limit=100").await?;
    is_one_of(&listed, &[200])?;
    let listed = listed.json.to_string();
    ensure!(!listed.contains("the owner's"), "a list holds another's");
    let appeals = other.get("/v1/appeals?limit=100").await?;
    is_one_of(&appeals, &[200])?;
    let appeals = appeals.json.to_string();
    ensure!(
        !appeals.contains(&foreign.appeal_no),
        "a list holds another's appeal"
    );
    let request = json!({
        "merchant_order_no": order_no,
        "amount": { "value": 5, "currency": "CNY" },
        "subject": "something else",
    });
    let own = other.post("/v1/payments", &request).await?;
    is_one_of(&own, &[201])?;
    ensure!(
        own.json["payment_no"] != foreign.payment_no.as_str(),
        "one number for two"
    );
    let message = json!({
        "id": foreign.message_id,
        "delay_seconds": 80_000,
        "payload": "another's",
        "target": { "type": "event", "detail_type": "crossing" },
    });
    let own = other.post("/v1/delayed-messages", &message).await?;
    is_one_of(&own, &[201])
}
