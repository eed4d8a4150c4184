//! What an appeal gives back is reserved by the payment itself: once, of what is applied, by two people.

use payonce_domain::{
    Answer, AppealKey, AppealNo, Command, MerchantRefundNo, RefundCause, RefundState, Refusal,
};
use proptest::prelude::*;

use super::*;

fn number(id: &str) -> AppealNo {
    let id = MerchantAppealNo::new(id).unwrap();
    AppealNo::new(AppealKey::derive(&MerchantId::new("demo").unwrap(), &id))
}

fn settle(id: &str, fen: u64) -> Command {
    Command::SettleAppeal {
        appeal: number(id),
        amount: Money::from_fen(fen),
        decided_by: operator("one"),
        approved_by: operator("two"),
    }
}

fn merchants(own: &str, fen: u64) -> Command {
    Command::Refund {
        request: MerchantRefundNo::new(own).unwrap(),
        amount: Money::from_fen(fen),
        reason: None,
    }
}

fn order() -> Payment {
    paid(&opened(terms("one"), START), "A", after(1))
}

#[test]
fn one_appeal_is_one_refund_of_one_order() {
    let first = decide::on_command(&order(), settle("x", 500), after(2)).unwrap();
    let refund = first.payment().refunds[0].clone();
    assert_eq!(refund.cause, RefundCause::Appeal);
    assert_eq!(refund.state, RefundState::Due);
    assert_eq!(refund.request, Some(number("x").as_request()));
    let again = decide::on_command(first.payment(), settle("x", 500), after(3)).unwrap();
    assert_eq!(again.answer(), &Answer::ExistingRefund(refund.no));
    assert!(!again.changed());
    let other = decide::on_command(first.payment(), settle("x", 501), after(3));
    assert_eq!(other.unwrap_err(), Refusal::RequestMismatch);
    let second = decide::on_command(first.payment(), settle("y", 500), after(3)).unwrap();
    assert_eq!(second.payment().refunds.len(), 2);
}

/// A merchant may call a refund whatever he likes, and an appeal's number too: they are two refunds.
#[test]
fn a_merchants_refund_of_the_same_name_is_another_one() {
    let name = number("x").to_string();
    let first = decide::on_command(&order(), merchants(&name, 400), after(2)).unwrap();
    let both = decide::on_command(first.payment(), settle("x", 500), after(3)).unwrap();
    let [one, other] = &both.payment().refunds[..] else {
        panic!("two refunds");
    };
    assert_ne!(one.no, other.no);
    assert!(!one.no.is_generation_of(other.no));
}

/// F94: whoever decided does not approve.
#[test]
fn one_person_alone_gives_nothing_back() {
    let alone = Command::SettleAppeal {
        appeal: number("x"),
        amount: PRICE,
        decided_by: operator("one"),
        approved_by: operator("one"),
    };
    let refused = decide::on_command(&order(), alone, after(2));
    assert_eq!(refused.unwrap_err(), Refusal::SamePerson);
}

#[test]
fn nothing_goes_back_of_an_order_that_is_not_paid() {
    let unpaid = opened(terms("one"), START);
    let refused = decide::on_command(&unpaid, settle("x", 1), after(2));
    assert_eq!(refused.unwrap_err(), Refusal::ExceedsCaptured);
}

proptest! {
    /// F75: merchants and appeals, in any order and as often as they like: never more than was captured, and
    /// one refund for each.
    #[test]
    fn never_more_than_captured(asked in prop::collection::vec((0u8..2, 0u8..4, 0u64..1_500), 1..12)) {
        let mut payment = order();
        for (whose, which, fen) in asked {
            let command = match whose {
                0 => settle(&format!("{which}"), fen),
                _ => merchants(&format!("{which}"), fen),
            };
            if let Ok(decision) = decide::on_command(&payment, command, after(2)) {
                payment = decision.into_payment();
            }
            let money = payment.money().unwrap();
            let back = money.refund_due.checked_add(money.applied).unwrap();
            prop_assert_eq!(back, money.captured);
            let mut asked: Vec<_> =
                payment.refunds.iter().map(|r| (r.cause, r.request.clone())).collect();
            asked.sort();
            let count = asked.len();
            asked.dedup();
            prop_assert_eq!(count, asked.len());
        }
    }
}
