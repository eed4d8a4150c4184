//! WeChat Pay v3 (微信支付): the API, its pay pages, its notifications and its bills.
//!
//! Written from the channel's documents alone. `base_url` has the path `/wechat`, which is part of what
//! merchants sign, because they sign what goes over the wire.

mod account;
mod api;
mod bill;
mod code_pay;
mod create;
mod endpoint;
mod link;
pub(crate) mod notification;
mod operations;
mod pay_page;
mod refund;
mod reply;
mod request;
mod statement;
#[cfg(test)]
mod vectors;

use std::sync::Arc;

use axum::{
    Router,
    routing::{any, get, post},
};

pub(crate) use account::{Account, Accounts, SavedAccounts};
pub(crate) use bill::Downloads;

use crate::simulator::Simulator;

pub(crate) fn routes() -> Router<Arc<Simulator>> {
    Router::new()
        .route("/wechat/v3/{*path}", any(api::answer))
        .route("/wechat/{kind}/{code}", get(pay_page::show))
        .route("/wechat/{kind}/{code}/{action}", post(pay_page::act))
}
