//! An appeal's history: what happened to it, in order. The appeal is what the entries lead to.

use super::decide::{self, AppealCommand, AppealFact};
use super::{Appeal, AppealRequest};
use crate::payment::Version;
use crate::time::Timestamp;

/// What changed an appeal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppealInput {
    /// It was opened. Version 1, always and only.
    Opened(AppealRequest),
    /// Something was asked and granted.
    Command(AppealCommand),
    /// Something happened.
    Fact(AppealFact),
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppealEntry {
    /// The version this step made.
    pub version: Version,
    /// When, by our clock.
    pub at: Timestamp,
    /// What.
    pub input: AppealInput,
}

/// Why a history makes no appeal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an appeal's history breaks at version {}", .at.0)]
pub struct BrokenAppeal {
    /// The version whose entry does not follow.
    pub at: Version,
}

/// The appeal this history leads to.
///
/// # Errors
/// [`BrokenAppeal`] if an entry is missing, out of order, refused or without effect.
pub fn replay(entries: &[AppealEntry]) -> Result<Appeal, BrokenAppeal> {
    let mut appeal: Option<Appeal> = None;
    for entry in entries {
        let broken = BrokenAppeal { at: entry.version };
        let decided = match (&appeal, &entry.input) {
            (None, AppealInput::Opened(request)) => decide::open(request.clone(), entry.at).ok(),
            (Some(appeal), AppealInput::Command(command)) => {
                decide::on_command(appeal, command.clone(), entry.at).ok()
            }
            (Some(appeal), AppealInput::Fact(fact)) => {
                Some(decide::on_fact(appeal, fact.clone(), entry.at))
            }
            (None, AppealInput::Command(_) | AppealInput::Fact(_))
            | (Some(_), AppealInput::Opened(_)) => None,
        };
        let follows =
            |one: &decide::AppealDecision| one.changed() && one.appeal().version == entry.version;
        let decided = decided.filter(follows).ok_or(broken)?;
        appeal = Some(decided.into_appeal());
    }
    appeal.ok_or(BrokenAppeal { at: Version(0) })
}
