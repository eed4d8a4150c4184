//! Messages to merchants: signed as Standard Webhooks, to public addresses only, and sent once.
//!
//! A [`Courier`] delivers a [`Parcel`] and brings back a [`Receipt`]; whether and when to try again is
//! a decision of its caller, which [`RetryLadder`] paces. What an address may look like is one rule,
//! [`Address::check`], for registration and for sending. Nothing here knows what a payment is.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod address;
mod courier;
mod network;
mod resolver;
mod return_link;
mod secret;

pub use address::{Address, Objection, Reach};
pub use courier::{ContentType, Courier, Parcel, Passage, Receipt, Road, Signed, Silence};
pub use payonce_domain::schedule::RetryLadder;
pub use return_link::ReturnLink;
pub use secret::{InvalidSecret, SigningSecret};
