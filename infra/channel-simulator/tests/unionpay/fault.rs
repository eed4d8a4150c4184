//! What a test asks the channel to do wrong.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    harness::{Answer, BACK, Ear, FILE, FRONT, QUERY, Stage, beijing},
    message::{Belief, Fields, believe, parse},
};

async fn paid_order() -> (Stage, Fields) {
    let stage = Stage::new().await;
    stage.paid("ORDER0001", &[]).await;
    let truth = stage.truth("ORDER0001").await;
    let refund = stage.message(&[
        ("txnType", "04"),
        ("txnSubType", "00"),
        ("bizType", "000201"),
        ("channelType", "07"),
        ("orderId", "REFUND01"),
        ("txnTime", &beijing(0)),
        ("txnAmt", "500"),
        ("origQryId", truth["trade_no"].as_str().unwrap()),
        ("backUrl", "http://127.0.0.1:9/back"),
    ]);
    (stage, refund)
}

async fn refunds(stage: &Stage) -> usize {
    let truth = stage.truth("ORDER0001").await;
    truth["refunds"].as_array().unwrap().len()
}

#[tokio::test]
async fn silence_with_and_without_effect() {
    for (fault, moved) in [
        ("timeout_before", 0),
        ("timeout_after", 1),
        ("drop", 0),
        ("reset", 1),
    ] {
        let (stage, refund) = paid_order().await;
        stage.fault("refund", fault, 100).await;
        assert!(
            stage.try_call(BACK, refund.clone()).await.is_err(),
            "{fault}"
        );
        assert_eq!(refunds(&stage).await, moved, "{fault}");
        let again = stage.call(BACK, refund).await;
        let code = if moved == 1 { "12" } else { "00" };
        assert_eq!(again["respCode"], code, "{fault}");
        assert_eq!(refunds(&stage).await, 1, "{fault}");
    }
}

#[tokio::test]
async fn useless_answers() {
    for (fault, moved) in [("http_500", 0), ("garbage", 1)] {
        let (stage, refund) = paid_order().await;
        stage.fault("refund", fault, 0).await;
        let answer = stage.try_call(BACK, refund).await.unwrap();
        assert!(!answer.body.contains("respCode"), "{fault}");
        assert_eq!(refunds(&stage).await, moved, "{fault}");
    }
}

#[tokio::test]
async fn a_forged_answer_has_a_chain_that_holds_and_anothers_name() {
    for (fault, belief) in [
        ("forge", Belief::AnothersCertificate),
        ("bad_signature", Belief::BadSignature),
    ] {
        let (stage, refund) = paid_order().await;
        stage.fault("refund", fault, 0).await;
        let answer = stage.try_call(BACK, refund).await.unwrap();
        assert_eq!(
            believe(&stage.keys, &parse(&answer.body)),
            belief,
            "{fault}"
        );
        assert_eq!(refunds(&stage).await, 1, "{fault}");
    }
}

#[tokio::test]
async fn a_system_error_is_signed_and_without_effect() {
    let (stage, refund) = paid_order().await;
    for _ in 0..5 {
        stage.fault("refund", "system_error", 0).await;
        let answer = stage.call(BACK, refund.clone()).await;
        let code = answer["respCode"].as_str();
        assert!(["03", "04", "06", "99"].contains(&code), "{code}");
    }
    assert_eq!(refunds(&stage).await, 0);
}

#[tokio::test]
async fn slow_doubled_and_wrong_answers() {
    let (stage, refund) = paid_order().await;
    let truth = stage.truth("ORDER0001").await;
    let txn_time = truth["attributes"]["txnTime"].as_str().unwrap();
    stage.fault("query", "delay", 200).await;
    let before = Instant::now();
    assert_eq!(stage.query("ORDER0001", txn_time).await["txnAmt"], "1999");
    assert!(before.elapsed() >= Duration::from_millis(200));
    stage.fault("query", "wrong_amount", 0).await;
    let wrong = stage.query("ORDER0001", txn_time).await;
    assert_eq!((&*wrong["txnAmt"], &*wrong["settleAmt"]), ("2000", "2000"));

    stage.fault("refund", "duplicate", 0).await;
    assert_eq!(stage.call(BACK, refund.clone()).await["respCode"], "12");
    assert_eq!(refunds(&stage).await, 1);

    // A query about a refund is a conversation of its own.
    stage.fault("refund_query", "wrong_amount", 0).await;
    assert_eq!(stage.query("ORDER0001", txn_time).await["txnAmt"], "1999");
    assert_eq!(
        stage.query("REFUND01", &refund["txnTime"]).await["txnAmt"],
        "501"
    );
}

#[tokio::test]
async fn faults_know_the_number_of_the_payment() {
    let (stage, refund) = paid_order().await;
    let fault = |number: &str| {
        json!({
            "channel": "unionpay", "operation": "refund", "fault": "http_500", "channel_order_no": number,
        })
    };
    stage.control("/_ctl/faults", &fault("ORDER0009")).await;
    assert_eq!(stage.call(BACK, refund.clone()).await["respCode"], "00");
    stage.control("/_ctl/faults", &fault("ORDER0001")).await;
    assert_eq!(stage.try_call(BACK, refund).await.unwrap().status, 500);
}

#[tokio::test]
async fn opening_a_page_can_fail_too() {
    let stage = Stage::new().await;
    let form = stage.consume("ORDER0001", &beijing(0), &[]);
    let open = || stage.try_call(FRONT, form.clone());
    let code = |answer: Answer| answer.page_code().to_owned();
    stage.fault("create", "http_500", 0).await;
    assert_eq!(open().await.unwrap().status, 500);
    stage.fault("create", "system_error", 0).await;
    assert_eq!(code(open().await.unwrap()), "06");
    assert_eq!(
        stage.get("/_ctl/orders/unionpay/ORDER0001").await.status,
        404
    );
    stage.fault("create", "reset", 0).await;
    assert!(open().await.is_err());
    assert_eq!(stage.truth("ORDER0001").await["state"], "waiting");
    stage.fault("create", "duplicate", 0).await;
    assert_eq!(code(open().await.unwrap()), "CASHIER");
    assert_eq!(stage.truth("ORDER0001").await["created_count"], 1);
}

#[tokio::test]
async fn a_payment_by_code_and_its_reversal_can_fail() {
    let stage = Stage::new().await;
    let txn_time = beijing(0);
    let common = [
        ("bizType", "000000"),
        ("channelType", "08"),
        ("orderId", "CODE00001"),
        ("txnTime", txn_time.as_str()),
    ];
    let message = |more: &[(&str, &str)]| stage.message(&[&common, more].concat());
    let consume = message(&[
        ("txnType", "01"),
        ("txnSubType", "06"),
        ("txnAmt", "1999"),
        ("currencyCode", "156"),
        ("qrNo", "62260000000000000010"),
    ]);
    stage.fault("create", "timeout_after", 100).await;
    assert!(stage.try_call(BACK, consume).await.is_err());
    assert_eq!(stage.truth("CODE00001").await["state"], "paid");
    let reversal = message(&[("txnType", "99"), ("txnSubType", "01")]);
    stage.fault("reverse", "drop", 0).await;
    assert!(stage.try_call(BACK, reversal.clone()).await.is_err());
    assert_eq!(stage.truth("CODE00001").await["state"], "paid");
    stage.fault("reverse", "timeout_after", 100).await;
    assert!(stage.try_call(BACK, reversal.clone()).await.is_err());
    assert_eq!(stage.truth("CODE00001").await["state"], "refunded");
    assert_eq!(stage.call(BACK, reversal).await["respCode"], "00");
    assert_eq!(
        stage.truth("CODE00001").await["refunds"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_file_can_fail_and_can_err() {
    let stage = Stage::new().await;
    stage.advance_to(12, 0).await;
    let pay_timeout = beijing(5 * 86_400);
    stage
        .paid("ORDER0001", &[("payTimeout", &pay_timeout)])
        .await;
    let settle_date = crate::harness::compact(stage.now().await)[4..8].to_owned();
    stage.advance(86_400).await;
    let question = stage.message(&[
        ("txnType", "76"),
        ("txnSubType", "01"),
        ("bizType", "000000"),
        ("txnTime", &beijing(0)),
        ("settleDate", &settle_date),
        ("fileType", "00"),
    ]);
    stage.fault("bill", "drop", 0).await;
    assert!(stage.try_call(FILE, question.clone()).await.is_err());
    let right = stage.call(FILE, question.clone()).await;
    stage.fault("bill", "wrong_amount", 0).await;
    let wrong = stage.call(FILE, question.clone()).await;
    assert_eq!((&*right["respCode"], &*wrong["respCode"]), ("00", "00"));
    assert_ne!(right["fileContent"], wrong["fileContent"]);
    assert_eq!(
        stage.call(FILE, question).await["fileContent"],
        right["fileContent"]
    );
}

#[tokio::test]
async fn a_query_can_stay_unanswered() {
    let (stage, _) = paid_order().await;
    let truth: Value = stage.truth("ORDER0001").await;
    let question = stage.message(&[
        ("txnType", "00"),
        ("txnSubType", "00"),
        ("bizType", "000000"),
        ("orderId", "ORDER0001"),
        ("txnTime", truth["attributes"]["txnTime"].as_str().unwrap()),
    ]);
    stage.fault("query", "drop", 0).await;
    assert!(stage.try_call(QUERY, question.clone()).await.is_err());
    assert_eq!(stage.call(QUERY, question).await["origRespCode"], "00");
}

/// Pays under a notification fault; returns where the merchant listens.
async fn paid_under(fault: &str) -> (Stage, Ear) {
    let (stage, ear) = (Stage::new().await, Ear::new().await);
    stage.open("ORDER0001", &[("backUrl", &ear.url)]).await;
    stage.fault("notify", fault, 100).await;
    stage.pay("ORDER0001", "").await;
    (stage, ear)
}

#[tokio::test]
async fn notifications_are_lost_forged_and_spoilt() {
    let (stage, ear) = paid_under("drop").await;
    stage.advance(2 * 86_400).await;
    ear.hears_no_more_than(0).await;

    let (stage, ear) = paid_under("forge").await;
    let heard = ear.hear(2).await;
    let beliefs: Vec<_> = heard.iter().map(|one| believe(&stage.keys, one)).collect();
    assert_eq!(beliefs, [Belief::AnothersCertificate, Belief::Genuine]);

    let (stage, ear) = paid_under("bad_signature").await;
    assert_eq!(
        believe(&stage.keys, &ear.hear(1).await[0]),
        Belief::BadSignature
    );

    let (stage, ear) = paid_under("wrong_amount").await;
    let heard = ear.hear(1).await;
    assert_eq!(believe(&stage.keys, &heard[0]), Belief::Genuine);
    assert_eq!(heard[0]["txnAmt"], "2000");

    let (_stage, ear) = paid_under("duplicate").await;
    ear.hear(3).await;
}
