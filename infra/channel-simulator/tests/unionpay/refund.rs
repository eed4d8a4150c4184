//! Refund and undo: which are taken, how they end, and how that is told.

use serde_json::{Value, json};

use crate::{
    harness::{BACK, Ear, Stage, beijing},
    message::{Belief, Fields, believe, fields},
};

/// A refund or an undo of the payment with this `queryId`.
fn give_back(stage: &Stage, txn_type: &str, number: &str, query_id: &str, amount: &str) -> Fields {
    stage.message(&[
        ("txnType", txn_type),
        ("txnSubType", "00"),
        ("bizType", "000201"),
        ("channelType", "07"),
        ("orderId", number),
        ("txnTime", &beijing(0)),
        ("txnAmt", amount),
        ("origQryId", query_id),
        ("backUrl", "http://127.0.0.1:9/back"),
    ])
}

async fn send(stage: &Stage, message: Fields) -> String {
    stage.call(BACK, message).await.remove("respCode").unwrap()
}

async fn query_id(stage: &Stage, number: &str) -> String {
    let truth = stage.truth(number).await;
    truth["trade_no"].as_str().unwrap().to_owned()
}

/// Amount and state of every refund.
async fn refunds(stage: &Stage, number: &str) -> Vec<(i64, String)> {
    let truth = stage.truth(number).await;
    let read = |one: &Value| {
        let state = one["state"].as_str().unwrap().to_owned();
        (one["amount"].as_i64().unwrap(), state)
    };
    truth["refunds"]
        .as_array()
        .unwrap()
        .iter()
        .map(read)
        .collect()
}

#[tokio::test]
async fn a_refund_is_accepted_and_settles_later() {
    let (stage, ear) = (Stage::new().await, Ear::new().await);
    stage.paid("ORDER0001", &[]).await;
    let query_id = query_id(&stage, "ORDER0001").await;
    let mut refund = give_back(&stage, "04", "REFUND01", &query_id, "500");
    refund.insert("backUrl".into(), ear.url.clone());
    let answer = stage.call(BACK, refund.clone()).await;
    assert_eq!(
        (&*answer["respCode"], &*answer["origQryId"]),
        ("00", query_id.as_str())
    );
    assert_eq!(
        stage.codes("REFUND01", &refund["txnTime"]).await,
        ("00".into(), "05".into())
    );
    assert_eq!(
        refunds(&stage, "ORDER0001").await,
        [(500, "processing".to_owned())]
    );
    assert_eq!(send(&stage, refund.clone()).await, "12");

    stage.advance(3).await;
    let heard = ear.hear(1).await.remove(0);
    assert_eq!(believe(&stage.keys, &heard), Belief::Genuine);
    for (name, value) in [
        ("txnType", "04"),
        ("respCode", "00"),
        ("orderId", "REFUND01"),
        ("txnTime", &refund["txnTime"]),
        ("txnAmt", "500"),
        ("origQryId", &query_id),
        ("queryId", &answer["queryId"]),
    ] {
        assert_eq!(heard[name], value, "{name}");
    }
    let asked = stage.query("REFUND01", &refund["txnTime"]).await;
    assert_eq!(
        (
            &*asked["origRespCode"],
            &*asked["txnType"],
            &*asked["txnAmt"]
        ),
        ("00", "04", "500")
    );
    assert_eq!(
        refunds(&stage, "ORDER0001").await,
        [(500, "succeeded".to_owned())]
    );
    assert_eq!(send(&stage, refund).await, "12");
    ear.hears_no_more_than(1).await;
}

#[tokio::test]
async fn no_more_goes_back_than_came() {
    let stage = Stage::new().await;
    let txn_time = stage.paid("ORDER0001", &[]).await;
    let query_id = query_id(&stage, "ORDER0001").await;
    assert_eq!(
        send(
            &stage,
            give_back(&stage, "04", "REFUND01", &query_id, "2000")
        )
        .await,
        "36"
    );
    assert_eq!(
        send(
            &stage,
            give_back(&stage, "04", "REFUND01", &query_id, "1000")
        )
        .await,
        "00"
    );
    assert_eq!(
        send(
            &stage,
            give_back(&stage, "04", "REFUND02", &query_id, "1000")
        )
        .await,
        "36"
    );
    let mut rest = give_back(&stage, "04", "REFUND02", "", "999");
    rest.extend(fields(&[
        ("origOrderId", "ORDER0001"),
        ("origTxnTime", &txn_time),
    ]));
    assert_eq!(send(&stage, rest).await, "00");
    stage.advance(3).await;
    let truth = stage.truth("ORDER0001").await;
    assert_eq!(truth["state"], "refunded");
    assert_eq!(truth["refunds"].as_array().unwrap().len(), 2);
    // What was given back does not change what became of the payment.
    assert_eq!(stage.codes("ORDER0001", &txn_time).await.1, "00");
    assert_eq!(
        send(&stage, give_back(&stage, "04", "REFUND03", &query_id, "1")).await,
        "36"
    );
}

#[tokio::test]
async fn what_was_not_paid_is_not_refunded() {
    let stage = Stage::new().await;
    let nothing = "123456789012345678901";
    assert_eq!(
        send(&stage, give_back(&stage, "04", "REFUND01", nothing, "1")).await,
        "35"
    );
    stage.open("ORDER0001", &[("issInsCode", "CMB")]).await;
    let query_id = query_id(&stage, "ORDER0001").await;
    for txn_type in ["04", "31"] {
        let message = give_back(&stage, txn_type, "REFUND01", &query_id, "1999");
        assert_eq!(send(&stage, message).await, "35", "{txn_type}");
    }
    stage.advance(1801).await;
    stage.pay("ORDER0001", r#"{"late":true}"#).await;
    for txn_type in ["04", "31"] {
        let message = give_back(&stage, txn_type, "REFUND01", &query_id, "1999");
        assert_eq!(send(&stage, message).await, "35", "late, {txn_type}");
    }
    let mut unnamed = give_back(&stage, "04", "REFUND01", "", "1");
    unnamed.insert("origOrderId".into(), "ORDER0001".into());
    assert_eq!(send(&stage, unnamed).await, "13");
    let paid_number = give_back(&stage, "04", "ORDER0001", &query_id, "1");
    assert_eq!(send(&stage, paid_number).await, "12");
}

#[tokio::test]
async fn a_refund_can_fail_afterwards_and_its_money_can_go_back_again() {
    let (stage, ear) = (Stage::new().await, Ear::new().await);
    stage.paid("ORDER0001", &[]).await;
    let query_id = query_id(&stage, "ORDER0001").await;
    let script = |outcome: &str| {
        json!({
            "channel": "unionpay", "channel_order_no": "ORDER0001", "outcome": outcome,
        })
    };
    stage.control("/_ctl/refunds", &script("not_enough")).await;
    assert_eq!(
        send(
            &stage,
            give_back(&stage, "04", "REFUND01", &query_id, "1999")
        )
        .await,
        "64"
    );
    stage.control("/_ctl/refunds", &script("failed")).await;
    let mut refund = give_back(&stage, "04", "REFUND02", &query_id, "1999");
    refund.insert("backUrl".into(), ear.url.clone());
    assert_eq!(send(&stage, refund.clone()).await, "00");
    stage.advance(3).await;
    let heard = ear.hear(1).await.remove(0);
    assert_eq!(
        (&*heard["respCode"], &*heard["orderId"]),
        ("01", "REFUND02")
    );
    assert_eq!(stage.codes("REFUND02", &refund["txnTime"]).await.1, "01");
    assert_eq!(stage.truth("ORDER0001").await["state"], "paid");
    assert_eq!(
        send(
            &stage,
            give_back(&stage, "04", "REFUND03", &query_id, "1999")
        )
        .await,
        "00"
    );
}

#[tokio::test]
async fn an_undo_takes_the_whole_on_the_same_settlement_day() {
    let (stage, ear) = (Stage::new().await, Ear::new().await);
    let later = beijing(5 * 86_400);
    let pay_timeout = ("payTimeout", later.as_str());
    stage.advance_to(22, 0).await;
    for number in ["ORDER0001", "ORDER0002", "ORDER0003"] {
        stage.paid(number, &[pay_timeout]).await;
    }
    let first = query_id(&stage, "ORDER0001").await;
    assert_eq!(
        send(&stage, give_back(&stage, "31", "UNDO0001", &first, "1998")).await,
        "36"
    );
    let mut undo = give_back(&stage, "31", "UNDO0001", &first, "1999");
    undo.insert("backUrl".into(), ear.url.clone());
    assert_eq!(send(&stage, undo.clone()).await, "00");
    assert_eq!(stage.truth("ORDER0001").await["state"], "refunded");
    let heard = ear.hear(1).await.remove(0);
    assert_eq!((&*heard["txnType"], &*heard["respCode"]), ("31", "00"));
    assert_eq!(send(&stage, undo.clone()).await, "12");
    assert_eq!(stage.codes("UNDO0001", &undo["txnTime"]).await.1, "00");
    assert_eq!(
        send(&stage, give_back(&stage, "31", "UNDO0002", &first, "1999")).await,
        "35"
    );
    assert_eq!(
        send(&stage, give_back(&stage, "04", "REFUND01", &first, "1")).await,
        "35"
    );

    let second = query_id(&stage, "ORDER0002").await;
    assert_eq!(
        send(&stage, give_back(&stage, "04", "REFUND02", &second, "1")).await,
        "00"
    );
    assert_eq!(
        send(&stage, give_back(&stage, "31", "UNDO0003", &second, "1999")).await,
        "35"
    );

    let third = query_id(&stage, "ORDER0003").await;
    stage.advance(3600).await;
    assert_eq!(
        send(&stage, give_back(&stage, "31", "UNDO0004", &third, "1999")).await,
        "35"
    );
    assert_eq!(
        send(&stage, give_back(&stage, "04", "REFUND04", &third, "1999")).await,
        "00"
    );
}

#[tokio::test]
async fn a_payment_can_be_refunded_for_eleven_months() {
    let stage = Stage::new().await;
    stage.paid("ORDER0001", &[]).await;
    let query_id = query_id(&stage, "ORDER0001").await;
    stage.advance(329 * 86_400).await;
    assert_eq!(
        send(&stage, give_back(&stage, "04", "REFUND01", &query_id, "1")).await,
        "00"
    );
    stage.advance(86_400).await;
    assert_eq!(
        send(&stage, give_back(&stage, "04", "REFUND02", &query_id, "1")).await,
        "35"
    );
}
