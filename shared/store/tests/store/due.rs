//! The due index holds what is owed work, each in its part, and nothing else.

use payonce_domain::{Fact, MerchantSaid, Span, Timestamp, decide};
use payonce_store::{Created, DueItem, Saved, Stored};

use crate::orders::{START, opening, success};
use crate::tables::{SHARDS, World, world};

const EVER: Timestamp = Timestamp::from_millis(9_999_999_999_999);

async fn created(world: &World, order: &str, late: Span) -> Stored {
    match world.store.create(&opening(order, late)).await.unwrap() {
        Created::New(stored) | Created::Existing(stored) => stored,
    }
}

async fn listed(world: &World) -> Vec<(u32, DueItem)> {
    let mut all = Vec::new();
    for shard in 0..world.store.shards() {
        let items = world.store.due(shard, EVER, 100).await.unwrap();
        assert!(items.is_sorted_by_key(|item| item.due_at));
        all.extend(items.into_iter().map(|item| (shard, item)));
    }
    all
}

/// F14, F69: listed by the very write that made it owed something.
#[tokio::test]
async fn each_payment_is_listed_once_in_its_part_at_its_time() {
    let world = world().await;
    let mut expected = Vec::new();
    for n in 0..80u8 {
        let late = Span::seconds(u64::from(n));
        let stored = created(&world, &format!("o{n}"), late).await;
        let payment = stored.payment();
        let due_at = payment.due_at().unwrap();
        let key = payment.key;
        expected.push((key.shard(SHARDS), DueItem { key, due_at }));
    }
    let mut found = listed(&world).await;
    assert!((0..SHARDS).all(|shard| found.iter().any(|(part, _)| *part == shard)));
    for list in [&mut found, &mut expected] {
        list.sort_by_key(|(_, item)| item.key);
    }
    assert_eq!(found, expected);
}

/// F66, F67: all that is due by then, however old, the oldest first; what does not fit is first next time.
#[tokio::test]
async fn only_what_is_due_by_then_is_listed_oldest_first_and_no_more_than_asked() {
    let world = world().await;
    let mut of_shard = Vec::new();
    for n in 0..40u8 {
        let late = Span::seconds(60 - u64::from(n));
        let stored = created(&world, &format!("o{n}"), late).await;
        if stored.payment().key.shard(SHARDS) == 0 {
            of_shard.push(stored.payment().due_at().unwrap());
        }
    }
    of_shard.sort();
    let times = |items: Vec<DueItem>| items.iter().map(|item| item.due_at).collect::<Vec<_>>();
    let until = of_shard[2];
    let found = world.store.due(0, until, 100).await.unwrap();
    assert_eq!(times(found), of_shard[..3]);
    let found = world.store.due(0, EVER, 2).await.unwrap();
    assert_eq!(times(found), of_shard[..2]);
    assert_eq!(world.store.due(0, START, 100).await.unwrap(), []);
}

/// F69: the index is the lost-order table, and empties itself.
#[tokio::test]
async fn a_payment_that_is_owed_nothing_leaves_the_index() {
    let world = world().await;
    let stored = created(&world, "one", Span::default()).await;
    assert_eq!(listed(&world).await.len(), 1);
    let paid = world.store.save(&stored, &success(stored.payment())).await;
    let Saved::Done(paid) = paid.unwrap() else {
        panic!("it moved");
    };
    assert_eq!(listed(&world).await.len(), 1, "its merchant is to be told");
    let told = Fact::Told {
        sequence: 1,
        published: Some(true),
        merchant: Some(MerchantSaid::Taken(200)),
    };
    let told = decide::on_fact(paid.payment(), told, START);
    let Saved::Done(told) = world.store.save(&paid, &told).await.unwrap() else {
        panic!("it moved");
    };
    assert_eq!(told.payment().due_at(), None);
    assert_eq!(listed(&world).await, []);
}
