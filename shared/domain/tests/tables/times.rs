//! When what is owed comes due, and when the sweep has to look should its message be lost.

use super::world::{self, at, deadline};
use super::*;
use payonce_domain::fact::Occasion;
use payonce_domain::obligation::BACKSTOP;
use payonce_domain::time::Span;
use payonce_domain::{
    CaseKind, PaymentState, RefundReport, RefundState, Source, Stretch, Task, Work,
};

fn due(tale: &Tale, task: &Task) -> Option<Timestamp> {
    let all = tale.payment.obligations();
    let found = all.into_iter().find(|obligation| obligation.task == *task);
    found.map(|obligation| obligation.due.at)
}

/// When `query` is woken.
fn calls(decision: &payonce_domain::Decision) -> Vec<Timestamp> {
    let wakes = decision.wakes().iter();
    let wakes = wakes.filter(|wake| wake.work == Work::Channels);
    wakes.map(|wake| wake.at).collect()
}

/// A rung within the first minute is spread over a second, and never early.
fn shortly_after(when: Timestamp, due: Timestamp) -> bool {
    due >= when && due.since(when) <= Span::seconds(1)
}

/// F49, F77, F78: when each thing that is owed comes due.
#[test]
fn each_obligation_has_its_own_time() {
    let page = || Tale::of(Mode::Strict, PAGE);
    let query = || Task::Query(first(PAGE));
    let close = || Task::Close(first(PAGE));
    let no = world::reversal(first(PAGE), "AA");
    let sent = || {
        page()
            .paid(first(PAGE), "A")
            .paid(first(PAGE), "AA")
            .begin(no)
    };
    let sent_said = |report| sent().fact(world::refund_said(no, Occasion::Sent, report));
    let expired = || page().when(deadline()).tick();
    let day = Span::days(1);
    let cases = [
        ("the first question", page(), query(), at(5)),
        ("the next rung", page().at(5).tick(), query(), at(15)),
        (
            "a rung that was missed is not made up",
            page().at(40).tick(),
            query(),
            at(60),
        ),
        (
            "no question after the deadline",
            page().at(1_799 - 10).tick(),
            query(),
            deadline(),
        ),
        ("the deadline", page(), Task::Expire, deadline()),
        ("closing begins at once", expired(), close(), deadline()),
        (
            "and goes on",
            expired().tick(),
            close(),
            deadline().plus(Span::seconds(10)),
        ),
        (
            "F49: the proof by absence is not slept over",
            expired().when(deadline().plus(Span::seconds(60))).tick(),
            close(),
            deadline().plus(world::MARGIN),
        ),
        (
            "a refund is owed at once",
            page().paid(first(PAGE), "A").paid(first(PAGE), "AA"),
            Task::SendRefund(no),
            at(0),
        ),
        (
            "F77: Alipay is asked about a refund after ten seconds at the soonest",
            sent(),
            Task::AskRefund(no),
            at(12),
        ),
        (
            "F77: and accepted changes nothing of that",
            sent_said(RefundReport::Accepted),
            Task::AskRefund(no),
            at(12),
        ),
        (
            "F77: without effect",
            sent_said(RefundReport::NotYet),
            Task::SendRefund(no),
            at(30),
        ),
        (
            "F78: a person's refund is asked about soon: it may have been done already",
            sent_said(RefundReport::NeedsPerson),
            Task::AskRefund(no),
            at(12),
        ),
        (
            "F78: for ever",
            sent_said(RefundReport::NeedsPerson)
                .when(at(0).plus(day))
                .tick(),
            Task::AskRefund(no),
            at(0).plus(day).plus(day),
        ),
    ];
    for (name, tale, task, when) in &cases {
        let due = due(tale, task).unwrap();
        assert!(shortly_after(*when, due), "{name}: {due:?}, not {when:?}");
    }
}

#[test]
fn the_index_leaves_time_for_the_message() {
    let page = Tale::of(Mode::Strict, PAGE);
    let looked_at = page.payment.due_at().unwrap();
    assert!(shortly_after(at(5).plus(BACKSTOP), looked_at));
    let no_choice = world::opened(Mode::Strict, None);
    assert_eq!(
        no_choice.due_at(),
        Some(deadline()),
        "no message goes that far"
    );
    let done = page.paid(first(PAGE), "A");
    assert_eq!(world::due(&done.payment), None, "nothing is owed any more");
}

/// F42, F48: messages are for the first minutes only; the item has the rest.
#[test]
fn the_rungs_of_the_first_minutes_are_messages_sent_at_once() {
    let opening = decide::open(
        world::terms(Mode::Strict),
        Some(world::choice(PAGE)),
        world::START,
    );
    let opening = opening.unwrap();
    let documented = [5, 15, 30, 60, 120, 300, 600];
    assert_eq!(calls(&opening).len(), documented.len());
    for (wake, seconds) in calls(&opening).into_iter().zip(documented) {
        let late = wake.since(at(seconds));
        let room = Span::millis(seconds * 1_000 / 20);
        assert!(wake >= at(seconds) && late <= room, "{wake:?}");
    }
}

/// An account that is granted few calls asks less often; what is owed, and for how long, stays.
#[test]
fn a_stretched_account_asks_less_often() {
    let choice = payonce_domain::ChannelChoice {
        stretch: Stretch::from_percent(200).unwrap(),
        ..world::choice(PAGE)
    };
    let opening = decide::open(world::terms(Mode::Strict), Some(choice), world::START).unwrap();
    // 10, 30, 60, 120, 240 and 600 s.
    assert_eq!(calls(&opening).len(), 6);
    let tale = Tale::from(opening.into_payment());
    assert!(shortly_after(
        at(10),
        due(&tale, &Task::Query(first(PAGE))).unwrap()
    ));
    let closing = tale.when(deadline()).tick().tick();
    let next = due(&closing, &Task::Close(first(PAGE))).unwrap();
    assert!(shortly_after(deadline().plus(Span::seconds(20)), next));
}

/// Past the ladder it is asked about for ever, and people are told, once.
#[test]
fn an_attempt_that_nobody_can_prove_closed_is_raised_to_people_once() {
    let no = first(PAGE);
    let closing = || Tale::of(Mode::Strict, PAGE).when(deadline()).tick();
    let after = |seconds| deadline().plus(Span::seconds(seconds));
    let cases = |tale: &Tale| tale.payment.cases.clone();
    let young = closing().when(after(3_500)).tick();
    assert_eq!(cases(&young), []);
    let mut old = closing();
    for hours in 2..50 {
        old = old.when(after(hours * 3_600)).tick();
        let raised = payonce_domain::Case {
            kind: CaseKind::OutcomeUnknown,
            subject: no.to_string(),
        };
        assert_eq!(cases(&old), [raised], "after {hours} hours");
        let next = due(&old, &Task::Close(no)).unwrap();
        assert!(
            next.since(old.now) <= Span::seconds(3_600 + 180),
            "it is still asked about"
        );
    }
    // And its money is still taken in.
    let paid = old.paid(no, "A");
    assert_eq!(paid.payment.money().unwrap().captured.minor(), world::PRICE);
}

/// F63, F64: with the sweep gone, messages alone bring an attempt from its first question to its end. A wake that finds one
/// of the first rungs still ahead leaves the item alone, as `query` does.
#[test]
fn messages_alone_lead_to_the_end() {
    for (way, minutes) in [(PAGE, 3), (PAGE, 30), (NATIVE, 120), (BANK, 60)] {
        let terms = payonce_domain::Terms {
            expires_at: at(60 * minutes),
            ..world::terms(Mode::Strict)
        };
        let deadline = terms.expires_at;
        let opening = decide::open(terms, Some(world::choice(way)), world::START).unwrap();
        let mut messages: std::collections::BTreeSet<_> = calls(&opening).into_iter().collect();
        let mut payment = opening.into_payment();
        while let Some(now) = messages.pop_first() {
            let early = |order: &payonce_domain::ChannelOrder| {
                let policy = order.policy();
                let mut rungs = policy.early_rungs(order.pace(), order.created_at, deadline);
                rungs.any(|rung| rung > now)
            };
            let open = payment.channel_orders.iter().find(|o| o.state.is_open());
            if open.is_some_and(|order| now < deadline && early(order)) {
                continue;
            }
            let margin = payment.channel_orders[0].policy().absence_margin;
            let proven = now >= deadline.plus(margin);
            if proven && payment.channel_orders[0].must_be_burnt() {
                payment = decide::on_fact(&payment, world::refused(first(way)), now).into_payment();
            }
            let input = if payment.tasks_due(now).is_empty() {
                continue;
            } else if proven {
                let asked = Occasion::Asked(payment.version);
                world::said(first(way), Source::Query, asked, Report::NotFound)
            } else {
                Fact::Ticked
            };
            let decision = decide::on_fact(&payment, input, now);
            messages.extend(calls(&decision));
            payment = decision.into_payment();
        }
        assert_eq!(
            payment.state,
            PaymentState::Closed,
            "{way:?}, {minutes} minutes"
        );
    }
}

/// F63: nobody chose a way to pay, or the one chosen failed: a message ends the payment at its deadline.
#[test]
fn a_payment_without_an_attempt_is_woken_at_its_deadline() {
    let opening = decide::open(world::terms(Mode::Strict), None, world::START).unwrap();
    assert_eq!(calls(&opening), [deadline()]);
    let payment = Tale::of(Mode::Strict, NATIVE).payment;
    let refused = decide::on_fact(&payment, world::refused(first(NATIVE)), at(1));
    assert_eq!(calls(&refused), [deadline()]);
}

/// F78: a refund that waits for a person is shown again while the channel would still take it.
#[test]
fn people_are_told_when_half_of_the_window_is_over() {
    let no = world::reversal(first(PAGE), "AA");
    let mut tale = Tale::of(Mode::Strict, PAGE)
        .paid(first(PAGE), "A")
        .paid(first(PAGE), "AA")
        .begin(no)
        .fact(world::refund_said(
            no,
            Occasion::Sent,
            RefundReport::NeedsPerson,
        ));
    let half = Span::days(365 / 2);
    while tale.now < at(0).plus(Span::days(190)) {
        let told = tale
            .payment
            .cases
            .iter()
            .any(|case| case.kind == CaseKind::RefundWindow && case.subject == no.to_string());
        let over = tale.now > at(3).plus(half).plus(Span::days(2));
        assert!(told || !over, "nobody is told at {:?}", tale.now);
        assert!(!told || tale.now > at(3).plus(half), "too soon");
        let due = world::due(&tale.payment).expect("it is still asked about");
        tale = tale.when(due).tick();
    }
}

/// F77: a refund that never comes through is sent ever more seldom, and then a person is asked.
/// Otherwise its history alone would outgrow the item within hours.
#[test]
fn a_refund_that_never_comes_through_is_sent_ever_more_seldom() {
    for report in [RefundReport::NotFound, RefundReport::NotYet] {
        let paid = Tale::of(Mode::Strict, PAGE).paid(first(PAGE), "A");
        let mut payment = paid.paid(first(PAGE), "AA").payment;
        let no = world::reversal(first(PAGE), "AA");
        let mut sends = 0;
        while payment.refund(no).unwrap().state != RefundState::Manual {
            let due = payment.refund(no).unwrap().due.unwrap().at;
            let input = match payment.refund(no).unwrap().state {
                RefundState::Due => {
                    sends += 1;
                    let begin = Command::BeginRefund { no };
                    let sent = decide::on_command(&payment, begin, due)
                        .unwrap()
                        .into_payment();
                    let occasion = Occasion::Sent;
                    payment = sent;
                    world::refund_said(no, occasion, report)
                }
                RefundState::Sent
                | RefundState::Accepted
                | RefundState::Succeeded
                | RefundState::Failed
                | RefundState::Manual => {
                    let asked = Occasion::Asked(payment.version);
                    world::refund_said(no, asked, RefundReport::NotFound)
                }
            };
            payment = decide::on_fact(&payment, input, due).into_payment();
            assert!(sends < 100, "{report:?} is sent for ever");
        }
        assert!(sends > 10, "{report:?} was given up after {sends}");
    }
}

/// A channel that refuses one generation after the other does not use up the numbers in an hour.
#[test]
fn generations_last_for_weeks() {
    let paid = Tale::of(Mode::Strict, PAGE).paid(first(PAGE), "A");
    let mut payment = paid.paid(first(PAGE), "AA").payment;
    let mut last = at(0);
    while let Some(refund) = payment.refunds.iter().find(|r| r.state == RefundState::Due) {
        let (no, due) = (refund.no, refund.due.unwrap().at);
        let begin = Command::BeginRefund { no };
        payment = decide::on_command(&payment, begin, due)
            .unwrap()
            .into_payment();
        let failed = world::refund_said(no, Occasion::Sent, RefundReport::Failed);
        payment = decide::on_fact(&payment, failed, due).into_payment();
        last = due;
    }
    assert!(
        last > at(0).plus(Span::days(14)),
        "the last was sent at {last:?}"
    );
    assert_eq!(payment.cases.len(), 1, "and then a person is told");
}
