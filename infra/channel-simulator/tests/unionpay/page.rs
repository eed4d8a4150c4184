//! The life of an order: posted, paid, failed, run out, paid too late.

use serde_json::json;

use crate::{
    harness::{Answer, FRONT, Stage, beijing},
    message::{Belief, Fields, believe},
};

#[tokio::test]
async fn an_order_is_unknown_until_its_form_is_posted() {
    let stage = Stage::new().await;
    let txn_time = beijing(0);
    assert_eq!(stage.query("ORDER0001", &txn_time).await["respCode"], "34");
    let refused = stage.pay("ORDER0001", "").await;
    assert_eq!(
        (refused.status, &refused.json()["error"]),
        (404, &json!("unknown_order"))
    );

    let form = stage.consume("ORDER0001", &txn_time, &[]);
    let page = stage.try_call(FRONT, form).await.unwrap();
    assert_eq!(page.page_code(), "CASHIER");
    for bank in ["CMB", "ICBC", "ABC", "CCB", "CARD"] {
        assert!(page.body.contains(&format!("/bank-{bank}\"")), "{bank}");
    }
    assert!(page.body.contains("绿茶 &lt;b&gt;"));
    assert_eq!(
        stage.codes("ORDER0001", &txn_time).await,
        ("00".into(), "05".into())
    );
    let other_time = beijing(-1);
    assert_eq!(
        stage.query("ORDER0001", &other_time).await["respCode"],
        "34"
    );

    assert_eq!(stage.pay("ORDER0001", "").await.status, 200);
    let answer = stage.query("ORDER0001", &txn_time).await;
    for (name, value) in [
        ("respCode", "00"),
        ("origRespCode", "00"),
        ("txnType", "01"),
        ("txnAmt", "1999"),
        ("settleAmt", "1999"),
        ("currencyCode", "156"),
        ("orderId", "ORDER0001"),
        ("txnTime", &txn_time),
        ("bizType", "000000"),
    ] {
        assert_eq!(answer[name], value, "{name}");
    }
    assert_eq!(
        answer["queryId"],
        stage.truth("ORDER0001").await["trade_no"]
    );
    assert!(answer["queryId"].len() == 21 && answer["settleDate"].len() == 4);
    assert!(answer["reserved"].contains('&') && answer["accNo"].contains('+'));

    let by_id = stage.message(&[
        ("txnType", "00"),
        ("txnSubType", "02"),
        ("bizType", "000201"),
        ("queryId", &answer["queryId"]),
    ]);
    let by_id = stage.call(crate::harness::QUERY, by_id).await;
    assert_eq!(
        (&*by_id["origRespCode"], &*by_id["orderId"]),
        ("00", "ORDER0001")
    );
}

#[tokio::test]
async fn the_same_form_again_is_the_same_order() {
    let stage = Stage::new().await;
    let txn_time = beijing(0);
    let form = stage.consume("ORDER0001", &txn_time, &[]);
    let first = stage.try_call(FRONT, form.clone()).await.unwrap();
    let again = stage.try_call(FRONT, form.clone()).await.unwrap();
    assert_eq!(first.cashier(), again.cashier());
    let truth = stage.truth("ORDER0001").await;
    assert_eq!(
        (&truth["created_count"], &truth["create_requests"]),
        (&json!(1), &json!(2))
    );

    let other = stage.consume("ORDER0001", &txn_time, &[("txnAmt", "2000")]);
    assert_eq!(
        stage.try_call(FRONT, other).await.unwrap().page_code(),
        "12"
    );
    stage.pay("ORDER0001", "").await;
    assert_eq!(
        stage.try_call(FRONT, form).await.unwrap().page_code(),
        "PAID"
    );
    assert_eq!(
        stage.truth("ORDER0001").await["captures"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn the_same_number_with_another_time_can_be_paid_twice() {
    let stage = Stage::new().await;
    let (first, second) = (beijing(-5), beijing(0));
    for txn_time in [&first, &second] {
        let form = stage.consume("ORDER0001", txn_time, &[]);
        let page = stage.try_call(FRONT, form).await.unwrap();
        assert_eq!(page.page_code(), "CASHIER");
    }
    let truth = stage.truth("ORDER0001").await;
    assert_eq!(truth["created_count"], 2);
    for _ in 0..2 {
        assert_eq!(stage.pay("ORDER0001", "").await.status, 200);
    }
    assert_eq!(
        stage.pay("ORDER0001", "").await.json()["error"],
        "already_paid"
    );
    let all = stage.get("/_ctl/orders").await.json();
    let captured = all
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["captures"][0]["amount"]);
    assert_eq!(captured.collect::<Vec<_>>(), [&json!(1999), &json!(1999)]);
    let (one, two) = (
        stage.query("ORDER0001", &first).await,
        stage.query("ORDER0001", &second).await,
    );
    assert_eq!((&*one["origRespCode"], &*two["origRespCode"]), ("00", "00"));
    assert_ne!(one["queryId"], two["queryId"]);
}

#[tokio::test]
async fn a_bank_that_is_named_is_gone_to_straight() {
    let stage = Stage::new().await;
    let (txn_time, page) = stage.open("ORDER0001", &[("issInsCode", "ABC")]).await;
    assert_eq!(page.page_code(), "BANK");
    assert!(page.body.contains("data-bank=\"ABC\""));
    assert_eq!(stage.codes("ORDER0001", &txn_time).await.1, "70");

    let (txn_time, page) = stage.open("ORDER0002", &[]).await;
    let cashier = page.cashier();
    let bank = stage.post(&format!("{cashier}/bank-CMB"), "").await;
    assert_eq!(bank.page_code(), "BANK");
    assert!(bank.body.contains("data-bank=\"CMB\""));
    assert_eq!(stage.codes("ORDER0002", &txn_time).await.1, "70");
    assert_eq!(
        stage.post(&format!("{cashier}/bank-XYZ"), "").await.status,
        404
    );
}

/// The fields of the form that leads back to the merchant.
fn way_back(page: &Answer) -> Option<Fields> {
    let (_, form) = page
        .body
        .split_once("action=\"http://127.0.0.1:9/front\"")?;
    let inputs = form.split("name=\"").skip(1);
    let unescape = |text: &str| {
        let text = text.replace("&#13;", "\r").replace("&#10;", "\n");
        text.replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&")
    };
    let read = |input: &str| {
        let (name, rest) = input.split_once("\" value=\"").unwrap();
        (name.to_owned(), unescape(rest.split('"').next().unwrap()))
    };
    Some(inputs.map(read).collect())
}

#[tokio::test]
async fn a_buyer_pays_with_the_mouse_and_goes_back() {
    let stage = Stage::new().await;
    let (txn_time, page) = stage.open("ORDER0001", &[("issInsCode", "CMB")]).await;
    let cashier = page.cashier();
    let left = stage.post(&format!("{cashier}/leave"), "").await;
    assert_eq!(left.page_code(), "LEFT");
    assert_eq!(stage.truth("ORDER0001").await["state"], "waiting");
    let failed = stage.post(&format!("{cashier}/fail"), "").await;
    assert_eq!(failed.page_code(), "BANK");
    assert_eq!(stage.codes("ORDER0001", &txn_time).await.1, "64");

    let paid = stage.post(&format!("{cashier}/pay"), "").await;
    assert_eq!(paid.page_code(), "PAID");
    let fields = way_back(&paid).unwrap();
    assert_eq!(believe(&stage.keys, &fields), Belief::Genuine);
    for (name, value) in [
        ("respCode", "00"),
        ("orderId", "ORDER0001"),
        ("txnAmt", "1999"),
    ] {
        assert_eq!(fields[name], value, "{name}");
    }
    assert_eq!(stage.codes("ORDER0001", &txn_time).await.1, "00");
    let again = stage.post(&format!("{cashier}/pay"), "").await;
    assert_eq!(again.page_code(), "12");
    assert_eq!(stage.get(&cashier).await.page_code(), "PAID");
    assert_eq!(
        stage.truth("ORDER0001").await["captures"]
            .as_array()
            .unwrap()
            .len(),
        1
    );

    let (_, page) = stage.open("ORDER0002", &[]).await;
    let paid = stage
        .post(&format!("{}/pay-without-return", page.cashier()), "")
        .await;
    assert_eq!((paid.page_code(), way_back(&paid)), ("PAID", None));
    assert_eq!(stage.get("/unionpay/cashier/0000").await.status, 404);
}

#[tokio::test]
async fn after_its_time_the_cashier_refuses() {
    let stage = Stage::new().await;
    let (txn_time, page) = stage.open("ORDER0001", &[]).await;
    let early = stage.pay("ORDER0001", r#"{"late":true}"#).await;
    assert_eq!(
        (early.status, &early.json()["error"]),
        (409, &json!("in_time"))
    );
    stage.advance(1801).await;
    let refused = stage.post(&format!("{}/pay", page.cashier()), "").await;
    assert_eq!(refused.page_code(), "01");
    assert_eq!(stage.pay("ORDER0001", "").await.json()["error"], "closed");
    assert_eq!(
        stage.codes("ORDER0001", &txn_time).await,
        ("00".into(), "01".into())
    );
    assert_eq!(stage.get(&page.cashier()).await.page_code(), "CLOSED");
    assert_eq!(stage.truth("ORDER0001").await["state"], "closed");
}

#[tokio::test]
async fn a_banks_page_may_complete_too_late_and_the_money_returns_by_itself() {
    let (stage, ear) = (Stage::new().await, crate::harness::Ear::new().await);
    let back = ("backUrl", ear.url.as_str());
    let (txn_time, _) = stage
        .open("ORDER0001", &[("issInsCode", "CMB"), back])
        .await;
    stage.advance(1801).await;
    let paid = stage.pay("ORDER0001", r#"{"late":true}"#).await;
    assert_eq!(
        (paid.status, &paid.json()["captures"][0]["amount"]),
        (200, &json!(1999))
    );
    assert_eq!(stage.codes("ORDER0001", &txn_time).await.1, "42");
    let truth = stage.truth("ORDER0001").await;
    assert_eq!(
        (&truth["state"], &truth["refunds"][0]["state"]),
        (&json!("paid"), &json!("processing"))
    );
    let again = stage.pay("ORDER0001", r#"{"late":true}"#).await;
    assert_eq!(again.json()["error"], "already_paid");
    ear.hears_no_more_than(0).await;

    stage.advance(4 * 86_400).await;
    assert_eq!(stage.truth("ORDER0001").await["state"], "paid");
    stage.advance(4 * 86_400).await;
    let truth = stage.truth("ORDER0001").await;
    assert_eq!(
        (&truth["state"], &truth["refunds"][0]["amount"]),
        (&json!("refunded"), &json!(1999))
    );
    assert_eq!(stage.codes("ORDER0001", &txn_time).await.1, "42");
    ear.hears_no_more_than(0).await;

    let wrong = stage.pay("ORDER0001", r#"{"late":1}"#).await;
    assert_eq!(
        (wrong.status, &wrong.json()["field"]),
        (400, &json!("late"))
    );
    let other = stage
        .post("/_ctl/orders/alipay/A1/pay", r#"{"late":true}"#)
        .await;
    assert_eq!(
        (other.status, &other.json()["field"]),
        (400, &json!("late"))
    );
}
