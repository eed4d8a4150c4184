//! The proposal is a function of what the orders show, case by case.

use payonce_domain::appeal::{Dismissal, ForPerson, propose};
use payonce_domain::{AppealKey, AppealNo, Command, RefundReport};

use super::*;

fn proposed(seen: &[Seen]) -> Proposal {
    propose(Claim::PaidTwice, &Findings::of(seen))
}

/// A payment whose refund on an appeal was reserved, and maybe went back.
fn returned(payment: &Payment, went_back: bool) -> Payment {
    let id = MerchantAppealNo::new("earlier").unwrap();
    let appeal = AppealNo::new(AppealKey::derive(&payment.terms.merchant_id, &id));
    let settle = Command::SettleAppeal {
        appeal,
        amount: PRICE,
        decided_by: operator("one"),
        approved_by: operator("two"),
    };
    let payment = decide::on_command(payment, settle, after(30)).unwrap();
    let payment = payment.into_payment();
    if !went_back {
        return payment;
    }
    let fact = Fact::RefundReported {
        no: payment.refunds[0].no,
        evidence: Evidence {
            source: Source::Query,
            digest: None,
        },
        occasion: Occasion::Told,
        report: RefundReport::Succeeded,
    };
    decide::on_fact(&payment, fact, after(31)).into_payment()
}

#[test]
fn ordered_again_while_unknown_and_both_paid_returns_the_older_order() {
    let [older, newer] = ordered_again();
    let expected = Proposal::Refund {
        payment_no: older.payment.payment_no(),
        amount: PRICE,
        kept: newer.payment.payment_no(),
    };
    assert_eq!(proposed(&[older.clone(), newer.clone()]), expected);
    // In whatever order they are named.
    assert_eq!(proposed(&[newer, older]), expected);
}

/// Each row is the common case with one thing changed.
#[test]
fn what_does_not_prove_it_is_for_people() {
    let [older, newer] = ordered_again();
    let reopened = |terms: Terms, at: u64| {
        let payment = paid(&opened(terms, after(at)), "B", after(at + 1));
        seen(&payment, Some(after(at + 1)))
    };
    let other = |change: fn(&mut Terms)| {
        let mut terms = terms("two");
        change(&mut terms);
        reopened(terms, 5)
    };
    let cases = [
        (
            "another price",
            other(|t| t.amount = Money::from_fen(5)),
            ForPerson::DifferentGoods,
        ),
        (
            "other goods",
            other(|t| t.subject = "socks".to_owned()),
            ForPerson::DifferentGoods,
        ),
        (
            "another address",
            other(|t| t.client_ip = None),
            ForPerson::NotOneBuyer,
        ),
        (
            "the first was known to be paid",
            reopened(terms("two"), 10),
            ForPerson::BothWanted,
        ),
    ];
    for (name, newer, expected) in cases {
        let found = proposed(&[older.clone(), newer]);
        assert_eq!(found, Proposal::Person(expected), "{name}");
    }
    let two_people = |name: &str, seen: &Seen| {
        let mut seen = seen.clone();
        seen.payment.terms.payer = Some(name.to_owned());
        seen
    };
    let two = [two_people("a", &older), two_people("b", &newer)];
    assert_eq!(proposed(&two), Proposal::Person(ForPerson::NotOneBuyer));
    let third = reopened(terms("three"), 7);
    let three = [older.clone(), newer.clone(), third];
    assert_eq!(proposed(&three), Proposal::Person(ForPerson::ManyPaid));
    let other_claim = propose(Claim::Other, &Findings::of(&[older, newer]));
    assert_eq!(other_claim, Proposal::Person(ForPerson::Claim));
}

#[test]
fn a_buyers_own_word_at_the_cashier_counts_where_the_times_do_not() {
    let older = paid(&opened(terms("one"), after(8)), "A", after(9));
    let newer = paid(&opened(terms("two"), after(10)), "B", after(11));
    let mut both = [seen(&older, Some(after(9))), seen(&newer, Some(after(11)))];
    assert_eq!(proposed(&both), Proposal::Person(ForPerson::BothWanted));
    both[0].given_up_at = Some(after(8));
    assert_eq!(proposed(&both).name(), "refund");
    // Given up after it was known to be paid says nothing.
    both[0].given_up_at = Some(after(9));
    assert_eq!(proposed(&both), Proposal::Person(ForPerson::BothWanted));
}

#[test]
fn money_that_is_not_known_or_under_way_is_waited_for() {
    let [older, newer] = ordered_again();
    let unknown = seen(&opened(terms("one"), START), None);
    assert_eq!(proposed(&[unknown, newer.clone()]), Proposal::Wait);
    let under_way = seen(&returned(&older.payment, false), Some(after(9)));
    assert_eq!(proposed(&[under_way, newer]), Proposal::Wait);
}

#[test]
fn nothing_owed_is_dismissed_with_its_proof() {
    let [older, newer] = ordered_again();
    let back = returned(&older.payment, true);
    let no = back.refunds[0].no;
    let back = seen(&back, Some(after(9)));
    assert_eq!(
        proposed(&[back, newer.clone()]),
        Proposal::Dismiss(Dismissal::AlreadyReturned(no))
    );
    let never = decide::open(terms("three"), None, START).unwrap();
    let never = seen(never.payment(), None);
    assert_eq!(
        proposed(&[never.clone(), newer.clone()]),
        Proposal::Dismiss(Dismissal::PaidOnce(newer.payment.payment_no()))
    );
    assert_eq!(proposed(&[never]), Proposal::Dismiss(Dismissal::NeverPaid));
}

/// `replaces` was recorded: the payment refunds itself, and the appeal says so with the number.
#[test]
fn an_order_that_gave_way_returns_by_itself_and_the_appeal_waits_for_it() {
    let newer = paid(&opened(terms("two"), after(5)), "B", after(6));
    let older = opened(terms("one"), START);
    let supersede = Command::Supersede {
        successor: newer.payment_no(),
        confirmed_at: after(5),
    };
    let older = decide::on_command(&older, supersede, after(5)).unwrap();
    let older = paid(older.payment(), "A", after(9));
    assert_eq!(older.refunds.len(), 1);
    let both = [seen(&older, None), seen(&newer, Some(after(6)))];
    assert_eq!(proposed(&both), Proposal::Wait);
}
