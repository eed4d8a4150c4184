//! Runs a plan: one thing after another, until the world is quiet.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Once};
use std::task::{Context, Poll, Waker};

use payonce_app::console::Console;
use payonce_app::{Accounts, App, Bus, Names, Outbox, Stopwatch};
use payonce_channels::Transport;
use payonce_delivery::{Courier, Reach};
use payonce_domain::Timestamp;
use payonce_store::{Merchant, Store, Tables as Names2};

use crate::books::Moved;
use crate::buyer::buyer_pays;
use crate::call::Shared;
use crate::canary;
use crate::fault::Fault;
use crate::jobs::{self, Ended, Tools};
use crate::operator;
use crate::plan::Plan;
use crate::tally::{Sometimes, Tally};
use crate::world::{self, Happening, Job, World};
use crate::wrong::{self, Wrong, is_built, writes_twice};
use crate::wrong_scan::wrong_scan;

/// How many processes of our functions there are, each with its own memory.
const PROCESSES: usize = 2;
/// When a world that does not come to rest is given up.
const REST_WITHIN_MS: u64 = 20 * 86_400_000;
/// How often channels may be asked once faults have stopped: twenty days of hourly rungs, many times over.
const QUESTIONS_MAX: u64 = 2_000;
/// More steps than any world needs.
const STEPS_MAX: u64 = 200_000;

/// How a run ended.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// The invariant that was broken, and how.
    pub broken: Option<String>,
    /// What was met.
    pub tally: Tally,
    /// A hash over everything that happened.
    pub hash: u64,
    /// What happened, if it was asked for.
    pub lines: Vec<String>,
    /// How many faults struck.
    pub struck: u64,
}

type Work = Pin<Box<dyn Future<Output = Ended>>>;

struct Live {
    work: Work,
    job: Job,
    began_at: u64,
}

struct Run {
    shared: Shared,
    apps: Vec<Arc<App>>,
    console: Arc<Console>,
    merchant: Arc<Merchant>,
    plan: Arc<Plan>,
    live: BTreeMap<u64, Live>,
    quiet: bool,
}

thread_local! {
    static SIMULATING: Cell<bool> = const { Cell::new(false) };
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Panics are heard by the auditor, and not shown.
fn hear_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        payonce_app::log_to(|metric| {
            if canary::listens() {
                canary::hear("a metric", &metric.to_string());
            }
        });
        let shown = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if SIMULATING.get() {
                PANIC.set(Some(info.to_string()));
            } else {
                shown(info);
            }
        }));
    });
}

/// Runs a plan. Same plan, same run.
#[must_use]
pub fn run(plan: &Plan, wrong: Option<Wrong>, with_lines: bool) -> Verdict {
    hear_panics();
    SIMULATING.set(true);
    wrong::build(wrong);
    canary::listen(!plan.real && plan.seed.is_multiple_of(16));
    let shared = Shared::new(World::new(plan.clone(), with_lines));
    let mut run = Run {
        apps: (0..PROCESSES)
            .map(|_| Arc::new(app(&shared, plan.real)))
            .collect(),
        console: Arc::new(operator::console(app(&shared, plan.real))),
        merchant: Arc::new(jobs::merchant(plan)),
        plan: Arc::new(plan.clone()),
        live: BTreeMap::new(),
        quiet: false,
        shared,
    };
    let played = std::panic::catch_unwind(AssertUnwindSafe(|| run.play()));
    if let (Err(_), Some(said)) = (played, PANIC.take()) {
        run.shared.lock().breaks("a promise of the world", &said);
    }
    // Futures first: they hold the world.
    run.live.clear();
    let mut world = run.shared.lock();
    world.tally.seeds = 1;
    world.tally.simulated_ms = world.now - crate::plan::START_MS;
    world.tally.quiet = u64::from(run.quiet && world.auditor.broken.is_none());
    let verdict = Verdict {
        broken: world.auditor.broken.clone(),
        tally: std::mem::take(&mut world.tally),
        hash: world.hash(),
        lines: world.lines.take().unwrap_or_default(),
        struck: world.struck,
    };
    wrong::build(None);
    canary::listen(false);
    SIMULATING.set(false);
    verdict
}

fn app(shared: &Shared, real: bool) -> App {
    let open = if real {
        payonce_channels::adapter
    } else {
        crate::adapter::open
    };
    let tables = Names2 {
        payments: "payments".to_owned(),
        evidence: "evidence".to_owned(),
        merchants: "merchants".to_owned(),
        controls: "controls".to_owned(),
        delayed_messages: "delayed-messages".to_owned(),
        ledger: "ledger".to_owned(),
        findings: "findings".to_owned(),
        appeals: "appeals".to_owned(),
        journal: "journal".to_owned(),
        due_shards: 1,
    };
    let store = Store::over(Arc::new(shared.clone()), tables);
    let stopwatch = Stopwatch::reading(world::stopwatch);
    let vault = Arc::new(shared.clone());
    let names = Names {
        queries_url: Some("queries".to_owned()),
        notifications_url: Some("notifications".to_owned()),
        refund_function: Some("refund".to_owned()),
        notify_function: Some("notify".to_owned()),
        appeals_function: None,
    };
    let mut accounts = Accounts::over(store.clone(), vault, open, stopwatch);
    if !real {
        accounts = accounts.with_bills(crate::bill::open);
    }
    App::new(
        store,
        accounts,
        Transport::over(Arc::new(shared.clone())),
        Outbox::over(Arc::new(shared.clone()), names),
        Courier::over(Reach::Public, Arc::new(shared.clone())),
        Bus::over(Arc::new(shared.clone()), "bus".to_owned()),
        "https://pay.example.com".to_owned(),
    )
    .timed_by(stopwatch)
}

impl Run {
    fn play(&mut self) {
        loop {
            let mut world = self.shared.lock();
            if world.auditor.broken.is_some() {
                return;
            }
            let Some(((at, _), what)) = world.agenda.pop_first() else {
                break;
            };
            world.move_to(at);
            let stop = world.plan.faults_until + REST_WITHIN_MS;
            if at > stop || world.tally.steps > STEPS_MAX {
                return world.breaks("I-24", "the world never comes to rest");
            }
            drop(world);
            self.happen(what);
            self.bury();
        }
        self.quiet = true;
        self.shared.lock().audit_settled();
    }

    fn happen(&mut self, what: Happening) {
        let mut world = self.shared.lock();
        match what {
            Happening::Effect(id) => {
                let owner = world.calls.get(&id).map(|waiting| waiting.point);
                let ours = |point: &&str| point.starts_with("channel") && *point != "channel: late";
                if !world.faults_on() && owner.as_ref().is_some_and(ours) {
                    world.auditor.asked += 1;
                    if world.auditor.asked > QUESTIONS_MAX {
                        world.breaks("I-30", "channels are asked for ever");
                    }
                }
                world.arrive(id);
            }
            Happening::Answer(id) => {
                let Some(waiting) = world.calls.get(&id) else {
                    return;
                };
                let owner = waiting.owner;
                let waker = waiting.waker.clone();
                drop(world);
                waker.wake();
                self.poll(owner);
            }
            Happening::Start(job) => {
                drop(world);
                self.start(job);
            }
            Happening::Tick => {
                drop(world);
                self.tick();
            }
            Happening::Kill(id) => world.doomed.push(id),
            Happening::BuyerPays(no, after) => buyer_pays(&mut world, &no, after),
            Happening::RefundDone(no, refund_no) => {
                let now = world.now;
                if let Some(refund) = world
                    .books
                    .trades
                    .get_mut(&no)
                    .and_then(|trade| trade.refunds.get_mut(&refund_no))
                {
                    refund.moved = Moved::Done;
                    refund.at = now;
                }
                world.tell_of_refund(&no, &refund_no);
                world.audit_returns(&no);
            }
            Happening::ChannelReturns(no) => {
                let now = world.now;
                if let Some(trade) = world.books.trades.get_mut(&no) {
                    let amount = trade.taken.as_ref().map_or(0, |taken| taken.amount);
                    let back = crate::books::Returned {
                        amount,
                        moved: Moved::Done,
                        at: now,
                    };
                    trade.refunds.insert("self".to_owned(), back);
                }
                world.tally.saw(Sometimes::ChannelReturns);
                world.audit_returns(&no);
            }
            Happening::Damage(defect) => crate::defect::damage(&mut world, defect),
            Happening::LateWrite(key, item, owner) => {
                let there = world.tables.get("payments", &[&key]);
                let moved = there.is_some_and(|there| there.get("v") != item.get("v"));
                let stale = writes_twice() && moved;
                if !stale && !world.late_writes_dead.contains(&owner) {
                    if is_built(Wrong::CallBeforeIntent) {
                        let now = world.now;
                        world.tables.damage("payments", &key, *item.clone(), now);
                        world.audit_write(owner, &item);
                    } else {
                        world.replace(&key, *item);
                    }
                }
            }
            Happening::Morning => world.morning(),
            Happening::Compared => world.compared(),
            Happening::CheckKnown => world.audit_known(),
            Happening::Settle => world.copy_books(),
        }
    }

    fn tick(&mut self) {
        let mut world = self.shared.lock();
        if is_built(Wrong::ScanChooses) || is_built(Wrong::RefundByReason) {
            wrong_scan(&mut world);
        }
        let due = world
            .tables
            .next_due()
            .filter(|_| !is_built(Wrong::NoSweep));
        world.audit_backlog(due);
        let soon = due.is_some_and(|due| due <= world.now + 76_000);
        let missed = soon && world.strikes(Fault::SweepMissed);
        let idle = self.live.is_empty() && world.agenda.is_empty();
        if idle && (due.is_none() || world.only_waiting_left()) {
            return;
        }
        let next_event = world.agenda.keys().next().map(|(at, _)| *at);
        let next_due = due.map(|due| due.saturating_sub(70_000));
        let next = [next_event, next_due].into_iter().flatten().min();
        let minutes = next
            .map_or(1, |next| next.saturating_sub(world.now) / 60_000)
            .max(1);
        world.after(minutes * 60_000, Happening::Tick);
        drop(world);
        if soon && !missed {
            self.start(Job::Sweep);
        }
    }

    fn start(&mut self, job: Job) {
        let mut world = self.shared.lock();
        let notice = match &job {
            Job::Notice(index) => {
                let at = usize::try_from(*index).unwrap_or(0);
                let Some(notice) = world.notices.get_mut(at).filter(|notice| !notice.heard) else {
                    return;
                };
                notice.tries += 1;
                let notice = notice.clone();
                if is_built(Wrong::AcknowledgesFirst) && notice.genuine && !notice.stranger {
                    world.acknowledged(*index, 200);
                }
                let rendered = world.render(&notice);
                Some((notice, rendered))
            }
            _ => None,
        };
        let began_at = world.now;
        let mut now = began_at;
        if world.strikes(Fault::Skew) {
            now = now + world.fault_chance.below(60_000) - 30_000;
        }
        let id = world.begin(&job);
        world.note(format_args!("start {} #{id}", job.name()));
        let process = usize::try_from(world.chance.below(2)).unwrap_or(0);
        drop(world);
        let tools = Tools {
            app: Arc::clone(&self.apps[process]),
            console: Arc::clone(&self.console),
            merchant: Arc::clone(&self.merchant),
            plan: Arc::clone(&self.plan),
            now: Timestamp::from_millis(now),
        };
        let work: Work = Box::pin(jobs::carry_out(tools, job.clone(), notice));
        let live = Live {
            work,
            job,
            began_at,
        };
        self.live.insert(id, live);
        self.poll(id);
    }

    fn poll(&mut self, id: u64) {
        let Some(live) = self.live.get_mut(&id) else {
            return;
        };
        self.shared.lock().current = id;
        let mut context = Context::from_waker(Waker::noop());
        let polled =
            std::panic::catch_unwind(AssertUnwindSafe(|| live.work.as_mut().poll(&mut context)));
        if let Some(said) = canary::heard() {
            self.shared.lock().breaks("I-18", &said);
        }
        if let Some(said) = PANIC.take() {
            canary::hear("a panic", &said);
            return self.shared.lock().breaks("a promise within", &said);
        }
        if let Ok(Poll::Ready(ended)) = polled {
            let Some(live) = self.live.remove(&id) else {
                return;
            };
            let mut world = self.shared.lock();
            world.note(format_args!("end {} #{id}", live.job.name()));
            world.forget(id, false);
            world.ended(live.job, live.began_at, ended);
        }
    }

    /// Those that were killed are gone, and whoever sent them tries again.
    fn bury(&mut self) {
        let doomed = std::mem::take(&mut self.shared.lock().doomed);
        for id in doomed {
            let Some(live) = self.live.remove(&id) else {
                continue;
            };
            let mut world = self.shared.lock();
            world.note(format_args!("killed {} #{id}", live.job.name()));
            world.forget(id, true);
            drop(world);
            drop(live.work);
            let ended = match &live.job {
                Job::Notice(_) => Ended::Acknowledged(502),
                Job::Queries(bodies, _) | Job::Tellings(bodies, _) => Ended::Back(bodies.clone()),
                _ => Ended::Failed,
            };
            self.shared.lock().ended(live.job, live.began_at, ended);
        }
    }
}
