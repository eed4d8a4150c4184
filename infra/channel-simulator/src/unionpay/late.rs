//! A payment that was begun at a bank's page and ends after `payTimeout`.
//!
//! `POST /_ctl/orders/unionpay/{number}/pay` with `{"late": true}` plays it. The order must have run
//! out unpaid. The money is taken, a query says `42`, no notification is sent, and after five virtual
//! working days the money goes back by itself, in a refund that no merchant has asked for and that
//! stands in the settlement file of that day.

use std::collections::BTreeMap;

use serde_json::json;

use super::create;
use crate::{
    books::{Channel, Order, OrderState, Refund, RefundState},
    payment::PayRefusal,
    simulator::World,
};

const RETURNS_AFTER_WORKING_DAYS: u32 = 5;

/// Why no late payment arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LateRefusal {
    /// The order can still be paid in time.
    InTime,
    /// No bank's page is behind it.
    NoPage,
    Other(PayRefusal),
}

/// Takes the money of the order under this number that has run out.
pub(crate) fn take(
    world: &mut World,
    channel_order_no: &str,
    amount: Option<i64>,
) -> Result<Order, LateRefusal> {
    let now = world.now();
    let is_it = |order: &Order| {
        order.channel == Channel::Unionpay && order.channel_order_no == channel_order_no
    };
    let order = world.books.find_where(now, is_it);
    let order = order.ok_or(LateRefusal::Other(PayRefusal::Unknown))?;
    match order.state {
        OrderState::Closed if order.method == "gateway" => {}
        OrderState::Closed => return Err(LateRefusal::NoPage),
        OrderState::Waiting | OrderState::Announced => return Err(LateRefusal::InTime),
        OrderState::Paid => return Err(LateRefusal::Other(PayRefusal::AlreadyPaid)),
        OrderState::Refunded => return Err(LateRefusal::Other(PayRefusal::Refunded)),
    }
    let amount = amount.unwrap_or(order.amount);
    order.capture_late(amount, now);
    let yes = "1".to_owned();
    order.attributes.insert("late".to_owned(), yes);
    let (order, key) = (order.clone(), order.key());
    let detail = json!({ "amount": amount, "trade_no": order.trade_no, "late": true });
    world.write_money(&order, "capture", detail);

    let (query_id, trace_no) = create::next_query_id(world, now);
    let returns_at = now.plus_working_days(RETURNS_AFTER_WORKING_DAYS);
    let return_no = format!("AR{}", order.trade_no);
    let mut refund = Refund::at_once(&return_no, amount, returns_at);
    refund.channel_refund_no = query_id;
    refund.state = RefundState::Processing;
    refund.is_told = false;
    refund.attributes = BTreeMap::from([
        ("txnType".to_owned(), "04".to_owned()),
        ("txnSubType".to_owned(), "00".to_owned()),
        ("txnTime".to_owned(), returns_at.beijing_compact()),
        ("traceNo".to_owned(), trace_no),
    ]);
    let is_it = |order: &Order| order.key() == key;
    let order = world.books.find_where(now, is_it);
    let order = order.expect("it was paid a moment ago under the same lock");
    // No merchant has asked for it, so no script waits for it either.
    order.refunds.push(refund);
    Ok(order.clone())
}
