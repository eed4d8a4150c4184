//! What a verdict is, and what the decision function makes of it.

use payonce_domain::reconciliation::{
    DiscrepancyClass, FeeRate, Proposal, judge_matched, judge_other_amount, judge_row, pair,
};
use payonce_domain::{CaseKind, MovementId, PaymentState};

use super::*;

const fn show(class: DiscrepancyClass, proposal: Proposal) -> Verdict {
    Verdict::Show { class, proposal }
}

/// What the decision function makes of a verdict's fact.
fn apply(payment: &Payment, verdict: Verdict, days: u64) -> (Payment, DiscrepancyClass, Proposal) {
    match verdict {
        Verdict::Repair {
            fact,
            class,
            proposal,
        } => {
            let decision = decide::on_fact(payment, *fact, START.plus(Span::days(days)));
            (decision.into_payment(), class, proposal)
        }
        other @ (Verdict::Wait | Verdict::Confirmed | Verdict::Show { .. }) => {
            panic!("no repair: {other:?}")
        }
    }
}

/// F84: charged, and unknown here. The bill makes the capture; the payment decides what becomes of it.
#[test]
fn a_payment_only_the_bill_has_becomes_a_capture() {
    let payment = opened();
    let verdict = judge(&line(&payment, "t1"), &payment, 0);
    let (paid, class, proposal) = apply(&payment, verdict, 1);
    assert_eq!(class, DiscrepancyClass::ChannelOnly);
    assert_eq!(proposal, Proposal::Repaired);
    assert_eq!(paid.state, PaymentState::Paid);
    assert_eq!(paid.money().unwrap().applied, PRICE);
    // A second one on the same order goes back.
    let verdict = judge(&line(&paid, "t2"), &paid, 0);
    let (twice, _, _) = apply(&paid, verdict, 1);
    assert_eq!(twice.money().unwrap().refund_due, PRICE);
    assert_eq!(twice.money().unwrap().applied, PRICE);
}

/// F83: what the payment confirms waits for its row, and no alarm is raised at the day boundary (S18).
#[test]
fn what_the_payment_confirms_waits_a_day_for_its_row() {
    let payment = opened();
    let verdict = judge(&line(&payment, "t1"), &payment, 0);
    let (paid, _, _) = apply(&payment, verdict, 0);
    let again = line(&paid, "t1");
    assert_eq!(judge(&again, &paid, 0), Verdict::Wait);
    let rows = paid.ledger_rows();
    assert_eq!(
        paid.unbooked.clone().unwrap().movements,
        [MovementId::Capture(again.trade_no.clone())]
    );
    let pairs = pair(vec![again.clone()], rows);
    assert_eq!(
        (pairs.matched.len(), pairs.lines, pairs.rows),
        (1, vec![], vec![])
    );
    let twice = show(DiscrepancyClass::DuplicateLine, Proposal::AskChannel);
    assert_eq!(judge(&again, &paid, 1), twice);

    // Its bill came two days late: its row is in the ledger of the day on which it was learnt.
    let late = BillLine {
        alone_since: Some(days_on(day(), 2)),
        ..again
    };
    assert_eq!(judge(&late, &paid, 1), Verdict::Wait);
    assert_eq!(judge(&late, &paid, 2), twice);
}

/// F85: only here. Not before the next day's bill is there too.
#[test]
fn a_row_without_a_line_is_shown_after_the_next_bill() {
    let payment = opened();
    let verdict = judge(&line(&payment, "t1"), &payment, 0);
    let (paid, _, _) = apply(&payment, verdict, 0);
    let row = &paid.ledger_rows()[0];
    assert_eq!(judge_row(row, Some(&paid), day()), Verdict::Wait);
    let shown = show(DiscrepancyClass::LedgerOnly, Proposal::QueryChannel);
    assert_eq!(judge_row(row, Some(&paid), day().next()), shown);
}

/// S4, S14: no number of ours, another merchant's, another account's: shown, and no money moves.
#[test]
fn foreign_lines_are_never_refunded() {
    let payment = opened();
    let foreign = show(DiscrepancyClass::Foreign, Proposal::AskMerchant);
    let theirs = line(&payment, "t1");
    let of = |account: &str, merchant: &str, known| {
        judge_line(
            &theirs,
            &AccountId::new(account).unwrap(),
            &MerchantId::new(merchant).unwrap(),
            known,
            day().next(),
        )
    };
    assert_eq!(of("wechat-1", "m-1", Known::Nothing), foreign);
    assert_eq!(of("wechat-2", "m-1", Known::Payment(&payment)), foreign);
    assert_eq!(of("wechat-1", "m-2", Known::Payment(&payment)), foreign);
    let verdict = judge_line(&theirs, &account(), &merchant(), Known::Nothing, day());
    assert_eq!(verdict, Verdict::Wait);
}

#[test]
fn another_amount_opens_a_case_and_moves_nothing() {
    let payment = opened();
    let (paid, _, _) = apply(&payment, judge(&line(&payment, "t1"), &payment, 0), 0);
    let other = BillLine {
        amount: Money::from_fen(2_000),
        ..line(&paid, "t1")
    };
    let (after, class, proposal) = apply(&paid, judge_other_amount(&other, &account()), 1);
    assert_eq!(class, DiscrepancyClass::AmountDiffers);
    assert_eq!(proposal, Proposal::LookAtCase);
    assert_eq!(after.money(), paid.money());
    assert_eq!(after.cases[0].kind, CaseKind::AmountContradiction);
}

/// A refund of the merchant's own making, with the channel's tools.
#[test]
fn a_refund_only_the_bill_has_is_entered_once() {
    let payment = opened();
    let (paid, _, _) = apply(&payment, judge(&line(&payment, "t1"), &payment, 0), 0);
    let theirs = refund_line(&paid, "t1", "backoffice-1");
    let (after, class, _) = apply(&paid, judge(&theirs, &paid, 0), 1);
    assert_eq!(class, DiscrepancyClass::RefundChannelOnly);
    assert_eq!(after.money().unwrap().refunded, PRICE);
    assert_eq!(judge(&theirs, &after, 0), Verdict::Wait);
    let pairs = pair(vec![theirs.clone()], after.ledger_rows());
    assert_eq!((pairs.matched.len(), pairs.rows.len()), (1, 0), "by trade");
    assert_eq!(judge(&theirs, &after, 3), Verdict::Confirmed);
    // It is ours, and nobody here knows it: a case, not money.
    let (twice, _, _) = apply(&paid, judge(&line(&paid, "t2"), &paid, 0), 1);
    let no = twice.refunds[0].no.to_string();
    let unknown = refund_line(&paid, "t1", &no);
    let (after, class, proposal) = apply(&paid, judge(&unknown, &paid, 0), 1);
    assert_eq!(class, DiscrepancyClass::RefundChannelOnly);
    assert_eq!(proposal, Proposal::LookAtCase);
    assert_eq!(after.cases[0].kind, CaseKind::UnknownRefund);
}

#[test]
fn a_refund_that_the_bill_has_as_done_is_done() {
    let payment = opened();
    let (paid, _, _) = apply(&payment, judge(&line(&payment, "t1"), &payment, 0), 0);
    let (twice, _, _) = apply(&paid, judge(&line(&paid, "t2"), &paid, 0), 0);
    let done = refund_line(&twice, "t2", &twice.refunds[0].no.to_string());
    let under_way = BillLine {
        standing: Standing::UnderWay,
        ..done.clone()
    };
    assert_eq!(judge(&under_way, &twice, 1), Verdict::Wait);
    let (after, class, proposal) = apply(&twice, judge(&done, &twice, 0), 1);
    assert_eq!(class, DiscrepancyClass::StatusDiffers);
    assert_eq!(proposal, Proposal::Repaired);
    assert_eq!(after.money().unwrap().refunded, PRICE);
    let row = &after.ledger_rows()[0];
    assert_eq!(row.movement, Movement::Refund);
    assert_eq!(row.number(), done.posting().number);
    let soon = day().next();
    assert_eq!(judge_row(row, Some(&after), soon), Verdict::Wait);
    let shown = show(DiscrepancyClass::RefundLedgerOnly, Proposal::QueryChannel);
    assert_eq!(
        judge_row(row, Some(&after), row.day.next().next().next()),
        shown
    );
}

#[test]
fn a_matched_line_may_still_differ_in_state_or_fee() {
    let payment = opened();
    let right = line(&payment, "t1");
    let rate = FeeRate::from_millionths(6_000);
    assert_eq!(judge_matched(&right, rate), None);
    let dear = BillLine {
        fee: Some(Money::from_fen(13)),
        ..right.clone()
    };
    let fee = show(DiscrepancyClass::FeeDiffers, Proposal::AskChannel);
    assert_eq!(judge_matched(&dear, rate), Some(fee));
    assert_eq!(judge_matched(&dear, None), None);
    let failed = BillLine {
        standing: Standing::Failed,
        ..right
    };
    let status = show(DiscrepancyClass::StatusDiffers, Proposal::QueryChannel);
    assert_eq!(judge_matched(&failed, rate), Some(status));
}
