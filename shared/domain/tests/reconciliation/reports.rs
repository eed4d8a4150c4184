//! What a run counts, what a fee's rate is, and how days are named.

use std::collections::BTreeMap;

use payonce_domain::LedgerRow;
use payonce_domain::reconciliation::{
    DayState, DiscrepancyClass, FeeRate, Proposal, Report, Tally,
};

use super::discrepancies::discrepancy;
use super::*;

const fn tally(count: u64, fen: u64) -> Tally {
    Tally {
        count,
        amount: Money::from_fen(fen),
    }
}

#[test]
fn a_tally_counts_and_sums_and_stays_where_it_cannot_be_counted() {
    let mut sums = Tally::default();
    let mut seen = Vec::new();
    for fen in [5, 7, 0, u64::MAX, 1] {
        sums.add(Money::from_fen(fen));
        seen.push((sums.count, sums.amount.minor()));
    }
    assert_eq!(seen, [(1, 5), (2, 12), (3, 12), (4, 12), (5, 13)]);
}

/// Payments and refunds, and the fees of either, are never summed together.
#[test]
fn lines_are_counted_by_direction_with_their_fees() {
    let payment = paid();
    let mut report = Report::default();
    for (fen, fee) in [(1_000, Some(6)), (2_500, Some(15)), (30, None)] {
        report.count_line(&BillLine {
            amount: Money::from_fen(fen),
            fee: fee.map(Money::from_fen),
            ..line(&payment, "t1")
        });
    }
    for (fen, fee) in [(400, Some(2)), (11, None)] {
        report.count_line(&BillLine {
            amount: Money::from_fen(fen),
            fee: fee.map(Money::from_fen),
            ..refund_line(&payment, "t1", "r-1")
        });
    }
    let expected = Report {
        bill_payments: tally(3, 3_530),
        bill_refunds: tally(2, 411),
        fees_taken: tally(2, 21),
        fees_returned: tally(1, 2),
        ..Report::default()
    };
    assert_eq!(report, expected);
}

#[test]
fn rows_are_counted_by_direction_unless_they_are_void() {
    let mut report = Report::default();
    let row = paid().ledger_rows().remove(0);
    for (movement, fen, void) in [
        (Movement::Payment, 1_000, false),
        (Movement::Payment, 2_000, false),
        (Movement::Refund, 700, false),
        (Movement::Refund, 800, true),
    ] {
        report.count_row(&LedgerRow {
            movement,
            void,
            amount: Money::from_fen(fen),
            ..row.clone()
        });
    }
    let expected = Report {
        ledger_payments: tally(2, 3_000),
        ledger_refunds: tally(1, 700),
        ..Report::default()
    };
    assert_eq!(report, expected);
}

/// Only what repaired itself waits for nobody.
#[test]
fn what_waits_for_people_is_all_that_did_not_repair_itself() {
    use DiscrepancyClass::{ChannelOnly, FeeDiffers};
    let mut report = Report::default();
    let mut counts = Vec::new();
    for (class, proposal) in [
        (ChannelOnly, Proposal::Repaired),
        (ChannelOnly, Proposal::AskChannel),
        (FeeDiffers, Proposal::AskChannel),
        (ChannelOnly, Proposal::Repaired),
        (FeeDiffers, Proposal::Note),
    ] {
        report.count_found(&discrepancy(class, proposal));
        counts.push((report.repaired, report.open()));
    }
    assert_eq!(counts, [(1, 0), (1, 1), (1, 2), (2, 2), (2, 3)]);
    let found = BTreeMap::from([(ChannelOnly, 3), (FeeDiffers, 2)]);
    assert_eq!(report.found, found);
    assert_eq!(Report::default().open(), 0);
}

#[test]
fn a_rate_is_what_it_was_made_of_up_to_the_whole() {
    for millionths in [0, 1, 2, 6_000, 1_000_000] {
        let rate = FeeRate::from_millionths(millionths).unwrap();
        assert_eq!(rate.millionths(), millionths);
    }
    assert_eq!(FeeRate::from_millionths(1_000_001), None);
}

#[test]
fn days_have_names() {
    let names = DayState::ALL.map(DayState::name);
    assert_eq!(names, ["waiting", "open", "carried", "closed"]);
}
