//! A capture arrives: it pays the order, or it goes back. Decided here, once, in the same write.

use super::Draft;
use crate::capture::{Capture, Disposition, SuspenseReason};
use crate::channel_order::{ChannelOrderState, ClosingCause};
use crate::evidence::{Evidence, Source};
use crate::fact::ReturnedSum;
use crate::ids::ChannelTradeNo;
use crate::money::Money;
use crate::numbers::ChannelOrderNo;
use crate::payment::{CaseKind, PaymentState};
use crate::refund::{RefundCause, RefundState};
use crate::time::{Span, Timestamp};

/// How often a capture that the channel should return by itself is looked at.
pub(super) const RETURN_WATCH: Span = Span::days(1);

/// After how long a return that has not come is shown to people: fifteen working days of China, with a
/// long holiday between them.
const RETURN_PATIENCE: Span = Span::days(30);

/// How a channel booked what it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Booked {
    /// As a payment.
    Settled,
    /// As money that it returns by itself.
    Returns,
}

/// What a channel says it took.
pub(super) struct Taken {
    pub(super) trade_no: ChannelTradeNo,
    pub(super) amount: Money,
    pub(super) paid_at: Timestamp,
    pub(super) source: Source,
    pub(super) booked: Booked,
}

pub(super) fn paid(draft: &mut Draft, no: ChannelOrderNo, taken: Taken) {
    let Taken {
        trade_no,
        amount,
        paid_at,
        source,
        booked,
    } = taken;
    let known = draft
        .payment
        .captures
        .iter()
        .position(|capture| capture.trade_no == trade_no);
    match known {
        None => take(
            draft,
            Capture {
                trade_no,
                channel_order_no: no,
                amount,
                paid_at,
                source,
                disposition: Disposition::Suspended(SuspenseReason::Contradiction),
                due: None,
            },
            booked,
        ),
        Some(index) if draft.payment.captures[index].amount == amount => {
            confirm(draft, index, source);
            match booked {
                Booked::Settled => {}
                Booked::Returns => leave_to_channel(draft, index),
            }
        }
        Some(index) => {
            let said = Capture {
                amount,
                paid_at,
                source,
                ..draft.payment.captures[index].clone()
            };
            contradict(draft, index, said, booked);
        }
    }
}

/// The same claim from another source. Only a wrong amount keeps the rank of what confirmed it: that
/// is the only case whose outcome a later contradiction could still turn.
fn confirm(draft: &mut Draft, index: usize, source: Source) {
    let capture = &mut draft.payment.captures[index];
    if capture.disposition == Disposition::Returning(RefundCause::WrongAmount) {
        capture.source = capture.source.max(source);
    }
}

/// Money we know of turns out to be what the channel returns by itself: ours on top would be a second
/// return. What was sent already, or paid the order, only people and the bill can sort out.
fn leave_to_channel(draft: &mut Draft, index: usize) {
    let capture = draft.payment.captures[index].clone();
    match capture.disposition {
        Disposition::Suspended(_) => {}
        Disposition::Returning(_) if nothing_sent(draft, &capture) => {
            withdraw(draft, &capture);
            draft.payment.captures[index].disposition =
                Disposition::Suspended(SuspenseReason::ChannelReturns);
        }
        Disposition::Applied | Disposition::Returning(_) => {
            draft.open_case(CaseKind::LateContradiction, capture.trade_no.as_str());
        }
    }
}

/// Whether no refund of a capture can have moved money.
fn nothing_sent(draft: &Draft, capture: &Capture) -> bool {
    let mut refunds = draft.payment.refunds.iter();
    refunds.all(|refund| refund.trade_no != capture.trade_no || refund.sent_at.is_none())
}

/// Takes back what was reserved out of a capture and never sent.
fn withdraw(draft: &mut Draft, capture: &Capture) {
    for refund in &mut draft.payment.refunds {
        if refund.trade_no == capture.trade_no {
            refund.state = RefundState::Failed;
            refund.due = None;
        }
    }
}

/// The channel took money and gave all of it back, which we may learn at once. What is gone cannot pay
/// an order; what we sent back ourselves is known to have gone.
pub(super) fn paid_back(
    draft: &mut Draft,
    no: ChannelOrderNo,
    trade_no: ChannelTradeNo,
    amount: Money,
    paid_at: Timestamp,
    evidence: Evidence,
) {
    if draft.payment.capture(&trade_no).is_none() {
        let order = draft
            .payment
            .channel_orders
            .iter_mut()
            .find(|order| order.no == no);
        if let Some(order) = order.filter(|order| order.state.is_open()) {
            order.state = ChannelOrderState::Closed;
        }
        draft.payment.captures.push(Capture {
            trade_no: trade_no.clone(),
            channel_order_no: no,
            amount,
            paid_at,
            source: evidence.source,
            disposition: Disposition::Returning(RefundCause::Channel),
            due: None,
        });
    }
    super::channel_orders::reversed_unheard(draft, no);
    let all = ReturnedSum::InAll(amount);
    super::returns::by_channel(draft, no, evidence, trade_no.as_str(), all);
}

/// Enters a new capture and decides what becomes of it.
fn take(draft: &mut Draft, mut capture: Capture, booked: Booked) {
    capture.disposition = judge(draft, &capture, booked);
    let applied = capture.disposition == Disposition::Applied;
    let trade_no = capture.trade_no.clone();
    move_channel_order(draft, &capture);
    draft.payment.captures.push(capture);
    if applied {
        draft.payment.state = PaymentState::Paid;
        draft.payment.winner = Some(trade_no);
        close_the_others(draft);
    }
}

/// What a capture makes of its attempt. A paid one stays paid, whatever else the channel takes for it.
fn move_channel_order(draft: &mut Draft, capture: &Capture) {
    let now = draft.now;
    let right_amount = capture.amount == draft.payment.terms.amount;
    let Some(index) = draft
        .payment
        .channel_orders
        .iter()
        .position(|order| order.no == capture.channel_order_no)
    else {
        return;
    };
    let state = draft.payment.channel_orders[index].state;
    let reversing = capture.disposition == Disposition::Suspended(SuspenseReason::Reversing);
    match state {
        ChannelOrderState::Paid => {}
        // Until the channel says what became of the reversal it is asked for it again and again.
        ChannelOrderState::Closing if reversing => {}
        ChannelOrderState::Submitted
        | ChannelOrderState::Pending
        | ChannelOrderState::Failed
        | ChannelOrderState::Closed
            if reversing =>
        {
            let due = draft.due(now);
            let order = &mut draft.payment.channel_orders[index];
            order.state = ChannelOrderState::Closing;
            order.closing_since = Some(now);
            order.due = Some(due);
        }
        ChannelOrderState::Submitted
        | ChannelOrderState::Pending
        | ChannelOrderState::Closing
        | ChannelOrderState::Failed
        | ChannelOrderState::Closed => {
            draft.payment.channel_orders[index].state = if right_amount {
                ChannelOrderState::Paid
            } else {
                ChannelOrderState::Failed
            };
        }
    }
}

/// What becomes of a capture, from what is known at this moment. The first that is in time wins.
///
/// Money that may go back without us comes first, whatever its amount: ours on top would be a
/// second return.
fn judge(draft: &Draft, capture: &Capture, booked: Booked) -> Disposition {
    let payment = &draft.payment;
    let in_time = capture.paid_at <= payment.terms.expires_at;
    let order = payment.channel_order(capture.channel_order_no);
    if let Some(order) = order.filter(|order| order.reversing_since.is_some()) {
        match order.state {
            ChannelOrderState::Submitted
            | ChannelOrderState::Pending
            | ChannelOrderState::Closing
            | ChannelOrderState::Closed => {
                return Disposition::Suspended(SuspenseReason::Reversing);
            }
            // The reversal was refused for good; no answer to it will come any more.
            ChannelOrderState::Paid | ChannelOrderState::Failed => {
                return Disposition::Returning(RefundCause::LatePayment);
            }
        }
    }
    let late = !in_time && order.is_some_and(|order| order.policy().returns_late_captures);
    if late || booked == Booked::Returns {
        return Disposition::Suspended(SuspenseReason::ChannelReturns);
    }
    if capture.amount != payment.terms.amount {
        return Disposition::Returning(RefundCause::WrongAmount);
    }
    match payment.state {
        PaymentState::Paid => Disposition::Returning(RefundCause::DuplicatePayment),
        PaymentState::Closed => Disposition::Returning(RefundCause::LatePayment),
        PaymentState::Created | PaymentState::Paying if in_time => Disposition::Applied,
        PaymentState::Closing
            if in_time && payment.closing.is_none_or(ClosingCause::accepts_success) =>
        {
            Disposition::Applied
        }
        PaymentState::Created | PaymentState::Paying | PaymentState::Closing => {
            Disposition::Returning(RefundCause::LatePayment)
        }
    }
}

/// The order is paid: every other attempt that could still take money is closed now (F62).
fn close_the_others(draft: &mut Draft) {
    let open: Vec<_> = draft
        .payment
        .channel_orders
        .iter()
        .filter(|o| o.state.is_open())
        .collect();
    for no in open.into_iter().map(|order| order.no).collect::<Vec<_>>() {
        super::closing::begin(draft, no, ClosingCause::PaidElsewhere);
    }
}

/// Two verified claims name different amounts for one capture. The stronger is believed as long as
/// nothing was done on the weaker; after that only a person can tell.
fn contradict(draft: &mut Draft, index: usize, said: Capture, booked: Booked) {
    let capture = draft.payment.captures[index].clone();
    let returning = capture.disposition == Disposition::Returning(RefundCause::WrongAmount);
    draft.open_case(CaseKind::AmountContradiction, capture.trade_no.as_str());
    if !(said.source > capture.source && returning && nothing_sent(draft, &capture)) {
        return;
    }
    withdraw(draft, &capture);
    draft.payment.captures.remove(index);
    take(draft, said, booked);
}

/// Time has passed for a capture that the channel should return: it is looked at again, and shown to
/// people once the return is overdue.
pub(super) fn watch_return(draft: &mut Draft, index: usize) {
    let capture = draft.payment.captures[index].clone();
    if !capture.due.is_some_and(|due| due.is_due(draft.now)) {
        return;
    }
    if draft.now.since(capture.paid_at) > RETURN_PATIENCE {
        draft.open_case(CaseKind::ReturnOverdue, capture.trade_no.as_str());
    }
    let due = draft.due(draft.now.plus(RETURN_WATCH));
    draft.payment.captures[index].due = Some(due);
}

/// The bills are complete and show no return: the late capture is ours to refund after all.
pub(super) fn return_absent(draft: &mut Draft, trade_no: &ChannelTradeNo) {
    for capture in &mut draft.payment.captures {
        if capture.trade_no == *trade_no
            && capture.disposition == Disposition::Suspended(SuspenseReason::ChannelReturns)
        {
            capture.disposition = Disposition::Returning(RefundCause::LatePayment);
            capture.due = None;
        }
    }
}
