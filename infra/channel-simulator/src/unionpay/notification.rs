//! Notifications to `backUrl`.

use super::Accounts;
use crate::{
    books::{Order, Refund},
    clock::Moment,
    faults::Spoil,
    notice::{Message, Notice},
    simulator::World,
};

/// Waits after the first, second, … attempt that was not acknowledged.
const RETRY_MINUTES: [i64; 4] = [0, 1, 2, 4];

/// The wait before the next attempt, given how many were made before the one that just failed.
pub(crate) fn retry_after_seconds(attempts_before: usize) -> Option<i64> {
    RETRY_MINUTES
        .get(attempts_before)
        .map(|minutes| minutes * 60)
}

/// The status alone means that the merchant has heard.
pub(crate) fn is_acknowledged(status: u16) -> bool {
    matches!(status, 200 | 302)
}

/// Puts the news that an order was paid in the queue, if its merchant asked to be told.
pub(crate) fn queue_payment(_world: &mut World, _accounts: &Accounts, _order: &Order) {}

/// The same for a refund that has ended.
pub(crate) fn queue_refund(
    _world: &mut World,
    _accounts: &Accounts,
    _order: &Order,
    _refund: &Refund,
) {
}

/// The form of one attempt.
pub(crate) fn wire(_accounts: &Accounts, _notice: &Notice, _now: Moment, _spoil: Spoil) -> Message {
    Message {
        content_type: "application/x-www-form-urlencoded",
        headers: Vec::new(),
        body: String::new(),
    }
}
