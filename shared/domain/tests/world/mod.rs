//! A merchant, an order, two ways to pay it, and short names for what channels may say of it.
//!
//! Each test file takes the part of this it needs.

#![allow(dead_code, reason = "no single test file uses all of it")]

pub(crate) mod books;
pub(crate) mod fingerprint;
pub(crate) mod laws;
pub(crate) mod words;

use std::collections::BTreeMap;

use payonce_domain::decide;
use payonce_domain::evidence::Digest;
use payonce_domain::fact::Occasion;
use payonce_domain::numbers::RefundIdentity;
use payonce_domain::time::Span;
use payonce_domain::{
    AccountId, Action, AppealKey, AppealNo, Channel, ChannelChoice, ChannelOrderNo, ChannelTradeNo,
    Command, CreateAnswer, Evidence, Fact, MerchantAppealNo, MerchantId, MerchantOrderNo,
    MerchantRefundNo, Method, Mode, Money, OperatorId, Payment, PaymentKey, PaymentNo, RefundNo,
    RefundReport, Report, ReturnedSum, ReversalReport, Source, Task, Terms, Timestamp, Work,
};

/// When every payment of these tests is opened: a whole second, far from any border.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_795_000_000_000);
/// What every payment of these tests asks for, in fen.
pub(crate) const PRICE: u64 = 1_999;
/// How long after the deadline "not found" still proves nothing, for every channel.
pub(crate) const MARGIN: Span = Span::minutes(5);

/// The deadline: half an hour after the start.
pub(crate) fn deadline() -> Timestamp {
    START.plus(Span::minutes(30))
}

/// So many seconds after the start.
pub(crate) fn at(seconds: u64) -> Timestamp {
    START.plus(Span::seconds(seconds))
}

/// So many fen.
pub(crate) fn fen(fen: u64) -> Money {
    Money::from_fen(fen)
}

/// The terms of every payment of these tests.
pub(crate) fn terms(mode: Mode) -> Terms {
    Terms {
        merchant_id: MerchantId::new("m-demo").unwrap(),
        merchant_order_no: MerchantOrderNo::new("order-1").unwrap(),
        mode,
        amount: fen(PRICE),
        subject: "tea".to_owned(),
        expires_at: deadline(),
        return_url: None,
        notify_url: Some("https://shop.example.com/told".to_owned()),
        client_ip: None,
        payer: None,
        metadata: BTreeMap::new(),
    }
}

/// The merchant's contract with a channel.
pub(crate) fn account(channel: Channel) -> AccountId {
    AccountId::new(format!("demo-{}", channel.name())).unwrap()
}

/// A way to pay.
pub(crate) fn choice(way: (Channel, Method)) -> ChannelChoice {
    ChannelChoice {
        channel: way.0,
        method: way.1,
        account: account(way.0),
        bank: None,
        stretch: payonce_domain::Stretch::NONE,
    }
}

/// The number that attempt `attempt` of the demonstration payment has.
pub(crate) fn number(way: (Channel, Method), attempt: u8) -> ChannelOrderNo {
    ChannelOrderNo::new(key(), way.0, way.1, attempt)
}

/// The key of the demonstration payment.
pub(crate) fn key() -> PaymentKey {
    let terms = terms(Mode::Strict);
    PaymentKey::derive(&terms.merchant_id, &terms.merchant_order_no)
}

/// The payment, opened at [`START`], with its first attempt where a way is given.
pub(crate) fn opened(mode: Mode, way: Option<(Channel, Method)>) -> Payment {
    decide::open(terms(mode), way.map(choice), START)
        .unwrap()
        .into_payment()
}

/// Another payment, for one that is superseded.
pub(crate) fn successor(order: &str) -> PaymentNo {
    let merchant = MerchantId::new("m-demo").unwrap();
    PaymentNo::new(PaymentKey::derive(
        &merchant,
        &MerchantOrderNo::new(order).unwrap(),
    ))
}

/// A channel trade number.
pub(crate) fn trade(text: &str) -> ChannelTradeNo {
    ChannelTradeNo::new(text).unwrap()
}

/// A merchant's refund number.
pub(crate) fn request(text: &str) -> MerchantRefundNo {
    MerchantRefundNo::new(text).unwrap()
}

/// The number under which the whole of a capture goes back, first generation.
pub(crate) fn reversal(no: ChannelOrderNo, trade_no: &str) -> RefundNo {
    RefundNo::new(no, RefundIdentity::Reversal(&trade(trade_no)), 1)
}

/// The number of a merchant's refund, first generation.
pub(crate) fn merchant_refund(no: ChannelOrderNo, own: &str) -> RefundNo {
    RefundNo::new(no, RefundIdentity::Merchant(&request(own)), 1)
}

/// A claim from this source, with a message behind it.
pub(crate) fn evidence(source: Source) -> Evidence {
    Evidence {
        source,
        digest: Some(Digest::from_bytes([7; 32])),
    }
}

/// What a channel says of an attempt.
pub(crate) fn said(no: ChannelOrderNo, source: Source, occasion: Occasion, report: Report) -> Fact {
    Fact::Reported {
        no,
        account: account(no.channel()),
        evidence: evidence(source),
        occasion,
        report,
    }
}

/// "It took money", in words.
pub(crate) fn paid_report(trade_no: &str, fen: u64, paid_at: Timestamp) -> Report {
    Report::Paid {
        trade_no: trade(trade_no),
        amount: Money::from_fen(fen),
        paid_at,
    }
}

/// A notification of a payment.
pub(crate) fn paid(no: ChannelOrderNo, trade_no: &str, fen: u64, paid_at: Timestamp) -> Fact {
    paid_by(no, Source::Notification, trade_no, fen, paid_at)
}

/// A claim of a payment from this source.
pub(crate) fn paid_by(
    no: ChannelOrderNo,
    source: Source,
    trade_no: &str,
    fen: u64,
    paid_at: Timestamp,
) -> Fact {
    said(
        no,
        source,
        Occasion::Told,
        paid_report(trade_no, fen, paid_at),
    )
}

/// A query's answer that counts for the payment as it stands.
pub(crate) fn answered(payment: &Payment, no: ChannelOrderNo, report: Report) -> Fact {
    said(no, Source::Query, Occasion::Asked(payment.version), report)
}

/// What a channel says of a refund.
pub(crate) fn refund_said(no: RefundNo, occasion: Occasion, report: RefundReport) -> Fact {
    Fact::RefundReported {
        no,
        evidence: evidence(Source::Query),
        occasion,
        report,
    }
}

/// The channel returned so much of an attempt's capture, in all.
pub(crate) fn returned(no: ChannelOrderNo, return_no: &str, total: u64) -> Fact {
    Fact::Returned {
        no,
        evidence: evidence(Source::Bill),
        return_no: return_no.to_owned(),
        returned: ReturnedSum::InAll(Money::from_fen(total)),
    }
}

/// Somebody returned so much of an attempt's capture by hand, beside what else was returned.
pub(crate) fn returned_alone(no: ChannelOrderNo, return_no: &str, fen: u64) -> Fact {
    Fact::Returned {
        no,
        evidence: evidence(Source::Notification),
        return_no: return_no.to_owned(),
        returned: ReturnedSum::Alone(Money::from_fen(fen)),
    }
}

/// The answer to a reversal.
pub(crate) fn reversal_said(no: ChannelOrderNo, report: ReversalReport) -> Fact {
    Fact::ReversalAnswered { no, report }
}

/// The channel made the order and gave this code to pay with.
pub(crate) fn made(no: ChannelOrderNo, content: &str, expires_at: Option<Timestamp>) -> Fact {
    Fact::CreateAnswered {
        no,
        answer: CreateAnswer::Made {
            action: Action::Qr {
                content: content.to_owned(),
            },
            expires_at,
        },
    }
}

/// The channel refused to make the order.
pub(crate) fn refused(no: ChannelOrderNo) -> Fact {
    Fact::CreateAnswered {
        no,
        answer: CreateAnswer::Refused,
    }
}

/// The merchant's request, repeated or for another way to pay.
pub(crate) fn initiate(way: (Channel, Method), switch: bool) -> Command {
    Command::Initiate {
        amount: fen(PRICE),
        subject: "tea".to_owned(),
        choice: Some(choice(way)),
        switch,
    }
}

/// The merchant gives back this much.
pub(crate) fn refund(own: &str, amount: u64) -> Command {
    Command::Refund {
        request: request(own),
        amount: fen(amount),
        reason: None,
    }
}

/// An appeal gives back this much.
pub(crate) fn settle(appeal: &str, amount: u64) -> Command {
    let id = MerchantAppealNo::new(appeal).unwrap();
    Command::SettleAppeal {
        appeal: AppealNo::new(AppealKey::derive(&MerchantId::new("shop").unwrap(), &id)),
        amount: fen(amount),
        decided_by: OperatorId::new("one").unwrap(),
        approved_by: OperatorId::new("two").unwrap(),
    }
}

/// The buyer ordered again.
pub(crate) fn supersede(order: &str) -> Command {
    Command::Supersede {
        successor: successor(order),
        confirmed_at: START,
    }
}

/// When something is to be done about the money, whatever is still to be told or booked.
pub(crate) fn due(payment: &Payment) -> Option<Timestamp> {
    let owed = payment.obligations().into_iter();
    let owed = owed.filter(|o| o.task.work() == Work::Channels && o.task != Task::Book);
    owed.map(|o| o.due.index_time()).min()
}
