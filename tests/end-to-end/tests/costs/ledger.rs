//! The table of costs: what was counted beside what was meant.

use std::fmt;

use end_to_end::proxy::Tally;

/// One step, as counted and as meant.
#[derive(Debug)]
struct Line {
    step: &'static str,
    counted: Tally,
    meant: Tally,
}

/// Every step.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Vec<Line>);

impl Ledger {
    pub(crate) fn enter(&mut self, step: &'static str, counted: Tally, meant: Tally) {
        self.0.push(Line {
            step,
            counted,
            meant,
        });
    }

    /// Whether every step costs what it should.
    ///
    /// # Errors
    /// If one does not.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        for Line {
            step,
            counted,
            meant,
        } in &self.0
        {
            anyhow::ensure!(
                counted == meant,
                "{step}: counted {counted:?}, meant {meant:?}"
            );
        }
        Ok(())
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n{:<40} {:>8} {:>10} {:>11} {:>6} {:>6} {:>7}",
            "step", "DynamoDB", "read units", "write units", "SQS", "events", "channel"
        )?;
        for Line {
            step,
            counted,
            meant,
        } in &self.0
        {
            let reads = format!(
                "{}.{}",
                counted.read_halves / 2,
                counted.read_halves % 2 * 5
            );
            let Tally {
                store,
                write_units,
                queue,
                events,
                channel,
                ..
            } = counted;
            let verdict = if counted == meant {
                ""
            } else {
                "  <- not as meant"
            };
            writeln!(
                f,
                "{step:<40} {store:>8} {reads:>10} {write_units:>11} {queue:>6} {events:>6} {channel:>7}{verdict}"
            )?;
        }
        Ok(())
    }
}
