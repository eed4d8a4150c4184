//! Refunds: the money moves once for each number, and never more than was taken.

use serde_json::{Value, json};

use crate::harness::{Ear, Stage, page_order};

async fn refund(stage: &Stage, refund_no: &str, amount: &str) -> Value {
    let content = json!({
        "out_trade_no": "A1", "refund_amount": amount, "out_request_no": refund_no,
    });
    stage.call("alipay.trade.refund", &content).await
}

async fn ask(stage: &Stage, refund_no: &str) -> Value {
    let content = json!({"out_trade_no": "A1", "out_request_no": refund_no});
    stage
        .call("alipay.trade.fastpay.refund.query", &content)
        .await
}

#[tokio::test]
async fn each_number_moves_its_money_once() {
    let stage = Stage::new().await;
    assert_eq!(
        refund(&stage, "R1", "1.00").await["sub_code"],
        "ACQ.TRADE_NOT_EXIST"
    );
    stage.open(&page_order("A1"), &[]).await;
    assert_eq!(
        refund(&stage, "R1", "1.00").await["sub_code"],
        "ACQ.TRADE_STATUS_ERROR"
    );
    stage.pay("A1").await;

    let first = refund(&stage, "R1", "5.00").await;
    assert_eq!(
        (&first["fund_change"], &first["refund_fee"]),
        (&json!("Y"), &json!("5.00"))
    );
    let again = refund(&stage, "R1", "5.00").await;
    assert_eq!(
        (&again["fund_change"], &again["refund_fee"]),
        (&json!("N"), &json!("5.00"))
    );
    assert_eq!(
        refund(&stage, "R1", "5.01").await["sub_code"],
        "ACQ.DISCORDANT_REPEAT_REQUEST"
    );
    assert_eq!(
        refund(&stage, "R2", "15.00").await["sub_code"],
        "ACQ.REASON_TRADE_REFUND_FEE_ERR"
    );
    assert_eq!(stage.query("A1").await["trade_status"], "TRADE_SUCCESS");
    assert_eq!(stage.truth("A1").await["state"], "paid");

    let last = refund(&stage, "R2", "14.99").await;
    assert_eq!(
        (&last["fund_change"], &last["refund_fee"]),
        (&json!("Y"), &json!("19.99"))
    );
    let reply = stage.query("A1").await;
    assert_eq!(reply["trade_status"], "TRADE_CLOSED");
    assert!(reply["send_pay_date"].is_string());
    assert_eq!(
        refund(&stage, "R3", "0.01").await["sub_code"],
        "ACQ.REASON_TRADE_REFUND_FEE_ERR"
    );
    assert_eq!(refund(&stage, "R2", "14.99").await["fund_change"], "N");

    let truth = stage.truth("A1").await;
    assert_eq!(truth["state"], "refunded");
    assert_eq!(truth["refunds"][0]["refund_no"], "R1");
    assert_eq!(truth["refunds"][0]["amount"], 500);
    assert_eq!(truth["refunds"][1]["state"], "succeeded");
    let refused = stage.pay("A1").await;
    assert_eq!(
        (refused.status, &refused.json()["error"]),
        (409, &json!("refunded"))
    );
}

#[tokio::test]
async fn an_unknown_refund_is_an_empty_success() {
    let stage = Stage::new().await;
    stage.open(&page_order("A1"), &[]).await;
    stage.pay("A1").await;
    let nothing = ask(&stage, "R1").await;
    assert_eq!(nothing["code"], "10000");
    assert_eq!(nothing.get("refund_status"), None);
    refund(&stage, "R1", "5.00").await;
    let done = ask(&stage, "R1").await;
    assert_eq!(done["refund_status"], "REFUND_SUCCESS");
    assert_eq!(
        (&done["refund_amount"], &done["total_amount"]),
        (&json!("5.00"), &json!("19.99"))
    );
    assert!(done["gmt_refund_pay"].is_string());
}

#[tokio::test]
async fn a_closed_order_has_nothing_to_refund() {
    let stage = Stage::new().await;
    stage.open(&page_order("A1"), &[]).await;
    stage
        .call("alipay.trade.close", &json!({"out_trade_no": "A1"}))
        .await;
    assert_eq!(
        refund(&stage, "R1", "1.00").await["sub_code"],
        "ACQ.TRADE_HAS_CLOSE"
    );
}

#[tokio::test]
async fn without_a_number_only_the_whole_goes_back() {
    let stage = Stage::new().await;
    stage.open(&page_order("A1"), &[]).await;
    stage.pay("A1").await;
    let method = "alipay.trade.refund";
    let part = json!({"out_trade_no": "A1", "refund_amount": "1.00"});
    assert_eq!(
        stage.call(method, &part).await["sub_code"],
        "ACQ.INVALID_PARAMETER"
    );
    let whole = json!({"out_trade_no": "A1", "refund_amount": "19.99"});
    assert_eq!(stage.call(method, &whole).await["fund_change"], "Y");
    assert_eq!(stage.truth("A1").await["refunds"][0]["refund_no"], "A1");
    let journal = stage.get("/_ctl/journal?channel_order_no=A1").await.body;
    assert!(journal.contains("out_request_no is missing"));
}

#[tokio::test]
async fn a_channel_that_erred_gives_back_what_it_took() {
    let stage = Stage::new().await;
    stage.open(&page_order("A1"), &[]).await;
    let paid = stage
        .post("/_ctl/orders/alipay/A1/pay", r#"{"amount":2500}"#)
        .await
        .json();
    assert_eq!(
        (&paid["amount"], &paid["captures"][0]["amount"]),
        (&json!(1999), &json!(2500))
    );
    assert_eq!(stage.query("A1").await["total_amount"], "25.00");
    assert_eq!(refund(&stage, "R1", "25.00").await["fund_change"], "Y");
    assert_eq!(stage.truth("A1").await["state"], "refunded");
}

async fn script(stage: &Stage, body: Value) {
    let answer = stage.post("/_ctl/refunds", &body.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[tokio::test]
async fn a_refund_that_a_bank_refuses_later_moves_nothing() {
    let stage = Stage::new().await;
    let ear = Ear::new().await;
    stage
        .open(&page_order("A1"), &[("notify_url", &ear.url)])
        .await;
    stage.pay("A1").await;
    ear.hear(1).await;
    let failed = json!({
        "channel": "alipay", "channel_order_no": "A1", "outcome": "failed", "after_seconds": 3600,
    });
    script(&stage, failed).await;
    let reply = refund(&stage, "R1", "5.00").await;
    assert_eq!(
        (&reply["code"], &reply["fund_change"]),
        (&json!("10000"), &json!("N"))
    );
    assert_eq!(
        ask(&stage, "R1").await["refund_status"],
        "REFUND_PROCESSING"
    );
    assert_eq!(ask(&stage, "R1").await.get("gmt_refund_pay"), None);
    stage.advance(3700).await;
    let reply = ask(&stage, "R1").await;
    assert_eq!(reply["refund_status"], "REFUND_FAIL");
    assert!(reply["error_code"].is_string());
    // No news is sent of it, and the journal knows of no money that moved.
    ear.hears_no_more_than(1).await;
    let journal = stage.get("/_ctl/journal?channel_order_no=A1").await.json();
    let moved = journal.as_array().unwrap().iter();
    let moved = moved.filter(|one| one["kind"] == "money" && one["operation"] == "refund");
    assert_eq!(moved.count(), 0);
    // The whole is still there to be given back under another number.
    assert_eq!(refund(&stage, "R2", "19.99").await["fund_change"], "Y");
    assert_eq!(stage.truth("A1").await["state"], "refunded");
}

#[tokio::test]
async fn a_refund_that_succeeded_can_bounce() {
    let stage = Stage::new().await;
    stage.open(&page_order("A1"), &[]).await;
    stage.pay("A1").await;
    assert_eq!(refund(&stage, "R1", "19.99").await["fund_change"], "Y");
    assert_eq!(stage.query("A1").await["trade_status"], "TRADE_CLOSED");
    script(
        &stage,
        json!({"channel": "alipay", "refund_no": "R1", "outcome": "failed"}),
    )
    .await;
    assert_eq!(ask(&stage, "R1").await["refund_status"], "REFUND_FAIL");
    assert_eq!(stage.query("A1").await["trade_status"], "TRADE_SUCCESS");
    assert_eq!(refund(&stage, "R1", "19.99").await["fund_change"], "N");
    assert_eq!(refund(&stage, "R2", "19.99").await["fund_change"], "Y");
}

#[tokio::test]
async fn a_balance_that_is_too_low_refuses_once() {
    let stage = Stage::new().await;
    stage.open(&page_order("A1"), &[]).await;
    stage.pay("A1").await;
    script(
        &stage,
        json!({"channel": "alipay", "refund_no": "R1", "outcome": "not_enough"}),
    )
    .await;
    assert_eq!(
        refund(&stage, "R1", "5.00").await["sub_code"],
        "ACQ.SELLER_BALANCE_NOT_ENOUGH"
    );
    assert_eq!(ask(&stage, "R1").await.get("refund_status"), None);
    assert_eq!(refund(&stage, "R1", "5.00").await["fund_change"], "Y");
}
