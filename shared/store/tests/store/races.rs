//! Many writers and one item: one of them wins, and every other is handed what it wrote.

use aws_sdk_dynamodb::types::AttributeValue;
use payonce_domain::{MerchantId, MerchantOrderNo, PaymentKey, PaymentState, Span, Version};
use payonce_store::{Created, Saved, StoreError, Stored};

use crate::orders::{close, opening, success};
use crate::tables::{PAYMENTS, World, world};

async fn created(world: &World, order: &str) -> Stored {
    match world.store.create(&opening(order, Span::default())).await {
        Ok(Created::New(stored)) => stored,
        other => panic!("{order} is not new: {other:?}"),
    }
}

/// F3: the condition on the key is the whole check.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_hundred_simultaneous_first_requests_one_makes_the_payment() {
    let world = world().await;
    let requests = (0..100).map(|n| {
        let store = world.store.clone();
        tokio::spawn(async move {
            store
                .create(&opening("one", Span::millis(n)))
                .await
                .unwrap()
        })
    });
    let mut new = Vec::new();
    let mut existing = Vec::new();
    for request in requests.collect::<Vec<_>>() {
        match request.await.unwrap() {
            Created::New(stored) => new.push(stored),
            Created::Existing(stored) => existing.push(stored),
        }
    }
    assert_eq!((new.len(), existing.len()), (1, 99));
    assert!(existing.iter().all(|stored| *stored == new[0]));
    let loaded = world.store.load(new[0].payment().key).await.unwrap();
    assert_eq!(loaded.as_ref(), new.first());
}

/// F17, F43, F61: of writers who saw the same version one succeeds, and the others are handed what it wrote.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_simultaneous_changes_one_is_stored() {
    let world = world().await;
    let seen = created(&world, "one").await;
    let changes = (0..40).map(|n| {
        let (store, seen) = (world.store.clone(), seen.clone());
        let decision = if n % 2 == 0 {
            success(seen.payment())
        } else {
            close(seen.payment())
        };
        tokio::spawn(async move { store.save(&seen, &decision).await.unwrap() })
    });
    let mut done = Vec::new();
    let mut moved = Vec::new();
    for change in changes.collect::<Vec<_>>() {
        match change.await.unwrap() {
            Saved::Done(stored) => done.push(stored),
            Saved::Moved(stored) => moved.push(stored),
        }
    }
    assert_eq!((done.len(), moved.len()), (1, 39));
    assert!(moved.iter().all(|stored| *stored == done[0]));
}

/// F12, F65: what was decided on an older version is not stored.
#[tokio::test]
async fn a_stale_writer_changes_nothing_and_is_handed_the_item() {
    let world = world().await;
    let seen = created(&world, "one").await;
    let paid = match world.store.save(&seen, &success(seen.payment())).await {
        Ok(Saved::Done(stored)) => stored,
        other => panic!("not stored: {other:?}"),
    };
    assert_eq!(paid.payment().state, PaymentState::Paid);
    assert_eq!(paid.payment().version, Version(2));
    let late = world.store.save(&seen, &close(seen.payment())).await;
    assert_eq!(late.unwrap(), Saved::Moved(paid.clone()));
    let loaded = world.store.load(paid.payment().key).await.unwrap();
    assert_eq!(loaded, Some(paid));
}

/// F8, F17: nothing is written but a decision on what was read.
#[tokio::test]
async fn what_was_not_decided_on_what_was_seen_is_not_stored() {
    let world = world().await;
    let (one, two) = (created(&world, "one").await, created(&world, "two").await);
    let refused = |answer: Result<Saved, StoreError>| {
        assert!(matches!(answer, Err(StoreError::Misused(_))), "{answer:?}");
    };
    refused(world.store.save(&one, &success(two.payment())).await);
    let paid = world
        .store
        .save(&one, &success(one.payment()))
        .await
        .unwrap();
    let Saved::Done(paid) = paid else {
        panic!("it moved");
    };
    refused(world.store.save(&paid, &close(one.payment())).await);
    refused(world.store.save(&paid, &success(paid.payment())).await);
    let again = world.store.create(&success(one.payment())).await;
    assert!(matches!(again, Err(StoreError::Misused(_))));
}

/// F91: an older writer beside a newer one drops no field of its: an attribute that it does not know keeps it from
/// reading the item at all, and so from writing it.
#[tokio::test]
async fn f91_a_field_that_a_newer_writer_added_is_not_dropped() {
    let world = world().await;
    let seen = created(&world, "one").await;
    let key = AttributeValue::S(seen.payment().key.to_string());
    let add = world
        .client
        .update_item()
        .table_name(PAYMENTS)
        .key("k", key.clone())
        .update_expression("SET #n = :n")
        .expression_attribute_names("#n", "new")
        .expression_attribute_values(":n", AttributeValue::S("what we do not know".to_owned()));
    add.send().await.unwrap();
    let read = world.store.load(seen.payment().key).await;
    assert!(
        matches!(read, Err(StoreError::Unreadable { .. })),
        "{read:?}"
    );
    let item = world.client.get_item().table_name(PAYMENTS).key("k", key);
    let item = item.send().await.unwrap().item.unwrap();
    assert!(item.contains_key("new"));
}

/// F91: a record that only a newer program understands is said to be newer, and left alone.
#[tokio::test]
async fn an_item_of_a_newer_record_version_is_neither_read_nor_written() {
    let world = world().await;
    let seen = created(&world, "one").await;
    let key = AttributeValue::S(seen.payment().key.to_string());
    let raise = world
        .client
        .update_item()
        .table_name(PAYMENTS)
        .key("k", key.clone())
        .update_expression("SET #r = :r, #n = :n, #v = :v")
        .expression_attribute_names("#r", "r")
        .expression_attribute_names("#n", "new")
        .expression_attribute_names("#v", "v")
        .expression_attribute_values(":r", AttributeValue::N("999".to_owned()))
        .expression_attribute_values(":n", AttributeValue::S("what we do not know".to_owned()))
        .expression_attribute_values(":v", AttributeValue::N("7".to_owned()));
    raise.send().await.unwrap();
    let newer = |error: Option<StoreError>| {
        assert!(
            matches!(error, Some(StoreError::NewerRecord { found: 999, .. })),
            "{error:?}"
        );
    };
    newer(world.store.load(seen.payment().key).await.err());
    newer(
        world
            .store
            .save(&seen, &success(seen.payment()))
            .await
            .err(),
    );
    newer(
        world
            .store
            .create(&opening("one", Span::default()))
            .await
            .err(),
    );
    let item = world.client.get_item().table_name(PAYMENTS).key("k", key);
    let item = item.send().await.unwrap().item.unwrap();
    assert!(item.contains_key("new"));
}

#[tokio::test]
async fn an_item_of_another_order_under_our_key_is_an_error_and_stays() {
    let world = world().await;
    let one = created(&world, "one").await;
    let two = opening("two", Span::default());
    let key = AttributeValue::S(one.payment().key.to_string());
    let item = world.client.get_item().table_name(PAYMENTS).key("k", key);
    let mut item = item.send().await.unwrap().item.unwrap();
    let other_key = AttributeValue::S(two.payment().key.to_string());
    item.insert("k".to_owned(), other_key);
    let forge = world.client.put_item().table_name(PAYMENTS);
    forge.set_item(Some(item)).send().await.unwrap();
    let answer = world.store.create(&two).await;
    assert!(
        matches!(answer, Err(StoreError::KeyCollision(_))),
        "{answer:?}"
    );
}

/// F68: an unreadable item stops nobody.
#[tokio::test]
async fn many_are_loaded_in_batches_and_an_unreadable_one_is_skipped() {
    let world = world().await;
    let mut keys = Vec::new();
    for n in 0..130 {
        keys.push(created(&world, &format!("o{n}")).await.payment().key);
    }
    let broken = world.client.put_item().table_name(PAYMENTS);
    let absent = MerchantOrderNo::new("absent").unwrap();
    let absent = PaymentKey::derive(&MerchantId::new("demo").unwrap(), &absent);
    let broken = broken.item("k", AttributeValue::S(absent.to_string()));
    broken.send().await.unwrap();
    keys.extend([absent, keys[0]]);
    let many = world.store.load_many(&keys).await.unwrap();
    assert_eq!(many.unreadable, [absent]);
    let mut found = many.found;
    found.sort_by_key(|stored| stored.payment().key);
    keys.retain(|key| *key != absent);
    keys.sort();
    keys.dedup();
    let found: Vec<_> = found.iter().map(|stored| stored.payment().key).collect();
    assert_eq!(found, keys);
    assert_eq!(world.store.load_many(&[]).await.unwrap().found, []);
}
