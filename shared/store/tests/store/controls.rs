//! The kill switch and the hour's cap.

use payonce_domain::{Money, Span};
use payonce_store::RefundControls;

use crate::orders::START;
use crate::tables::world;

#[tokio::test]
async fn refunds_are_on_and_unlimited_until_somebody_says_otherwise() {
    let world = world().await;
    let store = &world.store;
    let default = RefundControls {
        enabled: true,
        hourly_cap: None,
    };
    assert_eq!(store.refund_controls().await.unwrap(), default);
    for set in [
        RefundControls {
            enabled: false,
            hourly_cap: Some(Money::from_fen(u64::MAX)),
        },
        RefundControls {
            enabled: true,
            hourly_cap: Some(Money::from_fen(0)),
        },
        default,
    ] {
        store.set_refund_controls(&set).await.unwrap();
        assert_eq!(store.refund_controls().await.unwrap(), set);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_at_once_never_exceed_the_cap_of_the_hour() {
    let world = world().await;
    let (amount, cap) = (Money::from_fen(300), Some(Money::from_fen(1_000)));
    let counts = (0..50).map(|n| {
        let store = world.store.clone();
        let now = START.plus(Span::seconds(n));
        tokio::spawn(async move { store.count_refund(amount, cap, now).await.unwrap() })
    });
    let mut granted = 0;
    for count in counts.collect::<Vec<_>>() {
        granted += u32::from(count.await.unwrap());
    }
    assert_eq!(granted, 3);

    // What is left can be used to the last fen, and the next hour begins anew.
    let store = &world.store;
    let now = START.plus(Span::minutes(59));
    let count = async |fen, now| {
        store
            .count_refund(Money::from_fen(fen), cap, now)
            .await
            .unwrap()
    };
    assert!(!count(101, now).await);
    assert!(count(100, now).await);
    assert!(!count(1, now).await);
    assert!(count(1_000, START.plus(Span::minutes(60))).await);
    assert!(!count(1_001, START.plus(Span::minutes(120))).await);
}

#[tokio::test]
async fn without_a_cap_nothing_is_written() {
    let world = world().await;
    let counted = world.store.count_refund(Money::from_fen(1), None, START);
    assert!(counted.await.unwrap());
    let scan = world.client.scan().table_name("controls");
    assert!(scan.send().await.unwrap().items().is_empty());
}
