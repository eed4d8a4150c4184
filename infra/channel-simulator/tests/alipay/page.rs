//! The life of an order: opened, paid, closed, expired.

use serde_json::{Value, json};

use crate::harness::{Stage, page_order};

#[tokio::test]
async fn an_order_is_unknown_until_its_page_is_opened() {
    let stage = Stage::new().await;
    let link = stage.link(&page_order("A1"), &[]);
    assert_eq!(stage.query("A1").await["sub_code"], "ACQ.TRADE_NOT_EXIST");
    let refused = stage.pay("A1").await;
    assert_eq!(
        (refused.status, &refused.json()["error"]),
        (404, &json!("unknown_order"))
    );
    let closed = stage
        .call("alipay.trade.close", &json!({"out_trade_no": "A1"}))
        .await;
    assert_eq!(closed["sub_code"], "ACQ.TRADE_NOT_EXIST");

    let page = stage.get(&link).await;
    assert_eq!(page.page_code(), "CASHIER");
    assert!(page.body.contains("绿茶 + 杯子 &lt;b&gt;"), "{}", page.body);
    assert!(page.body.contains("¥ 19.99"));
    assert_eq!(stage.get(&link).await.page_code(), "CASHIER");
    let reply = stage.query("A1").await;
    assert_eq!(reply["trade_status"], "WAIT_BUYER_PAY");
    assert_eq!(reply["total_amount"], "19.99");
    assert_eq!(reply["trade_no"].as_str().unwrap().len(), 28);
    assert_eq!(reply.get("send_pay_date"), None);

    let paid = stage.pay("A1").await;
    assert_eq!(paid.status, 200, "{}", paid.body);
    assert_eq!(paid.json()["state"], "paid");
    let reply = stage.query("A1").await;
    assert_eq!(reply["trade_status"], "TRADE_SUCCESS");
    assert!(reply["send_pay_date"].is_string());
    assert_eq!(stage.pay("A1").await.status, 409);
    assert_eq!(stage.get(&link).await.page_code(), "ACQ.TRADE_HAS_SUCCESS");
    let closed = stage
        .call("alipay.trade.close", &json!({"out_trade_no": "A1"}))
        .await;
    assert_eq!(closed["sub_code"], "ACQ.TRADE_STATUS_ERROR");

    let truth = stage.truth("A1").await;
    assert_eq!(truth["created_count"], 1);
    assert_eq!(truth["create_requests"], 3);
    assert_eq!(truth["captures"].as_array().unwrap().len(), 1);
    assert_eq!(truth["captures"][0]["amount"], 1999);
    assert_eq!(truth["paid_at"], truth["captures"][0]["at"]);
    assert_eq!(truth["refunds"], json!([]));
}

#[tokio::test]
async fn the_same_number_with_other_terms_is_inconsistent() {
    let stage = Stage::new().await;
    let order = page_order("A1");
    stage.open(&order, &[]).await;
    for (name, value) in [("total_amount", "20.00"), ("subject", "tea")] {
        let mut other = order.clone();
        other[name] = json!(value);
        let page = stage.get(&stage.link(&other, &[])).await;
        assert_eq!(page.page_code(), "ACQ.CONTEXT_INCONSISTENT", "{name}");
    }
    let mut same = order.clone();
    same["total_amount"] = json!("19.990".trim_end_matches('0'));
    stage.open(&same, &[]).await;
    assert_eq!(stage.truth("A1").await["amount"], 1999);
}

#[tokio::test]
async fn a_closed_order_cannot_be_paid() {
    let stage = Stage::new().await;
    let order = page_order("A1");
    stage.open(&order, &[]).await;
    let close = json!({"out_trade_no": "A1"});
    assert_eq!(
        stage.call("alipay.trade.close", &close).await["code"],
        "10000"
    );
    assert_eq!(
        stage.call("alipay.trade.close", &close).await["sub_code"],
        "ACQ.REASON_TRADE_STATUS_INVALID"
    );
    assert_eq!(stage.query("A1").await["trade_status"], "TRADE_CLOSED");
    assert_eq!(
        stage.get(&stage.link(&order, &[])).await.page_code(),
        "ACQ.TRADE_HAS_CLOSE"
    );
    let refused = stage.pay("A1").await;
    assert_eq!(
        (refused.status, &refused.json()["error"]),
        (409, &json!("closed"))
    );
}

#[tokio::test]
async fn time_closes_what_was_opened_and_forgets_what_was_not() {
    let stage = Stage::new().await;
    stage.open(&page_order("A1"), &[]).await;
    let unopened = stage.link(&page_order("A2"), &[]);
    stage.advance(1801).await;
    assert_eq!(stage.truth("A1").await["state"], "closed");
    assert_eq!(stage.query("A1").await["trade_status"], "TRADE_CLOSED");
    assert_eq!(stage.pay("A1").await.status, 409);
    let page = stage.get(&unopened).await;
    assert!(page.body.contains("已过期"), "{}", page.body);
    assert_eq!(stage.query("A2").await["sub_code"], "ACQ.TRADE_NOT_EXIST");
}

#[tokio::test]
async fn a_buyer_pays_with_the_mouse_and_is_sent_back() {
    let stage = Stage::new().await;
    let return_url = ("return_url", "http://127.0.0.1:9/back?x=1#top");
    let page = stage.open(&page_order("A1"), &[return_url]).await;
    let cashier = cashier_of(&page.body);
    let failed = stage.post(&format!("{cashier}/fail"), "").await;
    assert_eq!(failed.page_code(), "CASHIER");
    assert_eq!(
        stage
            .post(&format!("{cashier}/leave"), "")
            .await
            .page_code(),
        "LEFT"
    );
    assert_eq!(stage.truth("A1").await["state"], "waiting");

    let paid = stage.post(&format!("{cashier}/pay"), "").await;
    assert_eq!(paid.status, 303);
    let location = paid.location.unwrap();
    let query = location
        .strip_prefix("http://127.0.0.1:9/back?x=1&")
        .and_then(|rest| rest.strip_suffix("#top"))
        .unwrap();
    let fields = form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    assert!(crate::harness::is_genuine(&stage, &fields));
    assert_eq!(fields["method"], "alipay.trade.page.pay.return");
    assert_eq!(fields.get("trade_status"), None);

    let again = stage.post(&format!("{cashier}/pay"), "").await;
    assert_eq!(again.page_code(), "ACQ.TRADE_HAS_SUCCESS");
    assert_eq!(stage.get(&cashier).await.page_code(), "PAID");
    assert_eq!(
        stage.truth("A1").await["captures"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_buyer_may_pay_without_coming_back() {
    let stage = Stage::new().await;
    let return_url = ("return_url", "http://127.0.0.1:9/back");
    let page = stage.open(&page_order("A1"), &[return_url]).await;
    let cashier = cashier_of(&page.body);
    let paid = stage
        .post(&format!("{cashier}/pay-without-return"), "")
        .await;
    assert_eq!((paid.status, paid.page_code()), (200, "PAID"));
}

#[tokio::test]
async fn a_code_is_unknown_until_it_is_scanned() {
    let stage = Stage::new().await;
    let order = |number: &str, amount: &str| -> Value {
        json!({"out_trade_no": number, "total_amount": amount, "subject": "tea", "timeout_express": "30m"})
    };
    let method = "alipay.trade.precreate";
    let first = stage.call(method, &order("Q1", "1.00")).await;
    let again = stage.call(method, &order("Q1", "1.00")).await;
    assert_eq!(first["qr_code"], again["qr_code"]);
    let other = stage.call(method, &order("Q1", "2.00")).await;
    assert_eq!(other["sub_code"], "ACQ.CONTEXT_INCONSISTENT");
    assert_eq!(stage.query("Q1").await["sub_code"], "ACQ.TRADE_NOT_EXIST");
    assert_eq!(stage.get("/_ctl/orders/alipay/Q1").await.status, 404);

    let page = stage.get(first["qr_code"].as_str().unwrap()).await;
    assert_eq!(page.page_code(), "CASHIER");
    assert_eq!(stage.query("Q1").await["trade_status"], "WAIT_BUYER_PAY");

    stage.call(method, &order("Q2", "3.00")).await;
    let paid = stage.pay("Q2").await;
    assert_eq!(
        (paid.status, &paid.json()["created_count"]),
        (200, &json!(1))
    );
    let refused = stage.call(method, &order("Q2", "3.00")).await;
    assert_eq!(refused["sub_code"], "ACQ.TRADE_HAS_SUCCESS");

    let late = stage.call(method, &order("Q3", "3.00")).await;
    stage.advance(1801).await;
    let page = stage.get(late["qr_code"].as_str().unwrap()).await;
    assert_eq!(page.page_code(), "ACQ.TRADE_HAS_CLOSE");
    assert_eq!(stage.pay("Q3").await.status, 409);
    assert_eq!(stage.query("Q3").await["sub_code"], "ACQ.TRADE_NOT_EXIST");
}

/// The address of the cashier page, found as a browser finds it.
fn cashier_of(html: &str) -> String {
    let start = html.find("action=\"").unwrap() + "action=\"".len();
    let action = html[start..].split('"').next().unwrap();
    action.rsplit_once('/').unwrap().0.to_owned()
}
