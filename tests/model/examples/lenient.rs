//! A lenient merchant's two pages with every fault at once: takes an hour and some gigabytes, so no test does it.

#![allow(clippy::print_stdout)]

use model::{Bounds, PaymentModel, Setting};
use payonce_domain::{Channel, Method, Mode};
use stateright::{Checker, Model};

fn main() {
    let ways = [
        (Channel::Wechat, Method::Native),
        (Channel::Alipay, Method::Page),
    ];
    let model = PaymentModel {
        setting: Setting {
            mode: Mode::Lenient,
            ways,
        },
        bounds: Bounds {
            requests: 2,
            crashes: 1,
            losses: 1,
            duplicates: 1,
            closes: 1,
            gifts: 0,
            refusals: 0,
            at_once: 2,
        },
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let checker = model.checker().threads(threads).spawn_bfs().join();
    let (states, unique) = (checker.state_count(), checker.unique_state_count());
    println!(
        "{states} states, {unique} unique, depth {}",
        checker.max_depth()
    );
    assert!(checker.is_done(), "it was cut off");
    checker.assert_properties();
}
