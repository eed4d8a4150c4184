//! What bills say, and the errors that a test wants in them.

use axum::{
    Json,
    body::Bytes,
    extract::{Query, State},
    http::StatusCode,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Outcome, Shared,
    refusal::{Refusal, channel_named, only_fields, read_json, required_text, text},
    write,
};
use crate::{
    bills::{self, BillLine, Discrepancy, DiscrepancyKind},
    clock::Day,
};

/// Whose bill of which day.
#[derive(Deserialize)]
pub(super) struct Which {
    channel: String,
    account: String,
    bill_date: String,
}

/// The lines that the channel's file would have, whether it is ready or not.
pub(super) async fn lines(State(simulator): Shared, Query(which): Query<Which>) -> Outcome {
    let channel = channel_named(&which.channel)?;
    let day = day(&which.bill_date)?;
    let lines = simulator.look(|world| bills::lines(world, channel, &which.account, day));
    let shown: Vec<_> = lines.iter().map(BillLine::to_json).collect();
    Ok(Json(json!(shown)))
}

/// `{"channel", "account", "bill_date", "kind", "channel_order_no", "refund_no"}`; the last two may be
/// left out.
pub(super) async fn add(State(simulator): Shared, body: Bytes) -> Outcome {
    let body = read_json(&body)?;
    only_fields(
        &body,
        &[
            "channel",
            "account",
            "bill_date",
            "kind",
            "channel_order_no",
            "refund_no",
        ],
    )?;
    let kind = required_text(&body, "kind")?;
    let channel_order_no = text(&body, "channel_order_no")?;
    let discrepancy = Discrepancy {
        channel: channel_named(&required_text(&body, "channel")?)?,
        account: required_text(&body, "account")?,
        day: day(&required_text(&body, "bill_date")?)?,
        kind: DiscrepancyKind::deserialize(json!(kind))
            .map_err(|error| Refusal::bad_field("kind", error.to_string()))?,
        channel_order_no: channel_order_no.clone(),
        refund_no: text(&body, "refund_no")?,
    };
    simulator.look(|world| world.discrepancies.add(discrepancy));
    write(&simulator, "bill", channel_order_no, "added", body.clone());
    Ok(Json(body))
}

pub(super) async fn clear(State(simulator): Shared) -> StatusCode {
    simulator.look(|world| world.discrepancies.clear());
    write(&simulator, "bill", None, "cleared", Value::Null);
    StatusCode::NO_CONTENT
}

fn day(text: &str) -> Result<Day, Refusal> {
    Day::read(text).ok_or_else(|| Refusal::bad_field("bill_date", "must be written YYYY-MM-DD"))
}
