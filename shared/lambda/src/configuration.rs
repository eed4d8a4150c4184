//! Configuration: everything from the environment, nothing secret in it; clients with every time-out set.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use payonce_app::appeals::Appeals;
use payonce_app::audit::Audit;
use payonce_app::console::{Console, DeadLetters};
use payonce_app::delay::{self, Delay, Wheel};
use payonce_app::{Accounts, App, Bus, Names, Outbox};
use payonce_channels::Transport;
use payonce_delivery::{Courier, Reach};
use payonce_store::{Store, Tables};

use crate::bucket::Bucket;
use crate::export::Exporter;

/// One try of a call to AWS. In the same region an answer takes milliseconds; this is for the bad day, on which giving up
/// sooner and asking again would only add to the load.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
/// A call to AWS with all its tries.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(8);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const ATTEMPTS: u32 = 3;

/// Everything the use cases act through, as this function's environment names it.
///
/// # Errors
/// If a variable is missing; the message names it.
pub fn app() -> anyhow::Result<App> {
    let function = function();
    let config = sdk_config(&function)?;
    let store = store(&config)?;
    let outbox = Outbox::new(
        aws_sdk_sqs::Client::new(&config),
        aws_sdk_lambda::Client::new(&config),
        Names {
            queries_url: queue("PAYMENT_QUERIES_QUEUE_URL")?,
            notifications_url: queue("MERCHANT_NOTIFICATIONS_QUEUE_URL")?,
            refund_function: std::env::var("REFUND_FUNCTION").ok(),
            notify_function: std::env::var("NOTIFY_FUNCTION").ok(),
            appeals_function: std::env::var("APPEALS_FUNCTION").ok(),
        },
    );
    let events = aws_sdk_eventbridge::Client::new(&config);
    let bus = Bus::new(events, variable("EVENT_BUS")?);
    let courier = Courier::new(reach()?);
    let mut accounts = accounts(&store, &config);
    if let Ok(name) = std::env::var("CASHIER_KEY") {
        accounts = accounts.with_cashier_key(name);
    }
    let transport = Transport::new(&format!("payonce/{function}"));
    let url = public_url()?;
    Ok(App::new(
        store, accounts, transport, outbox, courier, bus, url,
    ))
}

/// Everything the use cases of delayed messages act through.
///
/// # Errors
/// If a variable is missing; the message names it.
pub fn delay() -> anyhow::Result<Delay> {
    let config = sdk_config(&function())?;
    let store = store(&config)?;
    let bus = aws_sdk_eventbridge::Client::new(&config);
    Ok(Delay {
        accounts: accounts(&store, &config),
        wheel: wheel_over(&store, &config)?,
        courier: Courier::new(reach()?),
        bus: delay::Bus::new(bus, variable("EVENT_BUS")?),
        store,
    })
}

/// Everything the use cases of appeals act through.
///
/// # Errors
/// If a variable is missing; the message names it.
pub fn appeals() -> anyhow::Result<Appeals> {
    Ok(Appeals {
        app: app()?,
        delay: delay()?,
    })
}

/// Everything the operators' console acts through.
///
/// # Errors
/// If a variable is missing; the message names it.
pub fn console() -> anyhow::Result<Console> {
    let config = sdk_config(&function())?;
    let queues = [
        ("payment-queries", "DEAD_PAYMENT_QUERIES"),
        ("merchant-notifications", "DEAD_MERCHANT_NOTIFICATIONS"),
        ("refund", "DEAD_REFUND"),
        ("scan", "DEAD_SCAN"),
        ("delayed-messages", "DEAD_DELAYED_MESSAGES"),
        ("delay", "DEAD_DELAY"),
        ("appeals", "DEAD_APPEALS"),
    ];
    let queues = queues.into_iter();
    let queues = queues.map(|(name, url)| Ok((name, variable(url)?)));
    let queues = queues.collect::<anyhow::Result<_>>()?;
    let dead_letters = DeadLetters::new(aws_sdk_sqs::Client::new(&config), queues);
    let links = variable("CONSOLE_LINKS")? == "true";
    Ok(Console::new(
        app()?,
        variable("CONSOLE_KEY")?,
        links,
        dead_letters,
    ))
}

/// What audits the table of payments, and has it exported.
///
/// # Errors
/// If a variable is missing; the message names it.
pub fn audit() -> anyhow::Result<(Audit, Exporter)> {
    let config = sdk_config(&function())?;
    let exports = variable("EXPORTS_BUCKET")?;
    let exporter = Exporter {
        client: aws_sdk_dynamodb::Client::new(&config),
        payments_arn: variable("PAYMENTS_TABLE_ARN")?,
        appeals_arn: variable("APPEALS_TABLE_ARN")?,
        bucket: exports.clone(),
    };
    let audit = Audit {
        store: store(&config)?,
        exports: Arc::new(bucket(exports)?),
        heads: Arc::new(bucket(variable("HEADS_BUCKET")?)?),
    };
    Ok((audit, exporter))
}

fn bucket(name: String) -> anyhow::Result<Bucket> {
    let endpoint = std::env::var("AWS_ENDPOINT_URL").ok();
    let region = variable("AWS_REGION")?;
    Bucket::new(&function(), name, region, endpoint, credentials()?)
}

/// What brings delayed messages to their time.
///
/// # Errors
/// If a variable is missing; the message names it.
pub fn wheel() -> anyhow::Result<Wheel> {
    let config = sdk_config(&function())?;
    wheel_over(&store(&config)?, &config)
}

fn wheel_over(store: &Store, config: &SdkConfig) -> anyhow::Result<Wheel> {
    Ok(Wheel::new(
        store.clone(),
        aws_sdk_sqs::Client::new(config),
        aws_sdk_lambda::Client::new(config),
        queue("DELAYED_MESSAGES_QUEUE_URL")?,
        std::env::var("DELAY_FUNCTION").ok(),
    ))
}

fn function() -> String {
    std::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|_| "payonce".into())
}

fn store(config: &SdkConfig) -> anyhow::Result<Store> {
    let client = aws_sdk_dynamodb::Client::new(config);
    Ok(Store::new(client, tables()?))
}

fn accounts(store: &Store, config: &SdkConfig) -> Accounts {
    let secrets = aws_sdk_secretsmanager::Client::new(config);
    Accounts::new(store.clone(), secrets)
}

/// Where messages go, unless they are switched off and the scan is to do all the work.
fn queue(name: &str) -> anyhow::Result<Option<String>> {
    let url = variable(name)?;
    match variable("MESSAGES")?.as_str() {
        "on" => Ok(Some(url)),
        "off" => Ok(None),
        other => anyhow::bail!("MESSAGES is on or off, not {other}"),
    }
}

/// How far messages to merchants go. Only the local stack says more than the default.
fn reach() -> anyhow::Result<Reach> {
    match std::env::var("NOTIFY_LOOPBACK").as_deref() {
        Ok("true") => Ok(Reach::PublicAndLoopback),
        Ok("false") | Err(_) => Ok(Reach::Public),
        Ok(_) => anyhow::bail!("NOTIFY_LOOPBACK must be true or false"),
    }
}

fn tables() -> anyhow::Result<Tables> {
    let shards = variable("DUE_SHARDS")?;
    Ok(Tables {
        payments: variable("PAYMENTS_TABLE")?,
        evidence: variable("EVIDENCE_TABLE")?,
        merchants: variable("MERCHANTS_TABLE")?,
        controls: variable("CONTROLS_TABLE")?,
        delayed_messages: variable("DELAYED_MESSAGES_TABLE")?,
        ledger: variable("LEDGER_TABLE")?,
        findings: variable("FINDINGS_TABLE")?,
        appeals: variable("APPEALS_TABLE")?,
        journal: variable("JOURNAL_TABLE")?,
        due_shards: shards.parse().context("DUE_SHARDS is not a number")?,
    })
}

/// Every order tells its channel where to notify us, for good: better no order than a wrong address.
fn public_url() -> anyhow::Result<String> {
    let url = variable("PUBLIC_URL")?;
    let absolute = url.starts_with("https://") || url.starts_with("http://");
    anyhow::ensure!(
        absolute,
        "PUBLIC_URL must be the address the channels reach the API at"
    );
    Ok(url.trim_end_matches('/').to_owned())
}

fn variable(name: &str) -> anyhow::Result<String> {
    std::env::var(name).with_context(|| format!("the environment has no {name}"))
}

/// The function's own, which AWS puts into its environment.
fn credentials() -> anyhow::Result<Credentials> {
    Ok(Credentials::new(
        variable("AWS_ACCESS_KEY_ID")?,
        variable("AWS_SECRET_ACCESS_KEY")?,
        std::env::var("AWS_SESSION_TOKEN").ok(),
        None,
        "environment",
    ))
}

/// The SDK's configuration, from the environment only: no profile files, no metadata service, no
/// look-ups at the start. One HTTP client, on ring, is shared by all.
fn sdk_config(function: &str) -> anyhow::Result<SdkConfig> {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let credentials = credentials()?;
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build();
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(variable("AWS_REGION")?))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http)
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .stalled_stream_protection(
            aws_config::stalled_stream_protection::StalledStreamProtectionConfig::disabled(),
        );
    config.set_endpoint_url(std::env::var("AWS_ENDPOINT_URL").ok());
    config.set_app_name(aws_config::AppName::new(function.to_owned()).ok());
    Ok(config.build())
}
