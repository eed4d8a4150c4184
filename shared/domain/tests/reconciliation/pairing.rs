//! The second pass: which of the lines and rows that were left belong together.

use payonce_domain::reconciliation::pair;
use payonce_domain::{LedgerRow, RefundNo, Version};

use super::*;

fn payment_row() -> LedgerRow {
    paid().ledger_rows().remove(0)
}

/// The row of a refund of `t2`, done, and our number for it.
fn refund_row() -> (LedgerRow, RefundNo) {
    let twice = paid_twice();
    let no = twice.refunds[0].no;
    let done = refund_line(&twice, "t2", &no.to_string());
    let after = repaired(&twice, judge(&done, &twice, 0));
    (after.ledger_rows().remove(0), no)
}

/// The versions of the rows that are left when there is no line.
fn left(rows: Vec<LedgerRow>) -> Vec<u64> {
    let rows = pair(Vec::new(), rows).rows.into_iter();
    rows.map(|row| row.version.0).collect()
}

/// A refund that came back takes along what was known of it until then, and nothing that is known since.
#[test]
fn a_void_row_undoes_what_is_older_and_nothing_newer() {
    let (row, _) = refund_row();
    let written = |version: u64, void: bool| LedgerRow {
        version: Version(version),
        void,
        ..row.clone()
    };
    let cases: [(u64, u64, &[u64]); 4] = [(3, 5, &[]), (4, 5, &[]), (6, 5, &[6]), (9, 5, &[9])];
    for (version, void, expected) in cases {
        let (row, void) = (written(version, false), written(void, true));
        for rows in [vec![row.clone(), void.clone()], vec![void, row]] {
            let case = format!("{rows:?}");
            assert_eq!(left(rows), expected, "{case}");
        }
    }
    // One version says one thing of a refund. Said both ways, it is not taken for money that went back.
    assert_eq!(left(vec![written(5, false), written(5, true)]), [0; 0]);
    assert_eq!(left(vec![written(5, true)]), [0; 0]);
}

#[test]
fn a_void_row_undoes_no_other_refund_and_no_payment() {
    let (row, no) = refund_row();
    let other = LedgerRow {
        refund_no: no.next_generation(),
        ..row.clone()
    };
    let void = LedgerRow {
        void: true,
        version: Version(row.version.0 + 1),
        ..row
    };
    let pairs = pair(Vec::new(), vec![payment_row(), other.clone(), void]);
    let numbers: Vec<_> = pairs.rows.iter().map(LedgerRow::number).collect();
    assert_eq!(numbers, [other.number(), payment_row().number()]);
}

/// Under the same numbers another amount is never a match, and neither side is left to be matched again.
#[test]
fn the_same_numbers_with_another_amount_are_no_match() {
    let (refund, no) = refund_row();
    let payment = paid_twice();
    let both = [
        (line(&payment, "t1"), payment_row()),
        (refund_line(&payment, "t2", &no.to_string()), refund),
    ];
    for (line, row) in both {
        for (fen, matched, differing) in [(1_999, 1, 0), (1_998, 0, 1), (2_000, 0, 1)] {
            let line = BillLine {
                amount: Money::from_fen(fen),
                ..line.clone()
            };
            let pairs = pair(vec![line.clone()], vec![row.clone()]);
            let found = (pairs.matched.len(), pairs.other_amounts.len());
            assert_eq!(found, (matched, differing), "{fen} fen, {line:?}");
            assert_eq!((pairs.lines, pairs.rows), (vec![], vec![]), "{fen} fen");
        }
    }
}

/// By the trade's number alone, a garbled number is paired with the row of its own amount only.
#[test]
fn a_garbled_number_is_paired_by_trade_and_amount() {
    let payment = paid();
    let garbled = |fen| BillLine {
        order_no: "garbled".to_owned(),
        amount: Money::from_fen(fen),
        ..line(&payment, "t1")
    };
    for (fen, matched) in [(1_999, 1), (1_998, 0)] {
        let pairs = pair(vec![garbled(fen)], vec![payment_row()]);
        assert_eq!(pairs.matched.len(), matched, "{fen} fen");
        assert_eq!(pairs.lines.len() + matched, 1, "{fen} fen");
        assert_eq!(pairs.rows.len() + matched, 1, "{fen} fen");
        assert!(pairs.other_amounts.is_empty(), "{fen} fen");
    }
}
