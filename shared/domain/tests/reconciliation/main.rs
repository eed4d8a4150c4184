//! Reconciliation (对账) case by case: what each line and each row is judged as while its days pass, which of them
//! are paired, what is counted, and how movements are dealt.

#![allow(clippy::unwrap_used, clippy::panic)]

mod dealing;
mod discrepancies;
mod pairing;
mod payments;
mod refunds;
mod reports;
mod rows;
mod verdicts;

use std::collections::BTreeMap;

use payonce_domain::payment::MoneyView;
use payonce_domain::reconciliation::{BillLine, Known, Standing, Verdict, judge_line};
use payonce_domain::{
    AccountId, BillDay, Channel, ChannelChoice, ChannelTradeNo, MerchantId, MerchantOrderNo,
    Method, Mode, Money, Movement, Payment, Span, Stretch, Terms, Timestamp, decide,
};

const START: Timestamp = Timestamp::from_millis(1_795_000_000_000);
const PRICE: Money = Money::from_fen(1_999);
/// Beyond every carrying.
const DAYS: u32 = 33;

/// From which day on, and the verdict until the next one.
type Days<'a> = &'a [(u32, &'a str)];

fn day() -> BillDay {
    BillDay::of(Channel::Wechat, START)
}

fn days_on(day: BillDay, days: u32) -> BillDay {
    (0..days).fold(day, |day, _| day.next())
}

fn merchant() -> MerchantId {
    MerchantId::new("m-1").unwrap()
}

fn account() -> AccountId {
    AccountId::new("wechat-1").unwrap()
}

fn trade(no: &str) -> ChannelTradeNo {
    ChannelTradeNo::new(no).unwrap()
}

fn opened() -> Payment {
    let terms = Terms {
        merchant_id: merchant(),
        merchant_order_no: MerchantOrderNo::new("o-1").unwrap(),
        mode: Mode::Strict,
        amount: PRICE,
        subject: "tea".to_owned(),
        expires_at: START.plus(Span::hours(1)),
        return_url: None,
        notify_url: None,
        client_ip: None,
        payer: None,
        metadata: BTreeMap::new(),
    };
    let choice = ChannelChoice {
        channel: Channel::Wechat,
        method: Method::Native,
        account: account(),
        bank: None,
        stretch: Stretch::NONE,
    };
    decide::open(terms, Some(choice), START)
        .unwrap()
        .into_payment()
}

/// Paid by `t1`.
fn paid() -> Payment {
    let opened = opened();
    repaired(&opened, judge(&line(&opened, "t1"), &opened, 0))
}

/// Paid by `t1`, and once more by `t2`, which goes back under a number of ours.
fn paid_twice() -> Payment {
    let paid = paid();
    repaired(&paid, judge(&line(&paid, "t2"), &paid, 0))
}

fn line(payment: &Payment, trade_no: &str) -> BillLine {
    BillLine {
        day: day(),
        position: 1,
        movement: Movement::Payment,
        order_no: payment.channel_orders[0].no.to_string(),
        refund_no: None,
        trade_no: trade(trade_no),
        amount: PRICE,
        fee: Some(Money::from_fen(12)),
        at: START.plus(Span::minutes(5)),
        standing: Standing::Done,
        alone_since: None,
    }
}

fn refund_line(payment: &Payment, trade_no: &str, refund_no: &str) -> BillLine {
    BillLine {
        movement: Movement::Refund,
        refund_no: Some(refund_no.to_owned()),
        ..line(payment, trade_no)
    }
}

fn judge(line: &BillLine, payment: &Payment, days: u32) -> Verdict {
    let today = days_on(day(), days);
    judge_line(
        line,
        &account(),
        &merchant(),
        Known::Payment(payment),
        today,
    )
}

/// A verdict in the words of the records.
fn word(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Wait => "wait".to_owned(),
        Verdict::Confirmed => "confirmed".to_owned(),
        Verdict::Repair {
            class, proposal, ..
        } => format!("repair {}: {}", class.name(), proposal.name()),
        Verdict::Show { class, proposal } => format!("show {}: {}", class.name(), proposal.name()),
    }
}

/// Every day, from the movement's own to long after all carrying has ended.
fn assert_days(case: &str, expected: Days<'_>, judged: impl Fn(u32) -> Verdict) {
    for days in 0..=DAYS {
        let (_, verdict) = expected.iter().rfind(|(from, _)| *from <= days).unwrap();
        assert_eq!(word(&judged(days)), *verdict, "{case}, after {days} days");
    }
}

fn assert_line(case: &str, line: &BillLine, payment: &Payment, expected: Days<'_>) {
    assert_days(case, expected, |days| judge(line, payment, days));
}

/// What the decision function makes of a verdict's fact.
fn repaired(payment: &Payment, verdict: Verdict) -> Payment {
    match verdict {
        Verdict::Repair { fact, .. } => decide::on_fact(payment, *fact, START).into_payment(),
        other @ (Verdict::Wait | Verdict::Confirmed | Verdict::Show { .. }) => {
            panic!("no repair: {other:?}")
        }
    }
}

fn money(payment: &Payment) -> MoneyView {
    payment.money().unwrap()
}
