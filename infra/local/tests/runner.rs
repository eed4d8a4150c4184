//! The runner itself, with scripts in place of the functions and the simulator: what it starts answers, what it stops is
//! gone, and what is missing or taken is said plainly.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use payonce_domain::{Channel, MerchantId};
use payonce_local::{Binaries, Endpoints, Mode, Stack, StackOptions};
use payonce_store::{Store, Tables};
use serde_json::{Value, json};

fn options(name: &str) -> StackOptions {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stand-ins");
    let functions = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../functions");
    let functions = std::fs::read_dir(functions).unwrap();
    let mut paths: BTreeMap<String, PathBuf> = functions
        .map(|folder| folder.unwrap().file_name().into_string().unwrap())
        .map(|function| (function, scripts.join("function.py")))
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

fn nobody() -> Credentials {
    Credentials::new("test", "test", None, None, "runner")
}

fn database(endpoints: &Endpoints) -> aws_sdk_dynamodb::Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(endpoints.aws_region.clone()))
        .endpoint_url(&endpoints.aws_endpoint_url)
        .credentials_provider(nobody())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    aws_sdk_dynamodb::Client::from_conf(config)
}

fn store(endpoints: &Endpoints) -> Store {
    let table = |name: &str| endpoints.tables[name].clone();
    let tables = Tables {
        payments: table("payments"),
        evidence: table("evidence"),
        merchants: table("merchants"),
        controls: table("controls"),
        delayed_messages: table("delayed-messages"),
        ledger: table("ledger"),
        findings: table("findings"),
        appeals: table("appeals"),
        journal: table("journal"),
        due_shards: 1,
    };
    Store::new(database(endpoints), tables)
}

async fn secret(endpoints: &Endpoints, name: &str) -> Value {
    let config = aws_sdk_secretsmanager::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(endpoints.aws_region.clone()))
        .endpoint_url(&endpoints.aws_endpoint_url)
        .credentials_provider(nobody())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    let client = aws_sdk_secretsmanager::Client::from_conf(config);
    let got = client.get_secret_value().secret_id(name).send().await;
    serde_json::from_str(got.unwrap().secret_string().unwrap()).unwrap()
}

/// Settings in the table and keys in Secrets Manager, those that decrypt apart from those that sign.
async fn check_seeded(endpoints: &Endpoints) {
    let store = store(endpoints);
    let mut names = Vec::new();
    for listed in &endpoints.merchants {
        let id = MerchantId::new(listed.merchant_id.as_str()).unwrap();
        let merchant = store.merchant(&id).await.unwrap().unwrap();
        for account in &merchant.accounts {
            let path = format!("{}/{}", account.channel.name(), account.id);
            assert_eq!(account.secret_name, format!("payonce/{path}"));
            let signing = secret(endpoints, &account.secret_name).await;
            assert_eq!(
                signing["private_key"],
                format!("merchant_private_key of {}", account.id)
            );
            let receiving = match account.channel {
                Channel::Wechat => Some(format!("payonce/receiving/{path}")),
                Channel::Alipay | Channel::Unionpay => None,
            };
            assert_eq!(account.receiving_secret_name, receiving);
            if let Some(name) = receiving {
                let keys = json!({ "apiv3_keys": [format!("apiv3_key of {}", account.id)] });
                assert_eq!(secret(endpoints, &name).await, keys);
            }
            assert!(!account.settings.contains("private_key"), "{path}");
            assert!(!account.settings.contains("apiv3"), "{path}");
            assert!(!account.retired, "{path}");
            let owner = store.account_owner(account.channel, &account.id).await;
            assert_eq!(owner.unwrap(), Some(id.clone()));
            names.push(account.id.to_string());
        }
    }
    let expected = [
        "alipay-strict",
        "wechat-strict",
        "unionpay-strict",
        "alipay-lenient",
        "wechat-lenient",
        "unionpay-lenient",
        "alipay-certificates",
        "alipay-spare",
        "wechat-spare",
        "unionpay-spare",
    ];
    assert_eq!(names, expected);
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
    let listed = |place: usize| before.merchants[place].merchant_id.as_str();
    assert_eq!(
        [listed(0), listed(1), listed(2)],
        ["m-strict", "m-lenient", "m-spare"]
    );
    check_seeded(&before).await;
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
    assert_eq!(after.merchants[2].api_key, before.merchants[2].api_key);
    check_seeded(after).await;
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
