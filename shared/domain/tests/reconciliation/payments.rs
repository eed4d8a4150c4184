//! Lines of payments that stand alone.

use payonce_domain::CaseKind;
use payonce_domain::reconciliation::Standing;

use super::*;

fn at(standing: Standing, line: BillLine) -> BillLine {
    BillLine { standing, ..line }
}

/// A line that says that no money moved needs no capture, and a capture needs a line that says it did.
#[test]
fn a_payment_is_judged_by_how_it_stands_and_whether_we_have_it() {
    let (unpaid, paid) = (opened(), paid());
    let unsure: Days<'_> = &[(0, "wait"), (1, "show status_differs: query_channel")];
    let cases: [(&Payment, Standing, Days<'_>); 6] = [
        (
            &unpaid,
            Standing::Done,
            &[(0, "repair channel_only: repaired")],
        ),
        (&unpaid, Standing::UnderWay, &[(0, "confirmed")]),
        (&unpaid, Standing::Failed, &[(0, "confirmed")]),
        (
            &paid,
            Standing::Done,
            &[(0, "wait"), (1, "show duplicate_line: ask_channel")],
        ),
        (&paid, Standing::UnderWay, unsure),
        (&paid, Standing::Failed, unsure),
    ];
    for (payment, standing, expected) in cases {
        let case = format!("{standing:?}, {:?}", payment.state);
        let line = at(standing, line(payment, "t1"));
        assert_line(&case, &line, payment, expected);
    }
}

/// The payment has a capture of this trade, of another sum: neither a row to wait for nor a second payment.
#[test]
fn a_capture_of_another_amount_is_a_case_and_moves_nothing() {
    let paid = paid();
    for fen in [1, 1_998, 2_000, 100_000] {
        let other = BillLine {
            amount: Money::from_fen(fen),
            ..line(&paid, "t1")
        };
        let expected: Days<'_> = &[(0, "repair amount_differs: look_at_case")];
        assert_line(&format!("{fen} fen"), &other, &paid, expected);
        let after = repaired(&paid, judge(&other, &paid, 0));
        assert_eq!(money(&after), money(&paid), "{fen} fen");
        let kinds: Vec<_> = after.cases.iter().map(|case| case.kind).collect();
        assert_eq!(kinds, [CaseKind::AmountContradiction], "{fen} fen");
    }
}

/// Bills that come late: the row stands in the ledger of the day on which it was learnt.
#[test]
fn nothing_is_judged_before_the_day_it_was_first_alone_on() {
    let paid = paid();
    let late = BillLine {
        alone_since: Some(days_on(day(), 4)),
        ..line(&paid, "t1")
    };
    let shown: Days<'_> = &[(0, "wait"), (4, "show duplicate_line: ask_channel")];
    assert_line("late", &late, &paid, shown);
    let foreign: Days<'_> = &[(0, "wait"), (4, "show foreign: ask_merchant")];
    assert_days("late and foreign", foreign, |days| {
        let today = days_on(day(), days);
        judge_line(&late, &account(), &merchant(), Known::Nothing, today)
    });
}
