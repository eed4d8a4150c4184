//! An appeal as operators read it.

use payonce_app::console::{Console, Role};
use payonce_domain::appeal::findings::AttemptFacts;
use payonce_domain::appeal::{
    AppealCommand, AppealFact, AppealInput, Findings, OrderFacts, Outcome, Party, Ruling,
};
use payonce_domain::{Appeal, AppealState};
use payonce_lambda::http::foreign::visible;
use payonce_store::StoredAppeal;

use super::words::Words;
use crate::show;
use crate::visit::Visit;

pub(super) struct Shown {
    pub(super) no: String,
    pub(super) merchant: String,
    pub(super) version: u64,
    pub(super) state: &'static str,
    pub(super) state_name: &'static str,
    pub(super) opened_at: String,
    pub(super) opened_by: &'static str,
    pub(super) answer_by: String,
    pub(super) rule_by: String,
    pub(super) text: Option<String>,
    pub(super) proposal: Option<String>,
    pub(super) facts: Option<String>,
    pub(super) orders: Vec<Order>,
    pub(super) statements: Vec<(&'static str, &'static str, String, String)>,
    pub(super) ruling: Option<String>,
    pub(super) ruled_by: String,
    pub(super) returns: Vec<(String, String, String)>,
    /// The facts prove it, and whoever looks may say so.
    pub(super) may_rule: bool,
    /// Whoever looks may rule otherwise, with a reason.
    pub(super) may_rule_otherwise: bool,
    pub(super) may_approve: bool,
    pub(super) may_decline: bool,
    /// It is ruled by whoever looks.
    pub(super) own: bool,
}

pub(super) struct Order {
    pub(super) payment_no: String,
    pub(super) merchant_order_no: String,
    pub(super) subject: String,
    pub(super) amount: String,
    pub(super) refundable: String,
    pub(super) created_at: String,
    pub(super) paid_at: Option<String>,
    pub(super) paid_known_at: Option<String>,
    pub(super) given_up_at: Option<String>,
    pub(super) vouched_by: &'static str,
    pub(super) channels: Vec<Attempt>,
    pub(super) refunds: Vec<(String, String, &'static str)>,
}

/// An attempt: what its channel says, and what the bills said.
pub(super) struct Attempt {
    pub(super) channel: &'static str,
    pub(super) said: &'static str,
    /// One word, and the day of the bill.
    pub(super) bill: Option<(&'static str, String)>,
    /// Each difference: what, both amounts, on which day it was found, and what became of it.
    pub(super) found: Vec<(&'static str, String, String, &'static str)>,
}

/// What the buyer did at the cashier of one order.
pub(super) struct Acts {
    pub(super) payment_no: String,
    pub(super) acts: Vec<(String, String, u64)>,
}

impl Shown {
    pub(super) fn of(w: &'static Words, visit: &Visit, appeal: &Appeal) -> Self {
        let role = visit.session.role;
        let ruled_by = appeal.ruling.as_ref().map(|ruling| &ruling.by);
        let own = ruled_by == Some(&visit.session.operator);
        let ruled = appeal.state == AppealState::Ruled;
        let open = matches!(appeal.state, AppealState::Hearing | AppealState::Ripe);
        let proven = appeal.proposal().is_some_and(|one| one.is_proven());
        let statements = appeal.statements.iter().map(|one| {
            let (by, position) = (w.party(one.by), w.position(one.position));
            (by, position, visible(&one.text), show::beijing(one.at))
        });
        Self {
            no: appeal.no().to_string(),
            merchant: appeal.request.merchant_id.to_string(),
            version: appeal.version.0,
            state: w.state(appeal.state),
            state_name: appeal.state.name(),
            opened_at: show::beijing(appeal.opened_at),
            opened_by: w.party(appeal.request.opened_by),
            answer_by: show::beijing(appeal.answer_by),
            rule_by: show::beijing(appeal.rule_by),
            text: appeal.request.text.as_deref().map(visible),
            proposal: appeal.proposal().map(|one| w.proposal(&one)),
            facts: appeal.findings.as_ref().map(|found| facts(w, found)),
            orders: orders(w, appeal),
            statements: statements.collect(),
            ruling: appeal.ruling.as_ref().map(|one| ruling(w, one)),
            ruled_by: ruled_by.map(ToString::to_string).unwrap_or_default(),
            returns: returns(appeal),
            may_rule: open && proven && role >= Role::Operator,
            may_rule_otherwise: appeal.state == AppealState::Ripe && role >= Role::Operator,
            may_approve: ruled && !own && role >= Role::Approver,
            may_decline: ruled && !own && role >= Role::Operator,
            own: ruled && own,
        }
    }
}

/// How the orders stand to each other, in one line.
fn facts(w: &'static Words, found: &Findings) -> String {
    let apart = found.apart.as_seconds_rounded_up();
    let apart = format!(
        "{} {} {:02} {}",
        apart / 60,
        w.minutes,
        apart % 60,
        w.seconds
    );
    let goods = if found.same_goods {
        w.same_goods
    } else {
        w.other_goods
    };
    let [first, .., last] = &found.orders[..] else {
        return w.same_buyer(found.same_buyer).to_owned();
    };
    let given_up = if first.was_given_up_for(last) {
        w.given_up
    } else {
        w.not_given_up
    };
    let buyer = w.same_buyer(found.same_buyer);
    format!("{goods} · {buyer} · {apart} · {given_up}")
}

fn orders(w: &'static Words, appeal: &Appeal) -> Vec<Order> {
    let found = appeal.findings.iter().flat_map(|found| &found.orders);
    found.map(|one| order(w, one)).collect()
}

fn order(w: &'static Words, order: &OrderFacts) -> Order {
    let attempts = order.attempts.iter();
    let refunds = order.refunds.iter();
    Order {
        payment_no: order.payment_no.to_string(),
        merchant_order_no: order.merchant_order_no.to_string(),
        subject: visible(&order.subject),
        amount: show::yuan(order.amount),
        refundable: show::yuan(order.refundable),
        created_at: show::beijing(order.created_at),
        paid_at: order.paid_at.map(show::beijing),
        paid_known_at: order.paid_known_at.map(show::beijing),
        given_up_at: order.given_up_at.map(show::beijing),
        vouched_by: order.vouched_by.map_or("—", |source| w.source(source)),
        channels: attempts.map(|one| attempt(w, one)).collect(),
        refunds: refunds
            .map(|one| (one.no.to_string(), show::yuan(one.amount), one.state.name()))
            .collect(),
    }
}

fn attempt(w: &'static Words, attempt: &AttemptFacts) -> Attempt {
    let bill = attempt.bill.as_ref();
    let found = bill.into_iter().flat_map(|bill| &bill.found);
    Attempt {
        channel: attempt.no.channel().name(),
        said: w.channel_word(attempt.said),
        bill: bill.map(|bill| (w.bill_word(bill.word()), bill.day.to_string())),
        found: found
            .map(|one| {
                let sides = [(w.bill_theirs, one.theirs), (w.bill_ours, one.ours)];
                let sides = sides.map(|(who, amount)| {
                    let amount = amount.map_or_else(|| "—".to_owned(), show::yuan);
                    format!("{who} {amount}")
                });
                let class = w.class(one.class);
                let day = one.day.to_string();
                (class, sides.join(", "), day, w.finding_end(one.end))
            })
            .collect(),
    }
}

fn ruling(w: &'static Words, ruling: &Ruling) -> String {
    let what = match &ruling.outcome {
        Outcome::Dismiss => w.ruled_dismiss.to_owned(),
        Outcome::Refund(returns) => {
            let returns = returns.iter();
            let returns = returns.map(|(no, amount)| format!("{no} {}", show::yuan(*amount)));
            format!(
                "{} {}",
                w.ruled_refund,
                returns.collect::<Vec<_>>().join(", ")
            )
        }
    };
    match &ruling.reason {
        Some(reason) => format!("{what}: {reason}"),
        None => format!("{what}: {}", w.as_proposed),
    }
}

fn returns(appeal: &Appeal) -> Vec<(String, String, String)> {
    let returns = appeal.returns.iter().map(|one| {
        let (no, refund) = (one.payment_no.to_string(), one.refund_no.to_string());
        (no, show::yuan(one.amount), refund)
    });
    returns.collect()
}

/// What the buyer did, beside what was said. Where it cannot be read the page is shown without.
pub(super) async fn acts(
    console: &Console,
    stored: &StoredAppeal,
    words: &crate::words::Words,
) -> Vec<Acts> {
    let mut all = Vec::new();
    for no in &stored.appeal().request.orders {
        let kept = match console.app.store.buyer_acts(no.key()).await {
            Ok(kept) => kept,
            Err(error) => {
                tracing::warn!(payment.no = %no, %error, "a buyer's acts cannot be read");
                continue;
            }
        };
        let acts = kept.iter();
        all.push(Acts {
            payment_no: no.to_string(),
            acts: acts
                .map(|one| {
                    (
                        show::beijing(one.first_at),
                        words.buyer_act(one.act),
                        one.times,
                    )
                })
                .collect(),
        });
    }
    all
}

/// Each step: when, what, and the hash that binds it to all before.
pub(super) fn history(w: &'static Words, stored: &StoredAppeal) -> Vec<(String, String, String)> {
    let steps = stored.history().map(|(entry, hash)| {
        let hash = hash.0.iter().take(6).map(|byte| format!("{byte:02x}"));
        (
            show::beijing(entry.at),
            step(w, &entry.input),
            hash.collect(),
        )
    });
    steps.collect()
}

fn step(w: &'static Words, input: &AppealInput) -> String {
    let by = |party: Party| w.party(party);
    match input {
        AppealInput::Opened(request) => format!("{} · {}", w.step_opened, by(request.opened_by)),
        AppealInput::Command(AppealCommand::State { by: party, .. }) => {
            format!("{} · {}", w.step_stated, by(*party))
        }
        AppealInput::Command(AppealCommand::Withdraw { by: party }) => {
            format!("{} · {}", w.step_withdrawn, by(*party))
        }
        AppealInput::Command(AppealCommand::Rule { by, .. }) => {
            format!("{} · {by}", w.step_ruled)
        }
        AppealInput::Command(AppealCommand::Approve { by, .. }) => {
            format!("{} · {by}", w.step_approved)
        }
        AppealInput::Command(AppealCommand::Decline { by, reason, .. }) => {
            format!("{} · {by}: {reason}", w.step_declined)
        }
        AppealInput::Fact(AppealFact::Gathered(_)) => w.step_gathered.to_owned(),
        AppealInput::Fact(AppealFact::Returned { refund_no, .. }) => {
            format!("{} · {refund_no}", w.step_returned)
        }
        AppealInput::Fact(AppealFact::NotReturned { payment_no }) => {
            format!("{} · {payment_no}", w.step_not_returned)
        }
        AppealInput::Fact(AppealFact::Ticked) => w.step_ticked.to_owned(),
        AppealInput::Fact(AppealFact::Told { .. }) => w.step_told.to_owned(),
    }
}
