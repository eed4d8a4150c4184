//! Operators who come in by their issuer's tokens: the deployed function gets the event that API Gateway sends (HTTP API,
//! payload 2.0) after its JWT authorizer has verified a token. The local stack has no issuer, so the event is made here and
//! the function is invoked with it.

use anyhow::{Context, ensure};
use end_to_end::{Operator, Scenario, World, same, scenario};
use serde_json::{Value, json};

/// The claim that `template.yaml` reads roles from, unless it is told otherwise.
const CLAIM: &str = "cognito:groups";
/// Every route of the console, where it is written down.
const ROUTES: &str = include_str!("../../../../functions/console/src/routes.rs");
/// Reached by whoever has not come in: the page that says so, what it looks like, and the ways in and out.
const OPEN: [&str; 4] = [
    "/console/assets/{file}",
    "/console/login",
    "/console/session",
    "/console/logout",
];

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        scenario(
            "s4_console_the_authorizers_word_begins_a_session_of_its_role",
            roles,
        ),
        scenario(
            "s4_console_without_the_authorizers_word_there_is_no_session",
            nobody,
        ),
        scenario(
            "s4_console_every_route_asks_for_a_session",
            every_route_asks,
        ),
    ]
}

/// The event of a request. `authorizer` is what API Gateway's authorizer says; null: none looked.
fn event(method: &str, path: &str, headers: &Value, authorizer: &Value) -> Value {
    let http = json!({
        "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": "test",
    });
    let mut context = json!({
        "accountId": "123456789012", "apiId": "a1b2c3", "domainName": "a1b2c3.execute-api.eu-west-1.amazonaws.com",
        "domainPrefix": "a1b2c3", "http": http, "requestId": "JKJaXmPLvHcESHA=", "routeKey": format!("{method} {path}"),
        "stage": "$default", "time": "27/Nov/2026:01:00:00 +0000", "timeEpoch": 1_795_741_200_000_u64,
    });
    if !authorizer.is_null() {
        context["authorizer"] = authorizer.clone();
    }
    json!({
        "version": "2.0", "routeKey": format!("{method} {path}"), "rawPath": path, "rawQueryString": "",
        "headers": headers, "requestContext": context, "isBase64Encoded": false,
    })
}

/// What the authorizer says of a token with these claims: each as a text, a list as `[one two]`.
fn let_through(claims: &Value) -> Value {
    json!({ "jwt": { "claims": claims, "scopes": null } })
}

async fn begin(world: &World, headers: &Value, authorizer: &Value) -> anyhow::Result<Value> {
    let event = event("POST", "/console/session", headers, authorizer);
    world.aws.invoke("console", &event).await
}

/// The cookie of a session, if the answer begins one.
fn cookie(answer: &Value) -> Option<String> {
    let cookies = answer["cookies"].as_array().into_iter().flatten();
    let headers = answer["multiValueHeaders"]["set-cookie"].as_array();
    let single = [&answer["headers"]["set-cookie"]];
    let all = cookies.chain(headers.into_iter().flatten()).chain(single);
    let mut all = all.filter_map(Value::as_str);
    let found = all.find(|line| line.starts_with("payonce_operator="))?;
    found.split(';').next().map(str::to_owned)
}

async fn roles(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    for (claim, role, stops) in [
        ("[viewer]", "viewer", false),
        ("[operator]", "operator", true),
        ("[staff approver viewer]", "approver", true),
        // One group alone is a text as it is.
        ("operator", "operator", true),
    ] {
        let claims = json!({
            "sub": "5b6f-ann", "iss": "https://issuer.example", "aud": "console", "exp": "1795744800", CLAIM: claim,
        });
        let answer = begin(&world, &json!({}), &let_through(&claims)).await?;
        same(claim, &answer["statusCode"], 303)?;
        let cookie = cookie(&answer).with_context(|| format!("a session: {answer}"))?;
        let headers = json!({ "cookie": cookie, "accept-language": "en" });
        let home = event("GET", "/console", &headers, &Value::Null);
        let home = world.aws.invoke("console", &home).await?;
        same("it opens", &home["statusCode"], 200)?;
        let page = home["body"].as_str().unwrap_or_default();
        ensure!(
            page.contains("5b6f-ann")
                && page.contains(&format!("<span class=\"tag\">{role}</span>")),
            "{claim}: {page}"
        );
        // What only its role may do, with a form of another session: the role is asked for after the form.
        let mut operator = Operator::nobody(&world);
        operator.cookie = cookie;
        let controls = operator.page("/console/controls").await?;
        same(claim, controls.contains("id=\"set-switch\""), stops)?;
    }
    Ok(())
}

async fn nobody(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let claims = json!({ "sub": "mallory", CLAIM: "[approver]" });
    let said = let_through(&claims);
    // A stranger can put all of this into a request.
    let forged = json!({
        "authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJtYWxsb3J5In0.",
        "x-amzn-request-context": json!({ "authorizer": said }).to_string(),
        "x-amz-jwt-claims": claims.to_string(), "sub": "mallory", "cognito-groups": "[approver]",
        "cookie": "payonce_operator=bWFsbG9yeQ.approver.9999999999999.AAAA",
    });
    let long = "a".repeat(400);
    let cases = [
        ("no authorizer", Value::Null),
        ("an authorizer that says nothing", json!({})),
        ("no claims", let_through(&json!({}))),
        ("no role", let_through(&json!({ "sub": "ann" }))),
        (
            "a role that is none",
            let_through(&json!({ "sub": "ann", CLAIM: "[admins operators]" })),
        ),
        (
            "no groups",
            let_through(&json!({ "sub": "ann", CLAIM: "[]" })),
        ),
        (
            "a role in another claim",
            let_through(&json!({ "sub": "ann", "role": "approver", "scope": "approver" })),
        ),
        ("nobody's", let_through(&json!({ CLAIM: "[approver]" }))),
        (
            "an empty name",
            let_through(&json!({ "sub": "", CLAIM: "[approver]" })),
        ),
        (
            "too long a name",
            let_through(&json!({ "sub": long, CLAIM: "[approver]" })),
        ),
        (
            "another authorizer's",
            json!({ "lambda": { "sub": "ann", CLAIM: "[approver]" } }),
        ),
    ];
    for (what, authorizer) in cases {
        let answer = begin(&world, &forged, &authorizer).await?;
        same(what, &answer["statusCode"], 401)?;
        ensure!(cookie(&answer).is_none(), "{what}: {answer}");
    }
    Ok(())
}

/// Each path that [`ROUTES`] names, with something in each of its places.
fn paths() -> Vec<String> {
    let named = ROUTES.split("\"/console").skip(1);
    let paths = named.filter_map(|rest| Some(format!("/console{}", rest.split_once('"')?.0)));
    paths.collect()
}

/// A route that is added later is asked for here as well, without anybody remembering it.
async fn every_route_asks(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let paths = paths();
    ensure!(paths.len() >= 20, "{} routes were found", paths.len());
    for open in OPEN {
        ensure!(paths.iter().any(|path| path == open), "{open} is a route");
    }
    for path in paths.iter().filter(|path| !OPEN.contains(&path.as_str())) {
        let filled: Vec<_> = path
            .split('/')
            .map(|part| if part.starts_with('{') { "x" } else { part })
            .collect();
        let filled = filled.join("/");
        let mut asked = 0;
        for method in ["GET", "POST"] {
            for cookie in ["", "payonce_operator=b3R0bw.approver.9999999999999.AAAA"] {
                let headers = json!({ "cookie": cookie, "accept-language": "en" });
                let event = event(method, &filled, &headers, &Value::Null);
                let answer = world.aws.invoke("console", &event).await?;
                let status = &answer["statusCode"];
                // A route has one method; the other is no route at all.
                ensure!(
                    *status == 401 || *status == 404,
                    "{method} {filled}: {answer}"
                );
                asked += usize::from(*status == 401);
                let body = answer["body"].as_str().unwrap_or_default();
                ensure!(
                    *status == 404 || body.contains("Sign in"),
                    "{method} {filled}: {body}"
                );
            }
        }
        ensure!(asked >= 2, "{filled} asks nobody for a session");
    }
    Ok(())
}
