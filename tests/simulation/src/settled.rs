//! What must hold once the world is quiet: every fen is where it belongs.

use std::collections::{BTreeMap, BTreeSet};

use payonce_domain::{
    ChannelOrderNo, Leg, Payment, PaymentNo, PaymentState, RefundNo, RefundState, history,
};
use payonce_store::engine;

use crate::books::Moved;
use crate::steps::{calls_for_people, only_waits};
use crate::tally::Sometimes;
use crate::world::World;

impl World {
    /// Whether nothing is left to do but to wait for a channel's own return or for a person.
    pub(crate) fn only_waiting_left(&self) -> bool {
        self.auditor.last.values().all(only_waits)
    }

    /// The last look.
    pub(crate) fn audit_settled(&mut self) {
        let items: Vec<_> = self.tables.items("payments").cloned().collect();
        let mut payments = BTreeMap::new();
        let mut for_people = BTreeSet::new();
        for item in items {
            match engine::payment(item) {
                Ok(stored) => {
                    // Real words hold numbers drawn by chance, and records their digests.
                    if self.real.is_none() {
                        self.hash_in(&format!("{:?}", stored.payment()));
                    }
                    if self.is_for_people(&stored) {
                        self.tally.for_people += 1;
                        for_people.insert(stored.payment().key.to_string());
                        continue;
                    }
                    payments.insert(stored.payment().key.to_string(), stored.payment().clone());
                }
                Err(error) => self.breaks("I-5", &error.to_string()),
            }
        }
        let nos: Vec<_> = self.books.trades.keys().cloned().collect();
        for no in nos {
            let key = ChannelOrderNo::parse(&no).map(|no| no.key().to_string());
            if key.as_ref().is_some_and(|key| for_people.contains(key)) {
                continue;
            }
            let payment = key.and_then(|key| payments.get(&key)).cloned();
            self.audit_trade(&no, payment.as_ref());
        }
        for payment in payments.values() {
            self.audit_payment(payment);
        }
        if self.real.is_none() {
            self.audit_bills();
        }
    }

    /// I-5: the history is whole, and leads to what is stored; if not, whether people have to see to it.
    fn is_for_people(&mut self, stored: &payonce_store::Stored) -> bool {
        if stored.verify_chain().is_err() {
            self.breaks("I-5", "the chain of a history is broken");
        }
        let replayed = stored.history().map_err(|error| error.to_string());
        let replayed = replayed
            .and_then(|entries| history::replay(&entries).map_err(|broken| broken.to_string()));
        match replayed {
            Ok(payment) if payment == *stored.payment() => {}
            Ok(_) => self.breaks("I-5", "a history does not lead to its payment"),
            // Granted to a damaged record, refused to the whole one: the audit names it and leaves it alone.
            Err(_) if self.auditor.damaged.contains(stored.payment().key.as_str()) => return true,
            Err(why) => self.breaks("I-5", &format!("a history leads nowhere: {why}")),
        }
        self.auditor.is_undone(stored.payment().key) && self.is_booked_beyond(stored.payment())
    }

    /// Whether the ledger has money of a payment that its record, whole in itself, does not know: the bill agrees with the
    /// ledger, so only the heads that an earlier audit kept tell of it.
    fn is_booked_beyond(&self, payment: &Payment) -> bool {
        let mut rows = self.tables.items("ledger").filter_map(crate::morning::row);
        rows.any(|row| {
            let no = row.order_no.as_deref().and_then(ChannelOrderNo::parse);
            no.is_some_and(|no| no.key() == payment.key)
                && !payment
                    .captures
                    .iter()
                    .any(|one| one.trade_no.as_str() == row.trade_no)
        })
    }

    /// I-22: every charge at a channel is known, or was returned by the channel itself.
    fn audit_trade(&mut self, no: &str, payment: Option<&Payment>) {
        let Some(trade) = self.books.trades.get(no) else {
            return;
        };
        let Some(taken) = &trade.taken else { return };
        let mut captures = payment.iter().flat_map(|payment| &payment.captures);
        let known = captures.any(|capture| capture.trade_no.as_str() == taken.trade_no);
        // What was reversed or returned by the channel itself is nobody's any more.
        let gone = trade.held() == 0;
        if !known && !gone {
            self.breaks(
                "I-22",
                &format!("nobody knows of {} for {no}", taken.trade_no),
            );
        }
    }

    fn audit_payment(&mut self, payment: &Payment) {
        let key = payment.key;
        let trades = self
            .books
            .trades
            .iter()
            .filter(|(no, _)| ChannelOrderNo::parse(no).is_some_and(|no| no.key() == key));
        let mut held = 0;
        let mut asked_back = 0;
        for (_, trade) in trades {
            held += trade.held();
            for (no, refund) in &trade.refunds {
                let request =
                    RefundNo::parse(no).and_then(|no| payment.refund(no)?.request.clone());
                if refund.moved == Moved::Done && request.is_some() {
                    asked_back += i64::try_from(refund.amount).unwrap_or(0);
                }
            }
        }
        let people = calls_for_people(payment);
        let price = i64::try_from(payment.terms.amount.minor()).unwrap_or(0);
        let meant = match payment.state {
            PaymentState::Paid => price,
            PaymentState::Closed => 0,
            PaymentState::Created | PaymentState::Paying | PaymentState::Closing => {
                return self.breaks("I-23", &format!("a payment ends as {:?}", payment.state));
            }
        };
        self.tally.saw(if meant == 0 {
            Sometimes::ClosedUnpaid
        } else {
            Sometimes::Paid
        });
        if people {
            self.tally.for_people += 1;
            if self.struck == 0 {
                self.breaks("I-21", "a person is called where nothing went wrong");
            }
        } else if held != meant - asked_back {
            return self.breaks(
                "I-21",
                &format!(
                    "the channels hold {held} fen, and should hold {}",
                    meant - asked_back
                ),
            );
        }
        if !only_waits(payment) {
            return self.breaks("I-24", "something is still owed");
        }
        let at_rest = |state| {
            use RefundState::{Accepted, Due, Failed, Manual, Sent, Succeeded};
            match state {
                Succeeded | Failed | Manual => true,
                Due | Sent | Accepted => false,
            }
        };
        if !payment.refunds.iter().all(|refund| at_rest(refund.state)) {
            return self.breaks("I-24", "a refund is still under way");
        }
        if payment
            .channel_orders
            .iter()
            .any(|order| order.state.is_open())
        {
            return self.breaks("I-24", "an attempt is still open");
        }
        self.audit_told(payment);
    }

    /// I-26: merchant and bus have heard everything, but for what was given up.
    fn audit_told(&mut self, payment: &Payment) {
        let no = PaymentNo::new(payment.key).to_string();
        let given_up = |sequence: u32| {
            let mut all = payment.announcements.iter();
            all.any(|a| a.sequence == sequence && a.merchant == Leg::GivenUp)
        };
        let merchant = self.merchant_heard.get(&no).cloned().unwrap_or_default();
        let bus = self.bus_heard.get(&no).cloned().unwrap_or_default();
        for sequence in 1..=payment.announced {
            if !merchant.contains(&sequence) && !given_up(sequence) {
                return self.breaks(
                    "I-26",
                    &format!("the merchant never heard announcement {sequence}"),
                );
            }
            if !bus.contains(&sequence) {
                return self.breaks(
                    "I-26",
                    &format!("the bus never heard announcement {sequence}"),
                );
            }
        }
    }
}
