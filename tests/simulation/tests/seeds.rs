//! The share of the campaign that everybody runs: twenty thousand worlds, those that once failed, and every
//! wrong design.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use std::path::Path;

use simulation::{Campaign, Fault, Outcome, Plan, Wrong, regression, run, shorten};

const THREADS: usize = 2;

/// What is not played where channels speak their real words: they keep their own time and their own memory, and no bills
/// are compared.
const NOT_WITH_REAL_WORDS: [Fault; 6] = [
    Fault::RefundSlow,
    Fault::NoticeForeign,
    Fault::Forgotten,
    Fault::Outage,
    Fault::BillLate,
    Fault::BillCut,
];

fn campaign(first: u64, seeds: u64, wrong: Option<Wrong>) -> Campaign {
    Campaign {
        first,
        seeds,
        threads: THREADS,
        wrong,
        failures_max: 1,
        real: false,
    }
}

/// What failed is shortened and kept, to be run with every test run from then on.
fn keep_failures(of: &Campaign, outcome: &Outcome) {
    let file = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/regressions.txt"));
    for (seed, _) in &outcome.failures {
        if let Some(short) = shorten(&of.plan(*seed), of.wrong) {
            let broken = short.verdict.broken.unwrap_or_default();
            regression::keep(file, &short.plan, &broken).unwrap();
            println!("kept: {}", short.plan.line(&broken));
        }
    }
}

/// Same seed, same run, to the byte: the hash is over every line of the trace and every payment at the end.
#[test]
fn a_seed_is_the_same_run_every_time() {
    let mut hashes = Vec::new();
    let plain = (0..140).map(Plan::of);
    let real = (140..150).map(|seed| Plan::of(seed).over_real_channels());
    for plan in plain.chain(real) {
        let seed = plan.seed;
        let (first, again) = (run(&plan, None, false), run(&plan, None, true));
        assert_eq!(first.hash, again.hash, "seed {seed}");
        hashes.push(first.hash);
    }
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 150, "two seeds are one run");
}

/// I-1 to I-30 in twenty thousand worlds, bills included; and everything that should happen did.
#[test]
fn twenty_thousand_worlds_lose_nothing() {
    let campaign = campaign(1, 20_000, None);
    let outcome = campaign.run(|_| {});
    keep_failures(&campaign, &outcome);
    assert_eq!(outcome.failures, [], "run one with --trace --seed");
    assert_eq!(outcome.vacuous(), Vec::<String>::new());
    assert_eq!(outcome.tally.quiet, 20_000);
    // People see to what nobody else can, and to nothing more.
    let (people, seeds) = (outcome.tally.for_people, outcome.tally.seeds);
    assert!(
        people * 20 < seeds,
        "{people} of {seeds} worlds end with people"
    );
}

/// A thousand worlds in which every request, answer and notification is built, signed, verified and read as in
/// production.
#[test]
fn a_thousand_worlds_with_real_channels_lose_nothing() {
    let real = Campaign {
        real: true,
        ..campaign(1, 1_000, None)
    };
    let outcome = real.run(|_| {});
    keep_failures(&real, &outcome);
    let tally = &outcome.tally;
    let (exchanges, notices) = (tally.exchanges, tally.notices);
    println!(
        "{} seeds, {exchanges} signed exchanges, {notices} signed notices",
        tally.seeds
    );
    assert_eq!(outcome.failures, [], "run one with --trace --real --seed");
    assert_eq!(tally.quiet, 1_000);
    let struck = |fault: &Fault| tally.faults.contains_key(fault);
    let spared: Vec<_> = Fault::ALL.iter().filter(|fault| !struck(fault)).collect();
    assert_eq!(spared, NOT_WITH_REAL_WORDS.iter().collect::<Vec<_>>());
    assert!(
        exchanges > 10_000 && notices > 500,
        "{exchanges}, {notices}"
    );
}

/// What failed once, shortened to its shortest trace, is run for ever.
#[test]
fn what_failed_once_holds() {
    for line in include_str!("../regressions.txt").lines() {
        let text = line.split('#').next().unwrap().trim();
        if text.is_empty() {
            continue;
        }
        let plan = Plan::of_line(text).unwrap_or_else(|| panic!("{line}"));
        assert_eq!(run(&plan, None, false).broken, None, "{line}");
    }
}

#[test]
fn every_wrong_design_is_caught() {
    for wrong in Wrong::ALL {
        let outcome = campaign(1, 10_000, Some(*wrong)).run(|_| {});
        assert!(
            !outcome.failures.is_empty(),
            "{} is not caught",
            wrong.name()
        );
    }
}
