//! What becomes of the world when something happens.

use std::sync::Arc;

use payonce_domain::fact::Occasion;
use payonce_domain::schedule::Creation;
use payonce_domain::{
    Answer, Command, CreateAnswer, Fact, Mode, Payment, RefundNo, RefundReport, Refusal, Source,
    Task, decide,
};

use crate::action::{Action, Setting};
use crate::channel::{Call, PaidAt, Standing, Word};
use crate::names::{self, No, Way};
use crate::process::{News, Op, Process, Who, open_attempts};
use crate::world::World;

/// How often an operator's close is tried again because the payment moved; the application tries five times.
const ROUNDS_MAX: u8 = 2;

impl World {
    /// The world after something happened; none: nothing came of it.
    #[must_use]
    pub fn after(&self, action: Action, setting: &Setting) -> Option<Self> {
        let mut next = self.clone();
        next.happens(action, setting);
        next.forget_what_is_known();
        next.processes.retain(|process| !process.ops.is_empty());
        next.processes
            .sort_by(|a, b| (a.who, &a.ops, a.seen.version).cmp(&(b.who, &b.ops, b.seen.version)));
        (next != *self).then_some(next)
    }

    /// A notification of what is known changes nothing, at no time: that is a law, checked in every world. So it need
    /// not be waited for.
    fn forget_what_is_known(&mut self) {
        if let Some(payment) = &self.payment {
            let known = |no: &No| payment.capture(&names::trade_no(*no)).is_some();
            self.notices.retain(|no| !known(no));
        }
    }

    fn happens(&mut self, action: Action, setting: &Setting) {
        match action {
            Action::Request(index) => self.request(setting, setting.ways[index]),
            Action::OperatorCloses => {
                self.left.closes -= 1;
                self.start(Who::Operator, [Op::AskThenBar { round: 0 }]);
            }
            Action::OperatorGivesBack => self.give_back(),
            Action::Message => self.advance(Who::Message),
            Action::MessageTwice => {
                self.left.duplicates -= 1;
                self.advance(Who::Message);
            }
            Action::Sweep => self.advance(Who::Sweep),
            Action::Refunder(no) => self.begin_refund(no),
            Action::Step(index) => self.step(index, false),
            Action::Refuses(index) => {
                self.left.refusals -= 1;
                self.step(index, true);
            }
            Action::CallLost(index) => self.unanswered(index, None),
            Action::AnswerLost(index) => {
                let call = self.processes[index].next_call();
                if let (Some(call), Some(payment)) = (call, self.payment.clone()) {
                    self.channel.arrives(call, &payment);
                    self.processes[index].touched = true;
                }
                self.unanswered(index, None);
            }
            Action::CallLate(index) => {
                let call = self.processes[index].next_call();
                self.unanswered(index, call);
            }
            Action::Killed(index) => self.killed(index, None),
            Action::KilledCalling(index) => {
                let call = self.processes[index].next_call();
                self.killed(index, call);
            }
            Action::Arrives(call) => {
                self.adrift.remove(&call);
                if let Some(payment) = self.payment.clone() {
                    self.marks.arrived_late |= self.channel.arrives(call, &payment);
                }
            }
            Action::Notified(no) => {
                self.notices.remove(&no);
                self.notified(no);
            }
            Action::NoticeLost(no) => {
                self.left.losses -= 1;
                self.notices.remove(&no);
            }
            Action::Opened(no) => {
                self.channel.orders.insert(no, Standing::Open);
            }
            Action::Paid(no) => {
                self.channel
                    .orders
                    .insert(no, Standing::Paid(PaidAt::of(self.phase)));
                self.notices.insert(no);
            }
            Action::TimePasses => {
                if let Some(next) = self.phase.next() {
                    self.phase = next;
                }
            }
        }
    }

    fn start(&mut self, who: Who, ops: impl IntoIterator<Item = Op>) {
        if let Some(stands) = &self.payment {
            let mut process = Process::new(who, Arc::clone(stands), ops);
            process.think(self.now());
            self.processes.push(process);
        }
    }

    /// A client's request up to its write: before that it has done nothing that a crash could leave behind.
    fn request(&mut self, setting: &Setting, way: Way) {
        if self.left.requests == 0 {
            return;
        }
        let (seen, answer) = match self.payment.clone() {
            None => {
                let opened = decide::open(
                    names::terms(setting.mode),
                    Some(names::choice(way)),
                    self.now(),
                );
                let Ok(decision) = opened else { return };
                let answer = decision.answer().clone();
                (self.open(decision), answer)
            }
            Some(mut seen) => {
                let command = names::initiate(way, setting.mode == Mode::Strict);
                match self.carry_out(&mut seen, &command) {
                    Ok(answer) => (seen, answer),
                    Err(_) => return,
                }
            }
        };
        self.left.requests -= 1;
        let ops = follow(&answer, way);
        let mut process = Process::new(Who::Client, seen, ops);
        process.touched = true;
        process.think(self.now());
        self.processes.push(process);
    }

    fn give_back(&mut self) {
        if let Some(mut seen) = self.payment.clone()
            && self.carry_out(&mut seen, &names::give_back()).is_ok()
        {
            self.left.gifts -= 1;
        }
    }

    /// Performs what is due, whoever asks for it.
    fn advance(&mut self, who: Who) {
        let tasks = self
            .payment
            .as_ref()
            .map(|payment| payment.tasks_due(self.now()));
        let tasks = tasks.unwrap_or_default();
        let first = (tasks.contains(&Task::Expire)).then_some(Op::Tick { last: false });
        self.start(who, first.into_iter().chain([Op::Plan, Op::Finish]));
    }

    fn begin_refund(&mut self, no: RefundNo) {
        let Some(mut seen) = self.payment.clone() else {
            return;
        };
        if let Ok(Answer::Refunding(no)) = self.carry_out(&mut seen, &Command::BeginRefund { no }) {
            let mut process = Process::new(Who::Refunder, seen, [Op::SendRefund(no)]);
            process.touched = true;
            self.processes.push(process);
        }
    }

    fn notified(&mut self, no: No) {
        let Some(mut seen) = self.payment.clone() else {
            return;
        };
        let Some(fact) = self.notification(no) else {
            return;
        };
        let new = self.note(&mut seen, &fact);
        self.marks.close_met_money |= new && was_closed_by_hand(&seen);
    }

    /// What the channel tells of an attempt that was paid.
    #[must_use]
    pub fn notification(&self, no: No) -> Option<Fact> {
        let Some(Standing::Paid(at)) = self.channel.standing(no) else {
            return None;
        };
        Some(Fact::Reported {
            no,
            account: names::account(),
            evidence: names::evidence(Source::Notification),
            occasion: Occasion::Told,
            report: Word::Paid(at).report(no),
        })
    }

    fn killed(&mut self, index: usize, call: Option<Call>) {
        self.left.crashes -= 1;
        let process = self.processes.remove(index);
        let create = matches!(process.next(), Some(Op::Create(_)));
        self.marks.killed_before_create |= create && call.is_none() && process.who == Who::Client;
        self.adrift.extend(call);
    }

    /// A call brings no answer; it may still arrive, if it is given.
    fn unanswered(&mut self, index: usize, call: Option<Call>) {
        self.left.losses -= 1;
        self.adrift.extend(call);
        let now = self.now();
        let process = &mut self.processes[index];
        if let Some(Op::Query(_)) = process.ops.pop() {
            process.said = Some(Word::NoAnswer);
        }
        process.think(now);
    }

    fn step(&mut self, index: usize, refuses: bool) {
        let mut process = self.processes.remove(index);
        let before = (self.payment.clone(), self.channel.clone());
        if let Some(op) = process.ops.pop() {
            self.take(&mut process, op, refuses);
        }
        process.touched |= before.1 != self.channel || before.0 != self.payment;
        process.think(self.now());
        self.processes.push(process);
    }

    fn take(&mut self, process: &mut Process, op: Op, refuses: bool) {
        match op {
            Op::InitiateAgain(way) => {
                if let Ok(answer) = self.carry_out(&mut process.seen, &names::initiate(way, false))
                {
                    let ops = follow(&answer, way);
                    process.then(ops);
                }
            }
            Op::Bar { attempts, round } => self.bar(process, attempts, round),
            Op::Tick { last } => {
                self.note(&mut process.seen, &Fact::Ticked);
                let due = process.seen.tasks_due(self.now()).into_iter();
                let mut due =
                    due.filter(|task| !matches!(task, Task::SendRefund(_) | Task::Tell(_)));
                self.busy |= last && due.next().is_some();
            }
            Op::Note(news) => self.take_note(process, news),
            Op::Create(no) => {
                self.marks.burnt |= process.who != Who::Client;
                let made = self
                    .channel
                    .create(no)
                    .map(|answer| answer != CreateAnswer::Refused);
                if let Some(made) = made {
                    self.hear(process, News::Created(no, made));
                }
            }
            Op::Query(no) => {
                let word = self.channel.said(no);
                process.said = Some(word);
                let asked = process.seen.version;
                self.hear(process, News::Said(no, asked, word));
            }
            // What was closed or paid stays so: the question that follows can be asked in the same step.
            Op::CloseAtChannel(no) => {
                if self.channel.close(no) {
                    self.take(process, Op::Query(no), false);
                }
            }
            Op::SendRefund(no) => self.send(process, no, refuses),
            Op::AskRefund(no) => {
                let news = News::Refund(no, process.seen.version, self.channel.refund_said(no));
                self.hear(process, news);
            }
            // These take no step of their own.
            Op::Close(_) | Op::Burn(_) | Op::Plan | Op::Finish | Op::AskThenBar { .. } => {
                process.then([op]);
            }
        }
    }

    /// An answer is there. One that changes nothing for who asked is forgotten without a look at the table. One that
    /// stays true is noted in the same step: to hear it and be slow is to ask later. Only what another may overtake
    /// waits for a step of its own.
    fn hear(&mut self, process: &mut Process, news: News) {
        if !decide::on_fact(&process.seen, news.fact(), self.now()).changed() {
            return;
        }
        if news.stays_true() {
            self.take_note(process, news);
        } else {
            process.then([Op::Note(news)]);
        }
    }

    fn take_note(&mut self, process: &mut Process, news: News) {
        let new = self.note(&mut process.seen, &news.fact());
        let paid = matches!(news, News::Said(_, _, Word::Paid(_)));
        self.marks.close_met_money |= new && paid && was_closed_by_hand(&process.seen);
    }

    fn bar(&mut self, process: &mut Process, attempts: usize, round: u8) {
        let again = (round + 1 < ROUNDS_MAX).then_some(Op::AskThenBar { round: round + 1 });
        if process.seen.channel_orders.len() != attempts {
            process.then(again);
            return;
        }
        let close = Command::Close {
            asked: process.seen.version,
        };
        match self.carry_out(&mut process.seen, &close) {
            Ok(_) => {
                let seen = Arc::clone(&process.seen);
                process.then(open_attempts(&seen).map(Op::Close));
            }
            Err(Refusal::Moved) => process.then(again),
            Err(Refusal::AlreadyPaid) => self.marks.close_met_money = true,
            Err(_) => {}
        }
    }

    fn send(&mut self, process: &mut Process, no: RefundNo, refuses: bool) {
        let Some(refund) = process.seen.refund(no) else {
            return;
        };
        let report: RefundReport = self.channel.refund(no, refund.amount, refuses);
        self.hear(process, News::Sent(no, report));
    }
}

/// What a granted request still does.
fn follow(answer: &Answer, way: Way) -> Vec<Op> {
    let by_us = |no: No| match payonce_domain::schedule::policy(no.channel(), no.method()).creation
    {
        Creation::ByBrowser => false,
        Creation::ByCall | Creation::Once => true,
    };
    match answer {
        Answer::Added(no) | Answer::Recreate(no) if by_us(*no) => vec![Op::Create(*no)],
        Answer::Switching(numbers) => {
            let closes = numbers.iter().copied().map(Op::Close);
            closes.chain([Op::InitiateAgain(way)]).collect()
        }
        Answer::Added(_)
        | Answer::Recreate(_)
        | Answer::Noted
        | Answer::Existing(_)
        | Answer::NoChannelOrder
        | Answer::InProgress(_)
        | Answer::Refunding(_)
        | Answer::ExistingRefund(_) => Vec::new(),
    }
}

fn was_closed_by_hand(payment: &Payment) -> bool {
    payment.closing == Some(payonce_domain::ClosingCause::Merchant)
}
