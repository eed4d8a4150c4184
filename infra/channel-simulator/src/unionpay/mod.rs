//! UnionPay (银联): the gateway and its notifications. No account is played yet.

mod account;
pub(crate) mod notification;

use std::sync::Arc;

use axum::Router;

pub(crate) use account::{Accounts, SavedAccounts};

use crate::simulator::Simulator;

pub(crate) fn routes() -> Router<Arc<Simulator>> {
    Router::new()
}
