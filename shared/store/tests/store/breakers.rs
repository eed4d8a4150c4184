//! The breaker of a channel account, and its turns of each second.

use payonce_domain::{AccountId, Channel, ChannelOrderNo, Method, PaymentKey, Span, Timestamp};
use payonce_domain::{MerchantId, MerchantOrderNo};
use payonce_store::{Breaker, Line, Store, Work};

use crate::orders::START;
use crate::tables::world;

const CHANNEL: Channel = Channel::Wechat;

fn account() -> AccountId {
    AccountId::new("wechat-a").unwrap()
}

fn line() -> Line {
    Line {
        channel: CHANNEL,
        account: account(),
        work: Work::Placing,
    }
}

fn order(number: u32) -> ChannelOrderNo {
    let merchant = MerchantId::new("m").unwrap();
    let order = MerchantOrderNo::new(format!("o-{number}")).unwrap();
    ChannelOrderNo::new(
        PaymentKey::derive(&merchant, &order),
        CHANNEL,
        Method::Native,
        1,
    )
}

async fn trouble(store: &Store, number: u32, now: Timestamp) -> Breaker {
    store
        .note_trouble(&line(), order(number), now)
        .await
        .unwrap()
}

/// When trouble that began at the start has lasted long enough.
fn later() -> Timestamp {
    START.plus(Span::seconds(3))
}

async fn opened(store: &Store) -> Breaker {
    for number in 0..5 {
        trouble(store, number, START).await;
    }
    trouble(store, 5, later()).await
}

/// F52: a channel in trouble is left alone.
#[tokio::test]
async fn five_orders_in_trouble_open_it_and_one_order_never_does() {
    let world = world().await;
    for _ in 0..20 {
        let seen = trouble(&world.store, 0, START).await;
        assert_eq!(seen.orders_in_trouble, 1);
        assert_eq!(seen.open_until, None);
    }
    for number in 1..4 {
        let seen = trouble(&world.store, number, later()).await;
        assert_eq!(seen.open_until, None);
    }
    let seen = trouble(&world.store, 4, later()).await;
    assert!(seen.is_open(later()));
    let read = world.store.breaker(&line()).await.unwrap();
    assert_eq!(read, seen);
    // Another account of the same channel is not concerned.
    let account = AccountId::new("wechat-b").unwrap();
    let other = Line { account, ..line() };
    let read = world.store.breaker(&other).await.unwrap();
    assert_eq!(read, Breaker::default());
    // Nor are the questions of this one, and their answers end nothing.
    let work = Work::Asking;
    let asking = Line { work, ..line() };
    let read = world.store.breaker(&asking).await.unwrap();
    assert_eq!(read, Breaker::default());
    world.store.note_answer(&asking).await.unwrap();
    assert_eq!(world.store.breaker(&line()).await.unwrap(), seen);
}

/// A burst of lost answers among good ones: whoever is answered meanwhile ends it.
#[tokio::test]
async fn many_orders_at_once_open_nothing_until_it_lasts() {
    let world = world().await;
    for number in 0..20 {
        let now = START.plus(Span::millis(2_999));
        let now = if number == 0 { START } else { now };
        assert_eq!(trouble(&world.store, number, now).await.open_until, None);
    }
    assert!(trouble(&world.store, 20, later()).await.is_open(later()));
}

#[tokio::test]
async fn trouble_of_long_ago_does_not_count() {
    let world = world().await;
    for number in 0..4 {
        trouble(&world.store, number, START).await;
    }
    let later = START.plus(Span::seconds(61));
    let seen = trouble(&world.store, 4, later).await;
    assert_eq!((seen.orders_in_trouble, seen.open_until), (1, None));
}

#[tokio::test]
async fn an_answer_ends_the_trouble() {
    let world = world().await;
    for number in 0..4 {
        trouble(&world.store, number, START).await;
    }
    world.store.note_answer(&line()).await.unwrap();
    let seen = trouble(&world.store, 4, later()).await;
    assert_eq!((seen.orders_in_trouble, seen.open_until), (1, None));
    world.store.note_answer(&line()).await.unwrap();
    opened(&world.store).await;
    world.store.note_answer(&line()).await.unwrap();
    let read = world.store.breaker(&line()).await.unwrap();
    assert_eq!(read, Breaker::default());
}

/// F52: it comes back by one question, not by all that waited.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_many_probes_and_a_failed_probe_waits_longer() {
    let world = world().await;
    let seen = opened(&world.store).await;
    let until = seen.open_until.unwrap();
    assert!(!seen.wants_probe(later()));
    assert!(seen.wants_probe(until));
    let claims = (0..20).map(|_| {
        let store = world.store.clone();
        tokio::spawn(async move {
            let claimed = store.claim_probe(&line(), seen, until).await;
            u32::from(claimed.unwrap().is_some())
        })
    });
    let mut claimed = 0;
    for claim in claims.collect::<Vec<_>>() {
        claimed += claim.await.unwrap();
    }
    assert_eq!(claimed, 1);
    let next = world.store.breaker(&line()).await.unwrap();
    let (first, second) = (until.since(later()), next.open_until.unwrap().since(until));
    assert!(second > first, "{second:?} after {first:?}");

    // The others wait for what the probe is told, and once it was told nothing, for the next one.
    let told = next.shut_until(until).unwrap();
    assert_eq!(told, until.plus(Span::seconds(10)));
    assert_eq!(next.shut_until(told), next.open_until);

    // Whatever fails once its time is over opens it again at once.
    let over = next.open_until.unwrap();
    let again = trouble(&world.store, 77, over).await;
    assert!(again.is_open(over));
}

/// F77: an account's refunds keep to the channel's rate, whoever sends them.
#[tokio::test]
async fn an_account_has_so_many_turns_a_second() {
    let world = world().await;
    let take = async |now| {
        let account = account();
        let turn = world.store.take_turn(CHANNEL, &account, 3, now);
        turn.await.unwrap()
    };
    // Three in the second, the next three in the next, and so on.
    let waits = [0, 0, 0, 1, 1, 1, 2].map(|seconds| (seconds > 0).then(|| Span::seconds(seconds)));
    for expected in waits {
        assert_eq!(take(START).await, expected);
    }
    assert_eq!(take(START.plus(Span::seconds(1))).await, None);
    // A clock that is behind gets no turns of a second that is over.
    assert_eq!(take(START).await, Some(Span::seconds(1)));
}
