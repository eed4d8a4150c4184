//! Refunds that two operators made.

use super::*;
use payonce_domain::{MerchantRefundNo, Money, OperatorId};

fn give_back(no: &str, fen: u64, approved_by: &str) -> Command {
    Command::GiveBack {
        proposal: MerchantRefundNo::new(no).unwrap(),
        amount: Money::from_fen(fen),
        reason: "broken".to_owned(),
        proposed_by: OperatorId::new("otto").unwrap(),
        approved_by: OperatorId::new(approved_by).unwrap(),
    }
}

/// S3: nobody approves what he proposed; and two people give back no more than there is, once.
#[test]
fn two_people_give_money_back() {
    let paid = || Tale::of(Mode::Strict, PAGE).paid(first(PAGE), "A");
    let end = |answer: &str, refunds: &str| {
        format!("{answer} | paid | page paid | A 1999 applied{refunds}")
    };
    let cases = [
        (
            "one person in both places",
            paid().command(give_back("p-1", 500, "otto")),
            end("refused: same person", ""),
        ),
        (
            "two people",
            paid().command(give_back("p-1", 500, "anna")),
            end("refunding", " | operator 500 due"),
        ),
        (
            "the same proposal again, whoever approves it",
            paid()
                .command(give_back("p-1", 500, "anna"))
                .command(give_back("p-1", 500, "emil")),
            end("existing refund", " | operator 500 due"),
        ),
        (
            "another proposal for more than is left",
            paid()
                .command(give_back("p-1", 500, "anna"))
                .command(give_back("p-2", 1_500, "anna")),
            end("refused: exceeds captured", " | operator 500 due"),
        ),
        (
            "a merchant's number like the proposal's is another refund",
            paid()
                .command(give_back("r-1", 500, "anna"))
                .command(world::refund("r-1", 500)),
            end("refunding", " | operator 500 due, merchant_request 500 due"),
        ),
        (
            "nothing was paid",
            Tale::of(Mode::Strict, PAGE).command(give_back("p-1", 500, "anna")),
            "refused: exceeds captured | paying | page pending".to_owned(),
        ),
    ];
    for (name, tale, end) in cases {
        check(name, &tale, &end);
    }
}
