//! What is told to merchants and the bus: made beside the change it tells of, and told in order.

use crate::announcement::{self, Announcement, AnnouncementKind, Leg, MerchantSaid};
use crate::capture::Disposition;
use crate::command::Refusal;
use crate::decide::{Answer, Draft};
use crate::obligation::Due;
use crate::payment::{Payment, PaymentState, Version};
use crate::refund::RefundState;

/// From this version on nobody can have anything told again: each time is a step of the history, and an
/// item is finite. What happens by itself is told all the same.
const RESENT_UNTIL: Version = Version(1_500);

/// Makes the announcements of what differs from before.
pub(super) fn announce(draft: &mut Draft, before: &Payment) {
    let version = before.version.next();
    for (kind, subject) in news(before, &draft.payment) {
        add(draft, kind, subject, version);
    }
    set_turns(draft);
}

fn add(draft: &mut Draft, kind: AnnouncementKind, subject: Option<String>, version: Version) {
    let payment = &mut draft.payment;
    payment.announced += 1;
    let wanted = payment.terms.notify_url.is_some();
    payment.announcements.push(Announcement {
        sequence: payment.announced,
        kind,
        subject,
        version,
        at: draft.now,
        bus: Leg::WAITING,
        merchant: if wanted { Leg::WAITING } else { Leg::Settled },
    });
}

/// What there is to tell, in the order in which it is told.
fn news(before: &Payment, after: &Payment) -> Vec<(AnnouncementKind, Option<String>)> {
    let mut news = Vec::new();
    if before.state != after.state {
        match after.state {
            PaymentState::Paid => news.push((AnnouncementKind::Paid, None)),
            PaymentState::Closed => news.push((AnnouncementKind::Closed, None)),
            PaymentState::Created | PaymentState::Paying | PaymentState::Closing => {}
        }
    }
    for capture in &after.captures {
        let extra = capture.disposition != Disposition::Applied;
        if extra && before.capture(&capture.trade_no).is_none() {
            let subject = Some(capture.trade_no.to_string());
            news.push((AnnouncementKind::ExtraCapture, subject));
        }
    }
    for refund in &after.refunds {
        let was = before.refund(refund.no).map(|refund| refund.state);
        if was == Some(refund.state) {
            continue;
        }
        let followed = |no| after.refund(no).is_some();
        let kind = match refund.state {
            RefundState::Succeeded => AnnouncementKind::RefundSucceeded,
            RefundState::Failed if refund.no.next_generation().is_some_and(followed) => continue,
            RefundState::Failed => AnnouncementKind::RefundFailed,
            RefundState::Manual => AnnouncementKind::RefundNeedsPerson,
            RefundState::Due | RefundState::Sent | RefundState::Accepted => continue,
        };
        news.push((kind, Some(refund.no.to_string())));
    }
    for case in after.cases.iter().filter(|c| !before.cases.contains(c)) {
        news.push((AnnouncementKind::CaseOpened, Some(case.subject.clone())));
    }
    news
}

/// An announcement was told, or was tried to be.
pub(super) fn told(
    draft: &mut Draft,
    sequence: u32,
    published: Option<bool>,
    merchant: Option<MerchantSaid>,
) {
    let now = draft.now;
    let id = format!("{}-{sequence}", draft.payment.payment_no());
    let mut list = draft.payment.announcements.iter();
    let Some(index) = list.position(|a| a.sequence == sequence) else {
        return;
    };
    let known = &draft.payment.announcements[index];
    let (bus_now, merchant_now) = (known.bus, known.merchant);
    if let (Some(published), Leg::Owed { attempts, .. }) = (published, bus_now) {
        let attempts = attempts.saturating_add(1);
        draft.payment.announcements[index].bus = if published {
            Leg::Settled
        } else {
            let again = announcement::bus_again(attempts, &id, now);
            let due = Some(draft.due_to_tell(again));
            Leg::Owed { attempts, due }
        };
    }
    // A call that was given up on may still have been heard.
    if let (Some(MerchantSaid::Taken(_)), Leg::GivenUp) = (merchant, merchant_now) {
        draft.payment.announcements[index].merchant = Leg::Settled;
    }
    if let (Some(said), Leg::Owed { attempts, .. }) = (merchant, merchant_now) {
        let attempts = attempts.saturating_add(1);
        draft.payment.announcements[index].merchant =
            match announcement::after_merchant(said, attempts, &id, now) {
                Ok(again) => {
                    let due = Some(draft.due_to_tell(again));
                    Leg::Owed { attempts, due }
                }
                Err(over) => over,
            };
    }
    set_turns(draft);
}

/// Somebody wants the merchant to be told again: what was given up or waits for its next attempt; if
/// all was told, how the payment ended.
pub(super) fn tell_again(draft: &mut Draft) -> Result<Answer, Refusal> {
    if draft.payment.terms.notify_url.is_none() {
        return Err(Refusal::NothingToTell);
    }
    if draft.payment.version >= RESENT_UNTIL {
        return Err(Refusal::ToldTooOften);
    }
    let mut found = false;
    for announcement in &mut draft.payment.announcements {
        match announcement.merchant {
            Leg::Owed { .. } | Leg::GivenUp => {
                announcement.merchant = Leg::WAITING;
                found = true;
            }
            Leg::Settled => {}
        }
    }
    if !found {
        let kind = match draft.payment.state {
            PaymentState::Paid => AnnouncementKind::Paid,
            PaymentState::Closed => AnnouncementKind::Closed,
            PaymentState::Created | PaymentState::Paying | PaymentState::Closing => {
                return Err(Refusal::NothingToTell);
            }
        };
        let version = draft.payment.version.next();
        add(draft, kind, None, version);
    }
    set_turns(draft);
    Ok(Answer::Noted)
}

/// Only the first that a merchant is owed has a time: a later one must not overtake it. What the bus is
/// owed always has one. What was told to all is dropped.
fn set_turns(draft: &mut Draft) {
    let now = draft.now;
    let mut first = true;
    for index in 0..draft.payment.announcements.len() {
        if let Leg::Owed {
            attempts,
            due: None,
        } = draft.payment.announcements[index].bus
        {
            let due = Some(draft.due_to_tell(now));
            draft.payment.announcements[index].bus = Leg::Owed { attempts, due };
        }
        let Leg::Owed { attempts, due } = draft.payment.announcements[index].merchant else {
            continue;
        };
        let due: Option<Due> = match (first, due) {
            (true, None) => Some(draft.due_to_tell(now)),
            (true, Some(due)) => Some(due),
            (false, _) => None,
        };
        draft.payment.announcements[index].merchant = Leg::Owed { attempts, due };
        first = false;
    }
    let told = |a: &Announcement| a.bus == Leg::Settled && a.merchant == Leg::Settled;
    draft.payment.announcements.retain(|a| !told(a));
}
