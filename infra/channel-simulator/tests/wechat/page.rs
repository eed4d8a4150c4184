//! What a buyer sees and presses.

use serde_json::json;

use crate::harness::{Answer, Stage};

async fn h5(stage: &Stage) -> String {
    let mut order = stage.native_order("ORDER1");
    order["scene_info"] = json!({ "payer_client_ip": "1.2.3.4", "h5_info": { "type": "Wap" } });
    let answer = stage.post_json("/v3/pay/transactions/h5", &order).await;
    answer.json()["h5_url"].as_str().unwrap().to_owned()
}

/// The address of a button on a page.
fn button(page: &Answer, action: &str) -> String {
    let forms = page.text().split("action=\"").skip(1);
    let mut addresses = forms.map(|rest| rest.split('"').next().unwrap());
    let wanted = addresses.find(|address| {
        let path = address.split('?').next().unwrap();
        path.ends_with(&format!("/{action}"))
    });
    wanted.unwrap().replace("&amp;", "&")
}

#[tokio::test]
async fn a_code_is_scanned_and_paid() {
    let stage = Stage::new().await;
    let url = stage.native("ORDER1", None).await;
    let page = stage.get(&url).await;
    assert_eq!(page.page_code(), "CASHIER");
    assert!(page.text().contains("¥ 19.99") && page.text().contains("&lt;b&gt;"));
    let failed = stage.post(&button(&page, "fail"), "").await;
    assert_eq!(failed.page_code(), "CASHIER");
    assert_eq!(stage.trade_state("ORDER1").await, "NOTPAY");
    assert_eq!(
        stage.post(&button(&page, "leave"), "").await.page_code(),
        "LEFT"
    );
    assert_eq!(
        stage.post(&button(&page, "pay"), "").await.page_code(),
        "PAID"
    );
    assert_eq!(stage.trade_state("ORDER1").await, "SUCCESS");
    let twice = stage.post(&button(&page, "pay"), "").await;
    assert_eq!(twice.page_code(), "ORDER_PAID");
    assert_eq!(
        stage.truth("ORDER1").await["captures"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(stage.get(&url).await.page_code(), "PAID");
}

#[tokio::test]
async fn an_h5_page_leads_back_to_the_shop() {
    let stage = Stage::new().await;
    let url = h5(&stage).await;
    let back = "https%3A%2F%2Fshop.example%2Fdone%3Forder%3D1%26x%3D2";
    let page = stage.get(&format!("{url}&redirect_url={back}")).await;
    assert_eq!(page.page_code(), "CASHIER");
    let paid = stage.post(&button(&page, "pay"), "").await;
    assert_eq!(paid.status, 303);
    assert_eq!(
        paid.header("location"),
        Some("https://shop.example/done?order=1&x=2")
    );
    assert_eq!(stage.trade_state("ORDER1").await, "SUCCESS");
}

#[tokio::test]
async fn a_return_can_be_lost_and_need_not_be_named() {
    let stage = Stage::new().await;
    let page = stage
        .get(&format!(
            "{}&redirect_url=https%3A%2F%2Fx.example",
            h5(&stage).await
        ))
        .await;
    let paid = stage.post(&button(&page, "pay-without-return"), "").await;
    assert_eq!((paid.status, paid.page_code()), (200, "PAID"));
    let stage = Stage::new().await;
    let page = stage
        .get(&format!("{}&redirect_url=javascript:x", h5(&stage).await))
        .await;
    let paid = stage.post(&button(&page, "pay"), "").await;
    assert_eq!((paid.status, paid.page_code()), (200, "PAID"));
}

#[tokio::test]
async fn links_die_before_their_order() {
    let stage = Stage::new().await;
    let url = h5(&stage).await;
    stage.advance(290).await;
    assert_eq!(stage.get(&url).await.page_code(), "CASHIER");
    stage.advance(11).await;
    assert_eq!(stage.get(&url).await.page_code(), "LINK_EXPIRED");
    let pay = url.replace("?", "/pay?");
    assert_eq!(stage.post(&pay, "").await.page_code(), "LINK_EXPIRED");
    assert_eq!(stage.trade_state("ORDER1").await, "NOTPAY");
    assert_eq!(stage.get(&h5(&stage).await).await.page_code(), "CASHIER");

    let url = stage.native("ORDER2", None).await;
    stage.advance(7190).await;
    assert_eq!(stage.get(&url).await.page_code(), "CASHIER");
    stage.advance(11).await;
    assert_eq!(stage.get(&url).await.page_code(), "LINK_EXPIRED");
    stage.close("ORDER2").await;
    assert_eq!(stage.get(&url).await.page_code(), "CLOSED");
    let other_kind = url.replace("/qr/", "/h5/");
    assert_eq!(stage.get(&other_kind).await.status, 404);
    assert_eq!(
        stage
            .get(&format!("{}/wechat/qr/wx1", stage.url))
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn a_jsapi_order_has_a_page_too() {
    let stage = Stage::new().await;
    let mut order = stage.native_order("ORDER1");
    order["payer"] = json!({ "openid": "oBuyer" });
    let answer = stage
        .post_json("/v3/pay/transactions/jsapi", &order)
        .await
        .json();
    let url = format!(
        "{}/wechat/jsapi/{}",
        stage.url,
        answer["prepay_id"].as_str().unwrap()
    );
    assert_eq!(stage.get(&url).await.page_code(), "CASHIER");
    assert_eq!(
        stage.post(&format!("{url}/pay"), "").await.page_code(),
        "PAID"
    );
    assert_eq!(stage.trade_state("ORDER1").await, "SUCCESS");
}
