//! Notifications: signed, repeated until they are acknowledged.

use crate::{
    harness::{Ear, Stage},
    message::{Belief, believe},
};

#[tokio::test]
async fn a_payment_is_told_with_every_field_signed() {
    let (stage, ear) = (Stage::new().await, Ear::new().await);
    let more = [("backUrl", ear.url.as_str()), ("reqReserved", "{ticket+7}")];
    let txn_time = stage.paid("ORDER0001", &more).await;
    assert_eq!(
        stage.truth("ORDER0001").await["notify_url"],
        ear.url.as_str()
    );
    let heard = ear.hear(1).await.remove(0);
    assert_eq!(believe(&stage.keys, &heard), Belief::Genuine);
    let query_id = stage
        .query("ORDER0001", &txn_time)
        .await
        .remove("queryId")
        .unwrap();
    for (name, value) in [
        ("version", "5.1.0"),
        ("txnType", "01"),
        ("txnSubType", "01"),
        ("bizType", "000201"),
        ("accessType", "0"),
        ("respCode", "00"),
        ("orderId", "ORDER0001"),
        ("txnTime", &txn_time),
        ("txnAmt", "1999"),
        ("currencyCode", "156"),
        ("settleAmt", "1999"),
        ("settleCurrencyCode", "156"),
        ("queryId", &query_id),
        ("reqReserved", "{ticket+7}"),
        ("merId", stage.keys["mer_id"].as_str().unwrap()),
    ] {
        assert_eq!(heard[name], value, "{name}");
    }
    for name in ["respMsg", "settleDate", "traceNo", "traceTime", "accNo"] {
        assert!(heard.contains_key(name), "{name}");
    }
    stage.advance(86_400).await;
    ear.hears_no_more_than(1).await;
}

#[tokio::test]
async fn a_failed_try_is_not_told() {
    let (stage, ear) = (Stage::new().await, Ear::new().await);
    let more = [("backUrl", ear.url.as_str()), ("issInsCode", "CMB")];
    let (_, page) = stage.open("ORDER0001", &more).await;
    stage.post(&format!("{}/fail", page.cashier()), "").await;
    stage.advance(3600).await;
    ear.hears_no_more_than(0).await;
}

#[tokio::test]
async fn it_comes_five_times_and_then_no_more() {
    let (stage, ear) = (Stage::new().await, Ear::new().await);
    ear.answers(500);
    stage.paid("ORDER0001", &[("backUrl", &ear.url)]).await;
    // The second follows the first at once.
    ear.hear(2).await;
    for (seconds, count) in [(50, 2), (11, 3), (110, 3), (11, 4), (230, 4), (11, 5)] {
        stage.advance(seconds).await;
        ear.hear(count).await;
        ear.hears_no_more_than(count).await;
    }
    stage.advance(86_400).await;
    ear.hears_no_more_than(5).await;
    let journal = stage.get("/_ctl/journal?channel_order_no=ORDER0001").await;
    assert!(journal.body.contains("given up"));
}

#[tokio::test]
async fn a_redirect_acknowledges_as_well() {
    for (status, count) in [(302, 1), (204, 2), (301, 2)] {
        let (stage, ear) = (Stage::new().await, Ear::new().await);
        ear.answers(status);
        stage.paid("ORDER0001", &[("backUrl", &ear.url)]).await;
        ear.hear(count).await;
        ear.hears_no_more_than(count).await;
    }
}
