//! What `template.yaml` must guarantee. Public scanners miss most of these.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use template_tests::{Template, folders, root};

fn template() -> Template {
    Template::read().unwrap()
}

fn seconds(value: &Value) -> i64 {
    value.as_i64().unwrap()
}

/// The logical id behind `!GetAtt X.Arn`, `!GetAtt X.QueueName` or `!Ref X`.
fn named(value: &Value) -> Option<&str> {
    value["Fn::GetAtt"][0].as_str().or(value["Ref"].as_str())
}

fn queues(template: &Template) -> BTreeMap<&str, &Value> {
    template.resources("AWS::SQS::Queue").into_iter().collect()
}

/// Whatever failed for good: named by a redrive policy, a schedule or an async invocation.
fn dead_letter_queues(template: &Template) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (_, queue) in template.resources("AWS::SQS::Queue") {
        found.extend(
            named(&queue["Properties"]["RedrivePolicy"]["deadLetterTargetArn"]).map(str::to_owned),
        );
    }
    for (_, function) in template.functions() {
        let properties = &function["Properties"];
        let on_failure = &properties["EventInvokeConfig"]["DestinationConfig"]["OnFailure"];
        found.extend(named(&on_failure["Destination"]).map(str::to_owned));
        for event in properties["Events"]
            .as_object()
            .into_iter()
            .flat_map(|events| events.values())
        {
            found.extend(named(&event["Properties"]["DeadLetterConfig"]["Arn"]).map(str::to_owned));
        }
    }
    found
}

#[test]
fn every_function_folder_is_a_resource_and_every_function_a_folder() {
    let template = template();
    let resources: Vec<String> = template
        .functions()
        .into_iter()
        .map(|(id, _)| id.to_owned())
        .collect();
    let sorted: BTreeSet<String> = resources.into_iter().collect();
    assert_eq!(sorted.into_iter().collect::<Vec<_>>(), folders("functions"));
    for (id, function) in template.functions() {
        assert_eq!(
            function["Metadata"]["BuildMethod"], "rust-cargolambda",
            "{id}"
        );
        assert_eq!(
            function["Metadata"]["BuildProperties"]["Binary"], id,
            "{id} builds itself"
        );
        assert_eq!(
            template.function_property(function, "Runtime"),
            "provided.al2023",
            "{id}"
        );
        assert_eq!(
            template.function_property(function, "Handler"),
            "bootstrap",
            "{id}"
        );
        assert!(
            function["Properties"]["FunctionName"].is_null(),
            "{id}: names are generated, so stacks do not collide"
        );
    }
}

/// Routes are promised to merchants and channels.
#[test]
fn the_routes_are_those_of_the_contract() {
    let template = template();
    let mut routes = BTreeSet::new();
    for (id, function) in template.functions() {
        for event in function["Properties"]["Events"]
            .as_object()
            .into_iter()
            .flat_map(|events| events.values())
        {
            if event["Type"] == "HttpApi" {
                let properties = &event["Properties"];
                routes.insert(format!(
                    "{} {} {id}",
                    properties["Method"].as_str().unwrap(),
                    properties["Path"].as_str().unwrap()
                ));
                assert!(
                    seconds(template.function_property(function, "Timeout")) <= 29,
                    "{id}: API Gateway gives up at 30 s"
                );
                assert!(
                    function["Properties"]["ReservedConcurrentExecutions"].is_null(),
                    "{id}: it would answer 429 at once"
                );
            }
        }
    }
    let expected = [
        "DELETE /v1/delayed-messages/{id} delay",
        "GET /appeals/assets/{file} appeals",
        "GET /appeals/new/{token} appeals",
        "GET /appeals/{token} appeals",
        "GET /cashier/assets/{file} cashier",
        "GET /cashier/{token} cashier",
        "GET /cashier/{token}/channel-orders/{channel_order_no} cashier",
        "GET /cashier/{token}/return cashier",
        "GET /cashier/{token}/status cashier",
        "GET /console console",
        "GET /console/{proxy+} console",
        "GET /v1/appeals appeals",
        "GET /v1/appeals/{appeal_no} appeals",
        "GET /v1/delayed-messages delay",
        "GET /v1/delayed-messages/{id} delay",
        "GET /v1/payments payments",
        "GET /v1/payments/{payment_no} payments",
        "GET /v1/payments/{payment_no}/notifications payments",
        "GET /v1/payments/{payment_no}/timeline payments",
        "POST /appeals/new/{token} appeals",
        "POST /appeals/{token} appeals",
        "POST /appeals/{token}/withdraw appeals",
        "POST /cashier/{token}/close cashier",
        "POST /cashier/{token}/new-order cashier",
        "POST /cashier/{token}/pay cashier",
        "POST /cashier/{token}/query cashier",
        "POST /cashier/{token}/return cashier",
        "POST /console/session console",
        "POST /console/{proxy+} console",
        "POST /v1/appeals appeals",
        "POST /v1/appeals/{appeal_no}/statements appeals",
        "POST /v1/appeals/{appeal_no}/withdraw appeals",
        "POST /v1/delayed-messages delay",
        "POST /v1/delayed-messages/{id}/resend delay",
        "POST /v1/payments pay",
        "POST /v1/payments/{payment_no}/channel-orders pay",
        "POST /v1/payments/{payment_no}/close payments",
        "POST /v1/payments/{payment_no}/notifications payments",
        "POST /v1/payments/{payment_no}/refunds payments",
        "POST /v1/webhooks/{channel}/{account} webhook",
    ];
    assert_eq!(routes.into_iter().collect::<Vec<_>>(), expected);
}

/// F44, F45, F46, F54, F54b: one bad message fails alone, none comes back while it runs, none is given up early.
#[test]
fn a_queue_that_feeds_a_function_gives_it_time_and_chances() {
    let template = template();
    let queues = queues(&template);
    let mut mappings = 0;
    for (id, function) in template.functions() {
        for event in function["Properties"]["Events"]
            .as_object()
            .into_iter()
            .flat_map(|events| events.values())
        {
            if event["Type"] != "SQS" {
                continue;
            }
            mappings += 1;
            let properties = &event["Properties"];
            let queue = &queues[named(&properties["Queue"]).unwrap()]["Properties"];
            let timeout = seconds(template.function_property(function, "Timeout"));
            assert!(seconds(&queue["VisibilityTimeout"]) >= 6 * timeout, "{id}");
            assert!(
                seconds(&queue["RedrivePolicy"]["maxReceiveCount"]) >= 5,
                "{id}"
            );
            assert_eq!(
                properties["FunctionResponseTypes"][0], "ReportBatchItemFailures",
                "{id}"
            );
            assert!(
                properties["ScalingConfig"]["MaximumConcurrency"].is_i64(),
                "{id}"
            );
            assert!(
                function["Properties"]["ReservedConcurrentExecutions"].is_null(),
                "{id}: throttling burns receive counts"
            );
            // F54b: it may send to its own queue, which Lambda would take for a runaway loop.
            assert_eq!(function["Properties"]["RecursiveLoop"], "Allow", "{id}");
        }
    }
    assert_eq!(mappings, 3);
}

/// S15 and F42.
#[test]
fn every_queue_is_encrypted_speaks_tls_only_and_has_or_is_a_dead_letter_queue() {
    let template = template();
    let dead = dead_letter_queues(&template);
    let queues = queues(&template);
    let covered: BTreeSet<&str> = template
        .resources("AWS::SQS::QueuePolicy")
        .into_iter()
        .filter(|(_, policy)| {
            let statement = &policy["Properties"]["PolicyDocument"]["Statement"][0];
            statement["Effect"] == "Deny"
                && statement["Condition"]["Bool"]["aws:SecureTransport"] == "false"
        })
        .flat_map(|(_, policy)| policy["Properties"]["Queues"].as_array().unwrap())
        .filter_map(named)
        .collect();
    assert_eq!(covered, queues.keys().copied().collect());
    for (id, queue) in queues {
        let properties = &queue["Properties"];
        assert_eq!(properties["SqsManagedSseEnabled"], true, "{id}");
        let retention = seconds(&properties["MessageRetentionPeriod"]);
        if dead.contains(id) {
            assert_eq!(
                retention, 1_209_600,
                "{id}: a person gets the full two weeks"
            );
        } else {
            assert!(
                named(&properties["RedrivePolicy"]["deadLetterTargetArn"]).is_some(),
                "{id}"
            );
            assert!(retention >= 345_600, "{id}");
        }
        let delay = &properties["DelaySeconds"];
        assert!(
            delay.is_null() || seconds(delay) <= 900,
            "{id}: SQS knows no longer delay"
        );
    }
}

/// F11: a call is given up while its function still has time to write down that it was silent.
#[test]
fn a_function_outlives_the_calls_that_it_makes() {
    let template = template();
    let functions = template.functions();
    let transport = std::fs::read_to_string(root().join("shared/channels/src/transport.rs"));
    let transport = transport.unwrap();
    let patience = |name: &str| -> i64 {
        let declared = format!("const {name}: Span = Span::seconds(");
        let rest = transport.split(&declared).nth(1).unwrap();
        rest.split(')').next().unwrap().parse().unwrap()
    };
    let (call, refund) = (patience("PATIENCE"), patience("PATIENCE_REFUND"));
    for (id, calls_in_a_row) in [
        ("cashier", 3),
        ("console", 3),
        ("pay", 3),
        ("payments", 3),
        ("query", 3),
        ("scan", 3),
    ] {
        let (_, function) = functions.iter().find(|(name, _)| *name == id).unwrap();
        let timeout = seconds(template.function_property(function, "Timeout"));
        assert!(
            timeout > call * calls_in_a_row,
            "{id} ends after {timeout} s"
        );
    }
    let (_, function) = functions
        .iter()
        .find(|(name, _)| *name == "refund")
        .unwrap();
    let timeout = seconds(template.function_property(function, "Timeout"));
    assert!(timeout > call + refund, "refund ends after {timeout} s");
}

/// F64: the defaults of schedules differ from service to service, so ours are written down.
#[test]
fn every_schedule_has_its_retries_and_a_dead_letter_queue_written_down() {
    let template = template();
    let mut schedules = 0;
    for (id, function) in template.functions() {
        for event in function["Properties"]["Events"]
            .as_object()
            .into_iter()
            .flat_map(|events| events.values())
        {
            if event["Type"] == "HttpApi" || event["Type"] == "SQS" {
                continue;
            }
            schedules += 1;
            assert_eq!(event["Type"], "ScheduleV2", "{id}");
            let properties = &event["Properties"];
            assert!(
                properties["RetryPolicy"]["MaximumEventAgeInSeconds"].is_i64(),
                "{id}"
            );
            assert!(
                properties["RetryPolicy"]["MaximumRetryAttempts"].is_i64(),
                "{id}"
            );
            assert!(
                named(&properties["DeadLetterConfig"]["Arn"]).is_some(),
                "{id}"
            );
            let timeout = seconds(template.function_property(function, "Timeout"));
            let every_minute = properties["ScheduleExpression"] == "rate(1 minute)";
            assert!(
                timeout < 60 || !every_minute,
                "{id} ends before the next tick"
            );
        }
    }
    assert_eq!(schedules, 4);
}

/// F63: what is invoked asynchronously says how often and for how long, and where the rest goes.
#[test]
fn every_asynchronous_invocation_is_configured() {
    let template = template();
    for (id, function) in template.functions() {
        let config = &function["Properties"]["EventInvokeConfig"];
        let invoked = [
            "appeals",
            "audit",
            "delay",
            "notify",
            "reconcile",
            "refund",
            "scan",
        ];
        if invoked.contains(&id) {
            assert!(config["MaximumRetryAttempts"].is_i64(), "{id}");
            assert!(config["MaximumEventAgeInSeconds"].is_i64(), "{id}");
            assert_eq!(
                config["DestinationConfig"]["OnFailure"]["Type"], "SQS",
                "{id}"
            );
        } else {
            assert!(config.is_null(), "{id} is not invoked asynchronously");
        }
    }
}

/// S15. F20, F65, F69: no money expires, and the index names items and tells nothing of them.
#[test]
fn every_table_can_be_restored_and_outlives_the_stack() {
    let template = template();
    let tables = template.resources("AWS::DynamoDB::Table");
    assert_eq!(tables.len(), 9);
    for (id, table) in tables {
        let properties = &table["Properties"];
        assert_eq!(table["DeletionPolicy"], "Retain", "{id}");
        assert_eq!(table["UpdateReplacePolicy"], "Retain", "{id}");
        assert_eq!(properties["DeletionProtectionEnabled"], true, "{id}");
        assert_eq!(
            properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true,
            "{id}"
        );
        assert_eq!(properties["SSESpecification"]["SSEEnabled"], true, "{id}");
        assert_eq!(properties["BillingMode"], "PAY_PER_REQUEST", "{id}");
        let expiry = &properties["TimeToLiveSpecification"];
        if ["ControlsTable", "DelayedMessagesTable"].contains(&id) {
            // Sums of past hours, and messages that ended well: no switch, cap, breaker or turn, and no dead letter,
            // has such an attribute.
            assert_eq!(expiry["AttributeName"], "x", "{id}");
            assert_eq!(expiry["Enabled"], true, "{id}");
        } else {
            assert!(expiry.is_null(), "{id}: nothing here expires");
        }
        assert!(
            properties["TableName"].is_null(),
            "{id}: a kept table must not block the next stack"
        );
    }
    for (table, expected) in [
        ("PaymentsTable", &["due"][..]),
        ("DelayedMessagesTable", &["due", "list"][..]),
        ("AppealsTable", &["due", "list", "merchant"][..]),
    ] {
        let properties = &template.whole()["Resources"][table]["Properties"];
        let indexes = properties["GlobalSecondaryIndexes"].as_array().unwrap();
        let names: Vec<_> = indexes.iter().map(|index| &index["IndexName"]).collect();
        assert_eq!(names, expected, "{table}");
        for index in indexes {
            assert_eq!(index["Projection"]["ProjectionType"], "KEYS_ONLY");
        }
    }
}

/// S19, F46, F54, F64: somebody hears of every dead letter, and of a scan that stopped.
#[test]
fn every_dead_letter_queue_and_every_function_has_an_alarm() {
    let template = template();
    let alarms = template.resources("AWS::CloudWatch::Alarm");
    let watched = |metric: &str| -> BTreeSet<String> {
        alarms
            .iter()
            .filter(|(_, alarm)| alarm["Properties"]["MetricName"] == metric)
            .filter_map(|(_, alarm)| {
                named(&alarm["Properties"]["Dimensions"][0]["Value"]).map(str::to_owned)
            })
            .collect()
    };
    assert_eq!(
        watched("ApproximateNumberOfMessagesVisible"),
        dead_letter_queues(&template)
    );
    let functions: BTreeSet<String> = template
        .functions()
        .into_iter()
        .map(|(id, _)| id.to_owned())
        .collect();
    assert_eq!(watched("Errors"), functions);
    let scheduled = ["audit", "reconcile", "scan"].map(str::to_owned);
    assert_eq!(watched("Invocations"), BTreeSet::from(scheduled));
    for (id, alarm) in alarms {
        let properties = &alarm["Properties"];
        // F95: what comes every minute, or every morning, is missed when it does not come.
        let silence = match id {
            "ScanSilentAlarm" | "ReconcileSilentAlarm" | "AuditSilentAlarm" | "OldestDueAlarm" => {
                "breaching"
            }
            _ => "notBreaching",
        };
        assert_eq!(properties["TreatMissingData"], silence, "{id}");
        assert!(!properties["AlarmActions"].is_null(), "{id}");
        assert!(properties["AlarmDescription"].is_string(), "{id}");
    }
}

#[test]
fn every_function_logs_where_logs_end() {
    let template = template();
    let groups: BTreeMap<&str, &Value> = template
        .resources("AWS::Logs::LogGroup")
        .into_iter()
        .collect();
    for (id, group) in &groups {
        assert!(
            !group["Properties"]["RetentionInDays"].is_null(),
            "{id} would be kept for ever"
        );
    }
    for (id, function) in template.functions() {
        let group = named(&function["Properties"]["LoggingConfig"]["LogGroup"]).unwrap();
        assert!(groups.contains_key(group), "{id}");
    }
}

/// S12: addresses and names only.
#[test]
fn no_environment_value_looks_like_a_secret() {
    let template = template();
    let globals = &template.whole()["Globals"]["Function"];
    let all = template
        .functions()
        .into_iter()
        .map(|(id, function)| (id, &function["Properties"]))
        .chain([("Globals", globals)]);
    for (id, owner) in all {
        for (name, value) in owner["Environment"]["Variables"]
            .as_object()
            .into_iter()
            .flatten()
        {
            for word in [
                "SECRET",
                "PASSWORD",
                "TOKEN",
                "PRIVATE",
                "API_KEY",
                "CREDENTIAL",
            ] {
                assert!(!name.contains(word), "{id}: {name}");
            }
            let plain = value.to_string();
            assert!(!plain.contains("BEGIN "), "{id}: {name}");
            assert!(!plain.contains("resolve:secretsmanager"), "{id}: {name}");
            let refers = |value: &Value| named(value).is_some();
            let chosen = value["Fn::If"]
                .as_array()
                .is_some_and(|of| of[1..].iter().all(refers));
            assert!(
                refers(value) || chosen || value == "info",
                "{id}: {name} is a reference, so nothing is pasted"
            );
        }
    }
    for (name, parameter) in template.whole()["Parameters"].as_object().unwrap() {
        assert!(
            parameter["NoEcho"].is_null(),
            "{name}: secrets do not pass through parameters"
        );
    }
}
