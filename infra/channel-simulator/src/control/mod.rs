//! The control API: what a test may see, and what it may make happen.
//!
//! | call | does |
//! |---|---|
//! | `GET /_ctl/keys` | every account with both sides' keys, by channel |
//! | `POST /_ctl/keys/rotate` | `{channel, account}`: the channel's other key signs from now on |
//! | `GET /_ctl/orders`, `GET /_ctl/orders/{channel}/{channel_order_no}` | the channel's truth |
//! | `POST /_ctl/orders/{channel}/{channel_order_no}/pay` | the buyer pays; with `{amount}` as if the channel had erred, with `{late: true}` [too late](crate::unionpay::late) |
//! | `POST`, `DELETE /_ctl/faults` | see [the faults](crate::faults); with `?channel_order_no` only that order's are taken back |
//! | `POST`, `DELETE /_ctl/refunds` | how refunds end, see [the scripts](crate::refund_script) |
//! | `GET /_ctl/bills` | `?channel&account&bill_date`: the lines of a day's file |
//! | `POST`, `DELETE /_ctl/bills/discrepancies` | errors in files, see [the bills](crate::bills) |
//! | `GET /_ctl/journal` | everything that was said and every fen that moved |
//! | `GET`, `POST /_ctl/clock` | the virtual clock, and `{advance_seconds}` |
//!
//! Refusals are JSON: `error` is a word for programs, `detail` a sentence, `field` the member of the
//! body that was wrong, when one was.

mod bills;
mod refunds;
mod refusal;

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, Query, State},
    http::{StatusCode, Uri},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    books::{Channel, Order},
    clock::{ADVANCE_SECONDS_MAX, Moment},
    faults,
    journal::{Kind, Line},
    payment::{self, PayRefusal},
    saved,
    simulator::Simulator,
    unionpay::{self, late::LateRefusal},
};
use refusal::{
    Refusal, channel_named, only_fields, read_json, required_text, unknown, whole_number,
};

type Shared = State<Arc<Simulator>>;
type Outcome = Result<Json<Value>, Refusal>;

pub(crate) fn routes() -> Router<Arc<Simulator>> {
    Router::new()
        .route("/_ctl/keys", get(keys))
        .route("/_ctl/keys/rotate", post(rotate_key))
        .route("/_ctl/orders", get(orders))
        .route("/_ctl/orders/{channel}/{channel_order_no}", get(order))
        .route("/_ctl/orders/{channel}/{channel_order_no}/pay", post(pay))
        .route("/_ctl/faults", post(add_fault).delete(clear_faults))
        .route(
            "/_ctl/refunds",
            post(refunds::script).delete(refunds::clear),
        )
        .route("/_ctl/bills", get(bills::lines))
        .route(
            "/_ctl/bills/discrepancies",
            post(bills::add).delete(bills::clear),
        )
        .route("/_ctl/journal", get(journal))
        .route("/_ctl/clock", get(clock).post(advance))
        .fallback(nothing_here)
}

async fn keys(State(simulator): Shared) -> Json<Value> {
    let (accounts, public_url) = (&simulator.accounts, &simulator.public_url);
    Json(json!({
        "alipay": accounts.alipay.keys(public_url),
        "wechat": accounts.wechat.keys(public_url),
        "unionpay": accounts.unionpay.keys(public_url),
    }))
}

/// `{"channel", "account"}`: the channel signs with its next key from now on.
async fn rotate_key(State(simulator): Shared, body: Bytes) -> Outcome {
    let body = read_json(&body)?;
    only_fields(&body, &["channel", "account"])?;
    let channel = channel_named(&required_text(&body, "channel")?)?;
    let account = required_text(&body, "account")?;
    let is_rotated = match channel {
        Channel::Wechat => simulator.accounts.wechat.rotate_key(&account),
        Channel::Unionpay => simulator.accounts.unionpay.rotate_key(&account),
        Channel::Alipay => simulator.accounts.alipay.rotate_key(&account),
    };
    if !is_rotated {
        return Err(Refusal::bad_field("account", "no such account is played"));
    }
    // Which key signs is saved with the accounts.
    simulator.changed.notify_one();
    write(&simulator, "keys", None, "rotated", body);
    Ok(keys(State(simulator)).await)
}

async fn orders(State(simulator): Shared) -> Json<Value> {
    let orders: Vec<_> = simulator.look(|world| {
        let now = world.now();
        world.books.known(now).map(Order::to_json).collect()
    });
    Json(json!(orders))
}

async fn order(
    State(simulator): Shared,
    Path((channel, channel_order_no)): Path<(String, String)>,
) -> Outcome {
    let channel = channel_named(&channel)?;
    let found = simulator.look(|world| {
        let now = world.now();
        let order = world.books.find_any(channel, &channel_order_no, now)?;
        order.is_known().then(|| order.to_json())
    });
    found
        .map(Json)
        .ok_or_else(|| unknown(channel, &channel_order_no))
}

async fn pay(
    State(simulator): Shared,
    Path((channel, channel_order_no)): Path<(String, String)>,
    body: Bytes,
) -> Outcome {
    let channel = channel_named(&channel)?;
    let body = if body.is_empty() {
        json!({})
    } else {
        read_json(&body)?
    };
    only_fields(&body, &["amount", "late"])?;
    let amount = match body.get("amount") {
        None | Some(Value::Null) => None,
        Some(value) => Some(whole_number(value, "amount", 1, 100_000_000_000)?),
    };
    let is_late = match body.get("late") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(is_late)) => *is_late,
        Some(_) => return Err(Refusal::bad_field("late", "must be true or false")),
    };
    let outcome = if is_late {
        if channel != Channel::Unionpay {
            let detail = "only a bank's page behind unionpay completes late";
            return Err(Refusal::bad_field("late", detail));
        }
        simulator
            .change(|world| unionpay::late::take(world, &channel_order_no, amount))
            .map_err(|refusal| late_refusal(refusal, &channel_order_no))
    } else {
        let is_it = |order: &Order| order.channel_order_no == channel_order_no;
        simulator
            .change(|world| payment::take(world, &simulator.accounts, channel, is_it, amount))
            .map_err(|refusal| pay_refusal(refusal, channel, &channel_order_no))
    };
    let said = match &outcome {
        Ok(_) => "paid",
        Err(refusal) => refusal.error,
    };
    write(&simulator, "pay", Some(channel_order_no), said, body);
    outcome.map(|order| Json(order.to_json()))
}

fn pay_refusal(refusal: PayRefusal, channel: Channel, channel_order_no: &str) -> Refusal {
    let refused = |error, detail: &str| {
        Refusal::new(
            StatusCode::CONFLICT,
            error,
            format!("{} order {channel_order_no} {detail}", channel.name()),
        )
    };
    match refusal {
        PayRefusal::Unknown => unknown(channel, channel_order_no),
        PayRefusal::AlreadyPaid => refused("already_paid", "is paid; it takes no second payment"),
        PayRefusal::Refunded => refused("refunded", "was paid and wholly refunded"),
        PayRefusal::Closed => refused("closed", "is closed or has expired"),
    }
}

fn late_refusal(refusal: LateRefusal, channel_order_no: &str) -> Refusal {
    match refusal {
        LateRefusal::InTime => Refusal::new(
            StatusCode::CONFLICT,
            "in_time",
            format!("unionpay order {channel_order_no} can still be paid in time"),
        ),
        LateRefusal::NoPage => Refusal::new(
            StatusCode::CONFLICT,
            "no_page",
            format!(
                "unionpay order {channel_order_no} has no bank's page that could complete late"
            ),
        ),
        LateRefusal::Other(refusal) => pay_refusal(refusal, Channel::Unionpay, channel_order_no),
    }
}

async fn add_fault(State(simulator): Shared, body: Bytes) -> Outcome {
    let body = read_json(&body)?;
    let order = faults::Order::read(&body)
        .map_err(|wrong| Refusal::bad_field(&wrong.field, wrong.detail))?;
    simulator.look(|world| world.faults.add(order));
    write(&simulator, "fault", None, "added", body.clone());
    Ok(Json(body))
}

/// Whose faults are taken back; everybody's, if nobody is named.
#[derive(Deserialize)]
struct Cleared {
    channel_order_no: Option<String>,
}

async fn clear_faults(State(simulator): Shared, Query(cleared): Query<Cleared>) -> StatusCode {
    let only = cleared.channel_order_no;
    simulator.look(|world| world.faults.clear(only.as_deref()));
    write(&simulator, "fault", only, "cleared", Value::Null);
    StatusCode::NO_CONTENT
}

/// Filters for people; a test may as well read everything.
#[derive(Deserialize)]
struct JournalFilter {
    channel_order_no: Option<String>,
    after: Option<u64>,
}

/// An array of entries. If entries had to go, the first element says how many.
async fn journal(State(simulator): Shared, Query(filter): Query<JournalFilter>) -> Json<Value> {
    let entries = simulator.look(|world| {
        let dropped = world.journal.dropped();
        let mut shown = Vec::new();
        if dropped > 0 {
            shown.push(json!({ "seq": 0, "kind": "dropped", "dropped": dropped }));
        }
        let is_wanted = |entry: &&crate::journal::Entry| {
            filter.after.is_none_or(|after| entry.seq > after)
                && (filter.channel_order_no.is_none()
                    || filter.channel_order_no == entry.channel_order_no)
        };
        shown.extend(
            world
                .journal
                .entries()
                .filter(is_wanted)
                .map(|entry| json!(entry)),
        );
        shown
    });
    Json(json!(entries))
}

async fn clock(State(simulator): Shared) -> Json<Value> {
    Json(clock_json(&simulator))
}

async fn advance(State(simulator): Shared, body: Bytes) -> Outcome {
    let body = read_json(&body)?;
    only_fields(&body, &["advance_seconds"])?;
    let value = body
        .get("advance_seconds")
        .ok_or_else(|| Refusal::bad_field("advance_seconds", "this field is required"))?;
    let seconds = whole_number(value, "advance_seconds", 0, ADVANCE_SECONDS_MAX)?;
    let total = simulator.look(|world| world.clock.offset_seconds());
    if total.saturating_add(seconds) > ADVANCE_SECONDS_MAX {
        return Err(Refusal::bad_field(
            "advance_seconds",
            format!("the clock may be advanced by {ADVANCE_SECONDS_MAX} seconds in all"),
        ));
    }
    let clock = simulator.change(|world| {
        world.clock.advance(seconds);
        world.clock
    });
    if let Some(file) = &simulator.clock_file {
        saved::write_clock(file, clock).map_err(|error| {
            let (status, detail) = (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}"));
            Refusal::new(status, "clock_file", detail)
        })?;
    }
    write(&simulator, "clock", None, "advanced", body);
    Ok(Json(clock_json(&simulator)))
}

async fn nothing_here(uri: Uri) -> Refusal {
    Refusal::new(
        StatusCode::NOT_FOUND,
        "not_found",
        format!("the simulator has nothing at {}", uri.path()),
    )
}

fn clock_json(simulator: &Simulator) -> Value {
    let (now, offset): (Moment, i64) =
        simulator.look(|world| (world.now(), world.clock.offset_seconds()));
    json!({ "now": now.rfc3339(), "offset_seconds": offset })
}

fn write(
    simulator: &Simulator,
    operation: &str,
    channel_order_no: Option<String>,
    outcome: &str,
    detail: Value,
) {
    simulator.write(Line {
        kind: Kind::Control,
        channel: None,
        operation: operation.to_owned(),
        channel_order_no,
        outcome: outcome.to_owned(),
        detail,
    });
}
