//! Payment codes: the one call, what its answer means, and the reversal.

use payonce_domain::{ReversalReport, Span};
use serde_json::{Value, json};

use super::request::sent;
use super::response::{merge, refused};
use super::*;
use crate::claim::{self, CreateReading, Payee, Said, Standing, TradeClaim};
use crate::http::CannotSend;

const PAY: &str = "alipay.trade.pay";
const CANCEL: &str = "alipay.trade.cancel";
const AUTH_CODE: &str = "286412345678901234";

fn counter() -> Order {
    let mut order = order(Method::Code);
    order.auth_code = Some(AUTH_CODE.to_owned());
    order
}

fn now() -> Timestamp {
    at("2026-11-20 22:10:05")
}

#[test]
fn the_call_carries_the_code_and_an_absolute_deadline() {
    let order = counter();
    let (members, content) = sent(alipay().create_request(&order, now()), PAY);
    assert_eq!(members["notify_url"], order.notify_url);
    let expected = json!({
        "out_trade_no": order.no.to_string(), "total_amount": "19.99", "subject": "茶／水",
        "time_expire": "2026-11-20 22:30:00", "scene": "bar_code", "auth_code": AUTH_CODE,
    });
    assert_eq!(content, expected);
    assert_eq!(alipay().action(&order, now()), None);
}

#[test]
fn without_the_code_nothing_is_sent() {
    let request = alipay().create_request(&order(Method::Code), now());
    assert_eq!(request, Err(CannotSend::NoAuthCode));
}

#[test]
fn the_code_is_never_printed() {
    let order = counter();
    let request = alipay().create_request(&order, now()).unwrap();
    assert!(!format!("{order:?} {request:?}").contains(AUTH_CODE));
}

fn done(change: Value) -> Value {
    let mut content = json!({
        "code": "10000", "msg": "Success", "trade_no": TRADE_NO,
        "out_trade_no": counter().no.to_string(), "total_amount": "19.99",
        "receipt_amount": "19.00", "gmt_payment": "2026-11-20 22:10:04",
    });
    merge(&mut content, change);
    content
}

fn paid(fen: u64, paid_at: &str) -> CreateReading {
    CreateReading::Claim(TradeClaim {
        order_no: counter().no.to_string(),
        payee: Payee {
            merchant: Said::NotSaid,
            application: Said::NotSaid,
        },
        standing: Standing::Paid {
            trade_no: ChannelTradeNo::new(TRADE_NO).unwrap(),
            amount: Money::from_fen(fen),
            paid_at: at(paid_at),
        },
    })
}

#[test]
fn a_payment_may_be_made_within_the_call() {
    let read = |content: &Value| alipay().read_create(&counter(), &said(PAY, content), now());
    for (content, expected) in [
        (done(json!({})), paid(1999, "2026-11-20 22:10:04")),
        // What the buyer paid counts, not what is left of it.
        (
            done(json!({ "total_amount": "0.01" })),
            paid(1, "2026-11-20 22:10:04"),
        ),
        (
            done(json!({ "gmt_payment": null })),
            paid(1999, "2026-11-20 22:10:05"),
        ),
        (
            done(json!({ "gmt_payment": "soon" })),
            CreateReading::NoAnswer,
        ),
        (
            done(json!({ "total_amount": null })),
            CreateReading::NoAnswer,
        ),
        (done(json!({ "trade_no": null })), CreateReading::NoAnswer),
        (
            done(json!({ "out_trade_no": null })),
            CreateReading::NoAnswer,
        ),
        (json!({ "code": "10003" }), CreateReading::Taken),
        (
            done(json!({ "code": "10003", "gmt_payment": null })),
            CreateReading::Taken,
        ),
        (
            done(json!({ "code": "10003", "out_trade_no": "P1" })),
            CreateReading::NoAnswer,
        ),
    ] {
        assert_eq!(read(&content), expected, "{content}");
    }
    for (code, sub_code, expected) in [
        (
            "40004",
            "ACQ.BUYER_BALANCE_NOT_ENOUGH",
            CreateReading::Refused,
        ),
        (
            "40004",
            "ACQ.PAYMENT_AUTH_CODE_INVALID",
            CreateReading::Refused,
        ),
        ("40004", "ACQ.TRADE_HAS_SUCCESS", CreateReading::NoAnswer),
        ("40004", "ACQ.CONTEXT_INCONSISTENT", CreateReading::NoAnswer),
        ("40004", "ACQ.SYSTEM_ERROR", CreateReading::NoAnswer),
        ("40004", "ACQ.BRAND_NEW", CreateReading::NoAnswer),
        ("40002", "isv.invalid-parameter", CreateReading::Refused),
        ("40002", "isv.invalid-signature", CreateReading::NoAnswer),
        ("40005", "isv.app-call-limited", CreateReading::NoAnswer),
        ("20000", "isp.unknow-error", CreateReading::NoAnswer),
    ] {
        assert_eq!(read(&refused(code, sub_code)), expected, "{sub_code}");
    }
    let unsigned = answer(r#"{"alipay_trade_pay_response":{"code":"10003"}}"#);
    let reading = alipay().read_create(&counter(), &unsigned, now());
    assert_eq!(reading, CreateReading::NoAnswer);
}

#[test]
fn a_payment_of_another_order_or_to_another_seller_is_no_report() {
    let (adapter, order) = (alipay(), counter());
    for change in [
        json!({ "out_trade_no": number("o-2", Method::Code, 1).to_string() }),
        json!({ "seller_id": "2088000000000002" }),
        json!({ "app_id": "2021000000000002" }),
    ] {
        let reading = adapter.read_create(&order, &said(PAY, &done(change.clone())), now());
        let CreateReading::Claim(claimed) = reading else {
            panic!("{reading:?}");
        };
        let reading = claim::TradeReading::Claim(claimed);
        let report = claim::report(&order, adapter.holder(), reading);
        assert_eq!(report, payonce_domain::Report::NoAnswer, "{change}");
    }
}

#[test]
fn only_payments_by_code_are_reversed() {
    let order = counter();
    let (_, content) = sent(alipay().reverse_request(&order, now()), CANCEL);
    assert_eq!(content, json!({ "out_trade_no": order.no.to_string() }));
    for method in [Method::Page, Method::Wap, Method::Native] {
        let request = alipay().reverse_request(&super::order(method), now());
        assert_eq!(request, Err(CannotSend::NoSuchCall));
    }
}

#[test]
fn reversals() {
    let order = counter();
    let arrived = order.created_at.plus(Span::minutes(2));
    let early = order.created_at.plus(Span::millis(119_999));
    let done = |change: Value| {
        let mut content = json!({
            "code": "10000", "out_trade_no": order.no.to_string(), "trade_no": TRADE_NO,
            "retry_flag": "N", "action": "close",
        });
        merge(&mut content, change);
        content
    };
    let read = |content: &Value, now| alipay().read_reverse(&order, &said(CANCEL, content), now);
    for (content, expected) in [
        (done(json!({})), ReversalReport::NothingTaken),
        (
            done(json!({ "action": "refund" })),
            ReversalReport::Reversed,
        ),
        (done(json!({ "retry_flag": "Y" })), ReversalReport::Again),
        (done(json!({ "action": "think" })), ReversalReport::Again),
        (done(json!({ "out_trade_no": "P1" })), ReversalReport::Again),
        (
            refused("40004", "ACQ.TRADE_CANCEL_TIME_OUT"),
            ReversalReport::Refused,
        ),
        (
            refused("40004", "ACQ.SELLER_BALANCE_NOT_ENOUGH"),
            ReversalReport::Again,
        ),
        (refused("40004", "ACQ.SYSTEM_ERROR"), ReversalReport::Again),
        (refused("40004", "ACQ.BRAND_NEW"), ReversalReport::Again),
        (refused("40005", ""), ReversalReport::Again),
        (refused("40006", ""), ReversalReport::Again),
        (refused("20000", ""), ReversalReport::Again),
    ] {
        assert_eq!(read(&content, arrived), expected, "{content}");
    }
    // No trade was found: true for good only once the call that makes it cannot arrive any more.
    for content in [
        done(json!({ "action": null })),
        refused("40004", "ACQ.TRADE_NOT_EXIST"),
    ] {
        assert_eq!(read(&content, early), ReversalReport::Again);
        assert_eq!(read(&content, arrived), ReversalReport::NothingTaken);
    }
    let repeat = done(json!({ "action": null, "retry_flag": "Y" }));
    assert_eq!(read(&repeat, arrived), ReversalReport::Again);
    let forged = answer(r#"{"alipay_trade_cancel_response":{"code":"10000","action":"close"}}"#);
    let report = alipay().read_reverse(&order, &forged, arrived);
    assert_eq!(report, ReversalReport::Again);
}
