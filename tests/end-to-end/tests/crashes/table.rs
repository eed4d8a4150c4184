//! The table of crashes: which were planned, and which came about.

use std::collections::BTreeMap;
use std::fmt;

use end_to_end::proxy::Moment;

/// A call of a function, and the how-manieth of its kind it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row {
    pub(crate) function: &'static str,
    pub(crate) flow: &'static str,
    pub(crate) label: String,
    pub(crate) nth: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    planned: u32,
    happened: u32,
}

/// Every row, before and after.
#[derive(Debug, Default)]
pub(crate) struct Table(BTreeMap<Row, [Count; 2]>);

impl Table {
    pub(crate) fn enter(&mut self, row: Row, moment: Moment, happened: bool) {
        let counts = self.0.entry(row).or_default();
        let count = match moment {
            Moment::Before => &mut counts[0],
            Moment::After => &mut counts[1],
        };
        count.planned += 1;
        count.happened += u32::from(happened);
    }

    /// Whether every planned crash came about, and there were any.
    pub(crate) fn is_complete(&self) -> bool {
        let all = || self.0.values().flatten();
        all().count() > 0 && all().all(|count| count.planned > 0 && count.happened == count.planned)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n{:<9} {:<25} {:<38} before after",
            "function", "flow", "killed at"
        )?;
        let said = |count: &Count| match (count.planned, count.happened) {
            (planned, happened) if planned == happened => happened.to_string(),
            (planned, happened) => format!("{happened}/{planned}"),
        };
        for (row, [before, after]) in &self.0 {
            let call = if row.nth > 1 {
                format!("{} ({})", row.label, row.nth)
            } else {
                row.label.clone()
            };
            let Row { function, flow, .. } = row;
            writeln!(
                f,
                "{function:<9} {flow:<25} {call:<38} {:<6} {}",
                said(before),
                said(after)
            )?;
        }
        let sum: u32 = self.0.values().flatten().map(|count| count.happened).sum();
        write!(f, "{sum} kills")
    }
}
