//! Refunds (退款): reserved in the write that decides them, one number until the channel itself says
//! that it failed.

use std::collections::BTreeSet;

use super::sending::cannot_be_repeated;
use super::{Answer, Draft, attention};
use crate::capture::Disposition;
use crate::command::Refusal;
use crate::evidence::{Evidence, Source};
use crate::fact::{Occasion, RefundReport};
use crate::ids::{ChannelTradeNo, MerchantRefundNo};
use crate::money::Money;
use crate::numbers::{AppealNo, RefundIdentity, RefundNo};
use crate::payment::{CaseKind, PaymentState};
use crate::refund::{Refund, RefundCause, RefundForm, RefundState};
use crate::schedule::{self, Pace, Policy};
use crate::time::{Span, Timestamp};

/// As many refunds as one merchant may ask of one payment; WeChat takes no more than fifty.
const MERCHANT_REFUNDS_MAX: usize = 50;

/// How long the next generation waits after a failure: what failed just now would fail again.
const NEXT_GENERATION_WAIT: Span = Span::minutes(1);

/// The longest a generation waits: each failure doubles the wait, so that the few numbers one identity
/// has last for weeks.
const GENERATION_WAIT_MAX: Span = Span::days(1);

/// How long a refund is sent again and again without coming through before a person is asked.
const PATIENCE: Span = Span::days(3);

pub(super) const fn policy_of(refund: &Refund) -> Policy {
    schedule::policy(
        refund.channel_order_no.channel(),
        refund.channel_order_no.method(),
    )
}

/// Reserves what every returning capture still owes the buyer. It runs after each step, so a
/// compensation that was lost from the record is made again under the same number.
pub(super) fn return_what_is_owed(draft: &mut Draft) {
    for index in 0..draft.payment.captures.len() {
        let capture = draft.payment.captures[index].clone();
        let Disposition::Returning(cause) = capture.disposition else {
            continue;
        };
        let amount = draft.payment.unreserved(&capture);
        if amount.is_zero() {
            continue;
        }
        let first = RefundNo::new(
            capture.channel_order_no,
            RefundIdentity::Reversal(&capture.trade_no),
            1,
        );
        let Some(no) = unused(draft, first) else {
            draft.open_case(CaseKind::RefundExhausted, capture.trade_no.as_str());
            continue;
        };
        let wait = if sent_before(draft, first) {
            wait_of(no)
        } else {
            Span::default()
        };
        let due = draft.due(draft.now.plus(wait));
        draft.payment.refunds.push(Refund {
            no,
            channel_order_no: capture.channel_order_no,
            trade_no: capture.trade_no,
            cause,
            amount,
            form: RefundForm::Refund,
            state: RefundState::Due,
            request: None,
            reason: None,
            created_at: draft.now,
            sent_at: None,
            sends_unanswered: 0,
            due: Some(due),
        });
    }
}

pub(super) fn unused(draft: &Draft, first: RefundNo) -> Option<RefundNo> {
    let mut candidate = Some(first);
    while let Some(no) = candidate {
        if draft.payment.refund(no).is_none() {
            return Some(no);
        }
        candidate = no.next_generation();
    }
    None
}

/// How long a generation waits after the failure of the one before it.
fn wait_of(no: RefundNo) -> Span {
    let failures = u32::from(no.generation().saturating_sub(2));
    let doubled = NEXT_GENERATION_WAIT.as_millis().checked_shl(failures);
    Span::millis(doubled.unwrap_or(u64::MAX)).min(GENERATION_WAIT_MAX)
}

/// When to speak of a refund again: on the ladder that began with its first sending, so that one that
/// never comes through is spoken of ever more seldom, and not sooner than the channel's least wait.
pub(super) fn next_word(refund: &Refund, now: Timestamp) -> Timestamp {
    let ladder = policy_of(refund).refunds.query;
    let pace = Pace::of_refund(refund.no);
    let rung = ladder.next(pace, refund.sent_at.unwrap_or(now), now);
    rung.max(ladder.next(pace, now, now))
}

fn sent_before(draft: &Draft, no: RefundNo) -> bool {
    draft
        .payment
        .refund(no)
        .is_some_and(|refund| refund.sent_at.is_some())
}

/// A merchant's refund: only out of what paid the order and was not asked back yet (F75).
pub(super) fn request(
    draft: &mut Draft,
    request: MerchantRefundNo,
    amount: Money,
    reason: Option<String>,
) -> Result<Answer, Refusal> {
    asked_for(draft, RefundCause::MerchantRequest, request, amount, reason)
}

/// What an appeal gives back: the same rules, under numbers of its own (申诉退款).
pub(super) fn on_appeal(
    draft: &mut Draft,
    appeal: AppealNo,
    amount: Money,
) -> Result<Answer, Refusal> {
    asked_for(
        draft,
        RefundCause::Appeal,
        appeal.as_request(),
        amount,
        None,
    )
}

/// What an operator gives back with a second one's approval: the same rules, under numbers of its own.
pub(super) fn approved(
    draft: &mut Draft,
    proposal: MerchantRefundNo,
    amount: Money,
    reason: String,
) -> Result<Answer, Refusal> {
    asked_for(draft, RefundCause::Operator, proposal, amount, Some(reason))
}

fn asked_for(
    draft: &mut Draft,
    cause: RefundCause,
    request: MerchantRefundNo,
    amount: Money,
    reason: Option<String>,
) -> Result<Answer, Refusal> {
    let of_request =
        |refund: &&Refund| refund.cause == cause && refund.request.as_ref() == Some(&request);
    // The newest generation that holds money; one withdrawn for it is not what became of the request.
    let generations = draft.payment.refunds.iter().filter(of_request);
    if let Some(last) = generations.max_by_key(|refund| refund.state.reserves()) {
        let same = last.amount == amount;
        return if same {
            Ok(Answer::ExistingRefund(last.no))
        } else {
            Err(Refusal::RequestMismatch)
        };
    }
    // Requests are limited, generations are not: what a channel fails to do is not the merchant's doing.
    let requests: BTreeSet<_> = draft
        .payment
        .refunds
        .iter()
        .filter_map(|refund| refund.request.as_ref().map(|no| (refund.cause, no)))
        .collect();
    if requests.len() >= MERCHANT_REFUNDS_MAX {
        return Err(Refusal::TooManyRefunds);
    }
    let winner = match draft.payment.state {
        PaymentState::Paid => draft.payment.winner.as_ref(),
        PaymentState::Created
        | PaymentState::Paying
        | PaymentState::Closing
        | PaymentState::Closed => None,
    };
    let capture = winner
        .and_then(|no| draft.payment.capture(no))
        .cloned()
        .ok_or(Refusal::ExceedsCaptured)?;
    if amount.is_zero()
        || draft
            .payment
            .unreserved(&capture)
            .checked_sub(amount)
            .is_none()
    {
        return Err(Refusal::ExceedsCaptured);
    }
    let identity = match cause {
        RefundCause::Operator => RefundIdentity::Operator(&request),
        RefundCause::Appeal => RefundIdentity::Appeal(&request),
        RefundCause::MerchantRequest
        | RefundCause::DuplicatePayment
        | RefundCause::LatePayment
        | RefundCause::WrongAmount
        | RefundCause::Reconciliation
        | RefundCause::Channel => RefundIdentity::Merchant(&request),
    };
    // Two requests whose short hashes are equal must not share a number: the next free one is taken.
    let no = unused(draft, RefundNo::new(capture.channel_order_no, identity, 1))
        .ok_or(Refusal::TooManyRefunds)?;
    let due = draft.due(draft.now);
    draft.payment.refunds.push(Refund {
        no,
        channel_order_no: capture.channel_order_no,
        trade_no: capture.trade_no,
        cause,
        amount,
        form: RefundForm::Refund,
        state: RefundState::Due,
        request: Some(request),
        reason,
        created_at: draft.now,
        sent_at: None,
        sends_unanswered: 0,
        due: Some(due),
    });
    Ok(Answer::Refunding(no))
}

pub(super) fn position(draft: &Draft, no: RefundNo) -> Option<usize> {
    draft
        .payment
        .refunds
        .iter()
        .position(|refund| refund.no == no)
}

pub(super) fn reported(
    draft: &mut Draft,
    no: RefundNo,
    evidence: Evidence,
    occasion: Occasion,
    report: RefundReport,
) {
    if evidence.source == Source::Hint {
        return;
    }
    let Some(index) = position(draft, no) else {
        if report == RefundReport::Succeeded {
            draft.open_case(CaseKind::UnknownRefund, no.to_string());
        }
        return;
    };
    let answered = occasion == Occasion::Sent && report != RefundReport::NoAnswer;
    if answered {
        let refund = &mut draft.payment.refunds[index];
        refund.sends_unanswered = refund.sends_unanswered.saturating_sub(1);
    }
    match report {
        RefundReport::Succeeded => succeeded(draft, index),
        RefundReport::Accepted => accepted(draft, index),
        RefundReport::Failed => failed(draft, index, occasion),
        RefundReport::NotYet => not_yet(draft, index),
        RefundReport::NeedsPerson => attention::needs_person(draft, index),
        RefundReport::NotFound => not_found(draft, index, occasion),
        RefundReport::NoAnswer => {}
    }
}

fn succeeded(draft: &mut Draft, index: usize) {
    let refund = draft.payment.refunds[index].clone();
    match refund.state {
        RefundState::Succeeded => return,
        RefundState::Due | RefundState::Sent | RefundState::Accepted | RefundState::Manual => {}
        RefundState::Failed => {
            // It moved money after all. What was to follow it and was not sent is not sent any more,
            // whether or not the capture has room for both.
            draft.open_case(CaseKind::RefundContradiction, refund.no.to_string());
            if room_at_most(draft, &refund.trade_no) < refund.amount {
                return;
            }
            withdraw_later_generations(draft, &refund);
            make_room(draft, &refund.trade_no, refund.amount);
        }
    }
    let now = draft.now;
    let refund = &mut draft.payment.refunds[index];
    refund.state = RefundState::Succeeded;
    // Somebody sent it, if not this record's writer: it must never count as unsent again.
    refund.sent_at.get_or_insert(now);
    refund.due = None;
}

fn accepted(draft: &mut Draft, index: usize) {
    match draft.payment.refunds[index].state {
        RefundState::Due | RefundState::Sent => {
            let now = draft.now;
            let refund = &mut draft.payment.refunds[index];
            refund.state = RefundState::Accepted;
            let start = *refund.sent_at.get_or_insert(now);
            let pace = Pace::of_refund(refund.no);
            let next = policy_of(refund).refunds.query.next(pace, start, now);
            if refund.due.is_none_or(|due| due.at != next) {
                let due = draft.due(next);
                draft.payment.refunds[index].due = Some(due);
            }
        }
        RefundState::Accepted
        | RefundState::Succeeded
        | RefundState::Failed
        | RefundState::Manual => {}
    }
}

/// The channel itself says that this number will never move money: the next generation opens.
fn failed(draft: &mut Draft, index: usize, occasion: Occasion) {
    let refund = draft.payment.refunds[index].clone();
    // A refusal of one sending says nothing of an earlier one that may still arrive: ask first.
    if occasion == Occasion::Sent && refund.sends_unanswered > 0 {
        return;
    }
    // So says an answer to a question that was asked before the item moved.
    if matches!(occasion, Occasion::Asked(version) if version != draft.payment.version) {
        return;
    }
    match refund.state {
        RefundState::Failed => return,
        RefundState::Succeeded => {
            draft.open_case(CaseKind::RefundContradiction, refund.no.to_string());
        }
        RefundState::Due | RefundState::Sent | RefundState::Accepted | RefundState::Manual => {}
    }
    fail(draft, index);
}

/// Ends a refund's number for good; what it owed is reserved under the next one.
pub(super) fn fail(draft: &mut Draft, index: usize) {
    let refund = draft.payment.refunds[index].clone();
    let ended = &mut draft.payment.refunds[index];
    ended.state = RefundState::Failed;
    ended.due = None;
    let ours = match refund.cause {
        // The reversal of the capture is made again by `return_what_is_owed`; what a channel did by
        // itself is not ours to repeat.
        RefundCause::DuplicatePayment
        | RefundCause::LatePayment
        | RefundCause::WrongAmount
        | RefundCause::Reconciliation
        | RefundCause::Channel => false,
        RefundCause::MerchantRequest | RefundCause::Appeal | RefundCause::Operator => true,
    };
    if !ours {
        return;
    }
    let Some(no) = unused(draft, refund.no) else {
        draft.open_case(CaseKind::RefundExhausted, refund.no.to_string());
        return;
    };
    let due = draft.due(draft.now.plus(wait_of(no)));
    let created_at = draft.now;
    draft.payment.refunds.push(Refund {
        no,
        form: RefundForm::Refund,
        state: RefundState::Due,
        created_at,
        sent_at: None,
        sends_unanswered: 0,
        due: Some(due),
        ..refund
    });
}

/// Certainly without effect: the same number is sent again after a while.
fn not_yet(draft: &mut Draft, index: usize) {
    let refund = &draft.payment.refunds[index];
    match refund.state {
        RefundState::Due | RefundState::Sent if refund.sends_unanswered == 0 => {
            if is_hopeless(refund, draft.now) {
                return attention::needs_person(draft, index);
            }
            let again = draft.now.plus(policy_of(refund).refunds.again);
            let at = next_word(refund, draft.now).max(again);
            let due = draft.due(at);
            let refund = &mut draft.payment.refunds[index];
            refund.state = RefundState::Due;
            refund.due = Some(due);
        }
        RefundState::Due
        | RefundState::Sent
        | RefundState::Accepted
        | RefundState::Succeeded
        | RefundState::Failed
        | RefundState::Manual => {}
    }
}

/// Whether a refund has been sent for so long that sending it once more will not help.
fn is_hopeless(refund: &Refund, now: Timestamp) -> bool {
    refund
        .sent_at
        .is_some_and(|sent| now.since(sent) > PATIENCE)
}

/// The channel has no such refund, at the version it was asked: sent again, same number and amount.
fn not_found(draft: &mut Draft, index: usize, occasion: Occasion) {
    if occasion != Occasion::Asked(draft.payment.version) {
        return;
    }
    match draft.payment.refunds[index].state {
        RefundState::Sent | RefundState::Accepted => {
            let now = draft.now;
            let refund = &draft.payment.refunds[index];
            if is_hopeless(refund, now) || cannot_be_repeated(refund, now) {
                return attention::needs_person(draft, index);
            }
            // At once: how often that can be is bounded by the ladder on which it is asked about.
            let due = draft.due(now);
            let refund = &mut draft.payment.refunds[index];
            refund.state = RefundState::Due;
            // Where a refund is known by number and time, the absence of one that may still be on its
            // way proves nothing: only a repeat within the day is safe.
            if !policy_of(refund).refunds.named_by_time {
                refund.sends_unanswered = 0;
            }
            refund.due = Some(due);
        }
        RefundState::Manual => attention::resume_some_day(draft, index),
        RefundState::Due | RefundState::Succeeded | RefundState::Failed => {}
    }
}

pub(super) fn unsent(refund: &Refund) -> bool {
    refund.state == RefundState::Due && refund.sent_at.is_none()
}

/// Whether a refund has certainly moved nothing: it was never sent, or every sending was refused
/// without effect.
fn can_be_withdrawn(refund: &Refund) -> bool {
    refund.state == RefundState::Due && refund.sends_unanswered == 0
}

/// The most of a capture that could be free, were all that moved nothing withdrawn.
fn room_at_most(draft: &Draft, trade_no: &ChannelTradeNo) -> Money {
    let Some(capture) = draft.payment.capture(trade_no) else {
        return draft.payment.terms.amount.zero_like();
    };
    draft
        .payment
        .refunds
        .iter()
        .filter(|refund| refund.trade_no == *trade_no && can_be_withdrawn(refund))
        .try_fold(draft.payment.unreserved(capture), |sum, refund| {
            sum.checked_add(refund.amount)
        })
        .unwrap_or(capture.amount)
}

fn withdraw_later_generations(draft: &mut Draft, moved: &Refund) {
    for refund in &mut draft.payment.refunds {
        let same = refund.no.is_generation_of(moved.no) && refund.request == moved.request;
        if same && unsent(refund) {
            refund.state = RefundState::Failed;
            refund.due = None;
        }
    }
}

/// Withdraws as few refunds that moved nothing as free this much of a capture, the newest first, those
/// that were never sent before the others. A compensation that is still owed afterwards is reserved anew.
pub(super) fn make_room(draft: &mut Draft, trade_no: &ChannelTradeNo, amount: Money) {
    loop {
        let capture = draft.payment.capture(trade_no);
        if capture.is_none_or(|capture| draft.payment.unreserved(capture) >= amount) {
            return;
        }
        let refunds = &draft.payment.refunds;
        let of_trade = |refund: &Refund| refund.trade_no == *trade_no && can_be_withdrawn(refund);
        let newest = refunds
            .iter()
            .rposition(|refund| of_trade(refund) && unsent(refund));
        let newest = newest.or_else(|| refunds.iter().rposition(of_trade));
        let Some(index) = newest else { return };
        let refund = &mut draft.payment.refunds[index];
        refund.state = RefundState::Failed;
        refund.due = None;
    }
}
