//! Rows of reconciliation per second of CPU, beside DuckDB's in the same run:
//! `cargo run --release -p bench-reconcile`.
//!
//! Both read the same two files of comma-separated text, a bill and a ledger, on one thread, join them by
//! both numbers, and must count the same of each class. Each measurement is a process of its own. DuckDB
//! is installed into a virtual environment under `target/`; without Python only our own side is measured.

#![allow(clippy::print_stdout)]

mod books;
mod duckdb;
mod join;
mod usage;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use usage::Measured;

const SIZES: [u64; 3] = [100_000, 300_000, 1_000_000];
/// The best of so many is reported: what disturbs a measurement only ever makes it longer.
const ROUNDS: usize = 5;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if let [bill, ledger] = arguments.as_slice() {
        println!("{}", join::run(Path::new(bill), Path::new(ledger))?);
        return Ok(());
    }
    let folder = PathBuf::from("target/bench-reconcile");
    std::fs::create_dir_all(&folder).context("making a folder")?;
    let duckdb = duckdb::install(&folder);
    if let Err(error) = &duckdb {
        println!("DuckDB is not measured: {error:#}");
    }
    println!("   lines  engine   CPU ms  million rows/CPU s  resident MB");
    for size in SIZES {
        let (bill, ledger) = books::write(&folder, size)?;
        let ours = best(|| ours(&bill, &ledger))?;
        show(size, "payonce", &ours);
        let Ok(python) = &duckdb else { continue };
        let theirs = best(|| duckdb::run(python, &folder, &bill, &ledger))?;
        show(size, "duckdb", &theirs);
        ensure!(
            ours.counts == theirs.counts,
            "they do not agree: {:?} and {:?}",
            ours.counts,
            theirs.counts
        );
        let tenths = theirs.cpu_micros * 10 / ours.cpu_micros.max(1);
        println!(
            "          {}.{} times DuckDB's rows per CPU second",
            tenths / 10,
            tenths % 10
        );
    }
    Ok(())
}

fn ours(bill: &Path, ledger: &Path) -> anyhow::Result<Measured> {
    let program = std::env::current_exe().context("finding this program")?;
    let output = Command::new(program).args([bill, ledger]).output();
    Measured::read(output.context("starting a measurement")?)
}

fn best(measure: impl Fn() -> anyhow::Result<Measured>) -> anyhow::Result<Measured> {
    let mut best: Option<Measured> = None;
    for _ in 0..ROUNDS {
        let one = measure()?;
        if best
            .as_ref()
            .is_none_or(|best| one.cpu_micros < best.cpu_micros)
        {
            best = Some(one);
        }
    }
    best.context("nothing was measured")
}

fn show(size: u64, engine: &str, measured: &Measured) {
    // Both sides are rows. Rows per microsecond are millions per second.
    let hundredths = 2 * size * 100 / measured.cpu_micros.max(1);
    println!(
        "{size:>8}  {engine:<7} {:>7}  {:>15}.{:02}  {:>11}",
        measured.cpu_micros / 1_000,
        hundredths / 100,
        hundredths % 100,
        measured.resident_kb / 1_024,
    );
}
