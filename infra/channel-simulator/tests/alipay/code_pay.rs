//! The counter: what becomes of a scanned code is decided by its last digit.

use serde_json::{Value, json};

use crate::harness::{Ear, Stage, is_genuine};

const METHOD: &str = "alipay.trade.pay";

pub(crate) fn code_order(number: &str, auth_code: &str) -> Value {
    json!({
        "out_trade_no": number,
        "total_amount": "19.99",
        "subject": "绿茶",
        "scene": "bar_code",
        "auth_code": auth_code,
    })
}

async fn pay(stage: &Stage, number: &str, auth_code: &str) -> Value {
    stage.call(METHOD, &code_order(number, auth_code)).await
}

#[tokio::test]
async fn a_code_that_ends_in_0_is_paid_at_once() {
    let stage = Stage::new().await;
    let ear = Ear::new().await;
    let parameters = stage.parameters(
        METHOD,
        &code_order("C1", "2812345678901230"),
        &[("notify_url", &ear.url)],
    );
    let reply = stage.call_with(METHOD, &parameters).await;
    assert_eq!(reply["code"], "10000");
    assert_eq!(
        (&reply["total_amount"], &reply["out_trade_no"]),
        (&json!("19.99"), &json!("C1"))
    );
    assert_eq!(reply["buyer_pay_amount"], "19.99");
    assert!(reply["gmt_payment"].is_string(), "{reply}");

    let truth = stage.truth("C1").await;
    assert_eq!(
        (&truth["state"], &truth["method"]),
        (&json!("paid"), &json!("code"))
    );
    assert_eq!(truth["captures"][0]["amount"], 1999);
    assert_eq!(truth["trade_no"], reply["trade_no"]);
    let heard = ear.hear(1).await;
    assert!(is_genuine(&stage, &heard[0]));
    assert_eq!(heard[0]["trade_status"], "TRADE_SUCCESS");
    assert_eq!(stage.query("C1").await["trade_status"], "TRADE_SUCCESS");
}

#[tokio::test]
async fn a_code_that_ends_in_1_waits_for_the_buyer() {
    let stage = Stage::new().await;
    let reply = pay(&stage, "C1", "2812345678901231").await;
    assert_eq!(reply["code"], "10003");
    assert_eq!(stage.query("C1").await["trade_status"], "WAIT_BUYER_PAY");
    let again = pay(&stage, "C1", "2812345678901231").await;
    assert_eq!(again["code"], "10003");
    assert_eq!(again["trade_no"], reply["trade_no"]);
    assert_eq!(stage.pay("C1").await.status, 200);
    assert_eq!(stage.query("C1").await["trade_status"], "TRADE_SUCCESS");
    assert_eq!(
        pay(&stage, "C1", "2812345678901231").await["sub_code"],
        "ACQ.TRADE_HAS_SUCCESS"
    );
    assert_eq!(stage.truth("C1").await["captures"][0]["amount"], 1999);
}

#[tokio::test]
async fn a_buyer_who_gives_up_at_the_counter_has_not_paid() {
    let stage = Stage::new().await;
    pay(&stage, "C1", "2812345678901231").await;
    let page = stage.truth("C1").await["attributes"]["buyer_page"].clone();
    let page = page.as_str().unwrap();
    assert_eq!(stage.get(page).await.page_code(), "CASHIER");
    stage.post(&format!("{page}/fail"), "").await;
    assert_eq!(stage.query("C1").await["trade_status"], "TRADE_CLOSED");
    assert_eq!(stage.pay("C1").await.json()["error"], "closed");
    assert_eq!(
        pay(&stage, "C1", "2812345678901230").await["sub_code"],
        "ACQ.TRADE_HAS_CLOSE"
    );
}

#[tokio::test]
async fn a_code_that_ends_in_2_leaves_no_trade() {
    let stage = Stage::new().await;
    for _ in 0..2 {
        let reply = pay(&stage, "C1", "2812345678901232").await;
        assert_eq!(
            (&reply["code"], &reply["sub_code"]),
            (&json!("40004"), &json!("ACQ.BUYER_BALANCE_NOT_ENOUGH"))
        );
    }
    assert_eq!(stage.query("C1").await["sub_code"], "ACQ.TRADE_NOT_EXIST");
    assert_eq!(stage.get("/_ctl/orders/alipay/C1").await.status, 404);
    assert_eq!(stage.pay("C1").await.json()["error"], "closed");
    // The buyer takes out another card.
    assert_eq!(pay(&stage, "C1", "2812345678901240").await["code"], "10000");
    let truth = stage.truth("C1").await;
    assert_eq!(truth["captures"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_code_that_ends_in_3_is_paid_and_nobody_says_so() {
    let stage = Stage::new().await;
    let reply = pay(&stage, "C1", "2812345678901233").await;
    assert_eq!(reply["sub_code"], "ACQ.SYSTEM_ERROR");
    assert_eq!(stage.query("C1").await["trade_status"], "TRADE_SUCCESS");
    assert_eq!(stage.truth("C1").await["captures"][0]["amount"], 1999);
}

#[tokio::test]
async fn a_code_and_a_number_are_used_once() {
    let stage = Stage::new().await;
    let code = "2812345678901230";
    pay(&stage, "C1", code).await;
    assert_eq!(
        pay(&stage, "C2", code).await["sub_code"],
        "ACQ.PAYMENT_AUTH_CODE_INVALID"
    );
    assert_eq!(stage.get("/_ctl/orders/alipay/C2").await.status, 404);
    assert_eq!(
        pay(&stage, "C1", "2812345678901250").await["sub_code"],
        "ACQ.TRADE_HAS_SUCCESS"
    );
    // Even a code that was refused is spent.
    pay(&stage, "C3", "2812345678901232").await;
    assert_eq!(
        pay(&stage, "C4", "2812345678901232").await["sub_code"],
        "ACQ.PAYMENT_AUTH_CODE_INVALID"
    );

    pay(&stage, "C5", "2812345678901231").await;
    for (name, value) in [("total_amount", "20.00"), ("subject", "红茶")] {
        let mut other = code_order("C5", "2812345678901260");
        other[name] = json!(value);
        assert_eq!(
            stage.call(METHOD, &other).await["sub_code"],
            "ACQ.CONTEXT_INCONSISTENT",
            "{name}"
        );
    }
    assert_eq!(stage.truth("C5").await["state"], "waiting");
    let mut to_scan = code_order("C5", "2812345678901260");
    to_scan.as_object_mut().unwrap().remove("auth_code");
    assert_eq!(
        stage.call("alipay.trade.precreate", &to_scan).await["sub_code"],
        "ACQ.CONTEXT_INCONSISTENT"
    );
}

#[tokio::test]
async fn fields_of_a_scan_are_checked_one_by_one() {
    let stage = Stage::new().await;
    for (name, value) in [
        ("scene", Value::Null),
        ("scene", json!("wave_code")),
        ("auth_code", Value::Null),
        ("auth_code", json!("281234567890120")),
        ("auth_code", json!("2812345678901234567890120")),
        ("auth_code", json!("2412345678901230")),
        ("auth_code", json!("3112345678901230")),
        ("auth_code", json!("28123456789012a0")),
        ("out_trade_no", json!("C-1")),
        ("total_amount", json!("19.999")),
        ("subject", Value::Null),
        ("product_code", json!("FAST_INSTANT_TRADE_PAY")),
    ] {
        let mut content = code_order("C1", "2812345678901230");
        content[name] = value.clone();
        assert_eq!(
            stage.call(METHOD, &content).await["sub_code"],
            "ACQ.INVALID_PARAMETER",
            "{name}: {value}"
        );
    }
    for code in ["2512345678901230", "301234567890123456789010"] {
        let number = format!("C{code}");
        assert_eq!(pay(&stage, &number, code).await["code"], "10000", "{code}");
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_leaves_the_money_taken() {
    let stage = Stage::new().await;
    stage.fault("create", "reset", 0).await;
    let lost = stage
        .try_call(METHOD, &code_order("C1", "2812345678901230"))
        .await;
    assert!(lost.is_err());
    assert_eq!(stage.truth("C1").await["state"], "paid");
    assert_eq!(
        pay(&stage, "C1", "2812345678901230").await["sub_code"],
        "ACQ.TRADE_HAS_SUCCESS"
    );
}
