//! Proposals (复核申请): refunds that one operator wants and another one has to approve.
//!
//! A proposal is a note and moves nothing: the refund is made by one command on the payment, which names
//! both people and stays in its history.

use aws_sdk_dynamodb::types::AttributeValue;
use payonce_domain::{MerchantRefundNo, Money, OperatorId, PaymentNo, Timestamp};
use serde::{Deserialize, Serialize};

use super::place;
use super::rows::{Row, STATE};
use crate::Store;
use crate::call::Condition;
use crate::engine::Expression;
use crate::error::StoreError;
use crate::record::field::Kept;

const PARTITION: &str = "proposals";

/// How a proposal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProposalState {
    /// Nobody has decided.
    Waiting,
    /// Somebody approved it: the refund is made, or will be when it is approved again.
    Approved,
    /// Somebody declined it.
    Declined,
}

impl ProposalState {
    /// The word that is stored.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Declined => "declined",
        }
    }
}

/// A refund that one operator proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Its number; it begins with the time, so that proposals lie in the order of time.
    pub no: MerchantRefundNo,
    /// Of which payment.
    pub payment_no: PaymentNo,
    /// How much.
    pub amount: Money,
    /// Why.
    pub reason: String,
    /// Who proposed it.
    pub proposed_by: OperatorId,
    /// When.
    pub proposed_at: Timestamp,
    /// How it stands.
    pub state: ProposalState,
    /// Who decided about it.
    pub decided_by: Option<OperatorId>,
    /// When.
    pub decided_at: Option<Timestamp>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProposalRecord {
    n: Kept<MerchantRefundNo>,
    p: Kept<PaymentNo>,
    a: Kept<Money>,
    y: String,
    o: Kept<OperatorId>,
    t: Kept<Timestamp>,
    s: ProposalState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    b: Option<Kept<OperatorId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    d: Option<Kept<Timestamp>>,
}

impl Store {
    /// Keeps a new proposal.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be kept, or its number is taken.
    pub async fn propose(&self, proposal: &Proposal) -> Result<(), StoreError> {
        let free = Condition::absent();
        if self.keep_proposal(proposal, free).await? {
            Ok(())
        } else {
            Err(StoreError::Misused("the proposal's number is taken"))
        }
    }

    /// Keeps what was decided about a proposal that waits; `false`: somebody decided first.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be kept.
    pub async fn decide_proposal(&self, decided: &Proposal) -> Result<bool, StoreError> {
        let waiting = AttributeValue::S(ProposalState::Waiting.name().to_owned());
        let condition = Condition(Expression {
            text: "#s = :waiting",
            names: vec![("#s", STATE)],
            values: vec![(":waiting", waiting)],
        });
        self.keep_proposal(decided, condition).await
    }

    async fn keep_proposal(
        &self,
        proposal: &Proposal,
        condition: Condition,
    ) -> Result<bool, StoreError> {
        let record = ProposalRecord::from(proposal.clone());
        let row = Row {
            partition: PARTITION.to_owned(),
            place: proposal.no.to_string(),
            state: Some(proposal.state.name()),
            content: &record,
        };
        self.keep_row(&row, condition, "keep a proposal").await
    }

    /// The proposals made since then, oldest first.
    ///
    /// # Errors
    /// A [`StoreError`] if they cannot be had or read.
    pub async fn proposals(&self, since: Timestamp) -> Result<Vec<Proposal>, StoreError> {
        let from = place(since);
        let rows = self.rows::<ProposalRecord>(PARTITION, &from, None);
        Ok(rows.await?.into_iter().map(Proposal::from).collect())
    }

    /// The proposal of this number.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be had or read.
    pub async fn proposal(&self, no: &MerchantRefundNo) -> Result<Option<Proposal>, StoreError> {
        let rows = self.rows::<ProposalRecord>(PARTITION, no.as_str(), Some(1));
        let found = rows.await?.into_iter().map(Proposal::from).next();
        Ok(found.filter(|proposal| proposal.no == *no))
    }
}

impl From<Proposal> for ProposalRecord {
    fn from(proposal: Proposal) -> Self {
        Self {
            n: Kept(proposal.no),
            p: Kept(proposal.payment_no),
            a: Kept(proposal.amount),
            y: proposal.reason,
            o: Kept(proposal.proposed_by),
            t: Kept(proposal.proposed_at),
            s: proposal.state,
            b: proposal.decided_by.map(Kept),
            d: proposal.decided_at.map(Kept),
        }
    }
}

impl From<ProposalRecord> for Proposal {
    fn from(record: ProposalRecord) -> Self {
        Self {
            no: record.n.0,
            payment_no: record.p.0,
            amount: record.a.0,
            reason: record.y,
            proposed_by: record.o.0,
            proposed_at: record.t.0,
            state: record.s,
            decided_by: record.b.map(|by| by.0),
            decided_at: record.d.map(|at| at.0),
        }
    }
}
