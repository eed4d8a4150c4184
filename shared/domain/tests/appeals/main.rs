//! Appeals (申诉): what the facts propose, what each step makes of an appeal, and the laws that every
//! sequence of steps keeps.

#![allow(clippy::unwrap_used, clippy::panic)]

mod bills;
mod findings;
mod laws;
mod openings;
mod proposals;
mod refunds;
mod rulings;
mod steps;

use std::collections::BTreeMap;

use payonce_domain::appeal::findings::{ChannelWord, Seen};
use payonce_domain::appeal::{
    self, AppealCommand, AppealFact, AppealRefusal, AppealRequest, Claim, Findings, Outcome, Party,
    Position, Proposal,
};
use payonce_domain::fact::Occasion;
use payonce_domain::{
    AccountId, Appeal, AppealState, Channel, ChannelChoice, ChannelTradeNo, Evidence, Fact,
    MerchantAppealNo, MerchantId, MerchantOrderNo, Method, Mode, Money, OperatorId, Payment,
    Report, Source, Span, StatementId, Stretch, Terms, Timestamp, decide,
};

const START: Timestamp = Timestamp::from_millis(1_795_132_800_000);
const PRICE: Money = Money::from_fen(1_999);

fn after(minutes: u64) -> Timestamp {
    START.plus(Span::minutes(minutes))
}

fn terms(order: &str) -> Terms {
    Terms {
        merchant_id: MerchantId::new("demo").unwrap(),
        merchant_order_no: MerchantOrderNo::new(order).unwrap(),
        mode: Mode::Lenient,
        amount: PRICE,
        subject: "shoes".to_owned(),
        expires_at: after(120),
        return_url: None,
        notify_url: None,
        client_ip: Some("203.0.113.7".to_owned()),
        payer: None,
        metadata: BTreeMap::new(),
    }
}

fn opened(terms: Terms, at: Timestamp) -> Payment {
    let choice = ChannelChoice {
        channel: Channel::Alipay,
        method: Method::Page,
        account: AccountId::new("demo-alipay").unwrap(),
        bank: None,
        stretch: Stretch::NONE,
    };
    decide::open(terms, Some(choice), at)
        .unwrap()
        .into_payment()
}

fn paid(payment: &Payment, trade_no: &str, at: Timestamp) -> Payment {
    let fact = Fact::Reported {
        no: payment.channel_orders[0].no,
        account: AccountId::new("demo-alipay").unwrap(),
        evidence: Evidence {
            source: Source::Notification,
            digest: None,
        },
        occasion: Occasion::Told,
        report: Report::Paid {
            trade_no: ChannelTradeNo::new(trade_no).unwrap(),
            amount: payment.terms.amount,
            paid_at: at,
        },
    };
    decide::on_fact(payment, fact, at).into_payment()
}

fn seen(payment: &Payment, paid_known_at: Option<Timestamp>) -> Seen {
    let said = payment.channel_orders.iter();
    Seen {
        paid_known_at,
        given_up_at: None,
        said: said.map(|order| (order.no, ChannelWord::Paid)).collect(),
        billed: Vec::new(),
        payment: payment.clone(),
    }
}

/// The older order, opened at 0 and known to be paid at 9; the newer, opened at 5 and paid at 6.
fn ordered_again() -> [Seen; 2] {
    let older = paid(&opened(terms("one"), START), "A", after(9));
    let newer = paid(&opened(terms("two"), after(5)), "B", after(6));
    [seen(&older, Some(after(9))), seen(&newer, Some(after(6)))]
}

fn request(seen: &[Seen]) -> AppealRequest {
    AppealRequest {
        merchant_id: MerchantId::new("demo").unwrap(),
        id: MerchantAppealNo::new("twice-1").unwrap(),
        opened_by: Party::Buyer,
        claim: Claim::PaidTwice,
        orders: seen.iter().map(|one| one.payment.payment_no()).collect(),
        text: None,
    }
}

fn operator(name: &str) -> OperatorId {
    OperatorId::new(name).unwrap()
}

/// The appeal of the common case, its facts gathered.
fn heard() -> Appeal {
    let seen = ordered_again();
    let appeal = appeal::open(request(&seen), after(20))
        .unwrap()
        .into_appeal();
    fact(
        &appeal,
        AppealFact::Gathered(Findings::of(&seen)),
        after(20),
    )
}

fn fact(appeal: &Appeal, fact: AppealFact, now: Timestamp) -> Appeal {
    appeal::on_fact(appeal, fact, now).into_appeal()
}

fn command(
    appeal: &Appeal,
    command: AppealCommand,
    now: Timestamp,
) -> Result<Appeal, AppealRefusal> {
    appeal::on_command(appeal, command, now).map(appeal::AppealDecision::into_appeal)
}

fn as_proposed(appeal: &Appeal) -> Outcome {
    match appeal.proposal() {
        Some(Proposal::Refund {
            payment_no, amount, ..
        }) => Outcome::Refund(vec![(payment_no, amount)]),
        Some(Proposal::Dismiss(_) | Proposal::Wait | Proposal::Person(_)) | None => {
            Outcome::Dismiss
        }
    }
}

fn rule(appeal: &Appeal, by: &str) -> AppealCommand {
    AppealCommand::Rule {
        seen: appeal.version,
        by: operator(by),
        outcome: as_proposed(appeal),
        reason: None,
    }
}

fn approve(appeal: &Appeal, by: &str) -> AppealCommand {
    AppealCommand::Approve {
        seen: appeal.version,
        by: operator(by),
    }
}

fn state(id: &str, by: Party, position: Position) -> AppealCommand {
    AppealCommand::State {
        id: StatementId::new(id).unwrap(),
        by,
        position,
        text: "I was shown an error and ordered again".to_owned(),
    }
}
