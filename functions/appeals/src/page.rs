//! What the pages of buyer and supplier show: the orders, the channels' words, who said what, how it
//! ends. No address, no account, nobody's name.

use askama::Template;
use payonce_app::appeals::LinkedAppeal;
use payonce_domain::appeal::{OrderFacts, Position, Statement};
use payonce_domain::{Appeal, AppealState, Money, Payment, Timestamp};
use payonce_lambda::clock::rfc3339;
use payonce_lambda::http::foreign::visible;
use payonce_lambda::http::language::Language;

use crate::answer;
use crate::words::Words;

/// What every page has.
struct Frame {
    language: Language,
    w: &'static Words,
    style: String,
    home: String,
    /// Whether something is about to change by itself: the page is then read again after a while.
    polls: bool,
}

impl Frame {
    fn new(language: Language, home: String) -> Self {
        Self {
            language,
            w: Words::of(language),
            style: answer::style(),
            home,
            polls: false,
        }
    }
}

/// There is no such page.
#[derive(Template)]
#[template(path = "missing.html")]
pub(crate) struct Missing {
    f: Frame,
    text: &'static str,
}

impl Missing {
    pub(crate) fn new(language: Language, text: &'static str) -> Self {
        Self {
            f: Frame::new(language, String::new()),
            text,
        }
    }
}

/// The page where a buyer opens an appeal.
#[derive(Template)]
#[template(path = "open.html")]
pub(crate) struct Opening {
    f: Frame,
    order_no: String,
    subject: String,
    amount: String,
    unknown_order: bool,
}

pub(crate) fn opening(
    language: Language,
    token: &str,
    payment: &Payment,
    unknown_order: bool,
) -> Opening {
    Opening {
        f: Frame::new(language, format!("/appeals/new/{token}")),
        order_no: payment.terms.merchant_order_no.to_string(),
        subject: visible(&payment.terms.subject),
        amount: yuan(payment.terms.amount),
        unknown_order,
    }
}

/// The page where a party sees an appeal and answers.
#[derive(Template)]
#[template(path = "appeal.html")]
pub(crate) struct Page {
    f: Frame,
    no: String,
    state: &'static str,
    state_name: &'static str,
    state_text: &'static str,
    opened_at: String,
    answer_by: String,
    suggestion: Option<&'static str>,
    orders: Vec<Order>,
    text: Option<String>,
    statements: Vec<Said>,
    returned: Vec<Back>,
    hears: bool,
    can_withdraw: bool,
}

struct Order {
    no: String,
    subject: String,
    amount: String,
    created_at: String,
    paid_at: Option<String>,
    /// The channel, what it says, and what its bill says.
    channels: Vec<(&'static str, &'static str, Option<&'static str>)>,
}

struct Said {
    by: &'static str,
    position: &'static str,
    text: String,
    at: String,
}

struct Back {
    order: String,
    amount: String,
    refund_no: String,
}

pub(crate) fn appeal(
    language: Language,
    token: &str,
    linked: &LinkedAppeal,
    now: Timestamp,
) -> Page {
    let appeal = linked.stored.appeal();
    let w = Words::of(language);
    let findings = appeal.findings.as_ref();
    let orders = findings.map(|found| found.orders.iter().map(|one| order(w, one)).collect());
    let early = matches!(
        appeal.state,
        AppealState::Gathering | AppealState::Hearing | AppealState::Ripe
    );
    Page {
        no: appeal.no().to_string(),
        state: w.state(appeal.state),
        state_name: appeal.state.name(),
        state_text: w.state_text(appeal.state),
        opened_at: shown(appeal.opened_at),
        answer_by: shown(appeal.answer_by),
        suggestion: suggestion(w, appeal),
        orders: orders.unwrap_or_default(),
        text: appeal.request.text.as_deref().map(visible),
        statements: appeal.statements.iter().map(|one| said(w, one)).collect(),
        returned: returned(appeal),
        hears: appeal.hears(now),
        can_withdraw: early && appeal.request.opened_by == linked.party,
        f: Frame {
            polls: matches!(
                appeal.state,
                AppealState::Gathering | AppealState::Returning
            ),
            ..Frame::new(language, format!("/appeals/{token}"))
        },
    }
}

/// Shown only until it is ruled: then the ruling counts.
fn suggestion(w: &'static Words, appeal: &Appeal) -> Option<&'static str> {
    let open = !appeal.state.is_over();
    appeal
        .proposal()
        .filter(|_| open)
        .map(|proposal| w.proposal(&proposal))
}

fn order(w: &'static Words, order: &OrderFacts) -> Order {
    let attempts = order.attempts.iter();
    Order {
        no: order.merchant_order_no.to_string(),
        subject: visible(&order.subject),
        amount: yuan(order.amount),
        created_at: shown(order.created_at),
        paid_at: order.paid_at.map(shown),
        channels: attempts
            .map(|one| {
                let bill = one.bill.as_ref().map(|bill| w.bill_word(bill.word()));
                (w.channel(one.no.channel()), w.channel_word(one.said), bill)
            })
            .collect(),
    }
}

fn said(w: &'static Words, statement: &Statement) -> Said {
    Said {
        by: w.party(statement.by),
        position: match statement.position {
            Position::Supports => w.supports,
            Position::Opposes => w.opposes,
            Position::Neutral => w.neutral,
        },
        text: visible(&statement.text),
        at: shown(statement.at),
    }
}

fn returned(appeal: &Appeal) -> Vec<Back> {
    let orders = appeal.findings.as_ref();
    let name = |no| {
        let order = orders.and_then(|found| found.order(no));
        order.map_or_else(|| no.to_string(), |one| one.merchant_order_no.to_string())
    };
    let returns = appeal.returns.iter();
    returns
        .map(|one| Back {
            order: name(one.payment_no),
            amount: yuan(one.amount),
            refund_no: one.refund_no.to_string(),
        })
        .collect()
}

/// An amount in yuan, as people write it.
fn yuan(amount: Money) -> String {
    format!("¥{}.{:02}", amount.minor() / 100, amount.minor() % 100)
}

/// A time as people in China read it: UTC+8, to the second.
fn shown(at: Timestamp) -> String {
    let local = at.plus(payonce_domain::Span::hours(8));
    let text = rfc3339(local.floor_to_second());
    let text = text.trim_end_matches('Z').replace('T', " ");
    text.chars().take(19).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_and_times_read_as_people_write_them() {
        assert_eq!(yuan(Money::from_fen(1_905)), "¥19.05");
        let at = Timestamp::from_millis(1_795_183_200_000);
        assert_eq!(shown(at), "2026-11-20 22:00:00");
    }

    /// S10: whatever a merchant calls the goods, it is text.
    #[test]
    fn hostile_words_are_text() {
        let hostile = "<script>alert(1)</script>";
        let page = Opening {
            f: Frame::new(Language::English, "/appeals/new/t".to_owned()),
            order_no: "\"><img src=x>".to_owned(),
            subject: hostile.to_owned(),
            amount: yuan(Money::from_fen(1)),
            unknown_order: true,
        };
        let text = page.render().unwrap();
        assert!(
            !text.contains("<script") && !text.contains("<img"),
            "{text}"
        );
    }
}
