//! The journal: what was kept is found again, once, in the order of time.

use payonce_domain::{ChannelTradeNo, MerchantId, MerchantOrderNo, MerchantRefundNo, Money};
use payonce_domain::{OperatorId, PaymentKey, PaymentNo, Span, Timestamp};
use payonce_store::{Hour, OperatorAct, Proposal, ProposalState};

use crate::tables::world;

const NOW: Timestamp = Timestamp::from_millis(1_795_183_200_000);

fn key(order: &str) -> PaymentKey {
    let merchant = MerchantId::new("demo").unwrap();
    PaymentKey::derive(&merchant, &MerchantOrderNo::new(order).unwrap())
}

fn proposal(no: &str) -> Proposal {
    Proposal {
        no: MerchantRefundNo::new(no).unwrap(),
        payment_no: PaymentNo::new(key("one")),
        amount: Money::from_fen(500),
        reason: "坏了".to_owned(),
        proposed_by: OperatorId::new("otto").unwrap(),
        proposed_at: NOW,
        state: ProposalState::Waiting,
        decided_by: None,
        decided_at: None,
    }
}

#[tokio::test]
async fn a_proposal_is_decided_once() {
    let store = world().await.store;
    let no = format!("{:013}-a", NOW.as_millis());
    let waiting = proposal(&no);
    store.propose(&waiting).await.unwrap();
    assert!(
        store.propose(&waiting).await.is_err(),
        "its number is taken"
    );
    let decided = Proposal {
        state: ProposalState::Approved,
        decided_by: Some(OperatorId::new("anna").unwrap()),
        decided_at: Some(NOW),
        ..waiting.clone()
    };
    assert!(store.decide_proposal(&decided).await.unwrap());
    let declined = Proposal {
        state: ProposalState::Declined,
        ..decided.clone()
    };
    assert!(!store.decide_proposal(&declined).await.unwrap());
    assert_eq!(
        store.proposal(&waiting.no).await.unwrap(),
        Some(decided.clone())
    );
    assert_eq!(store.proposals(NOW).await.unwrap(), [decided]);
    let later = store.proposals(NOW.plus(Span::seconds(1))).await.unwrap();
    assert!(later.is_empty());
}

#[tokio::test]
async fn an_act_is_found_by_its_day_and_by_its_payment() {
    let store = world().await.store;
    let act = OperatorAct {
        at: NOW,
        operator: OperatorId::new("otto").unwrap(),
        what: "query".to_owned(),
        payment_no: Some(PaymentNo::new(key("one"))),
        detail: String::new(),
        why: "the buyer called".to_owned(),
    };
    store.keep_operator_act(&act).await.unwrap();
    assert_eq!(
        store.operator_acts(NOW).await.unwrap(),
        std::slice::from_ref(&act)
    );
    let about = PaymentNo::new(key("one"));
    assert_eq!(store.operator_acts_about(about).await.unwrap(), [act]);
    let other = PaymentNo::new(key("two"));
    assert!(store.operator_acts_about(other).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_login_is_used_once() {
    let store = world().await.store;
    assert!(store.use_login("n1", NOW).await.unwrap());
    assert!(!store.use_login("n1", NOW).await.unwrap());
    assert!(store.use_login("n2", NOW).await.unwrap());
}

#[tokio::test]
async fn hours_add_up_whatever_shard_they_are_counted_in() {
    let store = world().await.store;
    let paid = Hour {
        paid: 1,
        repaired: 1,
        repair_seconds: 7,
        ..Hour::default()
    };
    for order in 0..9 {
        let key = key(&format!("order-{order}"));
        store.count_hour(key, paid, NOW).await.unwrap();
    }
    store.keep_unknown(Money::from_fen(70), NOW).await.unwrap();
    let before = NOW.minus(Span::hours(1));
    store.count_hour(key("x"), paid, before).await.unwrap();
    let hours = store.hours(NOW).await.unwrap();
    let counted: Vec<_> = hours
        .iter()
        .map(|h| (h.paid, h.repair_seconds, h.unknown))
        .collect();
    assert_eq!(counted, [(1, 7, None), (9, 63, Some(70))]);
    assert_eq!(hours[1].hour, NOW.as_millis() / 3_600_000);
}

#[tokio::test]
async fn a_trade_leads_to_its_payments() {
    let store = world().await.store;
    let trade = ChannelTradeNo::new("4200001").unwrap();
    for order in ["one", "one", "two"] {
        store.keep_trade(&trade, key(order)).await.unwrap();
    }
    let mut found = store.payments_of_trade(&trade).await.unwrap();
    let mut expected = [key("one"), key("two")];
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}
