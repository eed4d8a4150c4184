//! Money that went back without a refund of ours.

use super::refunds::{asked, duplicate, no, stands};
use super::world;
use super::*;
use payonce_domain::fact::Occasion;
use payonce_domain::{RefundReport, RefundState};

#[test]
fn the_channel_returns_money_by_itself() {
    let back = |total| world::returned(second(WAP), "row-1", total);
    let cases = [
        (
            "all of it, before ours was sent",
            duplicate().fact(back(1_999)),
            "noted",
            "duplicate_payment 1999 failed, channel 1999 succeeded",
        ),
        (
            "a part: ours shrinks",
            duplicate().fact(back(700)),
            "noted",
            "duplicate_payment 1999 failed, channel 700 succeeded, duplicate_payment #2 1299 due",
        ),
        (
            "the total names ours, which is out",
            duplicate().begin(no()).fact(back(1_999)),
            "no change",
            "duplicate_payment 1999 sent",
        ),
        (
            "the total names ours, which was sent and not found",
            {
                let tale = duplicate().begin(no());
                let fact = asked(&tale, RefundReport::NotFound);
                tale.fact(fact).fact(back(1_999))
            },
            "no change",
            "duplicate_payment 1999 due",
        ),
        (
            "more than was captured",
            duplicate().fact(back(2_500)),
            "noted",
            "duplicate_payment 1999 failed, channel 1999 succeeded | case: returned too much",
        ),
    ];
    for (name, tale, answer, refunds) in &cases {
        check(name, tale, &stands(answer, refunds));
    }
    let winner = Tale::of(Mode::Strict, PAGE)
        .paid(first(PAGE), "A")
        .command(world::refund("r-1", 300))
        .command(world::refund("r-2", 400));
    check(
        "as few of the merchant's refunds as make room are withdrawn, the newest first",
        &winner.fact(world::returned(first(PAGE), "row-1", 1_500)),
        "noted | paid | page paid | A 1999 applied | merchant_request 300 due, \
         merchant_request 400 failed, channel 1500 succeeded",
    );
    check(
        "of a capture nobody knows: a person looks",
        &Tale::of(Mode::Strict, PAGE).fact(world::returned(first(PAGE), "row-1", 1)),
        "noted | paying | page pending | case: returned too much",
    );
}

/// F75: each refund by hand is counted once, whatever of ours went back before.
#[test]
fn refunds_by_hand_are_counted_each_on_its_own() {
    let by_hand = |no: &str, fen| world::returned_alone(first(PAGE), no, fen);
    let r1 = world::merchant_refund(first(PAGE), "r-1");
    let ours = || {
        Tale::of(Mode::Strict, PAGE)
            .paid(first(PAGE), "A")
            .command(world::refund("r-1", 500))
            .begin(r1)
    };
    let done = || {
        ours().fact(world::refund_said(
            r1,
            Occasion::Sent,
            RefundReport::Succeeded,
        ))
    };
    let after = |tale: Tale| {
        let money = tale.payment.money().unwrap();
        (money.applied.minor(), money.refunded.minor())
    };
    assert_eq!(after(done().fact(by_hand("c-1", 500))), (999, 1_000));
    let twice = done().fact(by_hand("c-1", 500)).fact(by_hand("c-1", 500));
    assert_eq!(after(twice), (999, 1_000), "told twice");
    let more = done().fact(by_hand("c-1", 500)).fact(by_hand("c-2", 500));
    assert_eq!(after(more), (499, 1_500));

    // Refused without effect: somebody helped by hand, and ours is not sent on top.
    let whole = Tale::of(Mode::Strict, PAGE)
        .paid(first(PAGE), "A")
        .command(world::refund("r-1", world::PRICE))
        .begin(r1)
        .fact(world::refund_said(r1, Occasion::Sent, RefundReport::NotYet))
        .fact(by_hand("c-1", world::PRICE));
    assert_eq!(whole.payment.refund(r1).unwrap().state, RefundState::Failed);
    assert_eq!(after(whole), (0, world::PRICE));
}
