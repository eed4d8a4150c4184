//! The cashier's page, written from the payment as it stands.

use askama::Template;
use jiff::tz::Offset;
use payonce_app::{App, Failure, OfferedChannel};
use payonce_channels::unionpay::{BANKS, Bank};
use payonce_domain::schedule::LEAST_TIME_LEFT;
use payonce_domain::{Channel, ChannelOrderState, Mode, Money, PaymentState, Timestamp};
use payonce_lambda::http::foreign::{Link, visible};
use payonce_lambda::http::language::Language;

use crate::asset::{SCRIPT, STYLE};
use crate::look::Look;
use crate::notice::Notice;
use crate::stage::{Stage, is_offered};
use crate::visit::Visit;
use crate::words::Words;

/// What frames every page.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) w: &'static Words,
    pub(crate) language: Language,
    pub(crate) style: &'static str,
    pub(crate) script: &'static str,
    /// The path of the cashier; empty where there is none.
    pub(crate) home: String,
    pub(crate) stage: &'static str,
    pub(crate) polls: bool,
    /// Whether the browser is to go on to the merchant by itself once it is paid.
    pub(crate) goes_on: bool,
    pub(crate) now_ms: u64,
}

impl Frame {
    pub(crate) fn new(visit: &Visit, stage: Stage, goes_on: bool) -> Self {
        Self {
            home: visit.home(),
            stage: stage.name(),
            polls: stage.moves_by_itself(),
            goes_on,
            now_ms: visit.now.as_millis(),
            ..Self::bare(visit.look)
        }
    }

    fn bare(look: Look) -> Self {
        Self {
            w: Words::of(look.language),
            language: look.language,
            style: &STYLE.file,
            script: &SCRIPT.file,
            home: String::new(),
            stage: "",
            polls: false,
            goes_on: false,
            now_ms: 0,
        }
    }
}

/// What is paid, to whom and until when.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) amount: String,
    pub(crate) merchant: String,
    pub(crate) subject: String,
    pub(crate) order_no: String,
    pub(crate) payment_no: String,
    pub(crate) deadline: String,
    pub(crate) deadline_ms: u64,
    /// Until when an attempt can be begun.
    pub(crate) begin_by_ms: u64,
    /// Whether the time still runs.
    pub(crate) counts: bool,
}

impl Facts {
    pub(crate) fn of(visit: &Visit) -> Self {
        let payment = &visit.at.payment;
        let terms = &payment.terms;
        let merchant = &visit.at.merchant;
        let name = merchant.name.clone();
        Self {
            amount: yuan(terms.amount),
            merchant: visible(&name.unwrap_or_else(|| merchant.id.to_string())),
            subject: visible(&terms.subject),
            order_no: terms.merchant_order_no.to_string(),
            payment_no: payment.payment_no().to_string(),
            deadline: beijing(terms.expires_at),
            deadline_ms: terms.expires_at.as_millis(),
            begin_by_ms: terms.expires_at.minus(LEAST_TIME_LEFT).as_millis(),
            counts: visit.stage().is_payable() && visit.now < terms.expires_at,
        }
    }
}

/// What the browser asked for beside the page.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Asked {
    pub(crate) notice: Option<Notice>,
    /// Whether another way is wanted although an attempt stands.
    pub(crate) chooses: bool,
    /// Whether the buyer comes from a channel, and is to be led on.
    pub(crate) goes_on: bool,
    pub(crate) used_last: Option<Channel>,
    pub(crate) ordered_anew: bool,
}

/// A channel to choose.
#[derive(Debug)]
struct Choice {
    name: &'static str,
    word: &'static str,
    used_last: bool,
    in_trouble: bool,
    checked: bool,
    /// The banks to choose from; none where the channel knows of none.
    banks: Vec<(&'static str, &'static str)>,
}

/// What choosing a channel does with attempts that stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Earlier {
    /// There is none.
    None,
    /// They are closed first.
    Closed,
    /// They stand beside the new one.
    Beside,
}

/// An attempt that was begun.
#[derive(Debug)]
struct Begun {
    channel: &'static str,
    word: &'static str,
    /// The page with what it is paid with; empty where the channel has not answered yet.
    link: String,
}

/// Money that went back, or is about to.
#[derive(Debug)]
struct Returns {
    due: Option<String>,
    done: Option<String>,
}

#[derive(Debug, Template)]
#[template(path = "page.html")]
pub(crate) struct Page {
    f: Frame,
    facts: Facts,
    stage: Stage,
    notice: Option<&'static str>,
    choosing: bool,
    choices: Vec<Choice>,
    earlier: Earlier,
    begun: Vec<Begun>,
    paid_through: &'static str,
    returns: Returns,
    /// Where the buyer goes on to at the merchant.
    merchant_link: Option<Link>,
    ordered_anew: bool,
}

#[cfg(test)]
impl Page {
    /// The page of a payment that nothing was begun for.
    pub(crate) fn open(
        visit: &Visit,
        offered: &[OfferedChannel],
        used_last: Option<Channel>,
    ) -> Self {
        Self {
            f: Frame::new(visit, Stage::Open, false),
            facts: Facts::of(visit),
            stage: Stage::Open,
            notice: None,
            choosing: true,
            choices: choices(visit, offered, used_last),
            earlier: Earlier::None,
            begun: Vec::new(),
            paid_through: "",
            returns: Returns {
                due: None,
                done: None,
            },
            merchant_link: None,
            ordered_anew: false,
        }
    }
}

/// A page that says why there is none.
#[derive(Debug, Template)]
#[template(path = "missing.html")]
pub(crate) struct Missing {
    f: Frame,
    title: &'static str,
    text: &'static str,
}

impl Missing {
    pub(crate) fn new(look: Look, title: &'static str, text: &'static str) -> Self {
        let f = Frame::bare(look);
        Self { f, title, text }
    }
}

/// The page for a payment as it stands.
pub(crate) async fn build(app: &App, visit: &Visit, asked: Asked) -> Result<Page, Failure> {
    let stage = visit.stage();
    let payment = &visit.at.payment;
    let choosing = match stage {
        Stage::Open => true,
        Stage::Begun | Stage::Confirming => asked.chooses,
        Stage::Paid | Stage::Closing | Stage::Closed | Stage::Over => false,
    };
    let offered = if choosing {
        app.offered_channels(&visit.at.merchant, visit.now).await?
    } else {
        Vec::new()
    };
    let ordered_anew_at = asked.ordered_anew.then_some(visit.now);
    let standing = standing(payment.state);
    let link = app.return_link(&visit.at, standing, ordered_anew_at, visit.now);
    let merchant_link = link.await?.and_then(|link| Link::read(&link));
    let words = Words::of(visit.look.language);
    let winner = payment.winner.as_ref().and_then(|no| payment.capture(no));
    let paid_through = winner.map_or("", |won| words.channel(won.channel_order_no.channel()));
    let earlier = match (stage.is_unknown(), payment.terms.mode) {
        (false, _) => Earlier::None,
        (true, Mode::Strict) => Earlier::Closed,
        (true, Mode::Lenient) => Earlier::Beside,
    };
    Ok(Page {
        f: Frame::new(visit, stage, asked.goes_on && stage == Stage::Paid),
        facts: Facts::of(visit),
        stage,
        notice: asked.notice.map(|notice| notice.sentence(words)),
        choosing,
        choices: choices(visit, &offered, asked.used_last),
        earlier,
        begun: begun(visit),
        paid_through,
        returns: returns(visit)?,
        merchant_link,
        ordered_anew: asked.ordered_anew,
    })
}

/// The channels, the one used last before the others and those in trouble behind them.
fn choices(visit: &Visit, offered: &[OfferedChannel], used_last: Option<Channel>) -> Vec<Choice> {
    let language = visit.look.language;
    let mut choices: Vec<_> = offered
        .iter()
        .map(|offer| Choice {
            name: offer.channel.name(),
            word: Words::of(language).channel(offer.channel),
            used_last: used_last == Some(offer.channel),
            in_trouble: offer.in_trouble,
            checked: false,
            banks: match offer.channel {
                Channel::Unionpay => BANKS
                    .iter()
                    .map(|bank| (bank.code, name(bank, language)))
                    .collect(),
                Channel::Alipay | Channel::Wechat => Vec::new(),
            },
        })
        .collect();
    choices.sort_by_key(|choice| (choice.in_trouble, !choice.used_last));
    if let Some(first) = choices.first_mut().filter(|first| !first.in_trouble) {
        first.checked = true;
    }
    choices
}

const fn name(bank: &Bank, language: Language) -> &'static str {
    match language {
        Language::Chinese => bank.chinese,
        Language::English => bank.english,
    }
}

fn begun(visit: &Visit) -> Vec<Begun> {
    let orders = visit.at.payment.channel_orders.iter();
    orders
        .filter(|order| is_offered(order))
        .map(|order| Begun {
            channel: order.channel().name(),
            word: Words::of(visit.look.language).channel(order.channel()),
            link: if order.state == ChannelOrderState::Pending {
                format!("{}/channel-orders/{}", visit.home(), order.no)
            } else {
                String::new()
            },
        })
        .collect()
}

fn returns(visit: &Visit) -> Result<Returns, Failure> {
    let money = visit.at.payment.money();
    let money = money.map_err(|error| Failure::Unavailable(error.into()))?;
    let shown = |amount: Money| (!amount.is_zero()).then(|| yuan(amount));
    Ok(Returns {
        due: shown(money.refund_due),
        done: shown(money.refunded),
    })
}

/// The word the merchant's page is told: that of the payment in the HTTP contract.
const fn standing(state: PaymentState) -> &'static str {
    match state {
        PaymentState::Created => "created",
        PaymentState::Paying => "paying",
        PaymentState::Paid => "paid",
        PaymentState::Closing => "closing",
        PaymentState::Closed => "closed",
    }
}

/// Fen as yuan, with a comma between thousands: `¥1,999.05`.
fn yuan(amount: Money) -> String {
    let (whole, fen) = (amount.minor() / 100, amount.minor() % 100);
    let digits = whole.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("¥{grouped}.{fen:02}")
}

/// A time as the buyers' clocks show it.
fn beijing(at: Timestamp) -> String {
    let millis = i64::try_from(at.as_millis()).unwrap_or(i64::MAX);
    let at = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX);
    let at = Offset::constant(8).to_datetime(at);
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_people_write_them() {
        for (fen, expected) in [
            (1, "¥0.01"),
            (1_999, "¥19.99"),
            (100_000, "¥1,000.00"),
            (12_345_678_905, "¥123,456,789.05"),
        ] {
            assert_eq!(yuan(Money::from_fen(fen)), expected);
        }
    }

    #[test]
    fn times_are_those_of_beijing() {
        let at = Timestamp::from_millis(1_795_183_200_000);
        assert_eq!(beijing(at), "2026-11-20 22:00:00");
    }
}
