//! What `template.yaml` must guarantee of the operators' console.

#![allow(clippy::unwrap_used, clippy::panic)]

use template_tests::Template;

/// Nothing that is deployed can be told another time than it is.
#[test]
fn no_function_has_a_clock_that_can_be_moved() {
    let text = Template::read().unwrap().whole().to_string();
    assert!(!text.contains("CLOCK_AHEAD_FILE"));
}

/// S4: operators have an API of their own, which is not there without an issuer; only the issuer's tokens
/// begin a session, and links are for the local stack.
#[test]
fn s4_the_console_is_there_only_with_an_issuer_of_tokens() {
    let template = Template::read().unwrap();
    let whole = template.whole();
    assert_eq!(whole["Parameters"]["JwtIssuer"]["Default"], "");
    assert_eq!(whole["Parameters"]["ConsoleLinks"]["Default"], "false");
    for id in ["console", "ConsoleApi", "ConsoleErrorsAlarm"] {
        assert_eq!(whole["Resources"][id]["Condition"], "HasConsole", "{id}");
    }
    let api = &whole["Resources"]["ConsoleApi"]["Properties"]["Auth"];
    assert!(
        api["DefaultAuthorizer"].is_null(),
        "pages ask for a session"
    );
    let issuer = &api["Authorizers"]["Operators"]["JwtConfiguration"]["issuer"];
    assert_eq!(issuer["Ref"], "JwtIssuer");
    let events = whole["Resources"]["console"]["Properties"]["Events"]
        .as_object()
        .unwrap();
    for (name, event) in events {
        let properties = &event["Properties"];
        assert_eq!(properties["ApiId"]["Ref"], "ConsoleApi", "{name}");
        let asks = properties["Auth"]["Authorizer"] == "Operators";
        assert_eq!(asks, properties["Path"] == "/console/session", "{name}");
    }
}

/// S4: with no issuer nothing of the console is deployed: whatever names one of its resources has the same condition.
#[test]
fn s4_without_an_issuer_nothing_of_the_console_is_there() {
    let template = Template::read().unwrap();
    let whole = template.whole();
    let resources = whole["Resources"].as_object().unwrap();
    let theirs: Vec<_> = resources
        .iter()
        .filter(|(_, resource)| resource["Condition"] == "HasConsole")
        .map(|(id, _)| id.as_str())
        .collect();
    for id in ["console", "ConsoleApi"] {
        assert!(theirs.contains(&id), "{id}");
    }
    let outputs = whole["Outputs"].as_object().unwrap();
    for (id, one) in resources.iter().chain(outputs) {
        let text = one.to_string();
        let named = theirs.iter().any(|theirs| {
            text.contains(&format!("{{\"Ref\":\"{theirs}\"}}"))
                || text.contains(&format!("{{\"Fn::GetAtt\":[\"{theirs}\""))
                || text.contains(&format!("${{{theirs}}}"))
                || text.contains(&format!("${{{theirs}."))
        });
        if named {
            assert_eq!(one["Condition"], "HasConsole", "{id} is of the console");
        }
    }
    let has = &whole["Conditions"]["HasConsole"];
    assert_eq!(
        has.to_string(),
        r#"{"Fn::Not":[{"Fn::Equals":[{"Ref":"JwtIssuer"},""]}]}"#
    );
}

/// S4: there is one way to each page of the console: its own API. No other API leads to the function, it has no address of
/// its own, and nobody but API Gateway may invoke it.
#[test]
fn s4_nothing_but_its_own_api_leads_to_the_console() {
    let template = Template::read().unwrap();
    let whole = template.whole();
    for (id, function) in template.functions() {
        assert!(
            function["Properties"]["FunctionUrlConfig"].is_null(),
            "{id}"
        );
        let events = function["Properties"]["Events"].as_object();
        for (name, event) in events.into_iter().flatten() {
            let properties = &event["Properties"];
            let path = properties["Path"].as_str().unwrap_or_default();
            let is_console = id == "console";
            assert_eq!(
                path.starts_with("/console"),
                is_console,
                "{id} {name}: {path}"
            );
            let theirs = properties["ApiId"]["Ref"] == "ConsoleApi";
            assert_eq!(theirs, is_console, "{id} {name}");
            // A route that takes whatever no other takes would be open to all.
            assert!(!path.contains("$default"), "{id} {name}");
            if is_console {
                assert_eq!(event["Type"], "HttpApi", "{name}");
            }
        }
    }
    for (id, resource) in whole["Resources"].as_object().unwrap() {
        let kind = resource["Type"].as_str().unwrap_or_default();
        let invokes = kind == "AWS::Lambda::Permission" || kind == "AWS::Lambda::Url";
        let text = resource["Properties"].to_string();
        assert!(
            !(invokes && text.contains("\"console\"")),
            "{id} lets somebody in"
        );
        let grants = resource["Properties"]["Policies"].to_string();
        assert!(
            !grants.contains("\"console\",\"Arn\""),
            "{id} may invoke the console"
        );
    }
}
