//! UnionPay (银联全渠道 5.1.0): the gateway, its pages, its notifications and its settlement file.
//!
//! A page order becomes known when the browser posts its form. What answers where:
//!
//! | path below `/unionpay` | what |
//! |---|---|
//! | `/gateway/api/frontTransReq.do` | the browser's form: consume |
//! | `/gateway/api/backTransReq.do` | consume by code, undo, refund, reversal |
//! | `/gateway/api/queryTrans.do` | query |
//! | `/` | the settlement file |
//! | `/cashier/{code}` | the page again, and its buttons |

mod account;
mod authority;
mod code;
mod create;
mod facts;
mod fields;
mod gateway;
mod give_back;
pub(crate) mod late;
mod message;
pub(crate) mod notification;
mod page;
mod pay_page;
mod query;
mod reply;
mod request;
mod resp_code;
mod sign;
mod statement;
mod summary;
mod zm;

use std::sync::Arc;

use axum::{
    Router,
    routing::{get, post},
};

pub(crate) use account::{Account, Accounts, SavedAccounts};

use crate::simulator::Simulator;

/// Where everything of UnionPay's answers, below the simulator's own address.
pub(crate) const BASE_PATH: &str = "/unionpay";
/// Where pages stay.
const CASHIER_PATH: &str = "/unionpay/cashier";

pub(crate) fn routes() -> Router<Arc<Simulator>> {
    let api = |name: &str| format!("{BASE_PATH}/gateway/api/{name}");
    let page = format!("{CASHIER_PATH}/{{code}}");
    Router::new()
        .route(&api("frontTransReq.do"), post(gateway::front))
        .route(&api("backTransReq.do"), post(gateway::back))
        .route(&api("queryTrans.do"), post(gateway::queries))
        .route(BASE_PATH, post(gateway::file))
        .route(&format!("{BASE_PATH}/"), post(gateway::file))
        .route(&page, get(pay_page::show))
        .route(&format!("{page}/{{action}}"), post(pay_page::act))
}
