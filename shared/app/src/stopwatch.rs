//! A stopwatch: how long something takes or is remembered, which is no time of day.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Reads how long the process has run; in a simulation, how much of its own time has passed.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(fn() -> Duration);

impl Stopwatch {
    /// A stopwatch that reads this, which must never go back.
    #[must_use]
    pub const fn reading(read: fn() -> Duration) -> Self {
        Self(read)
    }

    pub(crate) fn read(self) -> Duration {
        (self.0)()
    }

    /// How long ago it read this.
    pub(crate) fn since(self, earlier: Duration) -> Duration {
        self.read().saturating_sub(earlier)
    }
}

impl Default for Stopwatch {
    fn default() -> Self {
        Self(uptime)
    }
}

fn uptime() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}
