//! The situations: each a payment that real steps led to, and the attempt it is about.

use super::world::{self, at, deadline};
use payonce_domain::fact::Occasion;
use payonce_domain::time::Span;
use payonce_domain::{
    Channel, ChannelOrderNo, Command, Fact, Method, Mode, Payment, RefundNo, RefundReport, Report,
    Timestamp, decide,
};

/// What a situation's table is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    Attempt,
    Refund(RefundNo),
}

/// A payment to which everything happens once.
pub(crate) struct Situation {
    pub(crate) name: &'static str,
    pub(crate) no: ChannelOrderNo,
    pub(crate) now: Timestamp,
    pub(crate) about: About,
    pub(crate) payment: fn(Mode) -> Payment,
}

type Way = (Channel, Method);
const PAGE: Way = (Channel::Alipay, Method::Page);
const NATIVE: Way = (Channel::Wechat, Method::Native);
const BANK: Way = (Channel::Unionpay, Method::Gateway);
const CODE: Way = (Channel::Alipay, Method::Code);

fn first(way: Way) -> ChannelOrderNo {
    world::number(way, 1)
}

fn second(way: Way) -> ChannelOrderNo {
    world::number(way, 2)
}

fn fact(payment: &Payment, fact: Fact, now: Timestamp) -> Payment {
    decide::on_fact(payment, fact, now).into_payment()
}

fn done(payment: &Payment, command: Command, now: Timestamp) -> Payment {
    decide::on_command(payment, command, now)
        .unwrap()
        .into_payment()
}

fn of(way: Way) -> impl Fn(Mode) -> Payment {
    move |mode| world::opened(mode, Some(way))
}

fn proven_closed(payment: &Payment) -> Payment {
    let no = payment.channel_orders[0].no;
    fact(payment, world::answered(payment, no, Report::Closed), at(5))
}

fn closing_by_merchant(payment: &Payment) -> Payment {
    let asked = payment.version;
    done(payment, Command::Close { asked }, at(4))
}

fn pair(mode: Mode, one: Way, other: Way) -> Payment {
    let payment = of(one)(mode);
    match mode {
        Mode::Lenient => done(&payment, world::initiate(other, false), at(2)),
        // A strict merchant's second attempt comes to be by adoption alone while the first is open.
        Mode::Strict => payment,
    }
}

fn won_by_the_other(mode: Mode, one: Way) -> Payment {
    let payment = pair(mode, one, BANK);
    fact(
        &payment,
        world::paid(second(BANK), "W", world::PRICE, at(3)),
        at(4),
    )
}

fn late() -> Timestamp {
    deadline().plus(Span::seconds(1))
}

/// Paid by the first attempt, and paid again by a second one, which had to be adopted.
fn duplicate(mode: Mode) -> Payment {
    let payment = of(PAGE)(mode);
    let payment = fact(
        &payment,
        world::paid(first(PAGE), "W", world::PRICE, at(3)),
        at(4),
    );
    fact(
        &payment,
        world::paid(second(BANK), "D", world::PRICE, at(3)),
        at(5),
    )
}

fn compensation() -> RefundNo {
    world::reversal(second(BANK), "D")
}

fn sent(mode: Mode) -> Payment {
    done(
        &duplicate(mode),
        Command::BeginRefund { no: compensation() },
        at(6),
    )
}

fn refund_told(payment: &Payment, report: RefundReport) -> Payment {
    fact(
        payment,
        world::refund_said(compensation(), Occasion::Told, report),
        at(7),
    )
}

fn attempt(name: &'static str, way: Way, seconds: u64, payment: fn(Mode) -> Payment) -> Situation {
    Situation {
        name,
        no: first(way),
        now: at(seconds),
        about: About::Attempt,
        payment,
    }
}

fn refund(name: &'static str, payment: fn(Mode) -> Payment) -> Situation {
    Situation {
        no: second(BANK),
        about: About::Refund(compensation()),
        ..attempt(name, PAGE, 120, payment)
    }
}

/// Every situation, in the order of a payment's life.
pub(crate) fn all() -> Vec<Situation> {
    let mut all = open();
    all.extend(closing());
    all.extend(ended());
    all.extend(waiting());
    all.extend(refunds());
    all
}

fn open() -> Vec<Situation> {
    vec![
        attempt("the buyer has not chosen a channel", PAGE, 6, |mode| {
            world::opened(mode, None)
        }),
        attempt("the create is being made", NATIVE, 6, |mode| {
            of(NATIVE)(mode)
        }),
        attempt(
            "the first create stayed unanswered, the second is out",
            NATIVE,
            14,
            |mode| done(&of(NATIVE)(mode), world::initiate(NATIVE, false), at(13)),
        ),
        attempt("the buyer has a link", PAGE, 6, |mode| of(PAGE)(mode)),
        attempt("the channel refused", NATIVE, 6, |mode| {
            fact(&of(NATIVE)(mode), world::refused(first(NATIVE)), at(1))
        }),
        attempt("the channel closed it", PAGE, 6, |mode| {
            proven_closed(&of(PAGE)(mode))
        }),
        attempt("it was paid too late", PAGE, 6, |mode| {
            fact(
                &of(PAGE)(mode),
                world::paid(first(PAGE), "L", world::PRICE, late()),
                at(5),
            )
        }),
        attempt("it was paid with a wrong amount", PAGE, 6, |mode| {
            fact(
                &of(PAGE)(mode),
                world::paid(first(PAGE), "X", 1, at(3)),
                at(5),
            )
        }),
    ]
}

fn closing() -> Vec<Situation> {
    vec![
        attempt("the buyer switches (a strict merchant's)", PAGE, 6, |_| {
            done(
                &of(PAGE)(Mode::Strict),
                world::initiate(NATIVE, true),
                at(4),
            )
        }),
        attempt("refused while another create is out", NATIVE, 14, |mode| {
            let payment = done(&of(NATIVE)(mode), world::initiate(NATIVE, false), at(13));
            fact(&payment, world::refused(first(NATIVE)), at(14))
        }),
        Situation {
            now: deadline().plus(Span::seconds(10)),
            ..attempt("the deadline passed", PAGE, 0, |mode| {
                fact(&of(PAGE)(mode), Fact::Ticked, deadline())
            })
        },
        attempt("the merchant closes", PAGE, 6, |mode| {
            closing_by_merchant(&of(PAGE)(mode))
        }),
        attempt("the buyer ordered again", PAGE, 6, |mode| {
            done(&of(PAGE)(mode), world::supersede("order-2"), at(4))
        }),
    ]
}

fn ended() -> Vec<Situation> {
    vec![
        attempt("it paid", PAGE, 6, |mode| {
            fact(
                &of(PAGE)(mode),
                world::paid(first(PAGE), "W", world::PRICE, at(3)),
                at(4),
            )
        }),
        attempt("another attempt paid", PAGE, 6, |mode| {
            won_by_the_other(mode, PAGE)
        }),
        attempt(
            "another attempt paid, this one was closed",
            PAGE,
            6,
            |mode| proven_closed(&won_by_the_other(mode, PAGE)),
        ),
        attempt(
            "another attempt paid, this one had failed",
            NATIVE,
            6,
            |mode| {
                let payment = fact(&of(NATIVE)(mode), world::refused(first(NATIVE)), at(1));
                let payment = done(&payment, world::initiate(BANK, false), at(2));
                fact(
                    &payment,
                    world::paid(second(BANK), "W", world::PRICE, at(3)),
                    at(4),
                )
            },
        ),
        attempt("closed without money", PAGE, 6, |mode| {
            proven_closed(&closing_by_merchant(&of(PAGE)(mode)))
        }),
        attempt("closed, its attempt had failed", NATIVE, 6, |mode| {
            let payment = fact(&of(NATIVE)(mode), world::refused(first(NATIVE)), at(1));
            closing_by_merchant(&payment)
        }),
        attempt("paid while the merchant closed", PAGE, 6, |mode| {
            let payment = closing_by_merchant(&of(PAGE)(mode));
            fact(
                &payment,
                world::paid(first(PAGE), "L", world::PRICE, at(3)),
                at(5),
            )
        }),
    ]
}

fn reversing(mode: Mode) -> Payment {
    let payment = closing_by_merchant(&of(CODE)(mode));
    done(&payment, Command::BeginReversal { no: first(CODE) }, at(5))
}

fn waiting() -> Vec<Situation> {
    vec![
        attempt("a payment code is being reversed", CODE, 6, reversing),
        attempt("a success met the reversal", CODE, 6, |mode| {
            fact(
                &reversing(mode),
                world::paid(first(CODE), "S", world::PRICE, at(3)),
                at(5),
            )
        }),
        attempt("it was reversed", CODE, 6, |mode| {
            let said = payonce_domain::ReversalReport::Reversed;
            fact(
                &reversing(mode),
                world::reversal_said(first(CODE), said),
                at(5),
            )
        }),
        Situation {
            now: deadline().plus(Span::seconds(10)),
            ..attempt("UnionPay took it too late", BANK, 0, |mode| {
                let payment = fact(&of(BANK)(mode), Fact::Ticked, deadline());
                let paid = world::paid(first(BANK), "U", world::PRICE, late());
                fact(&payment, paid, deadline().plus(Span::seconds(5)))
            })
        },
    ]
}

fn refunds() -> Vec<Situation> {
    vec![
        refund("a compensation is due", duplicate),
        refund("a compensation is held for an hour", |mode| {
            let until = at(3_600);
            let no = compensation();
            done(&duplicate(mode), Command::HoldRefund { no, until }, at(6))
        }),
        refund("a compensation was sent", sent),
        refund("a compensation was accepted", |mode| {
            refund_told(&sent(mode), RefundReport::Accepted)
        }),
        refund("a compensation needs a person", |mode| {
            refund_told(&sent(mode), RefundReport::NeedsPerson)
        }),
        refund("a compensation succeeded", |mode| {
            refund_told(&sent(mode), RefundReport::Succeeded)
        }),
        refund("a compensation failed for good", |mode| {
            refund_told(&sent(mode), RefundReport::Failed)
        }),
    ]
}
