//! What is true to the millisecond or the last number, and what a new beginning takes from what it follows.

use std::fmt::Write;

use payonce_domain::fact::Occasion;
use payonce_domain::schedule::{CREATE_LEASE, Pace, RetryLadder, policy};
use payonce_domain::{Digest, Due, RefundReport, RefundState, Source, Stretch, Task};

use super::world::{self, at, deadline};
use super::*;

/// Views and logs name what is owed, and about what.
#[test]
fn every_task_has_its_name_and_its_subject() {
    let order = first(PAGE);
    let refund = world::reversal(order, "A");
    let cases = [
        (Task::Expire, "expire", None),
        (Task::Query(order), "query", Some(order.to_string())),
        (Task::Close(order), "close", Some(order.to_string())),
        (Task::Reverse(order), "reverse", Some(order.to_string())),
        (
            Task::SendRefund(refund),
            "send-refund",
            Some(refund.to_string()),
        ),
        (
            Task::AskRefund(refund),
            "ask-refund",
            Some(refund.to_string()),
        ),
        (
            Task::AwaitReturn(world::trade("A")),
            "await-return",
            Some("A".to_owned()),
        ),
        (Task::Tell(7), "tell", Some("7".to_owned())),
        (Task::Book, "book", None),
    ];
    for (task, name, about) in cases {
        assert_eq!((task.name(), task.about()), (name, about), "{task:?}");
    }
}

/// Channels know no milliseconds: what they are told and what we keep is one time.
#[test]
fn a_deadline_is_a_whole_second() {
    let mut terms = world::terms(Mode::Strict);
    terms.expires_at = Timestamp::from_millis(deadline().as_millis() + 999);
    let payment = decide::open(terms, None, world::START)
        .unwrap()
        .into_payment();
    assert_eq!(payment.terms.expires_at, deadline());
}

/// F9: a lease that ends now has ended, for the next create and the next reversal.
#[test]
fn a_lease_ends_at_its_time() {
    let end = world::START.plus(CREATE_LEASE);
    let early = Timestamp::from_millis(end.as_millis() - 1);
    let asked = |now| {
        Tale::of(Mode::Strict, NATIVE)
            .when(now)
            .initiate(NATIVE)
            .answer
    };
    assert_eq!([asked(early), asked(end)], ["in progress", "recreate"]);

    let reversing = || Tale::of(Mode::Strict, CODE).at(61).tick().begin_reversal();
    let end = at(61).plus(CREATE_LEASE);
    let early = Timestamp::from_millis(end.as_millis() - 1);
    let again = |now| reversing().when(now).begin_reversal().answer;
    assert_eq!([again(early), again(end)], ["refused: not due", "noted"]);
}

/// The last attempt that a number can hold is made, and no number is made twice.
#[test]
fn attempts_end_with_the_last_number() {
    let adopted = |attempt| {
        let no = world::number(PAGE, attempt);
        let tale =
            Tale::of(Mode::Lenient, NATIVE).fact(world::paid(no, "X", world::PRICE - 1, at(1)));
        tale.initiate(WAP)
    };
    let last = adopted(98);
    assert_eq!(last.answer, "added");
    let attempts = last
        .payment
        .channel_orders
        .iter()
        .map(|order| order.no.attempt());
    assert_eq!(attempts.collect::<Vec<_>>(), [1, 98, 99]);
    assert_eq!(adopted(99).answer, "refused: too many attempts");
}

/// F12: where an answer after the deadline speaks for every create that may still arrive (WeChat), nothing more is waited for.
/// Not before the deadline, not while the order is open, not elsewhere.
#[test]
fn an_answer_after_the_deadline_speaks_for_every_create() {
    let unanswered = |way: Way, now: Timestamp, closing: bool| {
        // Three creates, none answered.
        let mut tale = Tale::of(Mode::Strict, way)
            .at(20)
            .initiate(way)
            .at(40)
            .initiate(way);
        let before = tale.payment.channel_orders[0].creates_unanswered;
        assert_eq!(before, 3, "{way:?}");
        if closing {
            tale = tale.at(60).close();
        }
        let tale = tale.when(now).fact(world::refused(first(way)));
        tale.payment.channel_orders[0].creates_unanswered
    };
    let cases = [
        ("after its deadline", NATIVE, deadline(), true, 0),
        ("before it", NATIVE, at(90), true, 2),
        ("while it is open", NATIVE, deadline(), false, 2),
        (
            "where nothing is burnt",
            (Channel::Alipay, Method::Native),
            deadline(),
            true,
            2,
        ),
    ];
    for (name, way, now, closing, left) in cases {
        assert_eq!(unanswered(way, now, closing), left, "{name}");
    }
}

/// I-13: what failed for good goes on under the next number as if it had just been asked for.
#[test]
fn the_next_generation_begins_anew() {
    let no = world::merchant_refund(first(PAGE), "r-1");
    let tale = Tale::of(Mode::Strict, PAGE)
        .paid(first(PAGE), "A")
        .at(100)
        .command(world::refund("r-1", 500))
        .begin(no)
        .at(200);
    let version = tale.payment.version;
    let failed = world::refund_said(no, Occasion::Asked(version), RefundReport::Failed);
    let tale = tale.fact(failed);
    let [old, new] = &tale.payment.refunds[..] else {
        panic!("{:?}", tale.payment.refunds);
    };
    assert_eq!((old.state, old.due), (RefundState::Failed, None));
    assert_eq!((new.state, new.amount), (RefundState::Due, world::fen(500)));
    assert_eq!(new.created_at, at(200));
    assert_eq!((new.sent_at, new.sends_unanswered), (None, 0));
    let due: Due = new.due.unwrap();
    assert!(due.at > at(200), "its channel is given a while");
    assert_eq!(new.request, old.request);
}

/// S18: the better source's word of an amount is taken with its time, and the money that paid nothing pays the order.
#[test]
fn a_better_source_corrects_amount_and_time() {
    let no = first(PAGE);
    let tale = Tale::of(Mode::Strict, PAGE)
        .fact(world::paid(no, "A", world::PRICE - 1, at(3)))
        .fact(world::paid_by(no, Source::Bill, "A", world::PRICE, at(2)));
    let capture = tale.payment.capture(&world::trade("A")).unwrap();
    assert_eq!(
        (capture.amount, capture.paid_at),
        (world::fen(world::PRICE), at(2))
    );
    assert_eq!(tale.payment.winner, Some(world::trade("A")));
}

/// F41: of what was sent already, a channel that returns by itself makes a case for people, and withdraws nothing.
#[test]
fn what_was_sent_is_not_withdrawn_for_a_channels_own_return() {
    let late = Report::TakenLate {
        trade_no: world::trade("A"),
        amount: world::fen(world::PRICE - 1),
        paid_at: at(3),
    };
    let owed = || Tale::of(Mode::Strict, BANK).paid_with(first(BANK), "A", world::PRICE - 1);
    let refund = world::reversal(first(BANK), "A");
    let unsent = owed().asked(first(BANK), late.clone());
    assert_eq!(
        unsent.payment.refund(refund).unwrap().state,
        RefundState::Failed
    );
    let sent = owed().begin(refund).asked(first(BANK), late);
    assert_eq!(
        sent.payment.refund(refund).unwrap().state,
        RefundState::Sent
    );
    assert_eq!(sent.payment.cases.len(), 1);
}

/// A rung's lateness is drawn from a number, and drawn again whenever a record is read: were it drawn otherwise, every
/// record would move. So the times of many numbers are pinned by their digest.
#[test]
fn drawn_times_stay_what_they_were() {
    let mut times = String::new();
    for attempt in 1..=20 {
        let no = world::number(NATIVE, attempt);
        let pace = Pace::of_channel_order(no, Stretch::from_percent(130).unwrap());
        let mut now = world::START;
        let ladder = policy(Channel::Wechat, Method::Native).query;
        for _ in 0..30 {
            now = ladder.next(pace, world::START, now);
            writeln!(times, "{}", now.as_millis()).unwrap();
        }
        let id = no.to_string();
        for attempts in 1..=11 {
            let again = RetryLadder::STANDARD
                .next(&id, attempts, world::START)
                .unwrap();
            writeln!(times, "{}", again.as_millis()).unwrap();
        }
    }
    let digest = Digest::of(times.as_bytes()).to_hex();
    assert_eq!(&digest[..16], "12fd07b1fa3d84f1");
}

/// What a channel is asked to close, and what it can only reverse.
#[test]
fn orders_are_closed_and_codes_reversed() {
    for channel in [Channel::Alipay, Channel::Wechat] {
        let closes = |method| policy(channel, method).closes;
        assert_eq!(
            [closes(Method::Native), closes(Method::Code)],
            [true, false]
        );
    }
    assert_eq!(Stretch::from_percent(130).unwrap().percent(), 130);
}
