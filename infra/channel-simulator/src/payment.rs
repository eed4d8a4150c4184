//! The buyer pays: on a page, by scanning a code, or through the control API.

use serde_json::json;

use crate::{
    books::{Channel, Order, OrderState},
    notice,
    simulator::{Accounts, World},
};

/// Why the channel takes no money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PayRefusal {
    /// The channel knows no such order: nobody has opened its link or made a code for it.
    Unknown,
    AlreadyPaid,
    Refunded,
    /// Closed by the merchant or by time.
    Closed,
}

/// Takes the buyer's money for the order that `wanted` describes, and tells its merchant. An
/// `amount` that differs from the order's is taken as asked, as if the channel had erred.
pub(crate) fn take(
    world: &mut World,
    accounts: &Accounts,
    channel: Channel,
    wanted: impl Fn(&Order) -> bool,
    amount: Option<i64>,
) -> Result<Order, PayRefusal> {
    let now = world.now();
    let is_it = |order: &Order| order.channel == channel && wanted(order);
    // Where several orders have the number, a buyer pays one that can be paid.
    let can_be_paid = |order: &Order| is_it(order) && order.is_open(now);
    let has_open = world.books.find_where(now, can_be_paid).is_some();
    let order = world
        .books
        .find_where(now, |order| {
            is_it(order) && (!has_open || order.is_open(now))
        })
        .ok_or(PayRefusal::Unknown)?;
    if order.state == OrderState::Announced {
        if now >= order.expires_at {
            return Err(PayRefusal::Closed);
        }
        order.become_known(now);
    }
    match order.state {
        OrderState::Waiting => {}
        OrderState::Announced => return Err(PayRefusal::Unknown),
        OrderState::Paid => return Err(PayRefusal::AlreadyPaid),
        OrderState::Refunded => return Err(PayRefusal::Refunded),
        OrderState::Closed => return Err(PayRefusal::Closed),
    }
    let amount = amount.unwrap_or(order.amount);
    order.capture(amount, now);
    let order = order.clone();
    world.write_money(
        &order,
        "capture",
        json!({ "amount": amount, "trade_no": order.trade_no }),
    );
    notice::queue_payment(world, accounts, &order);
    Ok(order)
}
