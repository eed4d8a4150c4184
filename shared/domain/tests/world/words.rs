//! A payment in words, short enough for a table: what a reviewer reads, tests compare.

use payonce_domain::{
    Answer, Capture, CaseKind, ChannelOrder, ChannelOrderState, ClosingCause, Disposition, Payment,
    PaymentState, Refund, Refusal, SuspenseReason,
};

/// Why something closes.
pub(crate) fn cause(cause: ClosingCause) -> &'static str {
    match cause {
        ClosingCause::Expiry => "expiry",
        ClosingCause::Switch => "switch",
        ClosingCause::Merchant => "merchant",
        ClosingCause::Superseded => "superseded",
        ClosingCause::PaidElsewhere => "paid elsewhere",
        ClosingCause::Refused => "refused",
        ClosingCause::Unconfirmed => "unconfirmed",
    }
}

/// Where a payment stands, and why where that matters.
pub(crate) fn payment_state(payment: &Payment) -> String {
    match payment.state {
        PaymentState::Created => "created".to_owned(),
        PaymentState::Paying => "paying".to_owned(),
        PaymentState::Paid => "paid".to_owned(),
        PaymentState::Closing => match payment.closing {
            Some(why) => format!("closing ({})", cause(why)),
            None => "closing".to_owned(),
        },
        PaymentState::Closed => "closed".to_owned(),
    }
}

/// Where an attempt stands, and why where that matters.
pub(crate) fn order_state(order: &ChannelOrder) -> String {
    match order.state {
        ChannelOrderState::Submitted => "submitted".to_owned(),
        ChannelOrderState::Pending => "pending".to_owned(),
        ChannelOrderState::Closing => {
            let why = order.closing.map_or("reversal", cause);
            let reversing = order.reversing_since.is_some();
            let mark = if reversing { ", reversing" } else { "" };
            format!("closing ({why}{mark})")
        }
        ChannelOrderState::Paid => "paid".to_owned(),
        ChannelOrderState::Failed => "failed".to_owned(),
        ChannelOrderState::Closed => "closed".to_owned(),
    }
}

/// What became of a capture.
pub(crate) fn capture(capture: &Capture) -> String {
    let what = match capture.disposition {
        Disposition::Applied => "applied".to_owned(),
        Disposition::Returning(cause) => format!("returning ({})", cause.name()),
        Disposition::Suspended(reason) => match reason {
            SuspenseReason::Reversing => "suspended (reversing)".to_owned(),
            SuspenseReason::ChannelReturns => "suspended (channel returns)".to_owned(),
            SuspenseReason::Contradiction => "suspended (contradiction)".to_owned(),
        },
    };
    format!("{} {} {what}", capture.trade_no, capture.amount.minor())
}

/// A refund: its cause, generation, amount and state.
pub(crate) fn refund(refund: &Refund) -> String {
    let generation = match refund.no.generation() {
        1 => String::new(),
        later => format!(" #{later}"),
    };
    let (cause, state) = (refund.cause.name(), refund.state.name());
    let amount = refund.amount.minor();
    format!("{cause}{generation} {amount} {state}")
}

/// A kind of case.
pub(crate) fn case(kind: CaseKind) -> &'static str {
    match kind {
        CaseKind::AmountContradiction => "amount contradiction",
        CaseKind::ReturnedTooMuch => "returned too much",
        CaseKind::UnknownRefund => "unknown refund",
        CaseKind::RefundContradiction => "refund contradiction",
        CaseKind::RefundExhausted => "refund exhausted",
        CaseKind::RefundWindow => "refund window",
        CaseKind::ReversalContradiction => "reversal contradiction",
        CaseKind::LateContradiction => "late contradiction",
        CaseKind::ReturnOverdue => "return overdue",
        CaseKind::OutcomeUnknown => "outcome unknown",
    }
}

/// What whoever asked is told.
pub(crate) fn answer(answer: &Answer) -> &'static str {
    match answer {
        Answer::Noted => "noted",
        Answer::Added(_) => "added",
        Answer::Existing(_) => "existing",
        Answer::NoChannelOrder => "no channel order",
        Answer::InProgress(_) => "in progress",
        Answer::Recreate(_) => "recreate",
        Answer::Switching(_) => "switching",
        Answer::Refunding(_) => "refunding",
        Answer::ExistingRefund(_) => "existing refund",
    }
}

/// Why a command is refused.
pub(crate) fn refusal(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::RequestMismatch => "refused: request mismatch",
        Refusal::AlreadyPaid => "refused: already paid",
        Refusal::StateUnknown { closable: true } => "refused: state unknown, closable",
        Refusal::StateUnknown { closable: false } => "refused: state unknown",
        Refusal::OrderClosed => "refused: order closed",
        Refusal::OtherSuccessor => "refused: other successor",
        Refusal::ExceedsCaptured => "refused: exceeds captured",
        Refusal::TooManyAttempts => "refused: too many attempts",
        Refusal::TooManyRefunds => "refused: too many refunds",
        Refusal::Moved => "refused: moved",
        Refusal::NotDue => "refused: not due",
        Refusal::NothingToTell => "refused: nothing to tell",
        Refusal::ToldTooOften => "refused: told too often",
        Refusal::SamePerson => "refused: same person",
    }
}

/// The whole payment: state, attempts, captures, refunds, cases; parts that are empty are left out.
pub(crate) fn payment(payment: &Payment) -> String {
    let orders = payment.channel_orders.iter().map(|order| {
        let method = order.method().name();
        format!("{method} {}", order_state(order))
    });
    let mut parts = vec![payment_state(payment), join(orders)];
    parts.push(join(payment.captures.iter().map(capture)));
    parts.push(join(payment.refunds.iter().map(refund)));
    parts.push(join(
        payment
            .cases
            .iter()
            .map(|c| format!("case: {}", case(c.kind))),
    ));
    parts.retain(|part| !part.is_empty());
    parts.join(" | ")
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}
