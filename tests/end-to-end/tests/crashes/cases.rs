//! Which crashes are tried, one fresh payment each, and what is checked of every payment afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Context;
use end_to_end::audit;
use end_to_end::proxy::{Crash, Moment};
use futures::future::join_all;
use serde_json::Value;
use tokio::sync::{Mutex, Semaphore};

use crate::flows::{self, Flow};
use crate::stage::{SETTLES_WITHIN, Stage, Take};
use crate::table::{Row, Table};

/// How often a crash that did not come about is tried with another payment: somebody else's crash may have been faster.
pub(crate) const TRIES: u32 = 4;

/// How many audits read the books at a time.
const AUDITS: usize = 3;

/// The flow under which crashes are entered that meet no payment in particular.
const ANY_FLOW: &str = "any, on a cold start";

/// What came of it all.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) table: Table,
    pub(crate) wrong: Vec<String>,
    pub(crate) payments: usize,
    /// Delayed messages and appeals.
    pub(crate) named: usize,
}

struct Cases<'a> {
    stage: &'a Stage,
    audits: Semaphore,
    outcome: &'a Mutex<Outcome>,
}

/// Plays every flow in peace, then once for every call and side of it.
pub(crate) async fn play_all(stage: &Stage, outcome: &Mutex<Outcome>) {
    let cases = Cases {
        stage,
        audits: Semaphore::new(AUDITS),
        outcome,
    };
    let by_function = flows::by_function();
    join_all(by_function.values().map(|flows| cases.play_function(flows))).await;
}

impl Cases<'_> {
    async fn play_function(&self, flows: &[Flow]) {
        let peaceful = join_all(flows.iter().map(|flow| self.rehearse(flow))).await;
        let loose = self.lay_loose(flows[0].function);
        let planned = flows.iter().zip(&peaceful).flat_map(|(flow, calls)| {
            let sides = |call: &(String, u32)| {
                [Moment::Before, Moment::After].map(|moment| (flow, call.clone(), moment))
            };
            calls.iter().flat_map(sides).collect::<Vec<_>>()
        });
        let tried =
            planned.map(|(flow, (label, nth), moment)| self.crash(flow, label, nth, moment));
        join_all(tried.collect::<Vec<_>>()).await;
        self.bring_about(flows, &peaceful, &loose).await;
        for crash in loose {
            let happened = self.stage.proxy().plan().happened(&crash);
            self.stage.proxy().plan().withdraw(&crash);
            let row = Row {
                function: flows[0].function,
                flow: ANY_FLOW,
                label: crash.label,
                nth: 1,
            };
            self.outcome
                .lock()
                .await
                .table
                .enter(row, crash.moment, happened);
        }
    }

    /// Plays a flow in peace and lists the function's calls about the payment, each with its number among its kind.
    async fn rehearse(&self, flow: &Flow) -> Vec<(String, u32)> {
        for _ in 0..TRIES {
            let Some(mut take) = self.take(flow, None).await else {
                break;
            };
            let played = (flow.play)(&mut take).await;
            tokio::time::sleep(Duration::from_millis(1_500)).await;
            let seen = take.calls_of(flow.function).into_iter();
            let seen = seen.map(|entry| entry.call.label);
            let seen = seen.filter(|label| flow.besides != Some(label.as_str()));
            let calls = if flow.one_run {
                counted(seen).collect()
            } else {
                numbered(seen)
            };
            let went_well = self.finish(flow, take, played).await;
            if went_well && !calls.is_empty() {
                return calls;
            }
        }
        self.wrong(format!(
            "{} of {} could not be played in peace",
            flow.name, flow.function
        ))
        .await;
        Vec::new()
    }

    /// Tries one crash, with other payments if the first did not meet it.
    async fn crash(&self, flow: &Flow, label: String, nth: u32, moment: Moment) {
        let mut happened = false;
        for _ in 0..TRIES {
            let crash = Some((label.as_str(), nth, moment));
            let Some(mut take) = self.take(flow, crash).await else {
                break;
            };
            let played = (flow.play)(&mut take).await;
            happened = take.has_begun() && take.crashed();
            self.finish(flow, take, played).await;
            if happened {
                break;
            }
        }
        let row = Row {
            function: flow.function,
            flow: flow.name,
            label,
            nth,
        };
        self.outcome.lock().await.table.enter(row, moment, happened);
    }

    /// Lays the crashes at calls that name no payment: a merchant, a secret, the index. Fresh processes make them, and
    /// every other crash makes fresh processes.
    fn lay_loose(&self, function: &str) -> Vec<Crash> {
        let seen = self.stage.proxy().journal().since(0).into_iter();
        let seen =
            seen.filter(|entry| entry.call.function == function && entry.call.about.is_empty());
        // That trouble is over is noted by whoever is answered next, if any trouble was seen: no flow leads to it.
        let seen =
            seen.filter(|entry| function == "refund" || entry.call.label != "update controls");
        let labels: BTreeSet<String> = seen.map(|entry| entry.call.label).collect();
        let crashes: Vec<_> = labels
            .into_iter()
            .flat_map(|label| [(label.clone(), Moment::Before), (label, Moment::After)])
            .map(|(label, moment)| Crash {
                function: function.to_owned(),
                label,
                nth: 1,
                moment,
                about: None,
            })
            .collect();
        for crash in &crashes {
            self.stage.proxy().plan().lay(crash.clone());
        }
        crashes
    }

    /// Plays on until every loose crash has come, killing at the first call to have a fresh process the next time.
    async fn bring_about(&self, flows: &[Flow], calls: &[Vec<(String, u32)>], loose: &[Crash]) {
        for round in 0..TRIES * 3 {
            let missing = loose
                .iter()
                .any(|crash| !self.stage.proxy().plan().happened(crash));
            let at = usize::try_from(round).unwrap_or(0) % flows.len();
            let Some((label, nth)) = calls[at].first().filter(|_| missing) else {
                continue;
            };
            let crash = Some((label.as_str(), *nth, Moment::Before));
            let Some(mut take) = self.take(&flows[at], crash).await else {
                break;
            };
            let played = (flows[at].play)(&mut take).await;
            self.finish(&flows[at], take, played).await;
        }
    }

    async fn take(&self, flow: &Flow, crash: Option<(&str, u32, Moment)>) -> Option<Take<'_>> {
        let world = self.stage.world();
        let merchant = if flow.strict {
            world.strict()
        } else {
            world.lenient()
        };
        let taken = match merchant {
            Ok(merchant) => self.stage.take(merchant, flow.function, crash).await,
            Err(error) => Err(error),
        };
        match taken {
            Ok(take) => Some(take),
            Err(error) => {
                self.wrong(format!("{error:#}")).await;
                None
            }
        }
    }

    /// Lets the payment settle and audits it. Gives whether all was well.
    async fn finish(&self, flow: &Flow, mut take: Take<'_>, played: anyhow::Result<()>) -> bool {
        take.end();
        let what = format!("{} of {}, {}", flow.name, flow.function, take.describe());
        let early = played.is_err() && !take.has_begun();
        if let Err(error) = &played
            && !early
        {
            self.wrong(format!("{what}: {error:#}")).await;
        }
        if early && !take.until_known(Duration::from_secs(4)).await {
            return false;
        }
        self.outcome.lock().await.payments += 1;
        if let Err(error) = self.settle(&take).await {
            self.wrong(format!("{what}: {error:#}")).await;
            return false;
        }
        played.is_ok()
    }

    async fn settle(&self, take: &Take<'_>) -> anyhow::Result<()> {
        if !take.until_quiet(SETTLES_WITHIN).await {
            let payment = take.merchant.payment(&take.payment_no).await?;
            anyhow::bail!("something is still owed after {SETTLES_WITHIN:?}: {payment}");
        }
        let payment = self.audited(take).await?;
        let state = payment["state"].as_str().context("no state")?;
        anyhow::ensure!(
            ["paid", "closed"].contains(&state),
            "it ended {state}: {payment}"
        );
        Ok(())
    }

    /// Audits, and once more if the function that the auditor asks died at that moment, which it may.
    async fn audited(&self, take: &Take<'_>) -> anyhow::Result<Value> {
        let _turn = self.audits.acquire().await?;
        let mut audited = audit(take.world(), &take.merchant, &take.payment_no).await;
        for _ in 1..TRIES {
            if audited.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
            audited = audit(take.world(), &take.merchant, &take.payment_no).await;
        }
        audited
    }

    async fn wrong(&self, what: String) {
        self.outcome.lock().await.wrong.push(what);
    }
}

/// Calls, each with its number among its kind.
fn counted(labels: impl Iterator<Item = String>) -> impl Iterator<Item = (String, u32)> {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    labels.map(move |label| {
        let nth = counts.entry(label.clone()).or_default();
        *nth += 1;
        (label, *nth)
    })
}

/// The calls of the first of some runs. Runs that begin with a read end where the next one begins.
pub(crate) fn numbered(labels: impl Iterator<Item = String>) -> Vec<(String, u32)> {
    let mut calls: Vec<(String, u32)> = Vec::new();
    for (label, nth) in counted(labels) {
        let next_run = calls
            .first()
            .is_some_and(|(first, _)| *first == label && label.starts_with("get "));
        if next_run {
            break;
        }
        calls.push((label, nth));
    }
    calls
}
