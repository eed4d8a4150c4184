//! Money on its way back: undo (撤销) on the same settlement day, refund (退货) afterwards.
//!
//! An undo moves the money at once. A refund is only accepted by `00`: how it ends is told by its
//! notification and by a query for its own number and time. A number that was used, by a payment or
//! by a refund, is refused with `12`, whatever else the message says.

use std::collections::BTreeMap;

use super::{
    create,
    message::Wrong,
    reply::Reply,
    request::{Call, Kind},
    resp_code::{DECLINED, DUPLICATE, ORIGINAL_MISMATCH, ORIGINAL_STATE},
};
use crate::{
    bills,
    books::{Channel, Key, Order, OrderState, Refund, RefundOutcome, RefundState},
    clock::Moment,
    simulator::World,
};

/// What the banks take until a refund has settled, in virtual time.
const SETTLES_AFTER_SECONDS: i64 = 2;
/// A payment can be refunded for about eleven months.
const REFUNDABLE_SECONDS: i64 = 330 * 86_400;

/// What is remembered of the request, for its notification and for queries.
const REMEMBERED: [&str; 6] = [
    "txnType",
    "txnSubType",
    "bizType",
    "txnTime",
    "reqReserved",
    "backUrl",
];

/// Undo or refund, as the call says.
pub(crate) fn perform(world: &mut World, call: &Call) -> Reply {
    match try_perform(world, call) {
        Ok((refund, original)) => Reply::success(call, BTreeMap::new())
            .with("queryId", refund.channel_refund_no)
            .with("txnAmt", refund.amount.to_string())
            .with("origQryId", original),
        Err(wrong) => Reply::refused(&call.fields, &wrong),
    }
}

/// The payment that a refund or an undo speaks of.
pub(crate) fn original<'a>(world: &'a mut World, call: &Call) -> Option<&'a mut Order> {
    let now = world.now();
    let account = call.account.name();
    let by_query_id = call.get("origQryId");
    let (number, txn_time) = (call.seen("origOrderId"), call.seen("origTxnTime"));
    world.books.find_where(now, |order| {
        create::is_of(order, account)
            && match by_query_id {
                Some(query_id) => order.trade_no == query_id,
                None => order.channel_order_no == number && create::txn_time_of(order) == txn_time,
            }
    })
}

fn try_perform(world: &mut World, call: &Call) -> Result<(Refund, String), Wrong> {
    let now = world.now();
    let (account, number) = (call.account.name(), call.seen("orderId"));
    let mut payments = world.books.under(Channel::Unionpay, account, number);
    if payments.next().is_some() {
        return Err(Wrong::new(DUPLICATE, "orderId"));
    }
    drop(payments);
    if create::is_refund_number(world, call) {
        return Err(Wrong::new(DUPLICATE, "orderId"));
    }
    let order = original(world, call).ok_or_else(|| Wrong::new(ORIGINAL_STATE, "origQryId"))?;
    may_give_back(order, call, now)?;
    let (key, query_id) = (order.key(), order.trade_no.clone());
    let refund = make(world, call, now);
    match world.books.refund_at(&key, refund) {
        RefundOutcome::Accepted => {}
        RefundOutcome::Repeated | RefundOutcome::Discordant => {
            return Err(Wrong::new(DUPLICATE, "orderId"));
        }
        RefundOutcome::BeyondRemaining => return Err(Wrong::new(ORIGINAL_MISMATCH, "txnAmt")),
        RefundOutcome::NotEnough => return Err(Wrong::new(DECLINED, "")),
    }
    let entered = entered(world, &key, number, now);
    Ok((entered, query_id))
}

fn entered(world: &mut World, key: &Key, number: &str, now: Moment) -> Refund {
    let order = world.books.find_where(now, |order| order.key() == *key);
    let refund = order.and_then(|order| order.refund_numbered(number).cloned());
    refund.expect("it was accepted a moment ago under the same lock")
}

fn may_give_back(order: &Order, call: &Call, now: Moment) -> Result<(), Wrong> {
    let has = |name: &str| order.attributes.contains_key(name);
    let is_undone = order.refunds.iter().any(|refund| {
        refund.state != RefundState::Failed
            && refund
                .attributes
                .get("txnType")
                .is_some_and(|txn_type| txn_type == "31")
    });
    let is_paid = match order.state {
        OrderState::Paid | OrderState::Refunded => true,
        OrderState::Announced | OrderState::Waiting | OrderState::Closed => false,
    };
    let paid_at = order.paid_at().filter(|_| is_paid);
    // A late payment goes back by itself, and one that was reversed or undone is gone already.
    let Some(paid_at) = paid_at.filter(|_| !has("late") && !has("reversed") && !is_undone) else {
        return Err(Wrong::new(ORIGINAL_STATE, "origQryId"));
    };
    if call.kind == Kind::Undo {
        let day_of = |at| bills::day_of(Channel::Unionpay, at);
        if day_of(paid_at) != day_of(now) || order.refunded() > 0 {
            return Err(Wrong::new(ORIGINAL_STATE, "origQryId"));
        }
        if call.amount() != order.captured() {
            return Err(Wrong::new(ORIGINAL_MISMATCH, "txnAmt"));
        }
    }
    if now >= paid_at.plus_seconds(REFUNDABLE_SECONDS) {
        return Err(Wrong::new(ORIGINAL_STATE, "origQryId"));
    }
    Ok(())
}

fn make(world: &mut World, call: &Call, now: Moment) -> Refund {
    let (query_id, trace_no) = create::next_query_id(world, now);
    let remembered = REMEMBERED
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), call.get(name)?.to_owned())));
    let mut attributes: BTreeMap<_, _> = remembered.collect();
    attributes.insert("traceNo".to_owned(), trace_no);
    let mut refund = Refund::at_once(call.seen("orderId"), call.amount(), now);
    refund.channel_refund_no = query_id;
    refund.attributes = attributes;
    // Both are told of by notification, the undo as soon as the notifier looks.
    refund.is_told = false;
    if call.kind == Kind::Refund {
        refund.state = RefundState::Processing;
        refund.settles_at = now.plus_seconds(SETTLES_AFTER_SECONDS);
    }
    refund
}
