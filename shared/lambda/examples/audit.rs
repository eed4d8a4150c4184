//! Audits every payment and every appeal (审计) and prints one number, which must be zero.
//!
//! ```sh
//! export PAYMENTS_TABLE=… APPEALS_TABLE=… LEDGER_TABLE=…
//! cargo run --release -p payonce-lambda --example audit -- table --heads heads
//! cargo run --release -p payonce-lambda --example audit -- table --restore
//! cargo run --release -p payonce-lambda --example audit -- export PAYMENTS APPEALS --heads heads
//! ```
//!
//! `table` reads the tables from end to end, and costs half a read unit for each four kilobytes; `export` reads two folders
//! with exports of DynamoDB to S3 (`aws s3 cp --recursive s3://…/exports/AWSDynamoDB/<export> PAYMENTS`, and from
//! `exports/appeals/AWSDynamoDB` likewise) and touches nothing.
//! With `--heads` the last hash of each history is kept in a folder and compared with those of the last time. With
//! `--restore` records that differ from a history that holds are made what it says. `--shards` is the stack's parameter
//! `DueShards`, if it is not 4. The region and the credentials are those of the AWS command line.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this program talks to a person"
)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, bail};
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use payonce_app::audit::{AuditReport, Directory, Walk, Walked, restore};
use payonce_lambda::clock;
use payonce_store::{Store, Tables};

/// How many are told of one by one.
const SHOWN_MAX: usize = 20;

struct Asked {
    /// Folders with the exports of payments and appeals; without them, the tables.
    exports: Option<[PathBuf; 2]>,
    heads: Option<PathBuf>,
    shards: u32,
    restores: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match audit().await {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::from(2)
        }
    }
}

async fn audit() -> anyhow::Result<u64> {
    let asked = Asked::read(std::env::args().skip(1))?;
    let began = Instant::now();
    let mut walk = Walk::begin(asked.shards);
    match &asked.exports {
        Some([payments, appeals]) => {
            export(&mut walk, Walked::Payments, payments).await?;
            export(&mut walk, Walked::Appeals, appeals).await?;
        }
        None => {
            table(&mut walk, Walked::Payments, "PAYMENTS_TABLE").await?;
            table(&mut walk, Walked::Appeals, "APPEALS_TABLE").await?;
        }
    }
    // Without a folder for them the heads are compared with nothing, and forgotten.
    let forgotten = std::env::temp_dir().join(format!("audit-heads-{}", std::process::id()));
    let heads = Directory(asked.heads.clone().unwrap_or_else(|| forgotten.clone()));
    let stamp = format!("{:014}", clock::now().as_millis());
    let ended = walk.end(&heads, &stamp).await;
    if asked.heads.is_none() {
        // What was never made cannot be removed.
        let _ = std::fs::remove_dir_all(&forgotten);
    }
    let mut report = ended?;
    if asked.restores {
        restore(&store(asked.shards).await?, &mut report, clock::now()).await;
    }
    if asked.heads.is_some() {
        report.keep(&heads, &stamp).await?;
    }
    show(&report, began);
    Ok(report.number())
}

impl Asked {
    fn read(mut words: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let exports = match words.next().as_deref() {
            Some("table") => None,
            Some("export") => {
                let payments = words.next().context("which folder of payments?")?;
                let appeals = words.next().context("which folder of appeals?")?;
                Some([PathBuf::from(payments), PathBuf::from(appeals)])
            }
            _ => bail!(
                "table, or export <payments> <appeals>; then --heads <folder>, --shards <number>, --restore"
            ),
        };
        let mut asked = Self {
            exports,
            heads: None,
            shards: 4,
            restores: false,
        };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--heads" => asked.heads = Some(words.next().context("which folder?")?.into()),
                "--shards" => asked.shards = words.next().context("how many?")?.parse()?,
                "--restore" => asked.restores = true,
                other => bail!("what is {other}?"),
            }
        }
        if asked.restores && asked.exports.is_some() {
            bail!("an export says what was; --restore goes with table");
        }
        Ok(asked)
    }
}

async fn table(walk: &mut Walk, walked: Walked, name: &str) -> anyhow::Result<()> {
    let table = variable(name)?;
    let client = client().await;
    let mut from = None;
    loop {
        let page = client.scan().table_name(&table).consistent_read(true);
        let page = page.set_exclusive_start_key(from).send().await;
        let page = page.context("reading the table")?;
        for item in page.items.unwrap_or_default() {
            walk.take(walked, item)?;
        }
        eprint!("\r{} {}s", walk.items(walked), walked.one());
        from = page.last_evaluated_key;
        if from.is_none() {
            eprintln!();
            return Ok(());
        }
    }
}

async fn export(walk: &mut Walk, walked: Walked, folder: &Path) -> anyhow::Result<()> {
    let data = folder.join("data");
    let folder = if data.is_dir() {
        data
    } else {
        folder.to_owned()
    };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).context("reading the folder")? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".json.gz") {
            names.push(name);
        }
    }
    names.sort_unstable();
    anyhow::ensure!(!names.is_empty(), "no .json.gz in {}", folder.display());
    let archive = Directory(folder);
    for name in names {
        walk.file(&archive, walked, &name).await?;
    }
    Ok(())
}

fn show(report: &AuditReport, began: Instant) {
    println!(
        "{} payments, {} steps of their histories hashed and replayed, {} open; {} s",
        report.payments,
        report.steps,
        report.open,
        began.elapsed().as_secs()
    );
    println!(
        "{} appeals, {} steps of their histories hashed and replayed, {} open",
        report.appeals, report.appeal_steps, report.open_appeals
    );
    for (currency, sums) in &report.money {
        println!(
            "{currency}, minor units: captured {} = applied {} + refunded {} + on its way back {} + in suspense {}",
            sums.captured, sums.applied, sums.refunded, sums.refund_due, sums.suspense
        );
    }
    match &report.compared_with {
        Some(audit) => println!("{} heads compared with those of {audit}", report.compared),
        None => println!("no heads were kept before"),
    }
    for found in report.found.iter().take(SHOWN_MAX) {
        let end = if found.restored { "; restored" } else { "" };
        let one = found.table.one();
        println!("  {} {one} {}: {}{end}", found.class, found.key, found.what);
    }
    for (class, count) in &report.classes {
        println!("{class}: {count}");
    }
    println!("must be zero: {}", report.number());
}

async fn client() -> aws_sdk_dynamodb::Client {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let config = aws_config::defaults(aws_config::BehaviorVersion::latest());
    aws_sdk_dynamodb::Client::new(&config.http_client(http).load().await)
}

/// Only payments, appeals and the ledger are touched.
async fn store(due_shards: u32) -> anyhow::Result<Store> {
    let tables = Tables {
        payments: variable("PAYMENTS_TABLE")?,
        ledger: variable("LEDGER_TABLE")?,
        evidence: String::new(),
        delayed_messages: String::new(),
        findings: String::new(),
        appeals: variable("APPEALS_TABLE")?,
        journal: String::new(),
        merchants: String::new(),
        controls: String::new(),
        due_shards,
    };
    Ok(Store::new(client().await, tables))
}

fn variable(name: &str) -> anyhow::Result<String> {
    std::env::var(name).with_context(|| format!("{name} must be set"))
}
