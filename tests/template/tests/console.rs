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
