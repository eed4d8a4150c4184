//! What differs between channels, each as a tale: pace, undo, repeats, late money, payment codes.

use payonce_domain::fact::Occasion;
use payonce_domain::{
    CaseKind, Channel, ClosingCause, Command, CreateAnswer, Disposition, Fact, Method, Mode, Money,
    RefundForm, RefundReport, RefundState, Report, ReversalReport, Span, SuspenseReason, Task,
    Timestamp,
};

use super::world::{self, at};
use super::{BANK, CODE, NATIVE, PAGE, Tale, first};

/// 15:00 UTC, 23:00 in Beijing: a settlement day's end, after the demonstration payment's start.
fn end_of_settlement_day() -> Timestamp {
    let day = Span::days(1).as_millis();
    let start = world::START.as_millis();
    let today = start - start % day;
    let end = Timestamp::from_millis(today).plus(Span::hours(15));
    if end > world::START {
        end
    } else {
        end.plus(Span::days(1))
    }
}

fn sent(no: payonce_domain::RefundNo, report: RefundReport) -> Fact {
    world::refund_said(no, Occasion::Sent, report)
}

fn form(tale: &Tale, no: payonce_domain::RefundNo) -> RefundForm {
    tale.payment.refund(no).unwrap().form
}

fn state(tale: &Tale, no: payonce_domain::RefundNo) -> RefundState {
    tale.payment.refund(no).unwrap().state
}

/// A bank's payment, and a second capture of it, which goes back whole.
fn paid_twice_by_bank() -> (Tale, payonce_domain::RefundNo) {
    let tale = Tale::of(Mode::Strict, BANK)
        .at(4)
        .paid(first(BANK), "W")
        .paid(first(BANK), "D");
    (tale, world::reversal(first(BANK), "D"))
}

#[test]
fn a_whole_capture_of_today_is_undone_and_a_part_is_refunded() {
    let (tale, no) = paid_twice_by_bank();
    let tale = tale.begin(no);
    assert_eq!(form(&tale, no), RefundForm::Undo);

    let part = world::merchant_refund(first(BANK), "r-1");
    let tale = Tale::of(Mode::Strict, BANK)
        .at(4)
        .paid(first(BANK), "W")
        .command(world::refund("r-1", 500))
        .begin(part);
    assert_eq!(form(&tale, part), RefundForm::Refund);

    // Alipay and WeChat know no undo.
    let no = world::reversal(first(PAGE), "D");
    let tale = Tale::of(Mode::Strict, PAGE)
        .at(4)
        .paid(first(PAGE), "W")
        .paid(first(PAGE), "D")
        .begin(no);
    assert_eq!(form(&tale, no), RefundForm::Refund);
}

#[test]
fn nothing_is_undone_near_or_after_the_end_of_the_settlement_day() {
    for (before_end, expected) in [
        (Span::minutes(6), RefundForm::Undo),
        (Span::minutes(4), RefundForm::Refund),
    ] {
        let (tale, no) = paid_twice_by_bank();
        let tale = tale
            .when(end_of_settlement_day().minus(before_end))
            .begin(no);
        assert_eq!(form(&tale, no), expected, "{before_end:?} before its end");
    }
    let (tale, no) = paid_twice_by_bank();
    let tale = tale.when(end_of_settlement_day()).begin(no);
    assert_eq!(form(&tale, no), RefundForm::Refund);
}

#[test]
fn what_an_undo_failed_to_do_is_refunded_under_the_next_number() {
    let (tale, no) = paid_twice_by_bank();
    let tale = tale.begin(no).fact(sent(no, RefundReport::Failed));
    let next = no.next_generation().unwrap();
    assert_eq!(state(&tale, no), RefundState::Failed);
    let tale = tale.at(120).begin(next);
    assert_eq!(form(&tale, next), RefundForm::Refund);
    assert_eq!(
        tale.payment.money().unwrap().refund_due,
        Money::from_fen(world::PRICE)
    );
}

/// The form of a number never changes: the channel would see another request under it.
#[test]
fn a_repeat_keeps_the_form_of_the_first_sending() {
    let (tale, no) = paid_twice_by_bank();
    let tale = tale.begin(no).fact(sent(no, RefundReport::NotYet));
    let again = tale.payment.refund(no).unwrap().due.unwrap().at;
    let tale = tale.when(again).begin(no);
    assert_eq!(state(&tale, no), RefundState::Sent);
    assert_eq!(form(&tale, no), RefundForm::Undo);
}

/// After 23:00 UnionPay would take the same number for a new refund.
#[test]
fn a_refund_named_by_its_time_is_not_repeated_after_its_settlement_day() {
    let (tale, no) = paid_twice_by_bank();
    let tale = tale
        .begin(no)
        .fact(sent(no, RefundReport::NoAnswer))
        .when(end_of_settlement_day());
    let asked = Occasion::Asked(tale.payment.version);
    let tale = tale.fact(world::refund_said(no, asked, RefundReport::NotFound));
    assert_eq!(state(&tale, no), RefundState::Manual, "a person is asked");
    assert_eq!(
        tale.payment.money().unwrap().suspense,
        Money::from_fen(world::PRICE),
        "and the money stays reserved"
    );

    // One that was refused without effect waits for its repeat over the end of the day: it has moved
    // nothing, so the next number may.
    let (tale, no) = paid_twice_by_bank();
    let tale = tale
        .begin(no)
        .fact(sent(no, RefundReport::NotYet))
        .when(end_of_settlement_day())
        .begin(no);
    assert_eq!(state(&tale, no), RefundState::Failed);
    let next = no.next_generation().unwrap();
    assert_eq!(state(&tale, next), RefundState::Due);

    // Not so where one of two sendings was never answered: "not found" is no proof of what may come.
    let (tale, no) = paid_twice_by_bank();
    let tale = tale.begin(no).fact(sent(no, RefundReport::NoAnswer)).at(60);
    let asked = Occasion::Asked(tale.payment.version);
    let tale = tale
        .fact(world::refund_said(no, asked, RefundReport::NotFound))
        .when(end_of_settlement_day())
        .begin(no);
    assert_eq!(state(&tale, no), RefundState::Manual);

    // On the same day it is sent again.
    let (tale, no) = paid_twice_by_bank();
    let tale = tale.begin(no).fact(sent(no, RefundReport::NoAnswer)).at(60);
    let asked = Occasion::Asked(tale.payment.version);
    let tale = tale
        .fact(world::refund_said(no, asked, RefundReport::NotFound))
        .begin(no);
    assert_eq!(state(&tale, no), RefundState::Sent);
}

/// F77: two refunds of one order keep their distance.
#[test]
fn refunds_of_one_order_keep_the_channels_distance() {
    for (way, pace) in [(NATIVE, Span::minutes(1)), (PAGE, Span::seconds(3))] {
        let (one, two) = (
            world::merchant_refund(first(way), "r-1"),
            world::merchant_refund(first(way), "r-2"),
        );
        let tale = Tale::of(Mode::Strict, way)
            .at(4)
            .paid(first(way), "W")
            .command(world::refund("r-1", 500))
            .command(world::refund("r-2", 500))
            .at(10)
            .begin(one)
            .begin(two);
        assert_eq!(state(&tale, two), RefundState::Due, "{way:?}: not yet");
        let free_at = at(10).plus(pace);
        assert_eq!(tale.payment.refund(two).unwrap().due.unwrap().at, free_at);
        let tale = tale.when(free_at).begin(two);
        assert_eq!(state(&tale, two), RefundState::Sent, "{way:?}: then");
    }
}

#[test]
fn money_the_channel_will_not_settle_pays_nothing_and_waits_for_its_return() {
    let late = Report::TakenLate {
        trade_no: world::trade("L"),
        amount: Money::from_fen(world::PRICE),
        paid_at: at(3),
    };
    let tale = Tale::of(Mode::Strict, BANK).at(4).asked(first(BANK), late);
    let capture = &tale.payment.captures[0];
    let waits = Disposition::Suspended(SuspenseReason::ChannelReturns);
    assert_eq!(capture.disposition, waits);
    assert!(capture.due.is_some(), "it is looked at again");
    assert_eq!(tale.payment.winner, None);
    assert!(
        tale.payment.refunds.is_empty(),
        "ours on top would be a second return"
    );

    let tale = tale.fact(world::returned(first(BANK), "row", world::PRICE));
    assert_eq!(
        tale.payment.money().unwrap().refunded,
        Money::from_fen(world::PRICE)
    );
}

#[test]
fn money_known_before_turns_out_to_be_the_channels_to_return() {
    let late = || Report::TakenLate {
        trade_no: world::trade("A"),
        amount: Money::from_fen(world::PRICE),
        paid_at: at(3),
    };
    let waits = Disposition::Suspended(SuspenseReason::ChannelReturns);
    let overdue = |tale: &Tale| {
        let mut cases = tale.payment.cases.iter();
        cases.any(|case| case.kind == CaseKind::ReturnOverdue)
    };

    // Nothing was sent yet: the refund is withdrawn, and made after all once no return has come.
    let tale = Tale::of(Mode::Strict, BANK)
        .close()
        .paid(first(BANK), "A")
        .asked(first(BANK), late());
    assert_eq!(tale.payment.captures[0].disposition, waits);
    assert_eq!(tale.payment.money().unwrap().refund_due, Money::from_fen(0));
    let mut tale = tale;
    while tale.now < at(0).plus(Span::days(40)) {
        let due = world::due(&tale.payment).expect("somebody looks again");
        let early = due < at(0).plus(Span::days(30));
        tale = tale.when(due).tick();
        assert!(!(early && overdue(&tale)), "too soon: {due:?}");
    }
    assert!(overdue(&tale), "people are told");
    let tale = tale.fact(Fact::ReturnAbsent {
        trade_no: world::trade("A"),
    });
    assert_eq!(
        tale.payment.money().unwrap().refund_due,
        Money::from_fen(world::PRICE)
    );

    // What paid the order stays its winner, whatever the channel says of it later.
    let tale = Tale::of(Mode::Strict, BANK)
        .paid(first(BANK), "A")
        .asked(first(BANK), late());
    assert_eq!(tale.payment.winner, Some(world::trade("A")));
    let kinds: Vec<_> = tale.payment.cases.iter().map(|case| case.kind).collect();
    assert_eq!(kinds, [CaseKind::LateContradiction]);
}

#[test]
fn a_payment_code_that_is_not_confirmed_is_reversed() {
    let no = first(CODE);
    let taken = Fact::CreateAnswered {
        no,
        answer: CreateAnswer::Taken,
    };
    let tale = Tale::of(Mode::Strict, CODE).at(1).fact(taken).at(59).tick();
    let order = tale.payment.channel_order(no).unwrap();
    assert!(order.closing.is_some(), "within two seconds of its time");
    assert_eq!(order.closing, Some(ClosingCause::Unconfirmed));
    assert_eq!(tale.payment.tasks_due(at(59)), [Task::Reverse(no)]);

    let tale = tale
        .command(Command::BeginReversal { no })
        .fact(world::reversal_said(no, ReversalReport::Reversed));
    assert_eq!(tale.payment.money().unwrap().captured, Money::from_fen(0));
    // The buyer may pay another way.
    let tale = tale.initiate(PAGE);
    assert_eq!(tale.answer, "added");
}

/// Before the first reversal is written down, a success is a success (F49).
#[test]
fn a_payment_code_confirmed_at_the_last_moment_pays() {
    let no = first(CODE);
    let tale = Tale::of(Mode::Strict, CODE).at(59).tick().paid(no, "W");
    assert_eq!(tale.payment.winner, Some(world::trade("W")));

    let reversing = Tale::of(Mode::Strict, CODE)
        .at(59)
        .tick()
        .command(Command::BeginReversal { no })
        .paid(no, "W");
    assert_eq!(reversing.payment.winner, None, "from then on it waits");
}

#[test]
fn only_payment_codes_run_out_of_time_to_confirm() {
    for channel in Channel::ALL {
        for method in Method::ALL {
            let tale = Tale::of(Mode::Strict, (channel, method)).at(61).tick();
            let order = &tale.payment.channel_orders[0];
            let expected = (method == Method::Code).then_some(ClosingCause::Unconfirmed);
            assert_eq!(order.closing, expected, "{channel:?} {method:?}");
        }
    }
}
