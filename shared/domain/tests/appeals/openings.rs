//! What may be opened and said, and when the facts are looked at again.

use payonce_domain::appeal::{
    AppealEntry, AppealInput, HEARING, NewsKind, ORDERS_MAX, STATEMENTS_MAX, TEXT_CHARS_MAX,
};
use payonce_domain::{PaymentKey, PaymentNo, Version};

use super::*;

fn orders(count: usize) -> Vec<PaymentNo> {
    let merchant = MerchantId::new("demo").unwrap();
    let number = |at| {
        let order = MerchantOrderNo::new(format!("o-{at}")).unwrap();
        PaymentNo::new(PaymentKey::derive(&merchant, &order))
    };
    (0..count).map(number).collect()
}

fn about(orders: Vec<PaymentNo>) -> AppealRequest {
    AppealRequest {
        orders,
        ..request(&ordered_again())
    }
}

fn saying(text: &str, id: &str) -> AppealCommand {
    AppealCommand::State {
        id: StatementId::new(id).unwrap(),
        by: Party::Supplier,
        position: Position::Neutral,
        text: text.to_owned(),
    }
}

#[test]
fn an_appeal_is_about_a_few_orders_each_named_once() {
    for (count, opens) in [
        (0, false),
        (1, true),
        (ORDERS_MAX, true),
        (ORDERS_MAX + 1, false),
    ] {
        let opened = appeal::open(about(orders(count)), START);
        assert_eq!(opened.is_ok(), opens, "{count} orders");
    }
    let mut twice = orders(2);
    twice.push(twice[0]);
    let refused = appeal::open(about(twice), START);
    assert_eq!(refused.map(|_| ()), Err(AppealRefusal::BadOrders));
}

#[test]
fn a_text_says_something_and_not_too_much() {
    let most = "好".repeat(TEXT_CHARS_MAX);
    let more = format!("{most}!");
    let cases = [
        ("", false),
        (" \n", false),
        ("a", true),
        (&most, true),
        (&more, false),
    ];
    let appeal = heard();
    for (text, fits) in cases {
        let length = text.chars().count();
        let said = command(&appeal, saying(text, "s-1"), after(21));
        assert_eq!(said.is_ok(), fits, "a statement of {length}");
        let mut request = about(orders(1));
        request.text = Some(text.to_owned());
        let opened = appeal::open(request, START);
        assert_eq!(opened.is_ok(), fits, "a claim of {length}");
    }
    // Whoever claims anything else must say what.
    let mut other = about(orders(1));
    other.claim = Claim::Other;
    let refused = appeal::open(other, START);
    assert_eq!(refused.map(|_| ()), Err(AppealRefusal::BadText));
}

/// Each party's statements are counted by themselves.
#[test]
fn a_party_may_say_so_much() {
    let mut appeal = heard();
    let buyers = state("b-1", Party::Buyer, Position::Neutral);
    appeal = command(&appeal, buyers, after(21)).unwrap();
    for at in 0..STATEMENTS_MAX {
        appeal = command(&appeal, saying("so it was", &format!("s-{at}")), after(21)).unwrap();
    }
    let refused = command(&appeal, saying("once more", "s-more"), after(22));
    assert_eq!(refused, Err(AppealRefusal::TooManyStatements));
    let buyers = state("b-2", Party::Buyer, Position::Neutral);
    assert!(command(&appeal, buyers, after(22)).is_ok());
}

/// A party is heard when it takes a position; another's position, or none, is not its own.
#[test]
fn parties_are_heard_when_they_take_a_position() {
    let appeal = heard();
    let neutral = state("m-1", Party::Merchant, Position::Neutral);
    let suppliers = state("s-1", Party::Supplier, Position::Opposes);
    for said in [neutral, suppliers] {
        let next = command(&appeal, said, after(21)).unwrap();
        assert_eq!(next.state, AppealState::Hearing);
    }
    let merchants = state("m-1", Party::Merchant, Position::Opposes);
    let next = command(&appeal, merchants, after(21)).unwrap();
    assert_eq!(next.state, AppealState::Ripe);
}

/// What was said before the facts were there does not end the gathering of facts.
#[test]
fn facts_are_gathered_first() {
    let seen = ordered_again();
    let gathering = appeal::open(request(&seen), after(20))
        .unwrap()
        .into_appeal();
    let merchants = state("m-1", Party::Merchant, Position::Supports);
    let early = command(&gathering, merchants, after(21)).unwrap();
    assert_eq!(early.state, AppealState::Gathering);
    let facts = || AppealFact::Gathered(Findings::of(&seen));
    // The merchant was heard, and so was the buyer.
    assert_eq!(fact(&early, facts(), after(22)).state, AppealState::Ripe);
    assert_eq!(
        fact(&gathering, facts(), after(22)).state,
        AppealState::Hearing
    );
    let over = fact(&gathering, facts(), after(20).plus(HEARING));
    assert_eq!(over.state, AppealState::Ripe);
}

/// Often in the first hour, hourly then, until it is known.
#[test]
fn what_is_not_known_is_looked_at_again() {
    let unknown = seen(&opened(terms("one"), START), None);
    let [_, newer] = ordered_again();
    let both = [unknown, newer];
    let gathering = appeal::open(request(&both), after(20))
        .unwrap()
        .into_appeal();
    let looked = |minutes: u64| {
        let found = AppealFact::Gathered(Findings::of(&both));
        fact(&gathering, found, after(minutes)).look_at
    };
    assert_eq!(looked(20), Some(after(25)));
    assert_eq!(looked(79), Some(after(84)));
    assert_eq!(looked(80), Some(after(140)));
    assert_eq!(looked(200), Some(after(260)));
    assert_eq!(
        heard().look_at,
        None,
        "what is known is not looked at again"
    );
}

#[test]
fn a_decision_names_the_version_it_was_made_on() {
    let seen = ordered_again();
    let opening = appeal::open(request(&seen), after(20)).unwrap();
    assert_eq!((opening.before(), opening.changed()), (None, true));
    let appeal = opening.into_appeal();
    let found = AppealFact::Gathered(Findings::of(&seen));
    let gathered = appeal::on_fact(&appeal, found.clone(), after(20));
    assert_eq!(
        (gathered.before(), gathered.changed()),
        (Some(Version(1)), true)
    );
    let again = appeal::on_fact(gathered.appeal(), found, after(20));
    assert_eq!((again.before(), again.changed()), (Some(Version(2)), false));
    assert_eq!(again.entry(), None);
}

/// An appeal whose ruling gives nothing back ends dismissed, and says so.
#[test]
fn a_dismissal_ends_it() {
    let [_, newer] = ordered_again();
    let appeal = appeal::open(request(std::slice::from_ref(&newer)), after(20)).unwrap();
    let found = AppealFact::Gathered(Findings::of(&[newer]));
    let appeal = fact(appeal.appeal(), found, after(20));
    let ruled = command(&appeal, rule(&appeal, "one"), after(21)).unwrap();
    let ended = command(&ruled, approve(&ruled, "two"), after(22)).unwrap();
    assert_eq!(ended.state, AppealState::Dismissed);
    assert_eq!(ended.ended_at, Some(after(22)));
    assert_eq!(ended.news.last().unwrap().kind, NewsKind::Dismissed);
}

/// An entry that was left out, or that changed nothing, makes no appeal.
#[test]
fn a_history_with_a_gap_is_refused() {
    let seen = ordered_again();
    let entry = |version, minutes, input| AppealEntry {
        version: Version(version),
        at: after(minutes),
        input,
    };
    let found = || AppealInput::Fact(AppealFact::Gathered(Findings::of(&seen)));
    let opened = || entry(1, 20, AppealInput::Opened(request(&seen)));
    let whole = [opened(), entry(2, 20, found())];
    assert_eq!(appeal::history::replay(&whole), Ok(heard()));
    for broken in [
        vec![opened(), entry(3, 20, found())],
        vec![opened(), entry(2, 20, found()), entry(3, 20, found())],
        vec![opened(), entry(2, 20, found()), entry(2, 20, found())],
        vec![entry(2, 20, found())],
        vec![],
    ] {
        assert!(
            appeal::history::replay(&broken).is_err(),
            "{} entries",
            broken.len()
        );
    }
}
