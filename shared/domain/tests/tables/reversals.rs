//! Payment codes: never created twice; unknown, asked, reversed.

use super::world::{self, at, deadline};
use super::*;
use payonce_domain::ReversalReport;

fn no() -> ChannelOrderNo {
    first(CODE)
}

fn reversing() -> Tale {
    Tale::of(Mode::Strict, CODE)
        .close()
        .command(Command::BeginReversal { no: no() })
}

fn caught() -> Tale {
    reversing().paid(no(), "A")
}

fn gave_back() -> Report {
    Report::PaidBack {
        trade_no: world::trade("A"),
        amount: payonce_domain::Money::from_fen(world::PRICE),
        paid_at: at(3),
    }
}

fn said(report: ReversalReport) -> Fact {
    world::reversal_said(no(), report)
}

#[test]
fn an_unknown_payment_by_code_is_reversed() {
    use ReversalReport::{Again, NothingTaken, Refused, Reversed};
    let waits = "closing (merchant) | code closing (merchant, reversing) \
                 | A 1999 suspended (reversing)";
    let cases = [
        (
            "a reversal begins only once it is closing",
            Tale::of(Mode::Strict, CODE).command(Command::BeginReversal { no: no() }),
            "refused: not due | paying | code submitted".to_owned(),
        ),
        (
            "what has a page is closed, not reversed",
            Tale::of(Mode::Strict, PAGE)
                .close()
                .command(Command::BeginReversal { no: first(PAGE) }),
            "refused: not due | closing (merchant) | page closing (merchant)".to_owned(),
        ),
        (
            "reversed, and nothing was taken",
            reversing().fact(said(Reversed)),
            "noted | closed | code closed".to_owned(),
        ),
        (
            "somebody else is at it",
            reversing().begin_reversal(),
            "refused: not due | closing (merchant) | code closing (merchant, reversing)".to_owned(),
        ),
        (
            "not settled: repeat",
            reversing().fact(said(Again)),
            "noted | closing (merchant) | code closing (merchant, reversing)".to_owned(),
        ),
        (
            "refused, and nothing is known of money: it goes on",
            reversing().fact(said(Refused)),
            "noted | closing (merchant) | code closing (merchant, reversing)".to_owned(),
        ),
        (
            "nothing was taken: it is over",
            reversing().fact(said(NothingTaken)),
            "noted | closed | code closed".to_owned(),
        ),
        (
            "F58: nothing was taken, it says, though it was: the money waits, and people are told",
            caught().fact(said(NothingTaken)),
            format!("noted | {waits} | case: reversal contradiction"),
        ),
        (
            "refused because another worked whose answer was lost: asked again before money moves",
            reversing()
                .at(13)
                .begin_reversal()
                .paid(no(), "A")
                .fact(said(Refused)),
            format!("noted | {waits}"),
        ),
        (
            "refused again, with every answer heard: ours to refund",
            reversing()
                .at(13)
                .begin_reversal()
                .paid(no(), "A")
                .fact(said(Refused))
                .begin_reversal()
                .fact(said(Refused)),
            "noted | closed | code paid | A 1999 returning (late_payment) | late_payment 1999 due"
                .to_owned(),
        ),
        (
            "the answer was lost, and the channel says that it gave all back: not ours to refund",
            caught().asked(no(), gave_back()),
            "noted | closed | code closed | A 1999 returning (late_payment) \
             | channel 1999 succeeded"
                .to_owned(),
        ),
        (
            "a success meets the reversal: one of the two will prove true",
            caught(),
            format!("noted | {waits}"),
        ),
        (
            "closed proves nothing of money that was taken",
            caught().asked(no(), Report::Closed),
            format!("no change | {waits}"),
        ),
        (
            "reversed: it went back with it",
            caught().fact(said(Reversed)),
            "noted | closed | code closed | A 1999 returning (late_payment) \
             | late_payment 1999 succeeded"
                .to_owned(),
        ),
        (
            "refused for good: ours to refund",
            caught().fact(said(Refused)),
            "noted | closed | code paid | A 1999 returning (late_payment) | late_payment 1999 due"
                .to_owned(),
        ),
        (
            "a success is told after the reversal was confirmed: it is asked for again",
            reversing().fact(said(Reversed)).paid(no(), "A"),
            "noted | closed | code closing (merchant, reversing) | A 1999 suspended (reversing)"
                .to_owned(),
        ),
        (
            "a wrong amount waits as well",
            reversing().paid_with(no(), "A", 1),
            "noted | closing (merchant) | code closing (merchant, reversing) \
             | A 1 suspended (reversing)"
                .to_owned(),
        ),
        (
            "a success before the reversal was decided pays",
            Tale::of(Mode::Strict, CODE)
                .when(deadline())
                .tick()
                .paid(no(), "A"),
            "noted | paid | code paid | A 1999 applied".to_owned(),
        ),
    ];
    for (name, tale, end) in &cases {
        check(name, tale, end);
    }
}

#[test]
fn a_caught_success_is_asked_about_until_the_channel_answers() {
    let mut tale = caught().at(1).tick();
    for _ in 0..5 {
        let due = world::due(&tale.payment).expect("somebody will ask");
        tale = tale.when(due).tick();
    }
    assert!(tale.now > at(60));
    assert_eq!(tale.payment.money().unwrap().suspense.minor(), world::PRICE);
}
