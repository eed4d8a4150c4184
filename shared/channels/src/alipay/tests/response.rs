//! What we make of answers: only a signed statement about this very order says anything.

use payonce_domain::{Action, RefundReport, Report};
use serde_json::{Value, json};

use super::*;
use crate::claim::{self, CreateReading};
use crate::client::CloseAnswer;

const QUERY: &str = "alipay.trade.query";
const REFUND: &str = "alipay.trade.refund";
const REFUND_QUERY: &str = "alipay.trade.fastpay.refund.query";

fn now() -> Timestamp {
    at("2026-11-20 22:25:00")
}

fn report(answer: &HttpAnswer) -> Report {
    let (adapter, order) = (alipay(), order(Method::Page));
    let reading = adapter.read_query(&order, answer, now());
    claim::report(&order, adapter.holder(), reading)
}

fn paid(fen: u64, paid_at: &str) -> Report {
    Report::Paid {
        trade_no: ChannelTradeNo::new(TRADE_NO).unwrap(),
        amount: Money::from_fen(fen),
        paid_at: at(paid_at),
    }
}

/// A query's content about our order; `change` is merged over it, and a null removes a member.
fn trade(change: Value) -> Value {
    let mut content = json!({
        "code": "10000", "msg": "Success", "trade_no": TRADE_NO,
        "out_trade_no": number("o-1", Method::Page, 1).to_string(),
        "trade_status": "TRADE_SUCCESS", "total_amount": "19.99",
        "send_pay_date": "2026-11-20 22:15:30",
    });
    merge(&mut content, change);
    content
}

pub(super) fn merge(content: &mut Value, change: Value) {
    let (Value::Object(content), Value::Object(change)) = (content, change) else {
        panic!("objects");
    };
    content.extend(change);
    content.retain(|_, value| !value.is_null());
}

pub(super) fn refused(code: &str, sub_code: &str) -> Value {
    json!({ "code": code, "msg": "Business Failed", "sub_code": sub_code, "sub_msg": "…" })
}

#[test]
fn an_answer_that_openssl_signed_is_read() {
    let body = include_str!("../fixtures/query-paid.json");
    assert_eq!(report(&answer(body)), paid(1999, "2026-11-20 22:15:30"));
}

#[test]
fn every_state_of_a_trade() {
    let late = "2026-11-20 22:25:00";
    for (change, expected) in [
        (json!({}), paid(1999, "2026-11-20 22:15:30")),
        (
            json!({ "trade_status": "TRADE_FINISHED" }),
            paid(1999, "2026-11-20 22:15:30"),
        ),
        (json!({ "send_pay_date": null }), paid(1999, late)),
        (json!({ "send_pay_date": "" }), paid(1999, late)),
        (json!({ "send_pay_date": "yesterday" }), Report::NoAnswer),
        // Paid, and refunded in full since.
        (
            json!({ "trade_status": "TRADE_CLOSED" }),
            Report::PaidBack {
                trade_no: ChannelTradeNo::new(TRADE_NO).unwrap(),
                amount: Money::from_fen(1999),
                paid_at: at("2026-11-20 22:15:30"),
            },
        ),
        (
            json!({ "trade_status": "TRADE_CLOSED", "send_pay_date": null }),
            Report::Closed,
        ),
        (
            json!({ "trade_status": "WAIT_BUYER_PAY", "send_pay_date": null }),
            Report::Unpaid,
        ),
        (json!({ "trade_status": "TRADE_PENDING" }), Report::NoAnswer),
        (json!({ "trade_status": null }), Report::NoAnswer),
        // A wrong amount is news, not an error.
        (
            json!({ "total_amount": "20.00" }),
            paid(2000, "2026-11-20 22:15:30"),
        ),
        (
            json!({ "total_amount": "20" }),
            paid(2000, "2026-11-20 22:15:30"),
        ),
        (json!({ "total_amount": 19.99 }), Report::NoAnswer),
        (json!({ "total_amount": "1e3" }), Report::NoAnswer),
        (json!({ "total_amount": null }), Report::NoAnswer),
        (json!({ "trade_no": null }), Report::NoAnswer),
        (json!({ "out_trade_no": null }), Report::NoAnswer),
        (
            json!({ "out_trade_no": number("o-2", Method::Page, 1).to_string() }),
            Report::NoAnswer,
        ),
        (
            json!({ "out_trade_no": number("o-1", Method::Page, 2).to_string() }),
            Report::NoAnswer,
        ),
        (
            json!({ "seller_id": SELLER_ID, "app_id": APP_ID }),
            paid(1999, "2026-11-20 22:15:30"),
        ),
        (json!({ "seller_id": "2088000000000002" }), Report::NoAnswer),
        (json!({ "app_id": "2021000000000002" }), Report::NoAnswer),
    ] {
        let answer = said(QUERY, &trade(change.clone()));
        assert_eq!(report(&answer), expected, "{change}");
    }
}

#[test]
fn refused_queries() {
    for (code, sub_code, expected) in [
        ("40004", "ACQ.TRADE_NOT_EXIST", Report::NotFound),
        ("40004", "ACQ.SYSTEM_ERROR", Report::NoAnswer),
        ("40004", "ACQ.INVALID_PARAMETER", Report::NoAnswer),
        ("40004", "ACQ.BRAND_NEW", Report::NoAnswer),
        ("20000", "isp.unknow-error", Report::NoAnswer),
        ("40005", "isv.app-call-limited", Report::NoAnswer),
        (
            "40006",
            "isv.insufficient-isv-permissions",
            Report::NoAnswer,
        ),
        ("10003", "", Report::NoAnswer),
    ] {
        assert_eq!(
            report(&said(QUERY, &refused(code, sub_code))),
            expected,
            "{sub_code}"
        );
    }
    let mut about_another = refused("40004", "ACQ.TRADE_NOT_EXIST");
    about_another["out_trade_no"] = json!(number("o-2", Method::Page, 1).to_string());
    assert_eq!(report(&said(QUERY, &about_another)), Report::NoAnswer);
    let body = said(QUERY, &refused("40004", "ACQ.TRADE_NOT_EXIST")).body;
    let body = String::from_utf8(body).unwrap();
    let body = body.replace("alipay_trade_query_response", "error_response");
    assert_eq!(report(&answer(body)), Report::NotFound);
}

#[test]
fn what_is_not_signed_says_nothing() {
    let good = String::from_utf8(said(QUERY, &trade(json!({}))).body).unwrap();
    assert_eq!(
        report(&answer(good.clone())),
        paid(1999, "2026-11-20 22:15:30")
    );
    let content = trade(json!({})).to_string();
    let foreign = sign(STRANGER_KEY, &content);
    let own = sign(MERCHANT_KEY, &content);
    let ours = "alipay_trade_query_response";
    let genuine = sign(ALIPAY_KEY, &content);
    for body in [
        String::new(),
        "null".to_owned(),
        "<html>busy</html>".to_owned(),
        good.replace("19.99", "19.98"),
        good.replace(":\"10000\"", ": \"10000\""),
        good[..good.len() - 1].to_owned(),
        format!("{good}{good}"),
        format!(r#"{{"{ours}":{content}}}"#),
        format!(r#"{{"{ours}":{content},"sign":""}}"#),
        format!(r#"{{"{ours}":{content},"sign":null}}"#),
        format!(r#"{{"{ours}":{content},"sign":"{foreign}"}}"#),
        format!(r#"{{"{ours}":{content},"sign":"{own}"}}"#),
        format!(r#"{{"alipay_trade_close_response":{content},"sign":"{genuine}"}}"#),
        format!(r#"{{"{ours}":{content},"{ours}":{content},"sign":"{genuine}"}}"#),
        format!(r#"{{"{ours}":{content},"error_response":{content},"sign":"{genuine}"}}"#),
        format!(r#"{{"{ours}":{content},"sign":"{foreign}","sign":"{genuine}"}}"#),
    ] {
        assert_eq!(report(&answer(body.clone())), Report::NoAnswer, "{body}");
    }
    for status in [201, 302, 404, 429] {
        let mut refused = answer(good.clone());
        refused.status = status;
        assert_eq!(report(&refused), Report::NoAnswer, "{status}");
    }
    let twice = content.replacen('{', r#"{"trade_status":"TRADE_SUCCESS","#, 1);
    let sign = sign(ALIPAY_KEY, &twice);
    let body = format!(r#"{{"{ours}":{twice},"sign":"{sign}"}}"#);
    assert_eq!(report(&answer(body)), Report::NoAnswer);
}

#[test]
fn either_of_two_keys_is_trusted_while_they_change() {
    let mut settings = settings();
    settings["public_keys"] = json!([STRANGER_PUBLIC, ALIPAY_PUBLIC]);
    let (adapter, order) = (open(&settings), order(Method::Page));
    let reading = adapter.read_query(&order, &said(QUERY, &trade(json!({}))), now());
    let report = claim::report(&order, adapter.holder(), reading);
    assert_eq!(report, paid(1999, "2026-11-20 22:15:30"));
}

#[test]
fn creates() {
    let (adapter, order) = (alipay(), order(Method::Native));
    let made = |now, content: &Value| {
        adapter.read_create(&order, &said("alipay.trade.precreate", content), now)
    };
    let qr = "https://qr.alipay.com/bax03431ljhokirwl38f00a7";
    let content = json!({ "code": "10000", "out_trade_no": order.no.to_string(), "qr_code": qr });
    let action = Action::Qr {
        content: qr.to_owned(),
    };
    let expected = CreateReading::Made {
        action: action.clone(),
        expires_at: None,
    };
    assert_eq!(made(now(), &content), expected);
    // The code dies after two hours; an order that lives longer needs a fresh one then.
    let early = at("2026-11-20 20:00:00");
    let expires_at = Some(at("2026-11-20 22:00:00"));
    let expected = CreateReading::Made { action, expires_at };
    assert_eq!(made(early, &content), expected);

    let mut other = content.clone();
    other["out_trade_no"] = json!(number("o-2", Method::Native, 1).to_string());
    assert_eq!(made(now(), &other), CreateReading::NoAnswer);
    for (code, sub_code, expected) in [
        ("40004", "ACQ.TOTAL_FEE_EXCEED", CreateReading::Refused),
        ("40002", "isv.invalid-parameter", CreateReading::Refused),
        ("40004", "ACQ.CONTEXT_INCONSISTENT", CreateReading::NoAnswer),
        ("40004", "ACQ.TRADE_HAS_SUCCESS", CreateReading::NoAnswer),
        ("40004", "ACQ.SYSTEM_ERROR", CreateReading::NoAnswer),
        ("40005", "isv.app-call-limited", CreateReading::NoAnswer),
        ("40006", "", CreateReading::NoAnswer),
        ("20000", "", CreateReading::NoAnswer),
    ] {
        assert_eq!(
            made(now(), &refused(code, sub_code)),
            expected,
            "{sub_code}"
        );
    }
}

#[test]
fn closes() {
    let (adapter, order) = (alipay(), order(Method::Page));
    let no = order.no.to_string();
    let other = number("o-2", Method::Page, 1).to_string();
    for (content, expected) in [
        (
            json!({ "code": "10000", "out_trade_no": no }),
            CloseAnswer::Accepted,
        ),
        (json!({ "code": "10000" }), CloseAnswer::Accepted),
        (
            json!({ "code": "10000", "out_trade_no": other }),
            CloseAnswer::NoAnswer,
        ),
        (
            refused("40004", "ACQ.TRADE_NOT_EXIST"),
            CloseAnswer::NotFound,
        ),
        (
            refused("40004", "ACQ.TRADE_STATUS_ERROR"),
            CloseAnswer::Conflict,
        ),
        (
            refused("40004", "ACQ.REASON_ILLEGAL_STATUS"),
            CloseAnswer::Conflict,
        ),
        (refused("40004", "ACQ.SYSTEM_ERROR"), CloseAnswer::NoAnswer),
        (refused("20000", ""), CloseAnswer::NoAnswer),
    ] {
        let answer = said("alipay.trade.close", &content);
        assert_eq!(
            adapter.read_close(&order, &answer, now()),
            expected,
            "{content}"
        );
    }
}

#[test]
fn refunds() {
    let (adapter, order, refund) = (alipay(), order(Method::Page), refund());
    let done = |change: Value| {
        let no = order.no.to_string();
        let mut content = json!({
            "code": "10000", "out_trade_no": no, "trade_no": TRADE_NO, "fund_change": "Y",
            "refund_fee": "7.50",
        });
        merge(&mut content, change);
        content
    };
    for (content, expected) in [
        (done(json!({})), RefundReport::Succeeded),
        (done(json!({ "fund_change": "N" })), RefundReport::Accepted),
        (done(json!({ "fund_change": null })), RefundReport::Accepted),
        (done(json!({ "fund_change": "?" })), RefundReport::NoAnswer),
        (
            done(json!({ "out_trade_no": null })),
            RefundReport::NoAnswer,
        ),
        (done(json!({ "trade_no": "2026" })), RefundReport::NoAnswer),
        (
            refused("40004", "ACQ.SELLER_BALANCE_NOT_ENOUGH"),
            RefundReport::NotYet,
        ),
        (
            refused("40005", "isv.method-call-limited"),
            RefundReport::NotYet,
        ),
        (
            refused("40004", "ACQ.TRADE_HAS_FINISHED"),
            RefundReport::NeedsPerson,
        ),
        (
            refused("40004", "ACQ.DISCORDANT_REPEAT_REQUEST"),
            RefundReport::NoAnswer,
        ),
        (refused("40004", "ACQ.SYSTEM_ERROR"), RefundReport::NoAnswer),
        (
            refused("40002", "isv.invalid-signature"),
            RefundReport::NoAnswer,
        ),
        (refused("40006", ""), RefundReport::NoAnswer),
        (refused("20000", ""), RefundReport::NoAnswer),
    ] {
        let answer = said(REFUND, &content);
        let report = adapter.read_refund(&order, &refund, &answer, now());
        assert_eq!(report, expected, "{content}");
    }
    let body = r#"{"error_response":{"code":"40005","sub_code":"isv.app-call-limited"}}"#;
    let report = adapter.read_refund(&order, &refund, &answer(body), now());
    assert_eq!(report, RefundReport::NoAnswer, "unsigned");
}

#[test]
fn refund_queries() {
    let (adapter, order, refund) = (alipay(), order(Method::Page), refund());
    let done = |change: Value| {
        let mut content = json!({
            "code": "10000", "out_trade_no": order.no.to_string(),
            "out_request_no": refund.no.to_string(), "refund_amount": "5.00",
            "refund_status": "REFUND_SUCCESS",
        });
        merge(&mut content, change);
        content
    };
    for (content, expected) in [
        (done(json!({})), RefundReport::Succeeded),
        (
            done(json!({ "refund_amount": "5" })),
            RefundReport::Succeeded,
        ),
        (
            done(json!({ "refund_amount": "5.01" })),
            RefundReport::NoAnswer,
        ),
        (
            done(json!({ "refund_amount": null })),
            RefundReport::NoAnswer,
        ),
        (
            done(json!({ "out_request_no": "R1" })),
            RefundReport::NoAnswer,
        ),
        (
            done(json!({ "out_request_no": null })),
            RefundReport::NoAnswer,
        ),
        (
            done(json!({ "out_trade_no": "P1" })),
            RefundReport::NoAnswer,
        ),
        (
            done(json!({ "refund_status": "REFUND_PROCESSING" })),
            RefundReport::Accepted,
        ),
        (
            done(json!({ "refund_status": "REFUND_FAIL" })),
            RefundReport::Failed,
        ),
        (
            done(json!({ "refund_status": "REFUND_FAIL", "out_request_no": null })),
            RefundReport::NoAnswer,
        ),
        (
            done(json!({ "refund_status": "?" })),
            RefundReport::NoAnswer,
        ),
        (
            done(json!({ "refund_status": null })),
            RefundReport::NoAnswer,
        ),
        (
            json!({ "code": "10000", "msg": "Success" }),
            RefundReport::NotFound,
        ),
        (
            refused("40004", "ACQ.TRADE_NOT_EXIST"),
            RefundReport::NotFound,
        ),
        (refused("40004", "ACQ.SYSTEM_ERROR"), RefundReport::NoAnswer),
        (refused("40005", ""), RefundReport::NoAnswer),
    ] {
        let answer = said(REFUND_QUERY, &content);
        let report = adapter.read_refund_query(&order, &refund, &answer, now());
        assert_eq!(report, expected, "{content}");
    }
}
