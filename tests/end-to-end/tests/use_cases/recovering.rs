//! What is left after the tables were gone, or were put back to an earlier hour.

use std::collections::HashMap;

use end_to_end::Way;
use payonce_channels::UnverifiedNotification;
use payonce_domain::{BillDay, Channel, Mode, PaymentState};
use payonce_store::{LedgerPlace, RefundControls, RunState};

use crate::faults::Fault;
use crate::reconciling::{HALF_PAST_TEN, NOON};
use crate::stage::{PRICE, Stage};

const HOUR: i64 = 3_600;
/// More writes than six hours of trying make.
const GONE: usize = 2_000;

/// F92: the tables take nothing for six hours after the buyer paid. No notification is acknowledged, nothing is
/// taken for unpaid, and the first sweep that can write finds the money.
#[tokio::test]
async fn f92_six_hours_without_tables_lose_no_payment() {
    for way in Way::OF_EACH_CHANNEL {
        let stage = Stage::set(Mode::Strict).await;
        let payment = stage.opened("one", way).await;
        let no = payment.channel_orders[0].no.to_string();
        stage.simulator.pay(&no).await.unwrap();
        let heard = stage.heard(1).await;
        stage.database.plan(&[Fault::LostRequest; GONE]);
        let acknowledged = stage.try_receive(&heard).await;
        assert!(!acknowledged, "{way:?}: what is not stored was not heard");
        for _ in 0..6 {
            stage.pass(HOUR).await;
            stage.app.sweep(stage.now()).await;
            let seen = stage.payment(stage.key("one")).await;
            assert_eq!(seen.state, payment.state, "{way:?}: nothing is decided");
        }
        stage.database.recover();
        for _ in 0..4 {
            stage.pass(400).await;
            stage.app.sweep(stage.now()).await;
        }
        let paid = stage.payment(stage.key("one")).await;
        assert_eq!(paid.state, PaymentState::Paid, "{way:?}");
        assert_eq!(stage.money(stage.key("one")).await, (PRICE, PRICE, 0));
    }
}

/// F93: the payments are put back to a time before an order was paid twice and the duplicate given back. With
/// refunds switched off, the bill and the channel's answers tell what was forgotten; switched on again, the
/// same refund has the same number, and nothing goes back twice.
#[tokio::test]
async fn f93_after_a_restore_nothing_goes_back_twice() {
    let stage = Stage::set(Mode::Lenient).await;
    stage.pass_until(NOON).await;
    let today = LedgerPlace {
        channel: Channel::Alipay,
        account: stage.merchant.accounts[0].id.clone(),
        day: BillDay::of(Channel::Alipay, stage.now()),
    };
    let mut numbers = Vec::new();
    for way in [Way::ALIPAY_PAGE, Way::ALIPAY_WAP] {
        let payment = stage.opened("one", way).await;
        numbers.push(payment.channel_orders.last().unwrap().no.to_string());
    }
    let key = stage.key("one");
    let mut backup = HashMap::new();
    stage.tamper(key, |item| backup = item.clone()).await;
    for no in &numbers {
        stage.simulator.pay(no).await.unwrap();
    }
    settled(&stage).await;
    assert_eq!(stage.money(key).await, (2 * PRICE, PRICE, 0));
    assert_eq!(returned(&stage).await, [PRICE]);

    let switched = |enabled| RefundControls {
        enabled,
        hourly_cap: None,
    };
    let store = &stage.app.store;
    store.set_refund_controls(&switched(false)).await.unwrap();
    stage.tamper(key, |item| *item = backup).await;
    assert_eq!(stage.money(key).await.0, 0, "it has forgotten");
    stage.pass_until(HALF_PAST_TEN).await;
    settled(&stage).await;
    assert_eq!(stage.state(&today).await, RunState::Closed);
    settled(&stage).await;
    let (captured, applied, owed) = stage.money(key).await;
    assert_eq!((captured, applied), (2 * PRICE, PRICE), "it knows again");
    assert!(owed == 0 || owed == PRICE, "{owed}");
    assert_eq!(returned(&stage).await, [PRICE], "nothing moves meanwhile");

    store.set_refund_controls(&switched(true)).await.unwrap();
    for _ in 0..4 {
        stage.pass(6 * HOUR).await;
        settled(&stage).await;
    }
    assert_eq!(stage.money(key).await, (2 * PRICE, PRICE, 0));
    assert_eq!(returned(&stage).await, [PRICE], "once");
}

/// Sweeps, and sends what the sweeps have sent.
async fn settled(stage: &Stage) {
    for _ in 0..4 {
        stage.pass(400).await;
        let before = stage.accelerators.refunds_invoked().len();
        stage.app.sweep(stage.now()).await;
        for (payment_no, no) in &stage.accelerators.refunds_invoked()[before..] {
            let sent = stage.app.send_refund(*payment_no, *no, stage.now()).await;
            sent.unwrap();
        }
    }
}

/// What went back, by the channel's own books.
async fn returned(stage: &Stage) -> Vec<u64> {
    let books = stage.books(stage.key("one")).await;
    let refunds = books
        .iter()
        .flat_map(|book| book["refunds"].as_array().unwrap());
    refunds
        .map(|refund| refund["amount"].as_u64().unwrap())
        .collect()
}

impl Stage {
    /// Takes a notification; whether the channel may believe that it was heard.
    async fn try_receive(&self, heard: &crate::stage::Heard) -> bool {
        let (account, channel) = self.account_of(heard);
        let now = self.now();
        let notification = UnverifiedNotification {
            headers: heard.headers(),
            body: heard.body(),
            received_at: now,
        };
        let said = self.app.receive(channel, &account, notification, now).await;
        let Ok(Some(said)) = said else { return false };
        // Alipay reads the body, the others the status.
        let heard = channel != Channel::Alipay || said.body == "success";
        (200..300).contains(&said.status) && heard
    }
}
