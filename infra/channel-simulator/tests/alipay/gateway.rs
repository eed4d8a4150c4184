//! What the gateway refuses, and how it says so.

use axum::http::Request;
use serde_json::{Value, json};

use crate::harness::{Stage, beijing, form, page_order};

async fn post(stage: &Stage, form: String) -> Value {
    let request = Request::post(stage.keys["base_url"].as_str().unwrap())
        .header("content-type", "application/x-www-form-urlencoded");
    stage.send(request, form).await.unwrap().json()
}

#[tokio::test]
async fn a_wrong_signature_is_refused_without_a_signature() {
    let stage = Stage::new().await;
    let mut parameters =
        stage.parameters("alipay.trade.query", &json!({"out_trade_no": "A1"}), &[]);
    parameters.insert("biz_content".into(), r#"{"out_trade_no":"A2"}"#.into());
    let answer = post(&stage, form(&parameters)).await;
    assert_eq!(answer["error_response"]["code"], "40002");
    assert_eq!(
        answer["error_response"]["sub_code"],
        "isv.invalid-signature"
    );
    assert_eq!(answer.get("sign"), None);
}

#[tokio::test]
async fn public_parameters_are_checked_one_by_one() {
    let stage = Stage::new().await;
    let content = json!({"out_trade_no": "A1"});
    let method = "alipay.trade.query";
    for (name, value, code, sub_code) in [
        ("method", "", "40001", "isv.missing-method"),
        ("method", "alipay.trade.fly", "40002", "isv.invalid-method"),
        ("app_id", "", "40001", "isv.missing-app-id"),
        ("app_id", "2021000000000000", "40002", "isv.invalid-app-id"),
        ("sign_type", "", "40001", "isv.missing-signature-type"),
        ("sign_type", "RSA", "40002", "isv.invalid-signature-type"),
        ("charset", "", "40001", "isv.missing-charset"),
        ("charset", "gbk", "40002", "isv.invalid-charset"),
        ("timestamp", "", "40001", "isv.missing-timestamp"),
        (
            "timestamp",
            "2026-01-01T00:00:00",
            "40002",
            "isv.invalid-timestamp",
        ),
        ("version", "2.0", "40002", "isv.invalid-parameter"),
        ("format", "XML", "40002", "isv.invalid-format"),
        ("biz_content", "", "40001", "isv.missing-parameter"),
        ("biz_content", "[1]", "40002", "isv.invalid-parameter"),
        ("biz_content", "{", "40002", "isv.invalid-parameter"),
    ] {
        let parameters = stage.parameters(method, &content, &[(name, value)]);
        let answer = post(&stage, form(&parameters)).await;
        let reply = answer
            .get("error_response")
            .or_else(|| answer.get("alipay_trade_query_response"))
            .unwrap();
        assert_eq!(
            (reply["code"].as_str(), reply["sub_code"].as_str()),
            (Some(code), Some(sub_code)),
            "{name}={value}: {answer}"
        );
    }
    let mut unsigned = stage.parameters(method, &content, &[]);
    unsigned.remove("sign");
    let answer = post(&stage, form(&unsigned)).await;
    assert_eq!(
        answer["error_response"]["sub_code"],
        "isv.missing-signature"
    );
}

#[tokio::test]
async fn the_parameters_may_stand_in_the_address_and_in_the_body() {
    let stage = Stage::new().await;
    let mut parameters =
        stage.parameters("alipay.trade.query", &json!({"out_trade_no": "A1"}), &[]);
    let content = parameters.remove("biz_content").unwrap();
    let address = format!(
        "{}?{}",
        stage.keys["base_url"].as_str().unwrap(),
        form(&parameters)
    );
    let body = form(&[("biz_content".to_owned(), content)].into());
    let request =
        Request::post(&address).header("content-type", "application/x-www-form-urlencoded");
    let answer = stage.send(request, body).await.unwrap();
    let reply = stage.verified("alipay.trade.query", &answer.body).unwrap();
    assert_eq!(reply["sub_code"], "ACQ.TRADE_NOT_EXIST");

    let request =
        Request::post(&address).header("content-type", "application/x-www-form-urlencoded");
    let answer = stage
        .send(request, "version=2.0&biz_content={}".into())
        .await
        .unwrap();
    assert_eq!(
        answer.json()["error_response"]["sub_code"],
        "isv.invalid-parameter"
    );
}

#[tokio::test]
async fn fields_of_an_order_are_checked_one_by_one() {
    let stage = Stage::new().await;
    for (name, value) in [
        ("out_trade_no", json!("A-1")),
        ("out_trade_no", json!("")),
        ("out_trade_no", json!("A".repeat(65))),
        ("total_amount", json!("0.001")),
        ("total_amount", json!("0")),
        ("total_amount", json!("100000000.01")),
        ("subject", json!("a/b")),
        ("subject", json!("茶".repeat(257))),
        ("product_code", json!("QUICK_WAP_WAY")),
        ("product_code", Value::Null),
        ("time_expire", json!("2026-01-01")),
        ("time_expire", json!(beijing(15 * 86_400 + 60))),
    ] {
        let mut content = page_order("A1");
        content[name] = value.clone();
        let answer = stage.get(&stage.link(&content, &[])).await;
        assert_eq!(
            answer.page_code(),
            "ACQ.INVALID_PARAMETER",
            "{name}: {value}"
        );
    }
    let link = stage.link(&page_order("A1"), &[("notify_url", "/relative")]);
    assert_eq!(stage.get(&link).await.page_code(), "ACQ.INVALID_PARAMETER");
    assert_eq!(stage.get("/_ctl/orders").await.json(), json!([]));
}

#[tokio::test]
async fn the_control_api_names_what_is_wrong() {
    let stage = Stage::new().await;
    let bad = stage.post("/_ctl/faults", r#"{"channel":"visa"}"#).await;
    assert_eq!((bad.status, &bad.json()["field"]), (400, &json!("channel")));
    let bad = stage.post("/_ctl/clock", r#"{"advance_seconds":-1}"#).await;
    assert_eq!(
        (bad.status, &bad.json()["field"]),
        (400, &json!("advance_seconds"))
    );
    let bad = stage
        .post("/_ctl/orders/alipay/A1/pay", r#"{"amount":"1"}"#)
        .await;
    assert_eq!((bad.status, &bad.json()["field"]), (400, &json!("amount")));
    assert_eq!(stage.get("/_ctl/orders/visa/A1").await.status, 400);
    assert_eq!(stage.get("/_ctl/orders/alipay/A1").await.status, 404);
    assert_eq!(stage.get("/nowhere").await.status, 404);
}

#[tokio::test]
async fn a_person_finds_the_orders_on_the_start_page() {
    let stage = Stage::new().await;
    stage.open(&page_order("A1"), &[]).await;
    let page = stage.get("/").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("A1") && page.body.contains("&lt;b&gt;"));
}
