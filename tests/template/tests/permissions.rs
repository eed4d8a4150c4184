//! Who may do what to what: the grants of `template.yaml`, held to `iam.txt` and to what none of them may be.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;

use template_tests::{Grant, Template};

fn template() -> Template {
    Template::read().unwrap()
}

/// S14: one role for one function, and exactly what stands in `iam.txt`.
#[test]
fn the_iam_matrix_is_the_checked_in_one() {
    let template = template();
    for (id, function) in template.functions() {
        assert!(
            function["Properties"]["Role"].is_null(),
            "{id} has a role of its own, which SAM makes"
        );
    }
    assert!(template.whole()["Globals"]["Function"]["Policies"].is_null());
    let found: Vec<String> = template
        .grants()
        .into_iter()
        .map(|grant| {
            format!(
                "{:<9} {:<32} {}",
                grant.function, grant.action, grant.resource
            )
        })
        .collect();
    let expected = include_str!("../iam.txt");
    let expected: Vec<&str> = expected
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    assert_eq!(
        found,
        expected,
        "\ntests/template/iam.txt should read:\n{}\n",
        found.join("\n")
    );
}

/// S14, F20, F69: books are never deleted, no table is read from end to end, and nothing is allowed wholesale.
#[test]
fn no_grant_is_a_wildcard_and_nobody_deletes() {
    for grant in template().grants() {
        assert!(!grant.action.contains('*'), "{grant:?}");
        assert!(!grant.action.starts_with("dynamodb:Delete"), "{grant:?}");
        assert!(
            !grant.action.starts_with("dynamodb:BatchWrite"),
            "{grant:?}"
        );
        assert!(!grant.action.starts_with("dynamodb:PartiQL"), "{grant:?}");
        assert_ne!(grant.action, "dynamodb:Scan", "{grant:?}");
        assert!(!grant.resource.contains('*'), "{grant:?}");
    }
}

/// S3, F80: a refund is asked for by two functions of ours and by operators, and by nobody else; whoever asks
/// names one that is owed, and no amount.
#[test]
fn refund_has_no_route_and_only_query_scan_and_operators_may_invoke_it() {
    let template = template();
    let (_, refund) = template
        .functions()
        .into_iter()
        .find(|(id, _)| *id == "refund")
        .unwrap();
    assert!(refund["Properties"]["Events"].is_null());
    assert!(refund["Properties"]["FunctionUrlConfig"].is_null());
    assert!(template.resources("AWS::Lambda::Permission").is_empty());
    let callers: BTreeSet<String> = template
        .grants()
        .into_iter()
        .filter(|grant| grant.action == "lambda:InvokeFunction" && grant.resource == "refund")
        .map(|grant| format!("{} -> {}", grant.function, grant.resource))
        .collect();
    assert_eq!(
        callers.into_iter().collect::<Vec<_>>(),
        ["console -> refund", "query -> refund", "scan -> refund"]
    );
}

/// F31: what strangers can reach can sign nothing: it reads what decrypts, and no key that signs.
#[test]
fn webhook_reads_only_secrets_that_decrypt() {
    let read: Vec<String> = template()
        .grants()
        .into_iter()
        .filter(|grant| grant.function == "webhook")
        .filter(|grant| grant.action.starts_with("secretsmanager:"))
        .map(|grant| format!("{} {}", grant.action, grant.resource))
        .collect();
    assert_eq!(
        read,
        ["secretsmanager:GetSecretValue secrets under SecretPrefix, receiving/ only"]
    );
}

/// What a buyer does is counted beside the evidence, and never in it.
#[test]
fn the_cashier_changes_rows_of_buyers_only() {
    let template = template();
    let functions = template.functions();
    let (_, cashier) = functions.iter().find(|(id, _)| *id == "cashier").unwrap();
    let statements = cashier["Properties"]["Policies"][0]["Statement"].as_array();
    let on_evidence = statements.unwrap().iter().filter(|statement| {
        let actions = statement["Action"].as_array().unwrap();
        statement["Resource"]["Fn::GetAtt"][0] == "EvidenceTable"
            && actions.iter().any(|action| action == "dynamodb:UpdateItem")
    });
    let conditions: Vec<_> = on_evidence
        .map(|statement| &statement["Condition"]["ForAllValues:StringLike"])
        .collect();
    assert_eq!(conditions.len(), 1);
    assert_eq!(conditions[0]["dynamodb:LeadingKeys"][0], "buyer#*");
}

/// What speaks to addresses that merchants chose (S7) can touch no payment, and sign nothing that a channel believes.
#[test]
fn delay_knows_of_no_money() {
    for grant in template().grants() {
        if grant.function == "delay" {
            let resource = grant.resource.as_str();
            assert!(!resource.starts_with("Payment"), "{grant:?}");
            assert!(!resource.starts_with("Evidence"), "{grant:?}");
            assert!(!resource.starts_with("Controls"), "{grant:?}");
            assert_ne!(resource, "secrets under SecretPrefix");
        }
    }
}

/// S7: what calls addresses that merchants chose can speak to no channel and read no evidence.
#[test]
fn notify_holds_no_key_of_a_channel() {
    let grants = template().grants();
    let own = grants.iter().filter(|grant| grant.function == "notify");
    let reached: BTreeSet<&str> = own.map(|grant| grant.resource.as_str()).collect();
    assert_eq!(
        reached.into_iter().collect::<Vec<_>>(),
        [
            "EventBus",
            "JournalTable",
            "LedgerTable",
            "MerchantNotificationsQueue",
            "MerchantsTable",
            "PaymentsTable",
            "secrets under SecretPrefix, merchants/ only",
        ]
    );
}

/// Whoever signs speaks to channels about orders, and so reads and moves their breakers and turns; what receives does
/// neither.
#[test]
fn whoever_speaks_to_channels_minds_their_breakers() {
    let template = template();
    let who = |wanted: &dyn Fn(&Grant) -> bool| -> BTreeSet<String> {
        let grants = template.grants().into_iter();
        let found = grants.filter(|grant| wanted(grant));
        found.map(|grant| grant.function).collect()
    };
    let signing = who(&|grant| grant.resource == "secrets under SecretPrefix");
    for action in ["dynamodb:GetItem", "dynamodb:UpdateItem"] {
        let minding = who(&|grant| grant.resource == "ControlsTable" && grant.action == action);
        assert_eq!(minding, signing, "{action}");
    }
}

/// What decides that money goes back neither sends it nor speaks to addresses that merchants chose; and of the evidence it
/// reads what buyers did, and no channel's word.
#[test]
fn appeals_sends_no_refund_and_calls_no_merchant() {
    let template = template();
    let grants = template.grants();
    let own: Vec<_> = grants
        .iter()
        .filter(|grant| grant.function == "appeals")
        .collect();
    for grant in &own {
        assert_ne!(grant.action, "lambda:InvokeFunction", "{grant:?}");
        assert_ne!(grant.action, "events:PutEvents", "{grant:?}");
    }
    let functions = template.functions();
    let (_, appeals) = functions.iter().find(|(id, _)| *id == "appeals").unwrap();
    let statements = appeals["Properties"]["Policies"][0]["Statement"].as_array();
    let reads: Vec<_> = statements
        .unwrap()
        .iter()
        .filter(|statement| statement["Sid"] == "BuyerActs")
        .map(|statement| &statement["Condition"]["ForAllValues:StringLike"])
        .collect();
    assert_eq!(reads.len(), 1);
    assert_eq!(reads[0]["dynamodb:LeadingKeys"][0], "buyer#*");
}
