//! Lines of refunds that stand alone: under our number, and under a stranger's.

use payonce_domain::reconciliation::Standing;
use payonce_domain::{RefundCause, RefundState};

use super::*;

const STANDINGS: [Standing; 3] = [Standing::Done, Standing::UnderWay, Standing::Failed];
/// How a refund may stand while its end is open.
const OPEN: [RefundState; 4] = [
    RefundState::Due,
    RefundState::Sent,
    RefundState::Accepted,
    RefundState::Manual,
];

/// `t2` is on its way back.
fn refunding(state: RefundState) -> Payment {
    let mut payment = paid_twice();
    payment.refunds[0].state = state;
    payment
}

fn our_line(payment: &Payment, standing: Standing) -> BillLine {
    BillLine {
        standing,
        ..refund_line(payment, "t2", &payment.refunds[0].no.to_string())
    }
}

#[test]
fn a_refund_of_ours_is_judged_by_both_sides_words_and_its_age() {
    let confirmed: Days<'_> = &[(0, "wait"), (3, "confirmed")];
    let differs: Days<'_> = &[(0, "wait"), (3, "show status_differs: ask_channel")];
    let under_way: Days<'_> = &[(0, "wait"), (30, "show status_differs: ask_channel")];
    let open = OPEN.into_iter().flat_map(|state| {
        [
            (
                state,
                Standing::Done,
                &[(0, "repair status_differs: repaired")][..],
            ),
            (state, Standing::UnderWay, under_way),
            (state, Standing::Failed, under_way),
        ]
    });
    let ended = [
        (RefundState::Succeeded, Standing::Done, confirmed),
        (RefundState::Succeeded, Standing::UnderWay, confirmed),
        (RefundState::Succeeded, Standing::Failed, differs),
        (
            RefundState::Failed,
            Standing::Done,
            &[(0, "repair status_differs: look_at_case")],
        ),
        (RefundState::Failed, Standing::UnderWay, differs),
        (RefundState::Failed, Standing::Failed, confirmed),
    ];
    for (state, standing, expected) in open.chain(ended) {
        let payment = refunding(state);
        let case = format!("{state:?} here, {standing:?} there");
        assert_line(&case, &our_line(&payment, standing), &payment, expected);
    }
}

/// The money of a refund that the bill has as done is back, once.
#[test]
fn a_refund_that_is_done_there_is_done_here() {
    for state in OPEN {
        let payment = refunding(state);
        let line = our_line(&payment, Standing::Done);
        let after = repaired(&payment, judge(&line, &payment, 0));
        let after = money(&after);
        assert_eq!((after.applied, after.refunded), (PRICE, PRICE), "{state:?}");
        assert!(after.refund_due.is_zero(), "{state:?}");
    }
}

#[test]
fn a_refund_of_another_amount_is_shown_at_once() {
    for (state, standing) in RefundState::ALL
        .into_iter()
        .flat_map(|state| STANDINGS.map(|standing| (state, standing)))
    {
        let payment = refunding(state);
        let other = BillLine {
            amount: Money::from_fen(1_998),
            ..our_line(&payment, standing)
        };
        let case = format!("{state:?} here, {standing:?} there");
        let shown: Days<'_> = &[(0, "show amount_differs: ask_channel")];
        assert_line(&case, &other, &payment, shown);
    }
}

/// As after a restore: the number is ours, and the payment knows nothing of it.
#[test]
fn a_refund_of_ours_that_nobody_knows_is_shown_and_moves_nothing() {
    let (asked, knows_nothing) = (refunding(RefundState::Sent), paid());
    let shown: Days<'_> = &[(0, "wait"), (3, "show refund_channel_only: ask_channel")];
    let cases: [(Standing, Days<'_>); 3] = [
        (
            Standing::Done,
            &[(0, "repair refund_channel_only: look_at_case")],
        ),
        (Standing::UnderWay, shown),
        (Standing::Failed, shown),
    ];
    for (standing, expected) in cases {
        let line = our_line(&asked, standing);
        assert_line(&format!("{standing:?}"), &line, &knows_nothing, expected);
    }
    let done = our_line(&asked, Standing::Done);
    let after = repaired(&knows_nothing, judge(&done, &knows_nothing, 0));
    assert_eq!(money(&after), money(&knows_nothing));
    assert_eq!(after.cases.len(), 1);
}

/// A refund under a stranger's number is entered once for each trade and amount, and what we sent ourselves
/// does not stand for it.
#[test]
fn a_refund_under_a_strangers_number_is_entered_once() {
    let (before, sent) = (paid(), refunding(RefundState::Sent));
    let theirs = refund_line(&before, "t1", "backoffice-1");
    let entered = repaired(&before, judge(&theirs, &before, 0));
    let refund = entered.refunds.last().unwrap();
    assert_eq!(refund.cause, RefundCause::Channel);
    assert_eq!((&refund.trade_no, refund.amount), (&trade("t1"), PRICE));
    assert_eq!(money(&entered).refunded, PRICE);

    let new: Days<'_> = &[(0, "repair refund_channel_only: repaired")];
    let known: Days<'_> = &[(0, "wait"), (3, "confirmed")];
    let one_fen = Money::from_fen(1);
    let cases: [(&str, &Payment, &str, Money, Days<'_>); 6] = [
        ("the same", &entered, "t1", PRICE, known),
        ("of another trade", &entered, "t2", PRICE, new),
        ("of another amount", &entered, "t1", one_fen, new),
        ("of neither", &entered, "t2", one_fen, new),
        ("nothing entered", &before, "t1", PRICE, new),
        ("only one of ours", &sent, "t2", PRICE, new),
    ];
    for (case, payment, trade_no, amount, expected) in cases {
        let line = BillLine {
            amount,
            ..refund_line(payment, trade_no, "backoffice-1")
        };
        assert_line(case, &line, payment, expected);
    }
}

/// A stranger's refund that is not done is no money back, and people see it when its days have passed.
#[test]
fn a_strangers_refund_that_is_not_done_is_shown_after_its_days() {
    let before = paid();
    let theirs = refund_line(&before, "t1", "backoffice-1");
    let entered = repaired(&before, judge(&theirs, &before, 0));
    for standing in [Standing::UnderWay, Standing::Failed] {
        let line = BillLine {
            standing,
            ..theirs.clone()
        };
        let shown: Days<'_> = &[(0, "wait"), (3, "show refund_channel_only: ask_channel")];
        assert_line(&format!("{standing:?}, unknown"), &line, &before, shown);
        assert_line(&format!("{standing:?}, entered"), &line, &entered, shown);
    }
}
