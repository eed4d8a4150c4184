//! What an appeal found, in its history.

use payonce_domain::appeal::bill::{BillFacts, BillFinding, FindingEnd};
use payonce_domain::appeal::findings::{AttemptFacts, ChannelWord, RefundFacts, SameBuyer};
use payonce_domain::appeal::{Findings, OrderFacts};
use payonce_domain::reconciliation::DiscrepancyClass;
use payonce_domain::{
    BillDay, ChannelOrderNo, ChannelOrderState, MerchantOrderNo, Money, PaymentNo, PaymentState,
    RefundCause, RefundNo, RefundState, Source, Span, Timestamp, Version,
};
use serde::{Deserialize, Serialize};

use crate::record::code::codes;
use crate::record::field::{Field, Kept};

codes! {
    ChannelWord {
        ChannelWord::Paid => "p",
        ChannelWord::Returned => "r",
        ChannelWord::Unpaid => "o",
        ChannelWord::Nothing => "n",
        ChannelWord::Silent => "u",
    }
    SameBuyer {
        SameBuyer::Yes => "y",
        SameBuyer::No => "n",
        SameBuyer::Unknown => "u",
    }
    FindingEnd {
        FindingEnd::Open => "o",
        FindingEnd::Repaired => "r",
        FindingEnd::Settled => "s",
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FindingsRecord {
    #[serde(rename = "o")]
    orders: Vec<OrderRecord>,
    #[serde(rename = "g", default, skip_serializing_if = "std::ops::Not::not")]
    same_goods: bool,
    #[serde(rename = "b")]
    same_buyer: Kept<SameBuyer>,
    /// Milliseconds.
    #[serde(rename = "a")]
    apart: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OrderRecord {
    #[serde(rename = "p")]
    payment_no: Kept<PaymentNo>,
    #[serde(rename = "m")]
    merchant_order_no: Kept<MerchantOrderNo>,
    #[serde(rename = "s")]
    subject: String,
    #[serde(rename = "a")]
    amount: Kept<Money>,
    #[serde(rename = "c")]
    created_at: Kept<Timestamp>,
    #[serde(rename = "v")]
    version: u64,
    #[serde(rename = "st")]
    state: Kept<PaymentState>,
    #[serde(rename = "cp")]
    captured: Kept<Money>,
    #[serde(rename = "rf")]
    refundable: Kept<Money>,
    #[serde(rename = "pt", default, skip_serializing_if = "Option::is_none")]
    paid_at: Option<Kept<Timestamp>>,
    #[serde(rename = "pk", default, skip_serializing_if = "Option::is_none")]
    paid_known_at: Option<Kept<Timestamp>>,
    #[serde(rename = "vb", default, skip_serializing_if = "Option::is_none")]
    vouched_by: Option<Kept<Source>>,
    #[serde(rename = "gu", default, skip_serializing_if = "Option::is_none")]
    given_up_at: Option<Kept<Timestamp>>,
    #[serde(rename = "sc", default, skip_serializing_if = "Option::is_none")]
    successor: Option<Kept<PaymentNo>>,
    #[serde(rename = "ao", default, skip_serializing_if = "Vec::is_empty")]
    attempts: Vec<AttemptRecord>,
    #[serde(rename = "r", default, skip_serializing_if = "Vec::is_empty")]
    refunds: Vec<RefundRecord>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AttemptRecord {
    #[serde(rename = "n")]
    no: String,
    #[serde(rename = "s")]
    state: Kept<ChannelOrderState>,
    #[serde(rename = "w")]
    said: Kept<ChannelWord>,
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    bill: Option<BillRecord>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BillRecord {
    #[serde(rename = "d")]
    day: String,
    #[serde(rename = "c", default, skip_serializing_if = "std::ops::Not::not")]
    is_compared: bool,
    #[serde(rename = "h", default, skip_serializing_if = "std::ops::Not::not")]
    is_captured: bool,
    #[serde(rename = "f", default, skip_serializing_if = "Vec::is_empty")]
    found: Vec<BillFindingRecord>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BillFindingRecord {
    #[serde(rename = "c")]
    class: String,
    #[serde(rename = "d")]
    day: String,
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    theirs: Option<Kept<Money>>,
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    ours: Option<Kept<Money>>,
    #[serde(rename = "s")]
    end: Kept<FindingEnd>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RefundRecord {
    #[serde(rename = "n")]
    no: Kept<RefundNo>,
    #[serde(rename = "c")]
    cause: Kept<RefundCause>,
    #[serde(rename = "a")]
    amount: Kept<Money>,
    #[serde(rename = "s")]
    state: Kept<RefundState>,
}

impl FindingsRecord {
    pub(super) fn of(findings: &Findings) -> Self {
        Self {
            orders: findings.orders.iter().map(OrderRecord::of).collect(),
            same_goods: findings.same_goods,
            same_buyer: Kept(findings.same_buyer),
            apart: findings.apart.as_millis(),
        }
    }

    pub(super) fn restore(self) -> Option<Findings> {
        let orders: Option<Vec<_>> = self.orders.into_iter().map(OrderRecord::restore).collect();
        Some(Findings {
            orders: orders?,
            same_goods: self.same_goods,
            same_buyer: self.same_buyer.0,
            apart: Span::millis(self.apart),
        })
    }
}

impl OrderRecord {
    fn of(order: &OrderFacts) -> Self {
        Self {
            payment_no: Kept(order.payment_no),
            merchant_order_no: Kept(order.merchant_order_no.clone()),
            subject: order.subject.clone(),
            amount: Kept(order.amount),
            created_at: Kept(order.created_at),
            version: order.version.0,
            state: Kept(order.state),
            captured: Kept(order.captured),
            refundable: Kept(order.refundable),
            paid_at: order.paid_at.map(Kept),
            paid_known_at: order.paid_known_at.map(Kept),
            vouched_by: order.vouched_by.map(Kept),
            given_up_at: order.given_up_at.map(Kept),
            successor: order.successor.map(Kept),
            attempts: order.attempts.iter().map(AttemptRecord::of).collect(),
            refunds: order.refunds.iter().map(RefundRecord::of).collect(),
        }
    }

    fn restore(self) -> Option<OrderFacts> {
        let attempts = self.attempts.into_iter().map(AttemptRecord::restore);
        Some(OrderFacts {
            payment_no: self.payment_no.0,
            merchant_order_no: self.merchant_order_no.0,
            subject: self.subject,
            amount: self.amount.0,
            created_at: self.created_at.0,
            version: Version(self.version),
            state: self.state.0,
            captured: self.captured.0,
            refundable: self.refundable.0,
            paid_at: self.paid_at.map(|at| at.0),
            paid_known_at: self.paid_known_at.map(|at| at.0),
            vouched_by: self.vouched_by.map(|source| source.0),
            given_up_at: self.given_up_at.map(|at| at.0),
            successor: self.successor.map(|no| no.0),
            attempts: attempts.collect::<Option<_>>()?,
            refunds: self
                .refunds
                .into_iter()
                .map(RefundRecord::restore)
                .collect(),
        })
    }
}

impl AttemptRecord {
    fn of(attempt: &AttemptFacts) -> Self {
        Self {
            no: attempt.no.to_string(),
            state: Kept(attempt.state),
            said: Kept(attempt.said),
            bill: attempt.bill.as_ref().map(BillRecord::of),
        }
    }

    fn restore(self) -> Option<AttemptFacts> {
        let bill = match self.bill {
            Some(bill) => Some(bill.restore()?),
            None => None,
        };
        Some(AttemptFacts {
            no: ChannelOrderNo::parse(&self.no)?,
            state: self.state.0,
            said: self.said.0,
            bill,
        })
    }
}

impl BillRecord {
    fn of(bill: &BillFacts) -> Self {
        Self {
            day: bill.day.to_string(),
            is_compared: bill.is_compared,
            is_captured: bill.is_captured,
            found: bill.found.iter().map(BillFindingRecord::of).collect(),
        }
    }

    fn restore(self) -> Option<BillFacts> {
        let found = self.found.into_iter().map(BillFindingRecord::restore);
        Some(BillFacts {
            day: BillDay::parse(&self.day)?,
            is_compared: self.is_compared,
            is_captured: self.is_captured,
            found: found.collect::<Option<_>>()?,
        })
    }
}

impl BillFindingRecord {
    fn of(found: &BillFinding) -> Self {
        Self {
            class: found.class.name().to_owned(),
            day: found.day.to_string(),
            theirs: found.theirs.map(Kept),
            ours: found.ours.map(Kept),
            end: Kept(found.end),
        }
    }

    fn restore(self) -> Option<BillFinding> {
        Some(BillFinding {
            class: DiscrepancyClass::from_name(&self.class)?,
            day: BillDay::parse(&self.day)?,
            theirs: self.theirs.map(|money| money.0),
            ours: self.ours.map(|money| money.0),
            end: self.end.0,
        })
    }
}

impl RefundRecord {
    fn of(refund: &RefundFacts) -> Self {
        Self {
            no: Kept(refund.no),
            cause: Kept(refund.cause),
            amount: Kept(refund.amount),
            state: Kept(refund.state),
        }
    }

    fn restore(self) -> RefundFacts {
        RefundFacts {
            no: self.no.0,
            cause: self.cause.0,
            amount: self.amount.0,
            state: self.state.0,
        }
    }
}
