//! Release binary sizes, and what `pay` needs to start and to answer: `cargo run --release -p bench --example cold-start`.
//!
//! Store, queue and secret answer at once, over plain HTTP on loopback, so what is left is the function's own: no network,
//! no TLS handshake. Every start is a fresh process; the binary lies in the page cache.

#![allow(clippy::print_stdout)]

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};
use bench::{Cloud, Demo, Host, Usage, secret, seed};

const FUNCTIONS: [&str; 6] = ["pay", "payments", "webhook", "query", "scan", "refund"];
const STARTS: usize = 40;
const PAYMENTS: u32 = 1_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let folder = build()?;
    println!("release binaries");
    for function in FUNCTIONS {
        let bytes = std::fs::metadata(folder.join(function))
            .context("reading a size")?
            .len();
        println!("  {function:<9} {} MB", tenths(bytes, 1_000_000));
    }
    let cloud = Cloud::start(secret()).await?;
    let demo = seed(&cloud).await?;
    let environment = Demo::environment(&cloud);
    let pay = folder.join("pay");

    let (mut ready, mut answered, mut resident) = (Vec::new(), Vec::new(), Vec::new());
    for start in 0..STARTS {
        let mut host = Host::start(&pay, &environment).await?;
        ready.push(host.ready().await?);
        let (_, since_start) = host
            .invoke(&demo.initiate(&format!("cold-{start}")), &[201])
            .await?;
        answered.push(since_start);
        resident.push(host.usage()?);
    }
    println!("cold start of pay, {STARTS} processes");
    println!("  start to first request for an event   {}", spread(ready));
    println!(
        "  start to first payment answered       {}",
        spread(answered)
    );
    let processor = resident.iter().map(|usage| usage.processor).collect();
    println!(
        "  processor time until then             {}",
        spread(processor)
    );
    resident.sort_by_key(|usage| usage.resident_kb);
    let middle = resident.get(STARTS / 2).context("no start was measured")?;
    println!(
        "  resident after it                     {} MB, at most {} MB",
        tenths(middle.resident_kb, 1_000),
        tenths(middle.peak_kb, 1_000)
    );

    let mut host = Host::start(&pay, &environment).await?;
    host.ready().await?;
    host.invoke(&demo.initiate("warm"), &[201]).await?;
    println!("pay when warm, {PAYMENTS} each");
    for (what, status) in [("first request", 201), ("the same again", 200)] {
        let before = host.usage()?;
        let mut took = Vec::new();
        for payment in 0..PAYMENTS {
            took.push(
                host.invoke(&demo.initiate(&format!("warm-{payment}")), &[status])
                    .await?
                    .0,
            );
        }
        let used = processor_between(before, host.usage()?) / PAYMENTS;
        println!(
            "  {what:<37} {}, processor {} ms",
            spread(took),
            milliseconds(used)
        );
    }
    let after = host.usage()?;
    println!(
        "  resident after them                   {} MB",
        tenths(after.resident_kb, 1_000)
    );
    Ok(())
}

/// Builds the functions as they are shipped, and says where they lie.
fn build() -> anyhow::Result<PathBuf> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["build", "--release", "--bins"]);
    for function in FUNCTIONS {
        command.args(["-p", function]);
    }
    // What cargo told this program about itself would make build scripts run again, and `ring` and all above it with them.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let of_a_package = [
            "CARGO_PKG_",
            "CARGO_MANIFEST_",
            "CARGO_CRATE_",
            "CARGO_BIN_",
            "CARGO_PRIMARY_",
        ];
        if of_a_package.iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
    let status = command.status().context("starting cargo")?;
    ensure!(status.success(), "the functions do not build");
    let own = std::env::current_exe().context("finding this program")?;
    let folder = own.parent().and_then(|examples| examples.parent());
    let folder = folder.context("this program lies at the root")?;
    ensure!(folder.ends_with("release"), "measure with --release");
    Ok(folder.to_owned())
}

fn processor_between(before: Usage, after: Usage) -> Duration {
    after.processor.saturating_sub(before.processor)
}

/// The middle one, and the one that only a twentieth exceeds.
fn spread(mut times: Vec<Duration>) -> String {
    times.sort();
    let at = |part: usize| {
        times
            .get(times.len() * part / 20)
            .copied()
            .unwrap_or_default()
    };
    format!(
        "p50 {} ms, p95 {} ms",
        milliseconds(at(10)),
        milliseconds(at(19))
    )
}

fn milliseconds(time: Duration) -> String {
    let micros = time.as_micros();
    format!("{}.{:02}", micros / 1_000, micros % 1_000 / 10)
}

fn tenths(count: u64, unit: u64) -> String {
    format!("{}.{}", count / unit, count % unit * 10 / unit)
}
