//! What arrives at the channels was meant: stored before, once, and no more than was taken.

use payonce_domain::{ChannelOrderNo, RefundCause, RefundNo, Timestamp};

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
        let key = no.key().to_string();
        let known = self.auditor.last.get(&key).and_then(|payment| {
            let order = payment.channel_order(no)?;
            Some((
                order.account.to_string(),
                payment.terms.amount.minor(),
                order.created_at.as_millis(),
                payment.terms.expires_at.as_millis(),
            ))
        });
        if known.is_none() && self.auditor.undone.contains(&key) {
            return;
        }
        let Some(known) = known else {
            let what = format!("create of {} arrived before it was stored", ask.no);
            return self.breaks("I-7", &what);
        };
        let asked = (
            ask.account.clone(),
            ask.amount,
            ask.created_at,
            ask.expires_at,
        );
        // Real channels have times of their own: of the arrival, and of a code's end.
        let known = match self.real {
            Some(_) => (known.0, known.1, ask.created_at, ask.expires_at),
            None => known,
        };
        if known != asked {
            let what = format!(
                "create of {} asks for {asked:?} instead of {known:?}",
                ask.no
            );
            self.breaks("I-6", &what);
        }
    }

    /// I-6, I-7: a refund that arrives was stored and granted before.
    pub(crate) fn audit_refund(&mut self, ask: &Ask) {
        let known = RefundNo::parse(&ask.refund_no).and_then(|no| {
            let payment = self.auditor.last.get(no.channel_order().key().as_str())?;
            let refund = payment.refund(no)?;
            refund.sent_at.map(|_| {
                (
                    refund.trade_no.to_string(),
                    refund.amount.minor(),
                    refund.created_at,
                    refund.cause,
                )
            })
        });
        let undone = RefundNo::parse(&ask.refund_no).is_some_and(|no| {
            self.auditor
                .undone
                .contains(no.channel_order().key().as_str())
        });
        if known.is_none() && undone {
            return;
        }
        let Some((trade_no, amount, created_at, cause)) = known else {
            return self.breaks(
                "I-7",
                &format!("refund {} arrived before it was stored", ask.refund_no),
            );
        };
        if amount != ask.refund_amount {
            return self.breaks(
                "I-2",
                &format!(
                    "refund {} moves {} instead of {amount}",
                    ask.refund_no, ask.refund_amount
                ),
            );
        }
        let meant = self
            .auditor
            .numbers
            .entry(ask.refund_no.clone())
            .or_insert_with(|| (trade_no.clone(), amount));
        if *meant != (trade_no, amount) {
            return self.breaks("I-6", "one refund number means two things");
        }
        self.sent_in_time(ask, created_at, cause);
        self.generation_is_due(ask);
    }

    /// I-28: what is owed by itself is sent within two sweeps of being known.
    fn sent_in_time(&mut self, ask: &Ask, created_at: Timestamp, cause: RefundCause) {
        if self.plan.hourly_cap.is_some() {
            return;
        }
        let by_itself = !matches!(
            cause,
            RefundCause::MerchantRequest | RefundCause::Appeal | RefundCause::Operator
        );
        let first = RefundNo::parse(&ask.refund_no).is_some_and(|no| no.generation() == 1);
        let settled = self.plan.faults_until + CALM_AFTER_MS;
        if !by_itself || !first || self.now <= settled {
            return;
        }
        self.tally.saw(Sometimes::SentWhenCalm);
        // What the kill switch held looks again after a while that grows.
        let known = [
            created_at.as_millis(),
            settled,
            self.refunds_go_since + HELD_MS,
        ];
        let known = known.into_iter().max().unwrap_or(settled);
        if self.now > known + 240_000 {
            self.breaks("I-28", &format!("refund {} was sent late", ask.refund_no));
        }
    }

    /// I-13: a second number for the same money only after the channel said that the first failed for good.
    fn generation_is_due(&mut self, ask: &Ask) {
        let Some(no) = RefundNo::parse(&ask.refund_no) else {
            return;
        };
        if no.generation() < 2 {
            return;
        }
        self.tally.saw(Sometimes::SecondGeneration);
        let Some(trade) = self.books.trades.get(&ask.no) else {
            return;
        };
        let open = trade.refunds.iter().any(|(other, refund)| {
            let earlier = RefundNo::parse(other).is_some_and(|other| {
                no.is_generation_of(other) && other.generation() < no.generation()
            });
            earlier && refund.moved != Moved::Failed
        });
        if open {
            self.breaks(
                "I-13",
                &format!(
                    "{} was sent while an earlier number may still move money",
                    ask.refund_no
                ),
            );
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
