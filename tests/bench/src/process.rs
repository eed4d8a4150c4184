//! What a process uses, as the kernel counts it.

use std::time::Duration;

use anyhow::Context;

/// How the kernel counts processor time for `/proc`: in hundredths of a second, on every Linux there is.
const TICK: Duration = Duration::from_millis(10);

/// Memory and processor time of a process.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// Resident now, in KB.
    pub resident_kb: u64,
    /// Resident at most so far, in KB.
    pub peak_kb: u64,
    /// Processor time so far, its own and the kernel's for it.
    pub processor: Duration,
}

impl Usage {
    pub(crate) fn of(pid: u32) -> anyhow::Result<Self> {
        let status =
            std::fs::read_to_string(format!("/proc/{pid}/status")).context("reading its status")?;
        let kilobytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next());
            number
                .and_then(|number| number.parse().ok())
                .with_context(|| format!("no {name} in its status"))
        };
        let stat =
            std::fs::read_to_string(format!("/proc/{pid}/stat")).context("reading its times")?;
        // The name in brackets may hold anything; the times are the 14th and 15th field, counted from 1.
        let (_, rest) = stat.rsplit_once(')').context("a malformed stat")?;
        let ticks: u32 = rest
            .split_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse::<u32>().ok())
            .sum();
        Ok(Self {
            resident_kb: kilobytes("VmRSS:")?,
            peak_kb: kilobytes("VmHWM:")?,
            processor: TICK * ticks,
        })
    }
}
