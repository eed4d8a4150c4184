//! What the gateway refuses, and with which code.

use x509_cert::{Certificate, der::DecodePem};

use crate::{
    harness::{BACK, FILE, FRONT, QUERY, Stage, beijing},
    message::{Fields, common_name},
};

fn question(stage: &Stage) -> Fields {
    stage.message(&[
        ("txnType", "00"),
        ("txnSubType", "00"),
        ("bizType", "000000"),
        ("orderId", "ORDER0001"),
        ("txnTime", &beijing(0)),
    ])
}

#[tokio::test]
async fn the_keys_are_what_a_merchant_needs() {
    let stage = Stage::new().await;
    let text = |name: &str| stage.keys[name].as_str().unwrap();
    assert_eq!(text("base_url"), format!("{}/unionpay", stage.url));
    assert_eq!(
        (text("mer_id").len(), text("account")),
        (15, "unionpay-strict")
    );
    let certificate = Certificate::from_pem(text("merchant_cert").as_bytes()).unwrap();
    let serial = certificate.tbs_certificate.serial_number;
    let serial = serial
        .as_bytes()
        .iter()
        .fold(0_u64, |sum, byte| sum * 256 + u64::from(*byte));
    assert_eq!(text("cert_id"), serial.to_string());
    let channel = Certificate::from_pem(text("channel_cert").as_bytes()).unwrap();
    let name = "041@8310000000083040@中国银联股份有限公司@00016495";
    assert_eq!(common_name(&channel), name);
    let all = stage.get("/_ctl/keys").await.json();
    let other = &all["unionpay"][1];
    assert_eq!(other["root_cert"], stage.keys["root_cert"]);
    assert_ne!(other["mer_id"], stage.keys["mer_id"]);
}

#[tokio::test]
async fn a_wrong_signature_is_11() {
    let stage = Stage::new().await;
    let mut changed = stage.sign(question(&stage));
    changed.insert("orderId".into(), "ORDER0002".into());
    let answer = stage.send_form(QUERY, &changed).await.unwrap();
    assert_eq!(stage.verified(&answer)["respCode"], "11");

    let mut unknown = question(&stage);
    unknown.insert("certId".into(), "12345678901".into());
    assert_eq!(stage.call(QUERY, unknown).await["respCode"], "11");

    // Another merchant's certificate does not speak for this one.
    let all = stage.get("/_ctl/keys").await.json();
    let mut foreign = question(&stage);
    let mer_id = all["unionpay"][1]["mer_id"].as_str().unwrap();
    foreign.insert("merId".into(), mer_id.into());
    assert_eq!(stage.call(QUERY, foreign).await["respCode"], "31");
}

#[tokio::test]
async fn a_missing_field_is_13_and_a_malformed_one_10() {
    let stage = Stage::new().await;
    for (name, value, code) in [
        ("orderId", "", "13"),
        ("txnTime", "", "13"),
        ("merId", "", "13"),
        ("certId", "", "13"),
        ("version", "", "13"),
        ("bizType", "", "13"),
        ("accessType", "", "13"),
        ("version", "5.0.0", "10"),
        ("encoding", "GBK", "10"),
        ("signMethod", "11", "10"),
        ("accessType", "1", "10"),
        ("merId", "123", "10"),
        ("txnType", "01", "10"),
        ("txnSubType", "01", "10"),
        ("bizType", "201", "10"),
        ("channelType", "09", "10"),
        ("orderId", "ORDER-0001", "10"),
        ("orderId", "ORDER_0001", "10"),
        ("orderId", "SHORT", "10"),
        ("txnTime", "2026-11-26", "10"),
    ] {
        let mut wrong = question(&stage);
        wrong.insert(name.into(), value.into());
        let answer = stage.call(QUERY, wrong).await;
        assert_eq!(answer["respCode"], code, "{name}={value}");
        assert!(answer["respMsg"].contains(name), "{}", answer["respMsg"]);
    }
    let right = stage.call(QUERY, question(&stage)).await;
    assert_eq!(right["respCode"], "34");
    assert_eq!(
        (&*right["txnType"], &*right["orderId"]),
        ("00", "ORDER0001")
    );
}

#[tokio::test]
async fn each_transaction_has_its_door() {
    let stage = Stage::new().await;
    let consume = stage.consume("ORDER0001", &beijing(0), &[]);
    for door in [BACK, QUERY, FILE] {
        let answer = stage.call(door, consume.clone()).await;
        assert_eq!(answer["respCode"], "10", "{door}");
    }
    let page = stage.try_call(FRONT, question(&stage)).await.unwrap();
    assert_eq!(page.page_code(), "10");
    let get = stage.get(&format!("/unionpay{FRONT}")).await;
    assert_eq!(get.status, 405);
}

#[tokio::test]
async fn a_form_with_a_wrong_field_makes_no_order() {
    let stage = Stage::new().await;
    for (name, value, code) in [
        ("txnAmt", "0", "10"),
        ("txnAmt", "19.99", "10"),
        ("txnAmt", "", "13"),
        ("currencyCode", "840", "10"),
        ("frontUrl", "", "13"),
        ("backUrl", "", "13"),
        ("backUrl", "not an address", "10"),
        ("channelType", "", "13"),
        ("bizType", "000301", "10"),
        ("reqReserved", "a=1&b=2", "10"),
        ("payTimeout", "20260230000000", "10"),
        ("payTimeout", &beijing(-60), "01"),
        ("txnTime", &beijing(-16 * 60), "10"),
        ("txnTime", &beijing(16 * 60), "10"),
    ] {
        let form = stage.consume("ORDER0001", &beijing(0), &[(name, value)]);
        let page = stage.try_call(FRONT, form).await.unwrap();
        assert_eq!(page.page_code(), code, "{name}={value}");
        let truth = stage.get("/_ctl/orders/unionpay/ORDER0001").await;
        assert_eq!(truth.status, 404, "{name}={value}");
    }
    let mut changed = stage.sign(stage.consume("ORDER0001", &beijing(0), &[]));
    changed.insert("txnAmt".into(), "1".into());
    let page = stage.send_form(FRONT, &changed).await.unwrap();
    assert_eq!(page.page_code(), "11");
    for txn_time in [beijing(-14 * 60), beijing(14 * 60)] {
        let form = stage.consume("ORDER0001", &txn_time, &[]);
        let page = stage.try_call(FRONT, form).await.unwrap();
        assert_eq!(page.page_code(), "CASHIER");
    }
}

#[tokio::test]
async fn the_journal_tells_what_was_said() {
    let stage = Stage::new().await;
    let txn_time = stage.paid("ORDER0001", &[]).await;
    stage.query("ORDER0001", &txn_time).await;
    let journal = stage.get("/_ctl/journal?channel_order_no=ORDER0001").await;
    let journal = journal.json();
    let lines: Vec<_> = journal
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            (
                line["kind"].as_str().unwrap(),
                line["operation"].as_str().unwrap(),
            )
        })
        .collect();
    for wanted in [
        ("request", "frontTransReq consume"),
        ("answer", "frontTransReq consume"),
        ("money", "capture"),
        ("control", "pay"),
        ("request", "queryTrans"),
        ("answer", "queryTrans"),
    ] {
        assert!(lines.contains(&wanted), "{wanted:?} in {lines:?}");
    }
}
