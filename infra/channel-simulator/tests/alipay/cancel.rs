//! Cancelling: afterwards nobody has paid, or the gateway says why not.

use serde_json::{Value, json};

use crate::{
    code_pay::code_order,
    harness::{Ear, Stage, page_order},
};

const METHOD: &str = "alipay.trade.cancel";
const DAY: i64 = 86_400;

async fn cancel(stage: &Stage, number: &str) -> Value {
    stage.call(METHOD, &json!({ "out_trade_no": number })).await
}

async fn code_pay(stage: &Stage, number: &str, auth_code: &str) -> Value {
    stage
        .call("alipay.trade.pay", &code_order(number, auth_code))
        .await
}

#[tokio::test]
async fn an_unpaid_trade_is_closed() {
    let stage = Stage::new().await;
    code_pay(&stage, "C1", "2812345678901231").await;
    for _ in 0..2 {
        let reply = cancel(&stage, "C1").await;
        assert_eq!(
            (&reply["code"], &reply["action"], &reply["retry_flag"]),
            (&json!("10000"), &json!("close"), &json!("N"))
        );
    }
    assert_eq!(stage.truth("C1").await["state"], "closed");
    assert_eq!(stage.pay("C1").await.json()["error"], "closed");
}

#[tokio::test]
async fn a_paid_trade_goes_back_whole_and_once() {
    let stage = Stage::new().await;
    let ear = Ear::new().await;
    let parameters = stage.parameters(
        "alipay.trade.pay",
        &code_order("C1", "2812345678901230"),
        &[("notify_url", &ear.url)],
    );
    let paid = stage.call_with("alipay.trade.pay", &parameters).await;
    ear.hear(1).await;
    for _ in 0..2 {
        let reply = cancel(&stage, "C1").await;
        assert_eq!(
            (&reply["code"], &reply["action"], &reply["retry_flag"]),
            (&json!("10000"), &json!("refund"), &json!("N"))
        );
    }
    let truth = stage.truth("C1").await;
    assert_eq!(truth["state"], "refunded");
    assert_eq!(truth["refunds"].as_array().unwrap().len(), 1);
    assert_eq!(truth["refunds"][0]["amount"], 1999);
    let refund_no = format!("cancel:{}", paid["trade_no"].as_str().unwrap());
    assert_eq!(truth["refunds"][0]["refund_no"], json!(refund_no));
    let heard = ear.hear(2).await;
    assert_eq!(heard[1]["trade_status"], "TRADE_CLOSED");
    assert_eq!(heard[1]["refund_fee"], "19.99");
}

#[tokio::test]
async fn an_unknown_trade_is_cancelled_without_an_effect() {
    let stage = Stage::new().await;
    let reply = cancel(&stage, "C1").await;
    assert_eq!(
        (&reply["code"], &reply["retry_flag"]),
        (&json!("10000"), &json!("N"))
    );
    assert_eq!(reply.get("action"), None);
    // The call that was late still pays.
    assert_eq!(
        code_pay(&stage, "C1", "2812345678901230").await["code"],
        "10000"
    );
    let nothing = stage.call(METHOD, &json!({})).await;
    assert_eq!(nothing["sub_code"], "ACQ.INVALID_PARAMETER");
}

#[tokio::test]
async fn a_code_that_nobody_has_scanned_stays_payable() {
    let stage = Stage::new().await;
    let order = json!({"out_trade_no": "A1", "total_amount": "5.00", "subject": "茶"});
    stage.call("alipay.trade.precreate", &order).await;
    assert_eq!(cancel(&stage, "A1").await.get("action"), None);
    assert_eq!(stage.pay("A1").await.status, 200);
    assert_eq!(cancel(&stage, "A1").await["action"], "refund");
    assert_eq!(stage.truth("A1").await["state"], "refunded");
}

#[tokio::test]
async fn the_window_ends_a_day_after_the_payment() {
    let stage = Stage::new().await;
    code_pay(&stage, "C1", "2812345678901230").await;
    code_pay(&stage, "C2", "2812345678901240").await;
    stage.advance(DAY - 60).await;
    assert_eq!(cancel(&stage, "C1").await["action"], "refund");
    stage.advance(120).await;
    assert_eq!(
        cancel(&stage, "C2").await["sub_code"],
        "ACQ.TRADE_CANCEL_TIME_OUT"
    );
    assert_eq!(stage.truth("C2").await["refunds"], json!([]));
}

#[tokio::test]
async fn after_a_refund_nothing_is_cancelled() {
    let stage = Stage::new().await;
    code_pay(&stage, "C1", "2812345678901230").await;
    let refund = json!({"out_trade_no": "C1", "refund_amount": "1.00", "out_request_no": "R1"});
    stage.call("alipay.trade.refund", &refund).await;
    assert_eq!(
        cancel(&stage, "C1").await["sub_code"],
        "ACQ.REASON_TRADE_REFUND_FEE_ERR"
    );
    assert_eq!(
        stage.truth("C1").await["refunds"].as_array().unwrap().len(),
        1
    );
}

#[tokio::test]
async fn only_trades_of_the_counter_are_cancelled() {
    let stage = Stage::new().await;
    stage.open(&page_order("A1"), &[]).await;
    assert_eq!(
        cancel(&stage, "A1").await["sub_code"],
        "ACQ.CANCEL_NOT_ALLOWED"
    );
    stage.pay("A1").await;
    assert_eq!(
        cancel(&stage, "A1").await["sub_code"],
        "ACQ.CANCEL_NOT_ALLOWED"
    );
    assert_eq!(stage.truth("A1").await["state"], "paid");
}

#[tokio::test]
async fn a_balance_that_is_too_low_refuses_once() {
    let stage = Stage::new().await;
    code_pay(&stage, "C1", "2812345678901230").await;
    let script = json!({"channel": "alipay", "channel_order_no": "C1", "outcome": "not_enough"});
    assert_eq!(
        stage
            .post("/_ctl/refunds", &script.to_string())
            .await
            .status,
        200
    );
    assert_eq!(
        cancel(&stage, "C1").await["sub_code"],
        "ACQ.SELLER_BALANCE_NOT_ENOUGH"
    );
    assert_eq!(stage.truth("C1").await["state"], "paid");
    assert_eq!(cancel(&stage, "C1").await["action"], "refund");
}

#[tokio::test]
async fn an_answer_that_is_lost_leaves_the_trade_cancelled() {
    let stage = Stage::new().await;
    code_pay(&stage, "C1", "2812345678901230").await;
    stage.fault("reverse", "reset", 0).await;
    let lost = stage.try_call(METHOD, &json!({"out_trade_no": "C1"})).await;
    assert!(lost.is_err());
    assert_eq!(stage.truth("C1").await["state"], "refunded");
    assert_eq!(cancel(&stage, "C1").await["action"], "refund");
}
