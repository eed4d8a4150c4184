//! Answers from UnionPay. Only what a valid signature covers is read; the rest is no answer.

use payonce_domain::{ChannelTradeNo, Money, RefundReport, ReversalReport, Span, Timestamp};

use super::account::Account;
use super::message::{self, Fields};
use super::request;
use super::status::{self, Class, Fate};
use crate::beijing;
use crate::claim::{CreateReading, Payee, Said, Standing, TradeClaim, TradeReading};
use crate::http::HttpAnswer;
use crate::order::{Order, RefundOrder};

/// How long after `payTimeout` "not paid" is final: UnionPay's clock may lag, and a bank may be at work.
const FINAL_AFTER: Span = Span::minutes(5);

/// How long after a payment code was sent it may still arrive: we wait 8 s for the answer and never send
/// it again.
const ARRIVES_WITHIN: Span = Span::minutes(2);

/// Reads the answer to a payment by code. None of them proves that money was taken.
pub(super) fn created(
    account: &Account,
    order: &Order,
    answer: &HttpAnswer,
    now: Timestamp,
) -> CreateReading {
    let Some((fields, class)) = signed(account, "consume", answer, now) else {
        return CreateReading::NoAnswer;
    };
    if !names(&fields, &order.no.to_string(), order.created_at) {
        return CreateReading::NoAnswer;
    }
    match class {
        // 00 says that it was accepted, whatever else the answer names; a query or a notification proves
        // the payment.
        Class::Success | Class::Pending => CreateReading::Taken,
        Class::Unknown
        | Class::NotNow
        | Class::Duplicate
        | Class::NotFound
        | Class::Original
        | Class::GoesBack
        | Class::NoFile => CreateReading::NoAnswer,
        Class::NotEnough | Class::Faulty | Class::Misconfigured | Class::Declined => {
            if status::code_is_refused(class) {
                CreateReading::Refused
            } else {
                CreateReading::NoAnswer
            }
        }
    }
}

/// Reads the answer to a query: the outer code speaks of the query, `origRespCode` of the order.
pub(super) fn queried(
    account: &Account,
    order: &Order,
    answer: &HttpAnswer,
    now: Timestamp,
) -> TradeReading {
    let Some((fields, class)) = signed(account, "query", answer, now) else {
        return TradeReading::NoAnswer;
    };
    // Under another time it would be another transaction.
    if !names(&fields, &order.no.to_string(), order.created_at) {
        return TradeReading::NoAnswer;
    }
    // A reversal has the number and the time of its payment, and its success is the opposite.
    let class = match of_original(&fields, class, |fields| has(fields, "txnType", "01")) {
        Original::Is(class) => class,
        Original::NotFound => return TradeReading::NotFound,
        Original::NotSaid => return TradeReading::NoAnswer,
    };
    standing(&fields, status::fate(class), order, now)
        .and_then(|standing| claim(&fields, standing))
        .map_or(TradeReading::NoAnswer, TradeReading::Claim)
}

/// What the answer to a query says of the transaction that was asked about.
enum Original {
    /// It is there, and stands like this.
    Is(Class),
    /// There is none.
    NotFound,
    /// The answer does not tell.
    NotSaid,
}

/// Reads the answer to a query: the outer code, `class`, speaks of the query, and only where that was
/// answered does `origRespCode` speak of the transaction, if it `is_asked`, one of the kind asked about.
fn of_original(fields: &Fields, class: Class, is_asked: impl FnOnce(&Fields) -> bool) -> Original {
    match class {
        Class::Success if is_asked(fields) => {
            original_class(fields).map_or(Original::NotSaid, Original::Is)
        }
        Class::NotFound => Original::NotFound,
        Class::Success
        | Class::Pending
        | Class::Unknown
        | Class::NotNow
        | Class::Duplicate
        | Class::Original
        | Class::GoesBack
        | Class::NotEnough
        | Class::Faulty
        | Class::Misconfigured
        | Class::Declined
        | Class::NoFile => Original::NotSaid,
    }
}

/// How the order stands; `None` where the message does not say all that it must.
fn standing(fields: &Fields, fate: Fate, order: &Order, now: Timestamp) -> Option<Standing> {
    let taken = || {
        let trade_no = ChannelTradeNo::new(fields.get("queryId")?.as_str()).ok()?;
        Some((trade_no, amount(fields)?, paid_at(fields, now)))
    };
    Some(match fate {
        Fate::Paid => {
            let (trade_no, amount, paid_at) = taken()?;
            Standing::Paid {
                trade_no,
                amount,
                paid_at,
            }
        }
        Fate::GoesBack => {
            let (trade_no, amount, paid_at) = taken()?;
            Standing::TakenLate {
                trade_no,
                amount,
                paid_at,
            }
        }
        Fate::Open => Standing::Unpaid,
        Fate::Declined => {
            let by_code = order.no.method() == payonce_domain::Method::Code;
            // A code is tried once; on a page the buyer may try another card until time is over.
            if by_code || now >= order.expires_at.plus(FINAL_AFTER) {
                Standing::Closed
            } else {
                Standing::Unpaid
            }
        }
    })
}

fn claim(fields: &Fields, standing: Standing) -> Option<TradeClaim> {
    Some(TradeClaim {
        order_no: fields.get("orderId")?.clone(),
        payee: Payee {
            merchant: Said::As(fields.get("merId")?.clone()),
            application: Said::NotSaid,
        },
        standing,
    })
}

/// Reads the answer to a refund or an undo.
pub(super) fn refunded(
    account: &Account,
    refund: &RefundOrder,
    answer: &HttpAnswer,
    now: Timestamp,
) -> RefundReport {
    let Some((fields, class)) = signed(account, "refund", answer, now) else {
        return RefundReport::NoAnswer;
    };
    let named = names(&fields, &refund.no.to_string(), refund.sent_at) && ours(account, &fields);
    if !named || !is_kind_of(&fields, refund) {
        return RefundReport::NoAnswer;
    }
    status::refund(class, refund.form)
}

/// Reads the answer to a question about a refund or an undo, which is a transaction of its own.
pub(super) fn refund_queried(
    account: &Account,
    refund: &RefundOrder,
    answer: &HttpAnswer,
    now: Timestamp,
) -> RefundReport {
    let Some((fields, class)) = signed(account, "refund_query", answer, now) else {
        return RefundReport::NoAnswer;
    };
    if !names(&fields, &refund.no.to_string(), refund.sent_at) || !ours(account, &fields) {
        return RefundReport::NoAnswer;
    }
    let class = match of_original(&fields, class, |fields| is_kind_of(fields, refund)) {
        Original::Is(class) => class,
        Original::NotFound => return RefundReport::NotFound,
        Original::NotSaid => return RefundReport::NoAnswer,
    };
    let report = status::refund_fate(class);
    if report == RefundReport::Succeeded && amount(&fields) != Some(refund.amount) {
        tracing::error!(
            refund.no = %refund.no,
            "the refund {} succeeded over another amount",
            refund.no
        );
        return RefundReport::NoAnswer;
    }
    report
}

/// Reads the answer to a reversal.
pub(super) fn reversed(
    account: &Account,
    order: &Order,
    answer: &HttpAnswer,
    now: Timestamp,
) -> ReversalReport {
    let Some((fields, class)) = signed(account, "reverse", answer, now) else {
        return ReversalReport::Again;
    };
    // The payment has the same number and time, and its success is the opposite.
    let kind = fields.get("txnType").is_some_and(|kind| kind == "99");
    let named = names(&fields, &order.no.to_string(), order.created_at);
    if !kind || !named || !ours(account, &fields) {
        return ReversalReport::Again;
    }
    match class {
        Class::Success => ReversalReport::Reversed,
        // It never arrived, and after a while it cannot any more: there is nothing to reverse.
        Class::NotFound if now >= order.created_at.plus(ARRIVES_WITHIN) => {
            ReversalReport::NothingTaken
        }
        Class::Original => ReversalReport::Refused,
        Class::NotFound
        | Class::Pending
        | Class::Unknown
        | Class::NotNow
        | Class::Duplicate
        | Class::GoesBack
        | Class::NotEnough
        | Class::Faulty
        | Class::Misconfigured
        | Class::Declined
        | Class::NoFile => ReversalReport::Again,
    }
}

/// Whether a message is about the transaction with this number and time.
fn names(fields: &Fields, order_id: &str, txn_time: Timestamp) -> bool {
    has(fields, "orderId", order_id) && has(fields, "txnTime", &beijing::format_compact(txn_time))
}

fn ours(account: &Account, fields: &Fields) -> bool {
    has(fields, "merId", &account.mer_id)
}

/// Whether a message is about a refund where a refund was asked for, and about an undo where an undo was.
fn is_kind_of(fields: &Fields, refund: &RefundOrder) -> bool {
    let (txn_type, sub_type) = request::types_of(refund.form);
    has(fields, "txnType", txn_type) && has(fields, "txnSubType", sub_type)
}

fn has(fields: &Fields, name: &str, value: &str) -> bool {
    fields.get(name).is_some_and(|text| text == value)
}

/// `txnAmt` in fen, if the currency is the one we collect.
pub(super) fn amount(fields: &Fields) -> Option<Money> {
    if fields.get("currencyCode").is_none_or(|code| code != "156") {
        return None;
    }
    let text = fields.get("txnAmt")?;
    let digits = (1..=12).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    digits
        .then(|| text.parse().ok().map(Money::from_fen))
        .flatten()
}

/// When it was paid. `traceTime` has no year and is the time at which UnionPay began the transaction with
/// the bank: no field says when the buyer pressed the button. Money that came after the order's time is
/// told by its code (42), not by this. Where it is missing, it was no later than now.
pub(super) fn paid_at(fields: &Fields, now: Timestamp) -> Timestamp {
    let traced = || {
        let begun = fields.get("txnTime")?;
        let trace = fields.get("traceTime").filter(|text| text.len() == 10)?;
        let year: u32 = begun.get(..4)?.parse().ok()?;
        let begun = beijing::parse_compact(begun)?.as_millis();
        // The order's time is by our clock and the trace by UnionPay's, so at New Year either may be
        // the one in the other year.
        [year.checked_sub(1)?, year, year + 1]
            .into_iter()
            .filter_map(|year| beijing::parse_compact(&format!("{year:04}{trace}")))
            .min_by_key(|time| time.as_millis().abs_diff(begun))
    };
    traced().unwrap_or(now)
}

fn original_class(fields: &Fields) -> Option<Class> {
    let code = fields.get("origRespCode")?;
    let class = status::class(code);
    if class.is_none() {
        unknown_code("origRespCode", code);
    }
    class
}

/// The fields of an answer whose signature holds, and the class of its code.
pub(super) fn signed(
    account: &Account,
    operation: &'static str,
    answer: &HttpAnswer,
    now: Timestamp,
) -> Option<(Fields, Class)> {
    if answer.status != 200 {
        tracing::warn!(
            operation,
            http.status = answer.status,
            "unionpay answers {operation} with another status than 200"
        );
        return None;
    }
    let fields = match message::parse_answer(&answer.body) {
        Ok(fields) => fields,
        Err(reason) => {
            tracing::warn!(
                operation,
                reason,
                "unionpay's answer to {operation} cannot be read"
            );
            return None;
        }
    };
    if !account.signed(&fields, now) {
        tracing::warn!(
            operation,
            "the signature on unionpay's answer to {operation} does not hold"
        );
        return None;
    }
    let code = fields.get("respCode")?;
    let Some(class) = status::class(code) else {
        unknown_code("respCode", code);
        return None;
    };
    if matches!(class, Class::Faulty | Class::Misconfigured) {
        let code = word(code);
        tracing::error!(
            operation,
            code,
            "unionpay refuses {operation} as such: {code}"
        );
    }
    Some((fields, class))
}

pub(super) fn unknown_code(member: &'static str, text: &str) {
    let code = word(text);
    tracing::warn!(
        member,
        code,
        "unionpay says {member} {code}, which we do not know"
    );
}

/// A code of the protocol, fit for a log. Anything else could be a buyer's data.
fn word(text: &str) -> &str {
    if text.len() <= 8 && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        text
    } else {
        "(not a code)"
    }
}
