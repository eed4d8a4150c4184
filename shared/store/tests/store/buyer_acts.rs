//! What a buyer did is kept once for each state he did it in, and counted.

use payonce_domain::{BuyerAct, Channel, PaymentKey, Span, Version};

use crate::orders::{START, opening};
use crate::tables::world;

fn key(name: &str) -> PaymentKey {
    opening(name, Span::default()).payment().key
}

#[tokio::test]
async fn an_act_is_one_row_for_each_version_and_counts_how_often_it_was_done() {
    let world = world().await;
    let (one, later) = (key("one"), START.plus(Span::seconds(7)));
    let chose = BuyerAct::Chose(Channel::Wechat);
    let mut before = Vec::new();
    for (version, act, at) in [
        (1, BuyerAct::Opened, START),
        (1, chose, START),
        (1, chose, later),
        (12, BuyerAct::Opened, later),
    ] {
        let kept = world.store.keep_act(one, Version(version), act, at).await;
        before.push(kept.unwrap());
    }
    assert_eq!(before, [None, None, Some(START), None]);
    let acts = world.store.buyer_acts(one).await.unwrap();
    let rows: Vec<_> = acts
        .iter()
        .map(|kept| {
            (
                kept.version.0,
                kept.act,
                kept.times,
                kept.first_at,
                kept.last_at,
            )
        })
        .collect();
    let expected = [
        (1, chose, 2, START, later),
        (1, BuyerAct::Opened, 1, START, START),
        (12, BuyerAct::Opened, 1, later, later),
    ];
    assert_eq!(rows, expected);
    assert!(world.store.buyer_acts(key("two")).await.unwrap().is_empty());
}
