//! Closing (关单): by the deadline, the merchant, a switch, a new order or a payment elsewhere.
//!
//! Closing bars new attempts at once and ends only when the channel has said of every open attempt
//! that it will take no money, or its absence after the deadline proves it.

use super::{Answer, Draft};
use crate::channel_order::{ChannelOrderState, ClosingCause};
use crate::command::Refusal;
use crate::numbers::{ChannelOrderNo, PaymentNo};
use crate::obligation::Due;
use crate::payment::{CaseKind, PaymentState, Version};
use crate::refund::RefundState;
use crate::schedule::Creation;
use crate::time::Timestamp;

/// Begins closing one attempt; the first try is due at once.
pub(super) fn begin(draft: &mut Draft, no: ChannelOrderNo, cause: ClosingCause) {
    let now = draft.now;
    let Some(index) = draft
        .payment
        .channel_orders
        .iter()
        .position(|order| order.no == no)
    else {
        return;
    };
    match draft.payment.channel_orders[index].state {
        ChannelOrderState::Submitted | ChannelOrderState::Pending => {
            let due = draft.due(now);
            let order = &mut draft.payment.channel_orders[index];
            order.state = ChannelOrderState::Closing;
            order.closing = Some(cause);
            order.closing_since = Some(now);
            order.due = Some(due);
        }
        // The attempt keeps its ladder; only the stricter reason is noted.
        ChannelOrderState::Closing => {
            let order = &mut draft.payment.channel_orders[index];
            if order.closing.is_none_or(ClosingCause::accepts_success) {
                order.closing = Some(cause);
            }
        }
        ChannelOrderState::Paid | ChannelOrderState::Failed | ChannelOrderState::Closed => {}
    }
}

fn begin_all(draft: &mut Draft, cause: ClosingCause) {
    draft.payment.state = PaymentState::Closing;
    draft.payment.closing = Some(cause);
    let numbers: Vec<_> = draft
        .payment
        .channel_orders
        .iter()
        .map(|order| order.no)
        .collect();
    for no in numbers {
        begin(draft, no, cause);
    }
}

/// The merchant closes. The channel was asked first and said nothing of money.
pub(super) fn close(draft: &mut Draft, asked: Version) -> Result<Answer, Refusal> {
    match draft.payment.state {
        PaymentState::Paid => Err(Refusal::AlreadyPaid),
        PaymentState::Closed => Ok(Answer::Noted),
        PaymentState::Created | PaymentState::Paying | PaymentState::Closing => {
            if asked != draft.payment.version {
                return Err(Refusal::Moved);
            }
            if draft
                .payment
                .closing
                .is_none_or(ClosingCause::accepts_success)
            {
                begin_all(draft, ClosingCause::Merchant);
            }
            Ok(Answer::Noted)
        }
    }
}

/// The buyer ordered again: this payment gives way, to one successor only.
pub(super) fn supersede(draft: &mut Draft, successor: PaymentNo) -> Result<Answer, Refusal> {
    match draft.payment.successor {
        Some(known) if known == successor => return Ok(Answer::Noted),
        Some(_) => return Err(Refusal::OtherSuccessor),
        None => {}
    }
    match draft.payment.state {
        PaymentState::Paid => return Err(Refusal::AlreadyPaid),
        PaymentState::Created | PaymentState::Paying | PaymentState::Closing => {
            begin_all(draft, ClosingCause::Superseded);
        }
        PaymentState::Closed => {}
    }
    draft.payment.successor = Some(successor);
    Ok(Answer::Noted)
}

/// Time has passed and what was due was tried: the deadline takes effect, ladders move to their next rung.
pub(super) fn ticked(draft: &mut Draft) {
    let now = draft.now;
    super::booking::book_overdue(&mut draft.payment, now);
    let expired = soon(now) >= draft.payment.terms.expires_at;
    match draft.payment.state {
        PaymentState::Created | PaymentState::Paying if expired => {
            begin_all(draft, ClosingCause::Expiry);
            return;
        }
        PaymentState::Created
        | PaymentState::Paying
        | PaymentState::Paid
        | PaymentState::Closing
        | PaymentState::Closed => {}
    }
    let unconfirmed = draft.payment.channel_orders.iter();
    let unconfirmed: Vec<_> = unconfirmed
        .filter(|order| order.is_unconfirmed(now))
        .map(|order| order.no)
        .collect();
    if !unconfirmed.is_empty() {
        for no in unconfirmed {
            begin(draft, no, ClosingCause::Unconfirmed);
        }
        return;
    }
    move_channel_orders(draft);
    move_refunds(draft);
    for index in 0..draft.payment.captures.len() {
        super::captures::watch_return(draft, index);
    }
}

fn move_channel_orders(draft: &mut Draft) {
    let now = draft.now;
    let deadline = draft.payment.terms.expires_at;
    for index in 0..draft.payment.channel_orders.len() {
        let order = &draft.payment.channel_orders[index];
        if !order.due.is_some_and(|due| due.is_due(now)) {
            continue;
        }
        let (no, policy, pace) = (order.no, order.policy(), order.pace());
        let created_at = order.created_at;
        let due = match order.state {
            ChannelOrderState::Submitted | ChannelOrderState::Pending => {
                let mut at = policy.query.next(pace, created_at, soon(now)).min(deadline);
                if policy.creation == Creation::Once {
                    at = at.min(created_at.plus(policy.confirm_within));
                }
                let mut early = policy.early_rungs(pace, created_at, deadline);
                if early.any(|rung| rung == at) {
                    Due { at, messaged: true }
                } else {
                    draft.due(at)
                }
            }
            ChannelOrderState::Closing => {
                let since = order.closing_since.unwrap_or(created_at);
                let mut at = policy.closing.next(pace, since, soon(now));
                let proof = deadline.plus(policy.absence_margin);
                let provable = soon(now) >= proof;
                if !provable {
                    at = at.min(proof);
                }
                // It is asked about for ever, but no longer by us alone.
                if (provable || policy.reverses) && now >= since.plus(policy.closing.reach(pace)) {
                    draft.open_case(CaseKind::OutcomeUnknown, no.to_string());
                }
                draft.due(at)
            }
            ChannelOrderState::Paid | ChannelOrderState::Failed | ChannelOrderState::Closed => {
                continue;
            }
        };
        draft.payment.channel_orders[index].due = Some(due);
    }
}

/// A refund that is owed keeps its time until it is sent or held: it is not forgotten by being late.
fn move_refunds(draft: &mut Draft) {
    let now = draft.now;
    for index in 0..draft.payment.refunds.len() {
        let refund = &draft.payment.refunds[index];
        if !refund.due.is_some_and(|due| due.is_due(now)) {
            continue;
        }
        super::attention::watch_window(draft, index);
        let refund = &draft.payment.refunds[index];
        match refund.state {
            RefundState::Sent | RefundState::Accepted => {
                let at = super::refunds::next_word(refund, soon(now));
                let due = draft.due(at);
                draft.payment.refunds[index].due = Some(due);
            }
            RefundState::Manual => {
                let start = refund.sent_at.unwrap_or(refund.created_at);
                let at = if now.since(start) < super::attention::MANUAL_WATCH {
                    super::refunds::next_word(refund, soon(now))
                } else {
                    now.plus(super::attention::MANUAL_WATCH)
                };
                let due = draft.due(at);
                draft.payment.refunds[index].due = Some(due);
            }
            RefundState::Due | RefundState::Succeeded | RefundState::Failed => {}
        }
    }
}

/// A rung within the reach of "now" counts as climbed.
fn soon(now: Timestamp) -> Timestamp {
    now.plus(crate::obligation::SOON)
}
