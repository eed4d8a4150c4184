//! Refunds that need a person: asked about for ever, sent again when what kept them is mended, and shown while
//! there is time.

use super::refunds::{fail, next_word, policy_of, position};
use super::sending::cannot_be_repeated;
use super::{Answer, Draft};
use crate::command::Refusal;
use crate::numbers::RefundNo;
use crate::payment::{CaseKind, Version};
use crate::refund::RefundState;
use crate::time::Span;

/// How often the channel is asked about a refund that waits for a person.
pub(super) const MANUAL_WATCH: Span = Span::days(1);

/// The refund waits for a person. The channel is still asked, soon at first: what it refused may be
/// what it had done already.
pub(super) fn needs_person(draft: &mut Draft, index: usize) {
    match draft.payment.refunds[index].state {
        RefundState::Due | RefundState::Sent | RefundState::Accepted => {
            let at = next_word(&draft.payment.refunds[index], draft.now);
            let due = draft.due(at);
            let refund = &mut draft.payment.refunds[index];
            refund.state = RefundState::Manual;
            refund.due = Some(due);
        }
        RefundState::Succeeded | RefundState::Failed | RefundState::Manual => {}
    }
}

/// What kept a refund from moving may be mended by now: one that waits for a person and never arrived is
/// sent again, once in each of the days on which it is asked about.
pub(super) fn resume_some_day(draft: &mut Draft, index: usize) {
    let refund = &draft.payment.refunds[index];
    let start = refund.sent_at.unwrap_or(refund.created_at);
    if draft.now.since(start) >= MANUAL_WATCH {
        resume(draft, index);
    }
}

/// The same number is due once more; a number that is no longer taken gives way to the next, if it has
/// certainly moved nothing.
fn resume(draft: &mut Draft, index: usize) {
    let now = draft.now;
    let refund = &draft.payment.refunds[index];
    if cannot_be_repeated(refund, now) {
        if refund.sends_unanswered == 0 {
            fail(draft, index);
        }
        return;
    }
    let due = draft.due(now);
    let refund = &mut draft.payment.refunds[index];
    refund.state = RefundState::Due;
    if !policy_of(refund).refunds.named_by_time {
        refund.sends_unanswered = 0;
    }
    refund.due = Some(due);
}

/// A person has mended what kept a refund from moving, and the channel, asked at this version, has no
/// such refund: it is sent again at once.
pub(super) fn resume_by_hand(
    draft: &mut Draft,
    no: RefundNo,
    asked: Version,
) -> Result<Answer, Refusal> {
    let index = position(draft, no).ok_or(Refusal::NotDue)?;
    if asked != draft.payment.version {
        return Err(Refusal::Moved);
    }
    if draft.payment.refunds[index].state != RefundState::Manual {
        return Err(Refusal::NotDue);
    }
    resume(draft, index);
    Ok(Answer::Noted)
}

/// People are told while there is time: a channel takes no refund once its window is over.
pub(super) fn watch_window(draft: &mut Draft, index: usize) {
    let refund = &draft.payment.refunds[index];
    let window = policy_of(refund).refunds.window;
    let half = Span::millis(window.as_millis() / 2);
    let late = draft
        .payment
        .capture(&refund.trade_no)
        .is_some_and(|capture| draft.now.since(capture.paid_at) > half);
    if late && !refund.state.is_final() {
        let no = refund.no.to_string();
        draft.open_case(CaseKind::RefundWindow, no);
    }
}
