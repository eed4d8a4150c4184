//! The cashier scans the buyer's code, and may have to undo it.

use serde_json::{Value, json};

use crate::{
    ear::Ear,
    harness::{Answer, Stage},
};

const CODE_PAY: &str = "/v3/pay/transactions/codepay";

fn order(stage: &Stage, number: &str, auth_code: &str) -> Value {
    let mut order = stage.native_order(number);
    order["payer"] = json!({ "auth_code": auth_code });
    order
}

async fn scan(stage: &Stage, number: &str, auth_code: &str) -> Answer {
    stage
        .post_json(CODE_PAY, &order(stage, number, auth_code))
        .await
}

async fn reverse(stage: &Stage, number: &str) -> Answer {
    let path = format!("/v3/pay/transactions/out-trade-no/{number}/reverse");
    let body = json!({ "appid": stage.key("appid"), "mchid": stage.key("mchid") });
    stage.post_json(&path, &body).await
}

#[tokio::test]
async fn a_code_pays_at_once() {
    let stage = Stage::new().await;
    let paid = scan(&stage, "ORDER1", "130000000000000000").await;
    assert_eq!(paid.status, 200, "{}", paid.text());
    assert_eq!(paid.json()["trade_state"], "SUCCESS");
    assert_eq!(paid.json()["trade_type"], "MICROPAY");
    assert_eq!(
        paid.json()["transaction_id"],
        stage.query("ORDER1").await.json()["transaction_id"]
    );
    let again = scan(&stage, "ORDER1", "130000000000000000").await;
    assert_eq!(again.refusal(), (400, "ORDER_PAID".to_owned()));
    let used = scan(&stage, "ORDER2", "130000000000000000").await;
    assert_eq!(used.refusal(), (400, "AUTH_CODE_INVALID".to_owned()));
    assert_eq!(stage.query("ORDER2").await.status, 404);
    for code in [
        "13000000000000000",
        "990000000000000000",
        "13000000000000000x",
        "",
    ] {
        let answer = scan(&stage, "ORDER3", code).await;
        assert_eq!(answer.refusal(), (400, "PARAM_ERROR".to_owned()), "{code}");
    }
}

#[tokio::test]
async fn a_buyer_may_have_to_type_a_password() {
    let (stage, ear) = (Stage::new().await, Ear::new().await);
    let mut order = order(&stage, "ORDER1", "130000000000000001");
    order["notify_url"] = json!(ear.url);
    for _ in 0..2 {
        let answer = stage.post_json(CODE_PAY, &order).await;
        assert_eq!(answer.refusal(), (202, "USERPAYING".to_owned()));
    }
    assert_eq!(stage.trade_state("ORDER1").await, "USERPAYING");
    assert_eq!(stage.close("ORDER1").await.status, 400);
    assert_eq!(stage.pay("ORDER1").await.status, 200);
    assert_eq!(stage.trade_state("ORDER1").await, "SUCCESS");
    assert_eq!(
        ear.hear(1).await[0].resource(&stage)["trade_type"],
        "MICROPAY"
    );

    scan(&stage, "ORDER2", "130000000000000011").await;
    let page = stage.truth("ORDER2").await["attributes"]["buyer_page"].clone();
    let page = page.as_str().unwrap();
    assert_eq!(stage.get(page).await.page_code(), "CASHIER");
    assert_eq!(
        stage.post(&format!("{page}/fail"), "").await.page_code(),
        "CLOSED"
    );
    assert_eq!(stage.trade_state("ORDER2").await, "PAYERROR");
    assert_eq!(stage.pay("ORDER2").await.status, 409);
}

#[tokio::test]
async fn a_refusal_is_final_and_a_system_error_is_not_one() {
    let stage = Stage::new().await;
    let poor = scan(&stage, "ORDER1", "130000000000000002").await;
    assert_eq!(poor.refusal(), (403, "NOT_ENOUGH".to_owned()));
    assert_eq!(stage.trade_state("ORDER1").await, "PAYERROR");
    assert_eq!(stage.truth("ORDER1").await["captures"], json!([]));
    let unknown = scan(&stage, "ORDER2", "130000000000000003").await;
    assert_eq!(unknown.refusal(), (500, "SYSTEM_ERROR".to_owned()));
    assert_eq!(stage.trade_state("ORDER2").await, "SUCCESS");
}

#[tokio::test]
async fn a_reversal_undoes_whatever_happened() {
    let stage = Stage::new().await;
    assert_eq!(
        reverse(&stage, "NOBODY").await.refusal(),
        (404, "ORDER_NOT_EXIST".to_owned())
    );
    scan(&stage, "ORDER1", "130000000000000001").await;
    scan(&stage, "ORDER2", "130000000000000000").await;
    scan(&stage, "ORDER3", "130000000000000002").await;
    for number in ["ORDER1", "ORDER2", "ORDER3"] {
        for _ in 0..2 {
            let answer = reverse(&stage, number).await;
            assert_eq!(answer.status, 200, "{number}: {}", answer.text());
            assert_eq!(answer.json()["out_trade_no"], number, "and no more");
        }
        assert_eq!(stage.trade_state(number).await, "REVOKED");
    }
    assert_eq!(stage.pay("ORDER1").await.status, 409);
    let truth = stage.truth("ORDER2").await;
    assert_eq!(truth["captures"][0]["amount"], 1999);
    assert_eq!(truth["refunds"].as_array().unwrap().len(), 1);
    assert_eq!(truth["refunds"][0]["amount"], 1999);
    assert_eq!(truth["state"], "refunded");
    stage.native("ORDER4", None).await;
    assert_eq!(
        reverse(&stage, "ORDER4").await.refusal(),
        (400, "INVALID_REQUEST".to_owned())
    );
}

#[tokio::test]
async fn a_reversal_whose_answer_was_lost_is_done_once() {
    let stage = Stage::new().await;
    scan(&stage, "ORDER1", "130000000000000000").await;
    stage.fault("reverse", "http_500", 0).await;
    let body = json!({ "appid": stage.key("appid"), "mchid": stage.key("mchid") }).to_string();
    let path = "/v3/pay/transactions/out-trade-no/ORDER1/reverse";
    let lost = stage
        .try_call(axum::http::Method::POST, path, body)
        .await
        .unwrap();
    assert_eq!(lost.status, 500);
    assert_eq!(stage.trade_state("ORDER1").await, "SUCCESS");
    assert_eq!(reverse(&stage, "ORDER1").await.status, 200);
    assert_eq!(
        stage.truth("ORDER1").await["refunds"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}
