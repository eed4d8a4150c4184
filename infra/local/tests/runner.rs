//! The runner itself, with scripts in place of the functions and the simulator: what it starts answers, what it stops is
//! gone, and what is missing or taken is said plainly.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use payonce_local::{Binaries, Mode, Stack, StackOptions};
use serde_json::Value;

fn options(name: &str) -> StackOptions {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stand-ins");
    let mut paths: BTreeMap<String, PathBuf> =
        ["pay", "payments", "webhook", "query", "scan", "refund"]
            .into_iter()
            .map(|function| (function.to_owned(), scripts.join("function.py")))
            .collect();
    paths.insert("channel-simulator".to_owned(), scripts.join("simulator.py"));
    StackOptions {
        binaries: Some(Binaries::at(paths)),
        ..StackOptions::for_test(name)
    }
}

async fn send(request: Request<Body>) -> (StatusCode, Value) {
    let client = Client::builder(TokioExecutor::new()).build_http::<Body>();
    let response = client.request(request).await.unwrap();
    let status = response.status();
    if status == StatusCode::IM_A_TEAPOT {
        assert_eq!(response.headers()["x-seen"], "yes");
    }
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

/// Processes that carry the mark of this directory: the children and whatever they started.
fn carriers(directory: &Path) -> Vec<u32> {
    let mark = format!("PAYONCE_LOCAL_DIRECTORY={}", directory.display());
    std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| {
            std::fs::read(format!("/proc/{pid}/environ"))
                .is_ok_and(|environ| String::from_utf8_lossy(&environ).contains(&mark))
        })
        .collect()
}

#[tokio::test]
async fn it_starts_answers_stops_and_starts_again_where_it_was() {
    let first = options("runner-restart");
    let directory = first.directory.clone();
    let stack = Stack::start(first).await.unwrap();
    let before = stack.endpoints().clone();
    let written: Value =
        serde_json::from_slice(&std::fs::read(directory.join("endpoints.json")).unwrap()).unwrap();
    assert_eq!(written["api_url"], before.api_url.as_str());
    assert_eq!(written["merchants"][0]["mode"], "strict");
    for (logical, real) in [("payments", "PaymentsTable"), ("controls", "ControlsTable")] {
        assert!(before.tables[logical].contains(real));
    }
    assert!(before.queues["payment-queries"].contains("PaymentQueriesQueue"));
    assert!(
        before
            .merchants
            .iter()
            .any(|each| each.mode == Mode::Lenient)
    );

    let request = Request::post(format!("{}/v1/payments?a=%20b", before.api_url))
        .header("content-type", "application/json")
        .header("authorization", "Bearer sk")
        .body(Body::from(r#"{ "spaces":  "stay" }"#))
        .unwrap();
    let (status, seen) = send(request).await;
    assert_eq!(status, StatusCode::IM_A_TEAPOT);
    assert_eq!(seen["route"], "POST /v1/payments");
    assert_eq!(seen["body"], r#"{ "spaces":  "stay" }"#);
    assert_eq!(seen["authorization"], "Bearer sk");
    assert_eq!(seen["aws"], before.aws_endpoint_url.as_str());
    assert_eq!(seen["table"], before.tables["payments"].as_str());
    assert_eq!(seen["public_url"], before.api_url.as_str());

    let form = Request::post(format!("{}/v1/webhooks/alipay/a", before.api_url))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from("x=%E4%BB%98&y=1"))
        .unwrap();
    let (_, seen) = send(form).await;
    assert_eq!(seen["route"], "POST /v1/webhooks/{channel}/{account}");
    assert_eq!(seen["base64"], true);

    let page = Request::get(format!("{}/", before.api_url))
        .body(Body::empty())
        .unwrap();
    assert_eq!(send(page).await.0, StatusCode::OK);
    assert!(
        carriers(&directory).len() >= 3,
        "the functions run under us"
    );

    stack.stop().await;
    assert_eq!(carriers(&directory), Vec::<u32>::new());
    assert!(!directory.join("endpoints.json").exists());

    let again = StackOptions {
        fresh: false,
        ..options("runner-restart")
    };
    let stack = Stack::start(again).await.unwrap();
    let after = stack.endpoints();
    assert_eq!(after.tables, before.tables);
    assert_eq!(after.operator_token, before.operator_token);
    assert_eq!(after.aws_endpoint_url, before.aws_endpoint_url);
    let request = Request::get(format!("{}/v1/payments/P1/timeline", after.api_url))
        .body(Body::empty())
        .unwrap();
    let (status, seen) = send(request).await;
    assert_eq!(status, StatusCode::IM_A_TEAPOT);
    assert_eq!(seen["route"], "GET /v1/payments/{payment_no}/timeline");
    stack.stop().await;
}

#[tokio::test]
async fn a_child_that_dies_is_reported_and_a_second_start_is_refused() {
    let mut stack = Stack::start(options("runner-death")).await.unwrap();
    let twice = Stack::start(options("runner-death")).await.unwrap_err();
    assert!(format!("{twice:#}").contains("already runs"), "{twice:#}");

    let directory = options("runner-death").directory;
    let simulator = carriers(&directory.join("channel simulator"))[0];
    std::process::Command::new("sh")
        .args(["-c", &format!("kill -KILL {simulator}")])
        .status()
        .unwrap();
    let failure = tokio::time::timeout(std::time::Duration::from_secs(10), stack.failure())
        .await
        .unwrap();
    assert!(failure.contains("channel simulator stopped"), "{failure}");
    stack.stop().await;
    assert_eq!(carriers(&directory), Vec::<u32>::new());
}

#[tokio::test]
async fn a_taken_port_names_the_option_that_helps() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let error = Stack::start(StackOptions {
        port: taken.local_addr().unwrap().port(),
        ..options("runner-port")
    })
    .await
    .unwrap_err();
    assert!(format!("{error:#}").contains("--port"), "{error:#}");
}
