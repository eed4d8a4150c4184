//! What outlives the process: keys, books, the clock, and what merchants have not been told yet.

use serde_json::json;

use crate::{
    harness::{Ear, Stage},
    message::{Belief, believe},
};

#[tokio::test]
async fn keys_books_clock_and_pending_notifications_survive() {
    let (stage, ear) = (Stage::new().await, Ear::new().await);
    ear.answers(503);
    let txn_time = stage.paid("ORDER0001", &[("backUrl", &ear.url)]).await;
    ear.hear(2).await;
    stage.advance(30).await;
    let (keys, truth) = (stage.keys.clone(), stage.truth("ORDER0001").await);

    let stage = stage.restarted().await;
    for name in [
        "mer_id",
        "cert_id",
        "merchant_private_key",
        "merchant_cert",
        "channel_private_key",
        "channel_cert",
        "middle_cert",
        "root_cert",
    ] {
        assert_eq!(stage.keys[name], keys[name], "{name}");
    }
    assert_eq!(stage.truth("ORDER0001").await, truth);
    assert_eq!(stage.get("/_ctl/clock").await.json()["offset_seconds"], 30);
    assert_eq!(stage.codes("ORDER0001", &txn_time).await.1, "00");
    ear.answers(200);
    stage.advance(31).await;
    let heard = ear.hear(3).await;
    assert_eq!(believe(&stage.keys, &heard[2]), Belief::Genuine);
    stage.advance(86_400).await;
    ear.hears_no_more_than(3).await;
}

#[tokio::test]
async fn after_a_rotation_another_certificate_signs_and_the_chain_holds() {
    let stage = Stage::new().await;
    let txn_time = stage.paid("ORDER0001", &[]).await;
    let before = stage.query("ORDER0001", &txn_time).await;
    let account = json!({ "channel": "unionpay", "account": "unionpay-strict" });
    let keys = stage.control("/_ctl/keys/rotate", &account).await;
    assert_ne!(
        keys["unionpay"][0]["channel_cert"],
        stage.keys["channel_cert"]
    );
    let after = stage.query("ORDER0001", &txn_time).await;
    assert_ne!(after["signPubKeyCert"], before["signPubKeyCert"]);
    let stage = stage.restarted().await;
    let restarted = stage.query("ORDER0001", &txn_time).await;
    assert_eq!(restarted["signPubKeyCert"], after["signPubKeyCert"]);
    let unknown = json!({ "channel": "unionpay", "account": "nobody" }).to_string();
    let refused = stage.post("/_ctl/keys/rotate", &unknown).await;
    assert_eq!(
        (refused.status, &refused.json()["field"]),
        (400, &json!("account"))
    );
}
