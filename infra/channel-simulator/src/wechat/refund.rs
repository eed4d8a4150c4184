//! Refunds (退款): accepted at once, settled a little later.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{
    create::{check_currency, notify_url},
    reply::Reply,
    request::Call,
};
use crate::{
    books::{Channel, Order, OrderState, Refund, RefundOutcome, RefundState},
    clock::Moment,
    simulator::World,
};

/// A refund to a balance takes about as long.
const SETTLES_AFTER_SECONDS: i64 = 2;
/// What must lie between two refunds of one order.
const INTERVAL_SECONDS: i64 = 60;
const REFUNDS_MAX: usize = 50;
const PERIOD_SECONDS: i64 = 365 * 86_400;

struct Wanted {
    out_refund_no: String,
    amount: i64,
    total: i64,
    attributes: BTreeMap<String, String>,
}

impl Wanted {
    fn read(call: &Call) -> Result<Self, Reply> {
        let missing = |field| move || Reply::bad_field(field, "缺少必填参数");
        let out_refund_no = call
            .text("out_refund_no")
            .ok_or_else(missing("out_refund_no"))?;
        if !is_out_refund_no(&out_refund_no) {
            return Err(Reply::bad_field("out_refund_no", "长度或字符不符合要求"));
        }
        let amount = call.body.get("amount").ok_or_else(missing("amount"))?;
        let fen = |name: &str| {
            let positive = amount[name].as_i64().filter(|fen| *fen > 0);
            positive.ok_or_else(|| Reply::bad_field(&format!("amount.{name}"), "必须为正整数"))
        };
        if amount.get("currency").is_none() {
            return Err(Reply::bad_field("amount.currency", "缺少必填参数"));
        }
        check_currency(amount)?;
        let mut attributes = BTreeMap::new();
        let mut remember = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                attributes.insert(name.to_owned(), value);
            }
        };
        remember("reason", call.text_within("reason", 80)?);
        remember("notify_url", notify_url(call)?);
        Ok(Self {
            out_refund_no,
            amount: fen("refund")?,
            total: fen("total")?,
            attributes,
        })
    }
}

pub(crate) fn refund(world: &mut World, call: &Call) -> Reply {
    enter(world, call).unwrap_or_else(|refused| refused)
}

fn enter(world: &mut World, call: &Call) -> Result<Reply, Reply> {
    let wanted = Wanted::read(call)?;
    let now = world.now();
    let number = order_number(world, call, now)?;
    if let Some(other) = order_of_refund(world, call, &wanted.out_refund_no, now)
        && other.channel_order_no != number
    {
        let message = "商户退款单号已被其他订单使用";
        return Err(Reply::invalid_request(message));
    }
    let account = call.account.name();
    let order = world
        .books
        .find(Channel::Wechat, account, &number, now)
        .ok_or_else(not_found)?;
    check(order, &wanted, now)?;
    let (run, trade_no) = (world.numbers.run(), world.numbers.take());
    let refund = Refund {
        refund_no: wanted.out_refund_no.clone(),
        channel_refund_no: format!("503{run:06}{}{trade_no:012}", now.beijing_day()),
        amount: wanted.amount,
        state: RefundState::Processing,
        at: now,
        settles_at: now.plus_seconds(SETTLES_AFTER_SECONDS),
        ending: RefundState::Succeeded,
        is_told: false,
        attributes: wanted.attributes,
    };
    let outcome = world
        .books
        .refund(Channel::Wechat, account, &number, refund);
    match outcome {
        RefundOutcome::Accepted | RefundOutcome::Repeated => {
            Ok(query(world, call, &wanted.out_refund_no))
        }
        RefundOutcome::Discordant => Err(Reply::refused(
            StatusCode::BAD_REQUEST,
            "REFUND_FEE_MISMATCH",
            "同一退款单号的退款金额与之前的请求不一致",
        )),
        RefundOutcome::BeyondRemaining => {
            Err(Reply::invalid_request("申请退款金额超过订单可退金额"))
        }
        RefundOutcome::NotEnough => Err(Reply::refused(
            StatusCode::FORBIDDEN,
            "NOT_ENOUGH",
            "商户可用余额不足，请充值后用原单号重试",
        )),
    }
}

/// The order that the refund names, by either number or by both.
fn order_number(world: &mut World, call: &Call, now: Moment) -> Result<String, Reply> {
    let (by_ours, by_channels) = (call.text("out_trade_no"), call.text("transaction_id"));
    if by_ours.is_none() && by_channels.is_none() {
        return Err(Reply::bad_field(
            "out_trade_no",
            "transaction_id与out_trade_no二选一必填",
        ));
    }
    let is_or_any = |named: &Option<String>, it: &String| named.as_ref().is_none_or(|n| n == it);
    let found = world.books.find_where(now, |order| {
        order.channel == Channel::Wechat
            && order.account == call.account.name()
            && is_or_any(&by_ours, &order.channel_order_no)
            && is_or_any(&by_channels, &order.trade_no)
    });
    found
        .map(|order| order.channel_order_no.clone())
        .ok_or_else(not_found)
}

/// What the order itself has against a refund.
fn check(order: &Order, wanted: &Wanted, now: Moment) -> Result<(), Reply> {
    match order.state {
        OrderState::Paid | OrderState::Refunded => {}
        OrderState::Announced | OrderState::Waiting | OrderState::Closed => {
            return Err(Reply::invalid_request("订单未支付，不能退款"));
        }
    }
    if wanted.total != order.captured() {
        return Err(Reply::invalid_request("订单金额与支付时不一致"));
    }
    if order.refund_numbered(&wanted.out_refund_no).is_some() {
        return Ok(());
    }
    let paid_at = order.paid_at().unwrap_or(order.created_at);
    if now > paid_at.plus_seconds(PERIOD_SECONDS) {
        let message = "订单已经超过可退款的最大期限";
        return Err(Reply::refused(
            StatusCode::BAD_REQUEST,
            "TRADE_OVERDUE",
            message,
        ));
    }
    if order.refunds.len() >= REFUNDS_MAX {
        let message = "累计退款次数超过限制";
        return Err(Reply::refused(StatusCode::FORBIDDEN, "RULE_LIMIT", message));
    }
    let latest = order.refunds.iter().map(|refund| refund.at).max();
    if latest.is_some_and(|at| now < at.plus_seconds(INTERVAL_SECONDS)) {
        let message = "同一订单两次退款须间隔1分钟";
        let status = StatusCode::TOO_MANY_REQUESTS;
        return Err(Reply::refused(status, "FREQUENCY_LIMITED", message).about(268_447_840));
    }
    Ok(())
}

pub(crate) fn query(world: &mut World, call: &Call, out_refund_no: &str) -> Reply {
    if !is_out_refund_no(out_refund_no) {
        return Reply::bad_field("out_refund_no", "长度或字符不符合要求");
    }
    let now = world.now();
    let found = order_of_refund(world, call, out_refund_no, now);
    let shown = found.and_then(|order| Some(shown(order, order.refund_numbered(out_refund_no)?)));
    shown.map_or_else(not_found, Reply::success)
}

/// Refund numbers are the merchant's, not the order's.
fn order_of_refund<'a>(
    world: &'a mut World,
    call: &Call,
    out_refund_no: &str,
    now: Moment,
) -> Option<&'a mut Order> {
    world.books.find_where(now, |order| {
        order.channel == Channel::Wechat
            && order.account == call.account.name()
            && order.refund_numbered(out_refund_no).is_some()
    })
}

fn not_found() -> Reply {
    let message = "退款单不存在或订单不存在";
    Reply::refused(StatusCode::NOT_FOUND, "RESOURCE_NOT_EXISTS", message)
}

/// The word for how far a refund has come.
pub(crate) fn status(refund: &Refund) -> &'static str {
    match refund.state {
        RefundState::Processing => "PROCESSING",
        RefundState::Succeeded => "SUCCESS",
        RefundState::Failed => "CLOSED",
        RefundState::Abnormal => "ABNORMAL",
    }
}

/// A refund as the API shows it.
fn shown(order: &Order, refund: &Refund) -> Value {
    let mut body = json!({
        "refund_id": refund.channel_refund_no,
        "out_refund_no": refund.refund_no,
        "transaction_id": order.trade_no,
        "out_trade_no": order.channel_order_no,
        "channel": "ORIGINAL",
        "user_received_account": "支付用户零钱",
        "create_time": refund.at.beijing_rfc3339(),
        "status": status(refund),
        "funds_account": "AVAILABLE",
        "promotion_detail": [],
        "amount": {
            "total": order.captured(),
            "refund": refund.amount,
            "payer_total": order.captured(),
            "payer_refund": refund.amount,
            "settlement_refund": refund.amount,
            "settlement_total": order.captured(),
            "discount_refund": 0,
            "currency": "CNY",
            "from": [],
        },
    });
    if refund.state == RefundState::Succeeded {
        body["success_time"] = json!(refund.settles_at.beijing_rfc3339());
    }
    body
}

/// The same as notifications show it, where some members have other names.
pub(crate) fn told(order: &Order, refund: &Refund) -> Value {
    let mut body = json!({
        "mchid": order.attributes.get("mchid"),
        "out_trade_no": order.channel_order_no,
        "transaction_id": order.trade_no,
        "out_refund_no": refund.refund_no,
        "refund_id": refund.channel_refund_no,
        "refund_status": status(refund),
        "user_received_account": "支付用户零钱",
        "amount": {
            "total": order.captured(),
            "refund": refund.amount,
            "payer_total": order.captured(),
            "payer_refund": refund.amount,
        },
    });
    if refund.state == RefundState::Succeeded {
        body["success_time"] = json!(refund.settles_at.beijing_rfc3339());
    }
    body
}

fn is_out_refund_no(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-|*@".contains(&byte))
}
