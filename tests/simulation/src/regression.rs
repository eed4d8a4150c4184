//! Regressions: plans that once failed, shortened, one a line, in `regressions.txt`.
//!
//! A line names a seed and what is left of its plan: which deeds, which faults, and after how many none struck any more. A
//! failing test run appends its own, so that nobody has to copy a number. A change of what a seed means (any new draw) makes
//! the lines other worlds: they are then found anew by breaking the code again.

use std::fmt::Write as _;
use std::path::Path;

use crate::fault::{Fault, Faults};
use crate::plan::Plan;

impl Plan {
    /// The plan in a line; none if it holds something else.
    #[must_use]
    pub fn of_line(line: &str) -> Option<Self> {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_whitespace();
        let mut plan = Self::of(words.next()?.parse().ok()?);
        for word in words {
            let (name, value) = word.split_once('=')?;
            match name {
                "deeds" => {
                    let kept: Option<Vec<usize>> = match value {
                        "" => Some(Vec::new()),
                        _ => value.split(',').map(|index| index.parse().ok()).collect(),
                    };
                    let deeds: Option<Vec<_>> = kept?
                        .into_iter()
                        .map(|index| plan.deeds.get(index).copied())
                        .collect();
                    plan.deeds = deeds?;
                }
                "faults" => {
                    let named = value.split(',').filter(|name| !name.is_empty());
                    let mut faults = Faults::default();
                    for name in named {
                        let mut all = Fault::ALL.iter();
                        faults = faults.with(*all.find(|fault| word_of(**fault) == name)?);
                    }
                    plan.faults = faults;
                }
                "words" => plan.real = value == "real",
                "most" => plan.faults_max = value.parse().ok()?,
                _ => return None,
            }
        }
        Some(plan)
    }

    /// The line for what is left of a seed's plan.
    #[must_use]
    pub fn line(&self, broken: &str) -> String {
        let whole = Self::of(self.seed);
        let mut line = self.seed.to_string();
        if self.deeds != whole.deeds {
            let mut rest = whole.deeds.iter().enumerate();
            let kept = self.deeds.iter().filter_map(|deed| {
                rest.find(|(_, other)| *other == deed)
                    .map(|(index, _)| index.to_string())
            });
            // A string takes whatever is written to it.
            let _ = write!(line, " deeds={}", kept.collect::<Vec<_>>().join(","));
        }
        if self.faults != whole.faults {
            let kept = Fault::ALL.iter().filter(|fault| self.faults.has(**fault));
            let kept: Vec<_> = kept.map(|fault| word_of(*fault)).collect();
            let _ = write!(line, " faults={}", kept.join(","));
        }
        if self.faults_max != whole.faults_max {
            let _ = write!(line, " most={}", self.faults_max);
        }
        if self.real {
            line.push_str(" words=real");
        }
        let _ = write!(line, " # {broken}");
        line
    }
}

/// A class of faults as one word.
fn word_of(fault: Fault) -> String {
    format!("{fault:?}")
}

/// Keeps what is left of a failing plan in the file, once.
///
/// # Errors
/// If the file cannot be read or written.
pub fn keep(file: &Path, plan: &Plan, broken: &str) -> std::io::Result<()> {
    let line = plan.line(broken);
    let mut text = std::fs::read_to_string(file)?;
    if !text.lines().any(|known| known == line) {
        text.push_str(&line);
        text.push('\n');
        std::fs::write(file, text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_line_leads_back_to_its_plan() {
        for seed in 0..200 {
            let whole = Plan::of(seed);
            let mut part = whole.clone();
            part.faults_max = 7;
            part.real = seed % 2 == 0;
            part.faults = part.faults.without(Fault::Skew).without(Fault::NoticeLost);
            if part.deeds.len() > 1 {
                part.deeds.remove(0);
            }
            for plan in [whole, part] {
                let again = Plan::of_line(&plan.line("I-0: nothing")).unwrap();
                assert_eq!(again.deeds, plan.deeds, "seed {seed}");
                assert_eq!(again.faults, plan.faults);
                assert_eq!((again.seed, again.faults_max), (seed, plan.faults_max));
                assert_eq!(again.real, plan.real);
            }
        }
        assert!(Plan::of_line("seven").is_none());
        assert!(Plan::of_line("7 deeds=900").is_none());
        assert!(Plan::of_line("7 faults=Nonsense").is_none());
    }
}
