//! What arrives at the channels was meant: stored before, once, and no more than was taken.

use payonce_domain::{ChannelOrderNo, Refund, RefundCause, RefundNo};

use crate::books::{Ask, Moved};
use crate::shown::CALM_AFTER_MS;
use crate::tally::Sometimes;
use crate::world::World;

/// How long after a kill switch was let go of a refund that it held looks again, at most.
const HELD_MS: u64 = 1_800_000;

impl World {
    /// I-6, I-7: a create that arrives was stored before, as it arrives.
    pub(crate) fn audit_create(&mut self, ask: &Ask) {
        let Some(no) = ChannelOrderNo::parse(&ask.no) else {
            return self.breaks(
                "I-7",
                "an order arrived under a number that is none of ours",
            );
        };
        let payment = self.auditor.last.get(no.key().as_str());
        let known = payment.and_then(|payment| Some((payment, payment.channel_order(no)?)));
        let Some((payment, order)) = known else {
            if !self.auditor.is_undone(no.key()) {
                let what = format!("create of {no} arrived before it was stored");
                self.breaks("I-7", &what);
            }
            return;
        };
        let mut meant = (
            order.account.to_string(),
            payment.terms.amount.minor(),
            order.created_at.as_millis(),
            payment.terms.expires_at.as_millis(),
        );
        if self.real.is_some() {
            // Real channels have times of their own: of the arrival, and of a code's end.
            (meant.2, meant.3) = (ask.created_at, ask.expires_at);
        }
        let asked = (
            ask.account.clone(),
            ask.amount,
            ask.created_at,
            ask.expires_at,
        );
        if meant != asked {
            let what = format!("create of {no} asks for {asked:?} instead of {meant:?}");
            self.breaks("I-6", &what);
        }
    }

    /// I-6, I-7: a refund that arrives was stored and granted before.
    pub(crate) fn audit_refund(&mut self, ask: &Ask) {
        let Some(no) = RefundNo::parse(&ask.refund_no) else {
            return self.breaks(
                "I-7",
                "a refund arrived under a number that is none of ours",
            );
        };
        let key = no.channel_order().key();
        let payment = self.auditor.last.get(key.as_str());
        let known = payment.and_then(|payment| payment.refund(no)).cloned();
        let Some(refund) = known.filter(|refund| refund.sent_at.is_some()) else {
            if !self.auditor.is_undone(key) {
                let what = format!("refund {no} arrived before it was stored");
                self.breaks("I-7", &what);
            }
            return;
        };
        let amount = refund.amount.minor();
        if amount != ask.refund_amount {
            let what = format!(
                "refund {no} moves {} instead of {amount}",
                ask.refund_amount
            );
            return self.breaks("I-2", &what);
        }
        let means = (refund.trade_no.to_string(), amount);
        let numbers = self.auditor.numbers.entry(ask.refund_no.clone());
        if *numbers.or_insert_with(|| means.clone()) != means {
            return self.breaks("I-6", "one refund number means two things");
        }
        self.sent_in_time(&refund);
        self.generation_is_due(&ask.no, no);
    }

    /// I-28: what is owed by itself is sent within two sweeps of being known.
    fn sent_in_time(&mut self, refund: &Refund) {
        let by_itself = match refund.cause {
            RefundCause::DuplicatePayment
            | RefundCause::LatePayment
            | RefundCause::WrongAmount
            | RefundCause::Reconciliation
            | RefundCause::Channel => true,
            RefundCause::MerchantRequest | RefundCause::Appeal | RefundCause::Operator => false,
        };
        let settled = self.plan.faults_until + CALM_AFTER_MS;
        let capped = self.plan.hourly_cap.is_some();
        if capped || !by_itself || refund.no.generation() > 1 || self.now <= settled {
            return;
        }
        self.tally.saw(Sometimes::SentWhenCalm);
        // What the kill switch held looks again after a while that grows.
        let known = refund.created_at.as_millis().max(settled);
        let known = known.max(self.refunds_go_since + HELD_MS);
        if self.now > known + 240_000 {
            self.breaks("I-28", &format!("refund {} was sent late", refund.no));
        }
    }

    /// I-13: a second number for the same money only after the channel said that the first failed for good.
    fn generation_is_due(&mut self, order: &str, no: RefundNo) {
        if no.generation() < 2 {
            return;
        }
        self.tally.saw(Sometimes::SecondGeneration);
        let Some(trade) = self.books.trades.get(order) else {
            return;
        };
        let open = trade.refunds.iter().any(|(other, refund)| {
            let earlier = RefundNo::parse(other).is_some_and(|other| {
                no.is_generation_of(other) && other.generation() < no.generation()
            });
            earlier && refund.moved != Moved::Failed
        });
        if open {
            let what = format!("{no} was sent while an earlier number may still move money");
            self.breaks("I-13", &what);
        }
    }

    /// I-2: no more goes back than came, however it goes.
    pub(crate) fn audit_returns(&mut self, no: &str) {
        let Some(trade) = self.books.trades.get(no) else {
            return;
        };
        let reserved: u64 = trade
            .refunds
            .values()
            .filter(|refund| refund.moved != Moved::Failed)
            .map(|refund| refund.amount)
            .sum();
        let taken = trade.taken.as_ref().map_or(0, |taken| taken.amount);
        if reserved > taken {
            self.breaks(
                "I-2",
                &format!("{reserved} of {taken} fen went back of {no}"),
            );
        }
    }
}
