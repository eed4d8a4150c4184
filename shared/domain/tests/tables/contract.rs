//! The situations of the HTTP contract, as decisions.

use super::world::{self, at, deadline};
use super::*;
use payonce_domain::time::Span;
use payonce_domain::{Money, Refusal};

fn mismatched(amount: u64, subject: &str) -> Command {
    Command::Initiate {
        amount: Money::from_fen(amount),
        subject: subject.to_owned(),
        choice: Some(world::choice(PAGE)),
        switch: false,
    }
}

fn without_choice() -> Command {
    Command::Initiate {
        amount: Money::from_fen(world::PRICE),
        subject: "tea".to_owned(),
        choice: None,
        switch: false,
    }
}

/// F1, F2, F7, F9, F10, F15: the same request again, at every stage of the first.
#[test]
fn the_same_request() {
    let strict = |way| Tale::of(Mode::Strict, way);
    let cases = [
        (
            "contract: first time, a browser's channel",
            strict(PAGE),
            "added | paying | page pending",
        ),
        (
            "contract: first time, a call of ours",
            strict(NATIVE),
            "added | paying | native submitted",
        ),
        (
            "contract, F1: same request again while it can be paid",
            strict(PAGE).at(30).initiate(PAGE),
            "existing | paying | page pending",
        ),
        (
            "contract: same request while the lease is held",
            strict(NATIVE).at(11).initiate(NATIVE),
            "in progress | paying | native submitted",
        ),
        (
            "contract, F7, F9: same request after the first one's outcome stayed unknown",
            strict(NATIVE).at(13).initiate(NATIVE),
            "recreate | paying | native submitted",
        ),
        (
            "contract: and again while that repeat holds the lease",
            strict(NATIVE).at(13).initiate(NATIVE).initiate(NATIVE),
            "in progress | paying | native submitted",
        ),
        (
            "contract, F15: the stored action is handed out again",
            strict(NATIVE)
                .fact(world::made(first(NATIVE), "qr", None))
                .at(900)
                .initiate(NATIVE),
            "existing | paying | native pending",
        ),
        (
            "contract: an action that expired is made afresh, for the same channel order",
            strict(NATIVE)
                .fact(world::made(first(NATIVE), "qr", Some(at(300))))
                .at(301)
                .initiate(NATIVE),
            "recreate | paying | native pending",
        ),
        (
            "contract: a payment code is never created twice",
            strict(CODE).at(600).initiate(CODE),
            "in progress | paying | code submitted",
        ),
        (
            "contract: the merchant names no channel, one is open",
            strict(PAGE).command(without_choice()),
            "existing | paying | page pending",
        ),
        (
            "contract: the merchant names no channel, none is open",
            Tale::from(world::opened(Mode::Strict, None)).command(without_choice()),
            "no channel order | created",
        ),
        (
            "contract: the buyer chooses in the cashier",
            Tale::from(world::opened(Mode::Strict, None)).initiate(BANK),
            "added | paying | gateway pending",
        ),
        (
            "contract, F2: same number, other amount",
            strict(PAGE).command(mismatched(1, "tea")),
            "refused: request mismatch | paying | page pending",
        ),
        (
            "contract, F2: same number, other subject",
            strict(PAGE).command(mismatched(world::PRICE, "coffee")),
            "refused: request mismatch | paying | page pending",
        ),
        (
            "contract: 422 comes before 409",
            strict(PAGE)
                .paid(first(PAGE), "A")
                .command(mismatched(1, "tea")),
            "refused: request mismatch | paid | page paid | A 1999 applied",
        ),
        (
            "contract: already paid",
            strict(PAGE).paid(first(PAGE), "A").initiate(PAGE),
            "refused: already paid | paid | page paid | A 1999 applied",
        ),
        (
            "contract, F10: a definite refusal, then a new channel order",
            strict(NATIVE)
                .fact(world::refused(first(NATIVE)))
                .initiate(NATIVE),
            "added | paying | native failed, native submitted",
        ),
    ];
    for (name, tale, end) in &cases {
        check(name, tale, end);
    }
}

/// F2: another amount or subject is the first thing that is wrong with a request, whatever became of the order.
#[test]
fn a_mismatch_is_refused_at_every_stage() {
    let strict = |way| Tale::of(Mode::Strict, way);
    let stages = [
        (
            "no attempt yet",
            Tale::from(world::opened(Mode::Strict, None)),
        ),
        ("the create is on its way", strict(NATIVE).at(1)),
        ("it was not answered", strict(NATIVE).at(13)),
        ("it can be paid", strict(PAGE).at(13)),
        (
            "refused",
            strict(NATIVE).fact(world::refused(first(NATIVE))),
        ),
        ("paid", strict(PAGE).paid(first(PAGE), "A")),
        ("given back", {
            let tale = strict(PAGE).paid(first(PAGE), "A");
            tale.command(world::refund("r-1", world::PRICE))
        }),
        ("closing", strict(PAGE).close()),
        (
            "closed",
            strict(PAGE).close().asked(first(PAGE), Report::Closed),
        ),
        ("expired", strict(PAGE).when(deadline()).tick()),
        (
            "superseded",
            strict(PAGE).command(world::supersede("order-2")),
        ),
    ];
    for (stage, tale) in stages {
        for (amount, subject) in [
            (1, "tea"),
            (world::PRICE + 1, "tea"),
            (world::PRICE, "coffee"),
        ] {
            let before = tale.payment.clone();
            let asked = decide::on_command(&before, mismatched(amount, subject), tale.now);
            assert_eq!(asked.err(), Some(Refusal::RequestMismatch), "{stage}");
        }
    }
}

#[test]
fn another_channel() {
    let strict = || Tale::of(Mode::Strict, PAGE);
    let lenient = || Tale::of(Mode::Lenient, PAGE);
    let cases = [
        (
            "contract: strict, another channel while the first is unproven",
            strict().initiate(NATIVE),
            "refused: state unknown, closable | paying | page pending",
        ),
        (
            "contract: another method is another channel",
            strict().initiate(WAP),
            "refused: state unknown, closable | paying | page pending",
        ),
        (
            "contract: the same with a switch",
            strict().switch(NATIVE),
            "switching | paying | page closing (switch)",
        ),
        (
            "contract: the switch continues while closure is not proven",
            strict().switch(NATIVE).switch(NATIVE),
            "switching | paying | page closing (switch)",
        ),
        (
            "contract: without the switch it is unknown, and closing was tried",
            strict().switch(NATIVE).initiate(NATIVE),
            "refused: state unknown | paying | page closing (switch)",
        ),
        (
            "contract: back to the channel that is closing",
            strict().switch(NATIVE).initiate(PAGE),
            "refused: state unknown | paying | page closing (switch)",
        ),
        (
            "contract: the switch, once closure is proven",
            strict()
                .switch(NATIVE)
                .asked(first(PAGE), Report::Closed)
                .switch(NATIVE),
            "added | paying | page closed, native submitted",
        ),
        (
            "contract: the close finds it paid",
            strict()
                .switch(NATIVE)
                .paid(first(PAGE), "A")
                .switch(NATIVE),
            "refused: already paid | paid | page paid | A 1999 applied",
        ),
        (
            "contract: not found before the deadline proves no closure",
            strict()
                .switch(NATIVE)
                .asked(first(PAGE), Report::NotFound)
                .initiate(NATIVE),
            "refused: state unknown | paying | page closing (switch)",
        ),
        (
            "contract: lenient, another channel beside the first",
            lenient().initiate(NATIVE),
            "added | paying | page pending, native submitted",
        ),
        (
            "contract: lenient, the second again",
            lenient().initiate(NATIVE).at(1).initiate(NATIVE),
            "in progress | paying | page pending, native submitted",
        ),
        (
            "contract: lenient, the first again",
            lenient().initiate(NATIVE).initiate(PAGE),
            "existing | paying | page pending, native submitted",
        ),
    ];
    for (name, tale, end) in &cases {
        check(name, tale, end);
    }
}

/// F21, F22: what gave way to another, or ran out of time, takes no new attempt.
#[test]
fn replaced_or_out_of_time() {
    let strict = || Tale::of(Mode::Strict, PAGE);
    let near_the_end = deadline().minus(Span::millis(119_999));
    let just_in_time = deadline().minus(Span::seconds(120));
    let cases = [
        (
            "contract: the buyer orders again",
            strict().command(world::supersede("order-2")),
            "noted | closing (superseded) | page closing (superseded)",
        ),
        (
            "contract: the same successor again",
            strict()
                .command(world::supersede("order-2"))
                .command(world::supersede("order-2")),
            "noted | closing (superseded) | page closing (superseded)",
        ),
        (
            "contract: another successor",
            strict()
                .command(world::supersede("order-2"))
                .command(world::supersede("order-3")),
            "refused: other successor | closing (superseded) | page closing (superseded)",
        ),
        (
            "contract: the older payment is paid",
            strict()
                .paid(first(PAGE), "A")
                .command(world::supersede("order-2")),
            "refused: already paid | paid | page paid | A 1999 applied",
        ),
        (
            "contract: a later success of the older payment is refunded",
            strict()
                .command(world::supersede("order-2"))
                .paid(first(PAGE), "A"),
            "noted | closed | page paid | A 1999 returning (late_payment) | late_payment 1999 due",
        ),
        (
            "contract: a superseded payment takes no new attempt",
            strict().command(world::supersede("order-2")).initiate(PAGE),
            "refused: order closed | closing (superseded) | page closing (superseded)",
        ),
        (
            "contract, F21: less than 120 s left",
            strict().when(near_the_end).initiate(PAGE),
            "refused: order closed | paying | page pending",
        ),
        (
            "contract: 120 s left",
            strict().when(just_in_time).initiate(PAGE),
            "existing | paying | page pending",
        ),
        (
            "contract, F22: expired",
            strict().when(deadline()).tick().initiate(PAGE),
            "refused: order closed | closing (expiry) | page closing (expiry)",
        ),
        (
            "contract: closed",
            strict()
                .close()
                .asked(first(PAGE), Report::Closed)
                .initiate(PAGE),
            "refused: order closed | closed | page closed",
        ),
    ];
    for (name, tale, end) in &cases {
        check(name, tale, end);
    }
}

/// F21, F24: less time than a buyer needs is not worth an order.
#[test]
fn a_first_request_too_near_the_deadline_is_refused() {
    let near = deadline().minus(Span::millis(119_999));
    let choice = Some(world::choice(PAGE));
    let refused = decide::open(world::terms(Mode::Strict), choice, near);
    assert_eq!(refused.unwrap_err(), Refusal::OrderClosed);
}

/// F19: what a buyer can ask for is bounded, so that the item is.
#[test]
fn twenty_attempts_are_enough() {
    let mut tale = Tale::of(Mode::Strict, NATIVE);
    for attempt in 1..=19 {
        tale = tale.fact(world::refused(world::number(NATIVE, attempt)));
        tale = tale.initiate(NATIVE);
        assert_eq!(tale.answer, "added", "after attempt {attempt}");
    }
    tale = tale.fact(world::refused(world::number(NATIVE, 20)));
    tale = tale.initiate(NATIVE);
    assert_eq!(tale.answer, "refused: too many attempts");
}
