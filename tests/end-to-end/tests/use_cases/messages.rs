//! Messages that wake payments: each fails alone, and comes back if its work was not done.

use std::time::Duration;

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use end_to_end::Way;
use payonce_domain::{Mode, PaymentNo};
use payonce_lambda::queue;
use serde_json::json;

use crate::faults::Fault;
use crate::stage::{PRICE, Stage};

fn message(id: &str, body: String) -> SqsMessage {
    let mut message = SqsMessage::default();
    message.message_id = Some(id.to_owned());
    message.body = Some(body);
    message
}

fn wake(id: &str, payment_no: PaymentNo) -> SqsMessage {
    message(
        id,
        json!({ "payment_no": payment_no.to_string() }).to_string(),
    )
}

/// Hands a batch over as function `query` does, and gives the messages that go back.
async fn delivered(stage: &Stage, messages: Vec<SqsMessage>) -> Vec<String> {
    let mut event = SqsEvent::default();
    event.records = messages;
    let response = queue::each_payment(&stage.app, event).await;
    let failures = response.batch_item_failures.into_iter();
    failures.map(|failure| failure.item_identifier).collect()
}

/// A payment at its channel, paid, and nobody was told.
async fn paid_in_silence(stage: &Stage, name: &str) -> PaymentNo {
    let payment = stage.opened(name, Way::ALIPAY_PAGE).await;
    let no = payment.channel_orders[0].no.to_string();
    stage.simulator.pay(&no).await.unwrap();
    payment.payment_no()
}

/// The batch is handled by the real clock, and a payment is first asked about after five seconds.
async fn first_question_is_due() {
    tokio::time::sleep(Duration::from_secs(4)).await;
}

/// F44, F54: what cannot be read and whose account is gone go back; those beside them are done.
#[tokio::test]
async fn f44_f54_a_bad_message_goes_back_alone() {
    let stage = Stage::set(Mode::Strict).await;
    let good = paid_in_silence(&stage, "good").await;
    let other = paid_in_silence(&stage, "other").await;
    let orphan = stage.of_an_account_that_is_gone("orphan").await;
    first_question_is_due().await;
    let back = delivered(
        &stage,
        vec![
            message("garbage", "{".to_owned()),
            wake("good", good),
            wake("orphan", orphan),
            wake("other", other),
        ],
    )
    .await;
    assert_eq!(back, ["garbage", "orphan"]);
    for paid in [good, other] {
        assert_eq!(stage.money(paid.key()).await, (PRICE, PRICE, 0));
    }
    assert!(
        stage.payment(orphan.key()).await.due_at().is_some(),
        "what failed stays owed"
    );
}

/// F43: a queue delivers twice, and two functions work on one payment at once.
#[tokio::test]
async fn f43_a_message_delivered_twice_counts_once() {
    let stage = Stage::set(Mode::Strict).await;
    let payment_no = paid_in_silence(&stage, "one").await;
    first_question_is_due().await;
    let copies = (0..8).map(|_| delivered(&stage, vec![wake("copy", payment_no)]));
    for back in futures::future::join_all(copies).await {
        assert!(back.is_empty(), "{back:?}");
    }
    assert_eq!(stage.money(payment_no.key()).await, (PRICE, PRICE, 0));
    let payment = stage.payment(payment_no.key()).await;
    assert_eq!(payment.captures.len(), 1);
}

/// F47: the channel answered and the write failed: the message goes back and the work stays due.
#[tokio::test]
async fn f47_work_whose_outcome_was_not_written_stays_due() {
    let stage = Stage::set(Mode::Strict).await;
    let payment_no = paid_in_silence(&stage, "one").await;
    let key = payment_no.key();
    first_question_is_due().await;
    let due = stage.payment(key).await.due_at();
    stage.database.plan(&[
        Fault::None,
        Fault::LostRequest,
        Fault::LostRequest,
        Fault::LostRequest,
    ]);
    assert_eq!(
        delivered(&stage, vec![wake("one", payment_no)]).await,
        ["one"]
    );
    assert!(stage.database.is_used_up());
    assert_eq!(stage.money(key).await, (0, 0, 0));
    assert_eq!(stage.payment(key).await.due_at(), due);
    assert!(
        delivered(&stage, vec![wake("one", payment_no)])
            .await
            .is_empty()
    );
    assert_eq!(stage.money(key).await, (PRICE, PRICE, 0));
}

/// F53: the answer to a question names another amount: it is money, and no payment.
#[tokio::test]
async fn f53_another_amount_in_an_answer_pays_nothing_and_goes_back() {
    let stage = Stage::set(Mode::Strict).await;
    let payment = stage.opened("one", Way::ALIPAY_PAGE).await;
    let no = payment.channel_orders[0].no.to_string();
    let paid = stage.simulator.try_pay(&no, Some(1)).await.unwrap();
    assert_eq!(paid.status, 200, "{}", paid.shown());
    first_question_is_due().await;
    let back = delivered(&stage, vec![wake("one", payment.payment_no())]).await;
    assert!(back.is_empty());
    assert_eq!(stage.money(payment.key).await, (1, 0, 1));
    assert_eq!(stage.payment(payment.key).await.winner, None);
    let invoked = stage.accelerators.refunds_invoked();
    assert_eq!(invoked.len(), 1, "its refund is hurried: {invoked:?}");
}
