//! Delayed messages: one for each id, changed once however many write, listed as due and for their
//! merchant, and forgotten only after their end.

use payonce_domain::delayed_message::{
    AttemptOutcome, MessageCommand, Payload, ScheduleRequest, Target, Timing, on_command,
    on_outcome, schedule,
};
use payonce_domain::{
    DelayedMessage, DelayedMessageState, Digest, EventType, MerchantId, MerchantMessageId,
    MessageDecision, Span, Timestamp,
};
use payonce_store::{MessageCreated, MessagePlace, MessageSaved, StoredMessage};

use crate::orders::START;
use crate::tables::{MESSAGES, SHARDS, World, world};

const EVER: Timestamp = Timestamp::from_millis(9_999_999_999_999);

fn new(merchant: &str, id: &str, delay: Span) -> MessageDecision {
    let json = "{ \"coupon\": 7, \"until\": \"明天\" }";
    let request = ScheduleRequest {
        merchant_id: MerchantId::new(merchant).unwrap(),
        id: MerchantMessageId::new(id).unwrap(),
        timing: Timing::After(delay),
        payload: Payload {
            json: json.to_owned(),
            digest: Digest::of(json.as_bytes()),
        },
        target: Target::Event {
            detail_type: EventType::new("coupon.expired").unwrap(),
        },
    };
    schedule(request, START).unwrap()
}

async fn created(world: &World, id: &str, delay: Span) -> StoredMessage {
    let decision = new("demo", id, delay);
    match world.store.create_message(&decision).await.unwrap() {
        MessageCreated::New(stored) | MessageCreated::Existing(stored) => stored,
    }
}

async fn saved(world: &World, decision: &MessageDecision) -> StoredMessage {
    match world.store.save_message(decision).await.unwrap() {
        MessageSaved::Done(stored) => stored,
        MessageSaved::Moved(there) => panic!("it moved to {there:?}"),
    }
}

fn asked(stored: &StoredMessage, command: MessageCommand, after: Span) -> MessageDecision {
    on_command(stored.message(), command, START.plus(after)).unwrap()
}

async fn due(world: &World, until: Timestamp) -> Vec<Timestamp> {
    let mut all = Vec::new();
    for shard in 0..SHARDS {
        let items = world.store.due_messages(shard, until, 100).await.unwrap();
        assert!(items.iter().all(|item| item.key.shard(SHARDS) == shard));
        all.extend(items.into_iter().map(|item| item.due_at));
    }
    all.sort();
    all
}

/// Every state a message can be in is read back as it was written.
#[tokio::test]
async fn a_message_reads_back_through_all_its_life() {
    let world = world().await;
    let minute = Span::seconds(60);
    let mut stored = created(&world, "life", minute).await;
    let outcomes = [
        AttemptOutcome::Refused { status: Some(503) },
        AttemptOutcome::Refused { status: None },
        AttemptOutcome::Unreachable,
        AttemptOutcome::Forbidden,
        AttemptOutcome::Gone,
    ];
    for outcome in outcomes {
        let at = stored.message().due.unwrap().at;
        let begun = on_command(stored.message(), MessageCommand::Begin, at).unwrap();
        stored = saved(&world, &begun).await;
        let heard = on_outcome(stored.message(), stored.message().attempt(), outcome, at);
        stored = saved(&world, &heard).await;
        let read = world.store.load_message(stored.message().key).await;
        assert_eq!(read.unwrap().as_ref(), Some(&stored), "{outcome:?}");
    }
    assert_eq!(stored.message().state, DelayedMessageState::Dead);
    let again = asked(&stored, MessageCommand::Resend, Span::days(9));
    let stored = saved(&world, &again).await;
    let read = world.store.load_message(stored.message().key).await;
    assert_eq!(read.unwrap(), Some(stored));
}

#[tokio::test]
async fn a_hundred_requests_make_one_message() {
    let world = world().await;
    let decisions: Vec<_> = (1..=100)
        .map(|n| new("demo", "one", Span::seconds(n)))
        .collect();
    let creates = decisions
        .iter()
        .map(|decision| world.store.create_message(decision));
    let made = futures::future::join_all(creates).await;
    let mut new_ones = Vec::new();
    let mut seen = Vec::new();
    for one in made {
        match one.unwrap() {
            MessageCreated::New(stored) => new_ones.push(stored),
            MessageCreated::Existing(stored) => seen.push(stored),
        }
    }
    assert_eq!(new_ones.len(), 1);
    assert!(seen.iter().all(|stored| *stored == new_ones[0]));
    // Another merchant's message of the same name is another message.
    let theirs = new("other", "one", Span::seconds(1));
    let answer = world.store.create_message(&theirs).await.unwrap();
    assert!(matches!(answer, MessageCreated::New(_)));
}

/// Whoever wins begins the attempt; nobody else calls.
#[tokio::test]
async fn one_of_many_begins_the_attempt() {
    let world = world().await;
    let stored = created(&world, "one", Span::seconds(5)).await;
    let begin = asked(&stored, MessageCommand::Begin, Span::seconds(5));
    let saves = (0..50).map(|_| world.store.save_message(&begin));
    let saves = futures::future::join_all(saves).await;
    let won = saves
        .iter()
        .filter(|save| matches!(save, Ok(MessageSaved::Done(_))))
        .count();
    assert_eq!(won, 1);
}

#[tokio::test]
async fn the_due_index_lists_what_has_an_attempt_to_come() {
    let world = world().await;
    let hour = Span::hours(1);
    let far = created(&world, "far", hour).await;
    created(&world, "near", Span::seconds(30)).await;
    let listed = [START.plus(Span::seconds(90)), START.plus(hour)];
    assert_eq!(
        due(&world, EVER).await,
        listed,
        "a minute after its message, and on time"
    );
    assert_eq!(due(&world, START.plus(Span::seconds(89))).await, []);
    let begun = saved(&world, &asked(&far, MessageCommand::Begin, hour)).await;
    let lease = START.plus(hour).plus(Span::seconds(30));
    assert_eq!(due(&world, EVER).await, [listed[0], lease]);
    let now = START.plus(hour);
    let taken = on_outcome(begun.message(), 1, AttemptOutcome::Taken, now);
    saved(&world, &taken).await;
    assert_eq!(due(&world, EVER).await, [listed[0]]);
}

fn ids(messages: &[DelayedMessage]) -> Vec<&str> {
    messages.iter().map(|message| message.id.as_str()).collect()
}

#[tokio::test]
async fn a_merchant_sees_its_messages_page_by_page_in_the_order_of_their_times() {
    let world = world().await;
    let mut expected = Vec::new();
    for n in 0..25u64 {
        let id = format!("m{n:02}");
        // Three at a time are wanted at the same moment.
        created(&world, &id, Span::seconds(10 + n / 3)).await;
        expected.push(id);
    }
    let theirs = new("other", "m00", Span::seconds(10));
    world.store.create_message(&theirs).await.unwrap();
    let merchant = MerchantId::new("demo").unwrap();
    let mut after: Option<MessagePlace> = None;
    let mut seen = Vec::new();
    let mut pages = 0;
    loop {
        let listed =
            world
                .store
                .list_messages(&merchant, &DelayedMessageState::ALL, after.as_ref(), 10);
        let page = listed.await.unwrap();
        assert!(page.messages.is_sorted_by_key(|message| message.deliver_at));
        seen.extend(ids(&page.messages).into_iter().map(str::to_owned));
        pages += 1;
        let Some(next) = page.next else { break };
        assert_eq!(MessagePlace::parse(next.as_str()), Some(next.clone()));
        after = Some(next);
    }
    assert_eq!(pages, 3);
    seen.sort();
    assert_eq!(seen, expected, "each once");
}

#[tokio::test]
async fn a_message_is_listed_under_the_state_it_has() {
    let world = world().await;
    let merchant = MerchantId::new("demo").unwrap();
    created(&world, "kept", Span::seconds(10)).await;
    let stored = created(&world, "off", Span::seconds(20)).await;
    saved(
        &world,
        &asked(&stored, MessageCommand::Cancel, Span::seconds(1)),
    )
    .await;
    for (state, expected) in [
        (DelayedMessageState::Scheduled, vec!["kept"]),
        (DelayedMessageState::Cancelled, vec!["off"]),
        (DelayedMessageState::Dead, vec![]),
    ] {
        let states = [state];
        let page = world.store.list_messages(&merchant, &states, None, 10);
        let page = page.await.unwrap();
        assert_eq!(ids(&page.messages), expected, "{state:?}");
        assert_eq!(page.next, None);
    }
}

/// What has ended well is forgotten some day; a dead letter never is.
#[tokio::test]
async fn a_dead_letter_has_no_expiry() {
    let world = world().await;
    let dead = created(&world, "dead", Span::seconds(10)).await;
    let begun = saved(
        &world,
        &asked(&dead, MessageCommand::Begin, Span::seconds(10)),
    )
    .await;
    let now = START.plus(Span::seconds(10));
    let gone = on_outcome(begun.message(), 1, AttemptOutcome::Gone, now);
    saved(&world, &gone).await;
    let off = created(&world, "off", Span::seconds(10)).await;
    saved(
        &world,
        &asked(&off, MessageCommand::Cancel, Span::seconds(1)),
    )
    .await;
    let scanned = world
        .client
        .scan()
        .table_name(MESSAGES)
        .send()
        .await
        .unwrap();
    for item in scanned.items() {
        let expires = item.get("x").map(|second| second.as_n().unwrap().clone());
        let expected = match item["i"].as_s().unwrap().as_str() {
            // 90 days and a second after the start.
            "off" => Some((START.as_millis() / 1_000 + 90 * 86_400 + 1).to_string()),
            _ => None,
        };
        assert_eq!(expires, expected);
    }
    assert_eq!(scanned.items().len(), 2);
}
