//! Both schemes of the field, each alone: periodic polling (定期轮询) with messages switched off, and delayed messages
//! (延迟消息) with the scan switched off. The catalogue is played under each and the time to repair is printed, as the
//! README's table has it.

#[path = "../scenarios/catalogue/mod.rs"]
mod catalogue;

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use end_to_end::{Repairs, Scenario, play};
use libtest_mimic::Conclusion;
use payonce_local::StackOptions;

/// Most of a scenario is waiting, and without one of the schemes all the more. Both are played at a time.
const AT_ONCE: usize = 8;

/// A way to run the system: its column, and the parameters of `template.yaml` that make it so.
type Scheme = (&'static str, &'static str, &'static str, &'static str);

const SCHEMES: [Scheme; 2] = [
    ("scan alone", "polling", "Messages", "off"),
    ("messages alone", "messages", "ScanState", "DISABLED"),
];

fn main() -> anyhow::Result<()> {
    let played = std::thread::scope(|both| {
        let running = SCHEMES.map(|scheme| both.spawn(move || play_under(scheme)));
        running.map(|one| one.join().expect("a scheme is played to its end"))
    });
    let mut failed = false;
    let mut columns = Vec::new();
    for ((title, ..), played) in SCHEMES.into_iter().zip(played) {
        let (conclusion, repairs) = played?;
        failed |= conclusion.has_failed();
        columns.push((title, repairs));
    }
    print(&columns)?;
    std::process::exit(i32::from(failed));
}

/// Each scheme has a stack of its own.
fn play_under((_, name, parameter, value): Scheme) -> anyhow::Result<(Conclusion, Repairs)> {
    let options = StackOptions {
        parameters: BTreeMap::from([(parameter, value)]),
        ..StackOptions::for_test(&format!("schemes-{name}"))
    };
    play(options, scenarios(), AT_ONCE)
}

fn scenarios() -> Vec<Scenario> {
    let mut scenarios = catalogue::slow();
    scenarios.extend(catalogue::scenarios());
    scenarios
}

/// The longest time of each scenario, from the money that came, or the deadline that passed, to the last word.
fn print(columns: &[(&str, Repairs)]) -> anyhow::Result<()> {
    let titles: Vec<_> = columns.iter().map(|(title, _)| *title).collect();
    let times: Vec<_> = columns.iter().map(|(_, all)| all.longest()).collect();
    let names: std::collections::BTreeSet<_> =
        times.iter().flat_map(|all| all.keys().copied()).collect();
    if names.is_empty() {
        return Ok(());
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "| time to repair | {} |", titles.join(" | "))?;
    writeln!(out, "|---|{}", "---|".repeat(titles.len()))?;
    for name in names {
        let cells = times.iter().map(|all| seconds(all.get(name).copied()));
        let cells = cells.collect::<Vec<_>>().join(" | ");
        writeln!(out, "| `{name}` | {cells} |")?;
    }
    Ok(())
}

fn seconds(time: Option<Duration>) -> String {
    time.map_or_else(|| "-".to_owned(), |time| format!("{} s", time.as_secs()))
}
