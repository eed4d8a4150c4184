//! Granted commands in the history.

use payonce_domain::{
    AppealNo, ChannelChoice, Command, MerchantRefundNo, Money, OperatorId, Payment, PaymentNo,
    Timestamp, Version,
};
use serde::{Deserialize, Serialize};

use crate::record::field::Kept;
use crate::record::number::{of_channel_order, of_refund, to_channel_order, to_refund};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) enum CommandRecord {
    /// Amount and subject are left out where they are the payment's, as they must be to be granted.
    #[serde(rename = "i")]
    Initiate {
        #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
        amount: Option<Kept<Money>>,
        #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
        subject: Option<String>,
        #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
        choice: Option<Kept<ChannelChoice>>,
        #[serde(rename = "w", default, skip_serializing_if = "std::ops::Not::not")]
        switch: bool,
    },
    #[serde(rename = "g")]
    Close {
        #[serde(rename = "v")]
        asked: u64,
    },
    #[serde(rename = "sc")]
    Supersede {
        #[serde(rename = "n")]
        successor: Kept<PaymentNo>,
        #[serde(rename = "t")]
        confirmed_at: Kept<Timestamp>,
    },
    #[serde(rename = "f")]
    Refund {
        #[serde(rename = "q")]
        request: Kept<MerchantRefundNo>,
        #[serde(rename = "a")]
        amount: Kept<Money>,
        #[serde(rename = "y", default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    #[serde(rename = "fa")]
    SettleAppeal {
        #[serde(rename = "q")]
        appeal: Kept<AppealNo>,
        #[serde(rename = "a")]
        amount: Kept<Money>,
        #[serde(rename = "p")]
        decided_by: Kept<OperatorId>,
        #[serde(rename = "b")]
        approved_by: Kept<OperatorId>,
    },
    #[serde(rename = "fo")]
    GiveBack {
        #[serde(rename = "q")]
        proposal: Kept<MerchantRefundNo>,
        #[serde(rename = "a")]
        amount: Kept<Money>,
        #[serde(rename = "y")]
        reason: String,
        #[serde(rename = "p")]
        proposed_by: Kept<OperatorId>,
        #[serde(rename = "b")]
        approved_by: Kept<OperatorId>,
    },
    #[serde(rename = "fb")]
    BeginRefund {
        #[serde(rename = "n")]
        no: String,
    },
    #[serde(rename = "fh")]
    HoldRefund {
        #[serde(rename = "n")]
        no: String,
        #[serde(rename = "u")]
        until: Kept<Timestamp>,
    },
    #[serde(rename = "fr")]
    ResumeRefund {
        #[serde(rename = "n")]
        no: String,
        #[serde(rename = "v")]
        asked: u64,
    },
    #[serde(rename = "oh")]
    HoldChannelOrder {
        #[serde(rename = "n")]
        no: String,
        #[serde(rename = "u")]
        until: Kept<Timestamp>,
    },
    #[serde(rename = "vb")]
    BeginReversal {
        #[serde(rename = "n")]
        no: String,
    },
    #[serde(rename = "n")]
    TellAgain,
}

impl CommandRecord {
    pub(super) fn of(command: &Command, payment: &Payment) -> Self {
        let terms = &payment.terms;
        match command.clone() {
            Command::Initiate {
                amount,
                subject,
                choice,
                switch,
            } => Self::Initiate {
                amount: (amount != terms.amount).then_some(Kept(amount)),
                subject: (subject != terms.subject).then_some(subject),
                choice: choice.map(Kept),
                switch,
            },
            Command::Close { asked } => Self::Close { asked: asked.0 },
            Command::Supersede {
                successor,
                confirmed_at,
            } => Self::Supersede {
                successor: Kept(successor),
                confirmed_at: Kept(confirmed_at),
            },
            Command::Refund {
                request,
                amount,
                reason,
            } => Self::Refund {
                request: Kept(request),
                amount: Kept(amount),
                reason,
            },
            Command::SettleAppeal {
                appeal,
                amount,
                decided_by,
                approved_by,
            } => Self::SettleAppeal {
                appeal: Kept(appeal),
                amount: Kept(amount),
                decided_by: Kept(decided_by),
                approved_by: Kept(approved_by),
            },
            Command::GiveBack {
                proposal,
                amount,
                reason,
                proposed_by,
                approved_by,
            } => Self::GiveBack {
                proposal: Kept(proposal),
                amount: Kept(amount),
                reason,
                proposed_by: Kept(proposed_by),
                approved_by: Kept(approved_by),
            },
            Command::BeginRefund { no } => Self::BeginRefund {
                no: of_refund(no, payment.key),
            },
            Command::HoldRefund { no, until } => Self::HoldRefund {
                no: of_refund(no, payment.key),
                until: Kept(until),
            },
            Command::ResumeRefund { no, asked } => Self::ResumeRefund {
                no: of_refund(no, payment.key),
                asked: asked.0,
            },
            Command::HoldChannelOrder { no, until } => Self::HoldChannelOrder {
                no: of_channel_order(no, payment.key),
                until: Kept(until),
            },
            Command::BeginReversal { no } => Self::BeginReversal {
                no: of_channel_order(no, payment.key),
            },
            Command::TellAgain => Self::TellAgain,
        }
    }

    /// `None` if a number in it cannot be read.
    pub(super) fn restore(self, payment: &Payment) -> Option<Command> {
        let terms = &payment.terms;
        Some(match self {
            Self::Initiate {
                amount,
                subject,
                choice,
                switch,
            } => Command::Initiate {
                amount: amount.map_or(terms.amount, |amount| amount.0),
                subject: subject.unwrap_or_else(|| terms.subject.clone()),
                choice: choice.map(|choice| choice.0),
                switch,
            },
            Self::Close { asked } => Command::Close {
                asked: Version(asked),
            },
            Self::Supersede {
                successor,
                confirmed_at,
            } => Command::Supersede {
                successor: successor.0,
                confirmed_at: confirmed_at.0,
            },
            Self::Refund {
                request,
                amount,
                reason,
            } => Command::Refund {
                request: request.0,
                amount: amount.0,
                reason,
            },
            Self::SettleAppeal {
                appeal,
                amount,
                decided_by,
                approved_by,
            } => Command::SettleAppeal {
                appeal: appeal.0,
                amount: amount.0,
                decided_by: decided_by.0,
                approved_by: approved_by.0,
            },
            Self::GiveBack {
                proposal,
                amount,
                reason,
                proposed_by,
                approved_by,
            } => Command::GiveBack {
                proposal: proposal.0,
                amount: amount.0,
                reason,
                proposed_by: proposed_by.0,
                approved_by: approved_by.0,
            },
            Self::BeginRefund { no } => Command::BeginRefund {
                no: to_refund(&no, payment.key)?,
            },
            Self::HoldRefund { no, until } => Command::HoldRefund {
                no: to_refund(&no, payment.key)?,
                until: until.0,
            },
            Self::ResumeRefund { no, asked } => Command::ResumeRefund {
                no: to_refund(&no, payment.key)?,
                asked: Version(asked),
            },
            Self::HoldChannelOrder { no, until } => Command::HoldChannelOrder {
                no: to_channel_order(&no, payment.key)?,
                until: until.0,
            },
            Self::BeginReversal { no } => Command::BeginReversal {
                no: to_channel_order(&no, payment.key)?,
            },
            Self::TellAgain => Command::TellAgain,
        })
    }
}
