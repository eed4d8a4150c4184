//! Refunds: accepted at once, settled later, and refused for every reason that there is.

use serde_json::{Value, json};

use crate::harness::{Stage, refund_body};

const REFUNDS: &str = "/v3/refund/domestic/refunds";

async fn refund_query(stage: &Stage, refund_no: &str) -> Value {
    let answer = stage.get_json(&format!("{REFUNDS}/{refund_no}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn given_back(stage: &Stage) -> i64 {
    let truth = stage.truth("ORDER1").await;
    let refunds = truth["refunds"].as_array().unwrap();
    let succeeded = refunds.iter().filter(|one| one["state"] == "succeeded");
    succeeded.map(|one| one["amount"].as_i64().unwrap()).sum()
}

#[tokio::test]
async fn a_refund_is_accepted_and_settles_later() {
    let stage = Stage::new().await;
    stage.paid("ORDER1").await;
    let accepted = stage.refund("ORDER1", "R1", 500).await;
    assert_eq!(accepted.status, 200);
    let accepted = accepted.json();
    assert_eq!(accepted["status"], "PROCESSING");
    assert_eq!(accepted["amount"]["refund"], 500);
    assert_eq!(accepted["amount"]["total"], 1999);
    assert_eq!(given_back(&stage).await, 0);
    assert_eq!(stage.trade_state("ORDER1").await, "REFUND");
    stage.advance(3).await;
    let settled = refund_query(&stage, "R1").await;
    assert_eq!(settled["status"], "SUCCESS");
    assert_eq!(settled["refund_id"], accepted["refund_id"]);
    assert!(
        settled["success_time"]
            .as_str()
            .unwrap()
            .ends_with("+08:00")
    );
    assert_eq!(given_back(&stage).await, 500);
    assert_eq!(stage.truth("ORDER1").await["state"], "paid");
}

#[tokio::test]
async fn the_same_number_refunds_once() {
    let stage = Stage::new().await;
    stage.paid("ORDER1").await;
    let first = stage.refund("ORDER1", "R1", 500).await.json();
    let again = stage.refund("ORDER1", "R1", 500).await.json();
    assert_eq!(first["refund_id"], again["refund_id"]);
    let other = stage.refund("ORDER1", "R1", 501).await;
    assert_eq!(other.refusal(), (400, "REFUND_FEE_MISMATCH".to_owned()));
    stage.advance(100).await;
    assert_eq!(
        stage.refund("ORDER1", "R1", 500).await.json()["status"],
        "SUCCESS"
    );
    assert_eq!(given_back(&stage).await, 500);
    stage.paid("ORDER2").await;
    let elsewhere = stage.refund("ORDER2", "R1", 500).await;
    assert_eq!(elsewhere.refusal(), (400, "INVALID_REQUEST".to_owned()));
}

#[tokio::test]
async fn one_minute_lies_between_two_refunds_of_an_order() {
    let stage = Stage::new().await;
    stage.paid("ORDER1").await;
    stage.paid("ORDER2").await;
    assert_eq!(stage.refund("ORDER1", "R1", 500).await.status, 200);
    let hasty = stage.refund("ORDER1", "R2", 500).await;
    assert_eq!(hasty.refusal(), (429, "FREQUENCY_LIMITED".to_owned()));
    assert_eq!(stage.refund("ORDER2", "R3", 500).await.status, 200);
    stage.advance(61).await;
    assert_eq!(stage.refund("ORDER1", "R2", 500).await.status, 200);
    stage.advance(61).await;
    let beyond = stage.refund("ORDER1", "R4", 1000).await;
    assert_eq!(beyond.refusal(), (400, "INVALID_REQUEST".to_owned()));
    assert_eq!(stage.refund("ORDER1", "R5", 999).await.status, 200);
    stage.advance(3).await;
    assert_eq!(given_back(&stage).await, 1999);
    assert_eq!(stage.truth("ORDER1").await["state"], "refunded");
}

#[tokio::test]
async fn an_order_takes_fifty_refunds_within_a_year() {
    let stage = Stage::new().await;
    stage.paid("ORDER1").await;
    for number in 0..50 {
        let answer = stage.refund("ORDER1", &format!("R{number}"), 1).await;
        assert_eq!(answer.status, 200, "{number}: {}", answer.text());
        stage.advance(61).await;
    }
    let answer = stage.refund("ORDER1", "R50", 1).await;
    assert_eq!(answer.refusal(), (403, "RULE_LIMIT".to_owned()));
    stage.paid("ORDER2").await;
    stage.advance(366 * 86_400).await;
    let answer = stage.refund("ORDER2", "RX", 1).await;
    assert_eq!(answer.refusal(), (400, "TRADE_OVERDUE".to_owned()));
    assert_eq!(given_back(&stage).await, 50);
}

#[tokio::test]
async fn every_field_is_checked() {
    let stage = Stage::new().await;
    stage.paid("ORDER1").await;
    for (pointer, value) in [
        ("/out_trade_no", json!("")),
        ("/out_refund_no", json!("")),
        ("/out_refund_no", json!("R 1")),
        ("/out_refund_no", json!("R".repeat(65))),
        ("/amount/refund", json!(0)),
        ("/amount/refund", json!("500")),
        ("/amount/total", json!(null)),
        ("/amount/currency", json!("USD")),
    ] {
        let mut body = refund_body("ORDER1", "R1", 500);
        *body.pointer_mut(pointer).unwrap() = value.clone();
        let answer = stage.post_json(REFUNDS, &body).await;
        assert_eq!(
            answer.refusal(),
            (400, "PARAM_ERROR".to_owned()),
            "{pointer} {value}"
        );
    }
    let mut body = refund_body("ORDER1", "R1", 500);
    body["amount"]["total"] = json!(2000);
    let answer = stage.post_json(REFUNDS, &body).await;
    assert_eq!(answer.refusal(), (400, "INVALID_REQUEST".to_owned()));
    let missing = (404, "RESOURCE_NOT_EXISTS".to_owned());
    assert_eq!(stage.refund("NOBODY", "R1", 500).await.refusal(), missing);
    let answer = stage.get_json(&format!("{REFUNDS}/R1")).await;
    assert_eq!(answer.refusal(), missing);
    stage.native("ORDER2", None).await;
    let unpaid = stage.refund("ORDER2", "R2", 500).await;
    assert_eq!(unpaid.refusal(), (400, "INVALID_REQUEST".to_owned()));
    assert_eq!(stage.truth("ORDER1").await["refunds"], json!([]));
}

#[tokio::test]
async fn a_refund_by_the_channels_number() {
    let stage = Stage::new().await;
    stage.paid("ORDER1").await;
    let id = stage.query("ORDER1").await.json()["transaction_id"].clone();
    let mut body = refund_body("ORDER1", "R1", 1999);
    body.as_object_mut().unwrap().remove("out_trade_no");
    body["transaction_id"] = id;
    assert_eq!(
        stage.post_json(REFUNDS, &body).await.json()["out_trade_no"],
        "ORDER1"
    );
    body["out_trade_no"] = json!("ORDER2");
    assert_eq!(stage.post_json(REFUNDS, &body).await.status, 404);
}

#[tokio::test]
async fn a_balance_that_is_too_low_is_topped_up() {
    let stage = Stage::new().await;
    stage.paid("ORDER1").await;
    let script =
        json!({ "channel": "wechat", "channel_order_no": "ORDER1", "outcome": "not_enough" });
    stage.control("/_ctl/refunds", &script).await;
    let refused = stage.refund("ORDER1", "R1", 500).await;
    assert_eq!(refused.refusal(), (403, "NOT_ENOUGH".to_owned()));
    assert_eq!(stage.truth("ORDER1").await["refunds"], json!([]));
    assert_eq!(stage.refund("ORDER1", "R1", 500).await.status, 200);
}

#[tokio::test]
async fn scripts_decide_how_a_refund_ends() {
    for (outcome, status, state, remaining) in [
        ("abnormal", "ABNORMAL", "abnormal", false),
        ("closed", "CLOSED", "failed", true),
    ] {
        for is_before in [true, false] {
            let stage = Stage::new().await;
            stage.paid("ORDER1").await;
            let script = json!({ "channel": "wechat", "refund_no": "R1", "outcome": outcome });
            if is_before {
                let said = stage.control("/_ctl/refunds", &script).await;
                assert_eq!(said["outcome"], "waiting");
            }
            let accepted = stage.refund("ORDER1", "R1", 1999).await.json();
            assert_eq!(accepted["status"], "PROCESSING");
            if !is_before {
                let said = stage.control("/_ctl/refunds", &script).await;
                assert_eq!(said["outcome"], "rewritten");
            }
            stage.advance(3).await;
            assert_eq!(refund_query(&stage, "R1").await["status"], status);
            let truth = stage.truth("ORDER1").await;
            assert_eq!(truth["refunds"][0]["state"], state);
            assert_eq!(truth["state"], "paid");
            assert_eq!(given_back(&stage).await, 0);
            // Money that nobody has given back can be refunded under another number.
            stage.advance(61).await;
            let again = stage.refund("ORDER1", "R2", 1999).await;
            assert_eq!(again.status == 200, remaining, "{}", again.text());
        }
    }
}

#[tokio::test]
async fn a_refund_that_had_succeeded_can_bounce() {
    let stage = Stage::new().await;
    stage.paid("ORDER1").await;
    stage.refund("ORDER1", "R1", 1999).await;
    stage.advance(3).await;
    assert_eq!(stage.truth("ORDER1").await["state"], "refunded");
    let script = json!({
        "channel": "wechat", "refund_no": "R1", "outcome": "abnormal", "after_seconds": 3600,
    });
    stage.control("/_ctl/refunds", &script).await;
    stage.advance(3601).await;
    assert_eq!(refund_query(&stage, "R1").await["status"], "ABNORMAL");
    assert_eq!(stage.truth("ORDER1").await["state"], "paid");
    for (body, field) in [
        (
            json!({ "channel": "wechat", "outcome": "closed" }),
            "refund_no",
        ),
        (
            json!({ "channel": "wechat", "refund_no": "R1", "outcome": "lost" }),
            "outcome",
        ),
        (json!({ "refund_no": "R1", "outcome": "closed" }), "channel"),
    ] {
        let answer = stage.post("/_ctl/refunds", &body.to_string()).await;
        assert_eq!(
            (answer.status, &answer.json()["field"]),
            (400, &json!(field))
        );
    }
}
