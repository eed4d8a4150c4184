//! What stands alone after both passes: wait, believe, repair, or show to people.

use super::{
    BillLine, CARRY_UNDER_WAY_DAYS, DiscrepancyClass, FeeRate, Proposal, Standing, carry_days,
};
use crate::evidence::{Evidence, Source};
use crate::fact::{Fact, Occasion, RefundReport, Report, ReturnedSum};
use crate::ids::{AccountId, MerchantId};
use crate::ledger::{BillDay, LedgerRow, Movement};
use crate::numbers::{ChannelOrderNo, RefundNo};
use crate::payment::Payment;
use crate::refund::{Refund, RefundCause, RefundState};

/// What our books have under a line's number.
#[derive(Debug, Clone, Copy)]
pub enum Known<'a> {
    /// It carries no number of ours with valid check characters, or no payment has it.
    Nothing,
    /// The payment of that number.
    Payment(&'a Payment),
}

/// What becomes of a line or a row that stands alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may still meet its other half: into the pool.
    Wait,
    /// The payment itself confirms it: there is nothing to do.
    Confirmed,
    /// The bill proves what the payment does not know. The one decision function takes the fact.
    Repair {
        /// What the line says, for the payment.
        fact: Box<Fact>,
        /// What it is counted as.
        class: DiscrepancyClass,
        /// What is left for people.
        proposal: Proposal,
    },
    /// People have to see it.
    Show {
        /// What it is.
        class: DiscrepancyClass,
        /// What they are advised to do.
        proposal: Proposal,
    },
}

const fn show(class: DiscrepancyClass, proposal: Proposal) -> Verdict {
    Verdict::Show { class, proposal }
}

/// Judges a line of `account`'s bill. `today` is the day whose bill is being worked on.
#[must_use]
pub fn judge_line(
    line: &BillLine,
    account: &AccountId,
    owner: &MerchantId,
    known: Known<'_>,
    today: BillDay,
) -> Verdict {
    let newest = line.alone_since.is_none_or(|day| day <= today);
    let waited = newest && today.days_since(line.day) >= carry_days(line.movement);
    let payment = match known {
        Known::Payment(payment) if is_of_account(payment, line, account, owner) => payment,
        Known::Payment(_) | Known::Nothing if waited => {
            return show(DiscrepancyClass::Foreign, Proposal::AskMerchant);
        }
        Known::Payment(_) | Known::Nothing => return Verdict::Wait,
    };
    match line.movement {
        Movement::Payment => judge_payment(line, account, payment, waited),
        Movement::Refund => judge_refund(line, payment, today, waited),
    }
}

/// Whether the attempt that a line names was made on this account. An attempt that the payment does not
/// hold, as after a restore, is taken for its merchant's.
fn is_of_account(
    payment: &Payment,
    line: &BillLine,
    account: &AccountId,
    owner: &MerchantId,
) -> bool {
    let order = line
        .channel_order_no()
        .and_then(|no| payment.channel_order(no));
    payment.terms.merchant_id == *owner && order.is_none_or(|order| order.account == *account)
}

impl BillLine {
    /// The attempt of ours that the line is about, if its number is one of ours.
    #[must_use]
    pub fn channel_order_no(&self) -> Option<ChannelOrderNo> {
        let by_refund = || self.our_refund_no().map(RefundNo::channel_order);
        ChannelOrderNo::parse(&self.order_no).or_else(by_refund)
    }

    fn our_refund_no(&self) -> Option<RefundNo> {
        RefundNo::parse(self.refund_no.as_deref()?)
    }
}

/// What the line rests on; the digest is of its text, which the caller keeps.
const BILL: Evidence = Evidence {
    source: Source::Bill,
    digest: None,
};

fn judge_payment(line: &BillLine, account: &AccountId, payment: &Payment, waited: bool) -> Verdict {
    let Some(no) = line.channel_order_no() else {
        return show(DiscrepancyClass::Foreign, Proposal::AskMerchant);
    };
    let capture = payment.capture(&line.trade_no);
    match line.standing {
        Standing::Done => {}
        // It came to nothing, and that is what we have.
        Standing::UnderWay | Standing::Failed if capture.is_none() => return Verdict::Confirmed,
        Standing::UnderWay | Standing::Failed if waited => {
            return show(DiscrepancyClass::StatusDiffers, Proposal::QueryChannel);
        }
        Standing::UnderWay | Standing::Failed => return Verdict::Wait,
    }
    match capture {
        None => Verdict::Repair {
            fact: Box::new(paid(line, no, account)),
            class: DiscrepancyClass::ChannelOnly,
            proposal: Proposal::Repaired,
        },
        Some(capture) if capture.amount != line.amount => amount_differs(line, no, account),
        Some(_) if !waited => Verdict::Wait,
        // Its row was written long ago, so another line has met it.
        Some(_) => show(DiscrepancyClass::DuplicateLine, Proposal::AskChannel),
    }
}

/// The fact that a line's payment is for its order.
fn paid(line: &BillLine, no: ChannelOrderNo, account: &AccountId) -> Fact {
    Fact::Reported {
        no,
        account: account.clone(),
        evidence: BILL,
        occasion: Occasion::Told,
        report: Report::Paid {
            trade_no: line.trade_no.clone(),
            amount: line.amount,
            paid_at: line.at,
        },
    }
}

/// Judges a line and the row about the same movement that names another amount.
#[must_use]
pub fn judge_other_amount(line: &BillLine, account: &AccountId) -> Verdict {
    match (line.standing, line.movement, line.channel_order_no()) {
        (Standing::Done, Movement::Payment, Some(no)) => amount_differs(line, no, account),
        (Standing::Done, Movement::Payment | Movement::Refund, _) => {
            show(DiscrepancyClass::AmountDiffers, Proposal::AskChannel)
        }
        (Standing::UnderWay | Standing::Failed, Movement::Payment | Movement::Refund, _) => {
            show(DiscrepancyClass::StatusDiffers, Proposal::QueryChannel)
        }
    }
}

/// Judges a line and the row that says the same; `None`: they agree in everything.
#[must_use]
pub fn judge_matched(line: &BillLine, fees: Option<FeeRate>) -> Option<Verdict> {
    let agrees = match (line.standing, line.movement) {
        (Standing::Done, Movement::Payment | Movement::Refund)
        // Written when the refund was asked for; we know how it ended.
        | (Standing::UnderWay, Movement::Refund) => true,
        (Standing::UnderWay, Movement::Payment)
        | (Standing::Failed, Movement::Payment | Movement::Refund) => false,
    };
    if !agrees {
        return Some(show(
            DiscrepancyClass::StatusDiffers,
            Proposal::QueryChannel,
        ));
    }
    let (rate, fee) = (fees?, line.fee?);
    let fee_right = line.movement == Movement::Refund || rate.allows(line.amount, fee);
    (!fee_right).then_some(show(DiscrepancyClass::FeeDiffers, Proposal::AskChannel))
}

/// The bill names another amount than we have: the payment is told, and opens a case of its own.
fn amount_differs(line: &BillLine, no: ChannelOrderNo, account: &AccountId) -> Verdict {
    Verdict::Repair {
        fact: Box::new(paid(line, no, account)),
        class: DiscrepancyClass::AmountDiffers,
        proposal: Proposal::LookAtCase,
    }
}

fn judge_refund(line: &BillLine, payment: &Payment, today: BillDay, waited: bool) -> Verdict {
    match line.our_refund_no() {
        Some(no) => judge_our_refund(line, no, payment, today, waited),
        None => judge_their_refund(line, payment, waited),
    }
}

fn judge_our_refund(
    line: &BillLine,
    no: RefundNo,
    payment: &Payment,
    today: BillDay,
    waited: bool,
) -> Verdict {
    let done = |class, proposal| Verdict::Repair {
        fact: Box::new(Fact::RefundReported {
            no,
            evidence: BILL,
            occasion: Occasion::Told,
            report: RefundReport::Succeeded,
        }),
        class,
        proposal,
    };
    let Some(refund) = payment.refund(no) else {
        return match line.standing {
            Standing::Done => done(DiscrepancyClass::RefundChannelOnly, Proposal::LookAtCase),
            Standing::UnderWay | Standing::Failed if waited => {
                show(DiscrepancyClass::RefundChannelOnly, Proposal::AskChannel)
            }
            Standing::UnderWay | Standing::Failed => Verdict::Wait,
        };
    };
    if refund.amount != line.amount {
        return show(DiscrepancyClass::AmountDiffers, Proposal::AskChannel);
    }
    match (line.standing, ended(refund)) {
        (Standing::Done, Ended::Open) => done(DiscrepancyClass::StatusDiffers, Proposal::Repaired),
        (Standing::Done, Ended::Failed) => {
            done(DiscrepancyClass::StatusDiffers, Proposal::LookAtCase)
        }
        (Standing::Done, Ended::Succeeded) | (Standing::Failed, Ended::Failed) if waited => {
            Verdict::Confirmed
        }
        // Both say that it is not done; whoever asks the channel about it learns the rest.
        (Standing::UnderWay | Standing::Failed, Ended::Open)
            if today.days_since(line.day) < CARRY_UNDER_WAY_DAYS =>
        {
            Verdict::Wait
        }
        (Standing::UnderWay | Standing::Failed, Ended::Succeeded) if waited => {
            // A line written when the refund was asked for says nothing of its end.
            match line.standing {
                Standing::UnderWay => Verdict::Confirmed,
                Standing::Failed | Standing::Done => {
                    show(DiscrepancyClass::StatusDiffers, Proposal::AskChannel)
                }
            }
        }
        (Standing::UnderWay, Ended::Open | Ended::Failed) | (Standing::Failed, Ended::Open)
            if waited =>
        {
            show(DiscrepancyClass::StatusDiffers, Proposal::AskChannel)
        }
        (Standing::Done | Standing::UnderWay | Standing::Failed, _) => Verdict::Wait,
    }
}

/// How a refund of ours ended, if it did.
enum Ended {
    Open,
    Succeeded,
    Failed,
}

const fn ended(refund: &Refund) -> Ended {
    match refund.state {
        RefundState::Due | RefundState::Sent | RefundState::Accepted | RefundState::Manual => {
            Ended::Open
        }
        RefundState::Succeeded => Ended::Succeeded,
        RefundState::Failed => Ended::Failed,
    }
}

/// A refund of our money that does not carry a number of ours: made by the channel, or by the merchant
/// with the channel's own tools.
fn judge_their_refund(line: &BillLine, payment: &Payment, waited: bool) -> Verdict {
    // It may have been told of under another number; its row then meets the line by the trade's.
    let entered = payment.refunds.iter().any(|refund| {
        refund.cause == RefundCause::Channel
            && refund.trade_no == line.trade_no
            && refund.amount == line.amount
    });
    match (line.standing, line.channel_order_no()) {
        (Standing::Done, Some(_)) if entered && waited => Verdict::Confirmed,
        (Standing::Done, Some(no)) if !entered => Verdict::Repair {
            fact: Box::new(Fact::Returned {
                no,
                evidence: BILL,
                return_no: line.posting().number.to_owned(),
                returned: ReturnedSum::Alone(line.amount),
            }),
            class: DiscrepancyClass::RefundChannelOnly,
            proposal: Proposal::Repaired,
        },
        (Standing::Done | Standing::UnderWay | Standing::Failed, Some(_)) if !waited => {
            Verdict::Wait
        }
        (Standing::Done | Standing::UnderWay | Standing::Failed, Some(_)) => {
            show(DiscrepancyClass::RefundChannelOnly, Proposal::AskChannel)
        }
        (Standing::Done | Standing::UnderWay | Standing::Failed, None) => {
            show(DiscrepancyClass::Foreign, Proposal::AskMerchant)
        }
    }
}

/// Judges a row that no bill has. `payment` is the item as it is now.
#[must_use]
pub fn judge_row(row: &LedgerRow, payment: Option<&Payment>, today: BillDay) -> Verdict {
    if today.days_since(row.day) < carry_days(row.movement) {
        return Verdict::Wait;
    }
    let refund = row
        .refund_no
        .and_then(|no| payment.and_then(|payment| payment.refund(no)));
    match (row.movement, refund) {
        // It came back meanwhile, so the bill need not have it.
        (Movement::Refund, Some(refund)) if refund.state != RefundState::Succeeded => {
            Verdict::Confirmed
        }
        (Movement::Refund, Some(_) | None) => {
            show(DiscrepancyClass::RefundLedgerOnly, Proposal::QueryChannel)
        }
        (Movement::Payment, Some(_) | None) => {
            show(DiscrepancyClass::LedgerOnly, Proposal::QueryChannel)
        }
    }
}
