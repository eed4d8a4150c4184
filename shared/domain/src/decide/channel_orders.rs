//! What channels say about an attempt: created, paid, closed, unknown, reversed.

use super::captures::Booked;
use super::{Answer, Draft, captures};
use crate::capture::{Disposition, SuspenseReason};
use crate::channel_order::{ChannelOrder, ChannelOrderState, ClosingCause};
use crate::command::Refusal;
use crate::evidence::{Evidence, Source};
use crate::fact::{CreateAnswer, Occasion, Report, ReversalReport};
use crate::ids::AccountId;
use crate::numbers::ChannelOrderNo;
use crate::payment::CaseKind;
use crate::refund::RefundCause;
use crate::schedule::{CREATE_LEASE, Stretch};
use crate::time::Timestamp;

fn find(draft: &mut Draft, no: ChannelOrderNo) -> Option<&mut ChannelOrder> {
    draft
        .payment
        .channel_orders
        .iter_mut()
        .find(|order| order.no == no)
}

pub(super) fn create_answered(draft: &mut Draft, no: ChannelOrderNo, answer: CreateAnswer) {
    let now = draft.now;
    let deadline = draft.payment.terms.expires_at;
    let Some(order) = find(draft, no) else { return };
    order.creates_unanswered = order.creates_unanswered.saturating_sub(1);
    // After the deadline one answer speaks for every create that may still arrive: what refused this one
    // for its expiry refuses them all, and an order that was made can be closed.
    if order.policy().burns && order.state == ChannelOrderState::Closing && now >= deadline {
        order.creates_unanswered = 0;
    }
    let unanswered = order.creates_unanswered > 0;
    order.lease_until = None;
    match (order.state, answer) {
        (
            ChannelOrderState::Submitted | ChannelOrderState::Pending,
            CreateAnswer::Made { action, expires_at },
        ) => {
            order.state = ChannelOrderState::Pending;
            // The first action stands until it expires: the buyer may be looking at it.
            if order.usable_action(now).is_none() {
                order.action = Some(action);
                order.action_expires_at = expires_at;
            }
        }
        (ChannelOrderState::Submitted | ChannelOrderState::Pending, CreateAnswer::Taken) => {
            order.state = ChannelOrderState::Pending;
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
            CreateAnswer::Made { .. } | CreateAnswer::Taken | CreateAnswer::Refused,
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
    if evidence.source == Source::Hint || no.key() != draft.payment.key {
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
            let taken = captures::Taken {
                trade_no,
                amount,
                paid_at,
                source: evidence.source,
                booked: Booked::Settled,
            };
            captures::paid(draft, no, taken);
        }
        Report::TakenLate {
            trade_no,
            amount,
            paid_at,
        } => {
            adopt(draft, no, account);
            let taken = captures::Taken {
                trade_no,
                amount,
                paid_at,
                source: evidence.source,
                booked: Booked::Returns,
            };
            captures::paid(draft, no, taken);
        }
        Report::PaidBack {
            trade_no,
            amount,
            paid_at,
        } => {
            adopt(draft, no, account);
            captures::paid_back(draft, no, trade_no, amount, paid_at, evidence);
        }
        Report::Closed => {
            if counts(draft, occasion) {
                end_unpaid(draft, no);
            }
        }
        Report::NotFound => {
            let now = draft.now;
            let deadline = draft.payment.terms.expires_at;
            let proven = find(draft, no).is_some_and(|order| {
                now >= deadline.plus(order.policy().absence_margin) && !order.must_be_burnt()
            });
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

/// Ends an attempt that took no money. One whose capture waits for a reversal did take some: it goes
/// on until the channel answers the reversal itself.
fn end_unpaid(draft: &mut Draft, no: ChannelOrderNo) {
    let waits = waiting(draft, no).is_some();
    if let Some(order) = find(draft, no)
        && order.state.is_open()
        && !waits
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
        bank: None,
        stretch: Stretch::NONE,
        state: ChannelOrderState::Closed,
        created_at: now,
        action: None,
        action_expires_at: None,
        lease_until: None,
        creates_unanswered: 0,
        closing: None,
        closing_since: None,
        reversing_since: None,
        reversals_unanswered: 0,
        due: None,
    });
}

/// The channel cannot be asked about the attempt now; it stays open and is looked at again at `until`.
pub(super) fn hold(
    draft: &mut Draft,
    no: ChannelOrderNo,
    until: Timestamp,
) -> Result<Answer, Refusal> {
    let due = draft.due(until);
    let order = find(draft, no).filter(|order| order.state.is_open());
    order.ok_or(Refusal::NotDue)?.due = Some(due);
    Ok(Answer::Noted)
}

pub(super) fn begin_reversal(draft: &mut Draft, no: ChannelOrderNo) -> Result<Answer, Refusal> {
    let now = draft.now;
    let order = find(draft, no).ok_or(Refusal::NotDue)?;
    if !order.policy().reverses || order.state != ChannelOrderState::Closing {
        return Err(Refusal::NotDue);
    }
    // Somebody else is at it: two at once, and the refusal of one would say nothing of the other.
    let held = order.lease_until.is_some_and(|until| until > now);
    if order.reversing_since.is_some() && held {
        return Err(Refusal::NotDue);
    }
    order.reversing_since.get_or_insert(now);
    order.reversals_unanswered += 1;
    order.lease_until = Some(now.plus(CREATE_LEASE));
    Ok(Answer::Noted)
}

/// The capture of this attempt that waits for the outcome of a reversal.
fn waiting(draft: &Draft, no: ChannelOrderNo) -> Option<usize> {
    draft.payment.captures.iter().position(|capture| {
        capture.channel_order_no == no
            && capture.disposition == Disposition::Suspended(SuspenseReason::Reversing)
    })
}

pub(super) fn reversal_answered(draft: &mut Draft, no: ChannelOrderNo, report: ReversalReport) {
    if let Some(order) = find(draft, no) {
        order.lease_until = None;
    }
    match report {
        // Silence, or as good as it: the reversal may have worked, or may still.
        ReversalReport::Again => {}
        ReversalReport::Reversed => {
            while let Some(index) = waiting(draft, no) {
                free(draft, index);
                super::returns::by_reversal(draft, index);
            }
            end_unpaid(draft, no);
        }
        ReversalReport::NothingTaken => nothing_taken(draft, no),
        ReversalReport::Refused => refused_for_good(draft, no),
    }
}

/// What a verified claim says was taken is not made undone by this: money that waits goes on waiting,
/// and people are told, until the channel or its bill says where it is.
fn nothing_taken(draft: &mut Draft, no: ChannelOrderNo) {
    let waits = waiting(draft, no).map(|index| draft.payment.captures[index].trade_no.clone());
    match waits {
        Some(trade_no) => draft.open_case(CaseKind::ReversalContradiction, trade_no.as_str()),
        None => end_unpaid(draft, no),
    }
}

/// It will not be reversed. Where the answer to another reversal was lost, that one may be why: it is
/// asked for once more, after the question that goes before each, which tells where it worked.
fn refused_for_good(draft: &mut Draft, no: ChannelOrderNo) {
    let Some(order) = find(draft, no) else { return };
    let only_one = order.reversals_unanswered == 1;
    order.reversals_unanswered = 0;
    if !only_one {
        return;
    }
    let mut amounts_right = Vec::new();
    while let Some(index) = waiting(draft, no) {
        amounts_right.push(free(draft, index));
    }
    // What was taken stays taken, so the attempt ends as any that took money does.
    if let (Some(right), Some(order)) = (amounts_right.into_iter().max(), find(draft, no)) {
        order.state = if right {
            ChannelOrderState::Paid
        } else {
            ChannelOrderState::Failed
        };
    }
}

/// The channel gave back what waited for a reversal: it worked, though its answer may never have come.
pub(super) fn reversed_unheard(draft: &mut Draft, no: ChannelOrderNo) {
    let mut worked = false;
    while let Some(index) = waiting(draft, no) {
        free(draft, index);
        worked = true;
    }
    if worked {
        end_unpaid(draft, no);
    }
}

/// A capture need not wait any longer: it goes back, one way or the other. Whether its amount was right.
fn free(draft: &mut Draft, index: usize) -> bool {
    let asked = draft.payment.terms.amount;
    let capture = &mut draft.payment.captures[index];
    let right = capture.amount == asked;
    capture.disposition = Disposition::Returning(if right {
        RefundCause::LatePayment
    } else {
        RefundCause::WrongAmount
    });
    right
}
