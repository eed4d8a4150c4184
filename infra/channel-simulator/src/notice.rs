//! What merchants have to be told, and how each channel tells it.
//!
//! The wire form, the word that acknowledges it and the ladder of repeats are the channel's; the
//! queue is common. Every question that differs between channels is asked here by name.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    alipay,
    books::{Channel, Order, Refund},
    clock::{Clock, Moment},
    faults::Spoil,
    simulator::{Accounts, World},
    unionpay, wechat,
};

/// One thing that a merchant has to be told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Notice {
    pub(crate) channel: Channel,
    pub(crate) account: String,
    pub(crate) channel_order_no: String,
    /// The same over all retries.
    pub(crate) notify_id: String,
    pub(crate) url: String,
    /// What is told; the time of sending and the signature are added when it is sent.
    pub(crate) fields: BTreeMap<String, String>,
    pub(crate) attempts: usize,
    pub(crate) due_at: Moment,
    #[serde(skip)]
    pub(crate) is_being_sent: bool,
}

/// One notification as it goes over the wire.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) content_type: &'static str,
    /// Beside the content type, which is not repeated here.
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

/// The notices that are not finished, oldest first.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Notices {
    pending: Vec<Notice>,
}

impl Notices {
    pub(crate) fn add(&mut self, notice: Notice) {
        self.pending.push(notice);
    }

    /// Marks what is due as being sent and hands it out.
    pub(crate) fn take_due(&mut self, now: Moment) -> Vec<Notice> {
        let due = |notice: &&mut Notice| !notice.is_being_sent && notice.due_at <= now;
        self.pending
            .iter_mut()
            .filter(due)
            .map(|notice| {
                notice.is_being_sent = true;
                notice.clone()
            })
            .collect()
    }

    pub(crate) fn next_due(&self) -> Option<Moment> {
        let waiting = self.pending.iter().filter(|notice| !notice.is_being_sent);
        waiting.map(|notice| notice.due_at).min()
    }

    pub(crate) fn finish(&mut self, notify_id: &str) {
        self.pending.retain(|notice| notice.notify_id != notify_id);
    }

    /// Puts a notice back for its next rung, or lets it go when the ladder has ended. The rung is
    /// counted from when this one was due, so a clock moved far ahead fires the rungs one by one.
    pub(crate) fn postpone(&mut self, notify_id: &str) -> bool {
        let Some(notice) = self.pending.iter_mut().find(|n| n.notify_id == notify_id) else {
            return false;
        };
        let Some(seconds) = retry_after_seconds(notice.channel, notice.attempts) else {
            self.finish(notify_id);
            return false;
        };
        notice.attempts += 1;
        notice.due_at = notice.due_at.plus_seconds(seconds);
        notice.is_being_sent = false;
        true
    }
}

/// Tells the merchant, if it asked to be told, that an order was paid.
pub(crate) fn queue_payment(world: &mut World, accounts: &Accounts, order: &Order) {
    match order.channel {
        Channel::Alipay => alipay::notification::queue(world, &accounts.alipay, order, None),
        Channel::Wechat => wechat::notification::queue_payment(world, &accounts.wechat, order),
        Channel::Unionpay => {
            unionpay::notification::queue_payment(world, &accounts.unionpay, order);
        }
    }
}

/// Tells the merchant how a refund has ended that did not end at once, or that it has bounced.
pub(crate) fn queue_settled_refund(
    world: &mut World,
    accounts: &Accounts,
    order: &Order,
    refund: &Refund,
) {
    match order.channel {
        Channel::Alipay => {
            alipay::notification::queue(world, &accounts.alipay, order, Some(refund));
        }
        Channel::Wechat => {
            wechat::notification::queue_refund(world, &accounts.wechat, order, refund);
        }
        Channel::Unionpay => {
            unionpay::notification::queue_refund(world, &accounts.unionpay, order, refund);
        }
    }
}

/// One attempt as it goes over the wire.
pub(crate) fn wire(accounts: &Accounts, notice: &Notice, clock: Clock, spoil: Spoil) -> Message {
    let (now, wall) = (clock.now(), clock.wall());
    match notice.channel {
        Channel::Alipay => alipay::notification::wire(&accounts.alipay, notice, now, spoil),
        Channel::Wechat => wechat::notification::wire(&accounts.wechat, notice, wall, spoil),
        Channel::Unionpay => unionpay::notification::wire(&accounts.unionpay, notice, now, spoil),
    }
}

/// What a channel sends before a notification to see whether the merchant verifies it at all.
pub(crate) fn probe(accounts: &Accounts, notice: &Notice, clock: Clock) -> Option<Message> {
    match notice.channel {
        Channel::Wechat => wechat::notification::probe(&accounts.wechat, notice, clock.wall()),
        Channel::Alipay | Channel::Unionpay => None,
    }
}

/// Whether what the merchant answered says that it has heard.
pub(crate) fn is_acknowledged(channel: Channel, status: u16, body: &[u8]) -> bool {
    match channel {
        Channel::Alipay => alipay::notification::is_acknowledged(status, body),
        Channel::Wechat => wechat::notification::is_acknowledged(status),
        Channel::Unionpay => unionpay::notification::is_acknowledged(status),
    }
}

/// A merchant who takes longer than this has not heard.
pub(crate) fn patience(channel: Channel) -> Duration {
    match channel {
        Channel::Alipay | Channel::Unionpay => Duration::from_secs(10),
        Channel::Wechat => Duration::from_secs(5),
    }
}

/// The wait before the next attempt, given how many were made before the one that just failed.
fn retry_after_seconds(channel: Channel, attempts_before: usize) -> Option<i64> {
    match channel {
        Channel::Alipay => alipay::notification::retry_after_seconds(attempts_before),
        Channel::Wechat => wechat::notification::retry_after_seconds(attempts_before),
        Channel::Unionpay => unionpay::notification::retry_after_seconds(attempts_before),
    }
}
