//! The buyer pays: on the page, by scanning a code, or through the control API.

use serde_json::json;

use super::{Accounts, notification};
use crate::{
    books::{Channel, Order, OrderState},
    simulator::World,
};

/// Why the channel takes no money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PayRefusal {
    /// Nobody has opened a link or made a code for this number.
    Unknown,
    AlreadyPaid,
    Refunded,
    /// Closed by the merchant or by time.
    Closed,
}

/// Takes the buyer's money for the order that `wanted` describes. An `amount` that differs from the
/// order's is taken as asked, as if the channel had erred.
pub(crate) fn take(
    world: &mut World,
    accounts: &Accounts,
    wanted: impl Fn(&Order) -> bool,
    amount: Option<i64>,
) -> Result<Order, PayRefusal> {
    let now = world.now();
    let order = world
        .books
        .find_where(now, |order| {
            order.channel == Channel::Alipay && wanted(order)
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
    notification::queue(world, accounts, &order, None);
    Ok(order)
}
