//! Answers from WeChat Pay. Only what a valid signature covers is believed.
//!
//! Refusals (4xx) may come without a signature, from a gateway in front of the API. Such a one is read
//! as far as believing it can neither move money nor end anything, and no further:
//!
//! | unsigned refusal | becomes | because |
//! |---|---|---|
//! | a close refused for the order's state | `Conflict` | all it causes is a query |
//! | a refund refused for the balance or the rate | `NotYet` | the same number is sent again, and moves money once |
//! | a bill that is being made | `NotReady` | it is asked for again |
//! | anything else | no answer | it would end an order, send an order's money back in another way, stop a refund, or call a day empty |

use std::borrow::Cow;

use payonce_domain::{
    Action, ChannelTradeNo, Currency, Method, Money, RefundReport, Span, Timestamp,
};

use super::account::{Account, Signer};
use super::code;
use super::sign::{self, Verdict};
use super::status::{self, Code, TradeState};
use crate::claim::{CreateReading, Payee, Said, Standing, TradeClaim, TradeReading};
use crate::client::CloseAnswer;
use crate::http::HttpAnswer;
use crate::order::{Order, RefundOrder};
use crate::strict_json::Members;

/// How long a QR code or a prepaid session can be paid, whatever the order's own expiry.
const LIFE: Span = Span::hours(2);

/// How long the link to WeChat's app works that a phone's browser is given.
const H5_LIFE: Span = Span::minutes(5);

/// The largest amount that is read, in fen: ten trillion yuan. Sums of larger ones would not fit.
const FEN_MAX: u64 = 1_000_000_000_000_000;

/// What an answer says, once its signature was judged.
pub(super) enum Answer<'a> {
    /// It was carried out; signed.
    Done(Content<'a>),
    /// It was carried out and there is nothing to say (204); signed.
    Empty,
    /// It is under way (202); signed.
    UnderWay,
    /// It was refused; signed.
    Refused(Code),
    /// It was refused, says a message that nobody signed.
    RefusedUnsigned(Code),
    /// Nothing usable.
    Nothing,
}

/// The members of a signed answer, or of one object within it.
pub(super) struct Content<'a>(Members<'a>);

impl<'a> Content<'a> {
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        Members::parse(text).map(Self)
    }

    /// A member that is a string and not empty.
    pub(super) fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.0.text(name).filter(|text| !text.is_empty())
    }

    /// A member as it arrived, whatever it is.
    pub(super) fn raw(&self, name: &str) -> Option<&'a str> {
        self.0.raw(name)
    }

    /// A member that is an object.
    pub(super) fn object(&self, name: &str) -> Option<Self> {
        Self::parse(self.0.raw(name)?)
    }

    /// A member that is a whole number of fen: digits only, no sign, point or exponent.
    pub(super) fn fen(&self, name: &str) -> Option<Money> {
        let text = self.0.raw(name)?;
        let fen: u64 = text.parse().ok()?;
        let plain = text.bytes().all(|b| b.is_ascii_digit());
        (plain && fen <= FEN_MAX).then_some(Money::from_fen(fen))
    }

    /// Whether `name` holds `value`.
    pub(super) fn says(&self, name: &str, value: &str) -> bool {
        self.text(name).is_some_and(|text| text == value)
    }

    /// Whether `name` is absent or holds `value`.
    pub(super) fn does_not_deny(&self, name: &str, value: &str) -> bool {
        self.0.raw(name).is_none() || self.says(name, value)
    }

    /// An identifier, or that the message has none.
    pub(super) fn said(&self, name: &str) -> Said {
        match self.text(name) {
            Some(text) => Said::As(text.into_owned()),
            None => Said::NotSaid,
        }
    }
}

/// Judges an answer's signature, and only then reads it.
pub(super) fn read<'a>(
    account: &Account,
    operation: &'static str,
    answer: &'a HttpAnswer,
    now: Timestamp,
) -> Answer<'a> {
    let status = answer.status;
    let verdict = account.verify(&answer.headers, &answer.body, now);
    match verdict {
        Verdict::Holds => {}
        Verdict::Absent if (400..500).contains(&status) => {}
        Verdict::Probe => {
            tracing::info!(operation, "wechat probes whether answers are verified");
            return Answer::Nothing;
        }
        Verdict::Absent | Verdict::Stale | Verdict::Malformed | Verdict::Broken => {
            tracing::warn!(
                operation,
                ?verdict,
                http.status = status,
                "the signature on wechat's answer to {operation} does not hold"
            );
            return Answer::Nothing;
        }
    }
    let content = std::str::from_utf8(&answer.body)
        .ok()
        .and_then(Content::parse);
    match (status, content) {
        (204, _) if answer.body.is_empty() => Answer::Empty,
        (200, Some(content)) => Answer::Done(content),
        (202, _) => Answer::UnderWay,
        (400..500, Some(content)) => refused(operation, status, &content, verdict),
        (_, _) => {
            tracing::warn!(
                operation,
                http.status = status,
                "wechat's answer to {operation} cannot be read"
            );
            Answer::Nothing
        }
    }
}

fn refused<'a>(
    operation: &'static str,
    status: u16,
    content: &Content<'_>,
    verdict: Verdict,
) -> Answer<'a> {
    let word_said = content.text("code").unwrap_or_default();
    let word = word(&word_said);
    let authentic = verdict == Verdict::Holds;
    let Some(code) = Code::read(status, &word_said) else {
        tracing::warn!(
            operation,
            http.status = status,
            word,
            "wechat refuses {operation} with {word}, which we do not know"
        );
        return Answer::Nothing;
    };
    if code.is_misconfiguration() || code == Code::ParamError {
        // Where our own signature is wrong, its refusal may not be signed: it proves nothing about an
        // order, and is still the best hint of what to mend.
        tracing::error!(
            operation,
            authentic,
            word,
            "wechat refuses {operation} as such: {word}"
        );
    }
    if authentic {
        Answer::Refused(code)
    } else {
        Answer::RefusedUnsigned(code)
    }
}

/// Reads the answer to a create.
pub(super) fn created(
    account: &Account,
    order: &Order,
    answer: &HttpAnswer,
    now: Timestamp,
) -> CreateReading {
    let by_code = order.no.method() == Method::Code;
    let is_refused = match by_code {
        true => status::code_is_refused,
        false => status::create_is_refused,
    };
    match read(account, "create", answer, now) {
        Answer::Done(content) if by_code => code::paid(&content, now),
        Answer::Done(content) => made(account, order, &content, now).unwrap_or_else(|| {
            let no = order.no;
            tracing::warn!(channel_order.no = %no, "wechat created {no} and gave nothing to pay it with");
            CreateReading::NoAnswer
        }),
        Answer::UnderWay | Answer::Refused(Code::UserPaying) if by_code => CreateReading::Taken,
        Answer::Refused(code) if is_refused(code) => CreateReading::Refused,
        Answer::Refused(_)
        | Answer::RefusedUnsigned(_)
        | Answer::UnderWay
        | Answer::Empty
        | Answer::Nothing => CreateReading::NoAnswer,
    }
}

fn made(
    account: &Account,
    order: &Order,
    content: &Content<'_>,
    now: Timestamp,
) -> Option<CreateReading> {
    let (action, life) = match order.no.method() {
        Method::Native => {
            let content = content.text("code_url")?.into_owned();
            (Action::Qr { content }, LIFE)
        }
        Method::H5 => {
            let url = h5_address(&content.text("h5_url")?, order.return_url.as_deref())?;
            (Action::Redirect { url }, H5_LIFE)
        }
        Method::Jsapi => {
            let signer = account.signer.as_ref()?;
            let prepay_id = content.text("prepay_id")?;
            let action = payment(account, signer, &prepay_id, now);
            (action, LIFE)
        }
        Method::Code | Method::Page | Method::Wap | Method::Gateway => return None,
    };
    let end = now.plus(life);
    Some(CreateReading::Made {
        action,
        expires_at: (end < order.expires_at).then_some(end),
    })
}

/// WeChat Pay has no return address of its own: the link it gives is extended by it.
fn h5_address(h5_url: &str, return_url: Option<&str>) -> Option<String> {
    if !h5_url.starts_with("https://") && !h5_url.starts_with("http://") {
        return None;
    }
    let Some(return_url) = return_url else {
        return Some(h5_url.to_owned());
    };
    let joint = if h5_url.contains('?') { '&' } else { '?' };
    let encoded =
        percent_encoding::utf8_percent_encode(return_url, percent_encoding::NON_ALPHANUMERIC);
    Some(format!("{h5_url}{joint}redirect_url={encoded}"))
}

/// What the page inside WeChat hands to its app, signed so that nobody can put in another order.
fn payment(account: &Account, signer: &Signer, prepay_id: &str, now: Timestamp) -> Action {
    let (timestamp, nonce) = (sign::timestamp(now), sign::nonce());
    let package = format!("prepay_id={prepay_id}");
    let text = sign::payment_text(&account.appid, &timestamp, &nonce, &package);
    let parameters = [
        ("appId", account.appid.clone()),
        ("paySign", signer.key.sign(text.as_bytes())),
        ("timeStamp", timestamp),
        ("nonceStr", nonce),
        ("package", package),
        ("signType", "RSA".to_owned()),
    ];
    let parameters = parameters.map(|(name, value)| (name.to_owned(), value));
    Action::Jsapi {
        parameters: parameters.into(),
    }
}

/// Reads the answer to a query.
pub(super) fn queried(account: &Account, answer: &HttpAnswer, now: Timestamp) -> TradeReading {
    match read(account, "query", answer, now) {
        Answer::Done(content) => {
            claim(&content, now).map_or(TradeReading::NoAnswer, TradeReading::Claim)
        }
        Answer::Refused(Code::OrderNotExist) => TradeReading::NotFound,
        Answer::Refused(_)
        | Answer::RefusedUnsigned(_)
        | Answer::UnderWay
        | Answer::Empty
        | Answer::Nothing => TradeReading::NoAnswer,
    }
}

/// What a trade's members claim, in an answer and in a notification alike.
pub(super) fn claim(content: &Content<'_>, now: Timestamp) -> Option<TradeClaim> {
    let word = content.text("trade_state")?;
    let Some(state) = TradeState::read(&word) else {
        unknown_word("trade_state", &word);
        return None;
    };
    let paid_at = match content.text("success_time") {
        Some(text) => Some(time(&text)?),
        None => None,
    };
    let taken = || {
        let trade_no = ChannelTradeNo::new(content.text("transaction_id")?).ok()?;
        Some((trade_no, total(content)?))
    };
    let standing = match (state, paid_at) {
        (TradeState::NotPaid, _) => Standing::Unpaid,
        (TradeState::Closed, _) => Standing::Closed,
        // "REFUND" says that it was paid and that some of it went back, not how much: WeChat Pay uses
        // the word for one fen as for all. To read it as "all went back" would give a paid order's money
        // up; the refunds that make up the difference are known by their own numbers, notifications and
        // bill lines. The money is a fact even where its time is missing; then it was no later than now.
        (TradeState::Success | TradeState::Refund, paid_at) => {
            let (trade_no, amount) = taken()?;
            let paid_at = paid_at.unwrap_or(now);
            Standing::Paid {
                trade_no,
                amount,
                paid_at,
            }
        }
        // A reversal gives back all that was taken; the payment's time tells whether anything was.
        (TradeState::Revoked, Some(paid_at)) => {
            let (trade_no, amount) = taken()?;
            Standing::PaidBack {
                trade_no,
                amount,
                paid_at,
            }
        }
        (TradeState::Revoked, None) => Standing::Closed,
    };
    Some(TradeClaim {
        order_no: content.text("out_trade_no")?.into_owned(),
        payee: Payee {
            merchant: content.said("mchid"),
            application: content.said("appid"),
        },
        standing,
    })
}

/// What the order was for: `payer_total` is less where WeChat Pay itself gave a discount, and the
/// merchant is paid the whole.
fn total(content: &Content<'_>) -> Option<Money> {
    let amount = content.object("amount")?;
    let currency = amount.text("currency")?;
    if Currency::from_code(&currency) != Some(Currency::Cny) {
        unknown_word("currency", &currency);
        return None;
    }
    amount.fen("total")
}

/// Reads the answer to a close.
pub(super) fn closed(account: &Account, answer: &HttpAnswer, now: Timestamp) -> CloseAnswer {
    match read(account, "close", answer, now) {
        Answer::Empty | Answer::Done(_) => CloseAnswer::Accepted,
        Answer::Refused(code) => status::close(code),
        Answer::RefusedUnsigned(code) => match status::close(code) {
            CloseAnswer::Conflict => CloseAnswer::Conflict,
            CloseAnswer::Accepted | CloseAnswer::NotFound | CloseAnswer::NoAnswer => {
                CloseAnswer::NoAnswer
            }
        },
        Answer::UnderWay | Answer::Nothing => CloseAnswer::NoAnswer,
    }
}

/// Reads the answer to a refund.
pub(super) fn refunded(
    account: &Account,
    order: &Order,
    refund: &RefundOrder,
    answer: &HttpAnswer,
    now: Timestamp,
) -> RefundReport {
    match read(account, "refund", answer, now) {
        Answer::Done(content) => refund_standing(&content, order, refund),
        Answer::Refused(code) => status::refund(code),
        Answer::RefusedUnsigned(code) => match status::refund(code) {
            RefundReport::NotYet => RefundReport::NotYet,
            RefundReport::Succeeded
            | RefundReport::Accepted
            | RefundReport::Failed
            | RefundReport::NeedsPerson
            | RefundReport::NotFound
            | RefundReport::NoAnswer => RefundReport::NoAnswer,
        },
        Answer::UnderWay | Answer::Empty | Answer::Nothing => RefundReport::NoAnswer,
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
    match read(account, "refund_query", answer, now) {
        Answer::Done(content) => refund_standing(&content, order, refund),
        Answer::Refused(Code::ResourceNotExists) => RefundReport::NotFound,
        Answer::Refused(_)
        | Answer::RefusedUnsigned(_)
        | Answer::UnderWay
        | Answer::Empty
        | Answer::Nothing => RefundReport::NoAnswer,
    }
}

fn refund_standing(content: &Content<'_>, order: &Order, refund: &RefundOrder) -> RefundReport {
    let no = refund.no;
    let named = content.says("out_refund_no", &no.to_string())
        && content.says("out_trade_no", &order.no.to_string())
        && content.does_not_deny("transaction_id", refund.trade_no.as_str());
    let amount = content.object("amount");
    let same = amount.is_some_and(|amount| {
        amount.fen("refund") == Some(refund.amount)
            && amount.does_not_deny("currency", refund.amount.currency().code())
    });
    if !named || !same {
        tracing::error!(refund.no = %no, named, same, "wechat speaks of another refund or amount than {no}");
        return RefundReport::NoAnswer;
    }
    let word = content.text("status").unwrap_or_default();
    status::refund_status(&word).unwrap_or_else(|| {
        unknown_word("status", &word);
        RefundReport::NoAnswer
    })
}

/// A time with its zone, as RFC 3339 writes it.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    let instant: jiff::Timestamp = text.parse().ok()?;
    let millis = u64::try_from(instant.as_millisecond()).ok()?;
    Some(Timestamp::from_millis(millis))
}

pub(super) fn unknown_word(member: &'static str, text: &str) {
    let word = word(text);
    tracing::warn!(
        member,
        word,
        "wechat says {member} {word}, which we do not know"
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
