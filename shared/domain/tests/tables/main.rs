//! Cases of the failure matrix and of the HTTP contract, each a tale and how it must end.
//!
//! A case's name begins with the row it stands for: `F..` for the failure matrix, `contract` for the
//! table of situations in the HTTP contract. Every step of every tale is also held against the laws
//! of `world::laws`.

#![allow(clippy::unwrap_used, clippy::panic)]

mod approvals;
mod boundaries;
mod captures;
mod channels;
mod closing;
mod contract;
mod defects;
mod histories;
mod refunds;
mod returns;
mod reversals;
mod telling;
mod times;
#[path = "../world/mod.rs"]
mod world;

use payonce_domain::{
    Channel, ChannelOrderNo, Command, Fact, Input, Method, Mode, Payment, RefundNo, Report,
    Timestamp, decide,
};
use world::books::Books;
use world::{laws, words};

type Way = (Channel, Method);

const PAGE: Way = (Channel::Alipay, Method::Page);
const WAP: Way = (Channel::Alipay, Method::Wap);
const NATIVE: Way = (Channel::Wechat, Method::Native);
const BANK: Way = (Channel::Unionpay, Method::Gateway);
const CODE: Way = (Channel::Alipay, Method::Code);

/// A payment, what happens to it, and the last answer that was given.
struct Tale {
    payment: Payment,
    books: Books,
    now: Timestamp,
    answer: &'static str,
}

impl Tale {
    /// Opened with a first attempt.
    fn of(mode: Mode, way: Way) -> Self {
        Self::from(world::opened(mode, Some(way)))
    }

    fn from(payment: Payment) -> Self {
        Self {
            payment,
            books: Books::default(),
            now: world::START,
            answer: "added",
        }
    }

    /// It is now so many seconds after the start.
    fn at(self, seconds: u64) -> Self {
        self.when(world::at(seconds))
    }

    fn when(mut self, now: Timestamp) -> Self {
        self.now = now;
        self
    }

    fn fact(mut self, fact: Fact) -> Self {
        self.books.note(&self.payment, &fact);
        let decision = decide::on_fact(&self.payment, fact.clone(), self.now);
        self.answer = if decision.changed() {
            "noted"
        } else {
            "no change"
        };
        self.advance(Input::Fact(fact), decision)
    }

    fn advance(mut self, input: Input, decision: payonce_domain::Decision) -> Self {
        let step = laws::Step {
            before: &self.payment,
            input: &input,
            now: self.now,
            decision: &decision,
            books: &self.books,
        };
        laws::check(&step);
        laws::repeat_is_harmless(&step);
        self.payment = decision.into_payment();
        self
    }

    /// The answer to a query, for the payment as it stands.
    fn asked(self, no: ChannelOrderNo, report: Report) -> Self {
        let fact = world::answered(&self.payment, no, report);
        self.fact(fact)
    }

    fn tick(self) -> Self {
        self.fact(Fact::Ticked)
    }

    fn command(mut self, command: Command) -> Self {
        match decide::on_command(&self.payment, command.clone(), self.now) {
            Ok(decision) => {
                self.answer = words::answer(decision.answer());
                self.advance(Input::Command(command), decision)
            }
            Err(refusal) => {
                self.answer = words::refusal(refusal);
                self
            }
        }
    }

    fn initiate(self, way: Way) -> Self {
        self.command(world::initiate(way, false))
    }

    fn switch(self, way: Way) -> Self {
        self.command(world::initiate(way, true))
    }

    /// Paid in time, told by a notification.
    fn paid(self, no: ChannelOrderNo, trade_no: &str) -> Self {
        self.paid_with(no, trade_no, world::PRICE)
    }

    fn paid_with(self, no: ChannelOrderNo, trade_no: &str, fen: u64) -> Self {
        self.fact(world::paid(no, trade_no, fen, world::at(3)))
    }

    fn close(self) -> Self {
        let asked = self.payment.version;
        self.command(Command::Close { asked })
    }

    fn begin_reversal(self) -> Self {
        let no = self.payment.channel_orders[0].no;
        self.command(Command::BeginReversal { no })
    }

    fn begin(self, no: RefundNo) -> Self {
        self.command(Command::BeginRefund { no })
    }
}

/// How a tale ends: the last answer, then the payment in words.
fn check(name: &str, tale: &Tale, end: &str) {
    let told = format!("{} | {}", tale.answer, words::payment(&tale.payment));
    assert_eq!(told, end, "{name}");
}

/// The number of the first attempt.
fn first(way: Way) -> ChannelOrderNo {
    world::number(way, 1)
}

/// The number of the second attempt.
fn second(way: Way) -> ChannelOrderNo {
    world::number(way, 2)
}
