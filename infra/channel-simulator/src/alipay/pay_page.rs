//! The buyer's buttons: pay, pay without returning, fail this try, leave.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde_json::json;

use super::{
    code_pay,
    create::{has_closed, has_success},
    notification, page,
};
use crate::{
    books::{Channel, Order, OrderState},
    conversation::Topic,
    journal::Kind,
    payment::{self, PayRefusal},
    simulator::Simulator,
};

/// The page again, for a reload or for a buyer who comes back.
pub(crate) async fn show(
    State(simulator): State<Arc<Simulator>>,
    Path(code): Path<String>,
) -> Response {
    match find(&simulator, &code) {
        Some(order) => page::for_order(&order, &simulator.public_url, "").into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// One button.
pub(crate) async fn act(
    State(simulator): State<Arc<Simulator>>,
    Path((code, action)): Path<(String, String)>,
) -> Response {
    let Some(order) = find(&simulator, &code) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let (response, outcome) = match action.as_str() {
        "pay" => pay(&simulator, &code, true),
        "pay-without-return" => pay(&simulator, &code, false),
        "fail" => (fail(&simulator, &code), "this try failed".to_owned()),
        "leave" => (leave(&simulator, &order), "left".to_owned()),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let topic = Topic {
        channel: Channel::Alipay,
        fault_operation: None,
        name: format!("page {action}"),
        channel_order_no: Some(order.channel_order_no),
    };
    simulator.write(topic.line(Kind::Request, &outcome, json!(null)));
    response
}

/// An order whose page exists: a code that was not scanned has none yet.
fn find(simulator: &Simulator, code: &str) -> Option<Order> {
    simulator.look(|world| {
        let now = world.now();
        let order = world.books.find_where(now, |order| {
            order.channel == Channel::Alipay && order.page_code == code
        })?;
        order.is_known().then(|| order.clone())
    })
}

/// On a page the buyer can try again; at the counter the try was all there is.
fn fail(simulator: &Simulator, code: &str) -> Response {
    let failed = simulator.change(|world| {
        let now = world.now();
        let order = world.books.find_where(now, |order| {
            order.channel == Channel::Alipay && order.page_code == code
        })?;
        code_pay::fail(order, now);
        Some(order.clone())
    });
    let Some(order) = failed else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let note = match order.state {
        OrderState::Closed => "本次支付失败。This try failed.",
        OrderState::Announced | OrderState::Waiting | OrderState::Paid | OrderState::Refunded => {
            "本次支付失败，可以重试。This try failed; you can try again."
        }
    };
    page::for_order(&order, &simulator.public_url, note).into_response()
}

fn pay(simulator: &Simulator, code: &str, goes_back: bool) -> (Response, String) {
    let taken = simulator.change(|world| {
        let is_it = |order: &Order| order.page_code == code;
        payment::take(world, &simulator.accounts, Channel::Alipay, is_it, None)
    });
    let order = match taken {
        Ok(order) => order,
        Err(refusal) => {
            let reply = match refusal {
                PayRefusal::AlreadyPaid => has_success(),
                PayRefusal::Unknown | PayRefusal::Refunded | PayRefusal::Closed => has_closed(),
            };
            let outcome = reply.summary();
            return (page::for_refusal(&reply).into_response(), outcome);
        }
    };
    let now = simulator.look(|world| world.now());
    let address = simulator
        .accounts
        .alipay
        .by_name(&order.account)
        .filter(|_| goes_back)
        .and_then(|account| {
            notification::return_address(&simulator.accounts.alipay, account, &order, now)
        });
    let response = match address {
        Some(address) => Redirect::to(&address).into_response(),
        None => page::for_order(&order, &simulator.public_url, "").into_response(),
    };
    (response, "paid".to_owned())
}

/// A mobile page goes back to where the merchant wants those who give up.
fn leave(simulator: &Simulator, order: &Order) -> Response {
    match (&order.quit_url, order.state) {
        (Some(address), OrderState::Waiting) => Redirect::to(address).into_response(),
        (Some(_) | None, _) => page::for_leaving(order, &simulator.public_url).into_response(),
    }
}
