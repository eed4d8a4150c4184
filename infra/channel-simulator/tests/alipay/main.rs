//! The Alipay simulator over HTTP, as a merchant and a buyer meet it.

#![allow(clippy::unwrap_used, clippy::panic)]

mod bill;
mod cancel;
mod certificate;
mod code_pay;
mod fault;
mod gateway;
mod harness;
mod notification;
mod page;
mod refund;
mod restart;
