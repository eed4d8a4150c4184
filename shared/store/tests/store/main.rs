//! The store over a real DynamoDB API in this process, under the real client.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs, unreachable_pub)]

mod appeals;
mod breakers;
mod buyer_acts;
mod controls;
mod delayed_messages;
mod due;
mod evidence;
mod faults;
mod journal;
mod ledger;
mod lost_answers;
mod merchants;
mod orders;
mod races;
mod tables;
