//! One order at one channel, with the money that came for it and went back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Channel, Key};
use crate::clock::Moment;

/// See the table of [the books](super).
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
    Abnormal,
}

impl RefundState {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Processing => "processing",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Abnormal => "abnormal",
        }
    }
}

/// Money given back to a buyer under the merchant's number.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Refund {
    pub(crate) refund_no: String,
    /// The channel's own number; empty where the channel has none.
    pub(crate) channel_refund_no: String,
    pub(crate) amount: i64,
    pub(crate) state: RefundState,
    /// When it was asked for.
    pub(crate) at: Moment,
    /// When a refund that is `processing` turns into its `ending`; for others, when it did.
    pub(crate) settles_at: Moment,
    pub(crate) ending: RefundState,
    /// Whether the news of how it ended was passed to the merchant's queue.
    pub(crate) is_told: bool,
    /// What the channel wants to remember of it, by the channel's own names.
    pub(crate) attributes: BTreeMap<String, String>,
}

impl Refund {
    /// A refund that succeeds at once; the caller tells its merchant itself.
    pub(crate) fn at_once(refund_no: &str, amount: i64, at: Moment) -> Self {
        Self {
            refund_no: refund_no.to_owned(),
            channel_refund_no: String::new(),
            amount,
            state: RefundState::Succeeded,
            at,
            settles_at: at,
            ending: RefundState::Succeeded,
            is_told: true,
            attributes: BTreeMap::new(),
        }
    }

    /// Makes it end, or end again, as a script says.
    pub(super) fn follow(&mut self, ending: RefundState, settles_at: Moment) {
        self.state = RefundState::Processing;
        self.ending = ending;
        self.settles_at = settles_at;
        self.is_told = false;
    }

    fn settle(&mut self, now: Moment) {
        if self.state == RefundState::Processing && now >= self.settles_at {
            self.state = self.ending;
        }
    }
}

/// What became of a request to refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefundOutcome {
    /// It is in the books now.
    Accepted,
    /// It was there before, under the same number.
    Repeated,
    /// The number is taken by a refund of another amount.
    Discordant,
    /// Not so much is left.
    BeyondRemaining,
    /// A test wanted the merchant's balance to be too low for this once.
    NotEnough,
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
    /// `page`, `wap`, `native`, `h5`, …: how the buyer pays.
    pub(crate) method: String,
    pub(crate) state: OrderState,
    /// What was ordered; what was really taken stands in the captures.
    pub(crate) amount: i64,
    pub(crate) subject: String,
    /// What the merchant asked for, by field. A repeated create is the same when these are.
    pub(crate) terms: BTreeMap<String, String>,
    /// What the channel wants to remember of the order, by the channel's own names.
    pub(crate) attributes: BTreeMap<String, String>,
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
    /// UnionPay takes a number twice if it comes with another time, and both can be paid.
    pub(crate) fn key(&self) -> Key {
        let time = self.attributes.get("txnTime").cloned().unwrap_or_default();
        let number = self.channel_order_no.clone();
        (self.channel, number, self.account.clone(), time)
    }

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

    /// Whether the channel would still take money for it.
    pub(crate) fn is_open(&self, now: Moment) -> bool {
        match self.state {
            OrderState::Announced | OrderState::Waiting => now < self.expires_at,
            OrderState::Paid | OrderState::Refunded | OrderState::Closed => false,
        }
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

    /// Takes money that arrives after the channel had stopped waiting for it.
    pub(crate) fn capture_late(&mut self, amount: i64, at: Moment) {
        assert!(
            self.state == OrderState::Closed && self.captures.is_empty(),
            "only an order that has ended unpaid is captured late"
        );
        self.captures.push(Capture { amount, at });
        self.state = OrderState::Paid;
        self.closed_at = None;
    }

    pub(crate) fn close(&mut self, at: Moment) {
        assert!(
            self.captures.is_empty(),
            "money is never closed away: it is refunded"
        );
        self.state = OrderState::Closed;
        self.closed_at = Some(at);
    }

    /// What would become of a refund, were it asked for now.
    pub(super) fn judge(&self, refund: &Refund) -> RefundOutcome {
        match self.refund_numbered(&refund.refund_no) {
            Some(earlier) if earlier.amount == refund.amount => RefundOutcome::Repeated,
            Some(_) => RefundOutcome::Discordant,
            None if refund.amount > self.captured() - self.refunded() => {
                RefundOutcome::BeyondRemaining
            }
            None => RefundOutcome::Accepted,
        }
    }

    pub(crate) fn refund_numbered(&self, refund_no: &str) -> Option<&Refund> {
        self.refunds.iter().find(|one| one.refund_no == refund_no)
    }

    /// Makes a refund end otherwise than it would have, or than it did.
    pub(crate) fn rewrite_refund(&mut self, refund_no: &str, ending: RefundState, at: Moment) {
        if let Some(refund) = self
            .refunds
            .iter_mut()
            .find(|one| one.refund_no == refund_no)
        {
            refund.follow(ending, at);
        }
    }

    /// Lets refunds end whose time has come.
    pub(super) fn settle(&mut self, now: Moment) {
        for refund in &mut self.refunds {
            refund.settle(now);
        }
        let given_back: i64 = self
            .refunds
            .iter()
            .filter(|refund| refund.state == RefundState::Succeeded)
            .map(|refund| refund.amount)
            .sum();
        match self.state {
            OrderState::Paid if given_back == self.captured() => {
                self.state = OrderState::Refunded;
                let settled = self.refunds.iter().map(|refund| refund.settles_at);
                self.closed_at = settled.max();
            }
            OrderState::Refunded if given_back < self.captured() => {
                self.state = OrderState::Paid;
                self.closed_at = None;
            }
            OrderState::Announced
            | OrderState::Waiting
            | OrderState::Paid
            | OrderState::Refunded
            | OrderState::Closed => {}
        }
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
                "channel_refund_no": refund.channel_refund_no,
                "amount": refund.amount,
                "state": refund.state.name(),
                "at": refund.at.rfc3339(),
                "settles_at": refund.settles_at.rfc3339(),
            })).collect::<Vec<_>>(),
            "attributes": self.attributes,
            "created_count": self.created_count,
            "create_requests": self.create_requests,
            "notify_url": self.notify_url,
            "return_url": self.return_url,
        })
    }

    /// What time alone has done to the order.
    pub(super) fn catch_up(&mut self, now: Moment) {
        self.settle(now);
        if self.state == OrderState::Waiting && now >= self.expires_at {
            self.close(self.expires_at);
        }
    }
}
