//! Sending a refund (退款): granted to one caller at a time, at the channel's pace, in one form for ever.

use super::attention::needs_person;
use super::refunds::{fail, next_word, policy_of, position};
use super::{Answer, Draft};
use crate::command::Refusal;
use crate::numbers::RefundNo;
use crate::refund::{Refund, RefundForm, RefundState};
use crate::schedule;
use crate::time::{Span, Timestamp};

/// How long before a settlement day's end nothing is undone any more.
const UNDO_MARGIN: Span = Span::minutes(5);

/// Grants one caller the sending. The write that stores this precedes the call, so a crash between
/// the two leaves a question to ask, never a second sending under another number.
pub(super) fn begin(draft: &mut Draft, no: RefundNo) -> Result<Answer, Refusal> {
    let now = draft.now;
    let index = position(draft, no).ok_or(Refusal::NotDue)?;
    let refund = &draft.payment.refunds[index];
    if refund.state != RefundState::Due || !refund.due.is_none_or(|due| due.is_due(now)) {
        return Err(Refusal::NotDue);
    }
    if cannot_be_repeated(refund, now) {
        // Each sending was refused without effect, so this number has moved nothing and never will.
        if refund.sends_unanswered == 0 {
            fail(draft, index);
        } else {
            needs_person(draft, index);
        }
        return Ok(Answer::Noted);
    }
    if let Some(free_at) = paced_until(draft, index) {
        let due = draft.due(free_at);
        draft.payment.refunds[index].due = Some(due);
        return Ok(Answer::Noted);
    }
    let form = match refund.sent_at {
        Some(_) => refund.form,
        None => form_of(draft, index),
    };
    let at = next_word(&draft.payment.refunds[index], now);
    let due = draft.due(at);
    let refund = &mut draft.payment.refunds[index];
    refund.form = form;
    refund.state = RefundState::Sent;
    refund.sent_at.get_or_insert(now);
    refund.sends_unanswered += 1;
    refund.due = Some(due);
    Ok(Answer::Refunding(no))
}

/// Whether a channel that knows refunds by number and time would take a repeat for a new one: the
/// settlement day of the first sending is over.
pub(super) fn cannot_be_repeated(refund: &Refund, now: Timestamp) -> bool {
    policy_of(refund).refunds.named_by_time
        && refund
            .sent_at
            .is_some_and(|sent| schedule::settlement_day(sent) != schedule::settlement_day(now))
}

/// When the channel takes this refund, if another of the same order was sent too short a time ago.
fn paced_until(draft: &Draft, index: usize) -> Option<Timestamp> {
    let refund = &draft.payment.refunds[index];
    let others =
        draft.payment.refunds.iter().filter(|other| {
            other.no != refund.no && other.channel_order_no == refund.channel_order_no
        });
    let last = others.filter_map(|other| other.sent_at).max()?;
    let free_at = last.plus(policy_of(refund).refunds.pace);
    (free_at > draft.now).then_some(free_at)
}

/// Undone where the channel can and only a whole, untouched capture of this settlement day is asked
/// for: the money is back at once. What an undo failed to do is refunded.
fn form_of(draft: &Draft, index: usize) -> RefundForm {
    let refund = &draft.payment.refunds[index];
    let Some(capture) = draft.payment.capture(&refund.trade_no) else {
        return RefundForm::Refund;
    };
    let mut others = draft
        .payment
        .refunds
        .iter()
        .filter(|other| other.no != refund.no && other.trade_no == refund.trade_no);
    let untouched = others.all(|other| other.sent_at.is_none());
    // A request on its way when the day ends would be refused.
    let arrives = draft.now.plus(UNDO_MARGIN);
    let same_day = schedule::settlement_day(capture.paid_at) == schedule::settlement_day(arrives);
    if policy_of(refund).refunds.undoes && untouched && same_day && refund.amount == capture.amount
    {
        RefundForm::Undo
    } else {
        RefundForm::Refund
    }
}

/// The refund cannot be sent or asked about now; it stays owed and is looked at again at `until`.
pub(super) fn hold(draft: &mut Draft, no: RefundNo, until: Timestamp) -> Result<Answer, Refusal> {
    let index = position(draft, no).ok_or(Refusal::NotDue)?;
    let refund = &draft.payment.refunds[index];
    // One that was sent meanwhile is asked about at its own time.
    let waits = refund.state == RefundState::Due
        || (!refund.state.is_final() && refund.due.is_some_and(|due| due.is_due(draft.now)));
    if !waits {
        return Err(Refusal::NotDue);
    }
    let due = draft.due(until);
    draft.payment.refunds[index].due = Some(due);
    Ok(Answer::Noted)
}
