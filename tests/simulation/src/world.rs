//! The world: its clock, its agenda, what functions asked of it and what it answers.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use channel_simulator::Told;
use payonce_domain::Channel;
use payonce_store::engine::Item;

use crate::auditor::Auditor;
use crate::books::Books;
use crate::call::{Answer, Request, Waiting};
use crate::chance::Chance;
use crate::fault::Fault;
use crate::plan::{Deed, Plan, START_MS};
use crate::table::Tables;
use crate::tally::Tally;
use crate::wire::Real;

thread_local! {
    static CLOCK: Cell<u64> = const { Cell::new(START_MS) };
}

/// The stopwatch of the world that runs on this thread.
pub(crate) fn stopwatch() -> Duration {
    Duration::from_millis(CLOCK.get())
}

/// A function about to run.
#[derive(Debug, Clone)]
pub(crate) enum Job {
    Deed(Deed),
    Notice(u64),
    Queries(Vec<String>, u32),
    Tellings(Vec<String>, u32),
    Sweep,
    SetUp,
    Refund(String, u32),
    Notify(String, u32),
    Reconcile,
    Audit,
    /// Many other orders meet a channel's trouble; the second time it lasts.
    Crowd(Channel),
}

impl Job {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Deed(Deed::Pay { .. }) => "pay",
            Self::Deed(Deed::Close(_)) => "close",
            Self::Deed(Deed::GiveBack(..)) => "give back",
            Self::Deed(Deed::Refresh(_)) => "refresh",
            Self::Deed(Deed::TellAgain(_)) => "tell again",
            Self::Deed(Deed::Switch(_)) => "stop refunds",
            Self::Deed(Deed::Operator(..)) => "operator",
            Self::Notice(_) => "webhook",
            Self::Queries(..) => "query",
            Self::Tellings(..) => "notify by message",
            Self::Sweep => "scan",
            Self::SetUp => "set up",
            Self::Refund(..) => "refund",
            Self::Notify(..) => "notify by invocation",
            Self::Reconcile => "reconcile",
            Self::Audit => "audit",
            Self::Crowd(_) => "others' orders",
        }
    }
}

/// Something that happens.
#[derive(Debug, Clone)]
pub(crate) enum Happening {
    Effect(u64),
    Answer(u64),
    Start(Job),
    Tick,
    Kill(u64),
    /// The buyer pays an order, perhaps after its deadline.
    BuyerPays(String, bool),
    RefundDone(String, String),
    ChannelReturns(String),
    Damage(Fault),
    /// A write that was confirmed before it was made.
    LateWrite(String, Box<Item>, u64),
    CheckKnown,
    /// Bills are compared.
    Morning,
    /// They were.
    Compared,
    /// Something ends at a channel by itself.
    Settle,
}

/// A notification on its way.
#[derive(Debug, Clone)]
pub(crate) struct Notice {
    pub(crate) channel: Channel,
    pub(crate) account: String,
    pub(crate) genuine: bool,
    pub(crate) body: String,
    pub(crate) tries: u32,
    pub(crate) heard: bool,
    pub(crate) stranger: bool,
    /// What a real channel says, to be signed when it arrives.
    pub(crate) told: Option<Arc<Told>>,
}

/// A running function as the world sees it.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) name: &'static str,
    pub(crate) calls: u64,
    pub(crate) kill_at: Option<(u64, Fault)>,
    /// Whether it was woken by a notification that is none of ours.
    pub(crate) serves_stranger: bool,
    /// How often it came to each of its calls, up to the most that is told apart.
    points: BTreeMap<&'static str, u8>,
    /// Whether it asked a channel to close an order.
    pub(crate) came_to_close: bool,
    ends: (u64, u64),
}

/// Everything outside our functions.
pub(crate) struct World {
    pub(crate) now: u64,
    pub(crate) plan: Plan,
    pub(crate) chance: Chance,
    pub(crate) fault_chance: Chance,
    pub(crate) tables: Tables,
    pub(crate) books: Books,
    /// The channels that speak their real words, in worlds where they do.
    pub(crate) real: Option<Real>,
    pub(crate) notices: Vec<Notice>,
    pub(crate) agenda: BTreeMap<(u64, u64), Happening>,
    pub(crate) calls: BTreeMap<u64, Waiting>,
    pub(crate) running: BTreeMap<u64, Running>,
    pub(crate) doomed: Vec<u64>,
    pub(crate) current: u64,
    pub(crate) tally: Tally,
    pub(crate) auditor: Auditor,
    pub(crate) struck: u64,
    /// Whether the kill switch is off, as far as its operator knows.
    pub(crate) refunds_stopped: bool,
    /// Since when refunds may go again, if somebody stopped them.
    pub(crate) refunds_go_since: u64,
    /// Refunds by hand that were approved.
    pub(crate) approved: BTreeSet<u8>,
    /// Whose links buyers have.
    pub(crate) links: BTreeMap<String, crate::books::Ask>,
    pub(crate) merchant_heard: BTreeMap<String, BTreeSet<u32>>,
    pub(crate) bus_heard: BTreeMap<String, BTreeSet<u32>>,
    pub(crate) late_writes_dead: BTreeSet<u64>,
    /// What channels were asked for, in the wrong designs that ask for it under fresh numbers.
    pub(crate) asked_before: BTreeSet<String>,
    /// Until when a channel answers nobody.
    pub(crate) out_until: BTreeMap<Channel, u64>,
    /// How often something was wrong with a bill.
    pub(crate) bill_faults: u32,
    next: u64,
    hash: u64,
    line: String,
    /// What happened, in words, if anybody wants to read it.
    pub(crate) lines: Option<Vec<String>>,
}

impl World {
    pub(crate) fn new(plan: Plan, with_lines: bool) -> Self {
        CLOCK.set(START_MS);
        let seed = plan.seed;
        let real = plan.real.then(|| Real::new(seed));
        let mut world = Self {
            now: START_MS,
            plan,
            chance: Chance::of(seed, 2),
            fault_chance: Chance::of(seed, 3),
            tables: Tables::default(),
            books: Books::default(),
            real,
            notices: Vec::new(),
            agenda: BTreeMap::new(),
            calls: BTreeMap::new(),
            running: BTreeMap::new(),
            doomed: Vec::new(),
            current: 0,
            tally: Tally::default(),
            auditor: Auditor::default(),
            struck: 0,
            refunds_stopped: false,
            refunds_go_since: 0,
            approved: BTreeSet::new(),
            links: BTreeMap::new(),
            merchant_heard: BTreeMap::new(),
            bus_heard: BTreeMap::new(),
            late_writes_dead: BTreeSet::new(),
            asked_before: BTreeSet::new(),
            out_until: BTreeMap::new(),
            bill_faults: 0,
            next: 1,
            hash: 0xcbf2_9ce4_8422_2325,
            line: String::new(),
            lines: with_lines.then(Vec::new),
        };
        for (at, deed) in world.plan.deeds.clone() {
            world.at(at, Happening::Start(Job::Deed(deed)));
        }
        world.at(START_MS, Happening::Start(Job::SetUp));
        world.at(START_MS + 60_000, Happening::Tick);
        let stop = world.plan.faults_until;
        world.at(stop + 3 * 3_600_000, Happening::CheckKnown);
        if world.real.is_none() {
            world.at(crate::morning::FIRST_MS, Happening::Morning);
        }
        for defect in [
            Fault::RefundErased,
            Fault::DueErased,
            Fault::RowErased,
            Fault::DecisionUndone,
        ] {
            for _ in 0..6 {
                let at = START_MS + world.chance.below(stop - START_MS);
                world.at(at, Happening::Damage(defect));
            }
        }
        world
    }

    /// The number after the last.
    pub(crate) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub(crate) fn at(&mut self, at: u64, what: Happening) {
        let number = self.number();
        self.agenda.insert((at.max(self.now), number), what);
    }

    pub(crate) fn after(&mut self, delay: u64, what: Happening) {
        self.at(self.now + delay, what);
    }

    pub(crate) fn move_to(&mut self, now: u64) {
        self.now = now;
        CLOCK.set(now);
        self.tally.steps += 1;
    }

    /// Notes a line of the trace. Its hash is the run's.
    pub(crate) fn note(&mut self, line: std::fmt::Arguments<'_>) {
        self.line.clear();
        let since = self.now - START_MS;
        // A string takes whatever is written to it.
        let _ = write!(self.line, "{:>9}.{:03} ", since / 1_000, since % 1_000);
        let _ = self.line.write_fmt(line);
        let line = std::mem::take(&mut self.line);
        self.hash_in(&line);
        self.line = line;
        if let Some(lines) = &mut self.lines {
            lines.push(self.line.clone());
        }
    }

    /// Takes what happened into the run's hash.
    pub(crate) fn hash_in(&mut self, text: &str) {
        for byte in text.bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    pub(crate) const fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) const fn faults_on(&self) -> bool {
        self.now >= START_MS + 1_000
            && self.now < self.plan.faults_until
            && self.struck < self.plan.faults_max
    }

    /// Whether a fault strikes here.
    pub(crate) fn strikes(&mut self, fault: Fault) -> bool {
        if !self.plan.enables(fault)
            || !self.faults_on()
            || !self.fault_chance.one_in(fault.once_in())
        {
            return false;
        }
        self.count(fault);
        true
    }

    pub(crate) fn count(&mut self, fault: Fault) {
        self.struck += 1;
        *self.tally.faults.entry(fault).or_default() += 1;
        self.note(format_args!("FAULT {}", fault.name()));
    }

    /// A function begins.
    pub(crate) fn begin(&mut self, job: &Job) -> u64 {
        let id = self.number();
        let sides = [Fault::CrashBefore, Fault::CrashAfter];
        let side = self.fault_chance.pick(&sides);
        // Bills come when all other faults have stopped, and whoever compares them makes many calls.
        let late = matches!(job, Job::Reconcile | Job::Audit) && !self.faults_on();
        let may = self.plan.enables(side) && (self.faults_on() || late && self.may_strike_bills());
        // Most functions make few calls, and every call is to be met.
        let reaches = if late {
            [6, 30, 60, 120]
        } else {
            [3, 6, 12, 18]
        };
        let reach = self.fault_chance.pick(&reaches);
        let index = self.fault_chance.below(reach);
        let killed = may && self.fault_chance.one_in(side.once_in());
        self.bill_faults += u32::from(killed && late);
        let kill_at = killed.then_some((index, side));
        let limit = match job {
            Job::Sweep => 55_000,
            Job::Reconcile | Job::Audit => 900_000,
            _ => 29_500,
        };
        let ends = (self.now + limit, self.number());
        self.agenda.insert(ends, Happening::Kill(id));
        let serves_stranger = match job {
            Job::Notice(index) => {
                let notice = self.notices.get(usize::try_from(*index).unwrap_or(0));
                notice.is_some_and(|notice| notice.stranger)
            }
            _ => false,
        };
        let running = Running {
            name: job.name(),
            calls: 0,
            kill_at,
            serves_stranger,
            points: BTreeMap::new(),
            came_to_close: false,
            ends,
        };
        self.running.insert(id, running);
        id
    }

    /// A function asks for something.
    pub(crate) fn issue(&mut self, request: Request, waker: Waker) -> u64 {
        let id = self.number();
        let owner = self.current;
        let point = request.point();
        let Some(running) = self.running.get_mut(&owner) else {
            unreachable!("a call of no function: {point}");
        };
        if crate::canary::listens() && !matches!(request, Request::Channel(_)) {
            crate::canary::hear(point, &format!("{request:?}"));
        }
        let index = running.calls;
        running.calls += 1;
        running.came_to_close |= point == "channel: close";
        let name = running.name;
        let killed = running
            .kill_at
            .filter(|(at, _)| *at == index)
            .map(|(_, fault)| fault);
        let again = running.points.entry(point).or_default();
        *again = (*again + 1).min(Tally::TURNS);
        let turn = *again;
        let counts = self.tally.points.entry((name, point, turn)).or_default();
        counts.0 += 1;
        match killed {
            Some(Fault::CrashBefore) => counts.1 += 1,
            Some(_) => counts.2 += 1,
            None => {}
        }
        self.note(format_args!("{name} #{owner} calls: {point}"));
        let waiting = Waiting {
            owner,
            request: Some(request),
            issued_at: self.now,
            answer: None,
            waker,
            kill_after: killed == Some(Fault::CrashAfter),
            point,
        };
        self.calls.insert(id, waiting);
        if killed == Some(Fault::CrashBefore) {
            self.count(Fault::CrashBefore);
            self.calls.remove(&id);
            self.doomed.push(owner);
        } else {
            let delay = self.travel(point);
            self.after(delay, Happening::Effect(id));
        }
        id
    }

    /// How long a request is on its way.
    pub(crate) fn travel(&mut self, point: &str) -> u64 {
        if point.starts_with("channel") {
            self.chance.between(20, 250)
        } else {
            self.chance.between(1, 9)
        }
    }

    pub(crate) fn answer_of(&mut self, id: u64, waker: &Waker) -> Poll<Answer> {
        let Some(waiting) = self.calls.get_mut(&id) else {
            return Poll::Pending;
        };
        match waiting.answer.take() {
            Some(answer) => {
                self.calls.remove(&id);
                Poll::Ready(answer)
            }
            None => {
                waiting.waker = waker.clone();
                Poll::Pending
            }
        }
    }

    /// An answer will be there after so long.
    pub(crate) fn reply(&mut self, id: u64, delay: u64, answer: Answer) {
        let Some(waiting) = self.calls.get_mut(&id) else {
            return;
        };
        waiting.answer = Some(answer);
        if waiting.kill_after {
            let owner = waiting.owner;
            self.count(Fault::CrashAfter);
            self.doomed.push(owner);
        } else {
            self.after(delay, Happening::Answer(id));
        }
    }

    /// The name of the function that runs, or ran last.
    pub(crate) fn runner(&self, owner: u64) -> &'static str {
        self.running.get(&owner).map_or("", |running| running.name)
    }

    /// A function is gone; what it sent is on its way all the same.
    pub(crate) fn forget(&mut self, owner: u64, killed: bool) {
        if let Some(running) = self.running.remove(&owner) {
            self.agenda.remove(&running.ends);
        }
        if killed {
            self.late_writes_dead.insert(owner);
        }
    }
}

impl Request {
    /// What it does, in words that do not change: the crash point.
    pub(crate) fn point(&self) -> &'static str {
        match self {
            Self::Put(put) => put.doing,
            Self::Get(get) => get.doing,
            Self::Batch(batch) => batch.doing,
            Self::Update(update) => update.doing,
            Self::Query(query) => query.doing,
            Self::Pause => "pause",
            Self::Channel(request) => {
                match request.url.strip_prefix("sim://").unwrap_or_default() {
                    "create" => "channel: create",
                    "query" => "channel: query",
                    "close" => "channel: close",
                    "refund" => "channel: refund",
                    "refund_query" => "channel: refund query",
                    "reverse" => "channel: reverse",
                    "bill" => "channel: bill",
                    _ => crate::wire::operation(request),
                }
            }
            Self::Send { queue, .. } if queue == "notifications" => "send messages to notify",
            Self::Send { .. } => "send messages to query",
            Self::Invoke { function, .. } if function == "notify" => "invoke notify",
            Self::Invoke { .. } => "invoke refund",
            Self::Event { .. } => "put an event",
            Self::Merchant { .. } => "tell the merchant",
        }
    }
}
