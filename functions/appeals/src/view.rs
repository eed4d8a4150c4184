//! An appeal as merchants see it. Who of ours ruled is not their business.

use payonce_app::App;
use payonce_domain::Appeal;
use payonce_domain::Source;
use payonce_domain::appeal::bill::{BillFacts, BillFinding};
use payonce_domain::appeal::findings::{AttemptFacts, RefundFacts};
use payonce_domain::appeal::{
    Dismissal, Findings, OrderFacts, Outcome, Party, Proposal, Return, Ruling, Statement,
};
use payonce_lambda::clock::rfc3339;
use payonce_lambda::http::view::{amount, channel_order_state, payment_state};
use payonce_store::AppealPage;
use serde_json::{Value, json};

/// The appeal as the HTTP contract has it.
pub(crate) async fn appeal(app: &App, appeal: &Appeal) -> Value {
    let request = &appeal.request;
    let orders = request.orders.iter().map(ToString::to_string);
    json!({
        "appeal_no": appeal.no().to_string(),
        "merchant_appeal_no": request.id.as_str(),
        "state": appeal.state.name(),
        "opened_by": request.opened_by.name(),
        "claim": request.claim.name(),
        "text": request.text,
        "payment_nos": orders.collect::<Vec<_>>(),
        "opened_at": rfc3339(appeal.opened_at),
        "answer_by": rfc3339(appeal.answer_by),
        "rule_by": rfc3339(appeal.rule_by),
        "findings": appeal.findings.as_ref().map(findings),
        "proposal": appeal.proposal().map(proposal),
        "statements": appeal.statements.iter().map(statement).collect::<Vec<_>>(),
        "ruling": appeal.ruling.as_ref().map(ruling),
        "refunds": appeal.returns.iter().map(returned).collect::<Vec<_>>(),
        "ended_at": appeal.ended_at.map(rfc3339),
        "version": appeal.version.0,
        "buyer_url": app.appeal_url(appeal, Party::Buyer).await,
        "supplier_url": app.appeal_url(appeal, Party::Supplier).await,
    })
}

/// A page of them.
pub(crate) async fn page(app: &App, page: &AppealPage) -> Value {
    let shown = page.appeals.iter().map(|one| appeal(app, one));
    let shown = futures::future::join_all(shown).await;
    json!({
        "appeals": shown,
        "next_cursor": page.next.as_ref().map(|place| place.as_str()),
    })
}

fn findings(findings: &Findings) -> Value {
    json!({
        "orders": findings.orders.iter().map(order).collect::<Vec<_>>(),
        "same_goods": findings.same_goods,
        "same_buyer": findings.same_buyer.name(),
        "seconds_apart": findings.apart.as_seconds_rounded_up(),
    })
}

fn order(order: &OrderFacts) -> Value {
    json!({
        "payment_no": order.payment_no.to_string(),
        "merchant_order_no": order.merchant_order_no.as_str(),
        "subject": order.subject,
        "amount": amount(order.amount),
        "state": payment_state(order.state),
        "created_at": rfc3339(order.created_at),
        "captured": amount(order.captured),
        "refundable": amount(order.refundable),
        "paid_at": order.paid_at.map(rfc3339),
        "paid_known_at": order.paid_known_at.map(rfc3339),
        "vouched_by": order.vouched_by.map(source),
        "given_up_at": order.given_up_at.map(rfc3339),
        "replaced_by": order.successor.map(|no| no.to_string()),
        "channel_orders": order.attempts.iter().map(attempt).collect::<Vec<_>>(),
        "refunds": order.refunds.iter().map(refund).collect::<Vec<_>>(),
    })
}

fn attempt(attempt: &AttemptFacts) -> Value {
    json!({
        "channel_order_no": attempt.no.to_string(),
        "channel": attempt.no.channel().name(),
        "state": channel_order_state(attempt.state),
        "channel_says": attempt.said.name(),
        "bill": attempt.bill.as_ref().map(bill),
    })
}

fn bill(bill: &BillFacts) -> Value {
    json!({
        "says": bill.word().name(),
        "date": bill.day.to_string(),
        "discrepancies": bill.found.iter().map(discrepancy).collect::<Vec<_>>(),
    })
}

fn discrepancy(found: &BillFinding) -> Value {
    json!({
        "class": found.class.name(),
        "date": found.day.to_string(),
        "bill_amount": found.theirs.map(amount),
        "our_amount": found.ours.map(amount),
        "state": found.end.name(),
    })
}

fn refund(refund: &RefundFacts) -> Value {
    json!({
        "refund_no": refund.no.to_string(),
        "cause": refund.cause.name(),
        "amount": amount(refund.amount),
        "state": refund.state.name(),
    })
}

const fn source(source: Source) -> &'static str {
    match source {
        Source::Hint => "hint",
        Source::Notification => "notification",
        Source::Query => "query",
        Source::Bill => "bill",
    }
}

fn proposal(proposal: Proposal) -> Value {
    let (returned, proof) = match proposal {
        Proposal::Refund {
            payment_no,
            amount: of,
            kept,
        } => {
            let returned = json!({ "payment_no": payment_no.to_string(), "amount": amount(of) });
            (Some(returned), Some(kept.to_string()))
        }
        Proposal::Dismiss(Dismissal::AlreadyReturned(no)) => (None, Some(no.to_string())),
        Proposal::Dismiss(Dismissal::PaidOnce(no)) => (None, Some(no.to_string())),
        Proposal::Dismiss(Dismissal::NeverPaid) | Proposal::Wait | Proposal::Person(_) => {
            (None, None)
        }
    };
    json!({
        "outcome": proposal.name(),
        "reason": proposal.reason(),
        "refund": returned,
        "proof": proof,
    })
}

fn statement(statement: &Statement) -> Value {
    json!({
        "statement_no": statement.id.as_str(),
        "by": statement.by.name(),
        "position": statement.position.name(),
        "text": statement.text,
        "at": rfc3339(statement.at),
    })
}

fn ruling(ruling: &Ruling) -> Value {
    json!({
        "outcome": match ruling.outcome {
            Outcome::Refund(_) => "refund",
            Outcome::Dismiss => "dismiss",
        },
        "reason": ruling.reason,
        "ruled_at": rfc3339(ruling.at),
        "approved_at": ruling.approved.as_ref().map(|(_, at)| rfc3339(*at)),
    })
}

fn returned(one: &Return) -> Value {
    json!({
        "payment_no": one.payment_no.to_string(),
        "refund_no": one.refund_no.to_string(),
        "amount": amount(one.amount),
    })
}
