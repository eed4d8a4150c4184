//! Shortening: the same seed with fewer faults and fewer deeds, as long as it still fails.

use crate::fault::Fault;
use crate::plan::{Deed, Plan};
use crate::run::{Verdict, run};
use crate::wrong::Wrong;

/// How often something is left out.
const ROUNDS_MAX: usize = 60;

/// A failing plan with as little in it as could be found.
#[derive(Debug, Clone)]
pub struct Shortened {
    /// The plan.
    pub plan: Plan,
    /// How it ends, with its trace.
    pub verdict: Verdict,
}

/// Shortens a failing plan; `None` if it does not fail.
#[must_use]
pub fn shorten(plan: &Plan, wrong: Option<Wrong>) -> Option<Shortened> {
    let first = run(plan, wrong, false);
    let invariant = kind(first.broken.as_deref()?).to_owned();
    let (mut best, mut steps) = (plan.clone(), first.tally.steps);
    let mut struck = first.struck;
    // A world that takes long to fail is shortened less, so that a person need not wait.
    for _ in 0..ROUNDS_MAX {
        let mut better = false;
        for candidate in smaller(&best, struck) {
            let verdict = run(&candidate, wrong, false);
            let fewer = candidate.deeds.len() < best.deeds.len() || verdict.struck < struck;
            let same = verdict.broken.as_deref().map(kind) == Some(invariant.as_str());
            if same && (fewer || verdict.tally.steps < steps) {
                (best, steps, struck) = (candidate, verdict.tally.steps, verdict.struck);
                better = true;
                break;
            }
        }
        if !better {
            break;
        }
    }
    let verdict = run(&best, wrong, true);
    Some(Shortened {
        plan: best,
        verdict,
    })
}

/// Which invariant was broken.
fn kind(broken: &str) -> &str {
    broken.split(':').next().unwrap_or_default()
}

fn smaller(plan: &Plan, struck: u64) -> Vec<Plan> {
    let mut plans = Vec::new();
    for index in 0..plan.deeds.len() {
        // Refunds that stay switched off never come to rest.
        if plan.deeds[index].1 == Deed::Switch(true) {
            continue;
        }
        let mut fewer = plan.clone();
        fewer.deeds.remove(index);
        plans.push(fewer);
    }
    for fault in Fault::ALL.iter().filter(|fault| plan.faults.has(**fault)) {
        let faults = plan.faults.without(*fault);
        plans.push(Plan {
            faults,
            ..plan.clone()
        });
    }
    for most in [struck / 2, struck.saturating_sub(1)] {
        if most < struck {
            plans.push(Plan {
                faults_max: most,
                ..plan.clone()
            });
        }
    }
    plans
}
