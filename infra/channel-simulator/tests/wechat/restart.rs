//! What outlives the process: keys, orders, refunds under way, and what has not been told yet.

use serde_json::json;

use crate::{
    ear::Ear,
    harness::{Stage, refund_body, start_with},
};

#[tokio::test]
async fn keys_books_and_refunds_under_way_survive() {
    let (stage, ear) = (Stage::new().await, Ear::new().await);
    let url = stage.native("ORDER1", None).await;
    stage.paid("ORDER2").await;
    let mut body = refund_body("ORDER2", "R1", 500);
    body["notify_url"] = json!(ear.url);
    stage.post_json("/v3/refund/domestic/refunds", &body).await;
    let (keys, truth) = (stage.keys.clone(), stage.truth("ORDER2").await);

    let stage = stage.restarted().await;
    for name in [
        "appid",
        "mchid",
        "serial_no",
        "apiv3_key",
        "public_key_id",
        "next_public_key_id",
        "merchant_private_key",
    ] {
        assert_eq!(stage.keys[name], keys[name], "{name}");
    }
    assert_eq!(stage.truth("ORDER2").await["captures"], truth["captures"]);
    let path = url.split("/wechat/").nth(1).unwrap();
    let page = stage.get(&format!("{}/wechat/{path}", stage.url)).await;
    assert_eq!(page.page_code(), "CASHIER");
    stage.advance(3).await;
    let told = ear.hear(1).await[0].resource(&stage);
    assert_eq!(told["refund_status"], "SUCCESS");
    assert_eq!(
        stage.truth("ORDER2").await["refunds"][0]["state"],
        "succeeded"
    );
}

#[tokio::test]
async fn an_older_state_file_is_refused_by_name() {
    let said = start_with(r#"{"version":1,"alipay":{}}"#)
        .await
        .unwrap_err();
    assert!(
        said.contains("version 1") && said.contains("--fresh"),
        "{said}"
    );
    let said = start_with("{").await.unwrap_err();
    assert!(
        said.contains("not understood") && said.contains("--fresh"),
        "{said}"
    );
}
