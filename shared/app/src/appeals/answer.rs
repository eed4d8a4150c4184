//! Answer in an appeal: a party's statement, or that it is taken back.

use payonce_domain::StatementId;
use payonce_domain::Timestamp;
use payonce_domain::appeal::{AppealCommand, Party, Position, on_command};
use payonce_store::StoredAppeal;

use super::AppealFailure;
use crate::App;

/// What a party says.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The caller's number for it.
    pub id: StatementId,
    /// Who.
    pub by: Party,
    /// What it wants.
    pub position: Position,
    /// Its words.
    pub text: String,
}

impl App {
    /// Adds a statement.
    ///
    /// # Errors
    /// An [`AppealFailure`] of the contract.
    pub async fn answer_appeal(
        &self,
        seen: StoredAppeal,
        answer: Answer,
        now: Timestamp,
    ) -> Result<StoredAppeal, AppealFailure> {
        let command = AppealCommand::State {
            id: answer.id,
            by: answer.by,
            position: answer.position,
            text: answer.text,
        };
        let said = self.change_appeal(seen, |appeal| on_command(appeal, command.clone(), now));
        said.await
    }

    /// Takes an appeal back.
    ///
    /// # Errors
    /// An [`AppealFailure`] of the contract.
    pub async fn withdraw_appeal(
        &self,
        seen: StoredAppeal,
        by: Party,
        now: Timestamp,
    ) -> Result<StoredAppeal, AppealFailure> {
        let withdraw = AppealCommand::Withdraw { by };
        let taken = self.change_appeal(seen, |appeal| on_command(appeal, withdraw.clone(), now));
        taken.await
    }
}
