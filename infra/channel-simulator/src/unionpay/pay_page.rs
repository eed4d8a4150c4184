//! The buyer's buttons: choose a bank, pay, pay without returning, fail this try, leave.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{
    message::Wrong,
    notification, page,
    resp_code::{DECLINED, DUPLICATE, NOT_COMPLETED},
};
use crate::{
    books::{Channel, Order, OrderState},
    conversation::Topic,
    journal::Kind,
    page::Page,
    payment::{self, PayRefusal},
    simulator::Simulator,
};

/// The page again, for a reload or for a buyer who comes back.
pub(crate) async fn show(
    State(simulator): State<Arc<Simulator>>,
    Path(code): Path<String>,
) -> Response {
    let found = simulator.look(|world| {
        let now = world.now();
        let is_it = |order: &Order| is_at(order, &code);
        world.books.find_where(now, is_it).cloned()
    });
    match found {
        Some(order) => draw(&simulator, &order, "").into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// One button.
pub(crate) async fn act(
    State(simulator): State<Arc<Simulator>>,
    Path((code, action)): Path<(String, String)>,
) -> Response {
    let found = simulator.change(|world| {
        let now = world.now();
        let order = world.books.find_where(now, |order| is_at(order, &code))?;
        let is_open = order.is_open(now);
        match action.as_str() {
            "fail" if is_open => {
                let code = DECLINED.code.to_owned();
                order.attributes.insert("failure".to_owned(), code);
                // On a page the buyer can try another card. A code was for this one try.
                if order.method == "code" {
                    order.close(now);
                }
            }
            action => {
                let bank = action.strip_prefix("bank-");
                if let Some(bank) = bank.filter(|bank| is_open && page::is_offered(bank)) {
                    let bank = bank.to_owned();
                    order.attributes.insert("bank".to_owned(), bank);
                }
            }
        }
        Some(order.clone())
    });
    let Some(order) = found else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let (page, outcome) = match action.as_str() {
        "pay" => pay(&simulator, &code, true),
        "pay-without-return" => pay(&simulator, &code, false),
        "fail" => {
            let note = "本次支付失败，可以重试。This try failed; you can try again.";
            let page = draw(&simulator, &order, note);
            (page, "this try failed".to_owned())
        }
        "leave" => match order.state {
            OrderState::Waiting | OrderState::Announced => (
                page::for_leaving(&order, &simulator.public_url),
                "left".to_owned(),
            ),
            OrderState::Paid | OrderState::Refunded | OrderState::Closed => {
                (draw(&simulator, &order, ""), "left".to_owned())
            }
        },
        bank if bank.strip_prefix("bank-").is_some_and(page::is_offered) => {
            (draw(&simulator, &order, ""), "bank chosen".to_owned())
        }
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let topic = Topic {
        channel: Channel::Unionpay,
        fault_operation: None,
        name: format!("page {action}"),
        channel_order_no: Some(order.channel_order_no),
    };
    simulator.write(topic.line(Kind::Request, &outcome, json!(null)));
    page.into_response()
}

/// The page of an order, with the way back once it is paid.
pub(crate) fn draw(simulator: &Simulator, order: &Order, note: &str) -> Page {
    let way_back = match order.state {
        OrderState::Paid => notification::return_fields(&simulator.accounts.unionpay, order),
        OrderState::Announced | OrderState::Waiting | OrderState::Refunded | OrderState::Closed => {
            None
        }
    };
    page::for_order(order, &simulator.public_url, note, way_back.as_ref())
}

fn is_at(order: &Order, code: &str) -> bool {
    order.channel == Channel::Unionpay && order.page_code == code
}

fn pay(simulator: &Simulator, code: &str, goes_back: bool) -> (Page, String) {
    let taken = simulator.change(|world| {
        let is_it = |order: &Order| order.page_code == code;
        payment::take(world, &simulator.accounts, Channel::Unionpay, is_it, None)
    });
    match taken {
        Ok(order) if goes_back => (draw(simulator, &order, ""), "paid".to_owned()),
        Ok(order) => {
            let page = page::for_order(&order, &simulator.public_url, "", None);
            (page, "paid".to_owned())
        }
        Err(refusal) => {
            let code = match refusal {
                PayRefusal::AlreadyPaid | PayRefusal::Refunded => DUPLICATE,
                PayRefusal::Unknown | PayRefusal::Closed => NOT_COMPLETED,
            };
            let outcome = format!("refused: {}", code.code);
            (page::for_refusal(&Wrong::new(code, "")), outcome)
        }
    }
}
