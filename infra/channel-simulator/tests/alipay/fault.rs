//! Every kind of fault, once.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Ear, Stage, is_genuine, page_order};

const REFUND: &str = "alipay.trade.refund";

fn refund_content() -> Value {
    json!({"out_trade_no": "A1", "refund_amount": "5.00", "out_request_no": "R1"})
}

async fn refunds(stage: &Stage) -> usize {
    stage.truth("A1").await["refunds"].as_array().unwrap().len()
}

async fn paid_order() -> Stage {
    let stage = Stage::new().await;
    stage.open(&page_order("A1"), &[]).await;
    stage.pay("A1").await;
    stage
}

#[tokio::test]
async fn silence_comes_before_or_after_the_effect() {
    for (fault, moved) in [
        ("timeout_before", 0),
        ("drop", 0),
        ("timeout_after", 1),
        ("reset", 1),
    ] {
        let stage = paid_order().await;
        stage.fault("refund", fault, 50).await;
        let answer = stage.try_call(REFUND, &refund_content()).await;
        assert!(answer.is_err(), "{fault}: {}", answer.unwrap().body);
        assert_eq!(refunds(&stage).await, moved, "{fault}");
        let again = stage.call(REFUND, &refund_content()).await;
        let change = if moved == 1 { "N" } else { "Y" };
        assert_eq!(again["fund_change"], change, "{fault}");
        assert_eq!(refunds(&stage).await, 1, "{fault}");
    }
}

#[tokio::test]
async fn useless_answers() {
    for (fault, moved) in [("http_500", 0), ("garbage", 1)] {
        let stage = paid_order().await;
        stage.fault("refund", fault, 0).await;
        let answer = stage.try_call(REFUND, &refund_content()).await.unwrap();
        assert!(
            serde_json::from_str::<Value>(&answer.body).is_err(),
            "{fault}"
        );
        assert_eq!(refunds(&stage).await, moved, "{fault}");
    }
    for fault in ["bad_signature", "forge"] {
        let stage = paid_order().await;
        stage.fault("refund", fault, 0).await;
        let answer = stage.try_call(REFUND, &refund_content()).await.unwrap();
        assert!(answer.json()["sign"].is_string());
        assert_eq!(stage.verified(REFUND, &answer.body), None, "{fault}");
        assert_eq!(refunds(&stage).await, 1, "{fault}");
    }
}

#[tokio::test]
async fn a_system_error_is_signed_and_without_effect() {
    let stage = paid_order().await;
    let mut said = Vec::new();
    for _ in 0..4 {
        stage.fault("refund", "system_error", 0).await;
        let reply = stage.call(REFUND, &refund_content()).await;
        said.push(reply["sub_code"].as_str().unwrap().to_owned());
    }
    assert!(
        said.iter()
            .all(|one| one == "ACQ.SYSTEM_ERROR" || one == "isp.unknow-error")
    );
    assert_eq!(refunds(&stage).await, 0);
}

#[tokio::test]
async fn slow_doubled_and_wrong_answers() {
    let stage = paid_order().await;
    stage.fault("query", "delay", 200).await;
    let before = Instant::now();
    assert_eq!(stage.query("A1").await["trade_status"], "TRADE_SUCCESS");
    assert!(before.elapsed() >= Duration::from_millis(200));

    stage.fault("query", "wrong_amount", 0).await;
    assert_eq!(stage.query("A1").await["total_amount"], "20.00");
    assert_eq!(stage.query("A1").await["total_amount"], "19.99");

    stage.fault("refund", "duplicate", 0).await;
    assert_eq!(
        stage.call(REFUND, &refund_content()).await["fund_change"],
        "N"
    );
    assert_eq!(refunds(&stage).await, 1);

    stage.fault("query", "reorder", 0).await;
    let before = Instant::now();
    let (held, passing) =
        tokio::join!(async { (stage.query("A1").await, Instant::now()) }, async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            (stage.query("A1").await, Instant::now())
        });
    assert_eq!(held.0["trade_status"], passing.0["trade_status"]);
    assert!(before.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn opening_a_page_can_fail_too() {
    let stage = Stage::new().await;
    let link = stage.link(&page_order("A1"), &[]);
    stage.fault("create", "http_500", 0).await;
    assert_eq!(stage.get(&link).await.status, 500);
    assert_eq!(stage.get("/_ctl/orders/alipay/A1").await.status, 404);
    stage.fault("create", "reset", 0).await;
    let request = axum::http::Request::get(&link);
    assert!(stage.send(request, String::new()).await.is_err());
    assert_eq!(stage.truth("A1").await["state"], "waiting");
}

#[tokio::test]
async fn a_caller_who_hangs_up_undoes_nothing() {
    let stage = paid_order().await;
    stage.fault("refund", "delay", 300).await;
    let content = refund_content();
    let call = stage.try_call(REFUND, &content);
    assert!(
        tokio::time::timeout(Duration::from_millis(100), call)
            .await
            .is_err()
    );
    assert_eq!(refunds(&stage).await, 0);
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(refunds(&stage).await, 1);
}

#[tokio::test]
async fn cleared_faults_do_nothing() {
    let stage = paid_order().await;
    stage.fault("query", "drop", 0).await;
    let request = axum::http::Request::delete(format!("{}/_ctl/faults", stage.url));
    assert_eq!(
        stage.send(request, String::new()).await.unwrap().status,
        204
    );
    assert_eq!(stage.query("A1").await["code"], "10000");
}

/// Pays under a notification fault; returns where the merchant listens.
async fn paid_under(fault: &str) -> (Stage, Ear) {
    let (stage, ear) = (Stage::new().await, Ear::new().await);
    stage
        .open(&page_order("A1"), &[("notify_url", &ear.url)])
        .await;
    stage.fault("notify", fault, 100).await;
    stage.pay("A1").await;
    (stage, ear)
}

#[tokio::test]
async fn a_lost_notification_never_comes_again() {
    let (stage, ear) = paid_under("drop").await;
    ear.hears_no_more_than(0).await;
    stage.advance(2 * 86_400).await;
    ear.hears_no_more_than(0).await;
}

#[tokio::test]
async fn a_failed_notification_comes_again() {
    for (fault, heard_first) in [
        ("timeout_before", 0),
        ("http_500", 0),
        ("system_error", 0),
        ("timeout_after", 1),
        ("reset", 1),
    ] {
        let (stage, ear) = paid_under(fault).await;
        ear.hear(heard_first).await;
        ear.hears_no_more_than(heard_first).await;
        stage.advance(241).await;
        ear.hear(heard_first + 1).await;
    }
}

#[tokio::test]
async fn spoilt_notifications() {
    let (stage, ear) = paid_under("forge").await;
    let heard = ear.hear(2).await;
    assert!(!is_genuine(&stage, &heard[0]) && is_genuine(&stage, &heard[1]));

    let (stage, ear) = paid_under("bad_signature").await;
    assert!(!is_genuine(&stage, &ear.hear(1).await[0]));

    let (stage, ear) = paid_under("wrong_amount").await;
    let heard = ear.hear(1).await;
    assert!(is_genuine(&stage, &heard[0]));
    assert_eq!(heard[0]["total_amount"], "20.00");

    let (_stage, ear) = paid_under("garbage").await;
    assert!(!ear.hear(1).await[0].contains_key("sign"));
}

#[tokio::test]
async fn late_and_doubled_notifications() {
    let (_stage, ear) = paid_under("delay").await;
    ear.hear(1).await;

    let (stage, ear) = paid_under("duplicate").await;
    let heard = ear.hear(3).await;
    assert!(
        heard
            .iter()
            .all(|one| one["notify_id"] == heard[0]["notify_id"])
    );
    stage.advance(86_400).await;
    ear.hears_no_more_than(3).await;
}

#[tokio::test]
async fn a_refund_can_be_told_before_the_payment() {
    let (stage, ear) = paid_under("reorder").await;
    stage.call(REFUND, &refund_content()).await;
    let heard = ear.hear(2).await;
    assert!(heard[0].contains_key("refund_fee"));
    assert!(!heard[1].contains_key("refund_fee"));
}
