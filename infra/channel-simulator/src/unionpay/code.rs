//! Payment by the buyer's code (被扫): consume, and reversal (冲正) of what stayed unknown.
//!
//! The last digit of `qrNo` says what happens:
//!
//! | ends in | answer | the payment |
//! |---|---|---|
//! | 1 | `05` | waits for the buyer's password until it is paid, reversed or ten minutes old |
//! | 2 | `64` | declined |
//! | 3 | `04` | paid, though the answer does not know it |
//! | any other | `00` | paid at once |

use serde_json::json;

use super::{
    create, facts,
    message::Wrong,
    reply::Reply,
    request::Call,
    resp_code::{
        ACCEPTED, DECLINED, NOT_FOUND, ORIGINAL_MISMATCH, ORIGINAL_STATE, RespCode, STATE_UNKNOWN,
        SUCCESS,
    },
};
use crate::{
    books::{Order, OrderState, Refund, RefundOutcome},
    notice,
    simulator::{Accounts, World},
};

pub(crate) fn consume(world: &mut World, accounts: &Accounts, call: &Call) -> Reply {
    let order = match create::begin(world, call) {
        Ok(order) => order,
        Err(wrong) => return Reply::refused(&call.fields, &wrong),
    };
    let (code, order) = match call.seen("qrNo").chars().last() {
        Some('1') => (ACCEPTED, order),
        Some('2') => {
            let now = world.now();
            let declined = found(world, &order);
            let code = DECLINED.code.to_owned();
            declined.attributes.insert("failure".to_owned(), code);
            declined.close(now);
            (DECLINED, declined.clone())
        }
        Some('3') => (STATE_UNKNOWN, capture(world, accounts, &order)),
        Some(_) | None => (SUCCESS, capture(world, accounts, &order)),
    };
    let mut reply = Reply::new(call, code);
    if code == SUCCESS {
        reply
            .fields
            .extend(facts::payment(call.account.mer_id(), &order));
    } else if code != STATE_UNKNOWN {
        reply = reply.with("queryId", order.trade_no);
    }
    reply
}

fn capture(world: &mut World, accounts: &Accounts, order: &Order) -> Order {
    let now = world.now();
    let paid = found(world, order);
    paid.capture(paid.amount, now);
    let paid = paid.clone();
    let detail = json!({ "amount": paid.amount, "trade_no": paid.trade_no });
    world.write_money(&paid, "capture", detail);
    notice::queue_payment(world, accounts, &paid);
    paid
}

fn found<'a>(world: &'a mut World, order: &Order) -> &'a mut Order {
    let now = world.now();
    let is_it = |one: &Order| one.page_code == order.page_code;
    let found = world.books.find_where(now, is_it);
    found.expect("it was added a moment ago under the same lock")
}

/// Makes a payment by code not have happened, whatever became of it. Repeating it is harmless.
pub(crate) fn reverse(world: &mut World, call: &Call) -> Reply {
    match try_reverse(world, call) {
        Ok(order) => Reply::success(call, facts::payment(call.account.mer_id(), &order))
            .with("txnType", "99")
            .with("txnSubType", "01"),
        Err(code) => Reply::refused(&call.fields, &Wrong::new(code, "orderId")),
    }
}

fn try_reverse(world: &mut World, call: &Call) -> Result<Order, RespCode> {
    let now = world.now();
    let (number, txn_time) = (call.seen("orderId"), call.seen("txnTime"));
    let order = world.books.find_where(now, |order| {
        create::is_of(order, call.account.name())
            && order.channel_order_no == number
            && create::txn_time_of(order) == txn_time
    });
    let order = order.ok_or(NOT_FOUND)?;
    // The buyer of a page sits at the bank: nothing can be taken from under his hands.
    if order.method != "code" {
        return Err(ORIGINAL_MISMATCH);
    }
    let was_reversed = order.attributes.contains_key("reversed");
    match order.state {
        OrderState::Closed => return Ok(order.clone()),
        OrderState::Refunded if was_reversed => return Ok(order.clone()),
        OrderState::Waiting | OrderState::Announced => {
            order.close(now);
            mark_reversed(order);
            return Ok(order.clone());
        }
        OrderState::Paid if order.refunds.is_empty() => {}
        OrderState::Paid | OrderState::Refunded => return Err(ORIGINAL_STATE),
    }
    let key = order.key();
    let mut refund = Refund::at_once(number, order.captured(), now);
    for (name, value) in [("txnType", "99"), ("txnTime", txn_time)] {
        refund.attributes.insert(name.to_owned(), value.to_owned());
    }
    refund.channel_refund_no = order.trade_no.clone();
    let amount = refund.amount;
    match world.books.refund_at(&key, refund) {
        RefundOutcome::Accepted => {}
        RefundOutcome::Repeated
        | RefundOutcome::Discordant
        | RefundOutcome::BeyondRemaining
        | RefundOutcome::NotEnough => return Err(ORIGINAL_STATE),
    }
    let is_it = |one: &Order| one.key() == key;
    let order = world.books.find_where(now, is_it).ok_or(NOT_FOUND)?;
    mark_reversed(order);
    let order = order.clone();
    let detail = json!({ "amount": amount, "refund_no": number });
    world.write_money(&order, "refund", detail);
    Ok(order)
}

fn mark_reversed(order: &mut Order) {
    let yes = "1".to_owned();
    order.attributes.insert("reversed".to_owned(), yes);
}
