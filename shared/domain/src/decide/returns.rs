//! Money that went back without a refund of ours: returned by the channel, or with a reversal (冲正).

use super::Draft;
use super::refunds::{make_room, unsent, unused};
use crate::evidence::{Evidence, Source};
use crate::ids::ChannelTradeNo;
use crate::money::Money;
use crate::numbers::{ChannelOrderNo, RefundIdentity, RefundNo};
use crate::payment::CaseKind;
use crate::refund::{Refund, RefundCause, RefundState};
use crate::time::Timestamp;

/// The channel returned money by itself: entered as done, and what we would send shrinks by it.
pub(super) fn by_channel(
    draft: &mut Draft,
    no: ChannelOrderNo,
    evidence: Evidence,
    return_no: &str,
    returned_total: Money,
) {
    if evidence.source == Source::Hint {
        return;
    }
    let Some(capture) = draft
        .payment
        .captures
        .iter()
        .find(|c| c.channel_order_no == no)
        .cloned()
    else {
        draft.open_case(CaseKind::ReturnedTooMuch, no.to_string());
        return;
    };
    // Ours that may have moved count as moved: the total names them too.
    let mut ours = draft.payment.refunds.iter().filter(|refund| {
        refund.trade_no == capture.trade_no && refund.state.reserves() && !unsent(refund)
    });
    let counted = ours.try_fold(capture.amount.zero_like(), |sum, refund| {
        sum.checked_add(refund.amount)
    });
    let Some(excess) = counted.and_then(|counted| returned_total.checked_sub(counted)) else {
        return;
    };
    if excess.is_zero() {
        return;
    }
    let number = RefundNo::new(no, RefundIdentity::Channel(return_no), 1);
    make_room(draft, &capture.trade_no, excess);
    let room = draft.payment.unreserved(&capture);
    let amount = excess.at_most(room);
    if amount != excess {
        draft.open_case(CaseKind::ReturnedTooMuch, capture.trade_no.as_str());
    }
    if let (Some(number), false) = (unused(draft, number), amount.is_zero()) {
        record_returned(
            draft,
            number,
            &capture.trade_no,
            RefundCause::Channel,
            amount,
            draft.now,
        );
    }
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
        state: RefundState::Succeeded,
        request: None,
        reason: None,
        created_at: at,
        sent_at: Some(at),
        sends_unanswered: 0,
        due: None,
    });
}
