//! What must hold after every step, whatever was said and in whatever order.
//!
//! Each law is one function and names the invariant it stands for. They look at the payment from
//! outside and recount everything; none of them asks the code under test whether it is content.

use std::collections::BTreeSet;

use super::books::Books;
use payonce_domain::schedule::{LEAST_TIME_LEFT, MESSAGE_DELAY_MAX};
use payonce_domain::{
    AnnouncementKind, Capture, CaseKind, ChannelOrderState, Command, Decision, Disposition, Due,
    Fact, Input, Leg, Mode, Money, Payment, PaymentState, Refund, RefundCause, RefundState,
    SuspenseReason, Timestamp,
};

/// One step: what was, what came, what became of it.
pub(crate) struct Step<'a> {
    pub(crate) before: &'a Payment,
    pub(crate) input: &'a Input,
    pub(crate) now: Timestamp,
    pub(crate) decision: &'a Decision,
    /// The test's count, the step's own fact included.
    pub(crate) books: &'a Books,
}

/// Every law at once; panics with the name of the one that is broken.
pub(crate) fn check(step: &Step<'_>) {
    let after = step.decision.payment();
    versions_count_writes(step);
    money_is_conserved(after, step.books);
    captures_stay(step);
    one_capture_pays(after);
    the_winner_stays(step);
    refunds_stay_within_their_capture(after);
    numbers_are_used_once(step);
    ends_are_final(step);
    attempts_are_made_in_time(step);
    nothing_owed_is_forgotten(after);
    announcements_have_no_gaps(step);
    what_is_near_has_a_message(step);
}

/// What comes due within the reach of one message has one; what is further off is the sweep's, which would otherwise leave
/// it to a message that nobody sent.
fn what_is_near_has_a_message(step: &Step<'_>) {
    let dues = |payment: &Payment| -> Vec<Due> {
        let orders = payment.channel_orders.iter().map(|order| order.due);
        let refunds = payment.refunds.iter().map(|refund| refund.due);
        let captures = payment.captures.iter().map(|capture| capture.due);
        orders.chain(refunds).chain(captures).flatten().collect()
    };
    let before = dues(step.before);
    for due in dues(step.decision.payment()) {
        let near = due.at.since(step.now) <= MESSAGE_DELAY_MAX;
        let known = before.contains(&due);
        assert!(known || due.messaged == near, "{due:?} at {:?}", step.now);
    }
}

/// I-16: announcements are numbered without gaps, and each names the version that made it.
fn announcements_have_no_gaps(step: &Step<'_>) {
    let (before, after) = (step.before, step.decision.payment());
    let new: Vec<_> = after
        .announcements
        .iter()
        .filter(|a| a.sequence > before.announced)
        .collect();
    let numbers: Vec<u32> = new.iter().map(|a| a.sequence).collect();
    let meant: Vec<u32> = (before.announced + 1..=after.announced).collect();
    assert_eq!(numbers, meant, "announcements skip or are lost");
    for announcement in new {
        assert_eq!(announcement.version, after.version);
    }
    let said = |kind| after.announcements.iter().any(|a| a.kind == kind);
    if before.state != after.state {
        match after.state {
            PaymentState::Paid => assert!(said(AnnouncementKind::Paid)),
            PaymentState::Closed => assert!(said(AnnouncementKind::Closed)),
            PaymentState::Created | PaymentState::Paying | PaymentState::Closing => {}
        }
    }
}

/// I-5: versions go up by one, and only where something changed.
fn versions_count_writes(step: &Step<'_>) {
    let (before, after) = (step.before, step.decision.payment());
    assert_eq!(step.decision.before(), Some(before.version));
    match step.decision.entry() {
        None => assert_eq!(before, after, "a change without an entry"),
        Some(entry) => {
            assert_eq!(after.version, before.version.next(), "versions skip");
            assert_eq!(entry.version, after.version);
            assert_eq!(entry.at, step.now);
            assert_eq!(&entry.input, step.input);
        }
    }
}

/// I-8: every fen the channels claimed is in exactly one place.
fn money_is_conserved(payment: &Payment, books: &Books) {
    let view = payment.money().expect("the money adds up");
    let places = [view.applied, view.refunded, view.refund_due, view.suspense];
    let placed: u64 = places.iter().map(|money| money.minor()).sum();
    assert_eq!(
        view.captured.minor(),
        placed,
        "money is lost or made: {view:?}"
    );

    let known: BTreeSet<_> = payment.captures.iter().map(|c| &c.trade_no).collect();
    let claimed: BTreeSet<_> = books.claims.keys().collect();
    assert_eq!(known, claimed, "captures are not what the channels claimed");
    for capture in &payment.captures {
        let claims = &books.claims[&capture.trade_no];
        let claim = (capture.channel_order_no, capture.amount);
        assert!(claims.contains(&claim), "{capture:?} was never claimed");
    }

    if contradicted(payment) {
        return;
    }
    for refund in &payment.refunds {
        let by_channel =
            refund.cause == RefundCause::Channel || books.reversed.contains(&refund.trade_no);
        if !by_channel {
            assert_eq!(
                refund.state == RefundState::Succeeded,
                books.moved.contains(&refund.no),
                "{refund:?} against what the channel said"
            );
        }
    }
    let by_itself: u64 = payment
        .refunds
        .iter()
        .filter(|r| r.cause == RefundCause::Channel && r.state == RefundState::Succeeded)
        .map(|refund| refund.amount.minor())
        .sum();
    let alone = books.returned_alone.values();
    let told: u64 = books
        .returned
        .values()
        .chain(alone)
        .map(|money| money.minor())
        .sum();
    assert!(by_itself <= told, "returns that no channel told of");
}

/// A verified capture never disappears, whatever is said later (I-14, design 2).
fn captures_stay(step: &Step<'_>) {
    for old in &step.before.captures {
        let new = step.decision.payment().capture(&old.trade_no);
        let new = new.expect("a verified capture disappeared");
        assert_eq!(new.channel_order_no, old.channel_order_no);
        if new.amount != old.amount {
            assert!(new.source > old.source, "a weaker claim changed an amount");
        }
    }
}

/// I-1, I-10, I-20: at most one capture is applied, of the right amount and in time; it is the winner.
fn one_capture_pays(payment: &Payment) {
    let applied: Vec<&Capture> = payment
        .captures
        .iter()
        .filter(|capture| capture.disposition == Disposition::Applied)
        .collect();
    assert!(applied.len() <= 1, "paid twice: {applied:?}");
    let winner = applied.first().map(|capture| &capture.trade_no);
    assert_eq!(winner, payment.winner.as_ref());
    assert_eq!(payment.state == PaymentState::Paid, winner.is_some());
    for capture in applied {
        assert_eq!(capture.amount, payment.terms.amount);
        assert!(capture.paid_at <= payment.terms.expires_at);
        let order = payment.channel_order(capture.channel_order_no);
        let order = order.expect("the winner's attempt is known");
        assert_eq!(order.state, ChannelOrderState::Paid);
    }
}

/// I-1, I-3: the winner is written once and goes back only if somebody asks, or the channel does it.
fn the_winner_stays(step: &Step<'_>) {
    let after = step.decision.payment();
    if step.before.winner.is_some() {
        assert_eq!(step.before.winner, after.winner);
    }
    let winner = after.winner.as_ref();
    for refund in after
        .refunds
        .iter()
        .filter(|refund| Some(&refund.trade_no) == winner && refund.state != RefundState::Failed)
    {
        // A channel that says it carried out what was withdrawn unsent is a case for people, not ours.
        let said_so = refund.state == RefundState::Succeeded && contradicted(after);
        assert!(
            said_so
                || matches!(
                    refund.cause,
                    RefundCause::MerchantRequest
                        | RefundCause::Appeal
                        | RefundCause::Channel
                        | RefundCause::Operator
                ),
            "the winner is returned of itself: {refund:?}"
        );
    }
}

/// I-2: what is reserved out of a capture is never more than the capture.
fn refunds_stay_within_their_capture(payment: &Payment) {
    for capture in &payment.captures {
        let reserved: u64 = payment
            .refunds
            .iter()
            .filter(|r| r.trade_no == capture.trade_no && r.state.reserves())
            .map(|refund| refund.amount.minor())
            .sum();
        assert!(
            reserved <= capture.amount.minor(),
            "over-refund: {payment:#?}"
        );
    }
    for refund in &payment.refunds {
        assert!(!refund.amount.is_zero(), "a refund of nothing: {refund:?}");
        let capture = payment.capture(&refund.trade_no);
        let capture = capture.expect("a refund of no capture");
        assert_eq!(refund.channel_order_no, capture.channel_order_no);
    }
}

/// I-6, I-13: one number names one thing for ever, and a generation opens only over a failed one.
fn numbers_are_used_once(step: &Step<'_>) {
    let after = step.decision.payment();
    let orders: BTreeSet<_> = after.channel_orders.iter().map(|order| order.no).collect();
    assert_eq!(orders.len(), after.channel_orders.len(), "a number twice");
    let refunds: BTreeSet<_> = after.refunds.iter().map(|refund| refund.no).collect();
    assert_eq!(refunds.len(), after.refunds.len(), "a refund number twice");
    for old in &step.before.channel_orders {
        let new = after.channel_order(old.no).expect("an attempt disappeared");
        assert_eq!(
            (&new.account, new.created_at),
            (&old.account, old.created_at)
        );
    }
    for old in &step.before.refunds {
        let new = after.refund(old.no).expect("a refund disappeared");
        assert_eq!((new.amount, &new.trade_no), (old.amount, &old.trade_no));
        if old.sent_at.is_some() {
            assert_eq!(new.sent_at, old.sent_at, "the time of sending moved");
        }
    }
    if contradicted(after) {
        return;
    }
    let sent_by_us = |refund: &&Refund| refund.cause != RefundCause::Channel;
    for refund in after.refunds.iter().filter(sent_by_us) {
        if !refund.state.reserves() {
            continue;
        }
        let mut later =
            std::iter::successors(refund.no.next_generation(), |no| no.next_generation())
                .filter_map(|no| after.refund(no));
        assert!(
            !later.any(|later| later.state.reserves()),
            "a generation over one that may still move money: {refund:?}"
        );
    }
}

/// Whether a channel took back what it had said of a refund: then the truth about it is a case's to find.
fn contradicted(payment: &Payment) -> bool {
    payment
        .cases
        .iter()
        .any(|case| case.kind == CaseKind::RefundContradiction)
}

/// I-4: what is over stays over; only the channel's own word re-opens a refund.
fn ends_are_final(step: &Step<'_>) {
    let (before, after) = (step.before, step.decision.payment());
    match before.state {
        PaymentState::Paid | PaymentState::Closed => assert_eq!(before.state, after.state),
        PaymentState::Closing => assert!(
            matches!(
                after.state,
                PaymentState::Closing | PaymentState::Closed | PaymentState::Paid
            ),
            "a closing payment is open again"
        ),
        PaymentState::Created | PaymentState::Paying => {}
    }
    for old in &before.channel_orders {
        let new = after.channel_order(old.no).map(|order| order.state);
        let new = new.expect("an attempt disappeared");
        match old.state {
            ChannelOrderState::Paid => assert_eq!(new, old.state, "a paid attempt changed"),
            ChannelOrderState::Closing | ChannelOrderState::Failed | ChannelOrderState::Closed => {
                assert!(
                    !matches!(
                        new,
                        ChannelOrderState::Submitted | ChannelOrderState::Pending
                    ),
                    "an attempt is offered again"
                );
            }
            ChannelOrderState::Submitted | ChannelOrderState::Pending => {}
        }
    }
    for old in &before.refunds {
        let new = after.refund(old.no).map(|refund| refund.state);
        let new = new.expect("a refund disappeared");
        let about_it =
            matches!(step.input, Input::Fact(Fact::RefundReported { no, .. }) if *no == old.no);
        match old.state {
            RefundState::Succeeded => {
                assert!(new == old.state || (about_it && new == RefundState::Failed));
            }
            RefundState::Failed => {
                assert!(new == old.state || (about_it && new == RefundState::Succeeded));
            }
            RefundState::Due | RefundState::Sent | RefundState::Accepted | RefundState::Manual => {}
        }
    }
}

/// I-15: an attempt is made only while the order can be paid; strict merchants have one at a time.
fn attempts_are_made_in_time(step: &Step<'_>) {
    let (before, after) = (step.before, step.decision.payment());
    let asked = matches!(step.input, Input::Command(Command::Initiate { .. }));
    if asked && after.channel_orders.len() > before.channel_orders.len() {
        let open = matches!(before.state, PaymentState::Created | PaymentState::Paying);
        assert!(open, "an attempt at a dead order");
        assert!(step.now.plus(LEAST_TIME_LEFT) <= before.terms.expires_at);
        let unproven = before.channel_orders.iter().any(|o| o.state.is_open());
        assert!(
            !(unproven && after.terms.mode == Mode::Strict),
            "strict, and a second attempt beside an unproven one"
        );
    }
    let open = after.channel_orders.iter().any(|o| o.state.is_open());
    match after.state {
        PaymentState::Paying | PaymentState::Closing => assert!(open),
        PaymentState::Created => assert!(!open),
        PaymentState::Paid | PaymentState::Closed => {}
    }
}

/// I-17: while anything is open or owed something is due for it; once nothing is, nothing is.
pub(crate) fn nothing_owed_is_forgotten(payment: &Payment) {
    let given_up = |capture: &Capture| {
        let exhausted = |case: &&payonce_domain::Case| {
            case.kind == CaseKind::RefundExhausted && case.subject == capture.trade_no.as_str()
        };
        payment.cases.iter().find(exhausted).is_some()
    };
    let mut owed = matches!(payment.state, PaymentState::Created | PaymentState::Paying);
    for order in &payment.channel_orders {
        assert_eq!(order.state.is_open(), order.due.is_some(), "{order:?}");
        owed |= order.state.is_open();
    }
    for refund in &payment.refunds {
        let ended = matches!(refund.state, RefundState::Succeeded | RefundState::Failed);
        assert_eq!(!ended, refund.due.is_some(), "{refund:?}");
        owed |= !ended;
    }
    for capture in &payment.captures {
        let rest = payment.unreserved(capture);
        match capture.disposition {
            Disposition::Applied => assert_eq!(capture.due, None),
            Disposition::Returning(_) => {
                assert!(
                    rest.is_zero() || given_up(capture),
                    "owed and not reserved: {capture:?}"
                );
            }
            Disposition::Suspended(SuspenseReason::Reversing) => {
                let order = payment.channel_order(capture.channel_order_no);
                let asking = order.is_some_and(|o| o.state == ChannelOrderState::Closing);
                assert!(asking, "nobody asks whether it was reversed: {payment:#?}");
            }
            Disposition::Suspended(
                SuspenseReason::ChannelReturns | SuspenseReason::Contradiction,
            ) => {
                assert_eq!(!rest.is_zero(), capture.due.is_some(), "{capture:?}");
                owed |= !rest.is_zero();
            }
        }
    }
    owed |= payment.unbooked.is_some();
    let mut first = true;
    for announcement in &payment.announcements {
        if let Leg::Owed { due, .. } = announcement.merchant {
            assert_eq!(first, due.is_some(), "told out of order: {announcement:?}");
            first = false;
        }
        if let Leg::Owed { due, .. } = announcement.bus {
            assert!(due.is_some(), "never published: {announcement:?}");
        }
        owed |= announcement.merchant != Leg::GivenUp || announcement.bus != Leg::Settled;
    }
    assert_eq!(
        payment.due_at().is_some(),
        owed,
        "the due index: {payment:#?}"
    );
}

/// The same input once more, at the same moment, must move nothing: no money, no state, no number.
pub(crate) fn repeat_is_harmless(step: &Step<'_>) {
    let once = step.decision.payment();
    let (twice, changed) = match step.input {
        Input::Opened { .. } => return,
        Input::Fact(fact) => {
            let again = payonce_domain::decide::on_fact(once, fact.clone(), step.now);
            (again.payment().clone(), again.changed())
        }
        Input::Command(command) => {
            match payonce_domain::decide::on_command(once, command.clone(), step.now) {
                Ok(again) => (again.payment().clone(), again.changed()),
                Err(_) => return,
            }
        }
    };
    let answers_one_of_many = match step.input {
        // Two calls can be out at once, and each may be answered in the same words.
        Input::Fact(Fact::CreateAnswered { .. } | Fact::RefundReported { .. }) => {
            !same_but_for_answers(once, &twice)
        }
        // Two deliveries can be out at once: each counts as an attempt, and no more.
        Input::Fact(Fact::Told { .. }) => {
            once.money() != twice.money() || once.state != twice.state
        }
        // The first tick after the deadline only begins the closing; the next moves the ladders.
        Input::Fact(Fact::Ticked) => once.money() != twice.money() || once.state != twice.state,
        Input::Fact(
            Fact::Reported { .. }
            | Fact::ReversalAnswered { .. }
            | Fact::Returned { .. }
            | Fact::ReturnAbsent { .. },
        )
        | Input::Command(_)
        | Input::Opened { .. } => changed,
    };
    assert!(
        !answers_one_of_many,
        "twice is not once: {:?}\n{:#?}\n{:#?}",
        step.input,
        (&once.refunds, &once.cases),
        (&twice.refunds, &twice.cases),
    );
}

fn same_but_for_answers(once: &Payment, twice: &Payment) -> bool {
    let mut levelled = twice.clone();
    levelled.version = once.version;
    levelled.unbooked.clone_from(&once.unbooked);
    for (order, first) in levelled.channel_orders.iter_mut().zip(&once.channel_orders) {
        order.creates_unanswered = first.creates_unanswered;
    }
    levelled == *once
}

/// All the money that channels hold or held, in fen.
pub(crate) fn captured(payment: &Payment) -> Money {
    payment.money().expect("the money adds up").captured
}
