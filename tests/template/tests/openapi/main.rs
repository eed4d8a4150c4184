//! `infra/openapi.yaml` and the code say the same: routes, fields, words and refusals.

#![allow(clippy::unwrap_used, clippy::panic)]

mod bodies;
mod channels;

use std::collections::{BTreeMap, BTreeSet};

use payonce_domain::appeal::{Claim, Party, Position};
use payonce_domain::{
    AppealNo, AppealState, Channel, ChannelOrderNo, DelayedMessageNo, DelayedMessageState, Method,
    Money, PaymentNo, RefundCause, RefundNo, RefundState,
};
use serde_json::Value;
use template_tests::{OpenApi, Template, root};

type Words = BTreeSet<String>;

fn document() -> OpenApi {
    OpenApi::read().unwrap()
}

fn code(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

fn words<'a>(found: impl IntoIterator<Item = &'a str>) -> Words {
    found.into_iter().map(str::to_owned).collect()
}

fn enumerated(schema: &Value) -> Words {
    words(
        schema["enum"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str),
    )
}

fn properties(schema: &Value) -> Words {
    schema["properties"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect()
}

/// The text literals that directly follow `opening`, whatever space lies between.
fn literals_after<'a>(text: &'a str, opening: &str) -> Vec<&'a str> {
    let behind = text.split(opening).skip(1);
    behind
        .filter_map(|rest| literal(rest.trim_start()))
        .map(|(found, _)| found)
        .collect()
}

/// The text literal that `text` begins with, and what follows it.
fn literal(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix('"')?.split_once('"')
}

/// Pages for operators are no contract with anybody outside.
fn is_operators(path: &str) -> bool {
    path == "/console" || path.starts_with("/console/")
}

#[test]
fn the_routes_are_those_of_the_template() {
    let template = Template::read().unwrap();
    let mut deployed = Words::new();
    for (_, function) in template.functions() {
        let events = function["Properties"]["Events"].as_object();
        for event in events.into_iter().flat_map(|events| events.values()) {
            if event["Type"] == "HttpApi" {
                let route = &event["Properties"];
                let (method, path) = (route["Method"].as_str(), route["Path"].as_str());
                if !is_operators(path.unwrap()) {
                    deployed.insert(format!("{} {}", method.unwrap(), path.unwrap()));
                }
            }
        }
    }
    let document = document();
    let operations = document.operations();
    let documented: Words = operations
        .iter()
        .map(|one| format!("{} {}", one.method.to_uppercase(), one.path))
        .collect();
    assert_eq!(documented, deployed);
}

/// Every refusal as `problem.rs` makes it: slug, status and title.
fn refusals() -> BTreeMap<String, (u64, String)> {
    let text = code("shared/lambda/src/http/problem.rs");
    let mut found = BTreeMap::new();
    let mut add = |status: u64, rest: &str| {
        let Some((slug, rest)) = literal(rest.trim_start()) else {
            return;
        };
        let (title, _) = literal(rest.trim_start_matches([',', ' ', '\n'])).unwrap();
        found.insert(slug.to_owned(), (status, title.to_owned()));
    };
    for rest in text.split("StatusCode::").skip(1) {
        let Some((name, rest)) = rest.split_once(',') else {
            continue;
        };
        let status = match name {
            "ACCEPTED" => 202,
            "BAD_REQUEST" => 400,
            "UNAUTHORIZED" => 401,
            "NOT_FOUND" => 404,
            "CONFLICT" => 409,
            "PAYLOAD_TOO_LARGE" => 413,
            "UNPROCESSABLE_ENTITY" => 422,
            "SERVICE_UNAVAILABLE" => 503,
            _ => continue,
        };
        add(status, rest);
    }
    for rest in text.split("conflict(").skip(1) {
        add(409, rest);
    }
    found
}

#[test]
fn every_refusal_is_documented_with_its_status_and_every_documented_one_exists() {
    let document = document();
    let mut shown = BTreeMap::new();
    for example in document.examples() {
        let Some(kind) = example.value["type"]
            .as_str()
            .filter(|kind| kind.starts_with("urn:"))
        else {
            continue;
        };
        let slug = kind.strip_prefix("urn:payonce:problem:").unwrap();
        let status = example.value["status"].as_u64().unwrap();
        assert_eq!(
            status.to_string(),
            example.place,
            "{slug} stands under another status"
        );
        let title = example.value["title"].as_str().unwrap();
        shown.insert(slug.to_owned(), (status, title.to_owned()));
    }
    let refusals = refusals();
    assert!(
        refusals.len() > 10,
        "the code is read wrongly: {refusals:?}"
    );
    assert_eq!(shown, refusals);
    let slugs: Words = refusals
        .keys()
        .map(|slug| format!("urn:payonce:problem:{slug}"))
        .collect();
    assert_eq!(
        enumerated(&document.schema("Problem")["properties"]["type"]),
        slugs
    );
}

#[test]
fn the_next_actions_are_those_of_the_code() {
    let text = code("shared/lambda/src/http/problem.rs");
    let lists = text
        .split("&[\"")
        .skip(1)
        .map(|rest| rest.split(']').next().unwrap());
    let said: Words = lists
        .flat_map(|list| list.split(','))
        .map(|word| word.trim().trim_matches('"').to_owned())
        .filter(|word| !word.is_empty())
        .collect();
    let document = document();
    let items = &document.schema("Problem")["properties"]["next_actions"]["items"];
    assert_eq!(enumerated(items), said);
}

#[test]
fn the_words_are_those_of_the_domain() {
    let document = document();
    let check = |schema: &str, names: Words| {
        assert_eq!(enumerated(document.schema(schema)), names, "{schema}");
    };
    check("Channel", words(Channel::ALL.map(Channel::name)));
    check("Method", words(Method::ALL.map(Method::name)));
    check(
        "RefundCause",
        words(RefundCause::ALL.map(RefundCause::name)),
    );
    let mut states = Words::new();
    let mut next = Some(RefundState::Due);
    while let Some(state) = next {
        states.insert(state.name().to_owned());
        // A state that is added must find its place here.
        next = match state {
            RefundState::Due => Some(RefundState::Sent),
            RefundState::Sent => Some(RefundState::Accepted),
            RefundState::Accepted => Some(RefundState::Succeeded),
            RefundState::Succeeded => Some(RefundState::Failed),
            RefundState::Failed => Some(RefundState::Manual),
            RefundState::Manual => None,
        };
    }
    check("RefundState", states);
    let of_messages = DelayedMessageState::ALL.map(DelayedMessageState::name);
    check("DelayedMessageState", words(of_messages));
    check(
        "AppealState",
        words(AppealState::ALL.map(AppealState::name)),
    );
    check("AppealClaim", words(Claim::ALL.map(Claim::name)));
    check("AppealParty", words(Party::ALL.map(Party::name)));
    check("AppealPosition", words(Position::ALL.map(Position::name)));
    let view = code("shared/lambda/src/http/view.rs");
    for state in ["PaymentState", "ChannelOrderState"] {
        let arms = view
            .lines()
            .filter(|line| line.trim_start().starts_with(&format!("{state}::")));
        let names = arms.filter_map(|line| literal(line.split_once("=> ")?.1));
        check(state, names.map(|(name, _)| name.to_owned()).collect());
    }
    let most = &document.schema("OrderAmount")["properties"]["value"]["maximum"];
    assert_eq!(most.as_u64(), Some(Money::ORDER_MAX.minor()));
}

/// Names of JSON members in a source file that builds answers with `json!`.
fn members_in(path: &str) -> Words {
    let text = code(path);
    let found = text
        .split("\":")
        .filter_map(|before| before.rsplit('"').next());
    let is_name = |word: &&str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    words(found.filter(is_name))
}

#[test]
fn answers_have_the_documented_fields_and_no_others() {
    let document = document();
    let mut payment = Words::new();
    for name in ["Payment", "ChannelOrder", "Refund", "MoneyView", "Money"] {
        payment.extend(properties(document.schema(name)));
    }
    for action in document.schema("Action")["oneOf"].as_array().unwrap() {
        payment.extend(properties(action));
    }
    assert_eq!(members_in("shared/lambda/src/http/view.rs"), payment);
    let mut timeline = Words::new();
    for name in ["Timeline", "TimelineEntry", "Owed"] {
        timeline.extend(properties(document.schema(name)));
    }
    timeline.extend(properties(
        &document.schema("Timeline")["properties"]["cases"]["items"],
    ));
    assert_eq!(members_in("functions/payments/src/timeline.rs"), timeline);
    let messages = [
        "DelayedMessage",
        "DelayedMessages",
        "MessageAttempt",
        "WebhookTarget",
        "EventTarget",
    ];
    let message = messages.map(|name| properties(document.schema(name)));
    let message: Words = message.into_iter().flatten().collect();
    assert_eq!(members_in("functions/delay/src/view.rs"), message);
    let appeals = [
        "Appeal",
        "Appeals",
        "AppealFindings",
        "AppealOrder",
        "AppealChannelOrder",
        "AppealBill",
        "AppealDiscrepancy",
        "AppealRefund",
        "AppealProposal",
        "AppealStatement",
        "AppealRuling",
        "AppealReturn",
    ];
    let appeal = appeals.map(|name| properties(document.schema(name)));
    let appeal: Words = appeal.into_iter().flatten().collect();
    assert_eq!(members_in("functions/appeals/src/view.rs"), appeal);
    for name in appeals.into_iter().chain([
        "Payment",
        "ChannelOrder",
        "Refund",
        "MoneyView",
        "Money",
        "Timeline",
        "TimelineEntry",
        "Owed",
        "DelayedMessage",
        "DelayedMessages",
        "MessageAttempt",
    ]) {
        let schema = document.schema(name);
        let required = schema["required"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str);
        assert_eq!(
            words(required),
            properties(schema),
            "{name}: every field is always there"
        );
    }
}

#[test]
fn the_timeline_speaks_the_documented_words() {
    let document = document();
    let text = code("functions/payments/src/timeline.rs");
    let (entries, _) = text.split_once("fn owed").unwrap();
    let tasks = code("shared/domain/src/obligation.rs");
    let (_, tasks) = tasks.split_once("fn name").unwrap();
    let is_word = |word: &&str| {
        word.bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
    };
    // Each arm begins `("word", …`, on its own line or behind the arrow.
    let said = |text: &str, before| words(literals_after(text, before).into_iter().filter(is_word));
    let check = |schema: &str, found: Words| {
        assert_eq!(
            enumerated(&document.schema(schema)["properties"]["what"]),
            found,
            "{schema}"
        );
    };
    check("TimelineEntry", said(entries, "("));
    check("Owed", said(tasks, "=> "));
}

#[test]
fn every_example_fits_its_schema_and_is_accepted_where_it_is_a_request() {
    let document = document();
    let examples = document.examples();
    assert!(examples.len() > 30, "the examples are read wrongly");
    for example in examples {
        let wrong = document.check_against(example.schema, example.value);
        assert!(
            wrong.is_empty(),
            "{} {}: {wrong:?}",
            example.place,
            example.name
        );
        numbers_are_ours(example.value);
        if example.place == "request" {
            let reference = example.schema["$ref"].as_str().unwrap();
            let schema = reference.rsplit('/').next().unwrap();
            assert_eq!(
                bodies::said_of(schema, example.value),
                "",
                "{}",
                example.name
            );
        }
    }
}

fn numbers_are_ours(value: &Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let ours = match (name.as_str(), value.as_str()) {
                    ("payment_no", Some(text)) => PaymentNo::parse(text).is_some(),
                    ("appeal_no", Some(text)) => AppealNo::parse(text).is_some(),
                    ("message_no", Some(text)) => DelayedMessageNo::parse(text).is_some(),
                    ("channel_order_no", Some(text)) => ChannelOrderNo::parse(text).is_some(),
                    ("refund_no", Some(text)) if text.starts_with('R') => {
                        RefundNo::parse(text).is_some()
                    }
                    _ => true,
                };
                assert!(ours, "{name} {value} could not be one of ours");
                numbers_are_ours(value);
            }
        }
        Value::Array(list) => list.iter().for_each(numbers_are_ours),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn links_and_parameters_lead_somewhere() {
    let document = document();
    let mut ids = Words::new();
    for one in document.operations() {
        let id = one.value["operationId"].as_str().unwrap();
        assert!(ids.insert(id.to_owned()), "{id} stands twice");
        let item = &document.whole()["paths"][one.path];
        let mut declared = Words::new();
        for list in [&item["parameters"], &one.value["parameters"]] {
            for parameter in list.as_array().into_iter().flatten() {
                let parameter = document.resolve(parameter);
                if parameter["in"] == "path" {
                    declared.insert(parameter["name"].as_str().unwrap().to_owned());
                }
            }
        }
        let named = one
            .path
            .split('{')
            .skip(1)
            .map(|rest| rest.split('}').next().unwrap());
        assert_eq!(declared, words(named), "{}", one.path);
    }
    for (name, link) in document.whole()["components"]["links"].as_object().unwrap() {
        assert!(
            ids.contains(link["operationId"].as_str().unwrap()),
            "{name}"
        );
    }
    let made = &document.whole()["paths"]["/v1/payments"]["post"]["responses"]["201"]["links"];
    let led_to: Words = made
        .as_object()
        .unwrap()
        .values()
        .map(|link| {
            document.resolve(link)["operationId"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    for id in [
        "readPayment",
        "closePayment",
        "refundPayment",
        "readTimeline",
    ] {
        assert!(led_to.contains(id), "creating leads to {id}");
    }
}
