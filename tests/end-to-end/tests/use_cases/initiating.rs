//! A channel hears of an order only after the table has: whatever the table does.

use end_to_end::Way;
use payonce_app::{Failure, Outcome};
use payonce_domain::Mode;

use crate::faults::Fault;
use crate::stage::{PRICE, Stage, order};

/// After the lease of an attempt whose create was never answered.
const LEASE_SECONDS: i64 = 13;

/// F5: whether the intent is stored is not known, so nobody may be asked for money yet.
#[tokio::test]
async fn f5_f8_an_intent_of_unknown_fate_reaches_no_channel() {
    for fate in [
        [Fault::LostRequest, Fault::LostRequest, Fault::LostRequest],
        [Fault::LostAnswer, Fault::Throttled, Fault::Throttled],
    ] {
        let stage = Stage::set(Mode::Strict).await;
        let key = stage.key("one");
        stage.database.plan(&fate);
        let request = order("one", Way::ALIPAY_NATIVE, stage.now());
        let unknown = stage.initiate(request.clone()).await;
        assert!(
            matches!(&unknown, Err(Failure::Unknown { payment_no, .. }) if payment_no.key() == key),
            "{fate:?}: {unknown:?}"
        );
        let first = stage.first("one", Way::ALIPAY_NATIVE);
        assert!(stage.asked(first).await.is_empty(), "{fate:?}");

        stage.pass(LEASE_SECONDS).await;
        let again = stage.initiate(request).await.unwrap();
        let orders = &again.payment.channel_orders;
        assert_eq!(orders.len(), 1, "{fate:?}: one attempt, resumed or new");
        assert_ne!(again.outcome, Outcome::Awaited, "{fate:?}");
        assert_eq!(stage.asked(first).await.len(), 1, "{fate:?}");
        stage.open(&orders[0], &again.payment).await;
        stage
            .simulator
            .pay(&orders[0].no.to_string())
            .await
            .unwrap();
        stage.receive(&stage.heard(1).await).await;
        assert_eq!(stage.money(key).await, (PRICE, PRICE, 0), "{fate:?}");
    }
}

/// F6, F16: what the table refuses did not happen, and no channel was asked.
#[tokio::test]
async fn f6_f16_a_throttled_table_refuses_before_anything_happened() {
    let stage = Stage::set(Mode::Strict).await;
    let key = stage.key("one");
    stage.database.plan(&[Fault::Throttled; 3]);
    let request = order("one", Way::ALIPAY_NATIVE, stage.now());
    let refused = stage.initiate(request.clone()).await;
    assert!(
        matches!(refused, Err(Failure::Unavailable(_))),
        "{refused:?}"
    );
    assert_eq!(stage.stored(key).await, None);
    let first = stage.first("one", Way::ALIPAY_NATIVE);
    assert!(stage.asked(first).await.is_empty());
    let again = stage.initiate(request).await.unwrap();
    assert_eq!(again.outcome, Outcome::Made);
}

/// F13: the channel made the order, and what it answered could not be written down.
#[tokio::test]
async fn f13_what_the_channel_made_is_made_again_under_its_number() {
    let stage = Stage::set(Mode::Strict).await;
    let key = stage.key("one");
    stage.database.plan(&[
        Fault::None,
        Fault::LostRequest,
        Fault::LostRequest,
        Fault::LostRequest,
    ]);
    let request = order("one", Way::WECHAT_NATIVE, stage.now());
    let unknown = stage.initiate(request.clone()).await;
    assert!(
        matches!(unknown, Err(Failure::Unknown { .. })),
        "{unknown:?}"
    );
    let made = stage.payment(key).await.channel_orders[0].clone();
    assert_eq!(made.action, None, "it was not written down");
    assert_eq!(
        stage.asked(made.no).await,
        ["POST /v3/pay/transactions/native"]
    );

    stage.pass(LEASE_SECONDS).await;
    let again = stage.initiate(request).await.unwrap();
    let orders = &again.payment.channel_orders;
    assert_eq!(orders.len(), 1, "no second attempt");
    assert_eq!(orders[0].no, made.no);
    stage.open(&orders[0], &again.payment).await;
    stage.simulator.pay(&made.no.to_string()).await.unwrap();
    stage.receive(&stage.heard(1).await).await;
    assert_eq!(stage.money(key).await, (PRICE, PRICE, 0));
    assert_eq!(stage.books(key).await.len(), 1);
}
