//! A damaged record: whatever touches it next makes good what was lost.

use super::world::{self, at};
use super::*;
use payonce_domain::RefundState;

#[test]
fn a_compensation_lost_from_the_record_is_made_again_under_its_number() {
    let mut damaged = Tale::of(Mode::Strict, PAGE)
        .paid(first(PAGE), "A")
        .paid(first(PAGE), "AA")
        .payment;
    let lost = damaged.refunds.remove(0);
    let repaired = decide::on_fact(&damaged, Fact::Ticked, at(60));
    assert!(repaired.changed());
    let again = repaired.payment().refund(lost.no).expect("the same number");
    assert_eq!((again.state, again.amount), (RefundState::Due, lost.amount));
}

/// F70: an item that lost its place in the index gets it back with the next thing that happens to it.
#[test]
fn a_lost_due_time_is_set_again() {
    let mut damaged = Tale::of(Mode::Strict, PAGE).payment;
    damaged.channel_orders[0].due = None;
    let repaired = decide::on_fact(&damaged, Fact::Ticked, at(60));
    laws::nothing_owed_is_forgotten(repaired.payment());

    let mut damaged = Tale::of(Mode::Strict, PAGE)
        .paid(first(PAGE), "A")
        .command(world::refund("r-1", 500))
        .payment;
    damaged.refunds[0].due = None;
    let repaired = decide::on_fact(&damaged, Fact::Ticked, at(60));
    laws::nothing_owed_is_forgotten(repaired.payment());
}

/// F70: what made a damaged record good stands in its history, which still leads somewhere; and a tick on what it leads to is
/// a record that is whole again, at the next version.
#[test]
fn a_history_holds_with_a_repair_in_it() {
    let whole = Tale::of(Mode::Strict, PAGE).payment;
    // Nothing is due yet, and a tick alone would change nothing.
    let recorded = decide::on_recorded(&whole, Fact::Ticked, at(1));
    assert!(recorded.changed());
    assert_eq!(recorded.before(), Some(whole.version));
    let expected = Payment {
        version: whole.version.next(),
        ..whole.clone()
    };
    assert_eq!(*recorded.payment(), expected);

    // At its deadline the same tick decides what a tick decides.
    let late = whole.terms.expires_at;
    assert_eq!(
        decide::on_recorded(&whole, Fact::Ticked, late),
        decide::on_fact(&whole, Fact::Ticked, late)
    );
}
