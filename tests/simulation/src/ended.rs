//! What comes after a job: who is told, what is tried again, and what the auditor makes of it.

use payonce_domain::Refusal;

use crate::buyer::hand_out;
use crate::jobs::Ended;
use crate::plan::Deed;
use crate::tally::Sometimes;
use crate::world::{Happening, Job, World};

impl World {
    /// A job ended so.
    pub(crate) fn ended(&mut self, job: Job, began_at: u64, ended: Ended) {
        match (job, ended) {
            (
                Job::Deed(Deed::Pay {
                    order,
                    switch,
                    other_amount,
                    ..
                }),
                Ended::Paid(payment, actions),
            ) => {
                self.audit_answer(order, &payment, (switch, other_amount), began_at);
                if switch && self.plan.asks_by_number() {
                    self.tally.saw(Sometimes::AskedByNumber);
                }
                if switch && payment.channel_orders.len() > 1 {
                    self.tally.saw(Sometimes::Switched);
                }
                hand_out(self, &payment, actions);
            }
            (Job::Deed(Deed::Pay { .. }), Ended::Refused(refusal)) => match refusal {
                Refusal::RequestMismatch => self.tally.saw(Sometimes::Mismatch),
                Refusal::AlreadyPaid => self.tally.saw(Sometimes::AlreadyPaid),
                Refusal::StateUnknown { .. } => self.tally.saw(Sometimes::StateUnknown),
                _ => {}
            },
            (Job::Deed(Deed::Switch(true)), Ended::Failed) => {
                self.after(10_000, Happening::Start(Job::Deed(Deed::Switch(true))));
            }
            (Job::Deed(Deed::TellAgain(_)), Ended::Well) => self.tally.saw(Sometimes::ToldAgain),
            (Job::Notice(index), Ended::Acknowledged(status)) => {
                self.acknowledged(index, status);
            }
            (Job::Queries(_, tries), Ended::Back(bodies)) if !bodies.is_empty() && tries < 5 => {
                self.after(180_000, Happening::Start(Job::Queries(bodies, tries + 1)));
            }
            (Job::Tellings(_, tries), Ended::Back(bodies)) if !bodies.is_empty() && tries < 5 => {
                self.after(180_000, Happening::Start(Job::Tellings(bodies, tries + 1)));
            }
            (Job::Refund(payload, tries), Ended::Failed) if tries < 2 => {
                self.after(60_000, Happening::Start(Job::Refund(payload, tries + 1)));
            }
            (Job::Deed(Deed::Refresh(_)), Ended::Shown(payment)) => {
                self.audit_shown(&payment, began_at);
            }
            (Job::Crowd(_), Ended::Opened) => self.tally.saw(Sometimes::BreakerOpened),
            (Job::Audit, Ended::Restored) if !self.auditor.damaged.is_empty() => {
                self.tally.saw(Sometimes::Restored);
            }
            (Job::Audit, Ended::Restored) => {
                self.breaks("I-17", "the audit mended a record that nothing damaged");
            }
            (job @ (Job::Audit | Job::Reconcile), Ended::Failed) => {
                self.after(1_800_000, Happening::Start(job));
            }
            (Job::Deed(Deed::Switch(enabled)), Ended::Well) => {
                self.refunds_stopped = !enabled;
                self.refunds_go_since = self.now;
            }
            (Job::Deed(Deed::Operator(order, _)), Ended::Approved) => self.approved(order),
            (Job::Refund(..), Ended::Held) if self.refunds_stopped => {
                self.tally.saw(Sometimes::Held);
            }
            (Job::Refund(..), Ended::Held) => self.tally.saw(Sometimes::HeldByCap),
            (Job::Notify(payload, tries), Ended::Failed) if tries < 2 => {
                self.after(60_000, Happening::Start(Job::Notify(payload, tries + 1)));
            }
            _ => {}
        }
    }

    /// A refund by hand was approved.
    fn approved(&mut self, order: u8) {
        if !self.approved.insert(order) {
            self.tally.saw(Sometimes::ApprovedTwice);
        }
    }

    /// A notification was answered.
    pub(crate) fn acknowledged(&mut self, index: u64, status: u16) {
        let at = usize::try_from(index).unwrap_or(0);
        let Some(notice) = self.notices.get_mut(at) else {
            return;
        };
        let (genuine, stranger, tries) = (notice.genuine, notice.stranger, notice.tries);
        if stranger {
            let what = if genuine {
                Sometimes::ForeignRefused
            } else {
                Sometimes::ForgeryRefused
            };
            match status {
                200 => self.breaks("I-11", "a stranger's notification was taken"),
                _ => self.tally.saw(what),
            }
            return;
        }
        if status == 200 {
            notice.heard = true;
            let body = match &notice.told {
                Some(told) => self.books.said_of(told.channel_order_no()),
                None => notice.body.clone(),
            };
            self.audit_acknowledged(&body);
        } else if tries < 9 {
            let waits = [15, 30, 180, 600, 1_200, 1_800, 3_600, 10_800, 21_600];
            let wait = waits[usize::try_from(tries).unwrap_or(0).min(8)] * 1_000;
            self.after(wait, Happening::Start(Job::Notice(index)));
        }
    }
}
