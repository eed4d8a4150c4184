//! What outlives the process: keys, books, the clock, and what merchants have not been told yet.

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
