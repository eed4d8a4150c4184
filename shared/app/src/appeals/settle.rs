//! Settle an appeal: each payment reserves what was approved, by its own decision, or says that it no
//! longer holds it.

use payonce_domain::appeal::{AppealFact, Ruling, on_fact};
use payonce_domain::{
    Answer, Appeal, AppealNo, Command, Money, OperatorId, PaymentNo, Refusal, Timestamp,
};
use payonce_store::StoredAppeal;

use super::AppealFailure;
use crate::App;
use crate::change;
use crate::failure::Failure;

impl App {
    /// Carries out what was approved. Repeating it is harmless: the appeal's number is the refund's.
    ///
    /// # Errors
    /// That the store cannot be reached; what is due stays due.
    pub(super) async fn settle(
        &self,
        mut seen: StoredAppeal,
        now: Timestamp,
    ) -> Result<StoredAppeal, AppealFailure> {
        for (payment_no, amount) in seen.appeal().to_return() {
            let no = seen.appeal().no();
            let ruling = seen.appeal().ruling.as_ref();
            let Some((decided_by, approved_by)) = ruling.and_then(two_people) else {
                return Ok(seen);
            };
            let command = Command::SettleAppeal {
                appeal: no,
                amount,
                decided_by,
                approved_by,
            };
            let fact = self.reserve(no, payment_no, amount, command, now).await?;
            let settled = |appeal: &Appeal| Ok(on_fact(appeal, fact.clone(), now));
            seen = self.change_appeal(seen, settled).await?;
        }
        Ok(seen)
    }

    async fn reserve(
        &self,
        no: AppealNo,
        payment_no: PaymentNo,
        amount: Money,
        command: Command,
        now: Timestamp,
    ) -> Result<AppealFact, AppealFailure> {
        let found = change::load(&self.store, payment_no.key()).await?;
        let mut working = found.ok_or(AppealFailure::NotFound)?;
        let answer = change::carry_out(&self.store, &mut working, &command, now).await;
        let refund_no = match answer {
            Ok(Answer::Refunding(refund_no) | Answer::ExistingRefund(refund_no)) => refund_no,
            Ok(
                Answer::Noted
                | Answer::Added(_)
                | Answer::Existing(_)
                | Answer::NoChannelOrder
                | Answer::InProgress(_)
                | Answer::Recreate(_)
                | Answer::Switching(_),
            ) => unreachable!("a refund request is answered with a refund"),
            Err(Failure::Refused { refusal, .. }) if refusal != Refusal::Moved => {
                tracing::warn!(
                    appeal.no = %no,
                    payment.no = %payment_no,
                    amount = amount.minor(),
                    ?refusal,
                    "payment {payment_no} does not give back what appeal {no} was ruled on"
                );
                return Ok(AppealFact::NotReturned { payment_no });
            }
            Err(failure) => return Err(failure.into()),
        };
        self.outbox
            .wake(payment_no, &working.wakes_ahead(now), now)
            .await;
        Ok(AppealFact::Returned {
            payment_no,
            refund_no,
        })
    }
}

fn two_people(ruling: &Ruling) -> Option<(OperatorId, OperatorId)> {
    let (approver, _) = ruling.approved.as_ref()?;
    Some((ruling.by.clone(), approver.clone()))
}
