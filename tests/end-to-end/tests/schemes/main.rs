//! Both schemes of the field, each alone: periodic polling (定期轮询) with messages switched off, and delayed messages
//! (延迟消息) with the scan switched off. The catalogue is played under each and the time to repair is printed, as the
//! README's table has it.

#[path = "../scenarios/catalogue/mod.rs"]
mod catalogue;

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use end_to_end::{Repairs, Scenario, play};
use payonce_local::StackOptions;

/// Most of a scenario is waiting, and without one of the schemes all the more.
const AT_ONCE: usize = 12;

/// A way to run the system: its column, and the parameters of `template.yaml` that make it so.
const SCHEMES: [(&str, &str, &str, &str); 2] = [
    ("scan alone", "polling", "Messages", "off"),
    ("messages alone", "messages", "ScanState", "DISABLED"),
];

fn main() -> anyhow::Result<()> {
    let mut failed = false;
    let mut columns = Vec::new();
    for (title, name, parameter, value) in SCHEMES {
        let options = StackOptions {
            parameters: BTreeMap::from([(parameter, value)]),
            ..StackOptions::for_test(&format!("schemes-{name}"))
        };
        let (conclusion, repairs) = play(options, scenarios(), AT_ONCE)?;
        failed |= conclusion.has_failed();
        columns.push((title, repairs));
    }
    print(&columns)?;
    std::process::exit(i32::from(failed));
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
