//! What each call does once its sender is known: the query, the close, and the words for an order.

use serde_json::{Value, json};

use super::{
    bill, code_pay, create, create::is_out_trade_no, endpoint::Endpoint, refund, reply::Reply,
    request::Call,
};
use axum::http::StatusCode;

use crate::{
    books::{Channel, Order, OrderState},
    simulator::{Simulator, World},
};

pub(crate) fn perform(simulator: &Simulator, call: &Call) -> Reply {
    let accounts = &simulator.accounts.wechat;
    match &call.endpoint {
        Endpoint::Create(product) => create::create(simulator, call, *product),
        Endpoint::CodePay => code_pay::pay(simulator, call),
        Endpoint::Query { out_trade_no } => {
            let is_it = |order: &Order| order.channel_order_no == *out_trade_no;
            query(simulator, call, is_it)
        }
        Endpoint::QueryById { transaction_id } => {
            let is_it = |order: &Order| order.trade_no == *transaction_id && is_paid(order);
            query(simulator, call, is_it)
        }
        Endpoint::Close { out_trade_no } => {
            simulator.change(|world| close(world, call, out_trade_no))
        }
        Endpoint::Reverse { out_trade_no } => {
            simulator.change(|world| code_pay::reverse(world, call, out_trade_no))
        }
        Endpoint::Refund => simulator.change(|world| refund::refund(world, call)),
        Endpoint::RefundQuery { out_refund_no } => {
            simulator.look(|world| refund::query(world, call, out_refund_no))
        }
        Endpoint::TradeBill | Endpoint::FundFlowBill => bill::ask(simulator, accounts, call),
        Endpoint::BillDownload => simulator.look(|world| bill::download(world, call)),
        // Merchants who verify with WeChat Pay's public key have no platform certificates.
        Endpoint::Certificates => Reply::refused(
            StatusCode::NOT_FOUND,
            "RESOURCE_NOT_EXISTS",
            "无可用的平台证书，请使用微信支付公钥",
        ),
    }
}

fn query(simulator: &Simulator, call: &Call, wanted: impl Fn(&Order) -> bool) -> Reply {
    if let Err(reply) = call.check_mchid(call.query.get("mchid").map(String::as_str)) {
        return reply;
    }
    simulator.look(|world| {
        let now = world.now();
        let found = world.books.find_where(now, |order| {
            order.channel == Channel::Wechat
                && order.account == call.account.name()
                && wanted(order)
        });
        match found {
            Some(order) => Reply::success(transaction(order)),
            None => Reply::order_not_exist(),
        }
    })
}

fn close(world: &mut World, call: &Call, out_trade_no: &str) -> Reply {
    if let Err(reply) = call.check_body_mchid() {
        return reply;
    }
    let (order, now) = match order_named(world, call, out_trade_no) {
        Ok(found) => found,
        Err(reply) => return reply,
    };
    if order.method == code_pay::METHOD {
        return Reply::invalid_request("付款码支付订单只能撤销").about(268_449_641);
    }
    match order.state {
        OrderState::Waiting | OrderState::Announced => {
            order.close(now);
            Reply::no_content()
        }
        OrderState::Closed => Reply::no_content(),
        OrderState::Paid | OrderState::Refunded => Reply::order_paid(),
    }
}

/// The account's order under a number that is well formed.
pub(crate) fn order_named<'a>(
    world: &'a mut World,
    call: &Call,
    out_trade_no: &str,
) -> Result<(&'a mut Order, crate::clock::Moment), Reply> {
    if !is_out_trade_no(out_trade_no) {
        return Err(Reply::bad_field("out_trade_no", "长度或字符不符合要求"));
    }
    let now = world.now();
    let account = call.account.name();
    let order = world
        .books
        .find(Channel::Wechat, account, out_trade_no, now)
        .ok_or_else(Reply::order_not_exist)?;
    Ok((order, now))
}

fn is_paid(order: &Order) -> bool {
    !order.captures.is_empty()
}

/// The word that WeChat Pay has for an order's state. One refund is enough for `REFUND`.
pub(crate) fn trade_state(order: &Order) -> (&'static str, &'static str) {
    let scripted = order.attributes.get("trade_state").map(String::as_str);
    match order.state {
        OrderState::Paid | OrderState::Refunded | OrderState::Closed
            if scripted == Some("REVOKED") =>
        {
            ("REVOKED", "已撤销")
        }
        OrderState::Closed if scripted == Some("PAYERROR") => ("PAYERROR", "支付失败"),
        OrderState::Announced | OrderState::Waiting if order.method == code_pay::METHOD => {
            ("USERPAYING", "用户支付中，需要输入密码")
        }
        OrderState::Announced | OrderState::Waiting => ("NOTPAY", "订单未支付"),
        OrderState::Paid if order.refunds.is_empty() => ("SUCCESS", "支付成功"),
        OrderState::Paid | OrderState::Refunded => {
            ("REFUND", "订单发生过退款，退款详情请查询退款单")
        }
        OrderState::Closed => ("CLOSED", "订单已关闭"),
    }
}

pub(crate) fn trade_type(order: &Order) -> &'static str {
    match order.method.as_str() {
        "native" => "NATIVE",
        "h5" => "MWEB",
        "jsapi" => "JSAPI",
        _ => "MICROPAY",
    }
}

/// An order as queries and notifications show it.
pub(crate) fn transaction(order: &Order) -> Value {
    let (trade_state, trade_state_desc) = trade_state(order);
    let attribute = |name: &str| order.attributes.get(name).cloned().unwrap_or_default();
    let mut shown = json!({
        "appid": attribute("appid"),
        "mchid": attribute("mchid"),
        "out_trade_no": order.channel_order_no,
        "attach": attribute("attach"),
        "trade_state": trade_state,
        "trade_state_desc": trade_state_desc,
        "promotion_detail": [],
        "payer": {},
        "amount": { "total": order.amount, "currency": "CNY" },
    });
    if let Some(paid_at) = order.paid_at() {
        let paid = order.captured();
        shown["transaction_id"] = json!(order.trade_no);
        shown["trade_type"] = json!(trade_type(order));
        shown["bank_type"] = json!("OTHERS");
        shown["success_time"] = json!(paid_at.beijing_rfc3339());
        shown["payer"] = json!({ "openid": attribute("openid") });
        shown["amount"] = json!({
            "total": paid,
            "payer_total": paid,
            "currency": "CNY",
            "payer_currency": "CNY",
        });
    }
    shown
}
