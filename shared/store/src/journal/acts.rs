//! What operators did: who, when, what and why. Kept before it is done, and for ever.

use payonce_domain::{OperatorId, PaymentNo, Timestamp};
use serde::{Deserialize, Serialize};

use super::rows::{Row, anyway};
use super::{day, place};
use crate::Store;
use crate::call::Condition;
use crate::error::StoreError;
use crate::record::field::Kept;

/// Something an operator did, or began to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorAct {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub operator: OperatorId,
    /// What, in a word of ours.
    pub what: String,
    /// About which payment, if about one.
    pub payment_no: Option<PaymentNo>,
    /// Amounts and numbers that belong to it.
    pub detail: String,
    /// Why, in the operator's words.
    pub why: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ActRecord {
    t: Kept<Timestamp>,
    o: Kept<OperatorId>,
    w: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    p: Option<Kept<PaymentNo>>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    d: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    y: String,
}

impl Store {
    /// Keeps what an operator is about to do: under its day, and beside its payment.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be kept; then it may not be done.
    pub async fn keep_operator_act(&self, act: &OperatorAct) -> Result<(), StoreError> {
        let record = ActRecord {
            t: Kept(act.at),
            o: Kept(act.operator.clone()),
            w: act.what.clone(),
            p: act.payment_no.map(Kept),
            d: act.detail.clone(),
            y: act.why.clone(),
        };
        let of_payment = act.payment_no.map(|no| format!("acts#{}", no.key()));
        let of_day = Some(format!("acts#{}", day(act.at)));
        for partition in [of_payment, of_day].into_iter().flatten() {
            let row = Row {
                partition,
                place: format!("{}#{}#{}", place(act.at), act.operator, act.what),
                state: None,
                content: &record,
            };
            self.keep_row(&row, anyway(), "keep an operator's act")
                .await?;
        }
        Ok(())
    }

    /// What was done on the day of `at` in UTC, oldest first.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be had or read.
    pub async fn operator_acts(&self, at: Timestamp) -> Result<Vec<OperatorAct>, StoreError> {
        self.acts_in(&format!("acts#{}", day(at))).await
    }

    /// What was done about a payment, oldest first.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be had or read.
    pub async fn operator_acts_about(
        &self,
        payment_no: PaymentNo,
    ) -> Result<Vec<OperatorAct>, StoreError> {
        self.acts_in(&format!("acts#{}", payment_no.key())).await
    }

    async fn acts_in(&self, partition: &str) -> Result<Vec<OperatorAct>, StoreError> {
        let rows = self.rows::<ActRecord>(partition, "0", None).await?;
        Ok(rows.into_iter().map(OperatorAct::from).collect())
    }

    /// Uses a login up; `false`: it was used before.
    ///
    /// # Errors
    /// A [`StoreError`] if it is not known whether it was; then nobody comes in.
    pub async fn use_login(&self, login: &str, now: Timestamp) -> Result<bool, StoreError> {
        let row = Row {
            partition: "logins".to_owned(),
            place: login.to_owned(),
            state: None,
            content: &now.as_millis(),
        };
        self.keep_row(&row, Condition::absent(), "use a login up")
            .await
    }
}

impl From<ActRecord> for OperatorAct {
    fn from(record: ActRecord) -> Self {
        Self {
            at: record.t.0,
            operator: record.o.0,
            what: record.w,
            payment_no: record.p.map(|no| no.0),
            detail: record.d,
            why: record.y,
        }
    }
}
