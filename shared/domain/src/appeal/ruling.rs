//! Rulings: what an operator may rule, what a second one does with it, and what then goes back.

use std::collections::BTreeSet;

use super::decide::{AppealRefusal, check_text, conclude};
use super::{Appeal, AppealState, Claim, Outcome, Proposal, Return, Ruling};
use crate::ids::OperatorId;
use crate::money::Money;
use crate::numbers::{PaymentNo, RefundNo};
use crate::payment::Version;
use crate::time::Timestamp;

pub(super) fn rule(
    appeal: &mut Appeal,
    seen: Version,
    ruling: Ruling,
) -> Result<(), AppealRefusal> {
    let same = |there: &Ruling| there.by == ruling.by && there.outcome == ruling.outcome;
    match appeal.state {
        AppealState::Ruled if appeal.ruling.as_ref().is_some_and(same) => return Ok(()),
        AppealState::Ruled
        | AppealState::Returning
        | AppealState::Upheld
        | AppealState::Dismissed
        | AppealState::Withdrawn => return Err(AppealRefusal::TooLate),
        AppealState::Gathering => return Err(AppealRefusal::TooEarly),
        AppealState::Hearing | AppealState::Ripe => {}
    }
    if seen < appeal.judged_by {
        return Err(AppealRefusal::Moved);
    }
    let as_proposed = is_as_proposed(appeal, &ruling.outcome);
    if appeal.state == AppealState::Hearing && !as_proposed {
        return Err(AppealRefusal::TooEarly);
    }
    match &ruling.reason {
        Some(reason) => check_text(reason)?,
        None if as_proposed => {}
        None => return Err(AppealRefusal::BadText),
    }
    check_outcome(appeal, &ruling.outcome)?;
    appeal.state = AppealState::Ruled;
    appeal.ruling = Some(ruling);
    Ok(())
}

/// Whether the facts prove what was ruled.
fn is_as_proposed(appeal: &Appeal, outcome: &Outcome) -> bool {
    match (appeal.proposal(), outcome) {
        (
            Some(Proposal::Refund {
                payment_no, amount, ..
            }),
            Outcome::Refund(returns),
        ) => returns[..] == [(payment_no, amount)],
        (Some(Proposal::Dismiss(_)), Outcome::Dismiss) => true,
        (
            Some(
                Proposal::Refund { .. }
                | Proposal::Dismiss(_)
                | Proposal::Wait
                | Proposal::Person(_),
            )
            | None,
            Outcome::Refund(_) | Outcome::Dismiss,
        ) => false,
    }
}

/// Each order once, in all the appeal's life, and never more than it holds.
fn check_outcome(appeal: &Appeal, outcome: &Outcome) -> Result<(), AppealRefusal> {
    let returns = match outcome {
        Outcome::Dismiss => return Ok(()),
        Outcome::Refund(returns) if returns.is_empty() => return Err(AppealRefusal::NotItsOrder),
        Outcome::Refund(returns) => returns,
    };
    let mut named = BTreeSet::new();
    for (payment_no, amount) in returns {
        let settled = appeal
            .returns
            .iter()
            .any(|made| made.payment_no == *payment_no);
        let findings = appeal.findings.as_ref();
        let order = findings.and_then(|findings| findings.order(*payment_no));
        let order = order
            .filter(|_| !settled && named.insert(*payment_no))
            .ok_or(AppealRefusal::NotItsOrder)?;
        if amount.is_zero() || order.refundable.checked_sub(*amount).is_none() {
            return Err(AppealRefusal::ExceedsCaptured);
        }
    }
    Ok(())
}

pub(super) fn approve(
    appeal: &mut Appeal,
    seen: Version,
    by: OperatorId,
    now: Timestamp,
) -> Result<(), AppealRefusal> {
    let Some(ruling) = &mut appeal.ruling else {
        return Err(AppealRefusal::NotRuled);
    };
    if let Some((approver, _)) = &ruling.approved {
        return if *approver == by {
            Ok(())
        } else {
            Err(AppealRefusal::NotRuled)
        };
    }
    if seen < appeal.judged_by {
        return Err(AppealRefusal::Moved);
    }
    if ruling.by == by {
        return Err(AppealRefusal::SamePerson);
    }
    ruling.approved = Some((by, now));
    match ruling.outcome {
        Outcome::Refund(_) => {
            appeal.state = AppealState::Returning;
            appeal.look_at = Some(now);
        }
        Outcome::Dismiss => conclude(appeal, now),
    }
    Ok(())
}

pub(super) fn decline(
    appeal: &mut Appeal,
    seen: Version,
    by: &OperatorId,
    reason: &str,
) -> Result<(), AppealRefusal> {
    let Some(ruling) = appeal
        .ruling
        .as_ref()
        .filter(|ruling| ruling.approved.is_none())
    else {
        return Err(AppealRefusal::NotRuled);
    };
    if seen < appeal.judged_by {
        return Err(AppealRefusal::Moved);
    }
    if ruling.by == *by {
        return Err(AppealRefusal::SamePerson);
    }
    check_text(reason)?;
    appeal.ruling = None;
    appeal.state = AppealState::Ripe;
    Ok(())
}

pub(super) fn returned(
    appeal: &mut Appeal,
    payment_no: PaymentNo,
    refund_no: RefundNo,
    now: Timestamp,
) {
    let Some(amount) = approved_amount(appeal, payment_no) else {
        return;
    };
    appeal.returns.push(Return {
        payment_no,
        amount,
        refund_no,
    });
    if to_return(appeal).is_empty() {
        conclude(appeal, now);
    }
}

/// The order no longer holds what was approved: that ruling was made on what is no longer so.
pub(super) fn not_returned(appeal: &mut Appeal, payment_no: PaymentNo, now: Timestamp) {
    if approved_amount(appeal, payment_no).is_none() {
        return;
    }
    appeal.ruling = None;
    appeal.state = AppealState::Gathering;
    appeal.look_at = Some(now);
}

fn approved_amount(appeal: &Appeal, payment_no: PaymentNo) -> Option<Money> {
    let mut owed = to_return(appeal).into_iter();
    owed.find(|(no, _)| *no == payment_no)
        .map(|(_, amount)| amount)
}

/// What was approved and no payment has reserved yet.
pub(super) fn to_return(appeal: &Appeal) -> Vec<(PaymentNo, Money)> {
    let approved = appeal
        .ruling
        .as_ref()
        .filter(|_| appeal.state == AppealState::Returning);
    let Some(Outcome::Refund(returns)) = approved.map(|ruling| &ruling.outcome) else {
        return Vec::new();
    };
    let made = |no: PaymentNo| appeal.returns.iter().any(|one| one.payment_no == no);
    let open = returns.iter().copied();
    open.filter(|(no, _)| !made(*no)).collect()
}

/// The orders on which the ruling left money for what was paid twice.
pub(super) fn kept(appeal: &Appeal) -> Vec<PaymentNo> {
    let ruled = appeal.ruling.as_ref().map(|ruling| &ruling.outcome);
    let (Some(Outcome::Refund(returns)), Claim::PaidTwice) = (ruled, appeal.request.claim) else {
        return Vec::new();
    };
    let orders = appeal.findings.iter().flat_map(|findings| &findings.orders);
    let goes_back = |no: PaymentNo| returns.iter().any(|(one, _)| *one == no);
    orders
        .filter(|order| !order.refundable.is_zero() && !goes_back(order.payment_no))
        .map(|order| order.payment_no)
        .collect()
}
