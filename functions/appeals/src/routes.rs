//! Which address does what.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use payonce_app::appeals::Appeals;

use crate::{answer, handler, visitor};

pub(crate) fn of(appeals: Arc<Appeals>) -> Router {
    let all = post(handler::open).get(handler::list);
    let statements = post(handler::state);
    let opening = get(visitor::ask).post(visitor::open);
    let page = get(visitor::show).post(visitor::state);
    Router::new()
        .route("/v1/appeals", all)
        .route("/v1/appeals/{appeal_no}", get(handler::read))
        .route("/v1/appeals/{appeal_no}/statements", statements)
        .route("/v1/appeals/{appeal_no}/withdraw", post(handler::withdraw))
        .route("/appeals/assets/{file}", get(answer::asset))
        .route("/appeals/new/{token}", opening)
        .route("/appeals/{token}", page)
        .route("/appeals/{token}/withdraw", post(visitor::withdraw))
        .with_state(appeals)
}
