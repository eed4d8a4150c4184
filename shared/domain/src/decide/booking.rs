//! What a change moved, for the ledger (记账).

use crate::ledger::{MovementId, Unbooked};
use crate::payment::Payment;
use crate::refund::RefundState;
use crate::time::Timestamp;

/// The movements between two states of a payment. What was unbooked before is written by whoever stores
/// this change, so it is not carried on.
pub(super) fn moved(before: Option<&Payment>, after: &Payment, now: Timestamp) -> Option<Unbooked> {
    let captures = after.captures.iter().filter(|capture| {
        let was = before.and_then(|before| before.capture(&capture.trade_no));
        was.is_none_or(|was| was.amount != capture.amount)
    });
    let captures = captures.map(|capture| MovementId::Capture(capture.trade_no.clone()));
    let refunds = after.refunds.iter().filter(|refund| {
        let was = before.and_then(|before| before.refund(refund.no));
        let went = was.is_some_and(|was| was.state == RefundState::Succeeded);
        went != (refund.state == RefundState::Succeeded)
    });
    let refunds = refunds.map(|refund| MovementId::Refund(refund.no));
    let movements: Vec<_> = captures.chain(refunds).collect();
    let since = now;
    (!movements.is_empty()).then_some(Unbooked { since, movements })
}

/// The sweep sees to what no other change has booked.
pub(super) fn book_overdue(payment: &mut Payment, now: Timestamp) {
    let due = payment.unbooked.as_ref().map(Unbooked::due);
    if due.is_some_and(|due| due.is_due(now)) {
        payment.unbooked = None;
    }
}
