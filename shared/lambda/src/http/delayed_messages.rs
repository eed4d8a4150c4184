//! The requests about delayed messages, read field by field.

use std::cell::RefCell;
use std::collections::BTreeMap;

use payonce_domain::delayed_message::{
    DELAY_MAX, DELAY_MIN, PAYLOAD_BYTES_MAX, Payload, ScheduleRequest, Target, Timing,
};
use payonce_domain::{DelayedMessageState, Digest, EventType, MerchantId, MerchantMessageId, Span};
use payonce_store::MessagePlace;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::fields::{self, Fields};
use super::problem::{FieldProblem, Problem};
use super::requests::string;
use super::strict_json;
use crate::clock;

const URL_LENGTH_MAX: usize = 512;
const LIMIT_DEFAULT: usize = 20;
const LIMIT_MAX: u64 = 100;

/// What part of a merchant's messages is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRequest {
    /// Of which state; none: of any.
    pub state: Option<DelayedMessageState>,
    /// How many at most.
    pub limit: usize,
    /// After which.
    pub after: Option<MessagePlace>,
}

/// The payload to the byte. The fields around it were read strictly before.
#[derive(Deserialize)]
struct Sent<'a> {
    #[serde(borrow)]
    payload: &'a RawValue,
}

/// How the names of our own events begin: nobody else may say that an order is paid.
const OURS: [&str; 4] = ["payment.", "refund.", "anomaly.", "appeal."];

/// Reads `POST /v1/delayed-messages` of this merchant.
///
/// # Errors
/// 400 naming every field that is wrong, or 413.
pub fn schedule(body: &[u8], merchant_id: &MerchantId) -> Result<ScheduleRequest, Problem> {
    let problems = RefCell::new(Vec::new());
    let mut fields = Fields::new(strict_json::object(body)?, &problems);
    let id = fields.required("id", |value| {
        let id = string(value)?;
        // No address leads to these: a path is rid of them before it arrives.
        if matches!(id.as_str(), "." | "..") {
            return Err("must not be . or ..".to_owned());
        }
        MerchantMessageId::new(id).map_err(|error| error.to_string())
    });
    let timing = timing(&mut fields);
    let payload = fields.required("payload", |value| payload(body, &value));
    let target = target(&mut fields);
    fields.end();
    let request = (|| {
        Some(ScheduleRequest {
            merchant_id: merchant_id.clone(),
            id: id?,
            timing: timing?,
            payload: payload?,
            target: target?,
        })
    })();
    fields::outcome(request, problems)
}

/// Whether a time is near enough is judged where it is known whether the message exists already.
fn timing(fields: &mut Fields<'_>) -> Option<Timing> {
    let at = fields.optional("deliver_at", |value| {
        let at = clock::from_rfc3339(&string(value)?);
        at.ok_or_else(|| "must be an RFC 3339 time".to_owned())
    });
    let least = DELAY_MIN.as_seconds_rounded_up();
    let most = DELAY_MAX.as_seconds_rounded_up();
    let after = fields.optional("delay_seconds", |value| {
        fields::integer(&value, least, most)
    });
    match (at, after) {
        (Some(at), None) => Some(Timing::At(at)),
        (None, Some(seconds)) => Some(Timing::After(Span::seconds(seconds))),
        (None, None) => {
            fields.wrong("deliver_at", "is required unless delay_seconds is given");
            None
        }
        (Some(_), Some(_)) => {
            let together = "must not be given together with deliver_at";
            fields.wrong("delay_seconds", together);
            None
        }
    }
}

fn payload(body: &[u8], value: &Value) -> Result<Payload, String> {
    let sent: Sent<'_> = serde_json::from_slice(body).map_err(|_| "must be JSON".to_owned())?;
    let json = sent.payload.get();
    if json.len() > PAYLOAD_BYTES_MAX {
        return Err(format!("must have at most {PAYLOAD_BYTES_MAX} bytes"));
    }
    let mut meaning = value.clone();
    // A crate elsewhere in the build may have JSON keep the order in which members came.
    meaning.sort_all_objects();
    Ok(Payload {
        json: json.to_owned(),
        digest: Digest::of(meaning.to_string().as_bytes()),
    })
}

fn target(fields: &mut Fields<'_>) -> Option<Target> {
    let mut target = fields.object("target", true)?;
    let kind = target.required("type", string);
    let found = match kind.as_deref() {
        Some("webhook") => {
            let url = target.required("url", |value| fields::text(value, URL_LENGTH_MAX));
            url.map(|url| Target::Webhook { url })
        }
        Some("event") => {
            let detail_type = target.required("detail_type", |value| {
                let name = string(value)?;
                if OURS.iter().any(|ours| name.starts_with(ours)) {
                    return Err(format!("must not begin with {}", OURS.join(", ")));
                }
                EventType::new(name).map_err(|error| error.to_string())
            });
            detail_type.map(|detail_type| Target::Event { detail_type })
        }
        Some(_) => {
            target.wrong("type", "must be webhook or event");
            None
        }
        None => None,
    };
    target.end();
    found
}

/// Reads the query of `GET /v1/delayed-messages`.
///
/// # Errors
/// 400 naming every parameter that is wrong.
pub fn list(parameters: &BTreeMap<String, String>) -> Result<ListRequest, Problem> {
    let mut wrong = Vec::new();
    let mut request = ListRequest {
        state: None,
        limit: LIMIT_DEFAULT,
        after: None,
    };
    for (name, value) in parameters {
        let read = match name.as_str() {
            "state" => DelayedMessageState::from_name(value)
                .map(|state| request.state = Some(state))
                .ok_or_else(|| {
                    let names = DelayedMessageState::ALL.map(DelayedMessageState::name);
                    format!("must be one of {}", names.join(", "))
                }),
            "limit" => value
                .parse::<u64>()
                .ok()
                .filter(|limit| (1..=LIMIT_MAX).contains(limit))
                .and_then(|limit| usize::try_from(limit).ok())
                .map(|limit| request.limit = limit)
                .ok_or_else(|| format!("must be an integer from 1 to {LIMIT_MAX}")),
            "cursor" => MessagePlace::parse(value)
                .map(|place| request.after = Some(place))
                .ok_or_else(|| "must be a next_cursor of an answer".to_owned()),
            _ => Err("is not a known parameter".to_owned()),
        };
        if let Err(detail) = read {
            wrong.push(FieldProblem {
                pointer: format!("/{name}"),
                detail,
            });
        }
    }
    if wrong.is_empty() {
        Ok(request)
    } else {
        Err(Problem::invalid(wrong))
    }
}

#[cfg(test)]
mod tests {
    use payonce_domain::Timestamp;
    use serde_json::json;

    use super::*;

    fn body() -> Value {
        json!({
            "id": "coupon-7",
            "delay_seconds": 5,
            "payload": { "b": [1, 2.50], "a": null },
            "target": { "type": "webhook", "url": "https://shop.example/told" },
        })
    }

    fn read(body: &str) -> Result<ScheduleRequest, String> {
        let merchant = MerchantId::new("demo").unwrap();
        schedule(body.as_bytes(), &merchant).map_err(|problem| format!("{problem:?}"))
    }

    #[test]
    fn every_wrong_field_is_named() {
        let cases = [
            ("/id", json!("")),
            ("/id", json!("a/b")),
            ("/id", json!("x".repeat(65))),
            ("/delay_seconds", json!(0)),
            ("/delay_seconds", json!(31_536_001)),
            ("/delay_seconds", json!(1.5)),
            ("/deliver_at", json!("tomorrow")),
            ("/payload", Value::Null),
            ("/payload", json!("x".repeat(PAYLOAD_BYTES_MAX))),
            ("/target", json!("https://shop.example/told")),
            ("/target/type", json!("sms")),
            ("/target/url", json!(7)),
            ("/target/detail_type", json!("x")),
            ("/surely_not", json!(1)),
        ];
        for (pointer, value) in cases {
            let mut body = body();
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            body.pointer_mut(parent).unwrap()[name] = value;
            let said = read(&body.to_string()).unwrap_err();
            assert!(said.contains(&format!("pointer: \"{pointer}\"")), "{said}");
        }
    }

    #[test]
    fn a_time_or_a_delay_and_not_both() {
        let mut both = body();
        both["deliver_at"] = json!("2026-12-01T08:00:00.250+08:00");
        assert!(read(&both.to_string()).is_err());
        both.as_object_mut().unwrap().remove("delay_seconds");
        let at = Timestamp::from_millis(1_796_083_200_250);
        assert_eq!(read(&both.to_string()).unwrap().timing, Timing::At(at));
        both.as_object_mut().unwrap().remove("deliver_at");
        assert!(read(&both.to_string()).is_err());
    }

    /// The receiver gets the very bytes; a repetition may write the same JSON differently.
    #[test]
    fn the_payload_is_kept_to_the_byte_and_known_by_its_meaning() {
        let with = |payload: &str| {
            let body = format!(
                r#"{{"id":"i","delay_seconds":1,"payload":{payload},"target":{{"type":"event","detail_type":"t"}}}}"#
            );
            read(&body).unwrap().payload
        };
        let sent = "{ \"b\": 12345678901234567890, \"a\": [ 1.50 ] }";
        let payload = with(sent);
        assert_eq!(payload.json, sent);
        let same = with(r#"{"a":[1.5],"b":12345678901234567890}"#);
        assert_eq!(same.digest, payload.digest);
        let other = with(r#"{"a":[1.5],"b":12345678901234567891}"#);
        assert_ne!(other.digest, payload.digest);
    }

    #[test]
    fn a_list_is_asked_for_strictly() {
        let parameters =
            |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
        let asked = list(&BTreeMap::new()).unwrap();
        assert_eq!((asked.state, asked.limit, asked.after), (None, 20, None));
        let dead = list(&parameters("state", "dead")).unwrap();
        assert_eq!(dead.state, Some(DelayedMessageState::Dead));
        let place = "179513280000000000000000000000001";
        let after = list(&parameters("cursor", place)).unwrap().after.unwrap();
        assert_eq!(after.as_str(), place);
        for (name, value) in [
            ("state", "lost"),
            ("limit", "0"),
            ("limit", "101"),
            ("limit", "x"),
            ("cursor", "1"),
            ("cursor", "17951328000000000000000000000000é"),
            ("page", "2"),
        ] {
            assert!(list(&parameters(name, value)).is_err(), "{name}={value}");
        }
    }
}
