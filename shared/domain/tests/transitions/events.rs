//! The events: every kind of fact and command, about one attempt or about one refund.

use super::situations::{About, Situation};
use super::world::{self, at, deadline};
use payonce_domain::fact::Occasion;
use payonce_domain::time::Span;
use payonce_domain::{
    Channel, ChannelOrderNo, Command, CreateAnswer, Fact, Input, Method, Payment, RefundNo,
    RefundReport, Report, ReversalReport, Source, Timestamp, Version,
};

/// What happens, given the payment as it stands and the attempt it is about.
type Happening = dyn Fn(&Payment, ChannelOrderNo) -> Input;

/// Something that happens, at its own time where that matters.
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) when: Option<Timestamp>,
    pub(crate) input: Box<Happening>,
}

fn event(name: &str, input: impl Fn(&Payment, ChannelOrderNo) -> Input + 'static) -> Event {
    Event {
        name: name.to_owned(),
        when: None,
        input: Box::new(input),
    }
}

fn fact(name: &str, fact: impl Fn(&Payment, ChannelOrderNo) -> Fact + 'static) -> Event {
    event(name, move |payment, no| Input::Fact(fact(payment, no)))
}

fn command(name: &str, command: impl Fn(&Payment, ChannelOrderNo) -> Command + 'static) -> Event {
    event(name, move |payment, no| {
        Input::Command(command(payment, no))
    })
}

fn then(when: Timestamp, event: Event) -> Event {
    Event {
        when: Some(when),
        ..event
    }
}

fn before(payment: &Payment) -> Occasion {
    Occasion::Asked(Version(payment.version.0 - 1))
}

/// Every event that belongs into the table of this situation.
pub(crate) fn all(situation: &Situation) -> Vec<Event> {
    match situation.about {
        About::Attempt => {
            let mut all = captures();
            all.extend(answers());
            all.extend(commands());
            all
        }
        About::Refund(no) => refunds(no),
    }
}

fn captures() -> Vec<Event> {
    let late = deadline().plus(Span::seconds(1));
    let money = |trade_no: &'static str, fen, paid_at, source| {
        move |_: &Payment, no| world::paid_by(no, source, trade_no, fen, paid_at)
    };
    let told = Source::Notification;
    let again = move |payment: &Payment, no| match payment.captures.first() {
        Some(c) => world::paid(
            c.channel_order_no,
            c.trade_no.as_str(),
            c.amount.minor(),
            c.paid_at,
        ),
        None => world::said(no, told, Occasion::Told, Report::NoAnswer),
    };
    let otherwise = move |payment: &Payment, no| match payment.captures.first() {
        Some(c) => {
            let amount = if c.amount.minor() == world::PRICE {
                1
            } else {
                world::PRICE
            };
            let (no, trade_no) = (c.channel_order_no, c.trade_no.as_str());
            world::paid_by(no, Source::Bill, trade_no, amount, c.paid_at)
        }
        None => world::said(no, told, Occasion::Told, Report::NoAnswer),
    };
    vec![
        fact("paid in time", money("N", world::PRICE, at(3), told)),
        fact("paid too late", money("N", world::PRICE, late, told)),
        fact("paid, wrong amount", money("N", 1, at(3), told)),
        fact(
            "paid, an unsigned hint",
            money("N", world::PRICE, at(3), Source::Hint),
        ),
        fact("the first capture is told again", again),
        fact(
            "the bill has another amount for the first capture",
            otherwise,
        ),
    ]
}

fn answers() -> Vec<Event> {
    let asked =
        |report: Report| move |payment: &Payment, no| world::answered(payment, no, report.clone());
    let reversal = |report| move |_: &Payment, no| world::reversal_said(no, report);
    vec![
        fact("create answered: made", |_, no| world::made(no, "qr", None)),
        fact("create answered: taken", |_, no| Fact::CreateAnswered {
            no,
            answer: CreateAnswer::Taken,
        }),
        fact("create answered: refused", |_, no| world::refused(no)),
        fact(
            "query: taken, and will go back by itself",
            asked(Report::TakenLate {
                trade_no: world::trade("N"),
                amount: world::fen(world::PRICE),
                paid_at: at(3),
            }),
        ),
        fact("query: unpaid", asked(Report::Unpaid)),
        fact("query: no answer", asked(Report::NoAnswer)),
        fact("query: closed", asked(Report::Closed)),
        fact("query of an older version: closed", |payment, no| {
            world::said(no, Source::Query, before(payment), Report::Closed)
        }),
        fact("notification: closed", |_, no| {
            world::said(no, Source::Notification, Occasion::Told, Report::Closed)
        }),
        fact("query: not found", asked(Report::NotFound)),
        then(
            deadline().plus(world::MARGIN),
            fact("query, the margin over: not found", asked(Report::NotFound)),
        ),
        fact("reversal: reversed", reversal(ReversalReport::Reversed)),
        fact(
            "reversal: nothing taken",
            reversal(ReversalReport::NothingTaken),
        ),
        fact("reversal: refused", reversal(ReversalReport::Refused)),
        fact("reversal: again", reversal(ReversalReport::Again)),
        fact("the channel returned all of it", |_, no| {
            world::returned(no, "row", world::PRICE)
        }),
        fact("the channel returned 700 of it", |_, no| {
            world::returned(no, "row", 700)
        }),
        fact("the files show no return", |payment, _| {
            Fact::ReturnAbsent {
                trade_no: payment
                    .captures
                    .first()
                    .map_or_else(|| world::trade("none"), |c| c.trade_no.clone()),
            }
        }),
        then(deadline(), fact("the deadline comes", |_, _| Fact::Ticked)),
    ]
}

fn commands() -> Vec<Event> {
    vec![
        command("the same request", |_, no| {
            world::initiate((no.channel(), no.method()), false)
        }),
        command("another channel", |_, _| world::initiate(ANOTHER, false)),
        command("another channel, switch", |_, _| {
            world::initiate(ANOTHER, true)
        }),
        command("another amount", |_, no| Command::Initiate {
            amount: world::fen(1),
            subject: "tea".to_owned(),
            choice: Some(world::choice((no.channel(), no.method()))),
            switch: false,
        }),
        command("close", |payment, _| Command::Close {
            asked: payment.version,
        }),
        command("close, asked at an older version", |payment, _| {
            Command::Close {
                asked: Version(payment.version.0 - 1),
            }
        }),
        command("the buyer orders again", |_, _| world::supersede("order-2")),
        command("the buyer orders again, elsewhere", |_, _| {
            world::supersede("order-3")
        }),
        command("merchant refund of 500", |_, _| world::refund("r-1", 500)),
        command("an appeal gives back 500", |_, _| world::settle("x", 500)),
        command("merchant refund of 2000", |_, _| {
            world::refund("r-1", 2_000)
        }),
        command("it cannot be asked about for an hour", |_, no| {
            Command::HoldChannelOrder {
                no,
                until: at(3_600),
            }
        }),
        command("a reversal begins", |_, no| Command::BeginReversal { no }),
    ]
}

/// A way to pay that no situation's own attempt uses.
const ANOTHER: (Channel, Method) = (Channel::Wechat, Method::H5);

fn refunds(no: RefundNo) -> Vec<Event> {
    let words = [
        ("succeeded", RefundReport::Succeeded),
        ("accepted", RefundReport::Accepted),
        ("failed for good", RefundReport::Failed),
        ("not yet", RefundReport::NotYet),
        ("needs a person", RefundReport::NeedsPerson),
        ("not found", RefundReport::NotFound),
        ("no answer", RefundReport::NoAnswer),
    ];
    let mut all = vec![
        command("it is about to be sent", move |_, _| Command::BeginRefund {
            no,
        }),
        command("it is held for two hours", move |_, _| {
            Command::HoldRefund {
                no,
                until: at(7_200),
            }
        }),
        command("a person has it sent again", move |payment, _| {
            Command::ResumeRefund {
                no,
                asked: payment.version,
            }
        }),
        command("merchant refund of 500", |_, _| world::refund("r-1", 500)),
    ];
    for (word, report) in words {
        let said = move |occasion: fn(&Payment) -> Occasion| {
            move |payment: &Payment, _: ChannelOrderNo| {
                world::refund_said(no, occasion(payment), report)
            }
        };
        all.push(fact(
            &format!("sent, answered: {word}"),
            said(|_| Occasion::Sent),
        ));
        all.push(fact(
            &format!("asked, answered: {word}"),
            said(|payment| Occasion::Asked(payment.version)),
        ));
        all.push(fact(
            &format!("asked of an older version: {word}"),
            said(before),
        ));
        all.push(fact(&format!("told: {word}"), said(|_| Occasion::Told)));
    }
    for total in [world::PRICE, 2 * world::PRICE] {
        let name = format!("the channel returned {total} in all");
        all.push(fact(&name, move |_, order| {
            world::returned(order, "row", total)
        }));
    }
    all.push(fact("500 more was returned by hand", |_, order| {
        world::returned_alone(order, "by-hand", 500)
    }));
    all
}
