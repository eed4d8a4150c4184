//! Simulated payment channels that speak the real protocols.
//!
//! The simulator is the other side of every conversation: it verifies what a merchant sends, signs
//! what it answers, keeps its own books and notifies until it is heard. It shares no code with the
//! payment system, so an error in one cannot hide the same error in the other.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod alipay;
mod bills;
mod books;
mod clock;
mod connection;
mod control;
mod conversation;
mod faults;
mod html;
mod in_process;
mod journal;
mod money;
mod notice;
mod notifier;
mod page;
mod payment;
mod refund_script;
mod rsa_key;
mod saved;
mod server;
mod setup;
mod simulator;
mod start_page;
mod unionpay;
mod wechat;

pub use in_process::{Answered, Asked, Booked, Given, Keys, Notification, Played, Told};
pub use server::{Options, Running, start};
