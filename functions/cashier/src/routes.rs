//! Which address does what.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use payonce_app::App;

use crate::{asset, attempt, handler, paying};

pub(crate) fn of(app: Arc<App>) -> Router {
    let attempts = "/cashier/{token}/channel-orders/{channel_order_no}";
    let back = get(handler::returned).post(handler::returned);
    Router::new()
        .route("/cashier/assets/{file}", get(asset::serve))
        .route("/cashier/{token}", get(handler::show))
        .route("/cashier/{token}/pay", post(paying::pay))
        .route("/cashier/{token}/query", post(handler::query))
        .route("/cashier/{token}/close", post(paying::close))
        .route("/cashier/{token}/new-order", post(handler::order_anew))
        .route("/cashier/{token}/status", get(handler::status))
        .route("/cashier/{token}/return", back)
        .route(attempts, get(attempt::show))
        .with_state(app)
}
