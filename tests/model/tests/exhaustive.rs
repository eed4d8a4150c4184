//! The model, explored to its end.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::Write;
use std::time::Instant;

use model::names::Way;
use model::{Bounds, PaymentModel, Setting};
use payonce_domain::{Channel, Method, Mode};
use stateright::{Checker, Model};

const CALLED_AND_PAGE: [Way; 2] = [
    (Channel::Wechat, Method::Native),
    (Channel::Alipay, Method::Page),
];

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

/// Visits every world, and says how many there were. Written past the test runner's capture: the figures are the point.
fn explore(name: &str, mode: Mode, ways: [Way; 2], bounds: Bounds) {
    let model = PaymentModel {
        setting: Setting { mode, ways },
        bounds,
    };
    let began = Instant::now();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let checker = model.checker().threads(threads).spawn_bfs().join();
    writeln!(
        std::io::stderr(),
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

fn env(name: &str, default: u8) -> u8 {
    std::env::var(name)
        .ok()
        .map_or(default, |v| v.parse().unwrap())
}

#[test]
fn probe() {
    let bounds = Bounds {
        requests: env("R", 2),
        crashes: env("C", 1),
        losses: env("L", 1),
        duplicates: env("D", 1),
        closes: env("O", 1),
        gifts: env("G", 0),
        refusals: env("F", 0),
        at_once: usize::from(env("P", 2)),
    };
    let _ = BOUNDS;
    let mode = if env("S", 0) == 1 {
        Mode::Strict
    } else {
        Mode::Lenient
    };
    let mut ways = CALLED_AND_PAGE;
    if env("W", 0) == 1 {
        ways[1] = ways[0];
    }
    explore("probe", mode, ways, bounds);
}
