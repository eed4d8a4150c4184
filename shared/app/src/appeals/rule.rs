//! Rule on an appeal: one operator rules, a second one approves or sends back. Whoever approves only
//! stores it; `appeals` carries it out.

use payonce_domain::appeal::{AppealCommand, Outcome, on_command};
use payonce_domain::{AppealNo, OperatorId, Timestamp, Version};
use payonce_store::StoredAppeal;

use super::AppealFailure;
use crate::App;

impl App {
    /// An operator's ruling on the appeal as he saw it.
    ///
    /// # Errors
    /// An [`AppealFailure`]; nothing changed then.
    pub async fn rule_appeal(
        &self,
        no: AppealNo,
        seen: Version,
        by: OperatorId,
        outcome: Outcome,
        reason: Option<String>,
        now: Timestamp,
    ) -> Result<StoredAppeal, AppealFailure> {
        let ruling = AppealCommand::Rule {
            seen,
            by,
            outcome,
            reason,
        };
        self.command_appeal(no, ruling, now).await
    }

    /// The second operator's approval. What was approved is carried out at once, or by the next sweep.
    ///
    /// # Errors
    /// An [`AppealFailure`]; nothing changed then.
    pub async fn approve_appeal(
        &self,
        no: AppealNo,
        seen: Version,
        by: OperatorId,
        now: Timestamp,
    ) -> Result<StoredAppeal, AppealFailure> {
        let approval = AppealCommand::Approve { seen, by };
        let approved = self.command_appeal(no, approval, now).await?;
        self.outbox.invoke_appeals(&[no]).await;
        Ok(approved)
    }

    /// The second operator sends the ruling back.
    ///
    /// # Errors
    /// An [`AppealFailure`]; nothing changed then.
    pub async fn decline_appeal(
        &self,
        no: AppealNo,
        seen: Version,
        by: OperatorId,
        reason: String,
        now: Timestamp,
    ) -> Result<StoredAppeal, AppealFailure> {
        let refusal = AppealCommand::Decline { seen, by, reason };
        self.command_appeal(no, refusal, now).await
    }

    async fn command_appeal(
        &self,
        no: AppealNo,
        command: AppealCommand,
        now: Timestamp,
    ) -> Result<StoredAppeal, AppealFailure> {
        let seen = self.appeal(no).await?;
        let changed = self.change_appeal(seen, |appeal| on_command(appeal, command.clone(), now));
        changed.await
    }
}
