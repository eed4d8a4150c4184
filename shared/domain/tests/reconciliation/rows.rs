//! Rows of the ledger that no bill has, and what the channel's answer makes of them.

use payonce_domain::appeal::findings::ChannelWord;
use payonce_domain::reconciliation::{Proposal, after_answer, judge_row};
use payonce_domain::{LedgerRow, RefundState};

use super::*;

/// The row that `payment`'s last change wrote.
fn row(payment: &Payment) -> LedgerRow {
    let row = payment.ledger_rows().remove(0);
    assert_eq!(row.day, day());
    row
}

#[test]
fn a_payments_row_is_shown_after_one_day() {
    let paid = paid();
    let row = row(&paid);
    for payment in [Some(&paid), None] {
        let shown: Days<'_> = &[(0, "wait"), (1, "show ledger_only: query_channel")];
        assert_days(&format!("{}", payment.is_some()), shown, |days| {
            judge_row(&row, payment, days_on(day(), days))
        });
    }
}

/// A refund that did not stay needs no line; one that stands does, after three days.
#[test]
fn a_refunds_row_is_shown_after_three_days_unless_it_came_back() {
    let twice = paid_twice();
    let no = twice.refunds[0].no.to_string();
    let done = refund_line(&twice, "t2", &no);
    let mut payment = repaired(&twice, judge(&done, &twice, 0));
    let row = row(&payment);
    assert_eq!(row.movement, Movement::Refund);
    let shown: Days<'_> = &[(0, "wait"), (3, "show refund_ledger_only: query_channel")];
    let confirmed: Days<'_> = &[(0, "wait"), (3, "confirmed")];
    for state in RefundState::ALL {
        payment.refunds[0].state = state;
        let expected = match state {
            RefundState::Succeeded => shown,
            RefundState::Due
            | RefundState::Sent
            | RefundState::Accepted
            | RefundState::Failed
            | RefundState::Manual => confirmed,
        };
        assert_days(&format!("{state:?}"), expected, |days| {
            judge_row(&row, Some(&payment), days_on(day(), days))
        });
    }
    assert_days("nobody knows it", shown, |days| {
        judge_row(&row, None, days_on(day(), days))
    });
}

/// F85: that the channel knows of no payment holds money back and removes none; silence is no answer.
#[test]
fn what_the_channel_answers_about_a_payment_only_we_have() {
    let advice = ChannelWord::ALL.map(|word| (word, after_answer(word)));
    let expected = [
        (ChannelWord::Paid, Some(Proposal::AskChannel)),
        (ChannelWord::Returned, Some(Proposal::Repaired)),
        (ChannelWord::Unpaid, Some(Proposal::HoldBack)),
        (ChannelWord::Nothing, Some(Proposal::HoldBack)),
        (ChannelWord::Silent, None),
    ];
    assert_eq!(advice, expected);
}
