//! Answers from Alipay. Only what a valid signature covers is read; the rest is no answer.

use std::borrow::Cow;

use payonce_domain::{Action, ChannelTradeNo, RefundReport, Span, Timestamp};

use super::account::{Account, Named};
use super::request::method;
use super::status::{self, TradeStatus, Verdict};
use crate::claim::{CreateReading, Payee, Said, Standing, TradeClaim, TradeReading};
use crate::client::CloseAnswer;
use crate::http::HttpAnswer;
use crate::order::{Order, RefundOrder};
use crate::strict_json::Members;
use crate::{beijing, yuan};

/// How long Alipay honours a QR code, whatever the order's own expiry.
const QR_LIFE: Span = Span::hours(2);

/// The content of an answer whose signature holds.
pub(super) struct Content<'a>(Members<'a>);

impl<'a> Content<'a> {
    /// A member that is a string and not empty: Alipay sends empty ones for what it does not know.
    pub(super) fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.0.text(name).filter(|text| !text.is_empty())
    }

    /// Whether `name` holds `value`.
    pub(super) fn says(&self, name: &str, value: &str) -> bool {
        self.text(name).is_some_and(|text| text == value)
    }

    /// Whether `name` is absent or holds `value`: refusals do not always repeat what was asked.
    pub(super) fn does_not_deny(&self, name: &str, value: &str) -> bool {
        self.text(name).is_none_or(|text| text == value)
    }
}

/// Reads the answer to a precreate.
pub(super) fn created(
    account: &Account,
    order: &Order,
    answer: &HttpAnswer,
    now: Timestamp,
) -> CreateReading {
    let Some((verdict, content)) = signed(account, method::PRECREATE, answer, now) else {
        return CreateReading::NoAnswer;
    };
    match verdict {
        Verdict::Done => {
            let ours = content.says("out_trade_no", &order.no.to_string());
            let Some(qr) = content.text("qr_code").filter(|_| ours) else {
                return CreateReading::NoAnswer;
            };
            let end = now.plus(QR_LIFE);
            CreateReading::Made {
                action: Action::Qr {
                    content: qr.into_owned(),
                },
                expires_at: (end < order.expires_at).then_some(end),
            }
        }
        Verdict::Refused(code) if status::create_is_refused(code) => CreateReading::Refused,
        Verdict::Faulty => CreateReading::Refused,
        Verdict::Refused(_)
        | Verdict::InProgress
        | Verdict::Limited
        | Verdict::Unknown
        | Verdict::Misconfigured
        | Verdict::Unmapped => CreateReading::NoAnswer,
    }
}

/// Reads the answer to a query.
pub(super) fn queried(
    account: &Account,
    order: &Order,
    answer: &HttpAnswer,
    now: Timestamp,
) -> TradeReading {
    let Some((verdict, content)) = signed(account, method::QUERY, answer, now) else {
        return TradeReading::NoAnswer;
    };
    match verdict {
        Verdict::Done => claim(&content, now).map_or(TradeReading::NoAnswer, TradeReading::Claim),
        Verdict::Refused(code)
            if status::query_finds_nothing(code)
                && content.does_not_deny("out_trade_no", &order.no.to_string()) =>
        {
            TradeReading::NotFound
        }
        Verdict::Refused(_)
        | Verdict::InProgress
        | Verdict::Limited
        | Verdict::Unknown
        | Verdict::Faulty
        | Verdict::Misconfigured
        | Verdict::Unmapped => TradeReading::NoAnswer,
    }
}

fn claim(content: &Content<'_>, now: Timestamp) -> Option<TradeClaim> {
    let word = content.text("trade_status")?;
    let Some(status) = TradeStatus::read(&word) else {
        unknown_word("trade_status", &word);
        return None;
    };
    let paid_at = match content.text("send_pay_date") {
        Some(text) => Some(beijing::parse(&text)?),
        None => None,
    };
    let taken = || {
        let trade_no = ChannelTradeNo::new(content.text("trade_no")?).ok()?;
        Some((trade_no, yuan::parse(&content.text("total_amount")?)?))
    };
    let standing = match (status, paid_at) {
        (TradeStatus::WaitBuyerPay, _) => Standing::Unpaid,
        (TradeStatus::Closed, None) => Standing::Closed,
        // "TRADE_CLOSED" is also what a paid trade becomes once all of it went back.
        (TradeStatus::Closed, Some(paid_at)) => {
            let (trade_no, amount) = taken()?;
            Standing::PaidBack {
                trade_no,
                amount,
                paid_at,
            }
        }
        // The money is a fact even where its time is missing; then it was no later than now.
        (TradeStatus::Success | TradeStatus::Finished, paid_at) => {
            let (trade_no, amount) = taken()?;
            let paid_at = paid_at.unwrap_or(now);
            Standing::Paid {
                trade_no,
                amount,
                paid_at,
            }
        }
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
        standing,
    })
}

/// Reads the answer to a close.
pub(super) fn closed(
    account: &Account,
    order: &Order,
    answer: &HttpAnswer,
    now: Timestamp,
) -> CloseAnswer {
    let Some((verdict, content)) = signed(account, method::CLOSE, answer, now) else {
        return CloseAnswer::NoAnswer;
    };
    if !content.does_not_deny("out_trade_no", &order.no.to_string()) {
        return CloseAnswer::NoAnswer;
    }
    match verdict {
        Verdict::Done => CloseAnswer::Accepted,
        Verdict::Refused(code) => status::close(code),
        Verdict::InProgress
        | Verdict::Limited
        | Verdict::Unknown
        | Verdict::Faulty
        | Verdict::Misconfigured
        | Verdict::Unmapped => CloseAnswer::NoAnswer,
    }
}

/// Reads the answer to a refund. Its `refund_fee` is the sum over the whole trade, so it says nothing
/// about this request; `fund_change` does.
pub(super) fn refunded(
    account: &Account,
    order: &Order,
    refund: &RefundOrder,
    answer: &HttpAnswer,
    now: Timestamp,
) -> RefundReport {
    let Some((verdict, content)) = signed(account, method::REFUND, answer, now) else {
        return RefundReport::NoAnswer;
    };
    match verdict {
        Verdict::Done => {
            let ours = content.says("out_trade_no", &order.no.to_string())
                && content.says("trade_no", refund.trade_no.as_str());
            match content.text("fund_change").as_deref() {
                _ if !ours => RefundReport::NoAnswer,
                Some("Y") => RefundReport::Succeeded,
                // No movement now, which includes "already moved by an earlier call": asked about later.
                Some("N") | None => RefundReport::Accepted,
                Some(word) => {
                    unknown_word("fund_change", word);
                    RefundReport::NoAnswer
                }
            }
        }
        Verdict::Refused(code) => status::refund(code),
        Verdict::Limited => RefundReport::NotYet,
        Verdict::Faulty => RefundReport::NeedsPerson,
        Verdict::InProgress | Verdict::Unknown | Verdict::Misconfigured | Verdict::Unmapped => {
            RefundReport::NoAnswer
        }
    }
}

/// Reads the answer to a question about a refund.
pub(super) fn refund_queried(
    account: &Account,
    order: &Order,
    refund: &RefundOrder,
    answer: &HttpAnswer,
    now: Timestamp,
) -> RefundReport {
    let Some((verdict, content)) = signed(account, method::REFUND_QUERY, answer, now) else {
        return RefundReport::NoAnswer;
    };
    match verdict {
        Verdict::Done => refund_standing(&content, order, refund),
        Verdict::Refused(code) => status::refund_query(code),
        Verdict::InProgress
        | Verdict::Limited
        | Verdict::Unknown
        | Verdict::Faulty
        | Verdict::Misconfigured
        | Verdict::Unmapped => RefundReport::NoAnswer,
    }
}

fn refund_standing(content: &Content<'_>, order: &Order, refund: &RefundOrder) -> RefundReport {
    let (order_no, refund_no) = (order.no.to_string(), refund.no.to_string());
    if !content.does_not_deny("out_trade_no", &order_no)
        || !content.does_not_deny("out_request_no", &refund_no)
    {
        return RefundReport::NoAnswer;
    }
    // Only an empty answer may leave out whose refund it speaks of.
    let named =
        content.says("out_trade_no", &order_no) && content.says("out_request_no", &refund_no);
    let amount = content.text("refund_amount");
    match content.text("refund_status").as_deref() {
        Some("REFUND_SUCCESS") => {
            let same = amount.and_then(|text| yuan::parse(&text)) == Some(refund.amount);
            if named && same {
                return RefundReport::Succeeded;
            }
            tracing::error!(refund.no = %refund_no, named, same, "the refund {refund_no} succeeded under another amount or number");
            RefundReport::NoAnswer
        }
        Some("REFUND_PROCESSING") if named => RefundReport::Accepted,
        Some("REFUND_FAIL") if named => RefundReport::Failed,
        Some(word) => {
            unknown_word("refund_status", word);
            RefundReport::NoAnswer
        }
        // "Success" with neither: the question was answered, and there is no such refund.
        None if amount.is_none() => RefundReport::NotFound,
        None => RefundReport::NoAnswer,
    }
}

/// Checks the signature over the content exactly as it arrived, and only then reads it.
pub(super) fn signed<'a>(
    account: &Account,
    method: &'static str,
    answer: &'a HttpAnswer,
    now: Timestamp,
) -> Option<(Verdict, Content<'a>)> {
    if answer.status != 200 {
        tracing::warn!(
            method,
            http.status = answer.status,
            "alipay answers {method} with another status than 200"
        );
        return None;
    }
    let document = std::str::from_utf8(&answer.body).ok();
    let Some(document) = document.and_then(Members::parse) else {
        tracing::warn!(method, "alipay's answer to {method} cannot be read");
        return None;
    };
    let named = format!("{}_response", method.replace('.', "_"));
    let raw = match (document.raw(&named), document.raw("error_response")) {
        (Some(raw), None) | (None, Some(raw)) => raw,
        (Some(_), Some(_)) | (None, None) => {
            tracing::warn!(method, "alipay's answer to {method} has not one content");
            return None;
        }
    };
    let content = Members::parse(raw).map(Content);
    let Some((content, code)) = content.and_then(|content| {
        let code = content.text("code")?;
        Some((content, code))
    }) else {
        tracing::warn!(method, "alipay's answer to {method} has no code");
        return None;
    };
    let sub_code = content.text("sub_code");
    let verdict = status::verdict(&code, sub_code.as_deref());
    let certificate = document.text("alipay_cert_sn");
    let certificate = certificate.as_deref().map_or(Named::Nothing, Named::As);
    let holds = |sign: &str| account.verify(raw.as_bytes(), sign, certificate, now);
    let authentic = document.text("sign").is_some_and(|sign| holds(&sign));
    report_trouble(method, verdict, authentic, &code, sub_code.as_deref());
    authentic.then_some((verdict, content))
}

/// Counts what a person should know of. Codes are logged, contents never.
fn report_trouble(
    method: &str,
    verdict: Verdict,
    authentic: bool,
    code: &str,
    sub_code: Option<&str>,
) {
    let (code, sub_code) = (word(code), word(sub_code.unwrap_or("")));
    match verdict {
        // Where our own signature is wrong, Alipay does not sign its refusal: it proves nothing about an
        // order, and is still the best hint of what to mend.
        Verdict::Misconfigured | Verdict::Faulty => {
            tracing::error!(
                method,
                authentic,
                code,
                sub_code,
                "alipay refuses {method} as such: {code} {sub_code}"
            );
        }
        Verdict::Unknown | Verdict::Limited | Verdict::Unmapped | Verdict::InProgress => {
            tracing::warn!(
                method,
                authentic,
                code,
                sub_code,
                "alipay has no answer to {method} that we can use: {code} {sub_code}"
            );
        }
        Verdict::Done | Verdict::Refused(_) if !authentic => {
            tracing::warn!(
                method,
                code,
                sub_code,
                "the signature on alipay's answer to {method} does not hold"
            );
        }
        Verdict::Done | Verdict::Refused(_) => {}
    }
}

pub(super) fn unknown_word(member: &'static str, text: &str) {
    let word = word(text);
    tracing::warn!(
        member,
        word,
        "alipay says {member} {word}, which we do not know"
    );
}

/// A word of the protocol, fit for a log. Anything else could be a buyer's data.
fn word(text: &str) -> &str {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    if text.len() <= 64 && text.bytes().all(plain) {
        text
    } else {
        "(not a word)"
    }
}
