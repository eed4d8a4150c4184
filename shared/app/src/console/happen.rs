//! Happenings: what the console lists and draws, written down by whoever tells the world of it.
//!
//! Two writes for a payment that is paid (whose trade it is, and the hour's count), one for one that is
//! closed, one or two for anything out of the ordinary. All are made after the telling was stored, and one
//! that fails costs a line in a list or a stroke in a picture, and nothing else.

use payonce_domain::{
    Announcement, AnnouncementKind, Capture, ChannelTradeNo, Leg, Payment, Refund, RefundNo,
    Source, Timestamp,
};
use payonce_store::{Happening, HappeningKind, Hour, Store, StoreError};

/// What is known of an announcement's telling.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    /// Whether it was just published.
    pub(crate) published: bool,
    /// Whether its merchant was just given up on.
    pub(crate) given_up: bool,
}

impl Outcome {
    /// What changed about an announcement.
    pub(crate) fn of(before: &Announcement, after: &Payment) -> Self {
        let mut list = after.announcements.iter();
        let now = list.find(|told| told.sequence == before.sequence);
        let (bus, merchant) = now.map_or((Leg::Settled, Leg::Settled), |told| {
            (told.bus, told.merchant)
        });
        Self {
            published: before.bus != Leg::Settled && bus == Leg::Settled,
            given_up: before.merchant != Leg::GivenUp && merchant == Leg::GivenUp,
        }
    }
}

/// Writes down what was told.
pub(crate) async fn happened(
    store: &Store,
    payment: &Payment,
    told: &Announcement,
    outcome: Outcome,
    now: Timestamp,
) {
    let kept = async {
        if outcome.given_up {
            let lost = happening(payment, told, HappeningKind::Undelivered, now);
            store.keep_happening(&lost).await?;
        }
        if outcome.published {
            published(store, payment, told).await?;
        }
        Ok::<(), StoreError>(())
    };
    if let Err(error) = kept.await {
        tracing::warn!(
            payment.no = %payment.payment_no(),
            %error,
            "what happened to payment {} was not written down",
            payment.payment_no()
        );
    }
}

async fn published(
    store: &Store,
    payment: &Payment,
    told: &Announcement,
) -> Result<(), StoreError> {
    let key = payment.key;
    let kind = match told.kind {
        AnnouncementKind::Paid => {
            if let Some(winner) = &payment.winner {
                store.keep_trade(winner, key).await?;
            }
            return store.count_hour(key, paid(payment, told), told.at).await;
        }
        AnnouncementKind::Closed => {
            let closed = Hour {
                closed: 1,
                ..Hour::default()
            };
            return store.count_hour(key, closed, told.at).await;
        }
        AnnouncementKind::ExtraCapture => {
            if let Some(trade) = capture_of(payment, told) {
                store.keep_trade(&trade.trade_no, key).await?;
            }
            HappeningKind::ExtraCapture
        }
        AnnouncementKind::RefundSucceeded => HappeningKind::RefundSucceeded,
        AnnouncementKind::RefundFailed => HappeningKind::RefundFailed,
        AnnouncementKind::RefundNeedsPerson => HappeningKind::RefundNeedsPerson,
        AnnouncementKind::CaseOpened => HappeningKind::CaseOpened,
    };
    let happening = happening(payment, told, kind, told.at);
    store.keep_happening(&happening).await
}

/// A paid payment, and how long its money was lost if no notification told us (补单).
fn paid(payment: &Payment, told: &Announcement) -> Hour {
    let winner = payment.winner.as_ref().and_then(|no| payment.capture(no));
    let found = winner.filter(|capture| match capture.source {
        Source::Query | Source::Bill => true,
        Source::Notification | Source::Hint => false,
    });
    Hour {
        paid: 1,
        repaired: found.map_or(0, |_| 1),
        repair_seconds: found.map_or(0, |capture| {
            told.at.since(capture.paid_at).as_seconds_rounded_up()
        }),
        ..Hour::default()
    }
}

fn happening(
    payment: &Payment,
    told: &Announcement,
    kind: HappeningKind,
    at: Timestamp,
) -> Happening {
    let (capture, refund) = (capture_of(payment, told), refund_of(payment, told));
    let order = capture.map(|capture| capture.channel_order_no);
    let order = order.or_else(|| refund.map(|refund| refund.channel_order_no));
    let amount = capture.map(|capture| capture.amount);
    let amount = amount.or_else(|| refund.map(|refund| refund.amount));
    let of_capture = capture.and_then(|capture| {
        let mut refunds = payment.refunds.iter();
        refunds.find(|refund| refund.trade_no == capture.trade_no)
    });
    Happening {
        at,
        kind,
        payment_no: payment.payment_no(),
        sequence: told.sequence,
        merchant_id: payment.terms.merchant_id.clone(),
        channel: order.map(|no| no.channel()),
        subject: told.subject.clone(),
        amount: amount.unwrap_or(payment.terms.amount),
        cause: refund.or(of_capture).map(|refund| refund.cause),
    }
}

fn capture_of<'a>(payment: &'a Payment, told: &Announcement) -> Option<&'a Capture> {
    let trade = ChannelTradeNo::new(told.subject.clone()?).ok()?;
    payment.capture(&trade)
}

fn refund_of<'a>(payment: &'a Payment, told: &Announcement) -> Option<&'a Refund> {
    let no = RefundNo::parse(told.subject.as_ref()?)?;
    payment.refund(no)
}
