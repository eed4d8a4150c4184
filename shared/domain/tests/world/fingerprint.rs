//! A payment as one number, so that a search can tell whether it has been here before.
//!
//! Everything a decision can read goes in, except what never differs within a search (the terms,
//! the key) and the version, which decisions only compare with the version of a question, and the
//! searches name that version relative to the payment's own. Each struct is taken apart by name: a
//! new field has to be placed here before the tests compile.

use std::hash::{DefaultHasher, Hash, Hasher};

use payonce_domain::{Capture, ChannelOrder, Payment, Refund};

/// The fingerprint of a payment together with whatever else the search must not confuse.
pub(crate) fn of(payment: &Payment, besides: impl Hash) -> u64 {
    let mut hash = DefaultHasher::new();
    let Payment {
        key: _,
        terms: _,
        created_at: _,
        version: _,
        state,
        closing,
        successor,
        winner,
        channel_orders,
        captures,
        refunds,
        cases,
        // What is told decides nothing but when to tell again, and is searched for itself.
        announced: _,
        announcements: _,
        // Nor does what is still to be booked.
        unbooked: _,
    } = payment;
    (state, closing, successor, winner, cases).hash(&mut hash);
    for order in channel_orders {
        hash_channel_order(order, &mut hash);
    }
    hash.write_u8(1);
    for capture in captures {
        hash_capture(capture, &mut hash);
    }
    hash.write_u8(2);
    for refund in refunds {
        hash_refund(refund, &mut hash);
    }
    besides.hash(&mut hash);
    hash.finish()
}

fn hash_channel_order(order: &ChannelOrder, hash: &mut DefaultHasher) {
    let ChannelOrder {
        no,
        account: _,
        bank,
        stretch,
        state,
        created_at,
        action,
        action_expires_at,
        lease_until,
        creates_unanswered,
        closing,
        closing_since,
        reversing_since,
        reversals_unanswered,
        due,
    } = order;
    (
        no.attempt(),
        state,
        created_at,
        action.is_some(),
        action_expires_at,
    )
        .hash(hash);
    (lease_until, creates_unanswered, closing, closing_since).hash(hash);
    // Beyond two it makes no difference how many.
    (reversing_since, (*reversals_unanswered).min(2)).hash(hash);
    (due, bank, stretch).hash(hash);
}

fn hash_capture(capture: &Capture, hash: &mut DefaultHasher) {
    let Capture {
        trade_no,
        channel_order_no,
        amount,
        paid_at,
        source,
        disposition,
        due,
    } = capture;
    (trade_no, channel_order_no.attempt(), amount, paid_at).hash(hash);
    (source, disposition, due).hash(hash);
}

fn hash_refund(refund: &Refund, hash: &mut DefaultHasher) {
    let Refund {
        no,
        channel_order_no: _,
        trade_no,
        cause,
        amount,
        form,
        state,
        request,
        reason: _,
        created_at,
        sent_at,
        sends_unanswered,
        due,
    } = refund;
    (no, trade_no, cause, amount, state, request).hash(hash);
    (created_at, sent_at, sends_unanswered, due, form).hash(hash);
}
