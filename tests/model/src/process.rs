//! One invocation at work: what it has read, and what it is still to do, step by step.
//!
//! It stands for the use cases of the application, which call the same decisions in the same order. A step is one
//! call to a channel or one conditional write; whoever is killed is killed between two of them.

use std::sync::Arc;

use payonce_domain::fact::Occasion;
use payonce_domain::obligation::SOON;
use payonce_domain::{
    ClosingCause, CreateAnswer, Fact, Payment, RefundNo, RefundReport, Source, Task, Timestamp,
    Version,
};

use crate::channel::{Call, Word};
use crate::names::{self, No};

/// What set an invocation going.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Who {
    /// A client's request to pay.
    Client,
    /// An operator, or the merchant's own staff.
    Operator,
    /// A message for its time.
    Message,
    /// The sweep of the due index.
    Sweep,
    /// The one that sends refunds.
    Refunder,
}

/// A step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Op {
    /// Write: ask for the way to pay once more, now that the others are proven closed.
    InitiateAgain(names::Way),
    /// Write: close the payment, if it still stands as it was asked about and has so many attempts.
    Bar {
        /// So many.
        attempts: usize,
        /// How often it was tried before.
        round: u8,
    },
    /// Write: time has passed. The last one of an advance must leave nothing due.
    Tick {
        /// Whether it is the last step.
        last: bool,
    },
    /// Write: what the channel said.
    Note(News),
    /// Call: make the order.
    Create(No),
    /// Call: ask about it.
    Query(No),
    /// Call: close it, if it is worth it.
    CloseAtChannel(No),
    /// Call: give the money back, as granted.
    SendRefund(RefundNo),
    /// Call: ask about a refund.
    AskRefund(RefundNo),
    /// Ask, place once more where that is needed, close, ask.
    Close(No),
    /// Place once more what may still arrive, if the channel did not know it.
    Burn(No),
    /// Everything that is due.
    Plan,
    /// What was tried and is still due moves on.
    Finish,
    /// Ask about every attempt, then close the payment.
    AskThenBar {
        /// How often it was tried before.
        round: u8,
    },
}

/// What a channel said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum News {
    /// Of a create: made, or refused for good.
    Created(No, bool),
    /// Of an attempt, asked at this version.
    Said(No, Version, Word),
    /// Of a refund that was sent.
    Sent(RefundNo, RefundReport),
    /// Of a refund, asked at this version.
    Refund(RefundNo, Version, RefundReport),
}

impl News {
    /// As the domain takes note of it.
    #[must_use]
    pub fn fact(self) -> Fact {
        let refund = |no, occasion, report| Fact::RefundReported {
            no,
            evidence: names::evidence(Source::Query),
            occasion,
            report,
        };
        match self {
            Self::Created(no, made) => Fact::CreateAnswered {
                no,
                answer: if made {
                    CreateAnswer::Made {
                        action: payonce_domain::Action::Qr {
                            content: "q".to_owned(),
                        },
                        expires_at: None,
                    }
                } else {
                    CreateAnswer::Refused
                },
            },
            Self::Said(no, asked, word) => Fact::Reported {
                no,
                account: names::account(),
                evidence: names::evidence(Source::Query),
                occasion: Occasion::Asked(asked),
                report: word.report(no),
            },
            Self::Sent(no, report) => refund(no, Occasion::Sent, report),
            Self::Refund(no, asked, report) => refund(no, Occasion::Asked(asked), report),
        }
    }

    /// Whether it can never become untrue. Absence can, while a call may still arrive, and so can silence.
    #[must_use]
    pub const fn stays_true(self) -> bool {
        match self {
            Self::Said(_, _, word) => match word {
                Word::Paid(_) | Word::PaidBack(_) | Word::Closed => true,
                Word::Unpaid | Word::NotFound | Word::NoAnswer => false,
            },
            Self::Refund(_, _, report) => match report {
                RefundReport::Succeeded | RefundReport::Failed => true,
                RefundReport::Accepted
                | RefundReport::NotYet
                | RefundReport::NeedsPerson
                | RefundReport::NotFound
                | RefundReport::NoAnswer => false,
            },
            Self::Created(..) | Self::Sent(..) => false,
        }
    }

    /// At which version it was asked, where that matters.
    #[must_use]
    pub const fn asked(self) -> Option<Version> {
        match self {
            Self::Said(_, asked, _) | Self::Refund(_, asked, _) => Some(asked),
            Self::Created(..) | Self::Sent(..) => None,
        }
    }

    /// Makes two that differ in the version alone the same.
    pub const fn forget_version(&mut self) {
        match self {
            Self::Said(_, asked, _) | Self::Refund(_, asked, _) => *asked = Version(0),
            Self::Created(..) | Self::Sent(..) => {}
        }
    }
}

/// One invocation at work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// What set it going.
    pub who: Who,
    /// The payment as it last saw it.
    pub seen: Arc<Payment>,
    /// What is to be done, the next step last.
    pub ops: Vec<Op>,
    /// What the channel said last.
    pub said: Option<Word>,
    /// Whether it has changed anything: killed before that, it might as well never have begun.
    pub touched: bool,
}

impl Process {
    /// One that has these steps before it, in this order.
    #[must_use]
    pub fn new(who: Who, seen: Arc<Payment>, ops: impl IntoIterator<Item = Op>) -> Self {
        let mut process = Self {
            who,
            seen,
            ops: Vec::new(),
            said: None,
            touched: false,
        };
        process.then(ops);
        process
    }

    /// Does these next, in this order.
    pub fn then(&mut self, ops: impl IntoIterator<Item = Op>) {
        let at = self.ops.len();
        self.ops.extend(ops);
        self.ops[at..].reverse();
    }

    /// The step it is about to take.
    #[must_use]
    pub fn next(&self) -> Option<Op> {
        self.ops.last().copied()
    }

    /// The call that its next step makes, where it changes the channel's books.
    #[must_use]
    pub fn next_call(&self) -> Option<Call> {
        match self.next()? {
            Op::Create(no) => Some(Call::Create(no)),
            Op::CloseAtChannel(no) => Some(Call::Close(no)),
            Op::SendRefund(no) => Some(Call::Refund(no)),
            Op::InitiateAgain(_)
            | Op::Bar { .. }
            | Op::Tick { .. }
            | Op::Note(_)
            | Op::Query(_)
            | Op::AskRefund(_)
            | Op::Close(_)
            | Op::Burn(_)
            | Op::Plan
            | Op::Finish
            | Op::AskThenBar { .. } => None,
        }
    }

    /// Whether it performs what is due.
    #[must_use]
    pub const fn is_advance(&self) -> bool {
        match self.who {
            Who::Message | Who::Sweep => true,
            Who::Client | Who::Operator | Who::Refunder => false,
        }
    }

    /// Whether its next step waits for a channel's answer.
    #[must_use]
    pub fn calls(&self) -> bool {
        let asks = matches!(self.next(), Some(Op::Query(_) | Op::AskRefund(_)));
        asks || self.next_call().is_some()
    }

    /// Works out what needs neither the table nor a channel, up to the next step that does.
    pub fn think(&mut self, now: Timestamp) {
        while let Some(op) = self.next() {
            match op {
                Op::InitiateAgain(_)
                | Op::Bar { .. }
                | Op::Tick { .. }
                | Op::Note(_)
                | Op::Create(_)
                | Op::Query(_)
                | Op::SendRefund(_)
                | Op::AskRefund(_) => return,
                Op::CloseAtChannel(no) if self.is_worth_closing(no, now) => return,
                Op::CloseAtChannel(_) => {
                    self.ops.pop();
                }
                Op::Close(no) => {
                    self.ops.pop();
                    self.then([Op::Query(no), Op::Burn(no), Op::CloseAtChannel(no)]);
                }
                Op::Burn(no) => {
                    self.ops.pop();
                    if self.said == Some(Word::NotFound) && self.must_burn(no, now) {
                        self.then([Op::Create(no), Op::Query(no)]);
                    }
                }
                Op::Plan => {
                    self.ops.pop();
                    let tasks = self.seen.tasks_due(now);
                    self.then(tasks.into_iter().filter_map(step_for));
                }
                Op::Finish => {
                    self.ops.pop();
                    if self.must_move(now) {
                        self.then([Op::Tick { last: true }]);
                    }
                }
                Op::AskThenBar { round } => {
                    self.ops.pop();
                    let attempts = self.seen.channel_orders.len();
                    let seen = Arc::clone(&self.seen);
                    let queries = open_attempts(&seen).map(Op::Query);
                    self.then(queries.chain([Op::Bar { attempts, round }]));
                }
            }
        }
    }

    /// As the application judges it: the channel closes at all, and the order is old enough or nobody is to be spared.
    fn is_worth_closing(&self, no: No, now: Timestamp) -> bool {
        let order = self.seen.channel_order(no);
        order
            .filter(|order| order.state.is_open())
            .is_some_and(|order| {
                let wished = matches!(
                    order.closing,
                    Some(ClosingCause::Switch | ClosingCause::Merchant | ClosingCause::Superseded)
                );
                let policy = order.policy();
                policy.closes && (wished || now >= order.created_at.plus(policy.close_wait))
            })
    }

    fn must_burn(&self, no: No, now: Timestamp) -> bool {
        let over = |margin| now >= self.seen.terms.expires_at.plus(margin);
        self.seen.channel_order(no).is_some_and(|order| {
            order.state.is_open() && order.must_be_burnt() && over(order.policy().absence_margin)
        })
    }

    fn must_move(&self, now: Timestamp) -> bool {
        self.seen.tasks_due(now).into_iter().any(|task| match task {
            Task::SendRefund(_) | Task::Tell(_) => false,
            Task::Query(no) => self.who == Who::Sweep || !self.has_early_rung(no, now),
            Task::Expire
            | Task::Close(_)
            | Task::Reverse(_)
            | Task::AskRefund(_)
            | Task::AwaitReturn(_)
            | Task::Book => true,
        })
    }

    fn has_early_rung(&self, no: No, now: Timestamp) -> bool {
        let deadline = self.seen.terms.expires_at;
        self.seen.channel_order(no).is_some_and(|order| {
            let policy = order.policy();
            let mut early = policy.early_rungs(order.pace(), order.created_at, deadline);
            early.any(|rung| rung > now.plus(SOON))
        })
    }
}

/// The attempts that may still take money.
pub fn open_attempts(payment: &Payment) -> impl Iterator<Item = No> + '_ {
    let open = payment
        .channel_orders
        .iter()
        .filter(|order| order.state.is_open());
    open.map(|order| order.no)
}

/// What is done about a task. Refunds have an invocation of their own; merchants are not told anything here.
fn step_for(task: Task) -> Option<Op> {
    match task {
        Task::Query(no) => Some(Op::Query(no)),
        Task::Close(no) | Task::Reverse(no) => Some(Op::Close(no)),
        Task::AskRefund(no) => Some(Op::AskRefund(no)),
        Task::SendRefund(_) | Task::Expire | Task::AwaitReturn(_) | Task::Tell(_) | Task::Book => {
            None
        }
    }
}
