//! Cancelling (撤销, face-to-face reversal 冲正): whatever became of a trade at the counter, afterwards
//! nobody has paid. An unpaid trade is closed, a paid one goes back whole.
//!
//! The refund that a cancellation makes is in the books under `cancel:` and the trade's number. No
//! merchant's number looks like that, and none is needed: a trade is cancelled once.

use serde_json::{Value, json};

use super::{
    Accounts,
    answer::Reply,
    create::{CODE_TO_SCAN, SCANNED_CODE, bad, is_number},
    operations::{numbers, tell_refund, trade},
    request::Call,
};
use crate::{
    books::{Channel, Order, OrderState, Refund, RefundOutcome, RefundState},
    clock::Moment,
    simulator::World,
};

/// How long after the payment a trade may be cancelled.
const WINDOW_SECONDS: i64 = 24 * 3600;

pub(crate) fn cancel(world: &mut World, accounts: &Accounts, call: &Call) -> Reply {
    let given = call.out_trade_no();
    if given.as_deref().is_some_and(|number| !is_number(number)) {
        return bad("out_trade_no");
    }
    if given.is_none() && call.text("trade_no").is_none() {
        return bad("out_trade_no和trade_no不能同时为空");
    }
    let Ok((order, now)) = trade(world, call) else {
        return done(unknown(call), None);
    };
    if ![CODE_TO_SCAN, SCANNED_CODE].contains(&order.method.as_str()) {
        return Reply::refused("ACQ.CANCEL_NOT_ALLOWED", "该交易不允许撤销");
    }
    match order.state {
        OrderState::Waiting => {
            order.close(now);
            done(numbers(order), Some("close"))
        }
        OrderState::Closed => done(numbers(order), Some("close")),
        OrderState::Paid | OrderState::Refunded if is_cancelled(order) => {
            done(numbers(order), Some("refund"))
        }
        OrderState::Paid | OrderState::Refunded => {
            let paid = order.clone();
            give_back(world, accounts, &paid, now)
        }
        OrderState::Announced => done(unknown(call), None),
    }
}

/// The number of the refund that cancelling this trade makes.
fn refund_no(order: &Order) -> String {
    format!("cancel:{}", order.trade_no)
}

fn is_cancelled(order: &Order) -> bool {
    let has_failed = |state| match state {
        RefundState::Failed | RefundState::Abnormal => true,
        RefundState::Processing | RefundState::Succeeded => false,
    };
    order
        .refund_numbered(&refund_no(order))
        .is_some_and(|refund| !has_failed(refund.state))
}

fn give_back(world: &mut World, accounts: &Accounts, order: &Order, now: Moment) -> Reply {
    if order.refunded() > 0 {
        return Reply::refused("ACQ.REASON_TRADE_REFUND_FEE_ERR", "退款金额无效");
    }
    let is_late = |paid_at: Moment| now > paid_at.plus_seconds(WINDOW_SECONDS);
    if order.paid_at().is_some_and(is_late) {
        return Reply::refused("ACQ.TRADE_CANCEL_TIME_OUT", "超过撤销时间范围");
    }
    let refund_no = refund_no(order);
    let refund = Refund::at_once(&refund_no, order.captured(), now);
    let (account, number) = (&order.account, &order.channel_order_no);
    let outcome = world.books.refund(Channel::Alipay, account, number, refund);
    match outcome {
        RefundOutcome::Accepted => {
            let order = world
                .books
                .find(Channel::Alipay, account, number, now)
                .expect("it was refunded just now")
                .clone();
            tell_refund(world, accounts, &order, &refund_no);
            done(numbers(&order), Some("refund"))
        }
        RefundOutcome::NotEnough => Reply::refused("ACQ.SELLER_BALANCE_NOT_ENOUGH", "卖家余额不足"),
        RefundOutcome::Repeated | RefundOutcome::Discordant | RefundOutcome::BeyondRemaining => {
            Reply::refused("ACQ.REASON_TRADE_REFUND_FEE_ERR", "退款金额无效")
        }
    }
}

/// A trade that Alipay does not know is cancelled without an effect. Nothing that is documented says
/// that its number is spent, so a link or a code under it stays payable.
fn unknown(call: &Call) -> Vec<(&'static str, Value)> {
    ["trade_no", "out_trade_no"]
        .into_iter()
        .filter_map(|name| Some((name, json!(call.text(name)?))))
        .collect()
}

fn done(mut members: Vec<(&'static str, Value)>, action: Option<&str>) -> Reply {
    members.push(("retry_flag", json!("N")));
    members.extend(action.map(|action| ("action", json!(action))));
    Reply::success(members)
}
