//! Facts in the history.

use payonce_domain::fact::Occasion;
use payonce_domain::{
    AccountId, ChannelTradeNo, CreateAnswer, Evidence, Fact, MerchantSaid, Money, PaymentKey,
    RefundReport, Report, ReturnedSum, ReversalReport, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::record::channel_order::ActionRecord;
use crate::record::field::Kept;
use crate::record::number::{of_channel_order, of_refund, to_channel_order, to_refund};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) enum FactRecord {
    #[serde(rename = "m")]
    CreateAnswered {
        #[serde(rename = "n")]
        no: String,
        /// Left out where the channel refused, and where it took a payment code.
        #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
        made: Option<MadeRecord>,
        /// It took a payment code.
        #[serde(rename = "t", default, skip_serializing_if = "std::ops::Not::not")]
        taken: bool,
    },
    #[serde(rename = "r")]
    Reported {
        #[serde(rename = "n")]
        no: String,
        #[serde(rename = "a")]
        account: Kept<AccountId>,
        #[serde(rename = "e")]
        evidence: Kept<Evidence>,
        #[serde(rename = "o")]
        occasion: Kept<Occasion>,
        #[serde(rename = "r")]
        report: ReportRecord,
    },
    #[serde(rename = "v")]
    ReversalAnswered {
        #[serde(rename = "n")]
        no: String,
        #[serde(rename = "r")]
        report: Kept<ReversalReport>,
    },
    #[serde(rename = "f")]
    RefundReported {
        #[serde(rename = "n")]
        no: String,
        #[serde(rename = "e")]
        evidence: Kept<Evidence>,
        #[serde(rename = "o")]
        occasion: Kept<Occasion>,
        #[serde(rename = "r")]
        report: Kept<RefundReport>,
    },
    #[serde(rename = "b")]
    Returned {
        #[serde(rename = "n")]
        no: String,
        #[serde(rename = "e")]
        evidence: Kept<Evidence>,
        #[serde(rename = "b")]
        return_no: String,
        #[serde(rename = "a")]
        returned: Kept<Money>,
        /// By this return alone; else by all so far.
        #[serde(rename = "o", default, skip_serializing_if = "std::ops::Not::not")]
        alone: bool,
    },
    #[serde(rename = "ba")]
    ReturnAbsent {
        #[serde(rename = "t")]
        trade_no: Kept<ChannelTradeNo>,
    },
    #[serde(rename = "n")]
    Told {
        #[serde(rename = "n")]
        sequence: u32,
        #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
        published: Option<bool>,
        #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
        merchant: Option<Kept<MerchantSaid>>,
    },
    #[serde(rename = "t")]
    Ticked,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MadeRecord {
    #[serde(rename = "x")]
    action: ActionRecord,
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<Kept<Timestamp>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) enum ReportRecord {
    #[serde(rename = "p")]
    Paid {
        #[serde(rename = "t")]
        trade_no: Kept<ChannelTradeNo>,
        #[serde(rename = "a")]
        amount: Kept<Money>,
        #[serde(rename = "p")]
        paid_at: Kept<Timestamp>,
    },
    #[serde(rename = "b")]
    PaidBack {
        #[serde(rename = "t")]
        trade_no: Kept<ChannelTradeNo>,
        #[serde(rename = "a")]
        amount: Kept<Money>,
        #[serde(rename = "p")]
        paid_at: Kept<Timestamp>,
    },
    #[serde(rename = "l")]
    TakenLate {
        #[serde(rename = "t")]
        trade_no: Kept<ChannelTradeNo>,
        #[serde(rename = "a")]
        amount: Kept<Money>,
        #[serde(rename = "p")]
        paid_at: Kept<Timestamp>,
    },
    #[serde(rename = "o")]
    Unpaid,
    #[serde(rename = "c")]
    Closed,
    #[serde(rename = "n")]
    NotFound,
    #[serde(rename = "u")]
    NoAnswer,
}

impl FactRecord {
    pub(super) fn of(fact: &Fact, key: PaymentKey) -> Self {
        match fact.clone() {
            Fact::CreateAnswered { no, answer } => Self::CreateAnswered {
                no: of_channel_order(no, key),
                taken: answer == CreateAnswer::Taken,
                made: MadeRecord::of(answer),
            },
            Fact::Reported {
                no,
                account,
                evidence,
                occasion,
                report,
            } => Self::Reported {
                no: of_channel_order(no, key),
                account: Kept(account),
                evidence: Kept(evidence),
                occasion: Kept(occasion),
                report: ReportRecord::from(report),
            },
            Fact::ReversalAnswered { no, report } => Self::ReversalAnswered {
                no: of_channel_order(no, key),
                report: Kept(report),
            },
            Fact::RefundReported {
                no,
                evidence,
                occasion,
                report,
            } => Self::RefundReported {
                no: of_refund(no, key),
                evidence: Kept(evidence),
                occasion: Kept(occasion),
                report: Kept(report),
            },
            Fact::Returned {
                no,
                evidence,
                return_no,
                returned,
            } => {
                let (amount, alone) = match returned {
                    ReturnedSum::Alone(amount) => (amount, true),
                    ReturnedSum::InAll(total) => (total, false),
                };
                Self::Returned {
                    no: of_channel_order(no, key),
                    evidence: Kept(evidence),
                    return_no,
                    returned: Kept(amount),
                    alone,
                }
            }
            Fact::ReturnAbsent { trade_no } => Self::ReturnAbsent {
                trade_no: Kept(trade_no),
            },
            Fact::Told {
                sequence,
                published,
                merchant,
            } => Self::Told {
                sequence,
                published,
                merchant: merchant.map(Kept),
            },
            Fact::Ticked => Self::Ticked,
        }
    }

    /// `None` if a number in it cannot be read.
    pub(super) fn restore(self, key: PaymentKey) -> Option<Fact> {
        Some(match self {
            Self::CreateAnswered { no, made, taken } => Fact::CreateAnswered {
                no: to_channel_order(&no, key)?,
                answer: match (made, taken) {
                    (Some(made), false) => made.restore(),
                    (None, true) => CreateAnswer::Taken,
                    (None, false) => CreateAnswer::Refused,
                    (Some(_), true) => return None,
                },
            },
            Self::Reported {
                no,
                account,
                evidence,
                occasion,
                report,
            } => Fact::Reported {
                no: to_channel_order(&no, key)?,
                account: account.0,
                evidence: evidence.0,
                occasion: occasion.0,
                report: report.into(),
            },
            Self::ReversalAnswered { no, report } => Fact::ReversalAnswered {
                no: to_channel_order(&no, key)?,
                report: report.0,
            },
            Self::RefundReported {
                no,
                evidence,
                occasion,
                report,
            } => Fact::RefundReported {
                no: to_refund(&no, key)?,
                evidence: evidence.0,
                occasion: occasion.0,
                report: report.0,
            },
            Self::Returned {
                no,
                evidence,
                return_no,
                returned,
                alone,
            } => Fact::Returned {
                no: to_channel_order(&no, key)?,
                evidence: evidence.0,
                return_no,
                returned: if alone {
                    ReturnedSum::Alone(returned.0)
                } else {
                    ReturnedSum::InAll(returned.0)
                },
            },
            Self::ReturnAbsent { trade_no } => Fact::ReturnAbsent {
                trade_no: trade_no.0,
            },
            Self::Told {
                sequence,
                published,
                merchant,
            } => Fact::Told {
                sequence,
                published,
                merchant: merchant.map(|said| said.0),
            },
            Self::Ticked => Fact::Ticked,
        })
    }
}

impl MadeRecord {
    fn of(answer: CreateAnswer) -> Option<Self> {
        match answer {
            CreateAnswer::Made { action, expires_at } => Some(Self {
                action: ActionRecord::from(&action),
                expires_at: expires_at.map(Kept),
            }),
            CreateAnswer::Taken | CreateAnswer::Refused => None,
        }
    }

    fn restore(self) -> CreateAnswer {
        CreateAnswer::Made {
            action: self.action.into(),
            expires_at: self.expires_at.map(|at| at.0),
        }
    }
}

impl From<Report> for ReportRecord {
    fn from(report: Report) -> Self {
        match report {
            Report::Paid {
                trade_no,
                amount,
                paid_at,
            } => Self::Paid {
                trade_no: Kept(trade_no),
                amount: Kept(amount),
                paid_at: Kept(paid_at),
            },
            Report::PaidBack {
                trade_no,
                amount,
                paid_at,
            } => Self::PaidBack {
                trade_no: Kept(trade_no),
                amount: Kept(amount),
                paid_at: Kept(paid_at),
            },
            Report::TakenLate {
                trade_no,
                amount,
                paid_at,
            } => Self::TakenLate {
                trade_no: Kept(trade_no),
                amount: Kept(amount),
                paid_at: Kept(paid_at),
            },
            Report::Unpaid => Self::Unpaid,
            Report::Closed => Self::Closed,
            Report::NotFound => Self::NotFound,
            Report::NoAnswer => Self::NoAnswer,
        }
    }
}

impl From<ReportRecord> for Report {
    fn from(record: ReportRecord) -> Self {
        match record {
            ReportRecord::Paid {
                trade_no,
                amount,
                paid_at,
            } => Self::Paid {
                trade_no: trade_no.0,
                amount: amount.0,
                paid_at: paid_at.0,
            },
            ReportRecord::PaidBack {
                trade_no,
                amount,
                paid_at,
            } => Self::PaidBack {
                trade_no: trade_no.0,
                amount: amount.0,
                paid_at: paid_at.0,
            },
            ReportRecord::TakenLate {
                trade_no,
                amount,
                paid_at,
            } => Self::TakenLate {
                trade_no: trade_no.0,
                amount: amount.0,
                paid_at: paid_at.0,
            },
            ReportRecord::Unpaid => Self::Unpaid,
            ReportRecord::Closed => Self::Closed,
            ReportRecord::NotFound => Self::NotFound,
            ReportRecord::NoAnswer => Self::NoAnswer,
        }
    }
}
