//! What outlives the process: keys, books, the clock, and what merchants have not been told yet.

use serde_json::json;

use crate::harness::{Ear, Stage, page_order};

#[tokio::test]
async fn keys_books_clock_and_pending_notifications_survive() {
    let (stage, ear) = (Stage::new().await, Ear::new().await);
    ear.answers(503, "");
    stage
        .open(&page_order("A1"), &[("notify_url", &ear.url)])
        .await;
    stage.pay("A1").await;
    let refund = json!({"out_trade_no": "A1", "refund_amount": "5.00", "out_request_no": "R1"});
    stage.call("alipay.trade.refund", &refund).await;
    ear.hear(2).await;
    stage.advance(100).await;
    let (keys, truth) = (stage.keys.clone(), stage.truth("A1").await);

    let stage = stage.restarted().await;
    for name in [
        "app_id",
        "seller_id",
        "merchant_private_key",
        "channel_private_key",
    ] {
        assert_eq!(stage.keys[name], keys[name], "{name}");
    }
    assert_eq!(stage.truth("A1").await, truth);
    assert_eq!(stage.get("/_ctl/clock").await.json()["offset_seconds"], 100);
    assert_eq!(
        stage.call("alipay.trade.refund", &refund).await["fund_change"],
        "N"
    );
    ear.answers(200, "success");
    stage.advance(141).await;
    ear.hear(4).await;
    stage.advance(86_400).await;
    ear.hears_no_more_than(4).await;
}
