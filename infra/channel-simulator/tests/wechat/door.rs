//! Who is let in: every reason to refuse a request before its business is looked at.

use axum::http::Method;
use serde_json::json;

use crate::harness::{Call, Stage};

const NATIVE: &str = "/v3/pay/transactions/native";

#[tokio::test]
async fn a_wrong_signature_is_refused_without_one() {
    let stage = Stage::new().await;
    let body = stage.native_order("ORDER1").to_string();
    let good = stage.draft(Method::POST, NATIVE, body.clone());
    type Change = fn(&mut Call);
    let signed_otherwise: [(&str, Change); 7] = [
        ("path", |call| call.path.push('/')),
        ("body", |call| call.body.push(' ')),
        ("method", |call| call.method = Method::PUT),
        ("mchid", |call| call.mchid = "1600000000".to_owned()),
        ("serial", |call| {
            call.serial_no = call.serial_no.to_lowercase() + "0"
        }),
        ("old", |call| call.timestamp -= 310),
        ("young", |call| call.timestamp += 310),
    ];
    for (name, change) in signed_otherwise {
        let mut call = good.clone();
        change(&mut call);
        let header = stage.authorization(&call);
        let mut request = stage.request(&good);
        request
            .headers_mut()
            .unwrap()
            .insert("authorization", header.parse().unwrap());
        let answer = stage.send(request, body.clone()).await.unwrap();
        assert_eq!(answer.refusal(), (401, "SIGN_ERROR".to_owned()), "{name}");
        assert_eq!(answer.header("wechatpay-signature"), None, "{name}");
        assert!(answer.header("request-id").is_some(), "{name}");
    }
    for header in ["", "Bearer x", "WECHATPAY2-SHA256-RSA2048 mchid=\"1\""] {
        let mut request = stage.request(&good);
        request
            .headers_mut()
            .unwrap()
            .insert("authorization", header.parse().unwrap());
        let answer = stage.send(request, body.clone()).await.unwrap();
        assert_eq!(answer.refusal(), (401, "SIGN_ERROR".to_owned()), "{header}");
    }
    assert_eq!(stage.get("/_ctl/orders/wechat/ORDER1").await.status, 404);
    let answer = stage.send(stage.request(&good), body).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[tokio::test]
async fn headers_are_required() {
    let stage = Stage::new().await;
    let body = stage.native_order("ORDER1").to_string();
    let call = stage.draft(Method::POST, NATIVE, body.clone());
    for name in ["user-agent", "accept", "content-type"] {
        let mut request = stage.request(&call);
        request.headers_mut().unwrap().remove(name);
        let answer = stage.send(request, body.clone()).await.unwrap();
        assert_eq!(
            answer.refusal(),
            (400, "INVALID_REQUEST".to_owned()),
            "{name}"
        );
    }
    let request = stage
        .request(&call)
        .header("wechatpay-serial", "PUB_KEY_ID_0");
    let answer = stage.send(request, body.clone()).await.unwrap();
    assert_eq!(answer.refusal(), (400, "PARAM_ERROR".to_owned()));
    let serial = stage.key("next_public_key_id");
    let request = stage.request(&call).header("wechatpay-serial", serial);
    assert_eq!(stage.send(request, body).await.unwrap().status, 200);
}

#[tokio::test]
async fn what_is_not_there_is_refused_with_a_signature() {
    let stage = Stage::new().await;
    for (method, path, body, refusal) in [
        (
            Method::GET,
            "/v3/certificates",
            "",
            (404, "RESOURCE_NOT_EXISTS"),
        ),
        (
            Method::GET,
            "/v3/pay/transactions/native",
            "",
            (404, "NOT_FOUND"),
        ),
        (
            Method::POST,
            "/v3/pay/transactions/app",
            "{}",
            (404, "NOT_FOUND"),
        ),
        (Method::POST, NATIVE, "[]", (400, "PARAM_ERROR")),
        (Method::POST, NATIVE, "{", (400, "PARAM_ERROR")),
    ] {
        let answer = stage.try_call(method, path, body.to_owned()).await.unwrap();
        assert_eq!(
            answer.refusal(),
            (refusal.0, refusal.1.to_owned()),
            "{path}"
        );
        assert!(stage.is_genuine(&answer.headers, answer.text()), "{path}");
    }
}

#[tokio::test]
async fn the_path_is_signed_as_it_was_sent() {
    let stage = Stage::new().await;
    let mchid = stage.key("mchid");
    for number in ["AB%7C123", "AB|123", "AB*123", "AB%2A123"] {
        let path = format!("/v3/pay/transactions/out-trade-no/{number}?mchid={mchid}");
        let answer = stage.get_json(&path).await;
        assert_eq!(
            answer.refusal(),
            (404, "ORDER_NOT_EXIST".to_owned()),
            "{number}"
        );
    }
}

#[tokio::test]
async fn after_a_rotation_the_next_key_signs() {
    let mut stage = Stage::new().await;
    let (key, next) = (
        stage.keys["public_key_id"].clone(),
        stage.keys["next_public_key_id"].clone(),
    );
    let serial = async |stage: &Stage| {
        let answer = stage.query("NOBODY").await;
        json!(answer.header("wechatpay-serial").unwrap())
    };
    assert_eq!(serial(&stage).await, key);
    let which = json!({ "channel": "wechat", "account": "wechat-strict" });
    stage.control("/_ctl/keys/rotate", &which).await;
    assert_eq!(serial(&stage).await, next);
    stage.read_keys().await;
    assert_eq!(stage.keys["public_key_id"], next);
    assert_eq!(stage.keys["next_public_key_id"], key);
    let stage = stage.restarted().await;
    assert_eq!(serial(&stage).await, next);
    for (body, field) in [
        (
            json!({ "channel": "wechat", "account": "nobody" }),
            "account",
        ),
        (json!({ "channel": "visa", "account": "x" }), "channel"),
        (json!({ "channel": "wechat" }), "account"),
    ] {
        let answer = stage.post("/_ctl/keys/rotate", &body.to_string()).await;
        assert_eq!(
            (answer.status, &answer.json()["field"]),
            (400, &json!(field))
        );
    }
}
