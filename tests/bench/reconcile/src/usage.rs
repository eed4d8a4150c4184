//! What a process used, and what it counted.

use std::fs;
use std::process::Output;

use anyhow::{Context, ensure};

/// Of each class, in the order matched, other amount, bill only, ledger only.
pub(crate) type Counts = [u64; 4];

/// One measurement.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) cpu_micros: u64,
    pub(crate) resident_kb: u64,
    pub(crate) counts: Counts,
}

impl Measured {
    /// Reads a line of six numbers from a process that ended well.
    pub(crate) fn read(output: Output) -> anyhow::Result<Self> {
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(
            output.status.success(),
            "{said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let numbers: Result<Vec<u64>, _> = said.split_whitespace().map(str::parse).collect();
        let numbers = numbers.with_context(|| format!("reading {said:?}"))?;
        let [cpu_micros, resident_kb, counts @ ..] = numbers.as_slice() else {
            anyhow::bail!("it says {said:?}");
        };
        Ok(Self {
            cpu_micros: *cpu_micros,
            resident_kb: *resident_kb,
            counts: counts.try_into().context("counting the classes")?,
        })
    }
}

/// What this process has used so far: microseconds of CPU, and the most memory it held, in KB.
pub(crate) fn so_far() -> anyhow::Result<(u64, u64)> {
    let schedule = fs::read_to_string("/proc/self/schedstat").context("reading the CPU's time")?;
    let nanos: u64 = schedule
        .split_whitespace()
        .next()
        .context("no CPU time")?
        .parse()?;
    let status = fs::read_to_string("/proc/self/status").context("reading the memory")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let text = line.context("no memory")?.trim_end_matches("kB").trim();
    Ok((nanos / 1_000, text.parse()?))
}
