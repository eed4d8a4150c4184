//! Delayed messages whose functions are killed: what was scheduled comes, and what was called off does not.

use std::time::Duration;

use anyhow::ensure;
use end_to_end::proxy::Subject;
use end_to_end::{Merchant, Order, eventually, same, text};
use payonce_domain::{DelayedMessageKey, MerchantId, MerchantMessageId};
use serde_json::{Value, json};

use crate::named::{Flow, Take};
use crate::stage::insist;

const PATH: &str = "/v1/delayed-messages";
/// Far enough that it does not come while the test runs.
const FAR: u64 = 86_400;
/// Soon.
const SOON: u64 = 3;

/// Every flow of a delayed message.
pub(crate) const FLOWS: [Flow; 3] = [
    Flow {
        name: "schedules and delivers",
        function: "delay",
        subjects,
        play: |take| Box::pin(schedules(take)),
        ended: |take| Box::pin(is(take, "delivered", 1)),
    },
    Flow {
        name: "calls a message off",
        function: "delay",
        subjects,
        play: |take| Box::pin(calls_off(take)),
        ended: |take| Box::pin(is(take, "cancelled", 0)),
    },
    Flow {
        name: "sends a dead letter again",
        function: "delay",
        subjects,
        play: |take| Box::pin(sends_again(take)),
        ended: |take| Box::pin(is(take, "delivered", 2)),
    },
];

fn subjects(merchant: &Merchant, order: &Order) -> anyhow::Result<Vec<Subject>> {
    let merchant = MerchantId::new(merchant.id.clone())?;
    let id = MerchantMessageId::new(order.number.clone())?;
    Ok(vec![DelayedMessageKey::derive(&merchant, &id).into()])
}

fn path(take: &Take<'_>) -> String {
    format!("{PATH}/{}", take.order.number)
}

async fn schedule(take: &Take<'_>, delay_seconds: u64, payload: Value) -> anyhow::Result<()> {
    let body = json!({
        "id": take.order.number,
        "delay_seconds": delay_seconds,
        "payload": payload,
        "target": { "type": "webhook", "url": take.stage.world().receiver.url() },
    });
    let answer = insist(|| take.merchant.post(PATH, &body)).await?;
    ensure!(
        [200, 201].contains(&answer.status),
        "scheduling: {}",
        answer.shown()
    );
    Ok(())
}

async fn read(take: &Take<'_>) -> anyhow::Result<Value> {
    let path = path(take);
    let answer = insist(|| take.merchant.get(&path)).await?;
    ensure!(answer.status == 200, "reading: {}", answer.shown());
    Ok(answer.json)
}

/// Whether the message is in this state, and its receiver heard of it so often; whoever died may have told it before.
async fn is(take: &Take<'_>, state: &str, times: usize) -> anyhow::Result<()> {
    let message = read(take).await?;
    same("state", &message["state"], state)?;
    let told = take
        .stage
        .world()
        .receiver
        .told(text(&message, "/message_no")?);
    if times == 0 || take.in_peace() {
        return same("deliveries", told.len(), times);
    }
    ensure!(told.len() >= times, "told {} times", told.len());
    Ok(())
}

async fn schedules(take: &mut Take<'_>) -> anyhow::Result<()> {
    take.begin();
    schedule(take, SOON, json!({ "coupon": 7 })).await
}

async fn calls_off(take: &mut Take<'_>) -> anyhow::Result<()> {
    schedule(take, FAR, json!({ "coupon": 7 })).await?;
    take.begin();
    let path = path(take);
    let answer = insist(|| take.merchant.delete(&path)).await?;
    ensure!(answer.status == 200, "calling off: {}", answer.shown());
    Ok(())
}

/// Its receiver wants no more of it, and then it does.
async fn sends_again(take: &mut Take<'_>) -> anyhow::Result<()> {
    schedule(take, 1, json!({ "answers": [410, 200] })).await?;
    eventually(Duration::from_secs(60), "dead", || async {
        same("state", &read(take).await?["state"], "dead")
    })
    .await?;
    take.begin();
    let path = format!("{}/resend", path(take));
    let body = json!({});
    let answer = insist(|| take.merchant.post(&path, &body)).await?;
    // A repetition may come when it was delivered already.
    ensure!(
        [200, 409].contains(&answer.status),
        "sending again: {}",
        answer.shown()
    );
    Ok(())
}
