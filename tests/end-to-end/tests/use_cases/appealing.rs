//! Appeals, with operators who disagree, writes that get lost and money that moves meanwhile.

use end_to_end::Way;
use payonce_app::appeals::AppealFailure;
use payonce_domain::appeal::{AppealRefusal, AppealRequest, Claim, Outcome, Party, Proposal};
use payonce_domain::{
    Appeal, AppealState, MerchantAppealNo, MerchantRefundNo, Mode, Money, OperatorId, Payment,
    RefundCause, Span, Timestamp,
};

use crate::faults::Fault;
use crate::stage::{PRICE, Stage, order};

/// The buyer's order, at a time and from an address of his.
pub(crate) async fn ordered(stage: &Stage, name: &str, now: Timestamp) -> Payment {
    let mut request = order(name, Way::ALIPAY_PAGE, now);
    request.client_ip = Some("203.0.113.7".to_owned());
    let made = stage.app.initiate(&stage.merchant, request, now).await;
    let payment = made.unwrap().payment;
    stage.open(&payment.channel_orders[0], &payment).await;
    payment
}

pub(crate) async fn pay(stage: &Stage, payment: &Payment) {
    let no = payment.channel_orders[0].no.to_string();
    stage.simulator.pay(&no).await.unwrap();
}

/// The first order is paid and nobody hears of it; the buyer orders again and pays that.
pub(crate) async fn paid_twice(stage: &Stage) -> (Payment, Payment) {
    let now = stage.now();
    let older = ordered(stage, "one", now).await;
    pay(stage, &older).await;
    let newer = ordered(stage, "two", now.plus(Span::seconds(60))).await;
    pay(stage, &newer).await;
    (older, newer)
}

pub(crate) async fn opened(stage: &Stage, orders: &[&Payment], now: Timestamp) -> Appeal {
    opened_as(stage, "twice", orders, now).await
}

async fn opened_as(stage: &Stage, name: &str, orders: &[&Payment], now: Timestamp) -> Appeal {
    let request = AppealRequest {
        merchant_id: stage.merchant.id.clone(),
        id: MerchantAppealNo::new(name).unwrap(),
        opened_by: Party::Buyer,
        claim: Claim::PaidTwice,
        orders: orders.iter().map(|one| one.payment_no()).collect(),
        text: None,
    };
    let opened = stage.app.open_appeal(&stage.merchant, request, now).await;
    let no = opened.unwrap().stored.appeal().no();
    let found = stage.app.advance_appeal(no, now).await.unwrap();
    found.appeal().clone()
}

fn operator(name: &str) -> OperatorId {
    OperatorId::new(name).unwrap()
}

fn as_proposed(appeal: &Appeal) -> Outcome {
    match appeal.proposal() {
        Some(Proposal::Refund {
            payment_no, amount, ..
        }) => Outcome::Refund(vec![(payment_no, amount)]),
        other => panic!("not proven: {other:?}"),
    }
}

/// Ruled by one and approved by two.
async fn approved(stage: &Stage, appeal: &Appeal, now: Timestamp) -> Appeal {
    approved_as(stage, appeal, as_proposed(appeal), now).await
}

async fn approved_as(stage: &Stage, appeal: &Appeal, outcome: Outcome, now: Timestamp) -> Appeal {
    let (no, why) = (appeal.no(), Some("seen both".to_owned()));
    let ruling = stage
        .app
        .rule_appeal(no, appeal.version, operator("one"), outcome, why, now);
    let seen = ruling.await.unwrap().appeal().version;
    let alone = stage
        .app
        .approve_appeal(no, seen, operator("one"), now)
        .await;
    let same = AppealRefusal::SamePerson;
    assert!(matches!(alone, Err(AppealFailure::Refused(refusal)) if refusal == same));
    let approved = stage
        .app
        .approve_appeal(no, seen, operator("two"), now)
        .await;
    approved.unwrap().appeal().clone()
}

/// F94: two people; and the facts come from the channel, which was asked when the appeal was opened.
#[tokio::test]
async fn f94_the_common_case_is_ruled_by_one_approved_by_another_and_goes_back_once() {
    let stage = Stage::set(Mode::Strict).await;
    let (older, newer) = paid_twice(&stage).await;
    assert_eq!(
        stage.money(older.key).await,
        (0, 0, 0),
        "nobody heard of it"
    );
    let now = stage.now().plus(Span::seconds(90));
    let appeal = opened(&stage, &[&newer, &older], now).await;
    assert_eq!(stage.money(older.key).await, (PRICE, PRICE, 0));
    let expected = Outcome::Refund(vec![(older.payment_no(), Money::from_fen(PRICE))]);
    assert_eq!(as_proposed(&appeal), expected);
    let returning = approved(&stage, &appeal, now).await;
    assert_eq!(returning.state, AppealState::Returning);
    let no = appeal.no();
    let settled = stage.app.advance_appeal(no, now).await.unwrap();
    assert_eq!(settled.appeal().state, AppealState::Upheld);
    let refund = stage.payment(older.key).await.refunds[0].clone();
    assert_eq!(refund.cause, RefundCause::Appeal);
    assert_eq!(settled.appeal().returns[0].refund_no, refund.no);
    stage.app.advance_appeal(no, now).await.unwrap();
    assert_eq!(stage.payment(older.key).await.refunds.len(), 1);
    let sent = stage
        .app
        .send_refund(older.payment_no(), refund.no, now)
        .await;
    sent.unwrap();
    let books = stage.books(older.key).await;
    assert_eq!(books[0]["refunds"][0]["amount"], PRICE);
    assert_eq!(
        stage.money(newer.key).await,
        (PRICE, PRICE, 0),
        "the other one stays"
    );
}

/// F49, F71: the payment reserved it and the appeal could not write that down: asked again, it is the same refund.
#[tokio::test]
async fn f71_a_reservation_that_the_appeal_could_not_note_is_made_once() {
    for fates in [
        // The payment's write, then the appeal's.
        vec![
            Fault::None,
            Fault::LostRequest,
            Fault::LostRequest,
            Fault::LostRequest,
        ],
        vec![Fault::LostAnswer, Fault::Throttled, Fault::Throttled],
    ] {
        let stage = Stage::set(Mode::Strict).await;
        let (older, newer) = paid_twice(&stage).await;
        let now = stage.now().plus(Span::seconds(90));
        let appeal = opened(&stage, &[&older, &newer], now).await;
        approved(&stage, &appeal, now).await;
        stage.database.plan(&fates);
        let failed = stage.app.advance_appeal(appeal.no(), now).await;
        assert!(failed.is_err(), "{fates:?}");
        let settled = stage.app.advance_appeal(appeal.no(), now).await.unwrap();
        assert_eq!(settled.appeal().state, AppealState::Upheld, "{fates:?}");
        assert_eq!(stage.payment(older.key).await.refunds.len(), 1, "{fates:?}");
        assert_eq!(stage.money(older.key).await, (PRICE, 0, PRICE), "{fates:?}");
    }
}

/// F75: the merchant gave it back himself between ruling and settling: the ruling is void and the facts say why.
#[tokio::test]
async fn f75_what_went_back_meanwhile_does_not_go_back_again() {
    let stage = Stage::set(Mode::Strict).await;
    let (older, newer) = paid_twice(&stage).await;
    let now = stage.now().plus(Span::seconds(90));
    let appeal = opened(&stage, &[&older, &newer], now).await;
    approved(&stage, &appeal, now).await;
    let (request, all) = (
        MerchantRefundNo::new("own").unwrap(),
        Money::from_fen(PRICE),
    );
    let (payment_no, app) = (older.payment_no(), &stage.app);
    let given = app.give_back(&stage.merchant, payment_no, request, all, None, now);
    given.await.unwrap();
    let voided = stage.app.advance_appeal(appeal.no(), now).await.unwrap();
    assert_eq!(voided.appeal().state, AppealState::Gathering);
    let again = stage.app.advance_appeal(appeal.no(), now).await.unwrap();
    assert_eq!(
        again.appeal().proposal(),
        Some(Proposal::Wait),
        "it is on its way"
    );
    assert_eq!(stage.money(older.key).await, (PRICE, 0, PRICE));
}

/// F94: two appeals about the same two orders, each ruled to give another one back, leave the buyer what he bought.
#[tokio::test]
async fn f94_what_two_appeals_give_back_is_not_both_orders() {
    let stage = Stage::set(Mode::Strict).await;
    let (older, newer) = paid_twice(&stage).await;
    let now = stage.now().plus(Span::seconds(90));
    let one = opened_as(&stage, "twice", &[&older, &newer], now).await;
    let other = opened_as(&stage, "again", &[&older, &newer], now).await;
    approved(&stage, &one, now).await;
    // By then the time to answer is over, and people may rule otherwise than the facts suggest.
    let later = other.answer_by.plus(Span::seconds(1));
    let ripe = stage.app.advance_appeal(other.no(), later).await.unwrap();
    let whole = Money::from_fen(PRICE);
    let opposite = Outcome::Refund(vec![(newer.payment_no(), whole)]);
    approved_as(&stage, ripe.appeal(), opposite, later).await;
    let settled = stage.app.advance_appeal(one.no(), later).await.unwrap();
    assert_eq!(settled.appeal().state, AppealState::Upheld);
    let voided = stage.app.advance_appeal(other.no(), later).await.unwrap();
    assert_eq!(voided.appeal().state, AppealState::Gathering);
    assert_eq!(stage.money(older.key).await, (PRICE, 0, PRICE));
    assert_eq!(stage.money(newer.key).await, (PRICE, PRICE, 0));
}
