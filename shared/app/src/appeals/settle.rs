//! Settle an appeal: each payment reserves what was approved, by its own decision, or says that it no
//! longer holds it.

use payonce_domain::appeal::{AppealFact, Ruling, on_fact};
use payonce_domain::{
    Answer, Appeal, AppealNo, Command, Money, OperatorId, PaymentNo, Refusal, Timestamp, decide,
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
            let kept = seen.appeal().kept();
            let returned = (payment_no, amount);
            let fact = self.reserve(no, returned, command, &kept, now).await?;
            let settled = |appeal: &Appeal| Ok(on_fact(appeal, fact.clone(), now));
            seen = self.change_appeal(seen, settled).await?;
        }
        Ok(seen)
    }

    async fn reserve(
        &self,
        no: AppealNo,
        (payment_no, amount): (PaymentNo, Money),
        command: Command,
        kept: &[PaymentNo],
        now: Timestamp,
    ) -> Result<AppealFact, AppealFailure> {
        let found = change::load(&self.store, payment_no.key()).await?;
        let mut working = found.ok_or(AppealFailure::NotFound)?;
        let decided = decide::on_command(working.payment(), command.clone(), now);
        let is_new = decided.is_ok_and(|new| matches!(new.answer(), Answer::Refunding(_)));
        if is_new && !self.is_kept(kept).await? {
            tracing::warn!(
                appeal.no = %no,
                payment.no = %payment_no,
                "payment {payment_no} gives nothing back: what appeal {no} left paid has gone back too"
            );
            return Ok(AppealFact::NotReturned { payment_no });
        }
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

    /// Whether one of the orders that a ruling left paid still is. Another appeal, or the merchant, may have
    /// given that money back since, and then nothing is paid twice.
    async fn is_kept(&self, kept: &[PaymentNo]) -> Result<bool, AppealFailure> {
        for no in kept {
            let found = change::load(&self.store, no.key()).await?;
            let working = found.ok_or(AppealFailure::NotFound)?;
            if !working.payment().refundable().is_zero() {
                return Ok(true);
            }
        }
        Ok(kept.is_empty())
    }
}

fn two_people(ruling: &Ruling) -> Option<(OperatorId, OperatorId)> {
    let (approver, _) = ruling.approved.as_ref()?;
    Some((ruling.by.clone(), approver.clone()))
}
