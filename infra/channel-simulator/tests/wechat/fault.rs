//! Faults, as far as they look different at WeChat Pay.

use axum::http::Method;
use serde_json::{Value, json};

use crate::{
    ear::Ear,
    harness::{Answer, Stage, refund_body},
};

async fn try_refund(stage: &Stage) -> Result<Answer, String> {
    let body = refund_body("ORDER1", "R1", 500).to_string();
    stage
        .try_call(Method::POST, "/v3/refund/domestic/refunds", body)
        .await
}

async fn refunds(stage: &Stage) -> usize {
    let truth = stage.truth("ORDER1").await;
    truth["refunds"].as_array().unwrap().len()
}

#[tokio::test]
async fn silence_comes_before_or_after_the_effect() {
    for (fault, moved) in [
        ("timeout_before", 0),
        ("drop", 0),
        ("timeout_after", 1),
        ("reset", 1),
    ] {
        let stage = Stage::new().await;
        stage.paid("ORDER1").await;
        stage.fault("refund", fault, 50).await;
        assert!(try_refund(&stage).await.is_err(), "{fault}");
        assert_eq!(refunds(&stage).await, moved, "{fault}");
        assert_eq!(try_refund(&stage).await.unwrap().status, 200, "{fault}");
        assert_eq!(refunds(&stage).await, 1, "{fault}");
    }
}

#[tokio::test]
async fn answers_that_prove_nothing() {
    for (fault, status, moved) in [
        ("http_500", 500, 0),
        ("system_error", 500, 0),
        ("garbage", 200, 1),
        ("forge", 200, 1),
        ("bad_signature", 200, 1),
    ] {
        let stage = Stage::new().await;
        stage.paid("ORDER1").await;
        stage.fault("refund", fault, 0).await;
        let answer = try_refund(&stage).await.unwrap();
        assert_eq!(answer.status, status, "{fault}");
        let is_signed = stage.is_genuine(&answer.headers, answer.text());
        assert_eq!(is_signed, fault == "system_error", "{fault}");
        assert_eq!(refunds(&stage).await, moved, "{fault}");
    }
}

#[tokio::test]
async fn a_wrong_amount_is_signed() {
    let stage = Stage::new().await;
    stage.paid("ORDER1").await;
    stage.fault("query", "wrong_amount", 0).await;
    assert_eq!(stage.query("ORDER1").await.json()["amount"]["total"], 2000);
    assert_eq!(stage.query("ORDER1").await.json()["amount"]["total"], 1999);
}

#[tokio::test]
async fn a_create_that_was_lost_is_repeated() {
    let stage = Stage::new().await;
    stage.fault("create", "timeout_after", 50).await;
    let body = stage.native_order("ORDER1").to_string();
    let lost = stage
        .try_call(Method::POST, "/v3/pay/transactions/native", body)
        .await;
    assert!(lost.is_err());
    stage.native("ORDER1", None).await;
    assert_eq!(stage.truth("ORDER1").await["created_count"], 1);
    stage.fault("close", "timeout_after", 50).await;
    let body = json!({ "mchid": stage.key("mchid") }).to_string();
    let path = "/v3/pay/transactions/out-trade-no/ORDER1/close";
    assert!(stage.try_call(Method::POST, path, body).await.is_err());
    assert_eq!(stage.trade_state("ORDER1").await, "CLOSED");
}

#[tokio::test]
async fn a_fault_finds_its_order_by_any_number() {
    let stage = Stage::new().await;
    stage.paid("ORDER1").await;
    stage.refund("ORDER1", "R1", 500).await;
    let body = json!({
        "channel": "wechat", "operation": "refund_query", "fault": "system_error",
        "channel_order_no": "ORDER1",
    });
    stage.control("/_ctl/faults", &body).await;
    let path = "/v3/refund/domestic/refunds/R1";
    assert_eq!(stage.get_json(path).await.status, 500);
    assert_eq!(stage.get_json(path).await.status, 200);
}

/// Pays under a notification fault; returns where the merchant listens.
async fn paid_under(fault: &str) -> (Stage, Ear) {
    let (stage, ear) = (Stage::new().await, Ear::new().await);
    stage.native("ORDER1", Some(&ear.url)).await;
    stage.fault("notify", fault, 100).await;
    stage.pay("ORDER1").await;
    (stage, ear)
}

#[tokio::test]
async fn spoilt_notifications() {
    let (stage, ear) = paid_under("forge").await;
    let heard = ear.hear(2).await;
    assert!(!heard[0].is_genuine(&stage) && heard[1].is_genuine(&stage));

    let (stage, ear) = paid_under("bad_signature").await;
    assert!(!ear.hear(1).await[0].is_genuine(&stage));

    let (stage, ear) = paid_under("wrong_amount").await;
    let heard = ear.hear(1).await.remove(0);
    assert!(heard.is_genuine(&stage));
    let told: Value = heard.resource(&stage);
    assert_eq!(told["amount"]["total"], 2000);

    let (_stage, ear) = paid_under("garbage").await;
    assert!(ear.hear(1).await[0].json().is_none());
}

#[tokio::test]
async fn lost_and_doubled_notifications() {
    let (stage, ear) = paid_under("drop").await;
    stage.advance(2 * 86_400).await;
    ear.hears_no_more_than(0).await;

    let (stage, ear) = paid_under("timeout_after").await;
    ear.hear(1).await;
    stage.advance(16).await;
    ear.hear(2).await;

    let (_stage, ear) = paid_under("duplicate").await;
    ear.hear(3).await;
}
