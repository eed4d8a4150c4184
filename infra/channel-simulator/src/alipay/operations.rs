//! What a merchant's server may ask about a trade: query, close, refund, ask about a refund, and a
//! code for the buyer to scan. What is special to the counter has modules of its own.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{
    Accounts,
    amount::{fen, yuan},
    answer::Reply,
    bill, cancel, code_pay,
    create::{CreateRequest, bad, has_closed},
    notification::{self, BUYER_ID, BUYER_LOGON_ID, trade_status},
    request::{Call, Method},
};
use crate::{
    books::{Channel, Order, OrderState, Refund, RefundOutcome, RefundState},
    clock::Moment,
    journal::{Kind, Line},
    simulator::{Simulator, World},
};

/// Carries a server's call out. Pages are not for servers and are handled apart.
pub(crate) fn perform(simulator: &Simulator, call: &Call) -> Reply {
    let accounts = &simulator.accounts.alipay;
    match call.method {
        Method::Query => simulator.look(|world| query(world, call)),
        Method::RefundQuery => simulator.look(|world| refund_query(world, call)),
        Method::Close => simulator.change(|world| close(world, call)),
        Method::Refund => simulator.change(|world| refund(world, accounts, call)),
        Method::CodePay => code_pay::pay(simulator, call),
        Method::Cancel => simulator.change(|world| cancel::cancel(world, accounts, call)),
        Method::BillUrl => bill::ask(simulator, call),
        Method::CertificateDownload => certificate_download(call),
        Method::Precreate | Method::PagePay | Method::WapPay => precreate(simulator, call),
    }
}

/// The trade number wins when both numbers are given, as it does for the real gateway.
pub(crate) fn trade<'a>(
    world: &'a mut World,
    call: &Call,
) -> Result<(&'a mut Order, Moment), Reply> {
    let now = world.now();
    let account = call.account.name();
    let found = match (call.text("trade_no"), call.out_trade_no()) {
        (None, None) => return Err(bad("out_trade_no和trade_no不能同时为空")),
        (Some(trade_no), _) => world.books.find_where(now, |order| {
            order.channel == Channel::Alipay
                && order.account == account
                && order.trade_no == trade_no
        }),
        (None, Some(number)) => world.books.find(Channel::Alipay, account, &number, now),
    };
    match found {
        Some(order) if order.is_known() => Ok((order, now)),
        Some(_) | None => Err(Reply::refused("ACQ.TRADE_NOT_EXIST", "交易不存在")),
    }
}

fn query(world: &mut World, call: &Call) -> Reply {
    let order = match trade(world, call) {
        Ok((order, _)) => order,
        Err(reply) => return reply,
    };
    let mut members = numbers(order);
    members.push(("trade_status", json!(trade_status(order))));
    members.push(("subject", json!(order.subject)));
    members.extend(buyer());
    let Some(paid_at) = order.paid_at() else {
        members.push(("total_amount", json!(yuan(order.amount))));
        for name in ["receipt_amount", "buyer_pay_amount", "invoice_amount"] {
            members.push((name, json!("0.00")));
        }
        return Reply::success(members);
    };
    members.extend(paid_amounts(order));
    members.push(("send_pay_date", json!(paid_at.beijing())));
    Reply::success(members)
}

/// What a paid trade says of its money, to whoever asks and however.
pub(crate) fn paid_amounts(order: &Order) -> Vec<(&'static str, Value)> {
    let paid = yuan(order.captured());
    let funds = json!([{ "amount": paid, "fund_channel": "ALIPAYACCOUNT" }]);
    vec![
        ("total_amount", json!(paid)),
        ("receipt_amount", json!(paid)),
        ("buyer_pay_amount", json!(paid)),
        ("invoice_amount", json!(paid)),
        ("point_amount", json!("0.00")),
        ("fund_bill_list", funds),
    ]
}

pub(crate) fn buyer() -> [(&'static str, Value); 2] {
    [
        ("buyer_user_id", json!(BUYER_ID)),
        ("buyer_logon_id", json!(BUYER_LOGON_ID)),
    ]
}

fn close(world: &mut World, call: &Call) -> Reply {
    let (order, now) = match trade(world, call) {
        Ok(found) => found,
        Err(reply) => return reply,
    };
    match order.state {
        OrderState::Waiting => {
            order.close(now);
            Reply::success(numbers(order))
        }
        OrderState::Paid | OrderState::Refunded => {
            Reply::refused("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
        }
        OrderState::Closed | OrderState::Announced => {
            Reply::refused("ACQ.REASON_TRADE_STATUS_INVALID", "交易状态异常")
        }
    }
}

fn refund(world: &mut World, accounts: &Accounts, call: &Call) -> Reply {
    let Some(amount) = call.text("refund_amount").and_then(|text| fen(&text)) else {
        return bad("refund_amount");
    };
    if let Some(reason) = call.text("refund_reason")
        && reason.chars().count() > 256
    {
        return bad("refund_reason");
    }
    let (order, now) = match trade(world, call) {
        Ok(found) => found,
        Err(reply) => return reply,
    };
    let given = call.text("out_request_no");
    let refund_no = match &given {
        Some(refund_no) if refund_no.chars().count() <= 64 => refund_no.clone(),
        None if amount == order.captured() => order.channel_order_no.clone(),
        Some(_) | None => return bad("out_request_no"),
    };
    match order.state {
        OrderState::Paid | OrderState::Refunded => {}
        OrderState::Closed => return has_closed(),
        OrderState::Waiting | OrderState::Announced => {
            return Reply::refused("ACQ.TRADE_STATUS_ERROR", "交易状态不合法");
        }
    }
    let number = order.channel_order_no.clone();
    let refund = Refund::at_once(&refund_no, amount, now);
    let account = call.account.name();
    let outcome = world
        .books
        .refund(Channel::Alipay, account, &number, refund);
    let order = match trade(world, call) {
        Ok((order, _)) => order.clone(),
        Err(reply) => return reply,
    };
    if given.is_none() {
        world.write(Line {
            kind: Kind::Request,
            channel: Some(Channel::Alipay.name()),
            operation: Method::Refund.name().to_owned(),
            channel_order_no: Some(order.channel_order_no.clone()),
            outcome: "out_request_no is missing: taken as the full refund of the trade".to_owned(),
            detail: Value::Null,
        });
    }
    match outcome {
        RefundOutcome::Accepted => {
            let is_moved = tell_refund(world, accounts, &order, &refund_no);
            refund_reply(&order, &refund_no, if is_moved { "Y" } else { "N" })
        }
        RefundOutcome::Repeated => refund_reply(&order, &refund_no, "N"),
        RefundOutcome::Discordant => {
            Reply::refused("ACQ.DISCORDANT_REPEAT_REQUEST", "不一致的请求")
        }
        RefundOutcome::NotEnough => Reply::refused("ACQ.SELLER_BALANCE_NOT_ENOUGH", "卖家余额不足"),
        RefundOutcome::BeyondRemaining => {
            Reply::refused("ACQ.REASON_TRADE_REFUND_FEE_ERR", "退款金额无效")
        }
    }
}

/// Notes and tells a refund that was accepted, if its money has moved already. One that a script
/// holds back or lets fail is told when it has ended.
pub(crate) fn tell_refund(
    world: &mut World,
    accounts: &Accounts,
    order: &Order,
    refund_no: &str,
) -> bool {
    let Some(refund) = order
        .refund_numbered(refund_no)
        .filter(|refund| refund.state == RefundState::Succeeded)
    else {
        return false;
    };
    world.write_money(
        order,
        "refund",
        json!({ "amount": refund.amount, "refund_no": refund_no }),
    );
    notification::queue(world, accounts, order, Some(refund));
    true
}

fn refund_reply(order: &Order, refund_no: &str, fund_change: &str) -> Reply {
    let mut members = numbers(order);
    members.extend(buyer());
    members.push(("fund_change", json!(fund_change)));
    members.push(("refund_fee", json!(yuan(order.refunded()))));
    let succeeded = order
        .refund_numbered(refund_no)
        .filter(|refund| refund.state == RefundState::Succeeded);
    if let Some(refund) = succeeded {
        members.push(("gmt_refund_pay", json!(refund.settles_at.beijing())));
    }
    Reply::success(members)
}

fn refund_query(world: &mut World, call: &Call) -> Reply {
    let Some(refund_no) = call.text("out_request_no") else {
        return bad("out_request_no");
    };
    let order = match trade(world, call) {
        Ok((order, _)) => order,
        Err(reply) => return reply,
    };
    let Some(refund) = order.refund_numbered(&refund_no) else {
        // An empty success: this is how Alipay says that there was no such refund.
        return Reply::success(Vec::new());
    };
    let mut members = numbers(order);
    members.push(("out_request_no", json!(refund.refund_no)));
    members.push(("refund_amount", json!(yuan(refund.amount))));
    members.push(("total_amount", json!(yuan(order.captured()))));
    let (status, more) = match refund.state {
        RefundState::Succeeded => {
            let at = json!(refund.settles_at.beijing());
            ("REFUND_SUCCESS", Some(("gmt_refund_pay", at)))
        }
        RefundState::Processing => ("REFUND_PROCESSING", None),
        RefundState::Failed | RefundState::Abnormal => {
            let why = json!("BANK_CARD_REFUND_FAIL");
            ("REFUND_FAIL", Some(("error_code", why)))
        }
    };
    members.push(("refund_status", json!(status)));
    members.extend(more);
    Reply::success(members)
}

fn precreate(simulator: &Simulator, call: &Call) -> Reply {
    let announced = CreateRequest::read(call)
        .and_then(|request| simulator.change(|world| request.announce(world)));
    match announced {
        Ok(order) => Reply::success(vec![
            ("out_trade_no", json!(order.channel_order_no)),
            (
                "qr_code",
                json!(format!(
                    "{}/alipay/qr/{}",
                    simulator.public_url, order.page_code
                )),
            ),
        ]),
        Err(reply) => reply,
    }
}

/// A merchant that meets a number it does not know asks for the certificate.
fn certificate_download(call: &Call) -> Reply {
    let number = call.text("alipay_cert_sn").unwrap_or_default();
    match call.account.alipay_cert(&number) {
        Some(pem) => Reply::success(vec![("alipay_cert_content", json!(STANDARD.encode(pem)))]),
        None => Reply::failure(
            "40002",
            "Invalid Arguments",
            "isv.invalid-parameter",
            "参数无效：alipay_cert_sn",
        ),
    }
}

pub(crate) fn numbers(order: &Order) -> Vec<(&'static str, Value)> {
    vec![
        ("trade_no", json!(order.trade_no)),
        ("out_trade_no", json!(order.channel_order_no)),
    ]
}
