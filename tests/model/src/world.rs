//! The whole of the small world at one moment: the table, the channel's books, what is on its way, who is at work,
//! and which faults are still to come.

use std::collections::BTreeSet;
use std::sync::Arc;

use payonce_domain::{
    Command, Decision, Fact, Obligation, Payment, Refusal, Task, Timestamp, Work, decide,
};

use crate::channel::{Call, Channel};
use crate::clock::Phase;
use crate::names::No;
use crate::process::Process;

/// How much may happen that need not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bounds {
    /// Requests of clients to pay; the first is in the first way, every other one in the second.
    pub requests: u8,
    /// Invocations that are killed.
    pub crashes: u8,
    /// Messages, notifications, calls and answers that are lost.
    pub losses: u8,
    /// Messages that are delivered once more while the first is at work.
    pub duplicates: u8,
    /// Times that an operator closes the payment.
    pub closes: u8,
    /// Times that a part is given back by hand.
    pub gifts: u8,
    /// Refund numbers that the channel refuses for good.
    pub refusals: u8,
    /// Invocations at work at once.
    pub at_once: usize,
}

/// What was seen on the way here, for the `sometimes` properties. Two worlds that differ in nothing else are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Marks {
    /// A request was killed between its intent and its call.
    pub killed_before_create: bool,
    /// A call arrived whose sender was dead or had given up, and changed the books.
    pub arrived_late: bool,
    /// An operator's close met money.
    pub close_met_money: bool,
    /// A conditional write found that somebody had written first.
    pub moved: bool,
    /// What might still arrive was placed once more.
    pub burnt: bool,
}

/// The world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    /// What the clock shows.
    pub phase: Phase,
    /// The item, once there is one.
    pub payment: Option<Arc<Payment>>,
    /// The channel's books.
    pub channel: Channel,
    /// Notifications of payments that are not known yet.
    pub notices: BTreeSet<No>,
    /// Calls whose sender does not wait for them any more, and which may arrive at any time.
    pub adrift: BTreeSet<Call>,
    /// Invocations at work.
    pub processes: Vec<Process>,
    /// What may still happen.
    pub left: Bounds,
    /// What an advance that ended left due: it would be done over and over.
    pub busy: bool,
    /// What was seen.
    pub marks: Marks,
}

impl World {
    /// Before the first request.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self {
            phase: Phase::OPENING,
            payment: None,
            channel: Channel::default(),
            notices: BTreeSet::new(),
            adrift: BTreeSet::new(),
            processes: Vec::new(),
            left: bounds,
            busy: false,
            marks: Marks::default(),
        }
    }

    /// What the clock shows.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.phase.now()
    }

    /// What is owed about the money; telling the merchant is left out.
    #[must_use]
    pub fn owed(&self) -> Vec<Obligation> {
        let owed = self.payment.as_ref().map(|payment| payment.obligations());
        let mut owed = owed.unwrap_or_default();
        owed.retain(|obligation| obligation.task.work() == Work::Channels);
        owed
    }

    /// Whether the sweep finds something to do other than having refunds sent.
    #[must_use]
    pub fn is_swept(&self) -> bool {
        let now = self.now();
        let overdue = |owed: &Obligation| owed.due.index_time() <= now;
        self.owed()
            .iter()
            .any(|owed| overdue(owed) && !matches!(owed.task, Task::SendRefund(_)))
    }

    /// Whether a message may find something to do. The queue needs no state: it may lose, repeat and delay any
    /// message, and one that finds nothing due does nothing.
    #[must_use]
    pub fn is_due(&self) -> bool {
        let now = self.now();
        let due = |owed: &Obligation| owed.due.is_due(now);
        self.owed()
            .iter()
            .any(|owed| due(owed) && !matches!(owed.task, Task::SendRefund(_)))
    }

    /// Whether nothing is on its way and nobody is at work.
    #[must_use]
    pub fn is_still(&self) -> bool {
        self.processes.is_empty() && self.notices.is_empty() && self.adrift.is_empty()
    }

    /// Puts the item into the table for the first time.
    pub fn open(&mut self, decision: Decision) -> Arc<Payment> {
        let payment = Arc::new(decision.into_payment());
        self.payment = Some(Arc::clone(&payment));
        payment
    }

    /// Takes note of a fact as the application does: decides on what was last seen, writes if the item still stands
    /// so, and otherwise reads it and decides again. Whether it changed anything.
    pub fn note(&mut self, seen: &mut Arc<Payment>, fact: &Fact) -> bool {
        loop {
            let decision = decide::on_fact(seen, fact.clone(), self.now());
            if !decision.changed() {
                return false;
            }
            if self.save(seen, decision) {
                return true;
            }
        }
    }

    /// Carries out a command in the same way.
    ///
    /// # Errors
    /// The domain's refusal.
    pub fn carry_out(
        &mut self,
        seen: &mut Arc<Payment>,
        command: &Command,
    ) -> Result<payonce_domain::Answer, Refusal> {
        loop {
            let decision = decide::on_command(seen, command.clone(), self.now())?;
            let answer = decision.answer().clone();
            if !decision.changed() || self.save(seen, decision) {
                return Ok(answer);
            }
        }
    }

    /// The conditional write. Where it fails, `seen` is what stands.
    fn save(&mut self, seen: &mut Arc<Payment>, decision: Decision) -> bool {
        let Some(stands) = &self.payment else {
            return false;
        };
        if decision.before() != Some(stands.version) {
            *seen = Arc::clone(stands);
            self.marks.moved = true;
            return false;
        }
        *seen = Arc::new(decision.into_payment());
        self.payment = Some(Arc::clone(seen));
        true
    }
}
