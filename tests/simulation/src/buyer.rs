//! The buyer: opens what was handed out, and pays what can be paid.

use payonce_domain::{Action, Channel, Method, Payment};

use crate::books::Ask;
use crate::fault::Fault;
use crate::world::{Happening, World};

/// The buyer is given links, and pays what can be paid.
pub(crate) fn hand_out(world: &mut World, payment: &Payment, actions: Vec<(String, Action)>) {
    if let Some(real) = &mut world.real {
        real.actions.extend(actions);
    }
    for order in &payment.channel_orders {
        let no = order.no.to_string();
        if !order.state.is_open() || order.method() == Method::Code || world.links.contains_key(&no)
        {
            continue;
        }
        let ask = Ask {
            operation: "open".to_owned(),
            channel: order.channel(),
            method: order.method(),
            account: format!("shop-{}", order.channel().name()),
            no: no.clone(),
            amount: payment.terms.amount.minor(),
            expires_at: payment.terms.expires_at.as_millis(),
            created_at: order.created_at.as_millis(),
            refund_no: String::new(),
            refund_amount: 0,
            auth_code: String::new(),
        };
        let left = ask.expires_at.saturating_sub(world.now);
        if world.real.is_none() {
            world.mislead(&no, ask.amount);
        }
        world.links.insert(no.clone(), ask);
        if world.chance.below(100) >= world.plan.eagerness {
            continue;
        }
        let late = world.chance.one_in(6);
        let delay = match world.chance.below(3) {
            0 => world.chance.between(500, 20_000),
            1 => world.chance.below(left + 1),
            _ => left.saturating_sub(world.chance.below(5_000)),
        };
        let delay = if late {
            left + world.chance.below(900_000)
        } else {
            delay
        };
        if late {
            let open = world.chance.below(left + 1);
            world.after(open, Happening::BuyerPays(format!("open {no}"), false));
        }
        world.after(delay, Happening::BuyerPays(no, late));
    }
}

/// The buyer opens an order's page, and pays it unless `open ` stands before its number.
pub(crate) fn buyer_pays(world: &mut World, no: &str, after: bool) {
    let (no, only_opens) = no
        .strip_prefix("open ")
        .map_or((no, false), |no| (no, true));
    let now = world.now;
    if world.real.is_some() {
        return really_pays(world, no, only_opens, after);
    }
    let link = world.links.get(no).cloned();
    let by_browser = |ask: &Ask| matches!(ask.method, Method::Page | Method::Gateway);
    if let Some(ask) = link.filter(|ask| by_browser(ask) && now <= ask.expires_at) {
        world.books.make(&ask, now);
    }
    if only_opens {
        return;
    }
    let Some(trade) = world.books.trades.get(no) else {
        return;
    };
    let mean = matches!(trade.channel, Channel::Wechat | Channel::Unionpay)
        && trade.method != Method::Code;
    let price = trade.amount;
    let in_time = now <= trade.expires_at;
    let mut amount = price;
    let is_code = trade.method == Method::Code;
    if !is_code && world.strikes(Fault::WrongAmount) {
        amount -= 1;
    }
    if world.books.pay(no, amount, now, after && mean) {
        // The bill of a wrong amount would open a case, and that of late money its own wait.
        if amount == price && in_time && world.strikes(Fault::Forgotten) {
            if let Some(trade) = world.books.trades.get_mut(no) {
                trade.forgotten = true;
            }
            world.note(format_args!("money for {no}, which the channel forgets"));
            return;
        }
        world.money_came(no);
    }
}

/// The same where the channels are real.
fn really_pays(world: &mut World, no: &str, only_opens: bool, after: bool) {
    world.open_real(no);
    if only_opens {
        return;
    }
    let price = world.links.get(no).map(|ask| ask.amount);
    let wrong = price.is_some() && world.strikes(Fault::WrongAmount);
    world.pay_real(no, price.filter(|_| wrong).map(|price| price - 1), after);
}
