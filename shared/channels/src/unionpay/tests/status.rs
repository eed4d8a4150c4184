//! Every documented response code, and what each call makes of it.

use payonce_domain::{RefundForm, RefundReport};

use super::super::status::{self, Class, Fate};

/// Code, class, what it says of an order, of a refund that is sent, of an undo that is sent, and of a
/// refund that is asked about.
type Row = (
    &'static str,
    Class,
    Fate,
    RefundReport,
    RefundReport,
    RefundReport,
);

#[test]
fn every_code_means_one_thing() {
    use Class::*;
    use RefundReport as R;
    let declined = |code| {
        (
            code,
            Declined,
            Fate::Declined,
            R::Failed,
            R::Failed,
            R::Failed,
        )
    };
    let faulty = |code| {
        let person = R::NeedsPerson;
        (code, Faulty, Fate::Declined, person, person, R::Failed)
    };
    let unknown = |code| {
        let silence = R::NoAnswer;
        (code, Unknown, Fate::Open, silence, silence, silence)
    };
    let mut table: Vec<Row> = vec![
        (
            "00",
            Success,
            Fate::Paid,
            R::Accepted,
            R::Accepted,
            R::Succeeded,
        ),
        (
            "A6",
            Success,
            Fate::Paid,
            R::Accepted,
            R::Accepted,
            R::Succeeded,
        ),
        ("02", NotNow, Fate::Open, R::NotYet, R::NotYet, R::Accepted),
        (
            "05",
            Pending,
            Fate::Open,
            R::Accepted,
            R::Accepted,
            R::Accepted,
        ),
        (
            "12",
            Duplicate,
            Fate::Open,
            R::Accepted,
            R::Accepted,
            R::Accepted,
        ),
        (
            "34",
            NotFound,
            Fate::Declined,
            R::NeedsPerson,
            R::Failed,
            R::Failed,
        ),
        (
            "35",
            Original,
            Fate::Declined,
            R::NeedsPerson,
            R::Failed,
            R::Failed,
        ),
        (
            "36",
            Original,
            Fate::Declined,
            R::NeedsPerson,
            R::Failed,
            R::Failed,
        ),
        ("37", NotNow, Fate::Open, R::NotYet, R::NotYet, R::Accepted),
        ("39", NotNow, Fate::Open, R::NotYet, R::NotYet, R::Accepted),
        ("41", NotNow, Fate::Open, R::NotYet, R::NotYet, R::Accepted),
        (
            "64",
            NotEnough,
            Fate::Declined,
            R::NotYet,
            R::NotYet,
            R::Failed,
        ),
        (
            "70",
            Pending,
            Fate::Open,
            R::Accepted,
            R::Accepted,
            R::Accepted,
        ),
        (
            "98",
            NoFile,
            Fate::Declined,
            R::NoAnswer,
            R::NoAnswer,
            R::NoAnswer,
        ),
    ];
    table.extend(["10", "11", "13", "14"].map(faulty));
    table.extend(["03", "04", "06", "99"].map(unknown));
    for code in ["31", "32"] {
        let person = R::NeedsPerson;
        table.push((
            code,
            Misconfigured,
            Fate::Declined,
            person,
            person,
            R::Failed,
        ));
    }
    for code in ["42", "74", "75"] {
        let silence = R::NoAnswer;
        table.push((code, GoesBack, Fate::GoesBack, silence, silence, silence));
    }
    let of_cards = [
        "01", "30", "33", "38", "40", "43", "44", "60", "61", "62", "63", "65", "66", "67", "68",
        "69", "71", "72", "73", "76", "77", "78", "79", "80", "82",
    ];
    table.extend(of_cards.map(declined));

    let mut known = 0;
    for first in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".chars() {
        for second in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".chars() {
            let code = format!("{first}{second}");
            let row = table.iter().find(|row| row.0 == code);
            let class = status::class(&code);
            assert_eq!(class, row.map(|row| row.1), "{code}");
            let (Some(class), Some(row)) = (class, row) else {
                continue;
            };
            known += 1;
            assert_eq!(status::fate(class), row.2, "{code} of an order");
            let refund = status::refund(class, RefundForm::Refund);
            assert_eq!(refund, row.3, "{code} at a refund");
            let undo = status::refund(class, RefundForm::Undo);
            assert_eq!(undo, row.4, "{code} at an undo");
            assert_eq!(status::refund_fate(class), row.5, "{code} of a refund");
        }
    }
    assert_eq!(known, table.len());
    assert_eq!(status::class("2600000"), None);
}

/// F10: money that moved, or may have, never makes an order fail.
#[test]
fn nothing_that_may_have_taken_money_is_a_refusal() {
    for code in [
        "00", "A6", "03", "04", "05", "06", "12", "34", "42", "70", "74", "75", "99",
    ] {
        let class = status::class(code).unwrap();
        assert!(!status::code_is_refused(class), "{code}");
    }
}
