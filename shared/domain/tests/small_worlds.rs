//! Small worlds, walked whole: every sequence of a few facts and commands, in both modes.
//!
//! A decision depends on the payment and the time alone, so two sequences that lead to the same
//! payment have the same futures, and one of them stands for both. That is how a search over all
//! sequences ends in seconds. After each step every law of `world::laws` is checked, the step is
//! made a second time, and the history is replayed from its beginning.
//!
//! In these worlds channels may say anything in any order, lies included; the books are kept from
//! what was said. `honest_channels.rs` asks what happens to real money where channels tell the truth.

#![allow(clippy::unwrap_used, clippy::panic)]

mod world;

use std::collections::HashSet;

use payonce_domain::fact::Occasion;
use payonce_domain::history::replay;
use payonce_domain::time::Span;
use payonce_domain::{
    Channel, Command, Entry, Fact, Input, Method, Mode, Payment, RefundReport, Report,
    ReversalReport, Source, Timestamp, Version, decide,
};
use world::books::Books;
use world::{at, deadline, fingerprint, laws};

type Way = (Channel, Method);

/// One place in a search.
#[derive(Clone)]
struct Place {
    payment: Payment,
    history: Vec<Entry>,
    books: Books,
    now: Timestamp,
}

/// What may happen next at a place, and when.
type Alphabet = fn(&Place, [Way; 2]) -> Vec<(Input, Timestamp)>;

/// What a search saw, so that a world that grew too small is noticed.
#[derive(Debug, Default)]
struct Seen {
    places: usize,
    steps: usize,
    paid: usize,
    closed: usize,
    returning: usize,
    returned: usize,
}

/// Walks every sequence of `depth` steps from each of `starts`.
fn walk(starts: Vec<Place>, ways: [Way; 2], alphabet: Alphabet, depth: usize) -> Seen {
    let mut seen = Seen::default();
    let mut known: HashSet<u64> = HashSet::new();
    let mut edge = starts;
    for _ in 0..depth {
        let mut next = Vec::new();
        for place in &edge {
            for (input, now) in alphabet(place, ways) {
                seen.steps += 1;
                let Some(reached) = step(place, input, now) else {
                    continue;
                };
                let print = fingerprint::of(&reached.payment, (&reached.books, reached.now));
                if known.insert(print) {
                    let view = reached.payment.money().unwrap();
                    seen.paid += usize::from(!view.applied.is_zero());
                    seen.returning += usize::from(!view.refund_due.is_zero());
                    seen.returned += usize::from(!view.refunded.is_zero());
                    seen.closed +=
                        usize::from(reached.payment.state == payonce_domain::PaymentState::Closed);
                    // One in eight, picked by chance: a history is as long as the walk.
                    if print % 8 == 0 {
                        assert_eq!(replay(&reached.history).as_ref(), Ok(&reached.payment));
                    }
                    next.push(reached);
                }
            }
        }
        edge = next;
    }
    seen.places = known.len();
    seen
}

/// One step and all its laws; `None` where nothing came of it.
fn step(place: &Place, input: Input, now: Timestamp) -> Option<Place> {
    let mut books = place.books.clone();
    let decision = match &input {
        Input::Opened { .. } => return None,
        Input::Fact(fact) => {
            books.note(&place.payment, fact);
            decide::on_fact(&place.payment, fact.clone(), now)
        }
        Input::Command(command) => decide::on_command(&place.payment, command.clone(), now).ok()?,
    };
    let made = laws::Step {
        before: &place.payment,
        input: &input,
        now,
        decision: &decision,
        books: &books,
    };
    laws::check(&made);
    laws::repeat_is_harmless(&made);
    let mut history = place.history.clone();
    history.extend(decision.entry().cloned());
    Some(Place {
        payment: decision.into_payment(),
        history,
        books,
        now,
    })
}

fn opened(mode: Mode, way: Way) -> Place {
    let decision = decide::open(world::terms(mode), Some(world::choice(way)), world::START);
    let decision = decision.unwrap();
    Place {
        history: decision.entry().cloned().into_iter().collect(),
        payment: decision.into_payment(),
        books: Books::default(),
        now: world::START,
    }
}

/// The place a sequence leads to.
fn led(from: Place, inputs: impl IntoIterator<Item = Input>) -> Place {
    inputs.into_iter().fold(from, |place, input| {
        let now = place.now;
        step(&place, input, now).unwrap()
    })
}

/// The moments at which a decision may change its mind.
fn moments() -> [Timestamp; 5] {
    [
        at(6),
        deadline().minus(Span::seconds(60)),
        deadline().plus(Span::seconds(1)),
        deadline().plus(world::MARGIN),
        deadline().plus(Span::days(2)),
    ]
}

fn ticks(place: &Place) -> impl Iterator<Item = (Input, Timestamp)> + use<> {
    let now = place.now;
    let later = moments().into_iter().filter(move |moment| *moment > now);
    let times = std::iter::once(now).chain(later);
    times.map(|time| (Input::Fact(Fact::Ticked), time))
}

/// Two attempts, what matters most of what channels may say of them, and every way to end them.
fn captures_and_closings(place: &Place, ways: [Way; 2]) -> Vec<(Input, Timestamp)> {
    let (payment, now) = (&place.payment, place.now);
    let (first, second) = (world::number(ways[0], 1), world::number(ways[1], 2));
    let late = deadline().plus(Span::seconds(1));
    let mut all: Vec<_> = [
        Input::Fact(world::paid(first, "A", world::PRICE, at(3))),
        Input::Fact(world::paid(first, "A", 1, at(3))),
        Input::Fact(world::answered(payment, first, Report::Closed)),
        Input::Fact(world::answered(payment, first, Report::NotFound)),
        Input::Fact(world::paid(second, "B", world::PRICE, at(3))),
        Input::Fact(world::paid(second, "B", world::PRICE, late)),
        Input::Fact(world::answered(payment, second, Report::NotFound)),
        Input::Command(Command::Close {
            asked: payment.version,
        }),
        Input::Command(world::supersede("order-2")),
        Input::Command(world::initiate(ways[1], false)),
        Input::Command(world::initiate(ways[1], true)),
    ]
    .into_iter()
    .map(|input| (input, now))
    .collect();
    let later = [at(6), late, deadline().plus(world::MARGIN)];
    let ticks = later.into_iter().filter(|moment| *moment > now);
    all.extend(ticks.map(|moment| (Input::Fact(Fact::Ticked), moment)));
    all
}

/// Two attempts and everything channels may say of their money, wrong words and late ones included.
fn whatever_channels_say(place: &Place, ways: [Way; 2]) -> Vec<(Input, Timestamp)> {
    let (payment, now) = (&place.payment, place.now);
    let stale = Occasion::Asked(Version(payment.version.0.wrapping_sub(1)));
    let mut facts = Vec::new();
    for (index, own) in [(0, ["A", "AA"]), (1, ["B", "BB"])] {
        let no = world::number(ways[index], if index == 0 { 1 } else { 2 });
        facts.extend([
            world::paid(no, own[0], world::PRICE, at(3)),
            world::paid(no, own[0], 1, at(3)),
            world::paid_by(no, Source::Bill, own[0], world::PRICE, at(3)),
            world::paid(no, own[0], world::PRICE, deadline().plus(Span::seconds(1))),
            world::paid(no, own[1], world::PRICE, at(3)),
            world::paid(no, own[1], 1, at(3)),
            world::answered(payment, no, Report::Closed),
            world::said(no, Source::Query, stale, Report::Closed),
            world::answered(payment, no, Report::NotFound),
            world::returned(no, "back", world::PRICE),
        ]);
    }
    let commands = [
        Command::Close {
            asked: payment.version,
        },
        world::supersede("order-2"),
        world::initiate(ways[1], false),
        world::initiate(ways[1], true),
    ];
    let facts = facts.into_iter().map(Input::Fact);
    let commands = commands.into_iter().map(Input::Command);
    let mut all: Vec<_> = facts.chain(commands).map(|input| (input, now)).collect();
    all.extend(ticks(place));
    all
}

/// Money on its way back, and everything channels may say of that.
fn refunds(place: &Place, ways: [Way; 2]) -> Vec<(Input, Timestamp)> {
    let (payment, now) = (&place.payment, place.now);
    let asked = Occasion::Asked(payment.version);
    let mut all = vec![
        Input::Command(world::refund("r-1", 500)),
        Input::Command(world::refund("r-2", world::PRICE)),
    ];
    for (index, way) in ways.into_iter().enumerate() {
        let no = world::number(way, if index == 0 { 1 } else { 2 });
        all.push(Input::Fact(world::returned(no, "back", 700)));
        all.push(Input::Fact(world::returned(no, "back-2", world::PRICE)));
    }
    for refund in &payment.refunds {
        let no = refund.no;
        all.push(Input::Command(Command::BeginRefund { no }));
        all.push(Input::Command(Command::ResumeRefund {
            no,
            asked: payment.version,
        }));
        for (occasion, report) in [
            (Occasion::Told, RefundReport::Succeeded),
            (Occasion::Told, RefundReport::Failed),
            (Occasion::Sent, RefundReport::Accepted),
            (Occasion::Sent, RefundReport::Failed),
            (Occasion::Sent, RefundReport::NotYet),
            (asked, RefundReport::NeedsPerson),
            (asked, RefundReport::NotFound),
        ] {
            all.push(Input::Fact(world::refund_said(no, occasion, report)));
        }
    }
    let mut all: Vec<_> = all.into_iter().map(|input| (input, now)).collect();
    let later = now.plus(Span::hours(2));
    all.push((Input::Fact(Fact::Ticked), later));
    all
}

/// A payment code whose outcome is unknown and which is being reversed.
fn reversals(place: &Place, ways: [Way; 2]) -> Vec<(Input, Timestamp)> {
    let (payment, now) = (&place.payment, place.now);
    let no = world::number(ways[0], 1);
    let inputs = [
        Input::Command(Command::BeginReversal { no }),
        Input::Command(Command::Close {
            asked: payment.version,
        }),
        Input::Command(world::initiate(ways[0], false)),
        Input::Command(world::initiate(ways[1], false)),
        Input::Command(world::initiate(ways[1], true)),
        Input::Fact(world::reversal_said(no, ReversalReport::Reversed)),
        Input::Fact(world::reversal_said(no, ReversalReport::NothingTaken)),
        Input::Fact(world::reversal_said(no, ReversalReport::Refused)),
        Input::Fact(world::reversal_said(no, ReversalReport::Again)),
        Input::Fact(world::refused(no)),
        Input::Fact(world::made(no, "code", None)),
        Input::Fact(world::paid(no, "A", world::PRICE, at(3))),
        Input::Fact(world::paid(no, "A", 1, at(3))),
        Input::Fact(world::paid(no, "AA", world::PRICE, at(3))),
        Input::Fact(world::answered(payment, no, Report::Closed)),
        Input::Fact(world::answered(payment, no, Report::NotFound)),
        Input::Fact(world::returned(no, "back", world::PRICE)),
        Input::Fact(world::returned(no, "back", 700)),
    ];
    let mut all: Vec<_> = inputs.into_iter().map(|input| (input, now)).collect();
    for refund in &payment.refunds {
        let no = refund.no;
        for report in [RefundReport::Succeeded, RefundReport::Failed] {
            let fact = world::refund_said(no, Occasion::Told, report);
            all.push((Input::Fact(fact), now));
        }
    }
    all.extend(ticks(place));
    all
}

/// An attempt made by calls of ours, repeated and answered late, beside a bank's page that returns
/// late money by itself.
fn calls_and_late_money(place: &Place, ways: [Way; 2]) -> Vec<(Input, Timestamp)> {
    let (payment, now) = (&place.payment, place.now);
    let (called, bank) = (world::number(ways[0], 1), world::number(ways[1], 2));
    let late = deadline().plus(Span::seconds(1));
    let inputs = [
        Input::Command(world::initiate(ways[0], false)),
        Input::Command(world::initiate(ways[1], true)),
        Input::Command(Command::Close {
            asked: payment.version,
        }),
        Input::Fact(world::made(called, "first", Some(at(300)))),
        Input::Fact(world::made(called, "second", Some(at(600)))),
        Input::Fact(world::refused(called)),
        Input::Fact(world::paid(called, "A", world::PRICE, at(3))),
        Input::Fact(world::answered(payment, called, Report::Closed)),
        Input::Fact(world::paid(bank, "B", world::PRICE, at(3))),
        Input::Fact(world::paid(bank, "BB", world::PRICE, late)),
        Input::Fact(world::paid(bank, "BB", 1, late)),
        Input::Fact(world::answered(payment, bank, Report::NotFound)),
        Input::Fact(world::returned(bank, "back", 700)),
        Input::Fact(world::returned(bank, "back", world::PRICE)),
        Input::Fact(Fact::ReturnAbsent {
            trade_no: world::trade("BB"),
        }),
    ];
    let mut all: Vec<_> = inputs.into_iter().map(|input| (input, now)).collect();
    all.extend(ticks(place));
    all
}

const PAGES: [Way; 2] = [
    (Channel::Alipay, Method::Page),
    (Channel::Alipay, Method::Wap),
];
const CODE: [Way; 2] = [
    (Channel::Alipay, Method::Code),
    (Channel::Wechat, Method::Native),
];
const CALL_AND_BANK: [Way; 2] = [
    (Channel::Wechat, Method::H5),
    (Channel::Unionpay, Method::Gateway),
];

/// A world is worth its time only if both ends are reached and money comes and goes in it.
fn wide_enough(seen: &Seen, places_least: usize) {
    assert!(seen.places >= places_least, "{seen:?}");
    assert!(
        seen.paid.min(seen.closed).min(seen.returning) > 0,
        "{seen:?}"
    );
}

#[test]
fn strict_two_pages_in_six_steps() {
    let start = vec![opened(Mode::Strict, PAGES[0])];
    wide_enough(&walk(start, PAGES, captures_and_closings, 6), 8_000);
}

#[test]
fn lenient_two_pages_in_six_steps() {
    let start = vec![opened(Mode::Lenient, PAGES[0])];
    wide_enough(&walk(start, PAGES, captures_and_closings, 6), 8_000);
}

#[test]
fn two_pages_and_every_word_in_three_steps() {
    for mode in [Mode::Strict, Mode::Lenient] {
        let start = vec![opened(mode, PAGES[0])];
        wide_enough(&walk(start, PAGES, whatever_channels_say, 3), 5_000);
    }
}

#[test]
fn a_winner_and_a_duplicate_go_back_in_four_steps() {
    let first = world::number(PAGES[0], 1);
    let second = world::number(PAGES[1], 2);
    let both = led(
        opened(Mode::Lenient, PAGES[0]),
        [
            Input::Command(world::initiate(PAGES[1], false)),
            Input::Fact(world::paid(first, "A", world::PRICE, at(3))),
            Input::Fact(world::paid(second, "B", world::PRICE, at(3))),
        ],
    );
    let seen = walk(vec![both], PAGES, refunds, 4);
    assert!(seen.places >= 10_000 && seen.returned >= 5_000, "{seen:?}");
}

#[test]
fn a_payment_code_in_four_steps() {
    for mode in [Mode::Strict, Mode::Lenient] {
        let start = vec![opened(mode, CODE[0])];
        wide_enough(&walk(start, CODE, reversals, 4), 5_000);
    }
}

#[test]
fn calls_and_late_money_in_four_steps() {
    for mode in [Mode::Strict, Mode::Lenient] {
        let start = vec![opened(mode, CALL_AND_BANK[0])];
        wide_enough(&walk(start, CALL_AND_BANK, calls_and_late_money, 4), 10_000);
    }
}
