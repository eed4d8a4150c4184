//! The real application code over a seeded world that tries to lose money.
//!
//! A seed is a whole world: channels that charge and lose answers, queues that drop and double, a table meaner
//! than DynamoDB, functions that are killed before and after every call, and people who act at the worst
//! moment. Faults come first; then they stop, time runs on, and everything must come to rest. The auditor
//! trusts the channels' books alone. The same seed is the same run, to the byte.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a world answers what it plays and lets the rest be; the real code has no such arms"
)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod adapter;
mod asked;
mod auditor;
mod bill;
mod books;
mod buyer;
mod call;
mod campaign;
mod canary;
mod chance;
#[cfg(test)]
mod conformance;
mod defect;
mod effect;
mod ended;
mod expression;
mod fault;
mod jobs;
mod morning;
mod notices;
mod operator;
mod plan;
pub mod regression;
mod run;
mod settled;
mod shorten;
mod shown;
mod steps;
mod table;
mod tally;
mod wire;
mod world;
mod wrong;
mod wrong_scan;
mod wrong_store;

pub use campaign::{Campaign, Outcome};
pub use fault::{Fault, Faults};
pub use plan::{Deed, Plan};
pub use run::{Verdict, run};
pub use shorten::{Shortened, shorten};
pub use tally::{Sometimes, Tally};
pub use wrong::Wrong;
