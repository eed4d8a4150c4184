//! What must hold in every world, and what must happen in some.
//!
//! The laws count the money in the channel's books and look at the payment from outside; none asks the code under
//! test whether it is content.

use payonce_domain::{
    ChannelOrderState, Disposition, Mode, Payment, PaymentState, RefundCause, RefundState, decide,
};
use stateright::Property;

use crate::PaymentModel;
use crate::channel::{Call, Standing, is_out_of_time};
use crate::clock::Phase;
use crate::names::{self, No, PRICE};
use crate::process::Op;
use crate::world::World;

/// Whether something holds of a world.
type Law = fn(&PaymentModel, &World) -> bool;

/// What holds always.
const ALWAYS: [(&str, Law); 11] = [
    (
        "captured = applied + returned + to be returned + in suspense",
        |_, world| of(world, |p| adds_up(world, p)),
    ),
    (
        "at most one capture is applied, and it is the winner",
        |_, world| of(world, one_is_applied),
    ),
    ("no more goes back than was taken", |_, world| {
        of(world, |p| within_captures(world, p))
    }),
    ("no refund identity moves money twice", |_, world| {
        moves_once(world)
    }),
    (
        "what paid the order goes back only if somebody asks",
        |_, world| of(world, winner_stays),
    ),
    ("nothing ends on silence", |_, world| {
        of(world, |p| ends_are_proven(world, p))
    }),
    (
        "a notification of what is known changes nothing",
        |_, world| of(world, |p| told_again_in_vain(world, p)),
    ),
    ("the intent comes before the call", |_, world| {
        intent_first(world)
    }),
    ("an advance leaves nothing due", |_, world| !world.busy),
    ("what comes to rest is settled", |_, world| {
        !is_at_rest(world) || is_settled(world)
    }),
    ("nobody is stuck", |_, world| {
        is_at_rest(world) || can_go_on(world)
    }),
];

/// What must happen in some world: its name, in which models, and how it is known.
struct Reached {
    name: &'static str,
    where_: fn(&PaymentModel) -> bool,
    law: Law,
}

const SOMETIMES: [Reached; 13] = [
    Reached {
        name: "paid once, and settled",
        where_: |_| true,
        law: |_, world| is_settled(world) && state(world) == Some(PaymentState::Paid),
    },
    Reached {
        name: "never paid, and closed",
        where_: |_| true,
        law: |_, world| is_settled(world) && takings(world) == 0,
    },
    Reached {
        name: "late money is refunded",
        where_: |_| true,
        law: |_, world| ended(world, PaymentState::Closed, 1),
    },
    Reached {
        name: "paid twice, and one goes back",
        where_: PaymentModel::allows_two_attempts,
        law: |_, world| ended(world, PaymentState::Paid, 2),
    },
    Reached {
        name: "paid by the second attempt after the first was closed",
        where_: |model| model.setting.mode == Mode::Strict && model.has_two_ways(),
        law: |_, world| ended(world, PaymentState::Paid, 1) && of(world, paid_by_the_second),
    },
    Reached {
        name: "paid twice and closed, and both go back",
        where_: PaymentModel::allows_two_attempts,
        law: |_, world| ended(world, PaymentState::Closed, 2),
    },
    Reached {
        name: "a conditional write finds that somebody was first",
        where_: |_| true,
        law: |_, world| world.marks.moved,
    },
    Reached {
        name: "an operator's close meets a payment",
        where_: |model| model.bounds.closes > 0,
        law: |_, world| world.marks.close_met_money,
    },
    Reached {
        name: "a part is given back of what paid the order",
        where_: |model| model.bounds.gifts > 0,
        law: |_, world| is_settled(world) && of(world, a_part_went_back),
    },
    Reached {
        name: "a crash between intent and call is repaired",
        where_: |model| model.bounds.crashes > 0,
        law: |_, world| world.marks.killed_before_create && is_settled(world),
    },
    Reached {
        name: "what might still arrive is placed once more, and settled",
        where_: |model| model.bounds.crashes + model.bounds.losses > 0,
        law: |_, world| world.marks.burnt && is_settled(world),
    },
    Reached {
        name: "a call arrives after its sender gave up",
        where_: |model| model.bounds.crashes + model.bounds.losses > 0,
        law: |_, world| world.marks.arrived_late,
    },
    Reached {
        name: "a refund that is refused goes back under the next number",
        where_: |model| model.bounds.refusals > 0,
        law: |_, world| is_settled(world) && world.channel.refunds.values().any(Option::is_none),
    },
];

/// Every property of a model.
#[must_use]
pub fn properties(model: &PaymentModel) -> Vec<Property<PaymentModel>> {
    let mut all: Vec<_> = ALWAYS
        .iter()
        .map(|(name, law)| Property::always(name, *law))
        .collect();
    all.push(Property::eventually(
        "paid or closed in the end",
        |_, world| {
            matches!(
                state(world),
                Some(PaymentState::Paid | PaymentState::Closed)
            )
        },
    ));
    let some = SOMETIMES.iter().filter(|reached| (reached.where_)(model));
    all.extend(some.map(|reached| Property::sometimes(reached.name, reached.law)));
    all
}

fn of(world: &World, law: impl Fn(&Payment) -> bool) -> bool {
    world.payment.as_deref().is_none_or(law)
}

fn state(world: &World) -> Option<PaymentState> {
    world.payment.as_ref().map(|payment| payment.state)
}

/// Settled in this state, after so many payments.
fn ended(world: &World, end: PaymentState, taken: usize) -> bool {
    is_settled(world) && state(world) == Some(end) && takings(world) == taken
}

fn paid_by_the_second(payment: &Payment) -> bool {
    let second = payment.channel_orders.get(1);
    second.is_some_and(|order| order.state == ChannelOrderState::Paid)
}

fn a_part_went_back(payment: &Payment) -> bool {
    let mut refunds = payment.refunds.iter();
    refunds.any(|refund| refund.request.is_some() && refund.state == RefundState::Succeeded)
}

/// How many attempts were paid, by the channel's books.
fn takings(world: &World) -> usize {
    let paid = world
        .channel
        .orders
        .values()
        .filter(|standing| matches!(standing, Standing::Paid(_)));
    paid.count()
}

/// I-8, and no capture that the channel does not know of.
fn adds_up(world: &World, payment: &Payment) -> bool {
    let Ok(view) = payment.money() else {
        return false;
    };
    let places = [view.applied, view.refunded, view.refund_due, view.suspense];
    let placed: u64 = places.iter().map(|money| money.minor()).sum();
    let taken: u64 = payment
        .captures
        .iter()
        .map(|capture| world.channel.taken(capture.channel_order_no))
        .sum();
    placed == view.captured.minor() && view.captured.minor() == taken
}

/// I-1, I-20: in time and of the right amount.
fn one_is_applied(payment: &Payment) -> bool {
    let applied = payment
        .captures
        .iter()
        .filter(|capture| capture.disposition == Disposition::Applied);
    let applied: Vec<_> = applied.collect();
    let winner = applied.first().map(|capture| &capture.trade_no);
    applied.len() <= 1
        && winner == payment.winner.as_ref()
        && applied
            .iter()
            .all(|capture| capture.paid_at <= payment.terms.expires_at && capture.amount == PRICE)
}

/// I-2, by what the channel really gave back.
fn within_captures(world: &World, payment: &Payment) -> bool {
    let mut orders = payment.channel_orders.iter();
    orders.all(|order| world.channel.given_back(order.no) <= world.channel.taken(order.no))
}

/// I-3, I-13.
fn moves_once(world: &World) -> bool {
    let moved = world
        .channel
        .refunds
        .iter()
        .filter(|(_, amount)| amount.is_some());
    let moved: Vec<_> = moved.map(|(no, _)| *no).collect();
    let twins =
        |a: &payonce_domain::RefundNo| moved.iter().filter(|b| a.is_generation_of(**b)).count();
    moved.iter().all(|no| twins(no) == 1)
}

/// I-1: a winner is never a duplicate.
fn winner_stays(payment: &Payment) -> bool {
    let of_winner = payment
        .refunds
        .iter()
        .filter(|refund| Some(&refund.trade_no) == payment.winner.as_ref());
    of_winner.into_iter().all(|refund| match refund.cause {
        RefundCause::MerchantRequest => true,
        RefundCause::DuplicatePayment
        | RefundCause::LatePayment
        | RefundCause::WrongAmount
        | RefundCause::Appeal
        | RefundCause::Operator
        | RefundCause::Reconciliation
        | RefundCause::Channel => false,
    })
}

/// I-14: an attempt has ended only if its channel takes no money for it any more.
fn ends_are_proven(world: &World, payment: &Payment) -> bool {
    payment
        .channel_orders
        .iter()
        .all(|order| match order.state {
            ChannelOrderState::Submitted
            | ChannelOrderState::Pending
            | ChannelOrderState::Closing => true,
            ChannelOrderState::Paid | ChannelOrderState::Failed | ChannelOrderState::Closed => {
                match world.channel.standing(order.no) {
                    Some(Standing::Closed) => true,
                    Some(Standing::Paid(_)) => {
                        payment.capture(&names::trade_no(order.no)).is_some()
                    }
                    Some(Standing::Open) => false,
                    None => {
                        is_out_of_time(order.no, world.now()) && !may_still_come(world, order.no)
                    }
                }
            }
        })
}

/// I-9, F26: however often, and however late.
fn told_again_in_vain(world: &World, payment: &Payment) -> bool {
    payment.captures.iter().all(|capture| {
        let fact = world.notification(capture.channel_order_no);
        fact.is_some_and(|fact| !decide::on_fact(payment, fact, world.now()).changed())
    })
}

/// Whether a create of it is on its way or about to be made.
fn may_still_come(world: &World, no: No) -> bool {
    let made = |op: &Op| *op == Op::Create(no);
    world.adrift.contains(&Call::Create(no))
        || world
            .processes
            .iter()
            .any(|process| process.ops.iter().any(made))
}

/// I-7: whatever the channel has heard of, the item held before.
fn intent_first(world: &World) -> bool {
    let Some(payment) = &world.payment else {
        return world.channel.orders.is_empty();
    };
    let orders = world
        .channel
        .orders
        .keys()
        .all(|no| payment.channel_order(*no).is_some());
    let begun = |no| {
        payment
            .refund(no)
            .is_some_and(|refund| refund.sent_at.is_some())
    };
    orders && world.channel.refunds.keys().all(|no| begun(*no))
}

/// Whether nothing more comes of itself.
fn is_at_rest(world: &World) -> bool {
    world.is_still() && (world.owed().is_empty() || world.phase == Phase::LAST && !can_go_on(world))
}

/// Whether the system itself, without buyers, clients or operators, has something to do.
fn can_go_on(world: &World) -> bool {
    let mut actions = Vec::new();
    world.actions(&mut actions);
    world.payment.is_none() || actions.iter().any(|action| action.is_of_the_system())
}

/// Where nothing is owed: one price stays if the payment is paid and nothing if it is closed, less what was asked back;
/// and every payment that the channel took is known.
fn is_settled(world: &World) -> bool {
    let Some(payment) = world.payment.as_deref() else {
        return true;
    };
    if !world.is_still() || !world.owed().is_empty() {
        return false;
    }
    let price = match payment.state {
        PaymentState::Paid => PRICE.minor(),
        PaymentState::Closed => 0,
        PaymentState::Created | PaymentState::Paying | PaymentState::Closing => return false,
    };
    let asked_back = payment
        .refunds
        .iter()
        .filter(|refund| refund.request.is_some() && refund.state == RefundState::Succeeded);
    let asked_back: u64 = asked_back.map(|refund| refund.amount.minor()).sum();
    let orders = || payment.channel_orders.iter().map(|order| order.no);
    let taken: u64 = orders().map(|no| world.channel.taken(no)).sum();
    let back: u64 = orders().map(|no| world.channel.given_back(no)).sum();
    let ended = payment.refunds.iter().all(|refund| refund.state.is_final());
    ended && payment.captures.len() == takings(world) && taken + asked_back == back + price
}
