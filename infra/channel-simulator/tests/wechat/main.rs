//! The WeChat Pay simulator over HTTP, as a merchant and a buyer meet it.

#![allow(clippy::unwrap_used, clippy::panic)]

mod bill;
mod code_pay;
mod door;
mod ear;
mod fault;
mod harness;
mod notification;
mod order;
mod page;
mod refund;
mod restart;
