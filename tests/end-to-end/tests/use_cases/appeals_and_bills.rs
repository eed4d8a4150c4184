//! Appeals that outlive a night: what the day's bill said of the orders is among the facts, and changes what they suggest.

use end_to_end::{Fault, Way};
use payonce_app::appeals::AppealFailure;
use payonce_domain::appeal::bill::{BillFacts, BillWord, FindingEnd};
use payonce_domain::appeal::{AppealRefusal, ForPerson, Outcome, Proposal};
use payonce_domain::reconciliation::DiscrepancyClass;
use payonce_domain::{Appeal, BillDay, Channel, Mode, Money, OperatorId, Payment, Source, Span};
use payonce_store::{LedgerPlace, RunState};

use crate::appealing::{opened, ordered, paid_twice, pay};
use crate::reconciling::{DAY, HALF_PAST_TEN, HOUR, NOON};
use crate::stage::{PRICE, Stage};

/// What the bills say of the only attempt at an order.
fn bill_of(appeal: &Appeal, payment: &Payment) -> BillFacts {
    let found = appeal.findings.as_ref().unwrap();
    let order = found.order(payment.payment_no()).unwrap();
    order.attempts[0].bill.clone().unwrap()
}

/// The appeal once what is due on it by now is done.
async fn advanced(stage: &Stage, appeal: &Appeal) -> Appeal {
    let found = stage.app.advance_appeal(appeal.no(), stage.now()).await;
    found.unwrap().appeal().clone()
}

/// A stage at noon, and that day and the next as the bills have them.
async fn noon() -> (Stage, LedgerPlace, LedgerPlace) {
    let stage = Stage::set(Mode::Strict).await;
    stage.pass_until(NOON).await;
    let day = BillDay::of(Channel::Alipay, stage.now());
    let today = stage.place(Way::ALIPAY_PAGE, day);
    let tomorrow = stage.place(Way::ALIPAY_PAGE, day.next());
    (stage, today, tomorrow)
}

/// F85: both orders count as paid, and a refund is suggested at once. Then the bill lacks the older one's money: it is
/// not given back before a person has judged.
#[tokio::test]
async fn f85_money_that_the_bill_lacks_is_not_given_back_without_a_persons_look() {
    let (stage, today, tomorrow) = noon().await;
    let (older, newer) = paid_twice(&stage).await;
    let now = stage.now().plus(Span::seconds(90));
    let appeal = opened(&stage, &[&older, &newer], now).await;
    let refund = Outcome::Refund(vec![(older.payment_no(), Money::from_fen(PRICE))]);
    assert!(matches!(appeal.proposal(), Some(Proposal::Refund { .. })));
    for payment in [&older, &newer] {
        let bill = bill_of(&appeal, payment);
        assert_eq!((bill.word(), bill.day), (BillWord::Waiting, today.day));
    }
    let expected = today.day.bill_ready_at().plus(Span::hours(1));
    assert_eq!(appeal.look_at, Some(expected), "when the bill is compared");
    stage.settle().await;
    let missing = older.channel_orders[0].no.to_string();
    stage.distort(&today, "drop", Some(&missing)).await;

    stage.pass_until(HALF_PAST_TEN).await;
    assert_eq!(stage.state(&today).await, RunState::Closed);
    stage.pass(HOUR).await;
    let carried = advanced(&stage, &appeal).await;
    assert_eq!(
        bill_of(&carried, &older).word(),
        BillWord::Waiting,
        "tomorrow's bill may have it"
    );
    assert_eq!(
        bill_of(&carried, &newer).word(),
        BillWord::Matched,
        "whatever else was carried over"
    );
    let other = ordered(&stage, "three", stage.now()).await;
    pay(&stage, &other).await;
    stage.settle().await;
    stage.pass_until(HALF_PAST_TEN).await;
    assert_eq!(stage.state(&tomorrow).await, RunState::Closed);
    stage.pass(HOUR).await;
    let found = advanced(&stage, &appeal).await;

    let bill = bill_of(&found, &older);
    assert_eq!(bill.word(), BillWord::Differs);
    let [lacking] = bill.found[..] else {
        panic!("{bill:?}");
    };
    assert_eq!(lacking.class, DiscrepancyClass::LedgerOnly);
    assert_eq!((lacking.day, lacking.end), (tomorrow.day, FindingEnd::Open));
    let price = Money::from_fen(PRICE);
    assert_eq!((lacking.theirs, lacking.ours), (None, Some(price)));
    assert_eq!(bill_of(&found, &newer).word(), BillWord::Matched);
    assert_eq!(
        found.proposal(),
        Some(Proposal::Person(ForPerson::BillDiffers))
    );
    assert_eq!(found.look_at, None, "every bill has spoken");
    let by = OperatorId::new("one").unwrap();
    let (no, now) = (appeal.no(), stage.now());
    let stale = stage
        .app
        .rule_appeal(no, carried.version, by.clone(), refund.clone(), None, now);
    let moved = AppealRefusal::Moved;
    assert!(matches!(stale.await, Err(AppealFailure::Refused(refusal)) if refusal == moved));
    let rashly = stage
        .app
        .rule_appeal(no, found.version, by, refund, None, now);
    let early = AppealRefusal::TooEarly;
    assert!(matches!(rashly.await, Err(AppealFailure::Refused(refusal)) if refusal == early));
    assert_eq!(stage.money(older.key).await, (PRICE, PRICE, 0));
}

/// Nobody learns that the older order was paid, and its channel does not answer. The bill has it: it counts as paid,
/// and goes back as what was paid twice.
#[tokio::test]
async fn a_payment_that_only_the_bill_has_counts_as_paid() {
    let (stage, today, _) = noon().await;
    let older = ordered(&stage, "one", stage.now()).await;
    let silent = older.channel_orders[0].no.to_string();
    for operation in ["query", "close"] {
        let fault = Fault::times(operation, "http_500", 1_000);
        stage.simulator.fault(&silent, fault).await.unwrap();
    }
    pay(&stage, &older).await;
    let now = stage.now().plus(Span::seconds(60));
    let newer = ordered(&stage, "two", now).await;
    pay(&stage, &newer).await;
    let now = now.plus(Span::seconds(30));
    let appeal = opened(&stage, &[&older, &newer], now).await;
    assert_eq!(appeal.proposal(), Some(Proposal::Wait), "it is unknown");
    assert_eq!(stage.money(older.key).await, (0, 0, 0));

    stage.pass_until(HALF_PAST_TEN).await;
    assert_eq!(stage.state(&today).await, RunState::Closed);
    let found = advanced(&stage, &appeal).await;
    assert_eq!(stage.money(older.key).await, (PRICE, PRICE, 0));
    let order = found.findings.as_ref().unwrap();
    let order = order.order(older.payment_no()).unwrap();
    assert_eq!(order.vouched_by, Some(Source::Bill));
    let bill = bill_of(&found, &older);
    let [only] = bill.found[..] else {
        panic!("{bill:?}");
    };
    assert_eq!(only.class, DiscrepancyClass::ChannelOnly);
    assert_eq!(only.end, FindingEnd::Repaired);
    assert_eq!(
        (only.theirs, only.ours),
        (Some(Money::from_fen(PRICE)), None)
    );
    let expected = Proposal::Refund {
        payment_no: older.payment_no(),
        amount: Money::from_fen(PRICE),
        kept: newer.payment_no(),
    };
    assert_eq!(found.proposal(), Some(expected));
    assert!(stage.now().since(appeal.opened_at) < Span::seconds(DAY.unsigned_abs()));
}
