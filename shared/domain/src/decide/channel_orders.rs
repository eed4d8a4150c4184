//! What channels say about an attempt: created, paid, closed, unknown, reversed.

use super::{Answer, Draft, captures};
use crate::capture::{Disposition, SuspenseReason};
use crate::channel_order::{ChannelOrder, ChannelOrderState, ClosingCause};
use crate::command::Refusal;
use crate::evidence::{Evidence, Source};
use crate::fact::{CreateAnswer, Occasion, Report, ReversalReport};
use crate::ids::AccountId;
use crate::numbers::ChannelOrderNo;
use crate::refund::RefundCause;
use crate::schedule::Creation;

fn find(draft: &mut Draft, no: ChannelOrderNo) -> Option<&mut ChannelOrder> {
    draft
        .payment
        .channel_orders
        .iter_mut()
        .find(|order| order.no == no)
}

pub(super) fn create_answered(draft: &mut Draft, no: ChannelOrderNo, answer: CreateAnswer) {
    let Some(order) = find(draft, no) else { return };
    order.creates_unanswered = order.creates_unanswered.saturating_sub(1);
    let unanswered = order.creates_unanswered > 0;
    order.lease_until = None;
    match (order.state, answer) {
        (
            ChannelOrderState::Submitted | ChannelOrderState::Pending,
            CreateAnswer::Made { action, expires_at },
        ) => {
            order.state = ChannelOrderState::Pending;
            order.action = Some(action);
            order.action_expires_at = expires_at;
        }
        (ChannelOrderState::Submitted, CreateAnswer::Refused) if !unanswered => {
            order.state = ChannelOrderState::Failed;
        }
        // An earlier create may still arrive and be paid, so a refusal of this one proves nothing.
        (ChannelOrderState::Submitted | ChannelOrderState::Pending, CreateAnswer::Refused) => {
            super::closing::begin(draft, no, ClosingCause::Refused);
        }
        // Too late to be handed out: a link given now could only be paid in vain.
        (
            ChannelOrderState::Closing
            | ChannelOrderState::Paid
            | ChannelOrderState::Failed
            | ChannelOrderState::Closed,
            CreateAnswer::Made { .. } | CreateAnswer::Refused,
        ) => {}
    }
}

pub(super) fn reported(
    draft: &mut Draft,
    no: ChannelOrderNo,
    account: AccountId,
    evidence: Evidence,
    occasion: Occasion,
    report: Report,
) {
    if evidence.source == Source::Hint {
        return;
    }
    if find(draft, no).is_some_and(|order| order.account != account) {
        return;
    }
    match report {
        Report::Paid {
            trade_no,
            amount,
            paid_at,
        } => {
            adopt(draft, no, account);
            captures::paid(draft, no, trade_no, amount, paid_at, evidence.source);
        }
        Report::Closed => {
            if counts(draft, occasion) {
                end_unpaid(draft, no);
            }
        }
        Report::NotFound => {
            let now = draft.now;
            let deadline = draft.payment.terms.expires_at;
            let proven = find(draft, no)
                .is_some_and(|order| now >= deadline.plus(order.policy().absence_margin));
            if proven && counts(draft, occasion) {
                end_unpaid(draft, no);
            }
        }
        Report::Unpaid | Report::NoAnswer => {}
    }
}

/// A negative answer counts only if nothing changed since the question was asked.
fn counts(draft: &Draft, occasion: Occasion) -> bool {
    match occasion {
        Occasion::Asked(version) => version == draft.payment.version,
        Occasion::Told | Occasion::Sent => false,
    }
}

fn end_unpaid(draft: &mut Draft, no: ChannelOrderNo) {
    if let Some(order) = find(draft, no)
        && order.state.is_open()
    {
        order.state = ChannelOrderState::Closed;
    }
}

/// A channel names an attempt of this payment that the item does not hold, as after a restore from a
/// backup. The number is ours and its money is real, so the attempt is entered as closed.
fn adopt(draft: &mut Draft, no: ChannelOrderNo, account: AccountId) {
    if find(draft, no).is_some() {
        return;
    }
    let now = draft.now;
    draft.payment.channel_orders.push(ChannelOrder {
        no,
        account,
        state: ChannelOrderState::Closed,
        created_at: now,
        action: None,
        action_expires_at: None,
        lease_until: None,
        creates_unanswered: 0,
        closing: None,
        closing_since: None,
        reversing_since: None,
        due: None,
    });
}

pub(super) fn begin_reversal(draft: &mut Draft, no: ChannelOrderNo) -> Result<Answer, Refusal> {
    let now = draft.now;
    let order = find(draft, no).ok_or(Refusal::NotDue)?;
    let reversible = match order.policy().creation {
        Creation::Once => order.state == ChannelOrderState::Closing,
        Creation::ByBrowser | Creation::ByCall => false,
    };
    if !reversible {
        return Err(Refusal::NotDue);
    }
    order.reversing_since.get_or_insert(now);
    Ok(Answer::Noted)
}

pub(super) fn reversal_answered(draft: &mut Draft, no: ChannelOrderNo, report: ReversalReport) {
    let waiting = draft.payment.captures.iter().position(|capture| {
        capture.channel_order_no == no
            && capture.disposition == Disposition::Suspended(SuspenseReason::Reversing)
    });
    match (report, waiting) {
        (ReversalReport::Again, None | Some(_)) => {}
        (ReversalReport::Reversed, None) => end_unpaid(draft, no),
        (ReversalReport::Reversed, Some(index)) => {
            draft.payment.captures[index].disposition =
                Disposition::Returning(RefundCause::LatePayment);
            super::refunds::returned_by_reversal(draft, index);
        }
        (ReversalReport::Refused, None) => {}
        (ReversalReport::Refused, Some(index)) => {
            draft.payment.captures[index].disposition =
                Disposition::Returning(RefundCause::LatePayment);
        }
    }
}
