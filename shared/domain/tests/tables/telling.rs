//! F88, I-16: merchants and the bus are told of what happened, in order, again and again, and not for
//! ever.

use payonce_domain::schedule::RetryLadder;
use payonce_domain::{
    Announcement, AnnouncementKind, Command, Fact, Leg, MerchantSaid, Mode, RefundReport, Span,
    Task, Timestamp, Work,
};

use super::{BANK, PAGE, Tale, WAP, first, world};
use world::at;

fn paid() -> Tale {
    Tale::of(Mode::Lenient, PAGE).at(4).paid(first(PAGE), "A")
}

fn told(sequence: u32, said: MerchantSaid) -> Fact {
    Fact::Told {
        sequence,
        published: Some(true),
        merchant: Some(said),
    }
}

fn kinds(tale: &Tale) -> Vec<(u32, &'static str, Option<&str>)> {
    let all = tale.payment.announcements.iter();
    all.map(|a| (a.sequence, a.kind.name(), a.subject.as_deref()))
        .collect()
}

fn merchant_due(announcement: &Announcement) -> Option<Timestamp> {
    announcement.merchant.due().map(|due| due.at)
}

#[test]
fn a_payment_is_told_of_in_the_write_that_makes_it_paid() {
    let tale = paid();
    assert_eq!(kinds(&tale), [(1, "payment.paid", None)]);
    assert_eq!(tale.payment.announcements[0].version, tale.payment.version);
    assert!(tale.payment.tasks_due(at(4)).contains(&Task::Tell(1)));
    assert_eq!(Task::Tell(1).work(), Work::Telling);
    let tale = tale.fact(told(1, MerchantSaid::Taken(204)));
    assert_eq!(kinds(&tale), []);
    assert_eq!(tale.payment.announced, 1);
    assert_eq!(tale.payment.due_at(), None);
}

#[test]
fn everything_that_moves_is_told_in_order() {
    let tale = Tale::of(Mode::Lenient, PAGE)
        .initiate(WAP)
        .paid(first(PAGE), "A")
        .paid(world::number(WAP, 2), "B");
    let refund = tale.payment.refunds[0].no;
    let expected = [
        (1, "payment.paid", None),
        (2, "anomaly.detected", Some("B")),
    ];
    assert_eq!(kinds(&tale), expected);
    let tale = tale.begin(refund).fact(world::refund_said(
        refund,
        payonce_domain::fact::Occasion::Sent,
        RefundReport::Succeeded,
    ));
    let last = tale.payment.announcements.last().unwrap();
    assert_eq!(last.kind, AnnouncementKind::RefundSucceeded);
    assert_eq!(last.subject, Some(refund.to_string()));
}

#[test]
fn a_closed_order_is_told_of_once() {
    let tale = Tale::of(Mode::Strict, BANK);
    let tale = tale.close();
    assert_eq!(kinds(&tale), [], "closing is not closed");
    let closed = tale.asked(first(BANK), payonce_domain::Report::Closed);
    assert_eq!(kinds(&closed), [(1, "payment.closed", None)]);
}

#[test]
fn a_later_announcement_waits_for_the_earlier_one() {
    let tale = Tale::of(Mode::Lenient, PAGE)
        .initiate(WAP)
        .paid(first(PAGE), "A")
        .paid(world::number(WAP, 2), "B");
    let [paid, anomaly] = &tale.payment.announcements[..] else {
        panic!("{:?}", tale.payment.announcements);
    };
    assert!(merchant_due(paid).is_some());
    assert_eq!(merchant_due(anomaly), None);
    // The bus does not wait: whoever listens there has the numbers.
    assert!(anomaly.bus.due().is_some());
    let tale = tale.fact(told(1, MerchantSaid::Refused(500)));
    assert_eq!(merchant_due(&tale.payment.announcements[1]), None);
    let tale = tale.at(40).fact(told(1, MerchantSaid::Taken(200)));
    assert_eq!(merchant_due(&tale.payment.announcements[0]), Some(at(40)));
    // Or once the earlier one is given up.
    let paid = Tale::of(Mode::Lenient, PAGE)
        .initiate(WAP)
        .paid(first(PAGE), "A")
        .paid(world::number(WAP, 2), "B")
        .fact(told(1, MerchantSaid::Refused(410)));
    assert_eq!(paid.payment.announcements[0].merchant, Leg::GivenUp);
    assert!(merchant_due(&paid.payment.announcements[1]).is_some());
}

#[test]
fn a_merchant_that_takes_nothing_is_tried_for_two_days_and_then_kept_for_a_person() {
    let mut tale = paid();
    let mut attempts = 0;
    while let Some(due) = tale.payment.announcements.first().and_then(merchant_due) {
        attempts += 1;
        tale = tale.when(due).fact(told(1, MerchantSaid::Silent));
    }
    assert_eq!(attempts, RetryLadder::STANDARD.attempts_max());
    assert!(tale.now.since(at(0)) > Span::hours(48));
    assert_eq!(tale.payment.announcements[0].merchant, Leg::GivenUp);
    assert_eq!(tale.payment.due_at(), None, "nobody tries by himself");
    // It was heard after all.
    let late = tale.fact(told(1, MerchantSaid::Taken(200)));
    assert_eq!(kinds(&late), []);
}

/// F89: a merchant that is left alone is tried no sooner, and no more often, than one that is silent.
#[test]
fn a_merchant_that_is_left_alone_is_not_tried_for_ever() {
    let mut tale = paid().fact(told(1, MerchantSaid::Held(at(90))));
    assert_eq!(merchant_due(&tale.payment.announcements[0]), Some(at(90)));
    let mut attempts = 1;
    while let Some(due) = tale.payment.announcements.first().and_then(merchant_due) {
        attempts += 1;
        let held = MerchantSaid::Held(due.plus(Span::minutes(1)));
        tale = tale.when(due).fact(told(1, held));
    }
    assert_eq!(attempts, RetryLadder::STANDARD.attempts_max());
    assert_eq!(tale.payment.announcements[0].merchant, Leg::GivenUp);
}

/// F19: what anybody may ask for again and again ends before the item is full.
#[test]
fn telling_again_has_an_end() {
    let mut tale = paid();
    let mut asked = 0;
    while tale.answer != "refused: told too often" {
        asked += 1;
        assert!(asked < 2_000, "it never ends");
        tale = tale.at(asked).command(Command::TellAgain);
        let sequence = tale.payment.announcements.first().map(|a| a.sequence);
        if let Some(sequence) = sequence {
            tale = tale.fact(told(sequence, MerchantSaid::Taken(200)));
        }
    }
    assert!(asked > 100, "{asked}");
}

#[test]
fn the_bus_is_never_given_up() {
    let mut tale = paid();
    for _ in 0..40 {
        let due = tale.payment.announcements[0].bus.due().unwrap();
        assert!(due.at.since(tale.now) <= Span::hours(1));
        tale = tale.when(due.at).fact(Fact::Told {
            sequence: 1,
            published: Some(false),
            merchant: None,
        });
    }
}

#[test]
fn a_person_can_have_it_told_again() {
    let nothing = Tale::of(Mode::Strict, PAGE).command(Command::TellAgain);
    assert_eq!(nothing.answer, "refused: nothing to tell");

    let given_up = paid().fact(told(1, MerchantSaid::Refused(410)));
    let again = given_up.at(100).command(Command::TellAgain);
    assert_eq!(merchant_due(&again.payment.announcements[0]), Some(at(100)));

    let waiting = paid().fact(told(1, MerchantSaid::Silent));
    let again = waiting.at(6).command(Command::TellAgain);
    assert_eq!(merchant_due(&again.payment.announcements[0]), Some(at(6)));

    // All was told: how it ended is told anew, under the next number.
    let done = paid().fact(told(1, MerchantSaid::Taken(200)));
    let again = done.at(100).command(Command::TellAgain);
    assert_eq!(kinds(&again), [(2, "payment.paid", None)]);
}

#[test]
fn a_merchant_without_an_address_is_not_owed_anything() {
    let mut payment = world::opened(Mode::Strict, Some(PAGE));
    payment.terms.notify_url = None;
    let tale = Tale::from(payment).paid(first(PAGE), "A");
    assert_eq!(tale.payment.announcements[0].merchant, Leg::Settled);
    let tale = tale.command(Command::TellAgain);
    assert_eq!(tale.answer, "refused: nothing to tell");
}
