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
//! A code that nobody has scanned yet is `announced`: it is in the books so that it can be scanned,
//! and everybody who asks is told that no such order exists, as the real channel would.

use std::{collections::BTreeMap, ops::Bound};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

use crate::clock::Moment;

/// The channels that are simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Channel {
    Alipay,
}

impl Channel {
    pub(crate) const ALL: [Self; 1] = [Self::Alipay];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Alipay => "alipay",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.name() == name)
    }
}

/// See the module's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OrderState {
    Announced,
    Waiting,
    Paid,
    Refunded,
    Closed,
}

impl OrderState {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Announced => "announced",
            Self::Waiting => "waiting",
            Self::Paid => "paid",
            Self::Refunded => "refunded",
            Self::Closed => "closed",
        }
    }
}

/// Money taken from a buyer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Capture {
    pub(crate) amount: i64,
    pub(crate) at: Moment,
}

/// How far a refund has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RefundState {
    Processing,
    Succeeded,
    Failed,
}

impl RefundState {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Processing => "processing",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }
}

/// Money given back to a buyer under the merchant's number.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Refund {
    pub(crate) refund_no: String,
    pub(crate) amount: i64,
    pub(crate) state: RefundState,
    pub(crate) at: Moment,
}

/// What became of a request to refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefundOutcome {
    /// The money went back now.
    Moved,
    /// It had gone back before, under the same number.
    Repeated,
    /// The number is taken by a refund of another amount.
    Discordant,
    /// Not so much is left.
    BeyondRemaining,
}

/// One order at one channel.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) channel: Channel,
    /// The merchant's account at the channel: numbers are unique within it.
    pub(crate) account: String,
    pub(crate) channel_order_no: String,
    /// The channel's own number.
    pub(crate) trade_no: String,
    /// `page`, `wap` or `native`.
    pub(crate) method: String,
    pub(crate) state: OrderState,
    /// What was ordered; what was really taken stands in the captures.
    pub(crate) amount: i64,
    pub(crate) subject: String,
    /// What the merchant asked for, by field. A repeated create is the same when these are.
    pub(crate) terms: BTreeMap<String, String>,
    pub(crate) notify_url: Option<String>,
    pub(crate) return_url: Option<String>,
    pub(crate) quit_url: Option<String>,
    /// Unguessable, so that only who holds the link can pay.
    pub(crate) page_code: String,
    /// When the channel came to know the order: for a page, when it was opened.
    pub(crate) created_at: Moment,
    pub(crate) expires_at: Moment,
    pub(crate) closed_at: Option<Moment>,
    pub(crate) captures: Vec<Capture>,
    pub(crate) refunds: Vec<Refund>,
    /// How many payable orders exist at the channel under this number. More than one is a defect.
    pub(crate) created_count: u32,
    /// How often the merchant or a browser asked to create it, repeats included.
    pub(crate) create_requests: u32,
}

impl Order {
    pub(crate) fn captured(&self) -> i64 {
        self.captures.iter().map(|capture| capture.amount).sum()
    }

    /// Given back, or on the way there.
    pub(crate) fn refunded(&self) -> i64 {
        self.refunds
            .iter()
            .filter(|refund| refund.state != RefundState::Failed)
            .map(|refund| refund.amount)
            .sum()
    }

    pub(crate) fn paid_at(&self) -> Option<Moment> {
        self.captures.first().map(|capture| capture.at)
    }

    /// Whether a merchant who asks is told that the order exists.
    pub(crate) fn is_known(&self) -> bool {
        self.state != OrderState::Announced
    }

    /// The first sight of an announced order: from now on the channel knows it.
    pub(crate) fn become_known(&mut self, now: Moment) {
        if self.state == OrderState::Announced {
            self.state = OrderState::Waiting;
            self.created_at = now;
            self.created_count = 1;
        }
    }

    /// Takes money. The caller has checked that the channel would.
    pub(crate) fn capture(&mut self, amount: i64, at: Moment) {
        assert!(
            self.state == OrderState::Waiting,
            "only a waiting order is captured"
        );
        self.captures.push(Capture { amount, at });
        self.state = OrderState::Paid;
    }

    pub(crate) fn close(&mut self, at: Moment) {
        assert!(
            self.captures.is_empty(),
            "money is never closed away: it is refunded"
        );
        self.state = OrderState::Closed;
        self.closed_at = Some(at);
    }

    /// Gives money back at once, if this number has not done so and enough is left.
    pub(crate) fn refund(&mut self, refund_no: &str, amount: i64, at: Moment) -> RefundOutcome {
        if let Some(earlier) = self.refunds.iter().find(|one| one.refund_no == refund_no) {
            return if earlier.amount == amount {
                RefundOutcome::Repeated
            } else {
                RefundOutcome::Discordant
            };
        }
        if amount > self.captured() - self.refunded() {
            return RefundOutcome::BeyondRemaining;
        }
        self.refunds.push(Refund {
            refund_no: refund_no.to_owned(),
            amount,
            state: RefundState::Succeeded,
            at,
        });
        if self.refunded() == self.captured() {
            self.state = OrderState::Refunded;
            self.closed_at = Some(at);
        }
        RefundOutcome::Moved
    }

    /// The order as the control API shows it.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "channel": self.channel.name(),
            "account": self.account,
            "channel_order_no": self.channel_order_no,
            "trade_no": self.trade_no,
            "method": self.method,
            "state": self.state.name(),
            "amount": self.amount,
            "subject": self.subject,
            "created_at": self.created_at.rfc3339(),
            "expires_at": self.expires_at.rfc3339(),
            "paid_at": self.paid_at().map(Moment::rfc3339),
            "closed_at": self.closed_at.map(Moment::rfc3339),
            "captures": self.captures.iter().map(|capture| json!({
                "amount": capture.amount,
                "at": capture.at.rfc3339(),
            })).collect::<Vec<_>>(),
            "refunds": self.refunds.iter().map(|refund| json!({
                "refund_no": refund.refund_no,
                "amount": refund.amount,
                "state": refund.state.name(),
                "at": refund.at.rfc3339(),
            })).collect::<Vec<_>>(),
            "created_count": self.created_count,
            "create_requests": self.create_requests,
            "notify_url": self.notify_url,
            "return_url": self.return_url,
        })
    }

    fn expire(&mut self, now: Moment) {
        if self.state == OrderState::Waiting && now >= self.expires_at {
            self.close(self.expires_at);
        }
    }
}

/// Every order of every channel. Looking at an order settles whether it has expired.
#[derive(Debug, Default)]
pub(crate) struct Books {
    /// By channel, number and account, in that order.
    orders: BTreeMap<(Channel, String, String), Order>,
}

impl Books {
    pub(crate) fn add(&mut self, order: Order) {
        let key = (
            order.channel,
            order.channel_order_no.clone(),
            order.account.clone(),
        );
        let replaced = self.orders.insert(key, order);
        assert!(replaced.is_none(), "an order is never overwritten");
    }

    pub(crate) fn find(
        &mut self,
        channel: Channel,
        account: &str,
        channel_order_no: &str,
        now: Moment,
    ) -> Option<&mut Order> {
        let key = (channel, channel_order_no.to_owned(), account.to_owned());
        let order = self.orders.get_mut(&key)?;
        order.expire(now);
        Some(order)
    }

    /// By number alone, for the control API, which does not name an account.
    pub(crate) fn find_any(
        &mut self,
        channel: Channel,
        channel_order_no: &str,
        now: Moment,
    ) -> Option<&mut Order> {
        let first = (channel, channel_order_no.to_owned(), String::new());
        let (key, order) = self
            .orders
            .range_mut((Bound::Included(first), Bound::Unbounded))
            .next()?;
        if key.0 != channel || key.1 != channel_order_no {
            return None;
        }
        order.expire(now);
        Some(order)
    }

    pub(crate) fn find_where(
        &mut self,
        now: Moment,
        wanted: impl Fn(&Order) -> bool,
    ) -> Option<&mut Order> {
        let order = self.orders.values_mut().find(|order| wanted(order))?;
        order.expire(now);
        Some(order)
    }

    /// All orders that the channels know.
    pub(crate) fn known(&mut self, now: Moment) -> impl Iterator<Item = &Order> {
        self.orders.values_mut().filter_map(move |order| {
            order.expire(now);
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
