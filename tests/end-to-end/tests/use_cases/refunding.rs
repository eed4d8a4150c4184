//! A refund whose grant or outcome could not be written down.

use std::time::Duration;

use end_to_end::{Fault as ChannelFault, Way};
use payonce_app::{Failure, RefundOutcome};
use payonce_domain::{Mode, PaymentKey, RefundNo, RefundState};
use payonce_lambda::telling::TELLING;

use crate::faults::Fault;
use crate::stage::{PRICE, Stage};

/// After Alipay may be asked about a refund, and the index has listed it.
const ASKED_SECONDS: i64 = 80;

/// The row of the ledger that is written before the grant, without a fault.
const BOOKED: &[Fault] = &[Fault::None];

/// One order, paid on two pages, and the refund of the duplicate.
async fn paid_twice(stage: &Stage) -> (PaymentKey, RefundNo) {
    for (count, way) in [(1, Way::ALIPAY_PAGE), (2, Way::ALIPAY_WAP)] {
        let payment = stage.opened("one", way).await;
        let no = payment.channel_orders.last().unwrap().no.to_string();
        stage.simulator.pay(&no).await.unwrap();
        stage.heard(count).await;
    }
    for count in [1, 2] {
        stage.receive(&stage.heard(count).await).await;
    }
    let key = stage.key("one");
    let refunds = stage.payment(key).await.refunds;
    assert_eq!(refunds.len(), 1);
    (key, refunds[0].no)
}

/// What went back, by the channel's own books.
async fn returned(stage: &Stage, key: PaymentKey) -> Vec<u64> {
    let books = stage.books(key).await;
    let refunds = books
        .iter()
        .flat_map(|book| book["refunds"].as_array().unwrap());
    refunds
        .map(|refund| refund["amount"].as_u64().unwrap())
        .collect()
}

/// Sweeps, and sends what the sweeps have sent, until nothing is owed.
async fn settled(stage: &Stage, key: PaymentKey) {
    for _ in 0..6 {
        stage.pass(ASKED_SECONDS).await;
        let before = stage.accelerators.refunds_invoked().len();
        stage.app.sweep(stage.now()).await;
        for (payment_no, no) in &stage.accelerators.refunds_invoked()[before..] {
            let sent = stage.app.send_refund(*payment_no, *no, stage.now()).await;
            sent.unwrap();
        }
        let (_, _, owed) = stage.money(key).await;
        if owed == 0 {
            return;
        }
    }
    panic!("still owed: {:?}", stage.payment(key).await.refunds);
}

/// F71, F72: the grant is written and nobody knows: nothing is sent on it, and the channel is asked before anything is.
#[tokio::test]
async fn f71_f72_a_grant_of_unknown_fate_sends_nothing_and_is_asked_about() {
    for fate in [
        [Fault::LostAnswer, Fault::Throttled, Fault::Throttled],
        [Fault::LostRequest, Fault::LostRequest, Fault::LostRequest],
    ] {
        let stage = Stage::set(Mode::Lenient).await;
        let (key, no) = paid_twice(&stage).await;
        stage.database.plan(&[BOOKED, &fate].concat());
        let payment_no = stage.payment(key).await.payment_no();
        let unknown = stage.app.send_refund(payment_no, no, stage.now()).await;
        assert!(
            matches!(unknown, Err(Failure::Unknown { .. })),
            "{unknown:?}"
        );
        assert!(stage.database.is_used_up());
        assert!(returned(&stage, key).await.is_empty(), "{fate:?}");
        settled(&stage, key).await;
        assert_eq!(returned(&stage, key).await, [PRICE], "{fate:?}");
        let refunds = stage.payment(key).await.refunds;
        assert_eq!(refunds.len(), 1, "{fate:?}: under one number");
        assert_eq!(refunds[0].state, RefundState::Succeeded);
    }
}

/// F71: the channel has sent the money back and its answer could not be written down.
#[tokio::test]
async fn f71_a_refund_that_is_not_recorded_moves_once() {
    let stage = Stage::set(Mode::Lenient).await;
    let (key, no) = paid_twice(&stage).await;
    let payment_no = stage.payment(key).await.payment_no();
    // What was to be booked, the grant, then the evidence of the answer, then what it changes.
    stage.database.plan(&[
        Fault::None,
        Fault::None,
        Fault::None,
        Fault::LostRequest,
        Fault::LostRequest,
        Fault::LostRequest,
    ]);
    let unknown = stage.app.send_refund(payment_no, no, stage.now()).await;
    assert!(
        matches!(unknown, Err(Failure::Unknown { .. })),
        "{unknown:?}"
    );
    assert!(stage.database.is_used_up());
    assert_eq!(returned(&stage, key).await, [PRICE]);
    let (captured, applied, owed) = stage.money(key).await;
    assert_eq!((captured, applied, owed), (2 * PRICE, PRICE, PRICE));
    let again = stage.app.send_refund(payment_no, no, stage.now()).await;
    assert_eq!(again.unwrap(), RefundOutcome::NothingToSend);
    settled(&stage, key).await;
    assert_eq!(returned(&stage, key).await, [PRICE]);
}

/// F71, F74: the grant was written and its holder died. That the merchant is told while the channel answers does not put
/// the refund off until the next rung, minutes or hours later.
#[tokio::test]
async fn f71_a_refund_that_never_left_is_sent_although_the_item_moved_under_the_question() {
    let stage = Stage::set(Mode::Lenient).await;
    let (key, no) = paid_twice(&stage).await;
    let payment_no = stage.payment(key).await.payment_no();
    let died = [Fault::LostAnswer, Fault::Throttled, Fault::Throttled];
    stage.database.plan(&[BOOKED, &died].concat());
    let unknown = stage.app.send_refund(payment_no, no, stage.now()).await;
    assert!(
        matches!(unknown, Err(Failure::Unknown { .. })),
        "{unknown:?}"
    );
    stage.pass(ASKED_SECONDS).await;
    let slow = ChannelFault {
        delay_ms: Some(1_500),
        ..ChannelFault::once("refund_query", "delay")
    };
    let order = no.channel_order().to_string();
    stage.simulator.fault(&order, slow).await.unwrap();
    let asked_at = stage.payment(key).await.version;
    let telling = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let told = stage.app.tell(payment_no, TELLING, stage.now());
        told.await.unwrap();
        assert_ne!(stage.payment(key).await.version, asked_at, "it moved");
    };
    futures::join!(stage.app.sweep(stage.now()), telling);
    let refund = stage.payment(key).await.refund(no).unwrap().clone();
    assert_eq!(refund.state, RefundState::Due, "{:?}", refund.due);
    settled(&stage, key).await;
    assert_eq!(returned(&stage, key).await, [PRICE]);
}
