//! Paying by code (付款码支付): the cashier scans the buyer's code. And its reversal (撤销).
//!
//! The code itself decides what the buyer's phone does, by its last digit:
//!
//! | last digit | what happens |
//! |---|---|
//! | 1 | the buyer has to type a password: 202 `USERPAYING`, until the buyer pays or fails |
//! | 2 | refused for good: the buyer's balance is too low |
//! | 3 | paid, but the answer is 500 `SYSTEM_ERROR` |
//! | any other | paid at once |
//!
//! The buyer of a `1` pays through the control API, or pays or fails on the page that the order's
//! attribute `buyer_page` names.

use axum::http::StatusCode;
use serde_json::json;

use super::{
    create::{Terms, existing},
    link,
    operations::{order_named, transaction},
    reply::Reply,
    request::Call,
};
use crate::{
    books::{Channel, Order, OrderState, Refund, RefundOutcome},
    payment,
    simulator::{Accounts, Simulator, World},
};

/// How the books name this way of paying.
pub(crate) const METHOD: &str = "code";

/// A buyer who types for longer has walked away.
const LIFE_SECONDS: i64 = 600;

pub(crate) fn pay(simulator: &Simulator, call: &Call) -> Reply {
    let url = &simulator.public_url;
    simulator
        .change(|world| scan(world, &simulator.accounts, call, url))
        .unwrap_or_else(|refused| refused)
}

fn scan(
    world: &mut World,
    accounts: &Accounts,
    call: &Call,
    public_url: &str,
) -> Result<Reply, Reply> {
    let terms = Terms::read(call)?;
    let auth_code = call
        .body
        .get("payer")
        .and_then(|payer| payer["auth_code"].as_str())
        .filter(|code| is_auth_code(code))
        .ok_or_else(|| Reply::bad_field("payer.auth_code", "必须为10至15开头的18位数字"))?;
    if let Some(order) = existing(world, call, &terms.out_trade_no, METHOD)? {
        return Ok(user_paying(&order));
    }
    let now = world.now();
    let is_used = |order: &Order| {
        order.channel == Channel::Wechat
            && order.attributes.get("auth_code").map(String::as_str) == Some(auth_code)
    };
    if world.books.find_where(now, is_used).is_some() {
        return Err(Reply::refused(
            StatusCode::BAD_REQUEST,
            "AUTH_CODE_INVALID",
            "付款码无效，请刷新后重试",
        ));
    }
    let expires_at = now.plus_seconds(LIFE_SECONDS);
    let mut order = terms.into_order(world, call, METHOD, expires_at);
    let number = order.channel_order_no.clone();
    let code = link::issue(&order, now, world.numbers.take());
    let mut remember = |name: &str, value: String| order.attributes.insert(name.to_owned(), value);
    remember("auth_code", auth_code.to_owned());
    remember("buyer_page", format!("{public_url}/wechat/qr/{code}"));
    if auth_code.ends_with('2') {
        fail(&mut order, now);
        world.books.add(order);
        let message = "用户余额不足";
        return Err(Reply::refused(StatusCode::FORBIDDEN, "NOT_ENOUGH", message));
    }
    world.books.add(order.clone());
    if auth_code.ends_with('1') {
        return Ok(user_paying(&order));
    }
    let is_it =
        |order: &Order| order.channel_order_no == number && order.account == call.account.name();
    match payment::take(world, accounts, Channel::Wechat, is_it, None) {
        Ok(_) if auth_code.ends_with('3') => {
            let body = json!({ "code": "SYSTEM_ERROR", "message": "系统异常，请查询订单" });
            let paid_silently = Reply::json(StatusCode::INTERNAL_SERVER_ERROR, body);
            Err(paid_silently)
        }
        Ok(order) => Ok(Reply::success(transaction(&order))),
        Err(_) => Err(Reply::order_closed()),
    }
}

/// The buyer's phone gave up: nothing can be paid under this number any more.
pub(crate) fn fail(order: &mut Order, now: crate::clock::Moment) {
    order.close(now);
    let state = ("trade_state".to_owned(), "PAYERROR".to_owned());
    order.attributes.extend([state]);
}

fn user_paying(order: &Order) -> Reply {
    let mut body = transaction(order);
    body["code"] = json!("USERPAYING");
    body["message"] = json!("用户支付中，需要输入密码");
    Reply::json(StatusCode::ACCEPTED, body)
}

/// Undoes the payment whatever became of it: closes what is unpaid, gives back what was paid.
pub(crate) fn reverse(world: &mut World, call: &Call, out_trade_no: &str) -> Reply {
    if let Err(reply) = call.check_body_mchid().and_then(|()| call.check_appid()) {
        return reply;
    }
    let (order, now) = match order_named(world, call, out_trade_no) {
        Ok(found) => found,
        Err(reply) => return reply,
    };
    if order.method != METHOD {
        return Reply::invalid_request("只有付款码支付订单可以撤销");
    }
    let is_revoked = order.attributes.get("trade_state").map(String::as_str) == Some("REVOKED");
    match order.state {
        OrderState::Waiting | OrderState::Announced => order.close(now),
        OrderState::Closed => {}
        OrderState::Paid | OrderState::Refunded if is_revoked => {}
        OrderState::Paid if order.refunds.is_empty() => {
            let (amount, account) = (order.captured(), order.account.clone());
            let mut refund = Refund::at_once(&format!("{out_trade_no}_REVOKE"), amount, now);
            refund.channel_refund_no = format!("503{}", order.trade_no);
            let outcome = world
                .books
                .refund(Channel::Wechat, &account, out_trade_no, refund);
            if outcome != RefundOutcome::Accepted {
                return Reply::refused(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "SYSTEM_ERROR",
                    "系统异常，请用相同参数重试",
                );
            }
        }
        OrderState::Paid | OrderState::Refunded => {
            return Reply::invalid_request("订单已退款，不能撤销");
        }
    }
    let (order, _) = match order_named(world, call, out_trade_no) {
        Ok(found) => found,
        Err(reply) => return reply,
    };
    let was_paid = !is_revoked && !order.captures.is_empty();
    let state = ("trade_state".to_owned(), "REVOKED".to_owned());
    order.attributes.extend([state]);
    let order = order.clone();
    if was_paid {
        let detail = json!({ "amount": order.captured(), "reversal": true });
        world.write_money(&order, "refund", detail);
    }
    // A success names the order and says no more.
    let whole = transaction(&order);
    let named = ["appid", "mchid", "out_trade_no"].map(|name| (name, whole[name].clone()));
    Reply::success(named.into_iter().collect())
}

fn is_auth_code(code: &str) -> bool {
    code.len() == 18
        && code.bytes().all(|byte| byte.is_ascii_digit())
        && matches!(code.get(..2), Some("10" | "11" | "12" | "13" | "14" | "15"))
}
