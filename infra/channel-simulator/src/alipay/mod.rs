//! Alipay (支付宝): the gateway, its pay pages and its notifications.
//!
//! Calls of a merchant's server and the browser's page share one address; which of the two a
//! request is follows from its `method`. A page order becomes known when its page is opened.

mod account;
mod amount;
mod answer;
mod bill;
mod cancel;
mod certificate;
mod code_pay;
mod create;
mod gateway;
pub(crate) mod notification;
mod operations;
mod page;
pub(crate) mod pay_page;
mod request;
mod sign;
mod statement;

use std::sync::Arc;

use axum::{
    Router,
    routing::{any, get, post},
};

pub(crate) use account::{Account, Accounts, SavedAccounts};
pub(crate) use bill::BillFiles;

use crate::simulator::Simulator;

/// Where the gateway answers, below the simulator's own address.
pub(crate) const GATEWAY_PATH: &str = "/alipay/gateway.do";

pub(crate) fn routes() -> Router<Arc<Simulator>> {
    Router::new()
        .route(GATEWAY_PATH, any(gateway::answer))
        .route(bill::DOWNLOAD_PATH, get(bill::download))
        .route("/alipay/qr/{code}", get(gateway::scan))
        .route("/alipay/cashier/{code}", get(pay_page::show))
        .route("/alipay/cashier/{code}/{action}", post(pay_page::act))
}
