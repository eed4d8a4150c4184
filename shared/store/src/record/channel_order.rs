//! A channel order in its payment's item, with what the buyer pays with and when it is due.

use std::collections::BTreeMap;

use payonce_domain::{
    AccountId, Action, BankCode, ChannelOrder, ChannelOrderState, ClosingCause, Due, PaymentKey,
    Stretch, Timestamp,
};
use serde::{Deserialize, Serialize};

use super::field::Kept;
use super::number;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChannelOrderRecord {
    #[serde(rename = "n")]
    no: String,
    #[serde(rename = "a")]
    account: Kept<AccountId>,
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    bank: Option<Kept<BankCode>>,
    /// In percent; left out at the documented pace.
    #[serde(rename = "st", default, skip_serializing_if = "Option::is_none")]
    stretch: Option<Kept<Stretch>>,
    #[serde(rename = "s")]
    state: Kept<ChannelOrderState>,
    #[serde(rename = "c")]
    created_at: Kept<Timestamp>,
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    action: Option<ActionRecord>,
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    action_expires_at: Option<Kept<Timestamp>>,
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    lease_until: Option<Kept<Timestamp>>,
    #[serde(rename = "u", default, skip_serializing_if = "is_zero")]
    creates_unanswered: u32,
    #[serde(rename = "g", default, skip_serializing_if = "Option::is_none")]
    closing: Option<Kept<ClosingCause>>,
    #[serde(rename = "gs", default, skip_serializing_if = "Option::is_none")]
    closing_since: Option<Kept<Timestamp>>,
    #[serde(rename = "v", default, skip_serializing_if = "Option::is_none")]
    reversing_since: Option<Kept<Timestamp>>,
    #[serde(rename = "w", default, skip_serializing_if = "is_zero")]
    reversals_unanswered: u32,
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    due: Option<DueRecord>,
}

/// When something is to be done.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DueRecord {
    #[serde(rename = "a")]
    at: Kept<Timestamp>,
    #[serde(rename = "m", default, skip_serializing_if = "std::ops::Not::not")]
    messaged: bool,
}

/// What the buyer pays with.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) enum ActionRecord {
    #[serde(rename = "r")]
    Redirect(String),
    #[serde(rename = "q")]
    Qr(String),
    #[serde(rename = "f")]
    Form {
        #[serde(rename = "u")]
        url: String,
        #[serde(rename = "f")]
        fields: BTreeMap<String, String>,
    },
    #[serde(rename = "j")]
    Jsapi(BTreeMap<String, String>),
}

/// What is kept of a stretch: nothing where there is none.
pub(crate) fn stretched(stretch: Stretch) -> Option<Kept<Stretch>> {
    (stretch != Stretch::NONE).then_some(Kept(stretch))
}

pub(super) fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl ChannelOrderRecord {
    pub(super) fn of(order: &ChannelOrder, key: PaymentKey) -> Self {
        let ChannelOrder {
            no,
            account,
            bank,
            stretch,
            state,
            created_at,
            action,
            action_expires_at,
            lease_until,
            creates_unanswered,
            closing,
            closing_since,
            reversing_since,
            reversals_unanswered,
            due,
        } = order;
        Self {
            no: number::of_channel_order(*no, key),
            account: Kept(account.clone()),
            bank: bank.clone().map(Kept),
            stretch: stretched(*stretch),
            state: Kept(*state),
            created_at: Kept(*created_at),
            action: action.as_ref().map(ActionRecord::from),
            action_expires_at: action_expires_at.map(Kept),
            lease_until: lease_until.map(Kept),
            creates_unanswered: *creates_unanswered,
            closing: closing.map(Kept),
            closing_since: closing_since.map(Kept),
            reversing_since: reversing_since.map(Kept),
            reversals_unanswered: *reversals_unanswered,
            due: due.map(DueRecord::from),
        }
    }

    pub(super) fn restore(self, key: PaymentKey) -> Option<ChannelOrder> {
        Some(ChannelOrder {
            no: number::to_channel_order(&self.no, key)?,
            account: self.account.0,
            bank: self.bank.map(|bank| bank.0),
            stretch: self.stretch.map_or(Stretch::NONE, |stretch| stretch.0),
            state: self.state.0,
            created_at: self.created_at.0,
            action: self.action.map(Action::from),
            action_expires_at: self.action_expires_at.map(|at| at.0),
            lease_until: self.lease_until.map(|at| at.0),
            creates_unanswered: self.creates_unanswered,
            closing: self.closing.map(|cause| cause.0),
            closing_since: self.closing_since.map(|at| at.0),
            reversing_since: self.reversing_since.map(|at| at.0),
            reversals_unanswered: self.reversals_unanswered,
            due: self.due.map(Due::from),
        })
    }
}

impl From<Due> for DueRecord {
    fn from(due: Due) -> Self {
        Self {
            at: Kept(due.at),
            messaged: due.messaged,
        }
    }
}

impl From<DueRecord> for Due {
    fn from(record: DueRecord) -> Self {
        Self {
            at: record.at.0,
            messaged: record.messaged,
        }
    }
}

impl From<&Action> for ActionRecord {
    fn from(action: &Action) -> Self {
        match action.clone() {
            Action::Redirect { url } => Self::Redirect(url),
            Action::Qr { content } => Self::Qr(content),
            Action::Form { url, fields } => Self::Form { url, fields },
            Action::Jsapi { parameters } => Self::Jsapi(parameters),
        }
    }
}

impl From<ActionRecord> for Action {
    fn from(record: ActionRecord) -> Self {
        match record {
            ActionRecord::Redirect(url) => Self::Redirect { url },
            ActionRecord::Qr(content) => Self::Qr { content },
            ActionRecord::Form { url, fields } => Self::Form { url, fields },
            ActionRecord::Jsapi(parameters) => Self::Jsapi { parameters },
        }
    }
}
