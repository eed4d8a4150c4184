//! Campaigns: many seeds on all cores.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::plan::Plan;
use crate::run::run;
use crate::tally::Tally;
use crate::wrong::Wrong;

/// From so many seeds on, whatever a campaign did not meet makes it worthless.
const SEEDS_FOR_COVERAGE: u64 = 20_000;

/// Which seeds are run, and how.
#[derive(Debug, Clone, Copy)]
pub struct Campaign {
    /// The first seed.
    pub first: u64,
    /// How many.
    pub seeds: u64,
    /// On how many threads.
    pub threads: usize,
    /// How wrong the world is built.
    pub wrong: Option<Wrong>,
    /// How many failing seeds end the campaign.
    pub failures_max: usize,
    /// Whether the channels speak their real words.
    pub real: bool,
}

/// What came of a campaign.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// What was met.
    pub tally: Tally,
    /// Failing seeds, in order, with what they broke.
    pub failures: Vec<(u64, String)>,
}

impl Outcome {
    /// What makes a green campaign worthless: what it never met.
    #[must_use]
    pub fn vacuous(&self) -> Vec<String> {
        if self.tally.seeds < SEEDS_FOR_COVERAGE {
            Vec::new()
        } else {
            self.tally.missing()
        }
    }
}

impl Campaign {
    /// What a seed means here.
    #[must_use]
    pub fn plan(&self, seed: u64) -> Plan {
        let plan = Plan::of(seed);
        if self.real {
            plan.over_real_channels()
        } else {
            plan
        }
    }

    /// Runs it; `each` hears how many seeds are done.
    ///
    /// # Panics
    /// If a thread cannot be made.
    pub fn run(&self, each: impl Fn(u64) + Sync) -> Outcome {
        let (next, done) = (AtomicU64::new(0), AtomicU64::new(0));
        let enough = AtomicBool::new(false);
        let outcome = Mutex::new(Outcome::default());
        let work = || {
            let mut tally = Tally::default();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= self.seeds || enough.load(Ordering::Relaxed) {
                    break;
                }
                let seed = self.first.wrapping_add(index);
                let verdict = run(&self.plan(seed), self.wrong, false);
                tally.add(&verdict.tally);
                if let Some(broken) = verdict.broken {
                    let mut outcome = outcome
                        .lock()
                        .unwrap_or_else(std::sync::PoisonError::into_inner);
                    outcome.failures.push((seed, broken));
                    if outcome.failures.len() >= self.failures_max {
                        enough.store(true, Ordering::Relaxed);
                    }
                }
                each(done.fetch_add(1, Ordering::Relaxed) + 1);
            }
            let mut outcome = outcome
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            outcome.tally.add(&tally);
        };
        std::thread::scope(|scope| {
            for index in 0..self.threads {
                let named = std::thread::Builder::new().name(format!("world {index}"));
                named
                    .spawn_scoped(scope, work)
                    .expect("a thread can be made");
            }
        });
        let mut outcome = outcome
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        outcome.failures.sort();
        outcome
    }
}
