//! Payment channels (渠道): what we say to them, and what their answers mean.
//!
//! An adapter is pure in both directions: it builds requests and reads answers, and neither opens a
//! socket nor looks at a clock. One [`Transport`] sends; a [`ChannelClient`] joins the two. Whatever a
//! channel says about an order passes one shared check of order number and payee before it becomes a
//! report, so no adapter can forget it. Silence, garbage, a signature that does not hold and a word we
//! do not know are all values (`NoAnswer`), never failures.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

pub mod adapter;
pub mod alipay;
mod beijing;
mod chain;
pub mod claim;
mod client;
mod form;
mod http;
mod lines;
mod notification;
mod order;
mod registry;
mod rsa;
pub mod statement;
mod strict_json;
mod transport;
pub mod unionpay;
pub mod wechat;
mod yuan;

pub use adapter::{Acknowledgement, Adapter};
pub use client::{ChannelClient, CloseAnswer, CreateTold, Health, Told};
pub use http::{CannotSend, HttpAnswer, HttpRequest, Silence, Verb};
pub use notification::{News, Notice, Rejected, UnverifiedNotification};
pub use order::{Detail, Order, RefundOrder, Unfit};
pub use registry::{ConfigurationError, Secrets, adapter, statements};
pub use transport::{Download, DownloadError, Exchange, Transport, Wire};
