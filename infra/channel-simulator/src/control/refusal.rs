//! Refusals of the control API, and the readers that make them.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::books::Channel;

/// Why the control API did not do what it was asked.
pub(super) struct Refusal {
    status: StatusCode,
    pub(super) error: &'static str,
    detail: String,
    field: Option<String>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, error: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            error,
            detail: detail.into(),
            field: None,
        }
    }

    pub(super) fn bad_field(field: &str, detail: impl Into<String>) -> Self {
        Self {
            field: Some(field.to_owned()),
            ..Self::new(StatusCode::BAD_REQUEST, "invalid_request", detail)
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut body = json!({ "error": self.error, "detail": self.detail });
        if let (Some(field), Some(members)) = (self.field, body.as_object_mut()) {
            members.insert("field".to_owned(), json!(field));
        }
        (self.status, Json(body)).into_response()
    }
}

pub(super) fn channel_named(name: &str) -> Result<Channel, Refusal> {
    Channel::from_name(name).ok_or_else(|| {
        let known = Channel::ALL.map(Channel::name).join(", ");
        Refusal::bad_field(
            "channel",
            format!("there is no channel {name}, only {known}"),
        )
    })
}

pub(super) fn unknown(channel: Channel, channel_order_no: &str) -> Refusal {
    Refusal::new(
        StatusCode::NOT_FOUND,
        "unknown_order",
        format!(
            "{} does not know the order {channel_order_no}: the buyer has to open its pay link (or scan its code) first",
            channel.name()
        ),
    )
}

pub(super) fn read_json(body: &[u8]) -> Result<Value, Refusal> {
    serde_json::from_slice(body)
        .map_err(|error| Refusal::bad_field("", format!("the body is not JSON: {error}")))
}

pub(super) fn only_fields(body: &Value, known: &[&str]) -> Result<(), Refusal> {
    let members = body
        .as_object()
        .ok_or_else(|| Refusal::bad_field("", "the body must be a JSON object"))?;
    match members.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(Refusal::bad_field(name, "there is no such field")),
        None => Ok(()),
    }
}

pub(super) fn whole_number(
    value: &Value,
    field: &str,
    least: i64,
    most: i64,
) -> Result<i64, Refusal> {
    value
        .as_i64()
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| {
            Refusal::bad_field(
                field,
                format!("must be a whole number from {least} to {most}"),
            )
        })
}

/// A member that is text and not empty, if it is there.
pub(super) fn text(body: &Value, field: &str) -> Result<Option<String>, Refusal> {
    match body.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.clone())),
        Some(_) => Err(Refusal::bad_field(field, "must be text")),
    }
}

pub(super) fn required_text(body: &Value, field: &str) -> Result<String, Refusal> {
    text(body, field)?.ok_or_else(|| Refusal::bad_field(field, "this field is required"))
}
