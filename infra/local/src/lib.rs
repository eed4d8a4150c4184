//! The whole system on one machine: an AWS emulator that runs the deployed `template.yaml`, the simulated channels, the
//! demo merchants, and one front door before them.
//!
//! `cargo run` starts it for a person ([`StackOptions::for_people`]); tests start it for themselves, on free ports, in a
//! directory of their own. Both run the same code, and what it runs is what is shipped.

mod binaries;
mod contract;
mod credentials;
mod deployment;
mod directory;
mod emulator;
mod endpoints;
mod front_door;
mod guarded;
mod operators;
mod plain_http;
mod port;
mod progress;
mod python;
mod seed;
mod simulator;
mod stack;
mod start_page;

pub use binaries::Binaries;
pub use contract::Contract;
pub use endpoints::{Endpoints, MerchantEndpoint, Mode, OperatorLink};
pub use stack::{Stack, StackOptions};
pub use start_page::{accounts_line, first_payment};
