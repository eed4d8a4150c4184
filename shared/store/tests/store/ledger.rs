//! The ledger is written before what it tells of is taken off the payment; findings are kept once.

use std::collections::BTreeSet;

use payonce_domain::numbers::RefundIdentity;
use payonce_domain::reconciliation::{
    BillLine, Discrepancy, DiscrepancyClass, Proposal, Standing, Subject,
};
use payonce_domain::{
    BillDay, Channel, ChannelTradeNo, Fact, LedgerRow, Money, Movement, RefundNo, Span, decide,
};
use payonce_store::{FindingState, LedgerPlace, Pool, RunState, Saved, Stored};

use crate::orders::{START, account, opening, success};
use crate::tables::{World, world};

fn place() -> LedgerPlace {
    LedgerPlace {
        channel: Channel::Alipay,
        account: account(),
        day: BillDay::of(Channel::Alipay, START),
    }
}

async fn rows(world: &World) -> Vec<LedgerRow> {
    let mut all = Vec::new();
    for shard in 0..world.store.shards() {
        let mut after = None;
        loop {
            let page = world.store.ledger_page(&place(), shard, after).await;
            let (page, last) = page.unwrap();
            all.extend(page);
            after = last;
            if after.is_none() {
                break;
            }
        }
    }
    all
}

async fn paid(world: &World) -> Stored {
    let opened = opening("one", Span::default());
    world.store.create(&opened).await.unwrap();
    let seen = world.store.load(opened.payment().key).await.unwrap();
    let seen = seen.unwrap();
    match world.store.save(&seen, &success(seen.payment())).await {
        Ok(Saved::Done(stored)) => stored,
        other => panic!("{other:?}"),
    }
}

/// A crash after the capture loses nothing: the item says what the ledger lacks, and whoever changes it
/// next writes it first, also when two do.
#[tokio::test]
async fn a_movement_stands_in_the_ledger_before_the_next_change() {
    let world = world().await;
    let stored = paid(&world).await;
    assert_eq!(rows(&world).await, [], "not yet");
    assert!(stored.payment().unbooked.is_some());
    let later = START.plus(Span::minutes(10));
    let book = decide::on_fact(stored.payment(), Fact::Ticked, later);
    for attempt in 0..2 {
        let saved = world.store.save(&stored, &book).await.unwrap();
        let done = matches!(saved, Saved::Done(_));
        assert_eq!(done, attempt == 0);
    }
    let row = &rows(&world).await[0];
    let capture = &stored.payment().captures[0];
    assert_eq!(
        (&row.trade_no, row.amount),
        (&capture.trade_no, capture.amount)
    );
    assert_eq!(row.movement, Movement::Payment);
    assert_eq!(rows(&world).await.len(), 1);
    let after = world.store.load(stored.payment().key).await.unwrap();
    assert_eq!(after.unwrap().payment().unbooked, None);
}

fn line(position: u32) -> BillLine {
    BillLine {
        day: place().day,
        position,
        movement: Movement::Refund,
        order_no: format!("theirs-{position}"),
        refund_no: Some("r".to_owned()),
        trade_no: ChannelTradeNo::new("t").unwrap(),
        amount: Money::from_fen(7),
        fee: None,
        at: START,
        standing: Standing::UnderWay,
        alone_since: (position == 2).then(|| place().day.next()),
    }
}

#[tokio::test]
async fn what_is_carried_over_reads_back_whole() {
    let world = world().await;
    let stored = paid(&world).await;
    let pool = Pool {
        lines: (0..2_500).map(line).collect(),
        rows: stored.payment().ledger_rows(),
    };
    let pieces = world.store.put_pool(&place(), &pool).await.unwrap();
    assert_eq!(pieces, 4);
    assert_eq!(world.store.pool(&place(), pieces).await.unwrap(), pool);
    // A repeated run that carries less leaves no trace of the first.
    let less = Pool {
        lines: vec![line(1)],
        rows: Vec::new(),
    };
    let pieces = world.store.put_pool(&place(), &less).await.unwrap();
    assert_eq!(world.store.pool(&place(), pieces).await.unwrap(), less);
}

/// F86: a difference is one finding, however often its day is run.
#[tokio::test]
async fn f86_a_finding_is_kept_once_and_resolved_once() {
    let world = world().await;
    let found = Discrepancy {
        channel: Channel::Alipay,
        account: account(),
        day: place().day,
        class: DiscrepancyClass::Foreign,
        subject: Subject::of_line(&line(3)),
        theirs: Some(Money::from_fen(7)),
        ours: None,
        proposal: Proposal::AskMerchant,
    };
    assert!(world.store.keep_finding(&found, START).await.unwrap());
    let later = START.plus(Span::days(1));
    assert!(!world.store.keep_finding(&found, later).await.unwrap());
    let kept = world.store.findings(&place()).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].discrepancy, found);
    assert_eq!(kept[0].found_at, START);
    assert_eq!(world.store.open_findings(10).await.unwrap(), kept);
    world.store.resolve_finding(&kept[0]).await.unwrap();
    assert_eq!(world.store.open_findings(10).await.unwrap(), []);
    let kept = world.store.findings(&place()).await.unwrap();
    assert_eq!(kept[0].state, FindingState::Resolved);
    assert!(!world.store.keep_finding(&found, later).await.unwrap());
}

/// Whatever day found it, and by whichever number of ours it names the payment, open or settled.
#[tokio::test]
async fn all_that_was_found_about_a_payment_is_listed() {
    let world = world().await;
    let store = &world.store;
    let payment = opening("one", Span::default()).into_payment();
    let order_no = payment.channel_orders[0].no;
    let refund_no = RefundNo::new(order_no, RefundIdentity::Channel("r"), 1);
    let mut by_order = line(1);
    by_order.order_no = order_no.to_string();
    let mut by_refund = line(2);
    by_refund.refund_no = Some(refund_no.to_string());
    let lines = [by_order, by_refund, line(3)];
    let days = [place().day.next(), place().day, place().day];
    for (line, day) in lines.iter().zip(days) {
        let found = Discrepancy {
            channel: Channel::Alipay,
            account: account(),
            day,
            class: DiscrepancyClass::RefundChannelOnly,
            subject: Subject::of_line(line),
            theirs: Some(line.amount),
            ours: None,
            proposal: Proposal::AskChannel,
        };
        assert!(store.keep_finding(&found, START).await.unwrap());
    }
    let found = store.findings_about(payment.key).await.unwrap();
    let about = found
        .iter()
        .map(|one| one.discrepancy.subject.order_no.clone());
    let about: BTreeSet<_> = about.map(Option::unwrap).collect();
    let expected = lines[..2].iter().map(|line| line.order_no.clone());
    assert_eq!(about, expected.collect());
    store.resolve_finding(&found[0]).await.unwrap();
    let after = store.findings_about(payment.key).await.unwrap();
    assert_eq!(after.len(), 2);
    let other = opening("other", Span::default()).into_payment();
    assert_eq!(store.findings_about(other.key).await.unwrap(), []);
}

/// A day is worked on by one at a time, and taken up by another once the first was cut off.
#[tokio::test]
async fn a_run_has_a_lease_and_is_taken_up_after_it() {
    let world = world().await;
    let (store, until) = (&world.store, START.plus(Span::minutes(15)));
    let mut first = store
        .begin_run(&place(), START, until)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(store.begin_run(&place(), START, until).await.unwrap(), None);
    let later = until.plus(Span::seconds(1));
    let until = later.plus(Span::minutes(15));
    let mut second = store
        .begin_run(&place(), later, until)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(second.attempts, 2);
    first.state = RunState::Closed;
    assert!(
        !store.save_run(&mut first).await.unwrap(),
        "it lost the day"
    );
    second.state = RunState::ClosedEmpty;
    assert!(store.save_run(&mut second).await.unwrap());
    store.close_until(&place()).await.unwrap();
    let closed = store
        .closed_until(Channel::Alipay, &account())
        .await
        .unwrap();
    assert_eq!(closed, Some(place().day));
    let run = store.run(&place()).await.unwrap().unwrap();
    assert_eq!(run.state, RunState::ClosedEmpty);
}
