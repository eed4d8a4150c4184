//! Initiating a payment, once or again (发起支付, 重复提交).

use super::{Answer, Draft};
use crate::channel_order::{ChannelOrder, ChannelOrderState, ClosingCause};
use crate::command::{ChannelChoice, Refusal};
use crate::money::Money;
use crate::numbers::{ChannelOrderNo, PaymentKey};
use crate::obligation::{Due, Wake, Work};
use crate::payment::{Mode, Payment, PaymentState, Terms, Version};
use crate::schedule::{CREATE_LEASE, Creation, LEAST_TIME_LEFT, Pace};
use crate::time::Timestamp;

/// As many attempts as one payment may have: the item must stay small, and a buyer who fails twenty
/// times needs a person.
pub(super) const CHANNEL_ORDERS_MAX: usize = 20;

/// The highest attempt that fits the two digits of a channel order number.
const ATTEMPT_MAX: u8 = 99;

pub(super) fn open(terms: Terms, now: Timestamp) -> Result<Draft, Refusal> {
    let terms = Terms {
        expires_at: terms.expires_at.floor_to_second(),
        ..terms
    };
    if now.plus(LEAST_TIME_LEFT) > terms.expires_at {
        return Err(Refusal::OrderClosed);
    }
    let payment = Payment {
        key: PaymentKey::derive(&terms.merchant_id, &terms.merchant_order_no),
        terms,
        created_at: now,
        version: Version(1),
        state: PaymentState::Created,
        closing: None,
        successor: None,
        winner: None,
        channel_orders: Vec::new(),
        captures: Vec::new(),
        refunds: Vec::new(),
        cases: Vec::new(),
        announced: 0,
        announcements: Vec::new(),
        unbooked: None,
    };
    Ok(Draft {
        payment,
        now,
        wakes: Vec::new(),
    })
}

/// The same request again. What differs between "again" and "another" is channel and method.
pub(super) fn again(
    draft: &mut Draft,
    amount: Money,
    subject: &str,
    choice: Option<ChannelChoice>,
    switch: bool,
) -> Result<Answer, Refusal> {
    let terms = &draft.payment.terms;
    if amount != terms.amount || subject != terms.subject {
        return Err(Refusal::RequestMismatch);
    }
    match draft.payment.state {
        PaymentState::Paid => return Err(Refusal::AlreadyPaid),
        PaymentState::Closing | PaymentState::Closed => return Err(Refusal::OrderClosed),
        PaymentState::Created | PaymentState::Paying => {}
    }
    if draft.now.plus(LEAST_TIME_LEFT) > terms.expires_at {
        return Err(Refusal::OrderClosed);
    }
    let offered = |order: &&ChannelOrder| match order.state {
        ChannelOrderState::Submitted | ChannelOrderState::Pending => true,
        ChannelOrderState::Closing
        | ChannelOrderState::Paid
        | ChannelOrderState::Failed
        | ChannelOrderState::Closed => false,
    };
    let Some(choice) = choice else {
        let standing = draft.payment.channel_orders.iter().find(offered);
        return Ok(standing.map_or(Answer::NoChannelOrder, |order| Answer::Existing(order.no)));
    };
    let same = draft
        .payment
        .channel_orders
        .iter()
        .filter(offered)
        .find(|order| order.channel() == choice.channel && order.method() == choice.method);
    if let Some(no) = same.map(|order| order.no) {
        return Ok(stand_or_repeat(draft, no));
    }
    let unproven = || {
        draft
            .payment
            .channel_orders
            .iter()
            .filter(|order| order.state.is_open())
    };
    if draft.payment.terms.mode == Mode::Strict && unproven().next().is_some() {
        if !switch {
            return Err(Refusal::StateUnknown {
                closable: unproven().any(|order| offered(&order)),
            });
        }
        let numbers: Vec<_> = unproven().map(|order| order.no).collect();
        for no in &numbers {
            super::closing::begin(draft, *no, ClosingCause::Switch);
        }
        return Ok(Answer::Switching(numbers));
    }
    Ok(Answer::Added(add(draft, choice)?))
}

/// The standing channel order, or the lease to repeat its create.
fn stand_or_repeat(draft: &mut Draft, no: ChannelOrderNo) -> Answer {
    let now = draft.now;
    let Some(order) = draft
        .payment
        .channel_orders
        .iter_mut()
        .find(|order| order.no == no)
    else {
        return Answer::NoChannelOrder;
    };
    let held = order.lease_until.is_some_and(|until| until > now);
    match order.policy().creation {
        Creation::ByBrowser => Answer::Existing(no),
        // What takes the money by itself is never sent twice: the query settles it.
        Creation::Once => Answer::InProgress(no),
        Creation::ByCall => {
            if order.usable_action(now).is_some() {
                return Answer::Existing(no);
            }
            if held {
                return Answer::InProgress(no);
            }
            order.lease_until = Some(now.plus(CREATE_LEASE));
            order.creates_unanswered += 1;
            Answer::Recreate(no)
        }
    }
}

/// Adds a channel order and everything that will be asked about it.
pub(super) fn add(draft: &mut Draft, choice: ChannelChoice) -> Result<ChannelOrderNo, Refusal> {
    let attempts = draft.payment.channel_orders.len();
    if attempts >= CHANNEL_ORDERS_MAX {
        return Err(Refusal::TooManyAttempts);
    }
    // Counted from the highest, not from how many there are: an attempt that was adopted from a
    // channel's report may have any number, and none is given twice.
    let highest = draft.payment.channel_orders.iter().map(|o| o.no.attempt());
    let attempt = highest.max().unwrap_or(0) + 1;
    if attempt > ATTEMPT_MAX {
        return Err(Refusal::TooManyAttempts);
    }
    let no = ChannelOrderNo::new(draft.payment.key, choice.channel, choice.method, attempt);
    let now = draft.now;
    let policy = crate::schedule::policy(choice.channel, choice.method);
    let by_us = match policy.creation {
        Creation::ByBrowser => false,
        Creation::ByCall | Creation::Once => true,
    };
    let pace = Pace::of_channel_order(no, choice.stretch);
    let first = policy.query.next(pace, now, now);
    let end = draft.payment.terms.expires_at;
    let early = policy.early_rungs(pace, now, end).map(|at| Wake {
        at,
        work: Work::Channels,
    });
    draft.wakes.extend(early);
    draft.payment.channel_orders.push(ChannelOrder {
        no,
        account: choice.account,
        bank: choice.bank,
        stretch: choice.stretch,
        state: if by_us {
            ChannelOrderState::Submitted
        } else {
            ChannelOrderState::Pending
        },
        created_at: now,
        action: None,
        action_expires_at: None,
        lease_until: by_us.then(|| now.plus(CREATE_LEASE)),
        creates_unanswered: u32::from(by_us),
        closing: None,
        closing_since: None,
        reversing_since: None,
        reversals_unanswered: 0,
        due: Some(Due {
            at: first,
            messaged: true,
        }),
    });
    Ok(no)
}
