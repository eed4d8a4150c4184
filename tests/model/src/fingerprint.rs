//! What makes two worlds one: everything that a decision, a channel or an invocation can still read.
//!
//! Each struct is taken apart by name, so that a new field has to be placed here before this compiles. Left out is
//! what never differs (terms, key, account), what is only kept for people (when an attempt that ended was made), what
//! is told to merchants, and the version, which decisions only compare with the version of a question.

use std::hash::{Hash, Hasher};

use payonce_domain::{Capture, ChannelOrder, Due, Payment, Refund, Timestamp, Version};

use crate::clock::Phase;
use crate::process::{Op, Process};
use crate::world::World;

impl Hash for World {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self {
            phase,
            payment,
            channel,
            notices,
            adrift,
            processes,
            left,
            busy,
            marks,
        } = self;
        let now = phase.now();
        (phase, channel, notices, adrift, left, busy).hash(state);
        // Of the marks, those that other ways to the same place would hide.
        (marks.killed_before_create, marks.burnt).hash(state);
        payment.is_some().hash(state);
        if let Some(payment) = payment {
            hash_payment(payment, now, state);
            processes.len().hash(state);
            for process in processes {
                hash_process(process, payment, now, state);
            }
        }
    }
}

fn hash_process(process: &Process, stands: &Payment, now: Timestamp, state: &mut impl Hasher) {
    let Process {
        who,
        seen,
        ops,
        said,
        touched,
    } = process;
    (who, said, touched, seen.version == stands.version).hash(state);
    if seen.version != stands.version {
        hash_payment(seen, now, state);
    }
    for op in ops {
        if let Op::Note(news) = op {
            let current = |asked: Version| (asked == seen.version, asked == stands.version);
            let mut plain = *news;
            plain.forget_version();
            (0_u8, plain, news.asked().map(current)).hash(state);
        } else {
            (1_u8, op).hash(state);
        }
    }
}

fn hash_payment(payment: &Payment, now: Timestamp, hash: &mut impl Hasher) {
    let Payment {
        key: _,
        terms: _,
        created_at: _,
        version: _,
        state,
        closing,
        successor: _,
        winner,
        channel_orders,
        captures,
        refunds,
        cases,
        unbooked,
        announced: _,
        announcements: _,
    } = payment;
    (state, closing, winner, cases).hash(hash);
    // What is still to be booked moves no money; that it is owed does make somebody look again.
    unbooked.is_some().hash(hash);
    (channel_orders.len(), captures.len(), refunds.len()).hash(hash);
    for order in channel_orders {
        hash_channel_order(order, now, hash);
    }
    for capture in captures {
        hash_capture(capture, hash);
    }
    for refund in refunds {
        hash_refund(refund, now, hash);
    }
}

fn hash_channel_order(order: &ChannelOrder, now: Timestamp, hash: &mut impl Hasher) {
    let ChannelOrder {
        no,
        account: _,
        bank: _,
        stretch: _,
        state,
        created_at,
        action,
        action_expires_at: _,
        lease_until,
        creates_unanswered,
        closing,
        closing_since,
        reversing_since: _,
        reversals_unanswered: _,
        due,
    } = order;
    (no, state).hash(hash);
    if state.is_open() {
        // A lease is over at every later moment of this model.
        let leased = lease_until.is_some_and(|until| until > now);
        (created_at, action.is_some(), leased, creates_unanswered).hash(hash);
        (closing, closing_since, due.map(moments)).hash(hash);
    }
}

/// Amounts are always right here, so the rank of the claim can turn nothing.
fn hash_capture(capture: &Capture, hash: &mut impl Hasher) {
    let Capture {
        trade_no,
        channel_order_no: _,
        amount: _,
        paid_at: _,
        source: _,
        disposition,
        due: _,
    } = capture;
    (trade_no, disposition).hash(hash);
}

fn hash_refund(refund: &Refund, now: Timestamp, hash: &mut impl Hasher) {
    let Refund {
        no,
        channel_order_no: _,
        trade_no: _,
        cause,
        amount,
        form: _,
        state,
        request: _,
        reason: _,
        created_at: _,
        sent_at,
        sends_unanswered,
        due,
    } = refund;
    (no, cause, amount, state).hash(hash);
    if state.is_final() {
        // It keeps others waiting for a while, within a moment, and is known to have been sent.
        (sent_at.is_some(), *sent_at == Some(now)).hash(hash);
    } else {
        (sent_at, sends_unanswered, due.map(moments)).hash(hash);
    }
}

/// When it is due, and when the sweep sees to it, as far as this model's clock can tell.
fn moments(due: Due) -> (Phase, Phase) {
    let due_at = due.at.minus(payonce_domain::obligation::SOON);
    (
        Phase::not_before(due_at),
        Phase::not_before(due.index_time()),
    )
}
