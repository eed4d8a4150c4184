//! What is known by a name of the merchant's own, delayed messages (延迟消息) and appeals (申诉): every call about it is met
//! by a death before and after, and afterwards it has come to its end.

use std::pin::Pin;

use anyhow::{Context, ensure};
use end_to_end::proxy::{Crash, Moment, Subject};
use end_to_end::{Merchant, Order, eventually};
use futures::future::join_all;
use tokio::sync::{Mutex, Semaphore};

use crate::cases::{Outcome, TRIES, numbered};
use crate::stage::{SETTLES_WITHIN, Stage};
use crate::table::Row;

/// How many are acted on at a time.
const AT_ONCE: usize = 3;

pub(crate) type Played<'a> = Pin<Box<dyn Future<Output = anyhow::Result<()>> + 'a>>;

/// One thing that happens, and the function that is killed at it.
pub(crate) struct Flow {
    pub(crate) name: &'static str,
    pub(crate) function: &'static str,
    /// What calls of the function may be about, for a merchant's order whose number is the name too.
    pub(crate) subjects: fn(&Merchant, &Order) -> anyhow::Result<Vec<Subject>>,
    pub(crate) play: for<'a> fn(&'a mut Take<'_>) -> Played<'a>,
    /// Fails until it has come to its end.
    pub(crate) ended: for<'a> fn(&'a Take<'_>) -> Played<'a>,
}

/// One of them on its way through a flow.
pub(crate) struct Take<'a> {
    pub(crate) stage: &'a Stage,
    pub(crate) merchant: Merchant,
    pub(crate) order: Order,
    subjects: Vec<Subject>,
    crash: Option<Crash>,
    mark: Option<usize>,
}

/// A call of a function: which subject of its flow it is about, its label, and the how-manieth of its kind it is.
struct Point {
    subject: usize,
    label: String,
    nth: u32,
}

/// Plays every flow in peace, then once for every call and side of it.
pub(crate) async fn play_all(stage: &Stage, flows: &[Flow], outcome: &Mutex<Outcome>) {
    let turns = Semaphore::new(AT_ONCE);
    let played = flows.iter().map(|flow| async {
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
    flow: &Flow,
    outcome: &Mutex<Outcome>,
) -> anyhow::Result<()> {
    let points = rehearse(stage, turns, flow).await?;
    let sides = points
        .iter()
        .flat_map(|point| [Moment::Before, Moment::After].map(|moment| (point, moment)));
    let tried = sides.map(|(point, moment)| async move {
        let mut happened = false;
        for _ in 0..TRIES {
            let _turn = turns.acquire().await?;
            let take = Take::new(stage, flow, Some((point, moment)))?;
            outcome.lock().await.named += 1;
            let what = format!(
                "{} killed {moment:?} {} {}",
                take.order.number, point.label, point.nth
            );
            happened = take.settles(flow).await.context(what)?.crashed();
            if happened {
                break;
            }
        }
        let row = Row {
            function: flow.function,
            flow: flow.name,
            label: point.label.clone(),
            nth: point.nth,
        };
        outcome.lock().await.table.enter(row, moment, happened);
        anyhow::Ok(())
    });
    let tried = join_all(tried).await.into_iter();
    let failed: Vec<_> = tried
        .filter_map(Result::err)
        .map(|error| format!("{error:#}"))
        .collect();
    ensure!(failed.is_empty(), "{}", failed.join("\n"));
    Ok(())
}

/// Plays a flow in peace and lists the function's calls. Other crashes may kill its helpers meanwhile.
async fn rehearse(stage: &Stage, turns: &Semaphore, flow: &Flow) -> anyhow::Result<Vec<Point>> {
    for _ in 0..TRIES {
        let _turn = turns.acquire().await?;
        let take = Take::new(stage, flow, None)?.settles(flow).await?;
        let points: Vec<_> = (0..take.subjects.len())
            .flat_map(|subject| take.points(flow.function, subject))
            .collect();
        if !points.is_empty() {
            return Ok(points);
        }
    }
    anyhow::bail!("could not be played in peace")
}

impl<'a> Take<'a> {
    fn new(stage: &'a Stage, flow: &Flow, crash: Option<(&Point, Moment)>) -> anyhow::Result<Self> {
        let merchant = stage.world().spare()?;
        let order = merchant.order(1_999);
        let subjects = (flow.subjects)(&merchant, &order)?;
        let crash = crash.map(|(point, moment)| Crash {
            function: flow.function.to_owned(),
            label: point.label.clone(),
            nth: point.nth,
            moment,
            about: subjects.get(point.subject).cloned(),
        });
        Ok(Self {
            stage,
            merchant,
            order,
            subjects,
            crash,
            mark: None,
        })
    }

    /// Plays a flow to its end, whatever dies on the way.
    async fn settles(mut self, flow: &Flow) -> anyhow::Result<Self> {
        (flow.play)(&mut self).await?;
        eventually(SETTLES_WITHIN, "its end", || (flow.ended)(&self)).await?;
        if let Some(crash) = &self.crash {
            self.stage.proxy().plan().withdraw(crash);
        }
        Ok(self)
    }

    /// From here on the crash may come, and calls count.
    pub(crate) fn begin(&mut self) {
        self.mark = Some(self.stage.proxy().journal().mark());
        if let Some(crash) = &self.crash {
            self.stage.proxy().plan().lay(crash.clone());
        }
    }

    /// Whether nobody is to die of it.
    pub(crate) const fn in_peace(&self) -> bool {
        self.crash.is_none()
    }

    fn crashed(&self) -> bool {
        let plan = self.stage.proxy().plan();
        self.crash
            .as_ref()
            .is_some_and(|crash| plan.happened(crash))
    }

    fn points(&self, function: &str, subject: usize) -> Vec<Point> {
        let since = self.stage.proxy().journal().since(self.mark.unwrap_or(0));
        let own = since.into_iter().filter(|entry| {
            let about = entry.call.about.contains(&self.subjects[subject]);
            // A call that names several is met through the first of them.
            let earlier = self.subjects[..subject].iter();
            let first = !earlier.clone().any(|one| entry.call.about.contains(one));
            entry.call.function == function && about && first
        });
        let calls = numbered(own.map(|entry| entry.call.label));
        calls
            .into_iter()
            .map(|(label, nth)| Point {
                subject,
                label,
                nth,
            })
            .collect()
    }
}
