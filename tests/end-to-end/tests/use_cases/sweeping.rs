//! The sweep decides nothing: what the index says is only where to look.

use aws_sdk_dynamodb::types::AttributeValue;
use end_to_end::Way;
use futures::future::join_all;
use payonce_domain::{Mode, Payment};
use payonce_lambda::telling::TELLING;

use crate::stage::{PRICE, Stage};

/// Long enough for the first question of an order to be overdue by the sweep's reckoning.
const OVERDUE_SECONDS: i64 = 70;

/// Paid at the channel, and nobody was told.
async fn paid_in_silence(stage: &Stage, name: &str) -> Payment {
    let payment = stage.opened(name, Way::ALIPAY_PAGE).await;
    let no = payment.channel_orders[0].no.to_string();
    stage.simulator.pay(&no).await.unwrap();
    payment
}

/// F63, F74: sweeps overlap, and `refund` is invoked by each: one refund moves.
#[tokio::test]
async fn f63_f74_overlapping_sweeps_send_one_refund() {
    let stage = Stage::set(Mode::Lenient).await;
    let key = stage.key("one");
    for way in [Way::ALIPAY_PAGE, Way::ALIPAY_WAP] {
        let payment = stage.opened("one", way).await;
        let no = payment.channel_orders.last().unwrap().no.to_string();
        stage.simulator.pay(&no).await.unwrap();
    }
    stage.pass(OVERDUE_SECONDS).await;
    let now = stage.now();
    join_all((0..4).map(|_| stage.app.sweep(now))).await;
    assert_eq!(stage.money(key).await, (2 * PRICE, PRICE, PRICE));
    stage.pass(OVERDUE_SECONDS).await;
    let now = stage.now();
    join_all((0..4).map(|_| stage.app.sweep(now))).await;
    let invoked = stage.accelerators.refunds_invoked();
    assert!(invoked.len() > 1, "nothing raced: {invoked:?}");
    let sent = invoked
        .iter()
        .map(|(payment_no, no)| stage.app.send_refund(*payment_no, *no, now));
    for outcome in join_all(sent).await {
        outcome.unwrap();
    }
    let books = stage.books(key).await;
    let refunds = books
        .iter()
        .flat_map(|book| book["refunds"].as_array().unwrap());
    let amounts: Vec<_> = refunds.map(|refund| refund["amount"].clone()).collect();
    assert_eq!(amounts, [PRICE]);
    let winner = stage.payment(key).await.winner;
    assert!(winner.is_some(), "and the winner keeps its money");
}

/// F65: the index still names a payment that is settled: nobody is asked, nothing changes.
#[tokio::test]
async fn f65_a_stale_entry_of_the_index_changes_nothing() {
    let stage = Stage::set(Mode::Strict).await;
    let payment = paid_in_silence(&stage, "one").await;
    let (key, no) = (payment.key, payment.channel_orders[0].no);
    stage.receive(&stage.heard(1).await).await;
    let (payment_no, now) = (payment.payment_no(), stage.now());
    stage.app.tell(payment_no, TELLING, now).await.unwrap();
    let settled = stage.payment(key).await;
    assert_eq!(settled.due_at(), None, "nothing is owed");
    stage.enter_into_index(key, settled.created_at).await;
    stage.pass(OVERDUE_SECONDS).await;
    let asked = stage.asked(no).await;
    let swept = stage.app.sweep(stage.now()).await;
    assert_eq!((swept.advanced, swept.failed), (1, 0), "it was looked at");
    assert_eq!(stage.payment(key).await, settled);
    assert_eq!(stage.asked(no).await, asked, "the channel was asked");
    assert!(stage.accelerators.refunds_invoked().is_empty());
}

/// F66: the index lags. Whatever is late by then is found by whichever sweep sees it first.
#[tokio::test]
async fn f66_what_one_sweep_does_not_see_another_does() {
    let stage = Stage::set(Mode::Strict).await;
    let payment = paid_in_silence(&stage, "one").await;
    let key = payment.key;
    stage
        .tamper(key, |item| {
            item.remove("s");
        })
        .await;
    stage.pass(OVERDUE_SECONDS).await;
    let swept = stage.app.sweep(stage.now()).await;
    assert_eq!(
        (swept.advanced, swept.failed),
        (0, 0),
        "it is not listed yet"
    );
    // A day later is not too late: a sweep looks for all that is due, however old.
    stage.pass(86_400).await;
    stage.enter_into_index(key, payment.created_at).await;
    let swept = stage.app.sweep(stage.now()).await;
    assert_eq!((swept.advanced, swept.failed), (1, 0));
    assert_eq!(stage.money(key).await, (PRICE, PRICE, 0));
}

/// F67, F68: an item that cannot be read is counted and passed over; the rest of its shard is worked on.
#[tokio::test]
async fn f67_f68_a_poisoned_item_holds_up_nobody() {
    let stage = Stage::set(Mode::Strict).await;
    let mut payments = Vec::new();
    for name in ["poison", "b", "c", "d", "e", "f"] {
        payments.push(paid_in_silence(&stage, name).await);
    }
    let (poisoned, healthy) = payments.split_first().unwrap();
    let unknown = AttributeValue::S("of nobody's making".to_owned());
    stage
        .tamper(poisoned.key, |item| {
            item.insert("zz".to_owned(), unknown);
            item.insert("d".to_owned(), AttributeValue::N("1".to_owned()));
        })
        .await;
    stage.pass(OVERDUE_SECONDS).await;
    let swept = stage.app.sweep(stage.now()).await;
    assert_eq!((swept.advanced, swept.failed), (healthy.len(), 1));
    for payment in healthy {
        assert_eq!(stage.money(payment.key).await, (PRICE, PRICE, 0));
    }
}

/// A refund that nobody sent disappears from its record. The index still lists the payment, the record knows of no task,
/// and the sweep makes the refund again.
#[tokio::test]
async fn what_the_index_lists_and_the_record_has_lost_is_made_again() {
    let stage = Stage::set(Mode::Lenient).await;
    let key = stage.key("one");
    for way in [Way::ALIPAY_PAGE, Way::ALIPAY_WAP] {
        let payment = stage.opened("one", way).await;
        let no = payment.channel_orders.last().unwrap().no.to_string();
        stage.simulator.pay(&no).await.unwrap();
    }
    stage.pass(OVERDUE_SECONDS).await;
    let now = stage.now();
    stage.app.sweep(now).await;
    let owed = stage.payment(key).await;
    stage
        .app
        .tell(owed.payment_no(), TELLING, now)
        .await
        .unwrap();
    stage
        .tamper(key, |item| {
            item.insert("rf".to_owned(), AttributeValue::L(Vec::new()));
        })
        .await;
    let damaged = stage.payment(key).await;
    assert_eq!((owed.refunds.len(), damaged.refunds.len()), (1, 0));
    stage.pass(OVERDUE_SECONDS).await;
    let now = stage.now();
    assert_eq!(
        damaged.tasks_due(now),
        [],
        "the record knows of nothing to do"
    );
    stage.app.sweep(now).await;
    let repaired = stage.payment(key).await;
    assert_eq!(repaired.refunds.len(), 1, "the sweep left it alone");
    let no = repaired.refunds[0].no;
    assert_eq!(no, owed.refunds[0].no, "under the same number");
    stage
        .app
        .send_refund(owed.payment_no(), no, now)
        .await
        .unwrap();
    let books = stage.books(key).await;
    let refunds = books
        .iter()
        .flat_map(|book| book["refunds"].as_array().unwrap());
    let amounts: Vec<_> = refunds.map(|refund| refund["amount"].clone()).collect();
    assert_eq!(amounts, [PRICE]);
}
