//! What each step makes of an appeal.

use super::*;

#[test]
fn the_common_case_needs_two_people_and_nobodys_answer() {
    let appeal = heard();
    assert_eq!(appeal.state, AppealState::Hearing);
    let ruled = command(&appeal, rule(&appeal, "one"), after(21)).unwrap();
    assert_eq!(ruled.state, AppealState::Ruled);
    assert!(
        ruled.to_return().is_empty(),
        "a ruling alone gives nothing back"
    );
    assert_eq!(
        command(&ruled, approve(&ruled, "one"), after(22)),
        Err(AppealRefusal::SamePerson)
    );
    let approved = command(&ruled, approve(&ruled, "two"), after(22)).unwrap();
    assert_eq!(approved.state, AppealState::Returning);
    let older = ordered_again()[0].payment.payment_no();
    assert_eq!(approved.to_return(), [(older, PRICE)]);
    assert_eq!(
        approved.due_at(),
        Some(after(20)),
        "its opening is still to be told"
    );
}

/// The same request again is the same appeal; one field changed at a time it is another.
#[test]
fn the_same_number_with_another_content_is_refused() {
    let seen = ordered_again();
    let appeal = heard();
    assert_eq!(appeal::repeat(&appeal, &request(&seen)), Ok(()));
    let changes: [fn(&mut AppealRequest); 4] = [
        |r| r.opened_by = Party::Merchant,
        |r| r.claim = Claim::Other,
        |r| r.orders.truncate(1),
        |r| r.text = Some("really".to_owned()),
    ];
    for change in changes {
        let mut other = request(&seen);
        change(&mut other);
        let again = appeal::repeat(&appeal, &other);
        assert_eq!(again, Err(AppealRefusal::RequestMismatch), "{other:?}");
    }
    let said = command(
        &appeal,
        state("s-1", Party::Buyer, Position::Supports),
        after(21),
    )
    .unwrap();
    let again = state("s-1", Party::Buyer, Position::Supports);
    assert_eq!(command(&said, again, after(22)), Ok(said.clone()));
    let other = state("s-1", Party::Buyer, Position::Neutral);
    assert_eq!(
        command(&said, other, after(22)),
        Err(AppealRefusal::RequestMismatch)
    );
    // Another party's number is its own.
    let merchants = state("s-1", Party::Merchant, Position::Opposes);
    assert_eq!(
        command(&said, merchants, after(22))
            .unwrap()
            .statements
            .len(),
        2
    );
}

#[test]
fn a_deadline_passes_by_itself() {
    let appeal = heard();
    let told = fact(&appeal, AppealFact::Told { sequence: 1 }, after(20));
    assert_eq!(told.due_at(), Some(appeal.answer_by));
    let early = fact(&told, AppealFact::Ticked, after(21));
    assert_eq!(early, told);
    let ripe = fact(&told, AppealFact::Ticked, appeal.answer_by);
    assert_eq!(ripe.state, AppealState::Ripe);
    assert_eq!(ripe.due_at(), Some(appeal.rule_by));
    let overdue = fact(
        &ripe,
        AppealFact::Ticked,
        appeal.rule_by.plus(Span::days(2)),
    );
    assert_eq!(overdue.news.last().unwrap().kind, appeal::NewsKind::Overdue);
    assert_eq!(overdue.rule_by, appeal.rule_by.plus(Span::days(3)));
}

#[test]
fn late_statements_are_refused() {
    let appeal = heard();
    let say = || state("s-9", Party::Supplier, Position::Opposes);
    let late = command(&appeal, say(), appeal.answer_by);
    assert_eq!(late, Err(AppealRefusal::HearingOver));
    let ruled = command(&appeal, rule(&appeal, "one"), after(21)).unwrap();
    assert_eq!(
        command(&ruled, say(), after(22)),
        Err(AppealRefusal::HearingOver)
    );
    let sent_back = AppealCommand::Decline {
        seen: ruled.version,
        by: operator("two"),
        reason: "Ask the supplier first".to_owned(),
    };
    let sent_back = command(&ruled, sent_back, after(23)).unwrap();
    assert!(command(&sent_back, say(), after(24)).is_ok());
}

#[test]
fn what_the_facts_do_not_prove_waits_for_the_parties() {
    let mut seen = ordered_again();
    seen[1].payment.terms.client_ip = None;
    let appeal = appeal::open(request(&seen), after(20))
        .unwrap()
        .into_appeal();
    let found = AppealFact::Gathered(Findings::of(&seen));
    let appeal = fact(&appeal, found, after(20));
    let older = seen[0].payment.payment_no();
    let outcome = Outcome::Refund(vec![(older, PRICE)]);
    let ruling = |appeal: &Appeal, reason: Option<&str>| AppealCommand::Rule {
        seen: appeal.version,
        by: operator("one"),
        outcome: outcome.clone(),
        reason: reason.map(str::to_owned),
    };
    let early = command(&appeal, ruling(&appeal, Some("both say so")), after(21));
    assert_eq!(early, Err(AppealRefusal::TooEarly));
    let said = state("s-1", Party::Merchant, Position::Supports);
    let ripe = command(&appeal, said, after(22)).unwrap();
    assert_eq!(
        ripe.state,
        AppealState::Ripe,
        "the buyer was heard by opening it"
    );
    let silent = command(&ripe, ruling(&ripe, None), after(23));
    assert_eq!(silent, Err(AppealRefusal::BadText));
    assert!(command(&ripe, ruling(&ripe, Some("both say so")), after(23)).is_ok());
}

#[test]
fn nobody_rules_on_what_he_has_not_seen() {
    let appeal = heard();
    let stale = rule(&appeal, "one");
    let said = command(
        &appeal,
        state("s-1", Party::Buyer, Position::Neutral),
        after(21),
    )
    .unwrap();
    assert_eq!(command(&said, stale, after(22)), Err(AppealRefusal::Moved));
    // That somebody was told changes nothing to judge by.
    let ruling = rule(&said, "one");
    let told = fact(&said, AppealFact::Told { sequence: 1 }, after(22));
    assert!(told.version > said.version);
    assert!(command(&told, ruling, after(23)).is_ok());
}

#[test]
fn money_that_is_gone_meanwhile_voids_the_ruling() {
    let appeal = heard();
    let ruled = command(&appeal, rule(&appeal, "one"), after(21)).unwrap();
    let approved = command(&ruled, approve(&ruled, "two"), after(22)).unwrap();
    let (payment_no, _) = approved.to_return()[0];
    let gone = fact(&approved, AppealFact::NotReturned { payment_no }, after(23));
    assert_eq!((gone.state, &gone.ruling), (AppealState::Gathering, &None));
    assert_eq!(gone.look_at, Some(after(23)));
}

#[test]
fn only_whoever_opened_it_takes_it_back_and_not_after_a_ruling() {
    let appeal = heard();
    let by = |by| AppealCommand::Withdraw { by };
    let merchants = command(&appeal, by(Party::Merchant), after(21));
    assert_eq!(merchants, Err(AppealRefusal::NotTheirs));
    let back = command(&appeal, by(Party::Buyer), after(21)).unwrap();
    assert_eq!(back.state, AppealState::Withdrawn);
    let ruled = command(&appeal, rule(&appeal, "one"), after(21)).unwrap();
    assert_eq!(
        command(&ruled, by(Party::Buyer), after(22)),
        Err(AppealRefusal::TooLate)
    );
}
