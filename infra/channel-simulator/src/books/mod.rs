//! The channels' own books: what was ordered, what was captured, what was given back.
//!
//! Rules that differ between channels live with the channel; what is true for money anywhere lives
//! here. Amounts are whole fen. An order's state, as the control API names it:
//!
//! | state | meaning |
//! |---|---|
//! | `waiting` | the channel knows the order and would take money for it |
//! | `paid` | captured; it stays `paid` while some of the money is still with the merchant |
//! | `refunded` | captured, and everything was given back |
//! | `closed` | never captured, and nothing can be any more |
//!
//! A refund is `processing` until its channel has settled it; then it is `succeeded`, `failed` (the
//! money stays with the merchant) or `abnormal` (it left the merchant, the buyer's bank would not have
//! it, and a person has to decide). A bank can still bounce one that had succeeded.
//!
//! A code that nobody has scanned yet is `announced`: it is in the books so that it can be scanned,
//! and everybody who asks is told that no such order exists, as the real channel would.

mod order;

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(crate) use order::{Capture, Order, OrderState, Refund, RefundOutcome, RefundState};

use crate::{clock::Moment, refund_script::RefundScripts};

/// The channels that are simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Channel {
    Alipay,
    Wechat,
    Unionpay,
}

impl Channel {
    pub(crate) const ALL: [Self; 3] = [Self::Alipay, Self::Wechat, Self::Unionpay];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Alipay => "alipay",
            Self::Wechat => "wechat",
            Self::Unionpay => "unionpay",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.name() == name)
    }
}

/// Where an order stands: channel, number and account, in that order; then what tells several orders
/// under one number apart, where a channel takes them.
pub(crate) type Key = (Channel, String, String, String);

/// Every order of every channel. Looking at an order settles whether it has expired, and whether its
/// refunds have ended.
#[derive(Debug, Default)]
pub(crate) struct Books {
    orders: BTreeMap<Key, Order>,
    /// How coming refunds will end. Like faults they belong to one run and are not saved.
    pub(crate) refund_scripts: RefundScripts,
}

impl Books {
    pub(crate) fn add(&mut self, order: Order) {
        let replaced = self.orders.insert(order.key(), order);
        assert!(replaced.is_none(), "an order is never overwritten");
    }

    pub(crate) fn find(
        &mut self,
        channel: Channel,
        account: &str,
        channel_order_no: &str,
        now: Moment,
    ) -> Option<&mut Order> {
        let order = self.under(channel, account, channel_order_no).next()?;
        order.catch_up(now);
        Some(order)
    }

    /// All orders under one number: at most one, except where a channel takes more. The caller sees
    /// them as they were left, expired or not.
    pub(crate) fn under(
        &mut self,
        channel: Channel,
        account: &str,
        channel_order_no: &str,
    ) -> impl Iterator<Item = &mut Order> {
        let (number, account) = (channel_order_no.to_owned(), account.to_owned());
        let first = (channel, number.clone(), account.clone(), String::new());
        self.orders
            .range_mut(first..)
            .take_while(move |(key, _)| key.0 == channel && key.1 == number && key.2 == account)
            .map(|(_, order)| order)
    }

    /// By number alone, for the control API, which does not name an account. Of several orders under
    /// a number it is the first; `created_count` says that there are more.
    pub(crate) fn find_any(
        &mut self,
        channel: Channel,
        channel_order_no: &str,
        now: Moment,
    ) -> Option<&mut Order> {
        let number = channel_order_no.to_owned();
        let first = (channel, number, String::new(), String::new());
        let (key, order) = self.orders.range_mut(first..).next()?;
        if key.0 != channel || key.1 != channel_order_no {
            return None;
        }
        order.catch_up(now);
        Some(order)
    }

    pub(crate) fn find_where(
        &mut self,
        now: Moment,
        wanted: impl Fn(&Order) -> bool,
    ) -> Option<&mut Order> {
        let order = self.orders.values_mut().find(|order| wanted(order))?;
        order.catch_up(now);
        Some(order)
    }

    /// Enters a refund if its number has not been used and enough is left. A script that waits for
    /// it decides how it ends. The caller has found the order and checked that it was paid.
    pub(crate) fn refund(
        &mut self,
        channel: Channel,
        account: &str,
        channel_order_no: &str,
        refund: Refund,
    ) -> RefundOutcome {
        let order = self.under(channel, account, channel_order_no).next();
        let key = order.expect("the caller has found it").key();
        self.refund_at(&key, refund)
    }

    /// The same for one of several orders under a number.
    pub(crate) fn refund_at(&mut self, key: &Key, mut refund: Refund) -> RefundOutcome {
        let (channel, channel_order_no) = (key.0, key.1.as_str());
        let order = self.orders.get_mut(key).expect("the caller has found it");
        let outcome = order.judge(&refund);
        if outcome != RefundOutcome::Accepted {
            return outcome;
        }
        let scripts = &mut self.refund_scripts;
        if let Some(script) = scripts.take(channel, channel_order_no, &refund.refund_no) {
            let Some(ending) = script.outcome.ending() else {
                return RefundOutcome::NotEnough;
            };
            let settles_at = script
                .after_seconds
                .map_or(refund.settles_at, |after| refund.at.plus_seconds(after));
            refund.follow(ending, settles_at);
        }
        let at = refund.at;
        order.refunds.push(refund);
        order.settle(at);
        outcome
    }

    /// Every refund whose end the merchant has not been told, once; and the next time at which one
    /// ends.
    pub(crate) fn take_settled(&mut self, now: Moment) -> (Vec<(Order, Refund)>, Option<Moment>) {
        let mut settled = Vec::new();
        let mut next: Option<Moment> = None;
        for order in self.orders.values_mut() {
            if order.refunds.iter().all(|refund| refund.is_told) {
                continue;
            }
            order.catch_up(now);
            let mut ended = Vec::new();
            for refund in order.refunds.iter_mut().filter(|one| !one.is_told) {
                if refund.state == RefundState::Processing {
                    next = Some(next.map_or(refund.settles_at, |at| at.min(refund.settles_at)));
                } else {
                    refund.is_told = true;
                    ended.push(refund.clone());
                }
            }
            settled.extend(ended.into_iter().map(|refund| (order.clone(), refund)));
        }
        (settled, next)
    }

    /// All orders that the channels know.
    pub(crate) fn known(&mut self, now: Moment) -> impl Iterator<Item = &Order> {
        self.orders.values_mut().filter_map(move |order| {
            order.catch_up(now);
            order.is_known().then_some(&*order)
        })
    }
}

impl Serialize for Books {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.orders.values())
    }
}

impl<'de> Deserialize<'de> for Books {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut books = Self::default();
        for order in Vec::<Order>::deserialize(deserializer)? {
            books.add(order);
        }
        Ok(books)
    }
}
