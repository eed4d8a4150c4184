//! `cargo run --release -p simulation -- --seeds N --seed S`: the long run, one seed, or the wrong designs.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is what the program is for"
)]

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use simulation::{Campaign, Fault, Outcome, Plan, Sometimes, Wrong, regression, run, shorten};

/// Runs the application in seeded worlds that try to lose money, and says whether one did.
#[derive(Debug, Parser)]
struct Options {
    /// How many seeds.
    #[arg(long, default_value_t = 100_000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// On how many threads; 0: one for each core.
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// Runs the first seed alone and prints its trace, shortened if it fails.
    #[arg(long)]
    trace: bool,
    /// Builds the world wrong in this way.
    #[arg(long)]
    wrong: Option<String>,
    /// Runs every wrong design and prints the table of what caught it.
    #[arg(long)]
    wrong_designs: bool,
    /// Lets the channels speak their real words, signatures included: a thousand times slower.
    #[arg(long)]
    real: bool,
    /// Lists every crash point with how often it was covered.
    #[arg(long)]
    crash_points: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let wrong = options.wrong.as_deref().map(|name| {
        let mut all = Wrong::ALL.iter();
        all.find(|wrong| wrong.name() == name).copied()
    });
    if wrong == Some(None) {
        let names: Vec<_> = Wrong::ALL.iter().map(|wrong| wrong.name()).collect();
        eprintln!("wrong designs are {}", names.join(", "));
        return ExitCode::FAILURE;
    }
    let wrong = wrong.flatten();
    // On a thread whose name says so, panics are the auditor's.
    let work = move || {
        if options.wrong_designs {
            wrong_designs(&options)
        } else if options.trace {
            trace(options.seed, wrong, options.real)
        } else {
            campaign(&options, wrong)
        }
    };
    let thread = std::thread::Builder::new().name("world".to_owned());
    let done = thread
        .spawn(work)
        .map(|thread| thread.join().unwrap_or(ExitCode::FAILURE));
    done.unwrap_or(ExitCode::FAILURE)
}

fn threads(options: &Options) -> usize {
    if options.threads > 0 {
        return options.threads;
    }
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn campaign(options: &Options, wrong: Option<Wrong>) -> ExitCode {
    let campaign = Campaign {
        first: options.seed,
        seeds: options.seeds,
        threads: threads(options),
        wrong,
        failures_max: 10,
        real: options.real,
    };
    let began = Instant::now();
    let shown = AtomicU64::new(0);
    let outcome = campaign.run(|done| {
        let seconds = began.elapsed().as_secs();
        if shown.fetch_max(seconds, Ordering::Relaxed) < seconds {
            let rate = done / seconds.max(1);
            eprint!("\r{done} of {} seeds, {rate} a second ", options.seeds);
        }
    });
    eprintln!();
    report(&outcome, began.elapsed(), options.crash_points);
    for (seed, broken) in &outcome.failures {
        println!("seed {seed} breaks {broken}");
    }
    let vacuous = outcome.vacuous();
    if let Some((seed, _)) = outcome.failures.first() {
        trace(*seed, wrong, options.real);
        println!("verdict: LOST");
        return ExitCode::FAILURE;
    }
    if !vacuous.is_empty() {
        println!("verdict: nothing was lost, but the run is vacuous");
        for what in vacuous {
            println!("  {what}");
        }
        return ExitCode::FAILURE;
    }
    println!("verdict: nothing was lost");
    ExitCode::SUCCESS
}

fn report(outcome: &Outcome, took: Duration, crash_points: bool) {
    let tally = &outcome.tally;
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
    println!("seeds            {}", tally.seeds);
    println!("came to rest     {}", tally.quiet);
    println!(
        "steps            {} ({} a second)",
        tally.steps,
        tally.steps * 1_000 / millis
    );
    println!("seeds a second   {}", tally.seeds * 1_000 / millis);
    println!("simulated days   {}", tally.simulated_ms / 86_400_000);
    println!("ended with a person to look at them   {}", tally.for_people);
    if tally.exchanges > 0 {
        println!("signed exchanges {}", tally.exchanges);
        println!("signed notices   {}", tally.notices);
    }
    println!("faults           {}", tally.faults.values().sum::<u64>());
    for fault in Fault::ALL {
        println!(
            "  {:<38} {}",
            fault.name(),
            tally.faults.get(fault).unwrap_or(&0)
        );
    }
    println!("sometimes");
    for what in Sometimes::ALL {
        println!(
            "  {:<58} {}",
            what.name(),
            tally.sometimes.get(what).unwrap_or(&0)
        );
    }
    let points = &tally.points;
    let covered = points
        .values()
        .filter(|(_, before, after)| *before > 0 && *after > 0)
        .count();
    println!(
        "crash points     {covered} of {} hit before and after",
        points.len()
    );
    if crash_points {
        for ((job, doing, turn), (made, before, after)) in points {
            println!(
                "  {job:<20} {doing:<28} {turn} made {made:>9}  before {before:>6}  after {after:>6}"
            );
        }
    }
}

fn trace(seed: u64, wrong: Option<Wrong>, real: bool) -> ExitCode {
    let mut plan = Plan::of(seed);
    plan.real = real;
    let (plan, verdict) = match shorten(&plan, wrong) {
        Some(short) => (short.plan, short.verdict),
        None => {
            let verdict = run(&plan, wrong, true);
            (plan, verdict)
        }
    };
    for line in &verdict.lines {
        println!("{line}");
    }
    let enabled = Fault::ALL.iter().filter(|fault| plan.enables(**fault));
    let enabled: Vec<_> = enabled.map(|fault| fault.name()).collect();
    println!(
        "seed {seed}: {:?}, {} fen, faults enabled: {}",
        plan.mode,
        plan.price,
        enabled.join(", ")
    );
    println!(
        "{} steps, {} faults, hash {:016x}",
        verdict.tally.steps, verdict.struck, verdict.hash
    );
    match verdict.broken {
        Some(broken) => {
            println!("breaks {broken}");
            println!("regression: {}", plan.line(&broken));
            if wrong.is_none() {
                keep(&plan, &broken);
            }
            ExitCode::FAILURE
        }
        None => ExitCode::SUCCESS,
    }
}

/// Keeps what failed, so that every test run runs it from then on.
fn keep(plan: &Plan, broken: &str) {
    let file = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/regressions.txt"));
    match regression::keep(file, plan, broken) {
        Ok(()) => println!("kept in {}", file.display()),
        Err(error) => println!("not kept in {}: {error}", file.display()),
    }
}

fn wrong_designs(options: &Options) -> ExitCode {
    println!("| Wrong design | Seeds that catch it | First | Breaks | Shortest trace found |");
    println!("|---|---|---|---|---|");
    let mut all_caught = true;
    for wrong in Wrong::ALL {
        let campaign = Campaign {
            first: options.seed,
            seeds: options.seeds,
            threads: threads(options),
            wrong: Some(*wrong),
            failures_max: usize::MAX,
            real: false,
        };
        let outcome = campaign.run(|_| {});
        let caught = outcome.failures.len();
        let shortest = outcome
            .failures
            .iter()
            .take(5)
            .filter_map(|(seed, broken)| {
                let short = shorten(&Plan::of(*seed), Some(*wrong))?;
                Some((
                    short.verdict.tally.steps,
                    short.verdict.struck,
                    *seed,
                    broken.clone(),
                ))
            });
        match shortest.min() {
            Some((steps, faults, seed, broken)) => {
                let invariant = broken.split(':').next().unwrap_or_default();
                println!(
                    "| `{}`:{} | {caught} of {} | {seed} | {invariant} | {steps} steps, {faults} faults |",
                    wrong.name(),
                    wrong.what(),
                    outcome.tally.seeds
                );
            }
            None => {
                all_caught = false;
                println!(
                    "| `{}`:{} | **none** of {} | | | |",
                    wrong.name(),
                    wrong.what(),
                    outcome.tally.seeds
                );
            }
        }
    }
    if all_caught {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
