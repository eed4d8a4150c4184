//! Expectations that say what they saw.

use std::fmt::Debug;

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::http::Answer;
use crate::way::Way;

/// Two things are the same.
///
/// # Errors
/// If they are not; the error shows both.
pub fn same<L: PartialEq<R> + Debug, R: Debug>(
    what: &str,
    left: L,
    right: R,
) -> anyhow::Result<()> {
    ensure!(left == right, "{what}: {left:?} is not {right:?}");
    Ok(())
}

/// The text at a JSON pointer.
///
/// # Errors
/// If there is none.
pub fn text<'a>(value: &'a Value, pointer: &str) -> anyhow::Result<&'a str> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.with_context(|| format!("no text at {pointer} of {value}"))
}

/// The answer is a problem document of this status and slug.
///
/// # Errors
/// If it is not.
pub fn is_problem(answer: &Answer, status: u16, slug: &str) -> anyhow::Result<()> {
    let kind = answer.json["type"].as_str().unwrap_or_default();
    ensure!(
        answer.status == status && kind.ends_with(slug),
        "{status} {slug} was expected: {}",
        answer.shown()
    );
    same(
        "its content type",
        answer.header("content-type"),
        "application/problem+json",
    )?;
    same(
        "its status field",
        answer.json["status"].as_u64(),
        Some(u64::from(status)),
    )?;
    let complete =
        answer.json["safe_to_retry"].is_boolean() && answer.json["next_actions"].is_array();
    ensure!(
        complete,
        "a problem says what to do next: {}",
        answer.shown()
    );
    Ok(())
}

/// The answer has one of these statuses.
///
/// # Errors
/// If it has another.
pub fn is_one_of(answer: &Answer, statuses: &[u16]) -> anyhow::Result<()> {
    ensure!(
        statuses.contains(&answer.status),
        "one of {statuses:?} was expected: {}",
        answer.shown()
    );
    Ok(())
}

/// The newest channel order of a payment by this way.
///
/// # Errors
/// If it has none.
pub fn attempt(payment: &Value, way: Way) -> anyhow::Result<&Value> {
    let orders = payment["channel_orders"].as_array();
    let found = orders.and_then(|all| all.iter().rfind(|order| way.is_of(order)));
    found.with_context(|| format!("no order by {way:?} in {payment}"))
}

/// The refunds of a payment with this cause.
#[must_use]
pub fn refunds<'a>(payment: &'a Value, cause: &str) -> Vec<&'a Value> {
    let refunds = payment["refunds"].as_array().into_iter().flatten();
    refunds.filter(|refund| refund["cause"] == cause).collect()
}
