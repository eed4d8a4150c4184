//! The life of an order: created, asked for, paid, closed, expired.

use serde_json::{Value, json};

use crate::harness::{Stage, rfc3339};

const NATIVE: &str = "/v3/pay/transactions/native";

#[tokio::test]
async fn an_order_is_created_paid_and_found_by_both_numbers() {
    let stage = Stage::new().await;
    let url = stage.native("ORDER1", None).await;
    assert!(url.starts_with(&format!("{}/wechat/qr/wx", stage.url)));
    let unpaid = stage.query("ORDER1").await.json();
    assert_eq!(unpaid["trade_state"], "NOTPAY");
    assert_eq!(unpaid["amount"]["total"], 1999);
    assert!(unpaid.get("transaction_id").is_none());
    assert_eq!(stage.pay("ORDER1").await.status, 200);
    let paid = stage.query("ORDER1").await.json();
    assert_eq!(paid["trade_state"], "SUCCESS");
    assert_eq!(paid["trade_type"], "NATIVE");
    assert_eq!(
        paid["amount"],
        json!({
            "total": 1999, "payer_total": 1999, "currency": "CNY", "payer_currency": "CNY",
        })
    );
    let id = paid["transaction_id"].as_str().unwrap();
    assert_eq!(id.len(), 28);
    let path = format!("/v3/pay/transactions/id/{id}?mchid={}", stage.key("mchid"));
    assert_eq!(stage.get_json(&path).await.json(), paid);
    assert_eq!(stage.pay("ORDER1").await.status, 409);
    assert_eq!(
        stage.truth("ORDER1").await["captures"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_create_is_repeated_only_as_it_was() {
    let stage = Stage::new().await;
    let first = stage.native("ORDER1", None).await;
    let again = stage.native("ORDER1", None).await;
    assert_ne!(first, again);
    for url in [&first, &again] {
        assert_eq!(stage.get(url).await.page_code(), "CASHIER");
    }
    let mut other = stage.native_order("ORDER1");
    other["amount"]["total"] = json!(2000);
    let refused = async |path: &str, body: &Value| stage.post_json(path, body).await.refusal();
    assert_eq!(
        refused(NATIVE, &other).await,
        (400, "INVALID_REQUEST".to_owned())
    );
    let mut other = stage.native_order("ORDER1");
    other["payer"] = json!({ "openid": "o1" });
    let jsapi = "/v3/pay/transactions/jsapi";
    assert_eq!(
        refused(jsapi, &other).await,
        (403, "OUT_TRADE_NO_USED".to_owned())
    );
    let truth = stage.truth("ORDER1").await;
    assert_eq!(truth["created_count"], 1);
    assert_eq!(truth["create_requests"], 4);
    assert_eq!(truth["amount"], 1999);
    let body = stage.native_order("ORDER1");
    stage.pay("ORDER1").await;
    assert_eq!(refused(NATIVE, &body).await, (400, "ORDER_PAID".to_owned()));
    stage.native("ORDER2", None).await;
    assert_eq!(stage.close("ORDER2").await.status, 204);
    let body = stage.native_order("ORDER2");
    assert_eq!(
        refused(NATIVE, &body).await,
        (400, "ORDER_CLOSED".to_owned())
    );
}

#[tokio::test]
async fn every_field_is_checked() {
    let stage = Stage::new().await;
    let long = "长".repeat(128);
    for (field, value) in [
        ("appid", Value::Null),
        ("mchid", json!("1600000000")),
        ("mchid", Value::Null),
        ("description", json!("")),
        ("description", json!(long)),
        ("out_trade_no", json!("AB123")),
        ("out_trade_no", json!("A".repeat(33))),
        ("out_trade_no", json!("ORDER 1")),
        ("notify_url", Value::Null),
        ("notify_url", json!("/relative")),
        ("notify_url", json!("https://shop.example/n?x=1")),
        ("attach", json!(format!("{long}x"))),
        ("amount", Value::Null),
        ("amount", json!({ "total": 0 })),
        ("amount", json!({ "total": "1999" })),
        ("amount", json!({ "total": 19.99 })),
        ("amount", json!({ "total": 1, "currency": "USD" })),
        ("time_expire", json!("2026-11-20 23:15:00")),
        ("time_expire", json!(rfc3339(30))),
        ("time_expire", json!(rfc3339(7 * 86_400 + 60))),
    ] {
        let mut order = stage.native_order("ORDER1");
        order[field] = value.clone();
        if value.is_null() {
            order.as_object_mut().unwrap().remove(field);
        }
        let answer = stage.post_json(NATIVE, &order).await;
        assert_eq!(
            answer.refusal(),
            (400, "PARAM_ERROR".to_owned()),
            "{field} {value}"
        );
        let named = answer.json()["detail"]["field"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(named.starts_with(field), "{field} {value}: {named}");
    }
    let mut order = stage.native_order("ORDER1");
    order["appid"] = json!("wx0000000000000000");
    let answer = stage.post_json(NATIVE, &order).await;
    assert_eq!(answer.refusal(), (400, "APPID_MCHID_NOT_MATCH".to_owned()));
    assert_eq!(stage.get("/_ctl/orders/wechat/ORDER1").await.status, 404);
}

#[tokio::test]
async fn h5_and_jsapi_need_more() {
    let stage = Stage::new().await;
    let order = stage.native_order("ORDER1");
    for (product, scene, payer, field) in [
        ("h5", json!(null), json!(null), "scene_info.payer_client_ip"),
        (
            "h5",
            json!({ "payer_client_ip": "1.2.3" }),
            json!(null),
            "scene_info.payer_client_ip",
        ),
        (
            "h5",
            json!({ "payer_client_ip": "1.2.3.4", "h5_info": { "type": "wap" } }),
            json!(null),
            "scene_info.h5_info.type",
        ),
        ("jsapi", json!(null), json!({}), "payer.openid"),
    ] {
        let mut order = order.clone();
        order["scene_info"] = scene;
        order["payer"] = payer;
        let path = format!("/v3/pay/transactions/{product}");
        let answer = stage.post_json(&path, &order).await;
        assert_eq!(answer.status, 400);
        assert_eq!(answer.json()["detail"]["field"], field);
    }
    let mut jsapi = order.clone();
    jsapi["payer"] = json!({ "openid": "oBuyer" });
    // Pages other than Native may live for fifteen days.
    jsapi["time_expire"] = json!(rfc3339(14 * 86_400));
    let answer = stage
        .post_json("/v3/pay/transactions/jsapi", &jsapi)
        .await
        .json();
    assert!(answer["prepay_id"].as_str().unwrap().starts_with("wx"));
    stage.pay("ORDER1").await;
    let paid = stage.query("ORDER1").await.json();
    assert_eq!(
        (&paid["trade_type"], &paid["payer"]["openid"]),
        (&json!("JSAPI"), &json!("oBuyer"))
    );
}

#[tokio::test]
async fn a_close_is_repeatable_and_never_beats_a_payment() {
    let stage = Stage::new().await;
    assert_eq!(
        stage.close("NOBODY").await.refusal(),
        (404, "ORDER_NOT_EXIST".to_owned())
    );
    stage.native("ORDER1", None).await;
    for _ in 0..2 {
        let answer = stage.close("ORDER1").await;
        assert_eq!((answer.status, answer.text()), (204, ""));
    }
    assert_eq!(stage.trade_state("ORDER1").await, "CLOSED");
    assert_eq!(stage.pay("ORDER1").await.status, 409);
    stage.paid("ORDER2").await;
    assert_eq!(
        stage.close("ORDER2").await.refusal(),
        (400, "ORDER_PAID".to_owned())
    );
    assert_eq!(stage.trade_state("ORDER2").await, "SUCCESS");
}

#[tokio::test]
async fn an_order_expires() {
    let stage = Stage::new().await;
    let mut order = stage.native_order("ORDER1");
    order["time_expire"] = json!(rfc3339(120));
    stage.post_json(NATIVE, &order).await;
    stage.native("ORDER2", None).await;
    stage.advance(121).await;
    assert_eq!(stage.trade_state("ORDER1").await, "CLOSED");
    assert_eq!(stage.trade_state("ORDER2").await, "NOTPAY");
    stage.advance(7 * 86_400).await;
    assert_eq!(stage.trade_state("ORDER2").await, "CLOSED");
    assert_eq!(stage.pay("ORDER2").await.status, 409);
}

#[tokio::test]
async fn a_query_names_its_merchant() {
    let stage = Stage::new().await;
    stage.paid("ORDER1").await;
    let path = "/v3/pay/transactions/out-trade-no/ORDER1";
    for query in ["", "?mchid=1600000000"] {
        let answer = stage.get_json(&format!("{path}{query}")).await;
        assert_eq!(answer.refusal(), (400, "PARAM_ERROR".to_owned()));
    }
    assert_eq!(
        stage.query("NOBODY").await.refusal(),
        (404, "ORDER_NOT_EXIST".to_owned())
    );
    stage.native("ORDER2", None).await;
    let unpaid = stage.truth("ORDER2").await["trade_no"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!(
        "/v3/pay/transactions/id/{unpaid}?mchid={}",
        stage.key("mchid")
    );
    assert_eq!(stage.get_json(&path).await.status, 404);
}
