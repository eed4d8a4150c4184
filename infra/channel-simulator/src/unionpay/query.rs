//! Query (交易状态查询): `respCode` speaks about the question, `origRespCode` about the transaction.

use super::{
    create::{is_of, txn_time_of},
    facts,
    reply::Reply,
    request::Call,
    resp_code::{NOT_FOUND, RespCode},
    sign::Fields,
};
use crate::{
    books::{Order, Refund},
    simulator::World,
};

/// Answers carry groups in braces, whose contents are separated like fields.
const GROUP: &str = "{cardTransKind=01&discountSt=0}";

pub(crate) fn answer(world: &mut World, call: &Call) -> Reply {
    match found(world, call) {
        None => Reply::new(call, NOT_FOUND),
        Some((order, None)) => {
            let mer_id = call.account.mer_id();
            about(
                call,
                facts::of_order(&order),
                facts::payment(mer_id, &order),
            )
        }
        Some((order, Some(refund))) => {
            let mer_id = call.account.mer_id();
            let said = facts::refund(mer_id, &order, &refund);
            about(call, facts::of_refund(&refund), said)
        }
    }
}

/// The transaction that is asked about: a payment, or a refund of one.
pub(crate) fn found(world: &mut World, call: &Call) -> Option<(Order, Option<Refund>)> {
    let now = world.now();
    let account = call.account.name();
    let query_id = call.get("queryId");
    let (number, txn_time) = (call.seen("orderId"), call.seen("txnTime"));
    let is_order = |order: &Order| match query_id {
        Some(query_id) => order.trade_no == query_id,
        None => order.channel_order_no == number && txn_time_of(order) == txn_time,
    };
    let is_refund = |refund: &Refund| match query_id {
        Some(query_id) => refund.channel_refund_no == query_id,
        None => {
            let time = refund.attributes.get("txnTime");
            refund.refund_no == number && time.is_some_and(|time| time == txn_time)
        }
    };
    let order = world
        .books
        .find_where(now, |order| is_of(order, account) && is_order(order));
    // A reversal has the number and the time of its payment, so payments come first.
    if let Some(order) = order {
        return Some((order.clone(), None));
    }
    let order = world.books.find_where(now, |order| {
        is_of(order, account) && order.refunds.iter().any(is_refund)
    })?;
    let refund = order.refunds.iter().find(|refund| is_refund(refund));
    Some((order.clone(), Some(refund?.clone())))
}

fn about(call: &Call, code: RespCode, said: Fields) -> Reply {
    Reply::success(call, said)
        // The product is the one that the question named.
        .with("bizType", call.seen("bizType"))
        .with("origRespCode", code.code)
        .with("origRespMsg", code.message())
        .with("issuerIdentifyMode", "0")
        .with("reserved", GROUP)
}
