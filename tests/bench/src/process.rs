//! What a process uses, as the kernel counts it.

use std::time::Duration;

use anyhow::Context;

/// Memory and processor time of a process.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// Resident now, in KB.
    pub resident_kb: u64,
    /// Resident at most so far, in KB.
    pub peak_kb: u64,
    /// Processor time of its threads so far, its own and the kernel's for it.
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
        let threads =
            std::fs::read_dir(format!("/proc/{pid}/task")).context("listing its threads")?;
        // The first field of a thread's schedstat is its time on a processor, in nanoseconds.
        let nanoseconds = threads.filter_map(Result::ok).filter_map(|thread| {
            let stat = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
            stat.split_whitespace().next()?.parse::<u64>().ok()
        });
        let processor = Duration::from_nanos(nanoseconds.sum());
        Ok(Self {
            resident_kb: kilobytes("VmRSS:")?,
            peak_kb: kilobytes("VmHWM:")?,
            processor,
        })
    }
}
