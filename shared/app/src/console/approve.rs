//! Refunds by hand (人工退款): one operator proposes, another one approves.

use payonce_domain::{
    Answer, Command, MerchantRefundNo, Money, OperatorId, PaymentNo, RefundNo, Span, Timestamp,
    decide,
};
use payonce_store::{Proposal, ProposalState};

use super::{Console, Doing};
use crate::change;
use crate::failure::{Failure, Invalid};

/// How long a proposal waits. Then it is over, and what is still wanted is proposed anew.
pub const PROPOSED_FOR: Span = Span::days(7);

/// What became of a decision about a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decided {
    /// The refund is reserved and on its way.
    Refunding(RefundNo),
    /// It was declined.
    Declined,
    /// Somebody decided otherwise before.
    Otherwise,
}

impl Console {
    /// Proposes to give back a part of what was paid.
    ///
    /// # Errors
    /// A [`Failure`]; more than is left of what was paid is refused at once.
    pub async fn propose(
        &self,
        payment_no: PaymentNo,
        amount: Money,
        doing: Doing<'_>,
    ) -> Result<Proposal, Failure> {
        let stored = self.find(payment_no).await?;
        let proposal = Proposal {
            no: proposal_no(doing.now)?,
            payment_no,
            amount,
            reason: doing.why.to_owned(),
            proposed_by: doing.session.operator.clone(),
            proposed_at: doing.now,
            state: ProposalState::Waiting,
            decided_by: None,
            decided_at: None,
        };
        // Would it be granted, were another one to approve it now?
        let somebody = OperatorId::new("somebody-else").expect("this is an identifier");
        let rehearsed = command(&proposal, &somebody);
        decide::on_command(stored.payment(), rehearsed, doing.now)
            .map_err(|refusal| Failure::refused(payment_no, refusal))?;
        let detail = format!("{} {} fen", proposal.no, amount.minor());
        self.record(doing, "propose-refund", Some(payment_no), detail)
            .await?;
        self.app.store.propose(&proposal).await?;
        Ok(proposal)
    }

    /// Approves a proposal, and has the refund made. Approving again what was approved and not made, since
    /// something died in between, makes it; it is never made twice.
    ///
    /// # Errors
    /// A [`Failure`]; [`payonce_domain::Refusal::SamePerson`] to whoever proposed it.
    pub async fn approve(
        &self,
        no: &MerchantRefundNo,
        doing: Doing<'_>,
    ) -> Result<Decided, Failure> {
        let mut proposal = self.proposal(no, doing.now).await?;
        let payment_no = proposal.payment_no;
        let stored = self.find(payment_no).await?;
        let by = match (proposal.state, &proposal.decided_by) {
            (ProposalState::Waiting, _) => doing.session.operator.clone(),
            (ProposalState::Approved, Some(by)) => by.clone(),
            (ProposalState::Approved, None) | (ProposalState::Declined, _) => {
                return Ok(Decided::Otherwise);
            }
        };
        let command = command(&proposal, &by);
        decide::on_command(stored.payment(), command.clone(), doing.now)
            .map_err(|refusal| Failure::refused(payment_no, refusal))?;
        self.record(doing, "approve-refund", Some(payment_no), no.to_string())
            .await?;
        if proposal.state == ProposalState::Waiting {
            decide_by(&mut proposal, ProposalState::Approved, doing);
            if !self.app.store.decide_proposal(&proposal).await? {
                return Ok(Decided::Otherwise);
            }
        }
        let mut working = change::Working::new(stored);
        let answer = change::carry_out(&self.app.store, &mut working, &command, doing.now).await?;
        let wakes = working.wakes_ahead(doing.now);
        self.app.outbox.wake(payment_no, &wakes, doing.now).await;
        self.forget();
        match answer {
            Answer::Refunding(no) | Answer::ExistingRefund(no) => Ok(Decided::Refunding(no)),
            Answer::Noted
            | Answer::Added(_)
            | Answer::Existing(_)
            | Answer::NoChannelOrder
            | Answer::InProgress(_)
            | Answer::Recreate(_)
            | Answer::Switching(_) => unreachable!("a refund is answered with a refund"),
        }
    }

    /// Declines a proposal. Whoever made it may take it back so.
    ///
    /// # Errors
    /// A [`Failure`] if it is not there, or cannot be written.
    pub async fn decline(
        &self,
        no: &MerchantRefundNo,
        doing: Doing<'_>,
    ) -> Result<Decided, Failure> {
        let mut proposal = self.proposal(no, doing.now).await?;
        let payment_no = Some(proposal.payment_no);
        self.record(doing, "decline-refund", payment_no, no.to_string())
            .await?;
        decide_by(&mut proposal, ProposalState::Declined, doing);
        let first = self.app.store.decide_proposal(&proposal).await?;
        Ok(if first {
            Decided::Declined
        } else {
            Decided::Otherwise
        })
    }

    /// The proposals that are not over, newest first.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn proposals(&self, now: Timestamp) -> Result<Vec<Proposal>, Failure> {
        let mut all = self.app.store.proposals(now.minus(PROPOSED_FOR)).await?;
        all.reverse();
        Ok(all)
    }

    async fn proposal(&self, no: &MerchantRefundNo, now: Timestamp) -> Result<Proposal, Failure> {
        let found = self.app.store.proposal(no).await?;
        let fresh = |made: &Proposal| now < made.proposed_at.plus(PROPOSED_FOR);
        found.filter(fresh).ok_or(Failure::NotFound)
    }
}

fn decide_by(proposal: &mut Proposal, state: ProposalState, doing: Doing<'_>) {
    proposal.state = state;
    proposal.decided_by = Some(doing.session.operator.clone());
    proposal.decided_at = Some(doing.now);
}

fn command(proposal: &Proposal, approved_by: &OperatorId) -> Command {
    Command::GiveBack {
        proposal: proposal.no.clone(),
        amount: proposal.amount,
        reason: proposal.reason.clone(),
        proposed_by: proposal.proposed_by.clone(),
        approved_by: approved_by.clone(),
    }
}

/// The time, so that proposals lie in its order, and chance.
fn proposal_no(now: Timestamp) -> Result<MerchantRefundNo, Failure> {
    let mut chance = [0; 6];
    let filled = ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut chance);
    filled.map_err(|_| Failure::Unavailable(anyhow::anyhow!("there is no chance to be had")))?;
    let chance: String = chance.iter().map(|byte| format!("{byte:02x}")).collect();
    let text = format!("{:013}-{chance}", now.as_millis());
    MerchantRefundNo::new(text).map_err(|error| {
        Failure::Invalid(Invalid {
            pointer: "/proposal",
            detail: error.to_string(),
        })
    })
}
