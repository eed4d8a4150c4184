//! Appeals: one for each number, changed once however many write, read back through all their life, and
//! never with an altered history.

use aws_sdk_dynamodb::types::AttributeValue;
use payonce_domain::appeal::bill::{BillFacts, BillFinding, FindingEnd};
use payonce_domain::appeal::findings::{ChannelWord, Seen};
use payonce_domain::appeal::{
    AppealCommand, AppealFact, AppealRequest, Claim, Findings, Outcome, Party, Position,
    on_command, on_fact, open,
};
use payonce_domain::numbers::RefundIdentity;
use payonce_domain::reconciliation::DiscrepancyClass;
use payonce_domain::{
    AppealDecision, BillDay, ChannelOrderNo, MerchantAppealNo, MerchantId, Money, OperatorId,
    Payment, RefundNo, Span, StatementId, Timestamp,
};
use payonce_store::{AppealCreated, AppealList, AppealSaved, StoreError, StoredAppeal};

use crate::orders::{self, START};
use crate::tables::{APPEALS, SHARDS, World, world};

fn payment() -> Payment {
    orders::opening("order-1", Span::default()).into_payment()
}

fn request(merchant: &str, id: &str) -> AppealRequest {
    AppealRequest {
        merchant_id: MerchantId::new(merchant).unwrap(),
        id: MerchantAppealNo::new(id).unwrap(),
        opened_by: Party::Buyer,
        claim: Claim::Other,
        orders: vec![payment().payment_no()],
        text: Some("我付了两次 \"twice\"".to_owned()),
    }
}

async fn created(world: &World, merchant: &str, id: &str) -> StoredAppeal {
    let opened = open(request(merchant, id), START).unwrap();
    match world.store.create_appeal(&opened).await.unwrap() {
        AppealCreated::New(stored) | AppealCreated::Existing(stored) => stored,
    }
}

async fn saved(world: &World, seen: &StoredAppeal, decision: &AppealDecision) -> StoredAppeal {
    let stored = match world.store.save_appeal(seen, decision).await.unwrap() {
        AppealSaved::Done(stored) => stored,
        AppealSaved::Moved(there) => panic!("it moved to {there:?}"),
    };
    let key = stored.appeal().key;
    let read = world.store.load_appeal(key).await.unwrap().unwrap();
    assert_eq!(read, stored, "it reads back as it was written");
    stored
}

fn found() -> AppealFact {
    let payment = payment();
    let said = payment.channel_orders.iter();
    AppealFact::Gathered(Findings::of(&[Seen {
        paid_known_at: Some(START),
        given_up_at: Some(START),
        said: said.map(|one| (one.no, ChannelWord::Unpaid)).collect(),
        billed: billed(&payment),
        payment,
    }]))
}

/// Every class of finding in every state, and a day that is not compared.
fn billed(payment: &Payment) -> Vec<(ChannelOrderNo, BillFacts)> {
    let order = &payment.channel_orders[0];
    let day = BillDay::of(order.channel(), START);
    let ends = FindingEnd::ALL.into_iter();
    let found = ends.flat_map(|end| {
        let classes = DiscrepancyClass::ALL.into_iter();
        classes.map(move |class| BillFinding {
            class,
            day: day.next(),
            theirs: (end == FindingEnd::Open).then_some(Money::from_fen(7)),
            ours: (end == FindingEnd::Settled).then_some(Money::from_fen(8)),
            end,
        })
    });
    let bill = BillFacts {
        day,
        is_compared: false,
        is_captured: true,
        found: found.collect(),
    };
    vec![(order.no, bill)]
}

fn operator(name: &str) -> OperatorId {
    OperatorId::new(name).unwrap()
}

/// Every input that an appeal can have is read back as it was written, and the money comes out the same.
#[tokio::test]
async fn an_appeal_reads_back_through_all_its_life() {
    let world = world().await;
    let mut stored = created(&world, "demo", "life").await;
    let now = START.plus(Span::minutes(1));
    let after = |stored: &StoredAppeal, fact| on_fact(stored.appeal(), fact, now);
    stored = saved(&world, &stored, &after(&stored, found())).await;
    let states = [Party::Buyer, Party::Merchant].map(|by| AppealCommand::State {
        id: StatementId::new("s-1").unwrap(),
        by,
        position: Position::Supports,
        text: "真的".to_owned(),
    });
    for command in states {
        let decision = on_command(stored.appeal(), command, now).unwrap();
        stored = saved(&world, &stored, &decision).await;
    }
    let rule = AppealCommand::Rule {
        seen: stored.appeal().version,
        by: operator("one"),
        outcome: Outcome::Dismiss,
        reason: Some("nothing was paid".to_owned()),
    };
    let ruled = on_command(stored.appeal(), rule, now).unwrap();
    stored = saved(&world, &stored, &ruled).await;
    let decline = AppealCommand::Decline {
        seen: stored.appeal().version,
        by: operator("two"),
        reason: "look again".to_owned(),
    };
    let declined = on_command(stored.appeal(), decline, now).unwrap();
    stored = saved(&world, &stored, &declined).await;
    let told = AppealFact::Told { sequence: 1 };
    stored = saved(&world, &stored, &after(&stored, told)).await;
    let late = stored.appeal().rule_by;
    let ticked = on_fact(stored.appeal(), AppealFact::Ticked, late);
    stored = saved(&world, &stored, &ticked).await;
    let withdrawn = AppealCommand::Withdraw { by: Party::Buyer };
    let withdrawn = on_command(stored.appeal(), withdrawn, late).unwrap();
    stored = saved(&world, &stored, &withdrawn).await;
    assert_eq!(stored.history().count(), 9);
    assert_eq!(stored.appeal().statements.len(), 2);
}

/// The steps that need money in the order, without one: written and read as they are.
#[tokio::test]
async fn a_return_reads_back() {
    let mut findings = match found() {
        AppealFact::Gathered(findings) => findings,
        AppealFact::Returned { .. }
        | AppealFact::NotReturned { .. }
        | AppealFact::Ticked
        | AppealFact::Told { .. } => unreachable!("it was gathered"),
    };
    findings.orders[0].refundable = Money::from_fen(900);
    let world = world().await;
    let mut stored = created(&world, "demo", "returns").await;
    let now = START.plus(Span::days(4));
    let no = payment().payment_no();
    let fact = |stored: &StoredAppeal, fact| on_fact(stored.appeal(), fact, now);
    stored = saved(
        &world,
        &stored,
        &fact(&stored, AppealFact::Gathered(findings)),
    )
    .await;
    for approver in ["two", "three"] {
        let rule = AppealCommand::Rule {
            seen: stored.appeal().version,
            by: operator("one"),
            outcome: Outcome::Refund(vec![(no, Money::from_fen(900))]),
            reason: Some("both say so".to_owned()),
        };
        let ruled = on_command(stored.appeal(), rule, now).unwrap();
        stored = saved(&world, &stored, &ruled).await;
        let approve = AppealCommand::Approve {
            seen: stored.appeal().version,
            by: operator(approver),
        };
        let approved = on_command(stored.appeal(), approve, now).unwrap();
        stored = saved(&world, &stored, &approved).await;
        if approver == "two" {
            let gone = AppealFact::NotReturned { payment_no: no };
            stored = saved(&world, &stored, &fact(&stored, gone)).await;
            let again = stored.appeal().findings.clone().unwrap();
            stored = saved(&world, &stored, &fact(&stored, AppealFact::Gathered(again))).await;
        }
    }
    let request = stored.appeal().no().as_request();
    let refund_no = RefundNo::new(
        payment().channel_orders[0].no,
        RefundIdentity::Appeal(&request),
        1,
    );
    let returned = AppealFact::Returned {
        payment_no: no,
        refund_no,
    };
    stored = saved(&world, &stored, &fact(&stored, returned)).await;
    assert_eq!(stored.appeal().returns[0].amount, Money::from_fen(900));
}

#[tokio::test]
async fn one_number_is_one_appeal_and_one_of_two_writers_wins() {
    let world = world().await;
    let opened = open(request("demo", "one"), START).unwrap();
    let first = world.store.create_appeal(&opened).await.unwrap();
    assert!(matches!(first, AppealCreated::New(_)));
    let later = open(request("demo", "one"), START.plus(Span::minutes(1))).unwrap();
    let second = world.store.create_appeal(&later).await.unwrap();
    let AppealCreated::Existing(stored) = second else {
        panic!("it was opened twice");
    };
    assert_eq!(stored.appeal().opened_at, START);
    let one = on_fact(stored.appeal(), found(), START);
    let other = on_fact(stored.appeal(), AppealFact::Told { sequence: 1 }, START);
    saved(&world, &stored, &one).await;
    let lost = world.store.save_appeal(&stored, &other).await.unwrap();
    assert!(matches!(lost, AppealSaved::Moved(_)));
}

#[tokio::test]
async fn each_list_holds_what_belongs_there() {
    let world = world().await;
    let first = created(&world, "demo", "a").await;
    created(&world, "demo", "b").await;
    created(&world, "other", "c").await;
    let withdrawn = AppealCommand::Withdraw { by: Party::Buyer };
    let withdrawn = on_command(first.appeal(), withdrawn, START).unwrap();
    let mut over = saved(&world, &first, &withdrawn).await;
    let count = async |list| {
        let page = world.store.list_appeals(list, None, 10).await.unwrap();
        page.appeals.len()
    };
    assert_eq!(count(AppealList::Open).await, 2);
    assert_eq!(count(AppealList::Over).await, 1);
    let demo = MerchantId::new("demo").unwrap();
    assert_eq!(count(AppealList::Of(&demo)).await, 2);
    let page = world
        .store
        .list_appeals(AppealList::Of(&demo), None, 1)
        .await;
    let page = page.unwrap();
    let rest = world
        .store
        .list_appeals(AppealList::Of(&demo), page.next.as_ref(), 1);
    let rest = rest.await.unwrap();
    assert_ne!(page.appeals[0].key, rest.appeals[0].key);
    assert_eq!(rest.next, None);
    assert_eq!(due(&world).await, 3, "news of all three are to be told");
    for sequence in [1, 2] {
        let told = on_fact(over.appeal(), AppealFact::Told { sequence }, START);
        over = saved(&world, &over, &told).await;
    }
    assert_eq!(due(&world).await, 2, "what is over and told is not due");
}

async fn due(world: &World) -> usize {
    let ever = Timestamp::from_millis(9_999_999_999_999);
    let mut count = 0;
    for shard in 0..SHARDS {
        count += world
            .store
            .due_appeals(shard, ever, 100)
            .await
            .unwrap()
            .len();
    }
    count
}

/// S18: whoever writes into the table cannot make an appeal say what nobody said.
#[tokio::test]
async fn an_altered_history_is_not_read() {
    let world = world().await;
    let stored = created(&world, "demo", "altered").await;
    let stored = saved(&world, &stored, &on_fact(stored.appeal(), found(), START)).await;
    let key = stored.appeal().key;
    let item = world.client.get_item().table_name(APPEALS);
    let item = item
        .key("k", AttributeValue::S(key.to_string()))
        .send()
        .await;
    let item = item.unwrap().item.unwrap();
    let entries = item["h"].as_l().unwrap().clone();
    let said = entries[0].as_s().unwrap();
    let changes = [
        vec![
            AttributeValue::S(said.replace("twice", "never")),
            entries[1].clone(),
        ],
        vec![entries[1].clone(), entries[0].clone()],
        vec![entries[0].clone()],
    ];
    for changed in changes {
        let mut item = item.clone();
        item.insert("h".to_owned(), AttributeValue::L(changed));
        let put = world.client.put_item().table_name(APPEALS);
        put.set_item(Some(item)).send().await.unwrap();
        let read = world.store.load_appeal(key).await;
        assert!(
            matches!(read, Err(StoreError::Unreadable { .. })),
            "{read:?}"
        );
    }
}
