//! Answers that are lost, late, spoilt or garbage, at every call: each says nothing, and the call can be made again.

use anyhow::{Context, ensure};
use end_to_end::{Fault, Way, same};
use futures::future::try_join_all;
use payonce_channels::{CloseAnswer, CreateTold, Order, RefundOrder};
use payonce_domain::schedule::{Creation, Policy, policy};
use payonce_domain::{RefundReport, Report, ReversalReport};

use crate::stage::{Account, Stage, now};

/// What can become of an answer. The first is silent for longer than we listen, so it is tried once a call.
const KINDS: [&str; 8] = [
    "timeout_after",
    "http_500",
    "system_error",
    "drop",
    "reset",
    "garbage",
    "bad_signature",
    "forge",
];

/// The calls, as faults name them.
const CALLS: [&str; 6] = [
    "create",
    "query",
    "close",
    "reverse",
    "refund",
    "refund_query",
];

pub(crate) async fn a_lost_answer_says_nothing(
    stage: &Stage,
    account: &Account,
    way: Way,
) -> anyhow::Result<()> {
    let policy = policy(way.channel, way.method);
    let calls = CALLS.into_iter().filter(|call| is_made(call, &policy));
    let tried = calls.flat_map(|call| {
        KINDS.map(|kind| async move {
            let tried = try_one(stage, account, way, call, kind).await;
            tried.with_context(|| format!("{kind} at {call}"))
        })
    });
    try_join_all(tried).await?;
    Ok(())
}

fn is_made(call: &str, policy: &Policy) -> bool {
    match call {
        "create" => policy.creation != Creation::ByBrowser,
        "close" => policy.closes,
        "reverse" => policy.reverses,
        _ => true,
    }
}

async fn try_one(
    stage: &Stage,
    account: &Account,
    way: Way,
    call: &str,
    kind: &str,
) -> anyhow::Result<()> {
    if call == "create" {
        let order = stage.order(account, way)?;
        let fault = Fault::once(call, kind);
        stage.simulator.fault(&order.no.to_string(), fault).await?;
        let told = stage.client(account).create(&order, now()).await.said;
        return same("the create", told, CreateTold::NoAnswer);
    }
    let is_unpaid = matches!(call, "close" | "reverse");
    let (order, refund) = if is_unpaid {
        (stage.opened(account, way.asking()).await?, None)
    } else {
        let (order, trade_no) = stage.paid(account, way).await?;
        let refund = stage.refund(account, &order, trade_no, 700)?;
        if call == "refund_query" {
            stage.client(account).refund(&order, &refund, now()).await;
        }
        (order, Some(refund))
    };
    let fault = Fault::once(call, kind);
    stage.simulator.fault(&order.no.to_string(), fault).await?;
    let said = ask(stage, account, call, &order, refund.as_ref()).await?;
    ensure!(said.is_silent, "it was read as {}", said.shown);
    if call == "query" {
        let again = ask(stage, account, call, &order, refund.as_ref()).await?;
        ensure!(!again.is_silent, "the next answer: {}", again.shown);
    }
    Ok(())
}

/// What was made of an answer.
struct Said {
    /// It decides nothing: somebody has to ask.
    is_silent: bool,
    shown: String,
}

async fn ask(
    stage: &Stage,
    account: &Account,
    call: &str,
    order: &Order,
    refund: Option<&RefundOrder>,
) -> anyhow::Result<Said> {
    let client = stage.client(account);
    let of = |is_silent: bool, shown: String| Said { is_silent, shown };
    let no_refund = || anyhow::anyhow!("{call} needs a refund");
    Ok(match call {
        "query" => {
            let told = client.query(order, now()).await.said;
            of(told == Report::NoAnswer, format!("{told:?}"))
        }
        "close" => {
            let told = client.close(order, now()).await.said;
            of(told == CloseAnswer::NoAnswer, format!("{told:?}"))
        }
        "reverse" => {
            let told = client.reverse(order, now()).await.said;
            of(told == ReversalReport::Again, format!("{told:?}"))
        }
        "refund" => {
            let refund = refund.ok_or_else(no_refund)?;
            let told = client.refund(order, refund, now()).await.said;
            // UnionPay's "accepted, ask later" is one of its ways not to know.
            let is_open = [RefundReport::NoAnswer, RefundReport::Accepted].contains(&told);
            of(is_open, format!("{told:?}"))
        }
        _ => {
            let refund = refund.ok_or_else(no_refund)?;
            let told = client.query_refund(order, refund, now()).await.said;
            let is_open = [RefundReport::NoAnswer, RefundReport::Accepted].contains(&told);
            of(is_open, format!("{told:?}"))
        }
    })
}
