//! What may be ruled, by whom, on what they saw, and what then goes back.

use payonce_domain::appeal::{NewsKind, Return};
use payonce_domain::numbers::RefundIdentity;
use payonce_domain::{AppealNo, PaymentKey, PaymentNo, RefundNo, Version};

use super::*;

/// Orders, and how many fen go back of each.
type Returns<'a> = &'a [(PaymentNo, u64)];

/// A claim that people decide: both orders may go back, in part or whole.
fn open_case() -> Appeal {
    let seen = ordered_again();
    let mut other = request(&seen);
    other.claim = Claim::Other;
    other.text = Some("neither was delivered".to_owned());
    let appeal = appeal::open(other, after(20)).unwrap().into_appeal();
    let found = AppealFact::Gathered(Findings::of(&seen));
    let appeal = fact(&appeal, found, after(20));
    let said = state("m-1", Party::Merchant, Position::Supports);
    command(&appeal, said, after(20)).unwrap()
}

fn numbers() -> [PaymentNo; 2] {
    ordered_again().map(|one| one.payment.payment_no())
}

fn ruling(appeal: &Appeal, by: &str, returns: Returns<'_>) -> AppealCommand {
    let returns = returns.iter().map(|(no, fen)| (*no, Money::from_fen(*fen)));
    AppealCommand::Rule {
        seen: appeal.version,
        by: operator(by),
        outcome: Outcome::Refund(returns.collect()),
        reason: Some("it was lost on its way".to_owned()),
    }
}

fn decline(seen: Version, by: &str) -> AppealCommand {
    AppealCommand::Decline {
        seen,
        by: operator(by),
        reason: "Ask the supplier first".to_owned(),
    }
}

fn refund_no(appeal: &Appeal, at: usize) -> RefundNo {
    let order = ordered_again()[at].payment.channel_orders[0].no;
    let number = AppealNo::new(appeal.key).as_request();
    RefundNo::new(order, RefundIdentity::Appeal(&number), 1)
}

#[test]
fn only_what_an_order_of_it_holds_goes_back_and_once() {
    let appeal = open_case();
    let [one, two] = numbers();
    let merchant = MerchantId::new("demo").unwrap();
    let foreign = PaymentKey::derive(&merchant, &MerchantOrderNo::new("foreign").unwrap());
    let cases: [(Returns<'_>, Option<AppealRefusal>); 8] = [
        (&[(one, 1_999), (two, 1)], None),
        (&[(one, 1_999)], None),
        (&[], Some(AppealRefusal::NotItsOrder)),
        (&[(one, 0)], Some(AppealRefusal::ExceedsCaptured)),
        (&[(one, 2_000)], Some(AppealRefusal::ExceedsCaptured)),
        (
            &[(one, 5), (two, 2_000)],
            Some(AppealRefusal::ExceedsCaptured),
        ),
        (&[(one, 5), (one, 5)], Some(AppealRefusal::NotItsOrder)),
        (
            &[(PaymentNo::new(foreign), 5)],
            Some(AppealRefusal::NotItsOrder),
        ),
    ];
    for (returns, refused) in cases {
        let ruled = command(&appeal, ruling(&appeal, "one", returns), after(21));
        assert_eq!(ruled.err(), refused, "{returns:?}");
    }
}

/// A ruling that is repeated is the same; another one needs the first to be declined.
#[test]
fn a_ruling_stands_until_it_is_declined() {
    let appeal = open_case();
    let [one, two] = numbers();
    let first = ruling(&appeal, "one", &[(one, 1_999)]);
    let ruled = command(&appeal, first.clone(), after(21)).unwrap();
    assert_eq!(command(&ruled, first, after(22)), Ok(ruled.clone()));
    let others = [
        ruling(&ruled, "two", &[(one, 1_999)]),
        ruling(&ruled, "one", &[(two, 1_999)]),
    ];
    for other in others {
        let refused = command(&ruled, other, after(22));
        assert_eq!(refused, Err(AppealRefusal::TooLate));
    }
    let declined = command(&ruled, decline(ruled.version, "two"), after(23)).unwrap();
    assert_eq!(declined.state, AppealState::Ripe);
    assert_eq!(declined.ruling, None);
    let again = ruling(&declined, "two", &[(two, 5)]);
    assert!(command(&declined, again, after(24)).is_ok());
}

/// What is decided is decided on what was seen: later news of other kinds do not matter.
#[test]
fn decisions_are_made_on_what_was_seen() {
    let appeal = open_case();
    let [one, _] = numbers();
    let told = fact(&appeal, AppealFact::Told { sequence: 1 }, after(20));
    assert!(told.version > told.judged_by);
    let ruled = command(&told, ruling(&told, "one", &[(one, 1_999)]), after(21)).unwrap();
    let told = fact(&ruled, AppealFact::Told { sequence: 2 }, after(21));
    assert!(told.version > told.judged_by);
    let before = appeal.version;
    let stale = AppealCommand::Approve {
        seen: before,
        by: operator("two"),
    };
    assert_eq!(command(&told, stale, after(22)), Err(AppealRefusal::Moved));
    let stale = decline(before, "two");
    assert_eq!(command(&told, stale, after(22)), Err(AppealRefusal::Moved));
    for seen in [told.judged_by, told.version] {
        let approve = AppealCommand::Approve {
            seen,
            by: operator("two"),
        };
        assert!(command(&told, approve, after(22)).is_ok());
        assert!(command(&told, decline(seen, "two"), after(22)).is_ok());
    }
    let alone = decline(told.version, "one");
    assert_eq!(
        command(&told, alone, after(22)),
        Err(AppealRefusal::SamePerson)
    );
}

#[test]
fn an_approval_is_given_once() {
    let appeal = open_case();
    let [one, _] = numbers();
    let early = command(&appeal, approve(&appeal, "two"), after(21));
    assert_eq!(early, Err(AppealRefusal::NotRuled));
    let ruled = command(&appeal, ruling(&appeal, "one", &[(one, 5)]), after(21)).unwrap();
    let approved = command(&ruled, approve(&ruled, "two"), after(22)).unwrap();
    let again = command(&approved, approve(&approved, "two"), after(23));
    assert_eq!(again, Ok(approved.clone()));
    let third = command(&approved, approve(&approved, "three"), after(23));
    assert_eq!(third, Err(AppealRefusal::NotRuled));
    let late = command(&approved, decline(approved.version, "three"), after(23));
    assert_eq!(late, Err(AppealRefusal::NotRuled));
}

/// It ends when the last order has reserved its refund, and an order that was not approved changes nothing.
#[test]
fn it_is_upheld_when_all_went_back() {
    let appeal = open_case();
    let [one, two] = numbers();
    let both = ruling(&appeal, "one", &[(one, 1_999), (two, 700)]);
    let ruled = command(&appeal, both, after(21)).unwrap();
    let returned = |payment_no, at| AppealFact::Returned {
        payment_no,
        refund_no: refund_no(&appeal, at),
    };
    let early = fact(&ruled, returned(one, 0), after(21));
    assert_eq!(early, ruled, "nothing was approved");
    let approved = command(&ruled, approve(&ruled, "two"), after(22)).unwrap();
    let first = fact(&approved, returned(two, 1), after(23));
    assert_eq!(first.state, AppealState::Returning);
    assert_eq!(first.to_return(), [(one, PRICE)]);
    assert_eq!(fact(&first, returned(two, 1), after(23)), first, "once");
    let last = fact(&first, returned(one, 0), after(24));
    assert_eq!(last.state, AppealState::Upheld);
    assert_eq!(last.ended_at, Some(after(24)));
    assert_eq!(last.news.last().unwrap().kind, NewsKind::Upheld);
    let made = |payment_no, fen, at| Return {
        payment_no,
        amount: Money::from_fen(fen),
        refund_no: refund_no(&appeal, at),
    };
    assert_eq!(last.returns, [made(two, 700, 1), made(one, 1_999, 0)]);
}

/// What an order no longer holds was approved on what is no longer so: the facts are gathered anew, and what went back
/// already does not go back again.
#[test]
fn what_cannot_go_back_is_judged_anew() {
    let appeal = open_case();
    let [one, two] = numbers();
    let both = ruling(&appeal, "one", &[(one, 1_999), (two, 700)]);
    let ruled = command(&appeal, both, after(21)).unwrap();
    let approved = command(&ruled, approve(&ruled, "two"), after(22)).unwrap();
    let back = AppealFact::Returned {
        payment_no: two,
        refund_no: refund_no(&appeal, 1),
    };
    let half = fact(&approved, back, after(23));
    let failed = |payment_no| AppealFact::NotReturned { payment_no };
    assert_eq!(fact(&half, failed(two), after(24)), half, "it went back");
    let anew = fact(&half, failed(one), after(24));
    assert_eq!(anew.state, AppealState::Gathering);
    assert_eq!((anew.ruling.clone(), anew.look_at), (None, Some(after(24))));
    let found = AppealFact::Gathered(Findings::of(&ordered_again()));
    let anew = fact(&anew, found, after(24));
    let again = command(&anew, ruling(&anew, "one", &[(two, 5)]), after(25));
    assert_eq!(again, Err(AppealRefusal::NotItsOrder));
    assert!(command(&anew, ruling(&anew, "one", &[(one, 5)]), after(25)).is_ok());
    let withdraw = AppealCommand::Withdraw { by: Party::Buyer };
    assert_eq!(
        command(&anew, withdraw, after(25)),
        Err(AppealRefusal::TooLate)
    );
}

/// What one appeal leaves on an order because the other one goes back, a second appeal must not give back (F94). Only of what
/// was paid twice; who claims something else left nothing anywhere.
#[test]
fn f94_what_a_ruling_leaves_on_the_other_order_is_kept() {
    let [older, newer] = numbers();
    let appeal = heard();
    assert_eq!(appeal.kept(), [], "nothing is ruled yet");
    let ruled = command(&appeal, rule(&appeal, "one"), after(21)).unwrap();
    assert_eq!(
        ruled.to_return(),
        [],
        "{older:?} goes back once it is approved"
    );
    assert_eq!(ruled.kept(), [newer]);
    let approved = command(&ruled, approve(&ruled, "two"), after(22)).unwrap();
    assert_eq!(approved.kept(), [newer]);

    let mut spent = ruled.clone();
    for order in &mut spent.findings.as_mut().unwrap().orders {
        order.refundable = Money::from_fen(0);
    }
    assert_eq!(spent.kept(), [], "where nothing is left, nothing is kept");
    let other = open_case();
    let ruled = command(&other, ruling(&other, "one", &[(older, 1_999)]), after(21)).unwrap();
    assert_eq!(ruled.kept(), [], "neither order stands for the other");
}
