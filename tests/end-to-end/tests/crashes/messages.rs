//! Delayed messages (延迟消息) whose functions are killed: what was scheduled comes, and what was called off does not.

use std::pin::Pin;
use std::time::Duration;

use anyhow::{Context, ensure};
use end_to_end::proxy::{Crash, Moment, Subject};
use end_to_end::{Merchant, eventually, same, text};
use futures::future::join_all;
use payonce_domain::{DelayedMessageKey, MerchantId, MerchantMessageId};
use serde_json::{Value, json};
use tokio::sync::{Mutex, Semaphore};

use crate::cases::{Outcome, TRIES, numbered};
use crate::stage::{SETTLES_WITHIN, Stage, insist};
use crate::table::Row;

const PATH: &str = "/v1/delayed-messages";
/// How many messages are acted on at a time.
const AT_ONCE: usize = 3;
/// Far enough that it does not come while the test runs.
const FAR: u64 = 86_400;
/// Soon, and late enough to have the crash laid before.
const SOON: u64 = 3;

type Played<'a> = Pin<Box<dyn Future<Output = anyhow::Result<()>> + 'a>>;

/// One thing that happens to a message, and the function that is killed at it.
struct Flow {
    name: &'static str,
    function: &'static str,
    /// How the message ends.
    ends: &'static str,
    /// How often its receiver hears of it where nobody dies.
    told: usize,
    play: for<'a> fn(&'a mut Take<'_>) -> Played<'a>,
}

const FLOWS: [Flow; 4] = [
    Flow {
        name: "schedules a message",
        function: "delay",
        ends: "delivered",
        told: 1,
        play: |take| Box::pin(schedules(take)),
    },
    Flow {
        name: "calls a message off",
        function: "delay",
        ends: "cancelled",
        told: 0,
        play: |take| Box::pin(calls_off(take)),
    },
    Flow {
        name: "sends a dead letter again",
        function: "delay",
        ends: "delivered",
        told: 2,
        play: |take| Box::pin(sends_again(take)),
    },
    Flow {
        name: "delivers a message",
        function: "notify",
        ends: "delivered",
        told: 1,
        play: |take| Box::pin(delivers(take)),
    },
];

/// One message on its way through a flow.
struct Take<'a> {
    stage: &'a Stage,
    merchant: Merchant,
    id: String,
    subject: Subject,
    crash: Option<Crash>,
    mark: Option<usize>,
}

/// Plays every flow in peace, then once for every call and side of it.
pub(crate) async fn play_all(stage: &Stage, outcome: &Mutex<Outcome>) {
    let turns = Semaphore::new(AT_ONCE);
    let played = FLOWS.iter().map(|flow| async {
        if let Err(error) = play(stage, &turns, flow, outcome).await {
            let wrong = format!("{} of {}: {error:#}", flow.name, flow.function);
            outcome.lock().await.wrong.push(wrong);
        }
    });
    join_all(played).await;
}

async fn play(
    stage: &Stage,
    turns: &Semaphore,
    flow: &'static Flow,
    outcome: &Mutex<Outcome>,
) -> anyhow::Result<()> {
    let calls = rehearse(stage, turns, flow).await?;
    let sides = calls.iter().flat_map(|call| {
        [Moment::Before, Moment::After].map(|moment| (call.0.as_str(), call.1, moment))
    });
    let tried = sides.map(|crash| async move {
        let mut happened = false;
        for _ in 0..TRIES {
            let _turn = turns.acquire().await?;
            let take = take(stage, flow, Some(crash))?;
            outcome.lock().await.messages += 1;
            let what = format!("{} killed {crash:?}", take.id);
            happened = settles(take, flow).await.context(what)?.crashed();
            if happened {
                break;
            }
        }
        let (label, nth, moment) = crash;
        let row = Row {
            function: flow.function,
            flow: flow.name,
            label: label.to_owned(),
            nth,
        };
        outcome.lock().await.table.enter(row, moment, happened);
        anyhow::Ok(())
    });
    let failed: Vec<_> = join_all(tried)
        .await
        .into_iter()
        .filter_map(Result::err)
        .map(|error| format!("{error:#}"))
        .collect();
    ensure!(failed.is_empty(), "{}", failed.join("\n"));
    Ok(())
}

/// Plays a flow in peace and lists the function's calls about the message. Other crashes may kill its helpers meanwhile.
async fn rehearse(
    stage: &Stage,
    turns: &Semaphore,
    flow: &'static Flow,
) -> anyhow::Result<Vec<(String, u32)>> {
    for _ in 0..TRIES {
        let _turn = turns.acquire().await?;
        let take = settles(take(stage, flow, None)?, flow).await?;
        let told = stage.world().receiver.told(&take.message_no().await?).len();
        let since = stage.proxy().journal().since(take.mark.unwrap_or(0));
        let own = since.into_iter().filter(|entry| {
            entry.call.function == flow.function && entry.call.about.contains(&take.subject)
        });
        let calls = numbered(own.map(|entry| entry.call.label));
        if !calls.is_empty() && told == flow.told {
            return Ok(calls);
        }
    }
    anyhow::bail!("could not be played in peace")
}

fn take<'a>(
    stage: &'a Stage,
    flow: &Flow,
    crash: Option<(&str, u32, Moment)>,
) -> anyhow::Result<Take<'a>> {
    let merchant = stage.world().spare()?;
    let id = merchant.order(1).number;
    let owner = MerchantId::new(merchant.id.clone())?;
    let key = DelayedMessageKey::derive(&owner, &MerchantMessageId::new(id.clone())?);
    let subject = Subject::from(key);
    let crash = crash.map(|(label, nth, moment)| Crash {
        function: flow.function.to_owned(),
        label: label.to_owned(),
        nth,
        moment,
        about: Some(subject.clone()),
    });
    Ok(Take {
        stage,
        merchant,
        id,
        subject,
        crash,
        mark: None,
    })
}

/// Plays a flow to its end, whatever dies on the way.
async fn settles<'a>(mut take: Take<'a>, flow: &Flow) -> anyhow::Result<Take<'a>> {
    (flow.play)(&mut take).await?;
    eventually(SETTLES_WITHIN, flow.ends, || async {
        same("state", &take.read().await?["state"], flow.ends)
    })
    .await?;
    if let Some(crash) = &take.crash {
        take.stage.proxy().plan().withdraw(crash);
    }
    let told = take.stage.world().receiver.told(&take.message_no().await?);
    // At least once: whoever died may have told it already.
    let enough = told.len() >= flow.told && (flow.told > 0 || told.is_empty());
    ensure!(enough, "told {} times", told.len());
    Ok(take)
}

impl Take<'_> {
    /// From here on the crash may come, and calls count.
    fn begin(&mut self) {
        self.mark = Some(self.stage.proxy().journal().mark());
        if let Some(crash) = &self.crash {
            self.stage.proxy().plan().lay(crash.clone());
        }
    }

    fn crashed(&self) -> bool {
        let plan = self.stage.proxy().plan();
        self.crash
            .as_ref()
            .is_some_and(|crash| plan.happened(crash))
    }

    fn path(&self) -> String {
        format!("{PATH}/{}", self.id)
    }

    async fn schedule(&self, delay_seconds: u64, payload: Value) -> anyhow::Result<()> {
        let body = json!({
            "id": self.id,
            "delay_seconds": delay_seconds,
            "payload": payload,
            "target": { "type": "webhook", "url": self.stage.world().receiver.url() },
        });
        let answer = insist(|| self.merchant.post(PATH, &body)).await?;
        ensure!(
            [200, 201].contains(&answer.status),
            "scheduling: {}",
            answer.shown()
        );
        Ok(())
    }

    async fn read(&self) -> anyhow::Result<Value> {
        let answer = insist(async || self.merchant.get(&self.path()).await).await?;
        ensure!(answer.status == 200, "reading: {}", answer.shown());
        Ok(answer.json)
    }

    async fn message_no(&self) -> anyhow::Result<String> {
        Ok(text(&self.read().await?, "/message_no")?.to_owned())
    }
}

async fn schedules(take: &mut Take<'_>) -> anyhow::Result<()> {
    take.begin();
    take.schedule(SOON, json!({ "coupon": 7 })).await
}

async fn delivers(take: &mut Take<'_>) -> anyhow::Result<()> {
    take.schedule(SOON, json!({ "coupon": 7 })).await?;
    take.begin();
    Ok(())
}

async fn calls_off(take: &mut Take<'_>) -> anyhow::Result<()> {
    take.schedule(FAR, json!({ "coupon": 7 })).await?;
    take.begin();
    let answer = insist(async || take.merchant.delete(&take.path()).await).await?;
    ensure!(answer.status == 200, "calling off: {}", answer.shown());
    Ok(())
}

/// Its receiver wants no more of it, and then it does.
async fn sends_again(take: &mut Take<'_>) -> anyhow::Result<()> {
    take.schedule(1, json!({ "answers": [410, 200] })).await?;
    eventually(Duration::from_secs(60), "dead", || async {
        same("state", &take.read().await?["state"], "dead")
    })
    .await?;
    take.begin();
    let path = format!("{}/resend", take.path());
    let answer = insist(async || take.merchant.post(&path, &json!({})).await).await?;
    // A repetition may come when it was delivered already.
    ensure!(
        [200, 409].contains(&answer.status),
        "sending again: {}",
        answer.shown()
    );
    Ok(())
}
