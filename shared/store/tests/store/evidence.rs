//! Evidence is kept once, word for word, and never changed.

use payonce_domain::{Digest, PaymentKey, Source, Span};
use payonce_store::KeptMessage;

use crate::orders::{START, account, opening};
use crate::tables::{EVIDENCE, World, world};

const MESSAGE: &[u8] = b"\x00out_trade_no=P\xff&sign=x";

fn key() -> PaymentKey {
    opening("one", Span::default()).payment().key
}

async fn count(world: &World) -> usize {
    let scan = world.client.scan().table_name(EVIDENCE);
    scan.send().await.unwrap().items().len()
}

#[tokio::test]
async fn a_message_kept_again_is_the_same_evidence_and_keeps_its_first_time() {
    let world = world().await;
    let (store, later) = (&world.store, START.plus(Span::hours(1)));
    for (source, at) in [
        (Source::Notification, START),
        (Source::Notification, later),
        (Source::Query, later),
    ] {
        let digest = store.keep_evidence(key(), source, at, MESSAGE).await;
        assert_eq!(digest.unwrap(), Digest::of(MESSAGE));
    }
    assert_eq!(count(&world).await, 1);
    let kept = store.evidence(key(), Digest::of(MESSAGE)).await.unwrap();
    let first = KeptMessage {
        source: Source::Notification,
        received_at: START,
        raw: MESSAGE.to_vec(),
    };
    assert_eq!(kept, Some(first));
    let absent = store.evidence(key(), Digest::of(b"")).await.unwrap();
    assert_eq!(absent, None);
}

#[tokio::test]
async fn an_empty_message_can_be_kept() {
    let world = world().await;
    let kept = world.store.keep_evidence(key(), Source::Query, START, b"");
    assert_eq!(kept.await.unwrap(), Digest::of(b""));
}

/// F36: a genuine message without a payment is kept for people.
#[tokio::test]
async fn a_message_of_no_payment_is_kept_in_its_accounts_quarantine() {
    let world = world().await;
    for _ in 0..2 {
        let account = account();
        let quarantine = world.store.quarantine(&account, "P123", START, MESSAGE);
        quarantine.await.unwrap();
    }
    assert_eq!(count(&world).await, 1);
    let scan = world.client.scan().table_name(EVIDENCE);
    let items = scan.send().await.unwrap().items.unwrap();
    assert_eq!(items[0]["k"].as_s().unwrap(), "quarantine#demo-alipay");
    assert_eq!(items[0]["n"].as_s().unwrap(), "P123");
}

#[test]
fn what_a_message_says_is_not_logged_by_accident() {
    let kept = KeptMessage {
        source: Source::Query,
        received_at: START,
        raw: b"buyer_id".to_vec(),
    };
    assert!(!format!("{kept:?}").contains("98, 117"));
}
