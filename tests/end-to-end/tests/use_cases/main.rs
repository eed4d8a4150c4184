//! The use cases over a database, a queue and a channel that fail when they are told to: what only a fault at one moment
//! shows. Nothing is deployed; the database and the channel's simulator run in this process.
//!
//! Tests are named after the rows of the failure matrix that they cover.

#![allow(clippy::unwrap_used, clippy::panic)]

mod accelerators;
mod appealing;
mod appeals_and_bills;
mod auditing;
mod clocks;
mod closing;
mod initiating;
mod messages;
mod notified;
mod reconciling;
mod recovering;
mod refunding;
mod stage;
mod sweeping;
mod unknown_numbers;

#[allow(dead_code, missing_docs, unreachable_pub)]
#[path = "../../../../shared/store/tests/store/faults.rs"]
mod faults;
#[allow(dead_code, missing_docs, unreachable_pub)]
#[path = "../../../../shared/store/tests/store/tables.rs"]
mod tables;
