//! Shows and sets the controls of a deployed stack: the kill switch and the hourly cap of refunds.
//!
//! ```sh
//! CONTROLS_TABLE=… cargo run -p payonce-lambda --example controls -- show
//! CONTROLS_TABLE=… cargo run -p payonce-lambda --example controls -- refunds off
//! CONTROLS_TABLE=… cargo run -p payonce-lambda --example controls -- refunds on
//! CONTROLS_TABLE=… cargo run -p payonce-lambda --example controls -- cap 500000
//! CONTROLS_TABLE=… cargo run -p payonce-lambda --example controls -- cap none
//! ```
//!
//! A cap is in fen, for each hour of the clock. The region and the credentials are those of the AWS command line. What is
//! set holds for every refund that is sent from then on; what it holds back stays owed.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this program talks to a person"
)]

use std::process::ExitCode;

use anyhow::{Context, bail};
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use payonce_domain::Money;
use payonce_store::{RefundControls, Store, Tables};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match control().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn control() -> anyhow::Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let store = store().await?;
    let present = store.refund_controls().await.context("reading")?;
    let wanted = match arguments[..] {
        ["show"] => present,
        ["refunds", "on"] => RefundControls {
            enabled: true,
            ..present
        },
        ["refunds", "off"] => RefundControls {
            enabled: false,
            ..present
        },
        ["cap", "none"] => RefundControls {
            hourly_cap: None,
            ..present
        },
        ["cap", fen] => RefundControls {
            hourly_cap: Some(Money::from_fen(fen.parse().context("the cap, in fen")?)),
            ..present
        },
        _ => bail!("show, refunds on, refunds off, cap <fen>, or cap none"),
    };
    if wanted != present {
        let set = store.set_refund_controls(&wanted);
        set.await.context("setting")?;
    }
    let refunds = if wanted.enabled { "on" } else { "off" };
    let cap = match wanted.hourly_cap {
        Some(cap) => format!("{} fen an hour", cap.minor()),
        None => "none".to_owned(),
    };
    println!("refunds: {refunds}\ncap: {cap}");
    Ok(())
}

/// Only the table of controls is touched.
async fn store() -> anyhow::Result<Store> {
    let controls = std::env::var("CONTROLS_TABLE")
        .context("CONTROLS_TABLE must be the stack's output ControlsTableName")?;
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let config = aws_config::defaults(aws_config::BehaviorVersion::latest());
    let config = config.http_client(http).load().await;
    let tables = Tables {
        payments: String::new(),
        evidence: String::new(),
        delayed_messages: String::new(),
        ledger: String::new(),
        findings: String::new(),
        appeals: String::new(),
        journal: String::new(),
        merchants: String::new(),
        controls,
        due_shards: 1,
    };
    Ok(Store::new(aws_sdk_dynamodb::Client::new(&config), tables))
}
