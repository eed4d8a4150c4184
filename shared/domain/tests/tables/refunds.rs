//! Refunds: one number, one reservation, until the channel itself says that it failed for good.

use super::world::{self, at};
use super::*;
use payonce_domain::fact::Occasion;
use payonce_domain::{RefundReport, RefundState, Span, Version};

/// Paid by A, and B to be returned as a duplicate.
pub(super) fn duplicate() -> Tale {
    Tale::of(Mode::Lenient, PAGE)
        .initiate(WAP)
        .paid(first(PAGE), "A")
        .paid(second(WAP), "B")
}

pub(super) fn no() -> RefundNo {
    world::reversal(second(WAP), "B")
}

fn told(report: RefundReport) -> Fact {
    world::refund_said(no(), Occasion::Told, report)
}

fn sent(report: RefundReport) -> Fact {
    world::refund_said(no(), Occasion::Sent, report)
}

pub(super) fn asked(tale: &Tale, report: RefundReport) -> Fact {
    world::refund_said(no(), Occasion::Asked(tale.payment.version), report)
}

/// The end of a tale of [`duplicate`] whose refunds stand so.
pub(super) fn stands(answer: &str, refunds: &str) -> String {
    format!(
        "{answer} | paid | page paid, wap paid | A 1999 applied, \
         B 1999 returning (duplicate_payment) | {refunds}"
    )
}

/// F26, F71, F72, F73, F74, F77, F78: sent once under one number, asked about, sent again only when it surely never was.
#[test]
fn the_life_of_a_compensation() {
    use RefundReport::{Accepted, Failed, NeedsPerson, NoAnswer, NotFound, NotYet, Succeeded};
    let begun = || duplicate().begin(no());
    let manual = || {
        let tale = begun();
        let fact = asked(&tale, NeedsPerson);
        tale.fact(fact)
    };
    let lost = || {
        let tale = begun();
        let fact = asked(&tale, NotFound);
        tale.fact(fact)
    };
    let cases = [
        ("owed at once", duplicate(), "noted", "due"),
        (
            "F71: the write comes before the sending",
            begun(),
            "refunding",
            "sent",
        ),
        (
            "F74: a second sender is turned away",
            begun().begin(no()),
            "refused: not due",
            "sent",
        ),
        (
            "F73: accepted is not done",
            begun().fact(sent(Accepted)),
            "noted",
            "accepted",
        ),
        ("done", begun().fact(sent(Succeeded)), "noted", "succeeded"),
        (
            "F72: no answer: it is asked for, not sent again",
            begun().fact(sent(NoAnswer)),
            "no change",
            "sent",
        ),
        (
            "F77: certainly without effect: the same number later",
            begun().fact(sent(NotYet)),
            "noted",
            "due",
        ),
        (
            "F77: but not at once",
            begun().fact(sent(NotYet)).begin(no()),
            "refused: not due",
            "due",
        ),
        (
            "F77: after a while",
            begun().fact(sent(NotYet)).at(31).begin(no()),
            "refunding",
            "sent",
        ),
        (
            "F71: never arrived: the same number again",
            lost(),
            "noted",
            "due",
        ),
        (
            "F71: and it is sent again",
            lost().begin(no()),
            "refunding",
            "sent",
        ),
        (
            "F72: not found, asked at another version",
            begun().fact(world::refund_said(
                no(),
                Occasion::Asked(Version(1)),
                NotFound,
            )),
            "no change",
            "sent",
        ),
        ("F78: only a person can go on", manual(), "noted", "manual"),
        (
            "F78: the channel's word frees it: done",
            manual().fact(told(Succeeded)),
            "noted",
            "succeeded",
        ),
        (
            "F78: a person's refund is not sent by us",
            manual().begin(no()),
            "refused: not due",
            "manual",
        ),
        (
            "F26: told twice that it is done",
            begun().fact(told(Succeeded)).fact(told(Succeeded)),
            "no change",
            "succeeded",
        ),
        (
            "out of order: accepted after done",
            begun().fact(told(Succeeded)).fact(sent(Accepted)),
            "noted",
            "succeeded",
        ),
    ];
    for (name, tale, answer, state) in &cases {
        check(
            name,
            tale,
            &stands(answer, &format!("duplicate_payment 1999 {state}")),
        );
    }
    let gone = "duplicate_payment 1999 failed, duplicate_payment #2 1999 due";
    let cases = [
        (
            "F73: failed for good: the next generation",
            begun().fact(sent(Failed)),
            "noted",
            gone,
        ),
        (
            "F73: told twice",
            begun().fact(told(Failed)).fact(told(Failed)),
            "no change",
            gone,
        ),
        (
            "F78: failed for good, from a person's hands",
            manual().fact(told(Failed)),
            "noted",
            gone,
        ),
    ];
    for (name, tale, answer, refunds) in &cases {
        check(name, tale, &stands(answer, refunds));
    }
    check(
        "F73: it bounces after it was done",
        &begun().fact(told(Succeeded)).fact(told(Failed)),
        &stands("noted", &format!("{gone} | case: refund contradiction")),
    );
}

/// F72, F73: the next generation opens when the channel says that the last one failed for good.
#[test]
fn a_generation_waits_and_ends() {
    use RefundReport::{Failed, Succeeded};
    let second_generation = no().next_generation().unwrap();
    let failed = || duplicate().begin(no()).fact(sent(Failed));
    check(
        "F73: what failed just now would fail again",
        &failed().begin(second_generation),
        &stands(
            "refused: not due",
            "duplicate_payment 1999 failed, duplicate_payment #2 1999 due",
        ),
    );
    check(
        "F73: a minute later it is sent",
        &failed().at(60).begin(second_generation),
        &stands(
            "refunding",
            "duplicate_payment 1999 failed, duplicate_payment #2 1999 sent",
        ),
    );
    let after_all = failed().fact(told(Succeeded));
    let end = stands(
        "noted",
        "duplicate_payment 1999 succeeded, duplicate_payment #2 1999 failed \
         | case: refund contradiction",
    );
    check(
        "F72: the failed one moved money after all",
        &after_all,
        &end,
    );
    let mut tale = duplicate();
    let mut number = Some(no());
    while let Some(no) = number {
        tale = tale.fact(world::refund_said(no, Occasion::Told, Failed));
        number = no.next_generation();
    }
    let cases = &tale.payment.cases;
    let exhausted =
        |case: &payonce_domain::Case| case.kind == payonce_domain::CaseKind::RefundExhausted;
    assert!(
        cases.iter().any(exhausted),
        "the limit's end is seen by a person"
    );
}

/// F73, F75, F80, F81: reserved out of what was paid, and never more than that.
#[test]
fn a_merchant_gives_back() {
    let paid = || Tale::of(Mode::Strict, PAGE).paid(first(PAGE), "A");
    let r1 = world::merchant_refund(first(PAGE), "r-1");
    let sent = |report| world::refund_said(r1, Occasion::Sent, report);
    let end = |answer: &str, refunds: &str| {
        format!("{answer} | paid | page paid | A 1999 applied{refunds}")
    };
    let cases = [
        (
            "a part",
            paid().command(world::refund("r-1", 500)),
            "refunding",
            " | merchant_request 500 due",
        ),
        (
            "contract: the same again",
            paid()
                .command(world::refund("r-1", 500))
                .command(world::refund("r-1", 500)),
            "existing refund",
            " | merchant_request 500 due",
        ),
        (
            "contract: the same number, another amount",
            paid()
                .command(world::refund("r-1", 500))
                .command(world::refund("r-1", 501)),
            "refused: request mismatch",
            " | merchant_request 500 due",
        ),
        (
            "F75: more than is left",
            paid()
                .command(world::refund("r-1", 500))
                .command(world::refund("r-2", 1_500)),
            "refused: exceeds captured",
            " | merchant_request 500 due",
        ),
        (
            "F75: exactly what is left",
            paid()
                .command(world::refund("r-1", 500))
                .command(world::refund("r-2", 1_499)),
            "refunding",
            " | merchant_request 500 due, merchant_request 1499 due",
        ),
        (
            "F75: nothing",
            paid().command(world::refund("r-1", 0)),
            "refused: exceeds captured",
            "",
        ),
        (
            "F75: only a failure frees the reservation",
            paid()
                .command(world::refund("r-1", 1_999))
                .begin(r1)
                .command(world::refund("r-2", 1)),
            "refused: exceeds captured",
            " | merchant_request 1999 sent",
        ),
        (
            "F73: failed for good: its own next generation",
            paid()
                .command(world::refund("r-1", 500))
                .begin(r1)
                .fact(sent(RefundReport::Failed)),
            "noted",
            " | merchant_request 500 failed, merchant_request #2 500 due",
        ),
        (
            "F73: asked for again after that",
            paid()
                .command(world::refund("r-1", 500))
                .begin(r1)
                .fact(sent(RefundReport::Failed))
                .command(world::refund("r-1", 500)),
            "existing refund",
            " | merchant_request 500 failed, merchant_request #2 500 due",
        ),
        (
            "held by a switch or a cap",
            paid()
                .command(world::refund("r-1", 500))
                .command(Command::HoldRefund {
                    no: r1,
                    until: at(600),
                }),
            "noted",
            " | merchant_request 500 due",
        ),
        (
            "held: nobody sends it",
            paid()
                .command(world::refund("r-1", 500))
                .command(Command::HoldRefund {
                    no: r1,
                    until: at(600),
                })
                .begin(r1),
            "refused: not due",
            " | merchant_request 500 due",
        ),
        (
            "held: until then",
            paid()
                .command(world::refund("r-1", 500))
                .command(Command::HoldRefund {
                    no: r1,
                    until: at(600),
                })
                .at(600)
                .begin(r1),
            "refunding",
            " | merchant_request 500 sent",
        ),
        (
            "F80: a number that is not in the item",
            paid().begin(r1),
            "refused: not due",
            "",
        ),
    ];
    for (name, tale, answer, refunds) in &cases {
        check(name, tale, &end(answer, refunds));
    }
    check(
        "F75: nothing was captured",
        &Tale::of(Mode::Strict, PAGE).command(world::refund("r-1", 1)),
        "refused: exceeds captured | paying | page pending",
    );
    check(
        "F81: the winner is given back while a duplicate is on its way",
        &duplicate().command(world::refund("r-1", world::PRICE)),
        &stands(
            "refunding",
            "duplicate_payment 1999 due, merchant_request 1999 due",
        ),
    );
}

#[test]
fn fifty_requests_however_often_each_failed() {
    let mut tale = Tale::of(Mode::Strict, PAGE).paid(first(PAGE), "A");
    for request in 1..=50 {
        let own = format!("r-{request}");
        tale = tale.command(world::refund(&own, 1));
        assert_eq!(tale.answer, "refunding", "{own}");
        let no = world::merchant_refund(first(PAGE), &own);
        tale = tale.fact(world::refund_said(no, Occasion::Told, RefundReport::Failed));
    }
    tale = tale.command(world::refund("r-51", 1));
    assert_eq!(tale.answer, "refused: too many refunds");
}

/// F78: what kept a refund from moving may be mended: it is sent again daily, or when a person asks.
#[test]
fn a_refund_that_waits_for_a_person_is_not_at_its_end() {
    let waits = || {
        duplicate()
            .begin(no())
            .fact(sent(RefundReport::NeedsPerson))
    };
    let state = |tale: &Tale| tale.payment.refund(no()).unwrap().state;
    let tale = waits().at(60);
    let not_found = asked(&tale, RefundReport::NotFound);
    assert_eq!(
        state(&tale.fact(not_found)),
        RefundState::Manual,
        "not at once"
    );
    let tale = waits().when(at(0).plus(Span::days(1)));
    let not_found = asked(&tale, RefundReport::NotFound);
    let tale = tale.fact(not_found);
    assert_eq!(state(&tale), RefundState::Due, "a day later");
    assert_eq!(
        state(&tale.begin(no())),
        RefundState::Sent,
        "under its number"
    );

    let tale = waits().at(60);
    let resume = |asked| Command::ResumeRefund { no: no(), asked };
    let version = tale.payment.version;
    assert_eq!(state(&tale.command(resume(version))), RefundState::Due);
    let stale = waits().at(60).command(resume(Version(1)));
    assert_eq!(state(&stale), RefundState::Manual, "it moved meanwhile");
    let not_waiting = duplicate();
    let version = not_waiting.payment.version;
    let tale = not_waiting.command(resume(version));
    assert_eq!(tale.answer, "refused: not due");
}

#[test]
fn a_word_on_another_refund_leaves_the_merchants_alone() {
    let r1 = world::merchant_refund(first(PAGE), "r-1");
    let tale = Tale::of(Mode::Strict, PAGE)
        .paid(first(PAGE), "A")
        .command(world::refund("r-1", 300))
        .command(world::refund("r-2", 200))
        .begin(r1)
        .fact(world::refund_said(r1, Occasion::Sent, RefundReport::Failed))
        .fact(world::refund_said(
            r1,
            Occasion::Told,
            RefundReport::Succeeded,
        ));
    check(
        "F75: room is made only where there is none",
        &tale,
        "noted | paid | page paid | A 1999 applied | merchant_request 300 succeeded, \
         merchant_request 200 due, merchant_request #2 300 failed | case: refund contradiction",
    );
}
