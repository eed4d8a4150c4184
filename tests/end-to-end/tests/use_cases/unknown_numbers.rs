//! Money for a number of ours that has no payment here: its news are kept and not acknowledged, and the bill of its day settles
//! it, or calls a person.

use aws_sdk_dynamodb::types::AttributeValue;
use end_to_end::Way;
use payonce_domain::reconciliation::DayState;
use payonce_domain::{BillDay, Mode};
use payonce_store::{LedgerPlace, RunState};

use crate::reconciling::{BOOKED_SECONDS, HALF_PAST_TEN, NOON, PLAYED, expected};
use crate::stage::{PRICE, Stage};
use crate::tables::EVIDENCE;

/// F36: two payments are missing when they are paid, as after a restore. The one that comes back is paid by the bill. The
/// other one's money is shown to people as nobody's, its day stays open, and nobody sends it anywhere.
#[tokio::test]
async fn f36_money_for_an_unknown_number_is_settled_against_the_bill() {
    for way in PLAYED {
        unknown_numbers(way).await;
    }
}

async fn unknown_numbers(way: Way) {
    let stage = Stage::set(Mode::Strict).await;
    stage.pass_until(NOON).await;
    let today = stage.place(way, BillDay::of(way.channel, stage.now()));
    let tomorrow = LedgerPlace {
        day: today.day.next(),
        ..today.clone()
    };
    let mut missing = Vec::new();
    for (count, name) in (1..).zip(["back", "lost"]) {
        let payment = stage.opened(name, way).await;
        let item = stage.item(payment.key).await;
        stage.delete(payment.key).await;
        let no = payment.channel_orders[0].no.to_string();
        stage.simulator.pay(&no).await.unwrap();
        let heard = stage.heard(count).await;
        let said = stage.receive(&heard).await;
        let kept = stage.items_in(EVIDENCE).await;
        let quarantine = format!("quarantine#{}", today.account);
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let is_kept = kept.iter().any(|item| {
            item.get("k") == Some(&text(&quarantine)) && item.get("n") == Some(&text(&no))
        });
        assert!(is_kept, "{way:?}: {kept:?}");
        missing.push((payment.key, no, item, heard, said));
    }
    let [(back, number, item, heard, said), (lost, nobodys, ..)] = &missing[..] else {
        panic!("two are missing");
    };

    stage.pass_until(HALF_PAST_TEN).await;
    stage.put_back(item.clone()).await;
    assert_eq!(stage.state(&today).await, RunState::Closed);
    let repaired = expected(&[("channel_only", number, "repaired", false)]);
    assert_eq!(stage.found(&today).await, repaired, "{way:?}");
    assert_eq!(stage.money(*back).await, (PRICE, PRICE, 0), "{way:?}");
    let again = stage.receive(heard).await;
    assert_ne!(&again, said, "{way:?}: now it is acknowledged");
    assert_eq!(stage.money(*back).await, (PRICE, PRICE, 0), "{way:?}");

    stage.pass(BOOKED_SECONDS).await;
    stage.app.sweep(stage.now()).await;
    stage.paid("other", way).await;
    stage.settle().await;
    stage.pass_until(HALF_PAST_TEN).await;
    assert_eq!(stage.state(&tomorrow).await, RunState::Closed);
    let shown = expected(&[("foreign", nobodys, "ask_merchant", true)]);
    assert_eq!(stage.found(&tomorrow).await, shown, "{way:?}");
    let day = stage.app.settlement_day(&tomorrow).await.unwrap().unwrap();
    assert_eq!((day.state, day.open()), (DayState::Open, 1), "{way:?}");
    assert!(stage.stored(*lost).await.is_none());
    let books = stage.books(*lost).await;
    assert_eq!(books[0]["captures"][0]["amount"], PRICE, "{way:?}");
    assert_eq!(books[0]["refunds"], serde_json::json!([]), "{way:?}");
}
