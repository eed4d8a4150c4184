//! Payment by the buyer's code, and its reversal.

use crate::{
    harness::{BACK, Ear, Stage, beijing},
    message::Fields,
};

fn consume(stage: &Stage, number: &str, qr_no: &str) -> Fields {
    stage.message(&[
        ("txnType", "01"),
        ("txnSubType", "06"),
        ("bizType", "000000"),
        ("channelType", "08"),
        ("orderId", number),
        ("txnTime", &beijing(0)),
        ("txnAmt", "1999"),
        ("currencyCode", "156"),
        ("qrNo", qr_no),
        ("termId", "TERM0001"),
    ])
}

/// A code that ends so.
fn ending(digit: char) -> String {
    format!("6226000000000000001{digit}")
}

fn reversal(stage: &Stage, number: &str, txn_time: &str) -> Fields {
    stage.message(&[
        ("txnType", "99"),
        ("txnSubType", "01"),
        ("bizType", "000000"),
        ("channelType", "08"),
        ("orderId", number),
        ("txnTime", txn_time),
    ])
}

/// Pays by code; what is answered, what a query then says, and what the books hold.
async fn pay(stage: &Stage, digit: char) -> (Fields, String, String) {
    let number = format!("CODE0000{digit}");
    let message = consume(stage, &number, &ending(digit));
    let answer = stage.call(BACK, message.clone()).await;
    let (_, said) = stage.codes(&number, &message["txnTime"]).await;
    let state = stage.truth(&number).await["state"]
        .as_str()
        .unwrap()
        .to_owned();
    (answer, said, state)
}

#[tokio::test]
async fn the_last_digit_of_the_code_decides() {
    let stage = Stage::new().await;
    for (digit, answered, asked, state) in [
        ('0', "00", "00", "paid"),
        ('1', "05", "05", "waiting"),
        ('2', "64", "64", "closed"),
        ('3', "04", "00", "paid"),
        ('7', "00", "00", "paid"),
    ] {
        let (answer, said, held) = pay(&stage, digit).await;
        assert_eq!(answer["respCode"], answered, "{digit}");
        assert_eq!((said.as_str(), held.as_str()), (asked, state), "{digit}");
    }
    let paid = stage.truth("CODE00000").await;
    assert_eq!(
        (&paid["method"], &paid["captures"][0]["amount"]),
        (&"code".into(), &1999.into())
    );
}

#[tokio::test]
async fn a_code_is_taken_once() {
    let stage = Stage::new().await;
    let message = consume(&stage, "CODE00001", &ending('0'));
    assert_eq!(stage.call(BACK, message.clone()).await["respCode"], "00");
    assert_eq!(stage.call(BACK, message).await["respCode"], "12");
    let truth = stage.truth("CODE00001").await;
    assert_eq!(truth["captures"].as_array().unwrap().len(), 1);
    for (name, value, code) in [
        ("qrNo", "1234567890123456789", "10"),
        ("qrNo", "", "13"),
        ("channelType", "07", "10"),
        ("bizType", "000201", "10"),
        ("termId", "T1", "10"),
        ("txnAmt", "", "13"),
    ] {
        let mut wrong = consume(&stage, "CODE00002", &ending('0'));
        wrong.insert(name.into(), value.into());
        assert_eq!(
            stage.call(BACK, wrong).await["respCode"],
            code,
            "{name}={value}"
        );
    }
    assert_eq!(
        stage.get("/_ctl/orders/unionpay/CODE00002").await.status,
        404
    );
}

#[tokio::test]
async fn a_pending_code_is_paid_refused_or_runs_out() {
    let (stage, ear) = (Stage::new().await, Ear::new().await);
    let mut times = Vec::new();
    for number in ["CODE00001", "CODE00002", "CODE00003"] {
        let mut message = consume(&stage, number, &ending('1'));
        message.insert("backUrl".into(), ear.url.clone());
        assert_eq!(stage.call(BACK, message.clone()).await["respCode"], "05");
        times.push(message.remove("txnTime").unwrap());
    }
    assert_eq!(stage.pay("CODE00001", "").await.status, 200);
    assert_eq!(ear.hear(1).await[0]["orderId"], "CODE00001");
    let truth = stage.truth("CODE00002").await;
    let page = truth["attributes"]["page"].as_str().unwrap();
    assert_eq!(stage.get(page).await.page_code(), "BANK");
    stage.post(&format!("{page}/fail"), "").await;
    stage.advance(601).await;
    for (number, txn_time, code) in [
        ("CODE00001", &times[0], "00"),
        ("CODE00002", &times[1], "64"),
        ("CODE00003", &times[2], "01"),
    ] {
        assert_eq!(stage.codes(number, txn_time).await.1, code, "{number}");
    }
    let late = stage.pay("CODE00003", r#"{"late":true}"#).await;
    assert_eq!(late.json()["error"], "no_page");
    ear.hears_no_more_than(1).await;
}

#[tokio::test]
async fn a_reversal_undoes_whatever_happened_and_repeats() {
    let stage = Stage::new().await;
    for (digit, state, refunded) in [
        ('0', "refunded", 1),
        ('1', "closed", 0),
        ('2', "closed", 0),
        ('3', "refunded", 1),
    ] {
        let number = format!("CODE0000{digit}");
        let message = consume(&stage, &number, &ending(digit));
        stage.call(BACK, message.clone()).await;
        for _ in 0..2 {
            let reversal = reversal(&stage, &number, &message["txnTime"]);
            assert_eq!(
                stage.call(BACK, reversal).await["respCode"],
                "00",
                "{digit}"
            );
        }
        let truth = stage.truth(&number).await;
        assert_eq!(truth["state"], state, "{digit}");
        assert_eq!(
            truth["refunds"].as_array().unwrap().len(),
            refunded,
            "{digit}"
        );
        assert_eq!(stage.pay(&number, "").await.status, 409, "{digit}");
        let code = if digit == '2' { "64" } else { "01" };
        assert_eq!(
            stage.codes(&number, &message["txnTime"]).await.1,
            code,
            "{digit}"
        );
    }
}

#[tokio::test]
async fn a_reversal_needs_a_payment_by_code() {
    let stage = Stage::new().await;
    let unknown = reversal(&stage, "CODE00001", &beijing(0));
    assert_eq!(stage.call(BACK, unknown).await["respCode"], "34");
    let txn_time = stage.paid("ORDER0001", &[]).await;
    let of_page = reversal(&stage, "ORDER0001", &txn_time);
    assert_eq!(stage.call(BACK, of_page).await["respCode"], "36");
    assert_eq!(stage.truth("ORDER0001").await["state"], "paid");

    let message = consume(&stage, "CODE00001", &ending('0'));
    let query_id = stage
        .call(BACK, message.clone())
        .await
        .remove("queryId")
        .unwrap();
    let refund = stage.message(&[
        ("txnType", "04"),
        ("txnSubType", "00"),
        ("bizType", "000000"),
        ("channelType", "08"),
        ("orderId", "REFUND01"),
        ("txnTime", &beijing(0)),
        ("txnAmt", "1"),
        ("origQryId", &query_id),
        ("backUrl", "http://127.0.0.1:9/back"),
    ]);
    assert_eq!(stage.call(BACK, refund).await["respCode"], "00");
    let too_late = reversal(&stage, "CODE00001", &message["txnTime"]);
    assert_eq!(stage.call(BACK, too_late).await["respCode"], "35");
}
