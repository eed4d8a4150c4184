//! Any sequence of steps, by anybody, at any time.

use payonce_domain::appeal::history::{AppealInput, replay};
use payonce_domain::appeal::{AppealDecision, AppealEntry, on_command, on_fact};
use payonce_domain::numbers::RefundIdentity;
use payonce_domain::{PaymentNo, RefundNo};
use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone, Copy)]
struct Step {
    kind: u8,
    which: u8,
    how: u8,
    wait_hours: u8,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let wait = prop_oneof![8 => 0u8..2, 1 => Just(80u8), 1 => Just(200u8)];
    let step = (0u8..12, 0u8..4, 0u8..6, wait);
    let step = step.prop_map(|(kind, which, how, wait_hours)| Step {
        kind,
        which,
        how,
        wait_hours,
    });
    prop::collection::vec(step, 1..40)
}

fn found(how: u8) -> Findings {
    let mut seen = ordered_again();
    match how {
        0 => seen[1].payment.terms.client_ip = None,
        1 => seen[0] = super::seen(&opened(terms("one"), START), None),
        _ => {}
    }
    Findings::of(&seen)
}

fn input(appeal: &Appeal, step: Step) -> AppealInput {
    let who = ["one", "two", "three"][usize::from(step.which) % 3];
    let party = Party::ALL[usize::from(step.which)];
    let of = |which: u8| ordered_again()[usize::from(which % 2)].payment.clone();
    let payment_no: PaymentNo = of(step.which).payment_no();
    let refund_no = || {
        let payment = of(step.which);
        let request = appeal.no().as_request();
        RefundNo::new(
            payment.channel_orders[0].no,
            RefundIdentity::Appeal(&request),
            1,
        )
    };
    match step.kind {
        0 => AppealInput::Fact(AppealFact::Gathered(found(step.how))),
        1 => AppealInput::Command(state(&format!("s{}", step.how), party, Position::Supports)),
        2 => AppealInput::Command(AppealCommand::Withdraw { by: party }),
        3 | 4 => AppealInput::Command(rule(appeal, who)),
        5 => AppealInput::Command(AppealCommand::Rule {
            seen: appeal.version,
            by: operator(who),
            outcome: Outcome::Refund(vec![
                (payment_no, Money::from_fen(u64::from(step.how) * 500)),
                (of(step.how).payment_no(), PRICE),
            ]),
            reason: Some("as I see it".to_owned()),
        }),
        6 | 7 => AppealInput::Command(approve(appeal, who)),
        8 => AppealInput::Command(AppealCommand::Decline {
            seen: appeal.version,
            by: operator(who),
            reason: "no".to_owned(),
        }),
        9 => AppealInput::Fact(AppealFact::Returned {
            payment_no,
            refund_no: refund_no(),
        }),
        10 if step.how == 0 => AppealInput::Fact(AppealFact::NotReturned { payment_no }),
        10 => AppealInput::Fact(AppealFact::Told {
            sequence: u32::from(step.how),
        }),
        _ => AppealInput::Fact(AppealFact::Ticked),
    }
}

fn decide_on(appeal: &Appeal, input: AppealInput, now: Timestamp) -> Option<AppealDecision> {
    match input {
        AppealInput::Command(command) => on_command(appeal, command, now).ok(),
        AppealInput::Fact(fact) => Some(on_fact(appeal, fact, now)),
        AppealInput::Opened(_) => None,
    }
}

fn check(before: &Appeal, after: &Appeal) {
    assert!(
        !before.state.is_over() || after.state == before.state,
        "what is over stays over"
    );
    assert!(
        after.state.is_over() || after.due_at().is_some(),
        "it is never forgotten"
    );
    let known: Vec<_> = after.returns.iter().map(|one| one.payment_no).collect();
    let mut distinct = known.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(known.len(), distinct.len(), "each order is settled once");
    assert_eq!(after.returns[..before.returns.len()], before.returns[..]);
    for one in &after.returns {
        assert!(
            one.amount <= PRICE && !one.amount.is_zero(),
            "never more than captured"
        );
    }
    if let Some(ruling) = &after.ruling
        && let Some((approver, _)) = &ruling.approved
    {
        assert_ne!(*approver, ruling.by, "two people");
    }
    if after.returns.len() > before.returns.len() {
        assert_eq!(
            before.state,
            AppealState::Returning,
            "nothing goes back before approval"
        );
    }
    let settled = after.state == AppealState::Upheld;
    assert!(
        !settled || !after.returns.is_empty(),
        "upheld is money that went back"
    );
    if before.ruling.is_some() && after.ruling.is_some() {
        assert_eq!(before.findings, after.findings, "what was ruled on stays");
    }
    if after.statements.len() > before.statements.len() {
        assert!(before.ruling.is_none(), "nobody speaks after the ruling");
    }
}

proptest! {
    #[test]
    fn every_sequence_keeps_the_laws_and_can_be_replayed(steps in steps()) {
        let opened = appeal::open(request(&ordered_again()), after(20)).unwrap();
        let mut entries: Vec<AppealEntry> = vec![opened.entry().unwrap().clone()];
        let mut appeal = opened.into_appeal();
        let mut now = after(20);
        for step in steps {
            now = now.plus(Span::hours(u64::from(step.wait_hours)));
            let Some(decision) = decide_on(&appeal, input(&appeal, step), now) else {
                continue;
            };
            check(&appeal, decision.appeal());
            entries.extend(decision.entry().cloned());
            appeal = decision.into_appeal();
        }
        prop_assert_eq!(replay(&entries).unwrap(), appeal.clone());
        // Without any one step it is another history.
        for missing in 0..entries.len() {
            let mut fewer = entries.clone();
            fewer.remove(missing);
            prop_assert!(replay(&fewer).map_or(true, |other| other != appeal));
        }
    }
}
