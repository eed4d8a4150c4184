//! What reconciling a day takes, and its matching beside DuckDB's in the same run:
//! `cargo run --release -p bench-reconcile`.
//!
//! **A day**: the use case itself, from WeChat Pay's packed file to the day's record, with the table and the
//! channel played (`day.rs`). **Matching alone**: two files of comma-separated text, a bill and a ledger,
//! joined by both numbers on one thread; both engines must count the same of each class. Each measurement
//! is a process of its own. DuckDB is installed into a virtual environment under `target/`; without Python
//! only our own side is measured.

#![allow(clippy::print_stdout)]

mod books;
mod day;
mod duckdb;
mod join;
mod table;
mod usage;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use usage::Measured;

const SIZES: [u64; 3] = [100_000, 300_000, 1_000_000];
/// More than any merchant's day, to see that memory stays the same.
const LARGEST: u64 = 3_000_000;
/// The best of so many is reported: what disturbs a measurement only ever makes it longer.
const ROUNDS: usize = 5;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["join", bill, ledger] => println!("{}", join::run(Path::new(bill), Path::new(ledger))?),
        ["day", bill, size] => println!("{}", day::run(Path::new(bill), size.parse()?)?),
        _ => {
            let folder = PathBuf::from("target/bench-reconcile");
            std::fs::create_dir_all(&folder).context("making a folder")?;
            days(&folder)?;
            matching_alone(&folder)?;
        }
    }
    Ok(())
}

fn days(folder: &Path) -> anyhow::Result<()> {
    println!("A day, from the packed bill to the record of its run");
    println!("   lines   CPU ms  ns a line  resident MB");
    let mut measured = Vec::new();
    for size in SIZES.into_iter().chain([LARGEST]) {
        let bill = books::write_day(folder, size)?;
        let arguments = ["day".to_owned(), shown(&bill)?, size.to_string()];
        let day = best(|| ours(&arguments))?;
        // All but the thousandth part agree; see `books.rs`.
        let [matched, other, bill_only, ledger_only] = day.counts;
        let each = size.div_ceil(3_000);
        ensure!(
            matched + other + bill_only + ledger_only == size
                && [other, bill_only, ledger_only]
                    .iter()
                    .all(|count| each.abs_diff(*count) < 2),
            "a day of {size}: {:?}",
            day.counts
        );
        println!(
            "{size:>8}  {:>7}  {:>9}  {:>11}",
            day.cpu_micros / 1_000,
            day.cpu_micros * 1_000 / size,
            day.resident_kb / 1_024
        );
        measured.push((size, day));
        std::fs::remove_file(&bill).context("removing a bill")?;
    }
    if let [first, .., (million, last), _] = measured.as_slice() {
        println!(
            "exponent of CPU in lines, {} to {million}: {}",
            first.0,
            exponent((first.0, first.1.cpu_micros), (*million, last.cpu_micros))?
        );
    }
    Ok(())
}

/// How the time grows with the lines: 1 is in proportion.
#[expect(clippy::float_arithmetic, reason = "a measurement, and no money")]
fn exponent(first: (u64, u64), last: (u64, u64)) -> anyhow::Result<String> {
    let log = |n: u64| anyhow::Ok(f64::from(u32::try_from(n)?).ln());
    let grown = log(last.1)? - log(first.1)?;
    let larger = log(last.0)? - log(first.0)?;
    Ok(format!("{:.2}", grown / larger))
}

fn matching_alone(folder: &Path) -> anyhow::Result<()> {
    let duckdb = duckdb::install(folder);
    if let Err(error) = &duckdb {
        println!("DuckDB is not measured: {error:#}");
    }
    println!("Matching alone, one thread, both sides read from text");
    println!("   lines  engine   CPU ms  million rows/CPU s  resident MB");
    for size in SIZES {
        let (bill, ledger) = books::write(folder, size)?;
        let arguments = ["join".to_owned(), shown(&bill)?, shown(&ledger)?];
        let ours = best(|| ours(&arguments))?;
        show(size, "payonce", &ours);
        let Ok(python) = &duckdb else { continue };
        let theirs = best(|| duckdb::run(python, folder, &bill, &ledger))?;
        show(size, "duckdb", &theirs);
        ensure!(
            ours.counts == theirs.counts,
            "they do not agree: {:?} and {:?}",
            ours.counts,
            theirs.counts
        );
        let tenths = theirs.cpu_micros * 10 / ours.cpu_micros.max(1);
        println!(
            "          {}.{} times DuckDB's rows per CPU second, a {}th of its memory",
            tenths / 10,
            tenths % 10,
            theirs.resident_kb / ours.resident_kb.max(1),
        );
    }
    Ok(())
}

fn shown(path: &Path) -> anyhow::Result<String> {
    Ok(path.to_str().context("a path in UTF-8")?.to_owned())
}

fn ours(arguments: &[String]) -> anyhow::Result<Measured> {
    let program = std::env::current_exe().context("finding this program")?;
    let output = Command::new(program).args(arguments).output();
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
