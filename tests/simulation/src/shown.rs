//! What people are told: the same question has the same answer, and what was paid stays paid.

use payonce_domain::{Payment, PaymentState};

use crate::jobs::payment_no;
use crate::tally::Sometimes;
use crate::world::World;

/// How old the oldest overdue work may be once the world is calm.
const BACKLOG_MS: u64 = 300_000;
/// How long after the last fault the world is calm: queues have repeated, leases have run out.
pub(crate) const CALM_AFTER_MS: u64 = 3_600_000;

impl World {
    /// I-9: whoever asks for an order gets that order's one payment, over the amount that was asked for.
    pub(crate) fn audit_answer(
        &mut self,
        order: u8,
        payment: &Payment,
        (switch, other_amount): (bool, bool),
        began_at: u64,
    ) {
        // Asked by its number, an order is not asked for an amount.
        let by_number = switch && self.plan.asks_by_number();
        if payment.payment_no() != payment_no(order) {
            return self.breaks("I-9", "an order number leads to another payment");
        }
        let asked = self.plan.price + u64::from(other_amount);
        if !by_number && payment.terms.amount.minor() != asked {
            return self.breaks("I-9", "another amount was answered as if it were the same");
        }
        self.audit_shown(payment, began_at);
    }

    /// I-19: what was shown as paid is never shown as anything else to whoever asks afterwards. A question that was
    /// under way by then may be answered as it stood when it was asked.
    pub(crate) fn audit_shown(&mut self, payment: &Payment, began_at: u64) {
        let key = payment.key.to_string();
        let shown_at = self.auditor.shown_paid.get(&key).copied();
        let before = shown_at.is_some_and(|shown_at| shown_at < began_at);
        match (before, payment.state == PaymentState::Paid) {
            (false, true) => {
                self.auditor.shown_paid.entry(key).or_insert(self.now);
            }
            (true, true) => self.tally.saw(Sometimes::ShownPaid),
            (true, false) if self.auditor.is_undone(payment.key) => {}
            (true, false) => self.breaks("I-19", "an order was shown as paid, and now is not"),
            (false, false) => {}
        }
    }

    /// I-29: once the world is calm, no work waits for longer than a few sweeps.
    pub(crate) fn audit_backlog(&mut self, oldest_due: Option<u64>) {
        let calm = self.now > self.plan.faults_until + CALM_AFTER_MS;
        let late = oldest_due.is_some_and(|due| due + BACKLOG_MS < self.now);
        if calm && late {
            self.breaks("I-29", "overdue work is left behind");
        }
    }
}
