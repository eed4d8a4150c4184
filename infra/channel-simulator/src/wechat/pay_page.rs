//! What a buyer sees and presses: the page behind a code, an H5 link or a JSAPI prepay id.
//!
//! The real code begins `weixin://` and only WeChat opens it; here it is an address that anybody can.

use std::sync::Arc;

use axum::{
    extract::{Path, Query, State},
    http::{StatusCode, Uri},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use serde_json::json;

use super::{code_pay, link::Link};
use crate::{
    books::{Channel, Order, OrderState},
    conversation::Topic,
    journal::Kind,
    page::{self, Brand, Page},
    payment::{self, PayRefusal},
    simulator::Simulator,
};

const WECHAT: Brand = Brand {
    name: "微信支付 WeChat Pay",
    colour: "#07c160",
};

/// What the merchant has appended to an H5 link.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Appended {
    redirect_url: Option<String>,
}

impl Appended {
    /// Where the browser goes afterwards, if that is an address at all.
    fn redirect(&self) -> Option<&str> {
        let text = self.redirect_url.as_deref()?;
        let uri: Uri = text.parse().ok()?;
        let is_web = matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some();
        is_web.then_some(text)
    }
}

/// The page, for a first look, a reload, or a buyer who comes back.
pub(crate) async fn show(
    State(simulator): State<Arc<Simulator>>,
    Path((kind, code)): Path<(String, String)>,
    Query(appended): Query<Appended>,
) -> Response {
    let page = match find(&simulator, &kind, &code) {
        Ok(order) => for_order(&Place::new(&simulator, &kind, &code, &appended), &order, ""),
        Err(page) => page,
    };
    (status(&page), page).into_response()
}

/// One button.
pub(crate) async fn act(
    State(simulator): State<Arc<Simulator>>,
    Path((kind, code, action)): Path<(String, String, String)>,
    Query(appended): Query<Appended>,
) -> Response {
    let order = match find(&simulator, &kind, &code) {
        Ok(order) => order,
        Err(page) => return (status(&page), page).into_response(),
    };
    let place = Place::new(&simulator, &kind, &code, &appended);
    let (response, outcome) = match action.as_str() {
        "pay" => pay(&simulator, &place, &order, true),
        "pay-without-return" => pay(&simulator, &place, &order, false),
        "fail" => fail(&simulator, &place, &order),
        "leave" => (leave(&place, &order), "left".to_owned()),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let topic = Topic {
        channel: Channel::Wechat,
        fault_operation: None,
        name: format!("page {action}"),
        channel_order_no: Some(order.channel_order_no),
    };
    simulator.write(topic.line(Kind::Request, &outcome, json!(null)));
    response
}

/// Where a page stands, for its buttons.
struct Place<'a> {
    address: String,
    appended: &'a Appended,
}

impl<'a> Place<'a> {
    fn new(simulator: &Simulator, kind: &str, code: &str, appended: &'a Appended) -> Self {
        Self {
            address: format!("{}/wechat/{kind}/{code}", simulator.public_url),
            appended,
        }
    }

    /// The address of the page, or of one of its buttons, with what the merchant has appended.
    fn at(&self, below: &str) -> String {
        let address = format!("{}{below}", self.address);
        match self.appended.redirect() {
            Some(redirect) => {
                let query = form_urlencoded::Serializer::new(String::new())
                    .append_pair("redirect_url", redirect)
                    .finish();
                format!("{address}?{query}")
            }
            None => address,
        }
    }
}

/// The order behind a code, if the code is still good and is used where it belongs.
fn find(simulator: &Simulator, kind: &str, code: &str) -> Result<Order, Page> {
    let unknown = || page::refusal(WECHAT, "UNKNOWN_LINK", "链接无效 There is no such link");
    let link = Link::read(code).ok_or_else(unknown)?;
    let (found, now) = simulator.look(|world| {
        let now = world.now();
        let found = world.books.find_where(now, |order| {
            order.channel == Channel::Wechat && order.page_code == link.page_code
        });
        (found.cloned(), now)
    });
    let order = found.ok_or_else(unknown)?;
    if kind_of(&order) != kind {
        return Err(unknown());
    }
    let can_be_paid = order.state == OrderState::Waiting;
    if can_be_paid && !link.is_good(&order.method, now) {
        let said =
            "链接已过期，请回到商家重新打开 This link has expired: ask the shop for a new one";
        return Err(page::refusal(WECHAT, "LINK_EXPIRED", said));
    }
    Ok(order)
}

/// Under which path the pages of an order stand.
fn kind_of(order: &Order) -> &str {
    match order.method.as_str() {
        "h5" => "h5",
        "jsapi" => "jsapi",
        _ => "qr",
    }
}

fn status(page: &Page) -> StatusCode {
    if page.code == "UNKNOWN_LINK" {
        StatusCode::NOT_FOUND
    } else {
        StatusCode::OK
    }
}

fn for_order(place: &Place<'_>, order: &Order, note: &str) -> Page {
    let result = |code, title| page::result(WECHAT, code, title, order, note);
    match order.state {
        OrderState::Announced | OrderState::Waiting => {
            let buttons = [
                ("pay", "支付 Pay"),
                ("pay-without-return", "支付但不返回 Pay without returning"),
                ("fail", "支付失败 Fail this try"),
                ("leave", "离开 Leave"),
            ];
            let address = |action: &str| place.at(&format!("/{action}"));
            page::cashier(WECHAT, order, note, &buttons, address)
        }
        OrderState::Paid => result("PAID", "支付成功 Paid"),
        OrderState::Refunded => result("REFUNDED", "已全额退款 Refunded"),
        OrderState::Closed => result("CLOSED", "订单已关闭 Closed"),
    }
}

fn pay(
    simulator: &Simulator,
    place: &Place<'_>,
    order: &Order,
    goes_back: bool,
) -> (Response, String) {
    let is_it = |other: &Order| other.page_code == order.page_code;
    let taken = simulator
        .change(|world| payment::take(world, &simulator.accounts, Channel::Wechat, is_it, None));
    let paid = match taken {
        Ok(paid) => paid,
        Err(refusal) => {
            let (code, said) = match refusal {
                PayRefusal::AlreadyPaid => ("ORDER_PAID", "订单已支付 This order is paid"),
                PayRefusal::Unknown | PayRefusal::Refunded | PayRefusal::Closed => {
                    ("ORDER_CLOSED", "订单已关闭 This order is closed")
                }
            };
            let page = page::refusal(WECHAT, code, said);
            return (page.into_response(), code.to_owned());
        }
    };
    let response = match place.appended.redirect().filter(|_| goes_back) {
        Some(address) => Redirect::to(address).into_response(),
        None => for_order(place, &paid, "").into_response(),
    };
    (response, "paid".to_owned())
}

/// A buyer's code that failed is failed for good; on a page the buyer can try again.
fn fail(simulator: &Simulator, place: &Place<'_>, order: &Order) -> (Response, String) {
    if order.method != code_pay::METHOD {
        let note = "本次支付失败，可以重试。This try failed; you can try again.";
        let page = for_order(place, order, note);
        return (page.into_response(), "this try failed".to_owned());
    }
    let failed = simulator.change(|world| {
        let now = world.now();
        let found = world
            .books
            .find_where(now, |other| other.page_code == order.page_code);
        found.map(|order| {
            if order.state == OrderState::Waiting {
                code_pay::fail(order, now);
            }
            order.clone()
        })
    });
    let page = for_order(place, failed.as_ref().unwrap_or(order), "");
    (page.into_response(), "failed".to_owned())
}

fn leave(place: &Place<'_>, order: &Order) -> Response {
    match (place.appended.redirect(), order.state) {
        (Some(address), OrderState::Waiting) => Redirect::to(address).into_response(),
        (Some(_) | None, _) => page::leaving(WECHAT, &place.at("")).into_response(),
    }
}
