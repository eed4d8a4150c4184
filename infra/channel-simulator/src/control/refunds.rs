//! What a test wants to become of refunds: `POST /_ctl/refunds`.

use axum::{Json, body::Bytes, extract::State, http::StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Outcome, Shared,
    refusal::{Refusal, channel_named, only_fields, read_json, required_text, text, whole_number},
    write,
};
use crate::{
    books::RefundState,
    refund_script::{RefundScript, RefundScriptOutcome},
    simulator::World,
};

/// Thirty days are more than any channel takes to settle a refund.
const AFTER_SECONDS_MAX: i64 = 30 * 86_400;

/// `{"channel", "refund_no" and/or "channel_order_no", "outcome", "after_seconds"}`. A refund that
/// is there already is rewritten; otherwise the outcome waits for the next one that fits.
pub(super) async fn script(State(simulator): Shared, body: Bytes) -> Outcome {
    let body = read_json(&body)?;
    let script = read(&body)?;
    let said = simulator.change(|world| apply(world, script))?;
    write(
        &simulator,
        "refund",
        text(&body, "channel_order_no")?,
        said,
        body,
    );
    Ok(Json(json!({ "outcome": said })))
}

pub(super) async fn clear(State(simulator): Shared) -> StatusCode {
    simulator.look(|world| world.books.refund_scripts.clear());
    write(&simulator, "refund", None, "cleared", Value::Null);
    StatusCode::NO_CONTENT
}

fn read(body: &Value) -> Result<RefundScript, Refusal> {
    only_fields(
        body,
        &[
            "channel",
            "refund_no",
            "channel_order_no",
            "outcome",
            "after_seconds",
        ],
    )?;
    let refund_no = text(body, "refund_no")?;
    let channel_order_no = text(body, "channel_order_no")?;
    if refund_no.is_none() && channel_order_no.is_none() {
        return Err(Refusal::bad_field(
            "refund_no",
            "name the refund, the order or both",
        ));
    }
    let outcome = required_text(body, "outcome")?;
    let outcome = RefundScriptOutcome::deserialize(json!(outcome))
        .map_err(|error| Refusal::bad_field("outcome", error.to_string()))?;
    let after_seconds = match body.get("after_seconds") {
        None | Some(Value::Null) => None,
        Some(value) => Some(whole_number(value, "after_seconds", 0, AFTER_SECONDS_MAX)?),
    };
    Ok(RefundScript {
        channel: channel_named(&required_text(body, "channel")?)?,
        channel_order_no,
        refund_no,
        outcome,
        after_seconds,
    })
}

fn apply(world: &mut World, script: RefundScript) -> Result<&'static str, Refusal> {
    let now = world.now();
    let found = world.books.find_where(now, |order| {
        let is_order = script.channel_order_no.as_ref();
        order.channel == script.channel
            && is_order.is_none_or(|number| *number == order.channel_order_no)
            && script.refund_of(order).is_some()
    });
    let Some(order) = found else {
        world.books.refund_scripts.add(script);
        return Ok("waiting");
    };
    let Some(refund_no) = script.refund_of(order) else {
        world.books.refund_scripts.add(script);
        return Ok("waiting");
    };
    let Some(ending) = script.outcome.ending() else {
        return Err(Refusal::new(
            StatusCode::CONFLICT,
            "already_accepted",
            format!("the refund {refund_no} was accepted already: its balance was enough"),
        ));
    };
    let at = now.plus_seconds(script.after_seconds.unwrap_or(0));
    // A refund that is still under way ends when it would have, unless a time is named.
    let settles_at = order.refund_numbered(&refund_no).map_or(at, |refund| {
        match (refund.state, script.after_seconds) {
            (RefundState::Processing, None) => refund.settles_at,
            (
                RefundState::Processing
                | RefundState::Succeeded
                | RefundState::Failed
                | RefundState::Abnormal,
                _,
            ) => at,
        }
    });
    order.rewrite_refund(&refund_no, ending, settles_at);
    Ok("rewritten")
}
