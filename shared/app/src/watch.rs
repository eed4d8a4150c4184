//! Watch: which metrics follow from what happened to a payment.
//!
//! No table is counted. A change is seen where it is saved, a question where it was answered, and what
//! is due where the sweep reads it anyway, so that watching costs what the work costs.

use payonce_domain::{
    ChannelOrderNo, Payment, Refund, RefundNo, RefundState, Report, Source, Timestamp,
};

use crate::metrics::{Age, Label, Metric, record};

/// What a saved decision changed. `before` is `None` for a payment that was just opened.
pub(crate) fn changed(before: Option<&Payment>, after: &Payment, now: Timestamp) {
    attempts(before, after, now);
    repairs(before, after, now);
    refunds(before, after, now);
    let known = before.map_or(&[][..], |payment| &payment.cases);
    for case in after.cases.iter().filter(|case| !known.contains(case)) {
        record(&[Label::Kind(case.kind)], &[(Metric::CasesOpened, 1)], now);
        tracing::error!(
            payment.no = %after.payment_no(),
            case.kind = ?case.kind,
            case.subject = case.subject,
            "payment {} needs a person's look",
            after.payment_no()
        );
    }
}

fn attempts(before: Option<&Payment>, after: &Payment, now: Timestamp) {
    for order in &after.channel_orders {
        let label = [Label::Channel(order.channel())];
        let known = before.and_then(|payment| payment.channel_order(order.no));
        match known.map(|known| known.state.is_open()) {
            None => record(&label, &[(Metric::AttemptsOpened, 1)], now),
            Some(true) if !order.state.is_open() => {
                record(&label, &[(Metric::AttemptsSettled, 1)], now);
            }
            Some(_) => {}
        }
    }
}

/// Money that no notification told us of, and how long it was lost.
fn repairs(before: Option<&Payment>, after: &Payment, now: Timestamp) {
    for capture in &after.captures {
        let known = before.and_then(|payment| payment.capture(&capture.trade_no));
        let repaired = match capture.source {
            Source::Query | Source::Bill => known.is_none(),
            Source::Notification | Source::Hint => false,
        };
        if repaired {
            let lost = now.since(capture.paid_at).as_seconds_rounded_up();
            let label = [Label::Channel(capture.channel_order_no.channel())];
            record(&label, &[(Metric::RepairSeconds, lost)], now);
        }
    }
}

fn refunds(before: Option<&Payment>, after: &Payment, now: Timestamp) {
    for refund in &after.refunds {
        let known = before.and_then(|payment| payment.refund(refund.no));
        if known.map(|known| known.state) != Some(refund.state) {
            record(&[Label::State(refund.state)], &[(Metric::Refunds, 1)], now);
            waits_for_person(refund, now);
        }
    }
}

fn waits_for_person(refund: &Refund, now: Timestamp) {
    if refund.state == RefundState::Manual {
        record(&[], &[(Metric::RefundsNeedingPerson, 1)], now);
    }
}

/// A refund was asked about, and still needs a person if it did before.
pub(crate) fn refund_asked(payment: &Payment, no: RefundNo, now: Timestamp) {
    if let Some(refund) = payment.refund(no) {
        waits_for_person(refund, now);
    }
}

/// An attempt that was open was asked about, and this is what came of it. From its first hour on an
/// attempt is asked about once an hour, so that an hour's sum is the number of those that are unknown.
pub(crate) fn asked(payment: &Payment, no: ChannelOrderNo, said: &Report, now: Timestamp) {
    let channel = Label::Channel(no.channel());
    let open = payment
        .channel_order(no)
        .is_some_and(|order| order.state.is_open());
    if open {
        record(&[channel], &[(Metric::AttemptsSettled, 0)], now);
    }
    if let Some(age) = unknown(payment, no, said, now) {
        let seen = [
            (Metric::UnknownAttempts, 1),
            (Metric::UnknownMoney, payment.terms.amount.minor()),
        ];
        record(&[channel, Label::Age(age)], &seen, now);
    }
}

/// How old an attempt is that may have been paid for all we know: it is open, and the channel was
/// silent, or cannot say that it is over though its time is. One that is known to be unpaid before its
/// deadline is only waiting.
fn unknown(payment: &Payment, no: ChannelOrderNo, said: &Report, now: Timestamp) -> Option<Age> {
    let order = payment.channel_order(no)?;
    let silent = match said {
        Report::NoAnswer => true,
        Report::Paid { .. }
        | Report::PaidBack { .. }
        | Report::TakenLate { .. }
        | Report::Unpaid
        | Report::Closed
        | Report::NotFound => false,
    };
    let over = now >= payment.terms.expires_at.plus(order.policy().absence_margin);
    (order.state.is_open() && (silent || over)).then(|| Age::of(now.since(order.created_at)))
}
