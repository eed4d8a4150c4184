//! Notifications: signed, repeated until they are acknowledged, and again for every refund.

use serde_json::json;

use crate::harness::{Ear, Stage, is_genuine, page_order};

#[tokio::test]
async fn a_payment_is_told_with_every_field_signed() {
    let (stage, ear) = (Stage::new().await, Ear::new().await);
    let mut order = page_order("A1");
    order["passback_params"] = json!("a%3D1");
    stage.open(&order, &[("notify_url", &ear.url)]).await;
    assert_eq!(stage.truth("A1").await["notify_url"], ear.url.as_str());
    stage.pay("A1").await;
    let heard = ear.hear(1).await.remove(0);
    assert!(is_genuine(&stage, &heard), "{heard:?}");
    for (name, value) in [
        ("notify_type", "trade_status_sync"),
        ("trade_status", "TRADE_SUCCESS"),
        ("out_trade_no", "A1"),
        ("total_amount", "19.99"),
        ("subject", "绿茶 + 杯子 <b>"),
        ("passback_params", "a%3D1"),
        ("sign_type", "RSA2"),
        ("app_id", stage.keys["app_id"].as_str().unwrap()),
        ("seller_id", stage.keys["seller_id"].as_str().unwrap()),
    ] {
        assert_eq!(heard[name], value, "{name}");
    }
    assert!(heard.contains_key("gmt_payment"));
    assert!(!heard.contains_key("refund_fee"));
    stage.advance(86_400).await;
    ear.hears_no_more_than(1).await;
}

#[tokio::test]
async fn what_is_not_acknowledged_comes_again_by_the_ladder() {
    let (stage, ear) = (Stage::new().await, Ear::new().await);
    ear.answers(200, "SUCCESS");
    stage
        .open(&page_order("A1"), &[("notify_url", &ear.url)])
        .await;
    stage.pay("A1").await;
    ear.hear(1).await;
    stage.advance(200).await;
    ear.hears_no_more_than(1).await;
    stage.advance(41).await;
    ear.hear(2).await;
    ear.answers(500, "success");
    stage.advance(600).await;
    ear.hear(3).await;
    ear.answers(200, "success");
    stage.advance(600).await;
    let heard = ear.hear(4).await;
    let first = &heard[0];
    for again in &heard[1..] {
        assert_eq!(again["notify_id"], first["notify_id"]);
        assert_ne!(again["notify_time"], first["notify_time"]);
        assert!(is_genuine(&stage, again));
    }
    stage.advance(86_400).await;
    ear.hears_no_more_than(4).await;
}

#[tokio::test]
async fn the_ladder_ends_after_eight_attempts() {
    let (stage, ear) = (Stage::new().await, Ear::new().await);
    ear.answers(200, "fail");
    stage
        .open(&page_order("A1"), &[("notify_url", &ear.url)])
        .await;
    stage.pay("A1").await;
    ear.hear(1).await;
    stage.advance(2 * 86_400).await;
    ear.hear(8).await;
    ear.hears_no_more_than(8).await;
    let journal = stage.get("/_ctl/journal?channel_order_no=A1").await.body;
    assert!(journal.contains("given up"));
}

#[tokio::test]
async fn a_refund_is_told_as_the_trade_with_the_refund_in_it() {
    let (stage, ear) = (Stage::new().await, Ear::new().await);
    stage
        .open(&page_order("A1"), &[("notify_url", &ear.url)])
        .await;
    stage.pay("A1").await;
    ear.hear(1).await;
    for (count, refund_no, amount) in [(2, "R1", "5.00"), (3, "R2", "14.99")] {
        let content = json!({
            "out_trade_no": "A1", "refund_amount": amount, "out_request_no": refund_no,
        });
        stage.call("alipay.trade.refund", &content).await;
        ear.hear(count).await;
    }
    let heard = ear.hear(3).await;
    let facts: Vec<_> = heard[1..]
        .iter()
        .map(|one| {
            (
                &*one["trade_status"],
                &*one["refund_fee"],
                &*one["out_biz_no"],
            )
        })
        .collect();
    assert_eq!(
        facts,
        [
            ("TRADE_SUCCESS", "5.00", "R1"),
            ("TRADE_CLOSED", "19.99", "R2")
        ]
    );
    assert!(heard[1].contains_key("gmt_refund"));
    assert_ne!(heard[0]["notify_id"], heard[1]["notify_id"]);
    assert!(heard.iter().all(|one| is_genuine(&stage, one)));
}
