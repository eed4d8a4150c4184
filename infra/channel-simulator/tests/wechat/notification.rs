//! Notifications: encrypted, signed, and repeated until the merchant says that it has heard.

use serde_json::json;

use crate::{
    ear::Ear,
    harness::{Stage, refund_body},
};

async fn refund_telling(stage: &Stage, ear: &Ear, refund_no: &str, amount: i64) {
    let mut body = refund_body("ORDER1", refund_no, amount);
    body["notify_url"] = json!(ear.url);
    let answer = stage.post_json("/v3/refund/domestic/refunds", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[tokio::test]
async fn a_payment_is_told_once_and_encrypted() {
    let (stage, ear) = (Stage::new().await, Ear::new().await);
    stage.native("ORDER1", Some(&ear.url)).await;
    stage.pay("ORDER1").await;
    let heard = ear.hear(1).await.remove(0);
    assert!(heard.is_genuine(&stage));
    assert_eq!(heard.header("content-type"), "application/json");
    assert_eq!(
        heard.header("wechatpay-signature-type"),
        "WECHATPAY2-SHA256-RSA2048"
    );
    let envelope = heard.json().unwrap();
    assert_eq!(envelope["event_type"], "TRANSACTION.SUCCESS");
    assert_eq!(envelope["resource_type"], "encrypt-resource");
    assert_eq!(envelope["resource"]["original_type"], "transaction");
    assert!(!envelope.to_string().contains("ORDER1"));
    let told = heard.resource(&stage);
    let asked = stage.query("ORDER1").await.json();
    for name in [
        "mchid",
        "appid",
        "out_trade_no",
        "transaction_id",
        "trade_state",
        "amount",
    ] {
        assert_eq!(told[name], asked[name], "{name}");
    }
    stage.advance(2 * 86_400).await;
    ear.hears_no_more_than(1).await;
}

#[tokio::test]
async fn what_is_not_acknowledged_comes_again_by_the_ladder() {
    let (stage, ear) = (Stage::new().await, Ear::new().await);
    ear.answers(500);
    stage.native("ORDER1", Some(&ear.url)).await;
    stage.pay("ORDER1").await;
    ear.hear(1).await;
    for (count, seconds) in [(2, 15), (3, 15), (4, 30), (5, 180), (6, 600)] {
        stage.advance(seconds - 5).await;
        ear.hears_no_more_than(count - 1).await;
        stage.advance(5).await;
        ear.hear(count).await;
    }
    ear.answers(200);
    stage.advance(1200).await;
    let heard = ear.hear(7).await;
    let ids: Vec<_> = heard
        .iter()
        .map(|one| one.json().unwrap()["id"].clone())
        .collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert!(heard.iter().all(|one| one.is_genuine(&stage)));
    stage.advance(2 * 86_400).await;
    ear.hears_no_more_than(7).await;
}

#[tokio::test]
async fn the_ladder_ends_after_sixteen_attempts() {
    let (stage, ear) = (Stage::new().await, Ear::new().await);
    ear.answers(302);
    stage.native("ORDER1", Some(&ear.url)).await;
    stage.pay("ORDER1").await;
    ear.hear(1).await;
    stage.advance(2 * 86_400).await;
    ear.hear(16).await;
    ear.hears_no_more_than(16).await;
    let journal = stage.get("/_ctl/journal?channel_order_no=ORDER1").await;
    assert!(journal.text().contains("given up"));
}

#[tokio::test]
async fn a_refund_is_told_when_it_has_ended() {
    let (stage, ear) = (Stage::new().await, Ear::new().await);
    stage.paid("ORDER1").await;
    refund_telling(&stage, &ear, "R1", 500).await;
    ear.hears_no_more_than(0).await;
    stage.advance(61).await;
    ear.hear(1).await;
    let mut expected = vec![("REFUND.SUCCESS", "SUCCESS", "R1")];
    for (number, outcome, event, status) in [
        ("R2", "abnormal", "REFUND.ABNORMAL", "ABNORMAL"),
        ("R3", "closed", "REFUND.CLOSED", "CLOSED"),
    ] {
        let script = json!({ "channel": "wechat", "refund_no": number, "outcome": outcome });
        stage.control("/_ctl/refunds", &script).await;
        refund_telling(&stage, &ear, number, 100).await;
        stage.advance(61).await;
        expected.push((event, status, number));
        ear.hear(expected.len()).await;
    }
    for (heard, (event, status, number)) in ear.hear(3).await.iter().zip(expected) {
        assert!(heard.is_genuine(&stage));
        assert_eq!(heard.json().unwrap()["event_type"], event);
        let told = heard.resource(&stage);
        assert_eq!(told["refund_status"], status);
        assert_eq!(told["out_refund_no"], number);
        assert_eq!(told["amount"]["total"], 1999);
        assert!(told.get("status").is_none());
    }
}

#[tokio::test]
async fn money_that_went_back_stands_in_the_journal_once() {
    let stage = Stage::new().await;
    stage.paid("ORDER1").await;
    stage.refund("ORDER1", "R1", 500).await;
    stage.advance(3).await;
    stage.query("ORDER1").await;
    let mut moved = Vec::new();
    for _ in 0..100 {
        let journal = stage
            .get("/_ctl/journal?channel_order_no=ORDER1")
            .await
            .json();
        let entries = journal.as_array().unwrap().clone();
        moved = entries
            .into_iter()
            .filter(|one| one["kind"] == "money")
            .collect();
        if moved.len() == 2 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let shown: Vec<_> = moved
        .iter()
        .map(|one| {
            (
                one["operation"].as_str().unwrap(),
                one["detail"]["amount"].as_i64().unwrap(),
            )
        })
        .collect();
    assert_eq!(shown, [("capture", 1999), ("refund", 500)]);
}

#[tokio::test]
async fn one_order_in_ten_is_probed_first() {
    let (stage, ear) = (Stage::new().await, Ear::new().await);
    let mut is_probed = false;
    for count in 1..=10 {
        let number = format!("ORDER{count}");
        stage.native(&number, Some(&ear.url)).await;
        stage.pay(&number).await;
        ear.hear(count).await;
        let trade_no = stage.truth(&number).await["trade_no"].clone();
        if !trade_no.as_str().unwrap().ends_with('0') {
            continue;
        }
        is_probed = true;
        let heard = ear.everything();
        let [.., probe, genuine] = heard.as_slice() else {
            panic!("a probe comes before a notification");
        };
        assert!(
            probe
                .header("wechatpay-signature")
                .starts_with("WECHATPAY/SIGNTEST/")
        );
        assert!(!probe.is_genuine(&stage) && genuine.is_genuine(&stage));
        assert_eq!(probe.json().unwrap()["id"], genuine.json().unwrap()["id"]);
    }
    assert!(is_probed, "ten orders in a row end in every digit");
}
