//! Money that went back without a refund of ours: returned by the channel, or with a reversal (冲正).

use super::Draft;
use super::refunds::{make_room, unsent, unused};
use crate::capture::Disposition;
use crate::evidence::{Evidence, Source};
use crate::fact::ReturnedSum;
use crate::ids::ChannelTradeNo;
use crate::money::Money;
use crate::numbers::{ChannelOrderNo, RefundIdentity, RefundNo};
use crate::payment::CaseKind;
use crate::refund::{Refund, RefundCause, RefundForm, RefundState};
use crate::time::Timestamp;

/// The channel returned money by itself: entered as done, and what we would send shrinks by it.
///
/// A channel that took money twice for one attempt names the attempt, not the trade. What it returned
/// is then sought where a return is expected: money that waits for it, then money on its way back,
/// and the winner last.
pub(super) fn by_channel(
    draft: &mut Draft,
    no: ChannelOrderNo,
    evidence: Evidence,
    return_no: &str,
    returned: ReturnedSum,
) {
    if evidence.source == Source::Hint {
        return;
    }
    let first = RefundNo::new(no, RefundIdentity::Channel(return_no), 1);
    match returned {
        ReturnedSum::Alone(amount) => {
            if draft.payment.refund(first).is_none() {
                enter(draft, first, amount);
            }
        }
        // What was withdrawn to make room is not among ours any more, so more of the total is not ours.
        ReturnedSum::InAll(total) => {
            let beyond = |draft: &Draft| beyond_ours(draft, no, total).filter(|sum| !sum.is_zero());
            while let Some(sum) = beyond(draft) {
                if !enter(draft, first, sum) {
                    return;
                }
            }
        }
    }
}

/// Enters a sum as returned, where a return is expected. Whether there was room for all of it.
fn enter(draft: &mut Draft, first: RefundNo, sum: Money) -> bool {
    let no = first.channel_order();
    let mut excess = sum;
    let captures = draft.payment.captures.iter();
    let mut sought: Vec<_> = captures
        .filter(|c| c.channel_order_no == no)
        .cloned()
        .collect();
    sought.sort_by_key(|capture| match capture.disposition {
        Disposition::Suspended(_) => 0,
        Disposition::Returning(_) => 1,
        Disposition::Applied => 2,
    });
    for capture in sought {
        make_room(draft, &capture.trade_no, excess);
        let amount = excess.at_most(draft.payment.unreserved(&capture));
        if let (Some(number), false) = (unused(draft, first), amount.is_zero()) {
            let cause = RefundCause::Channel;
            record_returned(draft, number, &capture.trade_no, cause, amount, draft.now);
            excess = excess.checked_sub(amount).unwrap_or(excess.zero_like());
        }
    }
    if !excess.is_zero() {
        draft.open_case(CaseKind::ReturnedTooMuch, no.to_string());
    }
    excess.is_zero()
}

/// What is in a total beside our own refunds and the returns that are known. Ours that may have moved
/// count as moved: the total names them too.
fn beyond_ours(draft: &Draft, no: ChannelOrderNo, total: Money) -> Option<Money> {
    let mut ours = draft.payment.refunds.iter().filter(|refund| {
        refund.channel_order_no == no && refund.state.reserves() && !unsent(refund)
    });
    let counted = ours.try_fold(total.zero_like(), |sum, refund| {
        sum.checked_add(refund.amount)
    });
    total.checked_sub(counted?)
}

/// A reversal (冲正) succeeded although the money had come: it went back with it.
pub(super) fn by_reversal(draft: &mut Draft, index: usize) {
    let capture = draft.payment.captures[index].clone();
    let amount = draft.payment.unreserved(&capture);
    let first = RefundNo::new(
        capture.channel_order_no,
        RefundIdentity::Reversal(&capture.trade_no),
        1,
    );
    // Nothing is left where the channel had returned it before.
    if let (Some(no), false) = (unused(draft, first), amount.is_zero()) {
        let cause = RefundCause::LatePayment;
        record_returned(draft, no, &capture.trade_no, cause, amount, draft.now);
    }
}

fn record_returned(
    draft: &mut Draft,
    no: RefundNo,
    trade_no: &ChannelTradeNo,
    cause: RefundCause,
    amount: Money,
    at: Timestamp,
) {
    draft.payment.refunds.push(Refund {
        no,
        channel_order_no: no.channel_order(),
        trade_no: trade_no.clone(),
        cause,
        amount,
        form: RefundForm::Refund,
        state: RefundState::Succeeded,
        request: None,
        reason: None,
        created_at: at,
        sent_at: Some(at),
        sends_unanswered: 0,
        due: None,
    });
}
