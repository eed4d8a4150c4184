//! What the runner says while it works: one line a step, with the time since the start.
//!
//! A newcomer waits for minutes on the first run, and silence looks like a hang.

use std::time::Instant;

/// Prints steps to standard error, or keeps quiet.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    started: Instant,
    quiet: bool,
}

impl Progress {
    pub(crate) fn new(quiet: bool) -> Self {
        Self {
            started: Instant::now(),
            quiet,
        }
    }

    #[expect(clippy::print_stderr, reason = "this is the program's own voice")]
    pub(crate) fn say(&self, step: &str) {
        if !self.quiet {
            let elapsed = self.started.elapsed();
            eprintln!(
                "{:>5}.{}s  {step}",
                elapsed.as_secs(),
                elapsed.subsec_millis() / 100
            );
        }
    }
}
