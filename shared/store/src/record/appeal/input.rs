//! Entries of an appeal's history.

use payonce_domain::appeal::{
    AppealCommand, AppealFact, AppealInput, AppealRequest, Claim, Outcome, Party, Position,
};
use payonce_domain::{
    MerchantAppealNo, MerchantId, Money, OperatorId, PaymentNo, RefundNo, StatementId, Version,
};
use serde::{Deserialize, Serialize};

use super::findings::FindingsRecord;
use crate::record::code::codes;
use crate::record::field::{Field, Kept};

codes! {
    Party {
        Party::Buyer => "b",
        Party::Merchant => "m",
        Party::Supplier => "s",
        Party::Platform => "p",
    }
    Claim {
        Claim::PaidTwice => "t",
        Claim::Other => "o",
    }
    Position {
        Position::Supports => "y",
        Position::Opposes => "n",
        Position::Neutral => "z",
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) enum InputRecord {
    #[serde(rename = "o")]
    Opened {
        #[serde(rename = "m")]
        merchant_id: Kept<MerchantId>,
        #[serde(rename = "i")]
        id: Kept<MerchantAppealNo>,
        #[serde(rename = "b")]
        opened_by: Kept<Party>,
        #[serde(rename = "c")]
        claim: Kept<Claim>,
        #[serde(rename = "p")]
        orders: Vec<Kept<PaymentNo>>,
        #[serde(rename = "y", default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    #[serde(rename = "s")]
    State {
        #[serde(rename = "i")]
        id: Kept<StatementId>,
        #[serde(rename = "b")]
        by: Kept<Party>,
        #[serde(rename = "p")]
        position: Kept<Position>,
        #[serde(rename = "y")]
        text: String,
    },
    #[serde(rename = "w")]
    Withdraw {
        #[serde(rename = "b")]
        by: Kept<Party>,
    },
    #[serde(rename = "r")]
    Rule {
        #[serde(rename = "v")]
        seen: u64,
        #[serde(rename = "b")]
        by: Kept<OperatorId>,
        /// What goes back; empty: nothing.
        #[serde(rename = "a")]
        returns: Vec<(Kept<PaymentNo>, Kept<Money>)>,
        #[serde(rename = "y", default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    #[serde(rename = "a")]
    Approve {
        #[serde(rename = "v")]
        seen: u64,
        #[serde(rename = "b")]
        by: Kept<OperatorId>,
    },
    #[serde(rename = "d")]
    Decline {
        #[serde(rename = "v")]
        seen: u64,
        #[serde(rename = "b")]
        by: Kept<OperatorId>,
        #[serde(rename = "y")]
        reason: String,
    },
    #[serde(rename = "g")]
    Gathered(FindingsRecord),
    #[serde(rename = "f")]
    Returned {
        #[serde(rename = "p")]
        payment_no: Kept<PaymentNo>,
        #[serde(rename = "n")]
        refund_no: Kept<RefundNo>,
    },
    #[serde(rename = "x")]
    NotReturned {
        #[serde(rename = "p")]
        payment_no: Kept<PaymentNo>,
    },
    #[serde(rename = "t")]
    Ticked,
    #[serde(rename = "n")]
    Told {
        #[serde(rename = "s")]
        sequence: u32,
    },
}

impl InputRecord {
    pub(super) fn of(input: &AppealInput) -> Self {
        match input {
            AppealInput::Opened(request) => Self::of_opening(request),
            AppealInput::Command(command) => Self::of_command(command.clone()),
            AppealInput::Fact(fact) => Self::of_fact(fact),
        }
    }

    fn of_opening(request: &AppealRequest) -> Self {
        Self::Opened {
            merchant_id: Kept(request.merchant_id.clone()),
            id: Kept(request.id.clone()),
            opened_by: Kept(request.opened_by),
            claim: Kept(request.claim),
            orders: request.orders.iter().copied().map(Kept).collect(),
            text: request.text.clone(),
        }
    }

    fn of_command(command: AppealCommand) -> Self {
        match command {
            AppealCommand::State {
                id,
                by,
                position,
                text,
            } => Self::State {
                id: Kept(id),
                by: Kept(by),
                position: Kept(position),
                text,
            },
            AppealCommand::Withdraw { by } => Self::Withdraw { by: Kept(by) },
            AppealCommand::Rule {
                seen,
                by,
                outcome,
                reason,
            } => Self::Rule {
                seen: seen.0,
                by: Kept(by),
                returns: match outcome {
                    Outcome::Refund(returns) => returns
                        .into_iter()
                        .map(|(no, amount)| (Kept(no), Kept(amount)))
                        .collect(),
                    Outcome::Dismiss => Vec::new(),
                },
                reason,
            },
            AppealCommand::Approve { seen, by } => Self::Approve {
                seen: seen.0,
                by: Kept(by),
            },
            AppealCommand::Decline { seen, by, reason } => Self::Decline {
                seen: seen.0,
                by: Kept(by),
                reason,
            },
        }
    }

    fn of_fact(fact: &AppealFact) -> Self {
        match fact {
            AppealFact::Gathered(findings) => Self::Gathered(FindingsRecord::of(findings)),
            AppealFact::Returned {
                payment_no,
                refund_no,
            } => Self::Returned {
                payment_no: Kept(*payment_no),
                refund_no: Kept(*refund_no),
            },
            AppealFact::NotReturned { payment_no } => Self::NotReturned {
                payment_no: Kept(*payment_no),
            },
            AppealFact::Ticked => Self::Ticked,
            AppealFact::Told { sequence } => Self::Told {
                sequence: *sequence,
            },
        }
    }

    /// `None` if a number in it cannot be read.
    pub(super) fn restore(self) -> Option<AppealInput> {
        Some(match self {
            Self::Opened {
                merchant_id,
                id,
                opened_by,
                claim,
                orders,
                text,
            } => AppealInput::Opened(AppealRequest {
                merchant_id: merchant_id.0,
                id: id.0,
                opened_by: opened_by.0,
                claim: claim.0,
                orders: orders.into_iter().map(|no| no.0).collect(),
                text,
            }),
            Self::State {
                id,
                by,
                position,
                text,
            } => AppealInput::Command(AppealCommand::State {
                id: id.0,
                by: by.0,
                position: position.0,
                text,
            }),
            Self::Withdraw { by } => AppealInput::Command(AppealCommand::Withdraw { by: by.0 }),
            Self::Rule {
                seen,
                by,
                returns,
                reason,
            } => AppealInput::Command(AppealCommand::Rule {
                seen: Version(seen),
                by: by.0,
                outcome: if returns.is_empty() {
                    Outcome::Dismiss
                } else {
                    let returns = returns.into_iter();
                    Outcome::Refund(returns.map(|(no, amount)| (no.0, amount.0)).collect())
                },
                reason,
            }),
            Self::Approve { seen, by } => AppealInput::Command(AppealCommand::Approve {
                seen: Version(seen),
                by: by.0,
            }),
            Self::Decline { seen, by, reason } => AppealInput::Command(AppealCommand::Decline {
                seen: Version(seen),
                by: by.0,
                reason,
            }),
            Self::Gathered(findings) => {
                AppealInput::Fact(AppealFact::Gathered(findings.restore()?))
            }
            Self::Returned {
                payment_no,
                refund_no,
            } => AppealInput::Fact(AppealFact::Returned {
                payment_no: payment_no.0,
                refund_no: refund_no.0,
            }),
            Self::NotReturned { payment_no } => AppealInput::Fact(AppealFact::NotReturned {
                payment_no: payment_no.0,
            }),
            Self::Ticked => AppealInput::Fact(AppealFact::Ticked),
            Self::Told { sequence } => AppealInput::Fact(AppealFact::Told { sequence }),
        })
    }
}

/// As everybody writes it: the number of another payment, with its key.
impl Field for RefundNo {
    type Kept = String;

    fn keep(&self) -> String {
        self.to_string()
    }

    fn restore(text: String) -> Option<Self> {
        Self::parse(&text)
    }
}
