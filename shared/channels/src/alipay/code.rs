//! Payment by the buyer's code (付款码, 当面付): what the answers to paying and to reversing mean.
//!
//! Paying takes the money within the call, so its answer may be a statement how the order stands. When
//! the outcome stays unknown, the order is asked about and then reversed (撤销).

use payonce_domain::{ChannelTradeNo, ReversalReport, Span, Timestamp};

use super::account::Account;
use super::request::method;
use super::response::{Content, signed, unknown_word};
use super::status::{self, Code, Verdict};
use crate::claim::{CreateReading, Payee, Said, Standing, TradeClaim};
use crate::http::HttpAnswer;
use crate::order::Order;
use crate::{beijing, yuan};

/// How long after an order's creation its one call may still arrive, whatever became of the connection.
/// The call was given up after seconds; the rest covers the skew between the clocks.
const ARRIVAL_MARGIN: Span = Span::minutes(2);

/// Reads the answer to a payment by code.
pub(super) fn paid(
    account: &Account,
    order: &Order,
    answer: &HttpAnswer,
    now: Timestamp,
) -> CreateReading {
    let Some((verdict, content)) = signed(account, method::PAY, answer, now) else {
        return CreateReading::NoAnswer;
    };
    match verdict {
        Verdict::Done => claim(&content, now).map_or(CreateReading::NoAnswer, CreateReading::Claim),
        // Whatever else happens now is the buyer's doing: the order exists and can be paid.
        Verdict::InProgress if content.does_not_deny("out_trade_no", &order.no.to_string()) => {
            CreateReading::Taken
        }
        Verdict::Refused(code) if status::code_is_refused(code) => CreateReading::Refused,
        Verdict::Faulty => CreateReading::Refused,
        Verdict::InProgress
        | Verdict::Refused(_)
        | Verdict::Limited
        | Verdict::Unknown
        | Verdict::Misconfigured
        | Verdict::Unmapped => CreateReading::NoAnswer,
    }
}

/// A payment that was made within the call. The answer has no word for the state of the trade.
fn claim(content: &Content<'_>, now: Timestamp) -> Option<TradeClaim> {
    let paid_at = match content.text("gmt_payment") {
        Some(text) => beijing::parse(&text)?,
        // The money is a fact even where its time is missing; then it was no later than now.
        None => now,
    };
    let said = |name| match content.text(name) {
        Some(text) => Said::As(text.into_owned()),
        None => Said::NotSaid,
    };
    Some(TradeClaim {
        order_no: content.text("out_trade_no")?.into_owned(),
        payee: Payee {
            merchant: said("seller_id"),
            application: said("app_id"),
        },
        standing: Standing::Paid {
            trade_no: ChannelTradeNo::new(content.text("trade_no")?).ok()?,
            amount: yuan::parse(&content.text("total_amount")?)?,
            paid_at,
        },
    })
}

/// Reads the answer to a reversal. `Reversed` makes the domain book whatever money had been seen as
/// given back, so it takes Alipay's own word that it refunded.
pub(super) fn reversed(
    account: &Account,
    order: &Order,
    answer: &HttpAnswer,
    now: Timestamp,
) -> ReversalReport {
    let Some((verdict, content)) = signed(account, method::CANCEL, answer, now) else {
        return ReversalReport::Again;
    };
    if !content.does_not_deny("out_trade_no", &order.no.to_string()) {
        return ReversalReport::Again;
    }
    match verdict {
        Verdict::Done if content.says("retry_flag", "Y") => ReversalReport::Again,
        Verdict::Done => match content.text("action").as_deref() {
            Some("refund") => ReversalReport::Reversed,
            Some("close") => ReversalReport::NothingTaken,
            Some(word) => {
                unknown_word("action", word);
                ReversalReport::Again
            }
            None => never_was(order, now),
        },
        Verdict::Refused(Code::TradeNotExist) => never_was(order, now),
        Verdict::Refused(code) => status::reversal(code),
        Verdict::InProgress
        | Verdict::Limited
        | Verdict::Unknown
        | Verdict::Faulty
        | Verdict::Misconfigured
        | Verdict::Unmapped => ReversalReport::Again,
    }
}

/// Without an action, Alipay found no trade. The call that would make one may be on its way until its
/// margin is over, and it is never repeated, so from then on there is nothing to reverse. Should it
/// come even later and be paid, that is a late payment, which is sent back as any.
fn never_was(order: &Order, now: Timestamp) -> ReversalReport {
    if now >= order.created_at.plus(ARRIVAL_MARGIN) {
        ReversalReport::NothingTaken
    } else {
        ReversalReport::Again
    }
}
