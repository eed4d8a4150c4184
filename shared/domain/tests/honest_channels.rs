//! Small worlds in which channels tell the truth, late or not at all, and the money is real.
//!
//! A channel here keeps books of its own: who paid, what it closed, which refund numbers it carried
//! out. It carries out each number once and caps nothing, so only our own numbers and reservations
//! keep it from paying back too much. From every place the search reaches, faults then stop and
//! whatever is due is done until nothing is: the channel must then hold exactly one price if the
//! payment is paid, and nothing otherwise, and we must know of every payment it took.

#![allow(clippy::unwrap_used, clippy::panic)]

mod world;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use payonce_domain::fact::Occasion;
use payonce_domain::time::Span;
use payonce_domain::{
    Channel, ChannelOrderNo, Command, Fact, Input, MerchantSaid, Method, Mode, Payment,
    PaymentState, RefundNo, RefundReport, Report, Source, Task, Timestamp, Version, decide,
};
use world::books::Books;
use world::{at, deadline, fingerprint, laws};

const WAYS: [(Channel, Method); 2] = [
    (Channel::Alipay, Method::Page),
    (Channel::Alipay, Method::Wap),
];
const TRADES: [&str; 2] = ["A", "B"];

/// What the channel knows of one attempt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
enum Truth {
    /// The buyer never opened the link.
    #[default]
    Unknown,
    Paid(Timestamp),
    Closed,
}

/// One place in the search: our payment, the channel's truth, and what is on its way between them.
#[derive(Clone)]
struct Place {
    payment: Payment,
    books: Books,
    now: Timestamp,
    truth: [Truth; 2],
    executed: BTreeMap<RefundNo, u64>,
    failed: BTreeSet<RefundNo>,
    /// Refund calls that left us and may arrive at any time.
    flying: BTreeSet<RefundNo>,
    /// An answer to a query, given at that version and not yet heard.
    heard_late: Option<(usize, Version, Report)>,
}

fn no(index: usize) -> ChannelOrderNo {
    world::number(WAYS[index], if index == 0 { 1 } else { 2 })
}

impl Place {
    fn opened(mode: Mode) -> Self {
        Self {
            payment: world::opened(mode, Some(WAYS[0])),
            books: Books::default(),
            now: world::START,
            truth: [Truth::Unknown; 2],
            executed: BTreeMap::new(),
            failed: BTreeSet::new(),
            flying: BTreeSet::new(),
            heard_late: None,
        }
    }

    fn print(&self) -> u64 {
        // The version of a late answer matters only as "still the same" or "moved on".
        let late = self.heard_late.as_ref();
        let late = late.map(|(i, v, r)| (*i, *v == self.payment.version, r.clone()));
        let channel = (&self.truth, &self.executed, &self.failed, &self.flying);
        fingerprint::of(&self.payment, (channel, late, self.now))
    }

    fn fact(&mut self, fact: Fact) {
        self.books.note(&self.payment, &fact);
        let decision = decide::on_fact(&self.payment, fact.clone(), self.now);
        self.take(Input::Fact(fact), decision);
    }

    fn command(&mut self, command: Command) -> bool {
        match decide::on_command(&self.payment, command.clone(), self.now) {
            Ok(decision) => {
                self.take(Input::Command(command), decision);
                true
            }
            Err(_) => false,
        }
    }

    fn take(&mut self, input: Input, decision: payonce_domain::Decision) {
        laws::check(&laws::Step {
            before: &self.payment,
            input: &input,
            now: self.now,
            decision: &decision,
            books: &self.books,
        });
        self.payment = decision.into_payment();
    }

    fn report(&self, index: usize) -> Report {
        match self.truth[index] {
            Truth::Unknown => Report::NotFound,
            Truth::Paid(paid_at) => world::paid_report(TRADES[index], world::PRICE, paid_at),
            Truth::Closed => Report::Closed,
        }
    }

    fn hear(&mut self, index: usize, version: Version, report: Report) {
        let occasion = Occasion::Asked(version);
        self.fact(world::said(no(index), Source::Query, occasion, report));
    }

    fn begin(&mut self, refund: RefundNo) {
        if self.command(Command::BeginRefund { no: refund }) {
            self.flying.insert(refund);
        }
    }

    /// A refund call reaches the channel. Each number is carried out once; nothing else is checked.
    fn arrive(&mut self, refund: RefundNo, carried_out: bool) {
        self.flying.remove(&refund);
        if self.failed.contains(&refund) || self.executed.contains_key(&refund) {
            return;
        }
        if carried_out {
            let amount = self.payment.refund(refund).unwrap().amount.minor();
            self.executed.insert(refund, amount);
        } else {
            self.failed.insert(refund);
        }
        for (index, trade_no) in TRADES.into_iter().enumerate() {
            let trade_no = world::trade(trade_no);
            let of_trade = |no: &RefundNo| self.payment.refund(*no).unwrap().trade_no == trade_no;
            let back = self.executed.iter().filter(|(no, _)| of_trade(no));
            let back: u64 = back.map(|(_, amount)| amount).sum();
            let taken = matches!(self.truth[index], Truth::Paid(_));
            let most = if taken { world::PRICE } else { 0 };
            assert!(
                back <= most,
                "{back} of {most} fen went back: {:?}",
                self.executed
            );
        }
    }

    fn ask_refund(&mut self, refund: RefundNo, occasion: Occasion) {
        let report = if self.executed.contains_key(&refund) {
            RefundReport::Succeeded
        } else if self.failed.contains(&refund) {
            RefundReport::Failed
        } else {
            RefundReport::NotFound
        };
        self.fact(world::refund_said(refund, occasion, report));
    }

    /// What the channel holds at the end, and what the buyer should have paid.
    fn check_settled(&self) {
        let held: u64 = self
            .truth
            .iter()
            .filter(|truth| matches!(truth, Truth::Paid(_)))
            .map(|_| world::PRICE)
            .sum();
        let back: u64 = self.executed.values().sum();
        let asked_back: u64 = self
            .payment
            .refunds
            .iter()
            .filter(|refund| refund.request.is_some() && self.executed.contains_key(&refund.no))
            .map(|refund| refund.amount.minor())
            .sum();
        let price = match self.payment.state {
            PaymentState::Paid => world::PRICE,
            PaymentState::Closed => 0,
            PaymentState::Created | PaymentState::Paying | PaymentState::Closing => {
                panic!("not settled: {:?}", self.payment.state)
            }
        };
        assert_eq!(held - back, price - asked_back, "{:#?}", self.payment);
        let known = u64::try_from(self.payment.captures.len()).unwrap() * world::PRICE;
        assert_eq!(known, held, "money the channel took and we do not know of");
    }

    /// Faults stop: everything due is done, in its time, until nothing is.
    fn settle(mut self) {
        for _ in 0..60 {
            for refund in std::mem::take(&mut self.flying) {
                self.arrive(refund, true);
            }
            let Some(due) = self.payment.due_at() else {
                return self.check_settled();
            };
            self.now = self.now.max(due);
            for task in self.payment.tasks_due(self.now) {
                self.perform(task);
            }
            self.fact(Fact::Ticked);
        }
        panic!("it never settles: {:#?}", self.payment);
    }

    fn perform(&mut self, task: Task) {
        match task {
            Task::Expire | Task::Book => {}
            Task::Query(no) | Task::Close(no) | Task::Reverse(no) => {
                let index = usize::from(no.attempt() - 1);
                let closes = matches!(task, Task::Close(_));
                // Alipay cannot close an order it does not know.
                if closes && self.truth[index] == Truth::Unknown && self.opened_once(index) {
                    self.truth[index] = Truth::Closed;
                }
                let (version, report) = (self.payment.version, self.report(index));
                self.hear(index, version, report);
            }
            Task::SendRefund(no) => {
                self.begin(no);
                if self.flying.contains(&no) {
                    self.arrive(no, true);
                    self.ask_refund(no, Occasion::Sent);
                }
            }
            Task::AskRefund(no) => self.ask_refund(no, Occasion::Asked(self.payment.version)),
            Task::AwaitReturn(_) => panic!("Alipay returns nothing by itself"),
            Task::Tell(sequence) => self.fact(Fact::Told {
                sequence,
                published: Some(true),
                merchant: Some(MerchantSaid::Taken(200)),
            }),
        }
    }

    /// Every second attempt's link was opened and left, so that both answers occur.
    fn opened_once(&self, index: usize) -> bool {
        index == 1
    }
}

/// Every next place, faults included.
fn nexts(place: &Place) -> Vec<Place> {
    let mut nexts = Vec::new();
    let mut next = |change: &dyn Fn(&mut Place)| {
        let mut to = place.clone();
        change(&mut to);
        nexts.push(to);
    };
    let attempts = place.payment.channel_orders.len();
    for (index, trade_no) in TRADES.into_iter().enumerate().take(attempts) {
        if place.truth[index] == Truth::Unknown {
            // The channel takes nothing after the deadline; the margin is for its clock, not the buyer.
            if place.now <= deadline() {
                next(&|to| to.truth[index] = Truth::Paid(to.now));
            }
            next(&|to| to.truth[index] = Truth::Closed);
        }
        if let Truth::Paid(paid_at) = place.truth[index] {
            next(&|to| {
                to.fact(world::paid(no(index), trade_no, world::PRICE, paid_at));
            });
        }
        next(&|to| to.hear(index, to.payment.version, to.report(index)));
        next(&|to| to.heard_late = Some((index, to.payment.version, to.report(index))));
    }
    if let Some((index, version, report)) = place.heard_late.clone() {
        next(&|to| {
            to.heard_late = None;
            to.hear(index, version, report.clone());
        });
    }
    for refund in &place.payment.refunds {
        let no = refund.no;
        next(&|to| to.begin(no));
        next(&|to| to.ask_refund(no, Occasion::Asked(to.payment.version)));
        if place.flying.contains(&no) {
            next(&|to| to.arrive(no, true));
            next(&|to| to.arrive(no, false));
        }
    }
    let asked = place.payment.version;
    let mut commands = vec![
        Command::Close { asked },
        world::supersede("order-2"),
        world::refund("r-1", 500),
    ];
    if place.payment.channel_orders.len() < WAYS.len() {
        commands.push(world::initiate(WAYS[1], true));
    }
    for command in commands {
        next(&|to| {
            to.command(command.clone());
        });
    }
    for moment in [at(70), deadline(), deadline().plus(world::MARGIN)] {
        if moment > place.now {
            next(&|to| {
                to.now = moment;
                to.fact(Fact::Ticked);
            });
        }
    }
    nexts
}

fn walk(starts: Vec<Place>, depth: usize) -> usize {
    let mut known: HashSet<u64> = HashSet::new();
    let mut edge = starts;
    for _ in 0..depth {
        let mut reached = Vec::new();
        for place in edge.iter().flat_map(nexts) {
            if known.insert(place.print()) {
                place.clone().settle();
                reached.push(place);
            }
        }
        edge = reached;
    }
    known.len()
}

#[test]
fn whatever_a_strict_merchants_buyer_does_in_six_steps_settles() {
    let places = walk(vec![Place::opened(Mode::Strict)], 6);
    assert!(places > 4_000, "{places}");
}

#[test]
fn whatever_a_lenient_merchants_buyer_does_in_six_steps_settles() {
    let places = walk(vec![Place::opened(Mode::Lenient)], 6);
    assert!(places > 10_000, "{places}");
}

#[test]
fn two_paid_pages_settle_whatever_becomes_of_the_refund_in_six_steps() {
    let mut both = Place::opened(Mode::Lenient);
    both.command(world::initiate(WAYS[1], false));
    both.now = at(10);
    both.truth = [Truth::Paid(at(5)), Truth::Paid(at(6))];
    for index in [1, 0] {
        both.hear(index, both.payment.version, both.report(index));
    }
    both.now = at(70).plus(Span::millis(1));
    let places = walk(vec![both], 6);
    assert!(places > 2_000, "{places}");
}
