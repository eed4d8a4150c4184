//! Long random sequences, at random times that may run backwards by minutes.
//!
//! Small worlds see every short sequence; these see long ones: many attempts, many generations,
//! clocks of different writers that disagree. The laws are the same.

#![allow(clippy::unwrap_used, clippy::panic)]

mod world;

use payonce_domain::fact::Occasion;
use payonce_domain::history::replay;
use payonce_domain::time::Span;
use payonce_domain::{
    Channel, ChannelOrderNo, Command, Fact, Input, MerchantSaid, Method, Mode, Payment,
    PaymentState, RefundNo, RefundReport, Report, ReversalReport, Source, Timestamp, Version,
    decide,
};
use proptest::prelude::*;
use world::books::Books;
use world::{at, deadline, laws};

const WAYS: [(Channel, Method); 6] = [
    (Channel::Alipay, Method::Page),
    (Channel::Alipay, Method::Wap),
    (Channel::Wechat, Method::Native),
    (Channel::Wechat, Method::H5),
    (Channel::Unionpay, Method::Gateway),
    (Channel::Alipay, Method::Code),
];

/// What happens, still without the payment it happens to.
#[derive(Debug, Clone)]
struct Happening {
    kind: u8,
    which: usize,
    trade: u8,
    amount: u8,
    source: Source,
    occasion: u8,
    /// How the clock of whoever writes this moved since the last write, in seconds; may be negative.
    clock: i64,
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let source = prop_oneof![
        Just(Source::Hint),
        Just(Source::Notification),
        Just(Source::Query),
        Just(Source::Bill),
    ];
    let clock = prop_oneof![
        6 => 0i64..40,
        2 => -300i64..0,
        1 => 60i64..1_500,
        1 => Just(200_000i64),
    ];
    let one = (0u8..32, 0usize..8, 0u8..3, 0u8..8, source, 0u8..4, clock);
    let happening =
        one.prop_map(
            |(kind, which, trade, amount, source, occasion, clock)| Happening {
                kind,
                which,
                trade,
                amount,
                source,
                occasion,
                clock,
            },
        );
    prop::collection::vec(happening, 1..60)
}

fn occasion(payment: &Payment, pick: u8) -> Occasion {
    match pick {
        0 => Occasion::Told,
        1 => Occasion::Sent,
        2 => Occasion::Asked(Version(payment.version.0.saturating_sub(1))),
        _ => Occasion::Asked(payment.version),
    }
}

/// An attempt of the payment, or now and then one that it does not hold.
fn attempt(payment: &Payment, which: usize) -> ChannelOrderNo {
    let known = payment.channel_orders.get(which).map(|order| order.no);
    known.unwrap_or_else(|| world::number(WAYS[which % WAYS.len()], 40))
}

fn input(payment: &Payment, happening: &Happening, now: Timestamp) -> Input {
    let no = attempt(payment, happening.which);
    let when = occasion(payment, happening.occasion);
    let said = |report| world::said(no, happening.source, when, report);
    match happening.kind {
        0..=5 => {
            let trade_no = format!("{no}-{}", happening.trade);
            let amount = match happening.amount {
                0 => 1,
                1 => world::PRICE + 1,
                _ => world::PRICE,
            };
            let late = happening.amount == 7;
            let paid_at = if late {
                deadline().plus(Span::seconds(1))
            } else {
                now.min(deadline())
            };
            Input::Fact(said(world::paid_report(&trade_no, amount, paid_at)))
        }
        6 => Input::Fact(said(Report::Closed)),
        7 => Input::Fact(said(Report::NotFound)),
        8 => Input::Fact(said(Report::Unpaid)),
        9 => Input::Fact(world::made(no, "qr", Some(now.plus(Span::minutes(5))))),
        10 => Input::Fact(world::refused(no)),
        11 => Input::Fact(world::reversal_said(no, ReversalReport::Reversed)),
        12 if happening.trade.is_multiple_of(2) => {
            Input::Fact(world::reversal_said(no, ReversalReport::NothingTaken))
        }
        12 => Input::Fact(world::reversal_said(no, ReversalReport::Refused)),
        13 if happening.trade.is_multiple_of(2) => {
            let until = now.plus(Span::minutes(1));
            Input::Command(Command::HoldChannelOrder { no, until })
        }
        13 => Input::Command(Command::BeginReversal { no }),
        14 if happening.trade.is_multiple_of(3) => {
            let return_no = format!("by-hand-{}", happening.which);
            let fen = u64::from(happening.amount) * 300;
            Input::Fact(world::returned_alone(no, &return_no, fen))
        }
        14 => Input::Fact(world::returned(
            no,
            "row",
            u64::from(happening.amount) * 500,
        )),
        15 => Input::Fact(Fact::ReturnAbsent {
            trade_no: world::trade(&format!("{no}-{}", happening.trade)),
        }),
        16 => Input::Command(Command::Close {
            asked: payment.version,
        }),
        17 => Input::Command(world::supersede("order-2")),
        18..=20 => {
            let way = WAYS[happening.which % WAYS.len()];
            Input::Command(world::initiate(way, happening.kind == 18))
        }
        21 | 22 => {
            let own = format!("r-{}", happening.which);
            Input::Command(world::refund(&own, u64::from(happening.amount) * 300))
        }
        23 => Input::Fact(told(payment, happening, now)),
        24 if happening.amount == 0 => Input::Command(Command::TellAgain),
        24 | 25 => Input::Fact(Fact::Ticked),
        _ => about_a_refund(payment, happening, now),
    }
}

fn told(payment: &Payment, happening: &Happening, now: Timestamp) -> Fact {
    let list = &payment.announcements;
    let said = match happening.amount {
        0 | 1 => Some(MerchantSaid::Taken(200)),
        2 => Some(MerchantSaid::Refused(500)),
        3 => Some(MerchantSaid::Refused(410)),
        4 => Some(MerchantSaid::Silent),
        5 => Some(MerchantSaid::Held(now.plus(Span::minutes(1)))),
        _ => None,
    };
    Fact::Told {
        sequence: match list.len() {
            0 => 1,
            count => list[happening.which % count].sequence,
        },
        published: [None, Some(true), Some(false)]
            .get(usize::from(happening.trade % 3))
            .copied()
            .flatten(),
        merchant: said,
    }
}

fn about_a_refund(payment: &Payment, happening: &Happening, now: Timestamp) -> Input {
    let count = payment.refunds.len();
    if count == 0 {
        return Input::Fact(Fact::Ticked);
    }
    let newest_first = count - 1 - happening.which % count;
    let no: RefundNo = payment.refunds[newest_first].no;
    let report = match happening.amount {
        0 | 1 => RefundReport::Succeeded,
        2 => RefundReport::Accepted,
        3 => RefundReport::Failed,
        4 => RefundReport::NotYet,
        5 => RefundReport::NeedsPerson,
        6 => RefundReport::NotFound,
        _ => RefundReport::NoAnswer,
    };
    match happening.kind {
        26 | 27 => Input::Command(Command::BeginRefund { no }),
        28 if happening.trade.is_multiple_of(2) => Input::Command(Command::ResumeRefund {
            no,
            asked: payment.version,
        }),
        28 => Input::Command(Command::HoldRefund {
            no,
            until: now.plus(Span::minutes(10)),
        }),
        _ => {
            let occasion = occasion(payment, happening.occasion);
            Input::Fact(world::refund_said(no, occasion, report))
        }
    }
}

fn moved(now: Timestamp, seconds: i64) -> Timestamp {
    let span = Span::seconds(seconds.unsigned_abs());
    if seconds < 0 {
        now.minus(span)
    } else {
        now.plus(span)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    /// F14, F59, F70: among the laws: whatever is open or owed has a time at which it is looked at.
    #[test]
    fn the_laws_hold_however_long_it_goes_on(
        strict: bool,
        way in 0usize..6,
        happenings in happenings(),
    ) {
        let mode = if strict { Mode::Strict } else { Mode::Lenient };
        let choice = Some(world::choice(WAYS[way]));
        let opening = decide::open(world::terms(mode), choice, world::START).unwrap();
        let mut history: Vec<_> = opening.entry().cloned().into_iter().collect();
        let mut payment = opening.into_payment();
        let mut books = Books::default();
        let mut now = world::START;
        for happening in &happenings {
            now = moved(now, happening.clock);
            let input = input(&payment, happening, now);
            let decision = match &input {
                Input::Opened { .. } => continue,
                Input::Fact(fact) => {
                    books.note(&payment, fact);
                    decide::on_fact(&payment, fact.clone(), now)
                }
                Input::Command(command) => match decide::on_command(&payment, command.clone(), now) {
                    Ok(decision) => decision,
                    Err(_) => continue,
                },
            };
            let step = laws::Step { before: &payment, input: &input, now, decision: &decision, books: &books };
            laws::check(&step);
            laws::repeat_is_harmless(&step);
            history.extend(decision.entry().cloned());
            payment = decision.into_payment();
        }
        prop_assert_eq!(replay(&history), Ok(payment));
    }

    /// F29: told in either order, the money ends in the same place.
    #[test]
    fn the_order_of_two_reports_does_not_change_where_the_money_ends(
        beginning in 0u8..5,
        reports in prop::collection::vec((0usize..2, 0u8..2, 0u8..3, any::<bool>()), 2..=4),
        turn in 0usize..4,
    ) {
        let both = decide::on_command(
            &world::opened(Mode::Lenient, Some(WAYS[0])),
            world::initiate(WAYS[1], false),
            at(1),
        ).unwrap().into_payment();
        let (payment, now) = begun(&both, beginning);
        let facts: Vec<_> = reports.iter().enumerate().map(|(index, (which, kind, amount, late))| {
            let no = payment.channel_orders[*which].no;
            let amount = if *amount == 0 { 1 } else { world::PRICE };
            let paid_at = if *late { deadline().plus(Span::seconds(9)) } else { at(60) };
            let source = if *kind == 0 { Source::Notification } else { Source::Query };
            world::paid_by(no, source, &format!("T{index}"), amount, paid_at)
        }).collect();
        let mut turned = facts.clone();
        turned.rotate_left(turn % facts.len());
        let ends = |facts: Vec<Fact>| {
            let told = |payment: Payment, fact| decide::on_fact(&payment, fact, now).into_payment();
            let view = facts.into_iter().fold(payment.clone(), told).money().unwrap();
            (view.captured, view.applied, view.refund_due, view.refunded, view.suspense)
        };
        // A closed payment stays closed: what comes after the last open attempt ended is late. So the
        // two attempts are told of in any order only while both are open, or all of one is told first.
        let one_each = reports.iter().all(|report| report.0 == reports[0].0)
            || matches!(payment.state, PaymentState::Paying);
        if one_each || beginning == 2 || beginning == 3 {
            prop_assert_eq!(ends(facts), ends(turned));
        }
    }

    /// F26, F34: told again, however late, it moves nothing.
    #[test]
    fn a_fact_told_again_later_changes_no_money(
        happenings in happenings(),
        again in 0usize..60,
    ) {
        let mut payment = world::opened(Mode::Lenient, Some(WAYS[0]));
        let mut told = Vec::new();
        let mut now = world::START;
        for happening in &happenings {
            now = moved(now, happening.clock);
            match input(&payment, happening, now) {
                Input::Fact(fact) => {
                    payment = decide::on_fact(&payment, fact.clone(), now).into_payment();
                    told.push(fact);
                }
                Input::Command(command) => {
                    if let Ok(decision) = decide::on_command(&payment, command, now) {
                        payment = decision.into_payment();
                    }
                }
                Input::Opened { .. } => {}
            }
        }
        let paid: Vec<_> = told.into_iter().filter(|fact| matches!(
            fact,
            Fact::Reported { report: Report::Paid { .. }, .. } | Fact::Reported { report: Report::Closed, .. }
        )).collect();
        if let Some(fact) = paid.get(again % paid.len().max(1)) {
            let later = now.plus(Span::days(1));
            let money = decide::on_fact(&payment, fact.clone(), later).payment().money().unwrap();
            let before = payment.money().unwrap();
            let same = money == before;
            let contradicted = !payment.cases.is_empty();
            prop_assert!(same || contradicted, "{before:?} became {money:?}");
        }
    }
}

/// The payment with two open attempts after something that bears on what a success means.
fn begun(payment: &Payment, beginning: u8) -> (Payment, Timestamp) {
    let command = |command| {
        decide::on_command(payment, command, at(2))
            .unwrap()
            .into_payment()
    };
    match beginning {
        0 => (payment.clone(), at(90)),
        1 => {
            let ticked = decide::on_fact(payment, Fact::Ticked, deadline());
            (ticked.into_payment(), deadline().plus(Span::seconds(30)))
        }
        2 => (
            command(Command::Close {
                asked: payment.version,
            }),
            at(90),
        ),
        3 => (command(world::supersede("order-2")), at(90)),
        _ => {
            let no = payment.channel_orders[0].no;
            let closed =
                decide::on_fact(payment, world::answered(payment, no, Report::Closed), at(2));
            (closed.into_payment(), at(90))
        }
    }
}
