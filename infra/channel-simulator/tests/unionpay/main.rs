//! The UnionPay simulator over HTTP, as a merchant and a buyer meet it.

#![allow(clippy::unwrap_used, clippy::panic)]

mod code;
mod fault;
mod gateway;
mod harness;
mod message;
mod notification;
mod page;
mod refund;
mod restart;
mod statement;
