//! The model, explored to its end.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::Write;
use std::time::Instant;

use model::names::Way;
use model::{Bounds, PaymentModel, Setting};
use payonce_domain::{Channel, Method, Mode};
use stateright::{Checker, Model};

/// A code that we have made by a call, and a page that the buyer's browser makes.
const CALLED_AND_PAGE: [Way; 2] = [
    (Channel::Wechat, Method::Native),
    (Channel::Alipay, Method::Page),
];
/// The same code, asked for twice.
const CALLED_TWICE: [Way; 2] = [
    (Channel::Wechat, Method::Native),
    (Channel::Wechat, Method::Native),
];

/// Two clients, and one of every fault and act but those that a test is not about.
const BOUNDS: Bounds = Bounds {
    requests: 2,
    crashes: 1,
    losses: 1,
    duplicates: 1,
    closes: 1,
    gifts: 0,
    refusals: 0,
    at_once: 2,
};
/// No faults and nobody's acts.
const PEACE: Bounds = Bounds {
    crashes: 0,
    losses: 0,
    duplicates: 0,
    closes: 0,
    ..BOUNDS
};

/// Visits every world, and says how many there were. Written past the test runner's capture: the figures are the point.
fn explore(name: &str, mode: Mode, ways: [Way; 2], bounds: Bounds) {
    let model = PaymentModel {
        setting: Setting { mode, ways },
        bounds,
    };
    let began = Instant::now();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let checker = model.checker().threads(threads).spawn_bfs().join();
    let mut past_the_capture = std::io::stdout();
    writeln!(
        past_the_capture,
        "{name}: {} states, {} unique, depth {}, {} in {:.1} s",
        checker.state_count(),
        checker.unique_state_count(),
        checker.max_depth(),
        if checker.is_done() {
            "complete"
        } else {
            "cut off"
        },
        began.elapsed().as_secs_f64(),
    )
    .unwrap();
    assert!(checker.is_done());
    checker.assert_properties();
}

/// F7, F14, F22, F49, F59, F61, F67: two clients in two ways, a crash, a loss, a duplicate, an operator's close.
#[test]
fn a_strict_merchant_with_one_of_every_fault() {
    explore("strict, two ways", Mode::Strict, CALLED_AND_PAGE, BOUNDS);
}

/// F1, F3, F13, F14: the same faults around one order that is asked for twice.
#[test]
fn one_order_asked_for_twice_with_one_of_every_fault() {
    explore(
        "lenient, one way twice",
        Mode::Lenient,
        CALLED_TWICE,
        BOUNDS,
    );
}

/// F62, F66, F71: both pages can be paid, while somebody dies and a call or an answer is lost.
#[test]
fn a_lenient_merchant_with_a_crash_and_a_loss() {
    let bounds = Bounds {
        duplicates: 0,
        closes: 0,
        ..BOUNDS
    };
    explore(
        "lenient, two ways, crash and loss",
        Mode::Lenient,
        CALLED_AND_PAGE,
        bounds,
    );
}

/// F60, F61: both pages can be paid while an operator closes.
#[test]
fn a_lenient_merchant_with_an_operator() {
    let bounds = Bounds { closes: 1, ..PEACE };
    explore(
        "lenient, two ways, operator",
        Mode::Lenient,
        CALLED_AND_PAGE,
        bounds,
    );
}

/// F75, F76: a part is given back, and somebody dies.
#[test]
fn a_part_is_given_back_with_a_crash() {
    let bounds = Bounds {
        crashes: 1,
        gifts: 1,
        ..PEACE
    };
    explore(
        "lenient, two ways, gift and crash",
        Mode::Lenient,
        CALLED_AND_PAGE,
        bounds,
    );
}

/// F73: the channel refuses a refund for good, and a call or an answer is lost.
#[test]
fn a_refund_is_refused_for_good_with_a_loss() {
    let bounds = Bounds {
        losses: 1,
        refusals: 1,
        ..PEACE
    };
    explore(
        "lenient, two ways, refusal and loss",
        Mode::Lenient,
        CALLED_AND_PAGE,
        bounds,
    );
}
