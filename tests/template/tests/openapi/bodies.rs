//! What requests may and must hold, by the document and by the code that reads them.

use payonce_domain::{MerchantId, Timestamp};
use payonce_lambda::http::{appeals, delayed_messages, requests};
use serde_json::{Value, json};

use crate::{document, properties, words};

/// What the code says of a body: everything that is wrong, or nothing.
pub(crate) fn said_of(schema: &str, body: &Value) -> String {
    let bytes = body.to_string();
    let bytes = bytes.as_bytes();
    let now = Timestamp::from_millis(1_795_161_600_000);
    let refused = match schema {
        "InitiateRequest" => requests::initiate(bytes, now).err(),
        "ChannelOrderRequest" => requests::channel_order(bytes).err(),
        "RefundRequest" => requests::refund(bytes).err(),
        "DelayedMessageRequest" => {
            let merchant = MerchantId::new("m-lenient").unwrap();
            delayed_messages::schedule(bytes, &merchant).err()
        }
        "AppealRequest" => {
            let merchant = MerchantId::new("m-lenient").unwrap();
            appeals::open(bytes, &merchant).err()
        }
        "AppealStatementRequest" => appeals::statement(bytes).err(),
        other => panic!("no reader for {other}"),
    };
    refused
        .map(|problem| format!("{problem:?}"))
        .unwrap_or_default()
}

#[test]
fn requests_have_the_documented_fields_and_no_others() {
    let document = document();
    let amount = json!({ "value": 1, "currency": "CNY" });
    let target = json!({ "type": "webhook", "url": "https://m-lenient.example/notify" });
    let message = json!({ "id": "i", "delay_seconds": 1, "payload": 1, "target": target });
    let number = "PDGT80VT0AGC1JYMQG7QPBJ";
    let replaces = json!({ "payment_no": number, "confirmed_at": "2026-11-20T08:00:00Z" });
    let smallest = [
        (
            "InitiateRequest",
            json!({ "merchant_order_no": "o", "amount": amount, "subject": "s" }),
        ),
        (
            "ChannelOrderRequest",
            json!({ "channel": "alipay", "method": "page" }),
        ),
        (
            "RefundRequest",
            json!({ "refund_no": "r", "amount": amount }),
        ),
        ("DelayedMessageRequest", message.clone()),
        (
            "AppealRequest",
            json!({
                "merchant_appeal_no": "a", "opened_by": "buyer", "claim": "paid_twice",
                "payment_nos": [number],
            }),
        ),
        (
            "AppealStatementRequest",
            json!({ "statement_no": "s", "position": "neutral", "text": "t" }),
        ),
    ];
    for (name, body) in smallest {
        let schema = document.schema(name);
        assert_eq!(
            said_of(name, &body),
            "",
            "{name} needs more than is documented as required"
        );
        let mut all = body.clone();
        for property in properties(schema) {
            all.as_object_mut()
                .unwrap()
                .entry(property)
                .or_insert(Value::Null);
        }
        assert_eq!(
            said_of(name, &all),
            "",
            "{name} documents a field that is unknown"
        );
        refuses_unknown_and_missing(name, &body, "", schema);
    }
    refuses_unknown_and_missing(
        "DelayedMessageRequest",
        &message,
        "/target",
        document.schema("WebhookTarget"),
    );
    let event = json!({ "type": "event", "detail_type": "t" });
    let on_the_bus = json!({ "id": "i", "delay_seconds": 1, "payload": 1, "target": event });
    let place = document.schema("EventTarget");
    refuses_unknown_and_missing("DelayedMessageRequest", &on_the_bus, "/target", place);
    let body = json!({
        "merchant_order_no": "o", "amount": amount, "subject": "s", "replaces": replaces,
    });
    let initiate = document.schema("InitiateRequest");
    refuses_unknown_and_missing(
        "InitiateRequest",
        &body,
        "/amount",
        document.schema("OrderAmount"),
    );
    let replaces = &initiate["properties"]["replaces"];
    refuses_unknown_and_missing("InitiateRequest", &body, "/replaces", replaces);
}

/// The object at `place` in `body`: without a required field and with an unknown one it is refused, and nothing that
/// it may go without is required.
fn refuses_unknown_and_missing(name: &str, body: &Value, place: &str, schema: &Value) {
    assert_eq!(schema["additionalProperties"], false, "{name}{place}");
    let mut more = body.clone();
    more.pointer_mut(place).unwrap()["surely_not"] = json!(1);
    let said = said_of(name, &more);
    assert!(
        said.contains(&format!("{place}/surely_not")),
        "{name}: {said}"
    );
    let present = body.pointer(place).unwrap().as_object().unwrap();
    let required = words(
        schema["required"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str),
    );
    for field in present.keys() {
        let mut less = body.clone();
        less.pointer_mut(place)
            .unwrap()
            .as_object_mut()
            .unwrap()
            .remove(field);
        let said = said_of(name, &less);
        let missed = said.contains(&format!(
            "pointer: \"{place}/{field}\", detail: \"is required\""
        ));
        assert_eq!(
            missed,
            required.contains(field),
            "{name}{place}/{field}: {said}"
        );
    }
}
