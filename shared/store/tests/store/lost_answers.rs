//! Answers get lost: our own write is not taken for another's, and "unknown" is said exactly then.

use payonce_domain::{PaymentState, Span};
use payonce_store::{Created, Saved, Store, StoreError, Stored};

use crate::faults::{Fault, Proxy};
use crate::orders::{close, opening, success};
use crate::tables::{World, client, store, world};

/// The same tables, straight and through a proxy.
async fn worlds() -> (World, Store, Proxy) {
    let world = world().await;
    let proxy = Proxy::before(world.database).await;
    let through = store(client(proxy.address));
    (world, through, proxy)
}

async fn created(store: &Store) -> Stored {
    match store.create(&opening("one", Span::default())).await {
        Ok(Created::New(stored)) => stored,
        other => panic!("not new: {other:?}"),
    }
}

/// F4: our own write is not taken for somebody else's.
#[tokio::test]
async fn an_opening_whose_answer_was_lost_is_still_new() {
    let (world, through, proxy) = worlds().await;
    proxy.plan(&[Fault::LostAnswer]);
    let stored = created(&through).await;
    assert!(proxy.is_used_up());
    let loaded = world.store.load(stored.payment().key).await.unwrap();
    assert_eq!(loaded, Some(stored));
}

/// F4.
#[tokio::test]
async fn an_opening_whose_answer_was_lost_twice_is_still_new() {
    let (_world, through, proxy) = worlds().await;
    proxy.plan(&[Fault::LostAnswer, Fault::LostAnswer]);
    created(&through).await;
    assert!(proxy.is_used_up());
}

/// F4.
#[tokio::test]
async fn a_change_whose_answer_was_lost_is_done() {
    let (world, through, proxy) = worlds().await;
    let seen = created(&world.store).await;
    proxy.plan(&[Fault::LostAnswer]);
    let answer = through.save(&seen, &success(seen.payment())).await.unwrap();
    let Saved::Done(stored) = answer else {
        panic!("our own write was taken for another's");
    };
    assert!(proxy.is_used_up());
    let loaded = world.store.load(stored.payment().key).await.unwrap();
    assert_eq!(loaded, Some(stored));
}

/// F16: a throttled write is tried again before anybody is told.
#[tokio::test]
async fn a_request_that_was_lost_or_throttled_is_repeated() {
    let (_world, through, proxy) = worlds().await;
    proxy.plan(&[Fault::None, Fault::LostRequest, Fault::Throttled]);
    let seen = created(&through).await;
    let answer = through.save(&seen, &success(seen.payment())).await.unwrap();
    assert!(matches!(answer, Saved::Done(_)));
    assert!(proxy.is_used_up());
}

/// F12: a stale write after a long sleep changes nothing, and is not mistaken for done.
#[tokio::test]
async fn another_writers_change_is_never_taken_for_our_own() {
    let (world, through, proxy) = worlds().await;
    let seen = created(&world.store).await;
    let theirs = world.store.save(&seen, &close(seen.payment())).await;
    let Saved::Done(theirs) = theirs.unwrap() else {
        panic!("it moved");
    };
    proxy.plan(&[Fault::LostAnswer]);
    let answer = through.save(&seen, &success(seen.payment())).await.unwrap();
    assert_eq!(answer, Saved::Moved(theirs));
}

/// F5, F32: unknown is said exactly when it is.
#[tokio::test]
async fn the_outcome_is_unknown_if_any_attempt_was_left_unanswered() {
    let (world, through, proxy) = worlds().await;
    let key = opening("one", Span::default()).payment().key;
    // Each attempt of the first call arrives, or might have.
    for (faults, unknown) in [
        (
            [Fault::Throttled, Fault::Throttled, Fault::Throttled],
            false,
        ),
        (
            [Fault::LostRequest, Fault::LostRequest, Fault::LostRequest],
            true,
        ),
        (
            [Fault::LostAnswer, Fault::Throttled, Fault::Throttled],
            true,
        ),
    ] {
        assert_eq!(world.store.load(key).await.unwrap(), None);
        proxy.plan(&faults);
        let failed = through.create(&opening("one", Span::default())).await;
        let failed: StoreError = failed.err().unwrap();
        assert_eq!(failed.is_unknown(), unknown, "{faults:?}: {failed:?}");
        assert!(proxy.is_used_up());
    }
    // The last of them had happened, as it said it might.
    let stored = world.store.load(key).await.unwrap().unwrap();
    assert_eq!(stored.payment().state, PaymentState::Paying);
}

/// F6.
#[tokio::test]
async fn what_the_table_refuses_certainly_did_not_happen() {
    let (world, _, _) = worlds().await;
    let nowhere = Store::new(
        world.client.clone(),
        payonce_store::Tables {
            payments: "no-such-table".to_owned(),
            evidence: String::new(),
            merchants: String::new(),
            controls: String::new(),
            delayed_messages: String::new(),
            ledger: String::new(),
            findings: String::new(),
            appeals: String::new(),
            journal: String::new(),
            due_shards: 1,
        },
    );
    let failed = nowhere.create(&opening("one", Span::default())).await;
    assert!(!failed.err().unwrap().is_unknown());
}
