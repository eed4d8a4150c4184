//! What must hold between two versions of a payment, and when nothing is left to do about one.

use payonce_domain::schedule::LEAST_TIME_LEFT;
use payonce_domain::{
    ChannelOrderState, Disposition, Payment, PaymentState, RefundCause, RefundState, SuspenseReason,
};

pub(crate) type Broken = (&'static str, String);

/// What must hold between two versions of a payment.
pub(crate) fn steps(
    before: Option<&Payment>,
    after: &Payment,
    damaged: bool,
) -> Result<(), Broken> {
    let broken = |invariant, what: &str| Err((invariant, what.to_owned()));
    let Some(before) = before else {
        return if after.version.0 == 1 {
            Ok(())
        } else {
            broken("I-5", "the first version is not 1")
        };
    };
    if after.version != before.version.next() {
        return broken("I-5", "a version was skipped, or written twice");
    }
    if before.winner.is_some() && before.winner != after.winner {
        return broken("I-1", "the winner changed");
    }
    let left = |state| before.state == state && after.state != state;
    if left(PaymentState::Paid) || left(PaymentState::Closed) {
        return broken("I-4", "an end was left");
    }
    for order in &before.channel_orders {
        let now = after.channel_order(order.no).map(|order| order.state);
        if order.state == ChannelOrderState::Paid && now != Some(ChannelOrderState::Paid) {
            return broken("I-4", "an attempt was paid and is not any more");
        }
    }
    for old in &before.captures {
        if after.capture(&old.trade_no).is_none() {
            return broken("I-8", "a capture disappeared");
        }
    }
    let mut refunds = after.refunds.iter();
    let automatic = |cause| {
        !matches!(
            cause,
            RefundCause::MerchantRequest
                | RefundCause::Appeal
                | RefundCause::Operator
                | RefundCause::Channel
        )
    };
    if refunds.any(|refund| {
        Some(&refund.trade_no) == after.winner.as_ref()
            && automatic(refund.cause)
            && refund.state != RefundState::Failed
    }) {
        return broken("I-3", "the winner goes back by itself");
    }
    let made = after
        .channel_orders
        .iter()
        .filter(|order| before.channel_order(order.no).is_none());
    for order in made.filter(|order| order.state.is_open()) {
        if order.created_at.plus(LEAST_TIME_LEFT) > after.terms.expires_at {
            return broken("I-15", "an attempt was made with too little time left");
        }
    }
    if !damaged && after.announced < before.announced {
        return broken("I-16", "announcements were lost");
    }
    let mut sequences = after
        .announcements
        .iter()
        .map(|announcement| announcement.sequence);
    if sequences.any(|sequence| sequence > after.announced) {
        return broken("I-16", "an announcement has no number");
    }
    let new = after
        .announcements
        .iter()
        .filter(|one| one.sequence > before.announced);
    if !damaged && new.clone().any(|one| one.version != after.version) {
        return broken(
            "I-16",
            "an announcement names a version that did not make it",
        );
    }
    Ok(())
}

/// Whether all that is left to do about a payment is to wait for a channel or a person.
pub(crate) fn only_waits(payment: &Payment) -> bool {
    payment
        .obligations()
        .iter()
        .all(|obligation| match &obligation.task {
            payonce_domain::Task::AwaitReturn(_) => true,
            payonce_domain::Task::AskRefund(no) => payment
                .refund(*no)
                .is_some_and(|refund| refund.state == RefundState::Manual),
            _ => false,
        })
}

/// Whether a person has been called.
pub(crate) fn calls_for_people(payment: &Payment) -> bool {
    let manual = payment
        .refunds
        .iter()
        .any(|refund| refund.state == RefundState::Manual);
    let waits = payment.captures.iter().any(|capture| {
        matches!(
            capture.disposition,
            Disposition::Suspended(SuspenseReason::Reversing | SuspenseReason::Contradiction)
        )
    });
    manual || waits || !payment.cases.is_empty()
}
