//! Walks for tests: payments that live through any sequence of facts and commands.

use std::collections::BTreeMap;

use payonce_domain::fact::Occasion;
use payonce_domain::numbers::RefundIdentity;
use payonce_domain::{
    AccountId, Action, AppealKey, AppealNo, Channel, ChannelChoice, ChannelOrderNo, ChannelTradeNo,
    Command, CreateAnswer, Decision, Digest, Evidence, Fact, Input, MerchantAppealNo, MerchantId,
    MerchantOrderNo, MerchantRefundNo, MerchantSaid, Method, Mode, Money, OperatorId, Payment,
    PaymentKey, PaymentNo, RefundNo, RefundReport, Report, ReturnedSum, ReversalReport, Source,
    Span, Terms, Timestamp, Version, decide,
};

use crate::stored::Stored;
use crate::token::WriteToken;

pub(crate) const START: Timestamp = Timestamp::from_millis(1_795_132_800_123);
pub(crate) const PRICE: Money = Money::from_fen(1_999);

/// What happens next; numbers are taken modulo what there is to choose from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub(crate) kind: u8,
    pub(crate) which: u8,
    pub(crate) how: u8,
    pub(crate) wait_seconds: u16,
}

pub(crate) fn terms(mode: Mode) -> Terms {
    let path = "a".repeat(120 - "https://shop.example.com/".len());
    let url = format!("https://shop.example.com/{path}");
    Terms {
        merchant_id: MerchantId::new("demo-strict").unwrap(),
        merchant_order_no: MerchantOrderNo::new("SO-20261120-0000012345").unwrap(),
        mode,
        amount: PRICE,
        subject: "无线降噪耳机 星空黑 标准版".to_owned(),
        expires_at: START.plus(Span::minutes(15)).floor_to_second(),
        return_url: Some(url.clone()),
        notify_url: Some(url),
        client_ip: Some("203.0.113.195".to_owned()),
        payer: None,
        metadata: BTreeMap::new(),
    }
}

pub(crate) fn account() -> AccountId {
    AccountId::new("demo-strict-alipay").unwrap()
}

pub(crate) fn choice(channel: Channel, method: Method) -> ChannelChoice {
    ChannelChoice {
        channel,
        method,
        account: account(),
        bank: None,
        stretch: payonce_domain::Stretch::NONE,
    }
}

pub(crate) fn opened(terms: Terms, choice: Option<ChannelChoice>) -> Stored {
    let decision = decide::open(terms, choice, START).unwrap();
    Stored::opened(&decision, WriteToken::fresh()).unwrap()
}

/// The payment after an input, if the input is granted and changes anything.
pub(crate) fn after(stored: &Stored, input: &Input, now: Timestamp) -> Option<Stored> {
    let decision = decided(stored.payment(), input, now)?;
    let next = stored.after(&decision, WriteToken::fresh()).unwrap();
    Some(next)
}

fn decided(payment: &Payment, input: &Input, now: Timestamp) -> Option<Decision> {
    let decision = match input.clone() {
        Input::Opened { .. } => return None,
        Input::Fact(fact) => decide::on_fact(payment, fact, now),
        Input::Command(command) => decide::on_command(payment, command, now).ok()?,
    };
    decision.changed().then_some(decision)
}

/// A success of this attempt, by a notification.
pub(crate) fn paid(no: ChannelOrderNo, trade_no: &str, amount: Money, at: Timestamp) -> Input {
    Input::Fact(Fact::Reported {
        no,
        account: account(),
        evidence: Evidence {
            source: Source::Notification,
            digest: Some(Digest::of(trade_no.as_bytes())),
        },
        occasion: Occasion::Told,
        report: Report::Paid {
            trade_no: ChannelTradeNo::new(trade_no).unwrap(),
            amount,
            paid_at: at.floor_to_second(),
        },
    })
}

/// Every state along a walk, the opening first.
pub(crate) fn walk(mode: Mode, first: Option<u8>, steps: &[Step]) -> Vec<Stored> {
    let mut now = START;
    let mut states = vec![opened(terms(mode), first.map(any_choice))];
    for step in steps {
        now = now.plus(Span::seconds(u64::from(step.wait_seconds)));
        let last = states.last().unwrap();
        let input = input(*step, last.payment(), now);
        if let Some(next) = after(last, &input, now) {
            states.push(next);
        }
    }
    states
}

/// The input that a step means for this payment.
pub(crate) fn input(step: Step, payment: &Payment, now: Timestamp) -> Input {
    let Step {
        kind, which, how, ..
    } = step;
    let no = attempt(payment, which);
    match kind % 23 {
        19 => Input::Fact(told(payment, which, how, now)),
        20 => Input::Command(Command::TellAgain),
        0 | 1 => Input::Fact(Fact::CreateAnswered {
            no,
            answer: create_answer(how, now),
        }),
        2 | 3 => Input::Fact(Fact::Reported {
            no,
            account: account(),
            evidence: evidence(how),
            occasion: occasion(how, payment.version),
            report: report(how, which, now),
        }),
        4 => Input::Fact(Fact::ReversalAnswered {
            no,
            report: [
                ReversalReport::Reversed,
                ReversalReport::NothingTaken,
                ReversalReport::Refused,
                ReversalReport::Again,
            ][usize::from(how % 4)],
        }),
        5 | 6 => Input::Fact(Fact::RefundReported {
            no: refund(payment, which),
            evidence: evidence(how),
            occasion: occasion(how / 2, payment.version),
            report: refund_report(how),
        }),
        7 => Input::Fact(Fact::Returned {
            no,
            evidence: evidence(how),
            return_no: format!("x{how}"),
            returned: if how % 2 == 0 {
                ReturnedSum::InAll(Money::from_fen(u64::from(how) * 10))
            } else {
                ReturnedSum::Alone(Money::from_fen(u64::from(how) * 10))
            },
        }),
        8 => Input::Fact(Fact::ReturnAbsent {
            trade_no: trade_no(which),
        }),
        9 | 10 => Input::Fact(Fact::Ticked),
        _ => Input::Command(command(step, payment, now)),
    }
}

fn command(step: Step, payment: &Payment, now: Timestamp) -> Command {
    let Step {
        kind, which, how, ..
    } = step;
    match kind % 23 {
        11 => Command::Close {
            asked: payment.version,
        },
        12 => Command::Supersede {
            successor: PaymentNo::new(other_key()),
            confirmed_at: now,
        },
        13 => Command::Refund {
            request: MerchantRefundNo::new(format!("r{}", how % 4)).unwrap(),
            amount: Money::from_fen(u64::from(which) + 1),
            reason: how.is_multiple_of(2).then(|| "不想要了".to_owned()),
        },
        14 => Command::BeginRefund {
            no: refund(payment, which),
        },
        15 => Command::HoldRefund {
            no: refund(payment, which),
            until: now.plus(Span::hours(1)),
        },
        16 => Command::BeginReversal {
            no: attempt(payment, which),
        },
        17 => Command::HoldChannelOrder {
            no: attempt(payment, which),
            until: now.plus(Span::hours(1)),
        },
        18 => Command::ResumeRefund {
            no: refund(payment, which),
            asked: payment.version,
        },
        21 => Command::SettleAppeal {
            appeal: appeal_no(how),
            amount: Money::from_fen(u64::from(which) + 1),
            decided_by: OperatorId::new("one").unwrap(),
            approved_by: OperatorId::new("two").unwrap(),
        },
        22 => Command::GiveBack {
            proposal: MerchantRefundNo::new(format!("p{}", how % 4)).unwrap(),
            amount: Money::from_fen(u64::from(which) + 1),
            reason: "说好了".to_owned(),
            proposed_by: OperatorId::new("one").unwrap(),
            approved_by: OperatorId::new("two").unwrap(),
        },
        _ => Command::Initiate {
            amount: payment.terms.amount,
            subject: payment.terms.subject.clone(),
            choice: Some(any_choice(how)),
            switch: which.is_multiple_of(2),
        },
    }
}

fn appeal_no(how: u8) -> AppealNo {
    let id = MerchantAppealNo::new(format!("s{}", how % 4)).unwrap();
    AppealNo::new(AppealKey::derive(&MerchantId::new("demo").unwrap(), &id))
}

fn told(payment: &Payment, which: u8, how: u8, now: Timestamp) -> Fact {
    let list = &payment.announcements;
    let said = [
        MerchantSaid::Taken(200),
        MerchantSaid::Refused(500),
        MerchantSaid::Refused(410),
        MerchantSaid::Silent,
        MerchantSaid::Barred,
        MerchantSaid::Held(now.plus(Span::minutes(1))),
    ];
    Fact::Told {
        sequence: match list.len() {
            0 => 1,
            count => list[usize::from(which) % count].sequence,
        },
        published: [None, Some(true), Some(false)][usize::from(how / 8) % 3],
        merchant: (how % 8 < 6).then(|| said[usize::from(how % 8)]),
    }
}

fn any_choice(how: u8) -> ChannelChoice {
    let ways = [
        (Channel::Alipay, Method::Page),
        (Channel::Wechat, Method::Native),
        (Channel::Wechat, Method::Code),
        (Channel::Unionpay, Method::Gateway),
        (Channel::Wechat, Method::H5),
        (Channel::Alipay, Method::Code),
    ];
    let (channel, method) = ways[usize::from(how) % ways.len()];
    ChannelChoice {
        stretch: payonce_domain::Stretch::from_percent(100 + 50 * u16::from(how % 3)).unwrap(),
        ..choice(channel, method)
    }
}

fn other_key() -> PaymentKey {
    let merchant = MerchantId::new("demo-strict").unwrap();
    PaymentKey::derive(&merchant, &MerchantOrderNo::new("another").unwrap())
}

fn attempt(payment: &Payment, which: u8) -> ChannelOrderNo {
    let orders = &payment.channel_orders;
    match which % 16 {
        15 => ChannelOrderNo::new(other_key(), Channel::Alipay, Method::Page, 1),
        14 => ChannelOrderNo::new(payment.key, Channel::Alipay, Method::Page, 19),
        _ if orders.is_empty() => {
            ChannelOrderNo::new(payment.key, Channel::Alipay, Method::Page, 1)
        }
        which => orders[usize::from(which) % orders.len()].no,
    }
}

fn refund(payment: &Payment, which: u8) -> RefundNo {
    match payment.refunds.len() {
        0 => RefundNo::new(
            attempt(payment, which),
            RefundIdentity::Reversal(&trade_no(which)),
            1,
        ),
        count => payment.refunds[usize::from(which) % count].no,
    }
}

fn trade_no(which: u8) -> ChannelTradeNo {
    ChannelTradeNo::new(format!("20261120220014000000000000{:02}", which % 4)).unwrap()
}

fn evidence(how: u8) -> Evidence {
    let source = [
        Source::Notification,
        Source::Query,
        Source::Bill,
        Source::Hint,
    ];
    Evidence {
        source: source[usize::from(how / 8) % 4],
        digest: how.is_multiple_of(2).then(|| Digest::of(&[how])),
    }
}

fn occasion(how: u8, version: Version) -> Occasion {
    match how % 4 {
        0 => Occasion::Told,
        1 => Occasion::Sent,
        _ => Occasion::Asked(version),
    }
}

fn report(how: u8, which: u8, now: Timestamp) -> Report {
    match how % 9 {
        8 => Report::PaidBack {
            trade_no: trade_no(which),
            amount: PRICE,
            paid_at: now,
        },
        0 => Report::Unpaid,
        1 => Report::NoAnswer,
        2 => Report::Closed,
        3 => Report::NotFound,
        4 => Report::Paid {
            trade_no: trade_no(which),
            amount: Money::from_fen(1_000 + u64::from(which % 2)),
            paid_at: now,
        },
        _ => Report::Paid {
            trade_no: trade_no(which),
            amount: PRICE,
            paid_at: now,
        },
    }
}

fn refund_report(how: u8) -> RefundReport {
    let reports = [
        RefundReport::Succeeded,
        RefundReport::Accepted,
        RefundReport::Failed,
        RefundReport::NotYet,
        RefundReport::NeedsPerson,
        RefundReport::NotFound,
        RefundReport::NoAnswer,
    ];
    reports[usize::from(how) % reports.len()]
}

fn create_answer(how: u8, now: Timestamp) -> CreateAnswer {
    let fields = BTreeMap::from([
        ("timeStamp".to_owned(), "1795132800".to_owned()),
        ("空".to_owned(), String::new()),
    ]);
    let action = match how % 5 {
        0 => return CreateAnswer::Refused,
        1 => Action::Redirect {
            url: "https://pay.example.com/?a=1&b=\"2\"".to_owned(),
        },
        2 => Action::Qr {
            content: "weixin://wxpay/bizpayurl?pr=AbCdEf1".to_owned(),
        },
        3 => Action::Form {
            url: "https://gateway.example.com/".to_owned(),
            fields,
        },
        _ => Action::Jsapi { parameters: fields },
    };
    CreateAnswer::Made {
        action,
        expires_at: (how > 127).then(|| now.plus(Span::minutes(5))),
    }
}
