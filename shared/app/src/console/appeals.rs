//! Appeals, as operators see and decide them. Each step is in the journal before it is taken.

use payonce_domain::appeal::{AppealRefusal, Outcome, Proposal};
use payonce_domain::{Appeal, AppealNo, Version};
use payonce_store::StoredAppeal;

use super::{Console, Doing};
use crate::appeals::AppealFailure;

/// As many as one page shows.
const SHOWN_MAX: usize = 100;

/// An operator's ruling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// As the facts suggest.
    AsProposed,
    /// Otherwise, for the reason that is given.
    Otherwise(Outcome),
}

impl Console {
    /// The appeals that wait for something, or that ended, the oldest first.
    ///
    /// # Errors
    /// That they cannot be read.
    pub async fn appeals(&self, over: bool) -> Result<Vec<Appeal>, AppealFailure> {
        let page = self.app.all_appeals(over, None, SHOWN_MAX).await?;
        Ok(page.appeals)
    }

    /// Rules on an appeal as it was seen.
    ///
    /// # Errors
    /// An [`AppealFailure`]; nothing changed then.
    pub async fn rule(
        &self,
        no: AppealNo,
        seen: Version,
        verdict: Verdict,
        doing: Doing<'_>,
    ) -> Result<StoredAppeal, AppealFailure> {
        let (outcome, reason) = match verdict {
            Verdict::AsProposed => (self.proposed(no).await?, None),
            Verdict::Otherwise(outcome) => (outcome, Some(doing.why.to_owned())),
        };
        let detail = format!("{no}: {}", name(&outcome));
        self.record(doing, "rule-appeal", None, detail).await?;
        let by = doing.session.operator.clone();
        let ruled = self
            .app
            .rule_appeal(no, seen, by, outcome, reason, doing.now);
        ruled.await
    }

    async fn proposed(&self, no: AppealNo) -> Result<Outcome, AppealFailure> {
        match self.app.appeal(no).await?.appeal().proposal() {
            Some(Proposal::Refund {
                payment_no, amount, ..
            }) => Ok(Outcome::Refund(vec![(payment_no, amount)])),
            Some(Proposal::Dismiss(_)) => Ok(Outcome::Dismiss),
            Some(Proposal::Wait | Proposal::Person(_)) | None => {
                Err(AppealFailure::Refused(AppealRefusal::TooEarly))
            }
        }
    }

    /// Approves another operator's ruling.
    ///
    /// # Errors
    /// An [`AppealFailure`]; nothing changed then.
    pub async fn approve_ruling(
        &self,
        no: AppealNo,
        seen: Version,
        doing: Doing<'_>,
    ) -> Result<StoredAppeal, AppealFailure> {
        self.record(doing, "approve-ruling", None, no.to_string())
            .await?;
        let by = doing.session.operator.clone();
        self.app.approve_appeal(no, seen, by, doing.now).await
    }

    /// Sends another operator's ruling back.
    ///
    /// # Errors
    /// An [`AppealFailure`]; nothing changed then.
    pub async fn decline_ruling(
        &self,
        no: AppealNo,
        seen: Version,
        doing: Doing<'_>,
    ) -> Result<StoredAppeal, AppealFailure> {
        self.record(doing, "decline-ruling", None, no.to_string())
            .await?;
        let (by, why) = (doing.session.operator.clone(), doing.why.to_owned());
        self.app.decline_appeal(no, seen, by, why, doing.now).await
    }
}

fn name(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Dismiss => "dismiss".to_owned(),
        Outcome::Refund(returns) => {
            let returns = returns.iter();
            let returns = returns.map(|(no, amount)| format!("{no} {} fen", amount.minor()));
            format!("refund {}", returns.collect::<Vec<_>>().join(", "))
        }
    }
}
