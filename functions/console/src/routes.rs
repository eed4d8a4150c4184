//! Which address does what.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use payonce_app::console::Console;

use crate::{action, appeals, asset, export, list, now, office, payment, settlement, sign_in};

pub(crate) fn of(console: Arc<Console>) -> Router {
    let sign_in = get(sign_in::page).post(sign_in::with_link);
    let controls = get(office::controls).post(office::set_controls);
    Router::new()
        .route("/console", get(now::page))
        .route("/console/assets/{file}", get(asset::serve))
        .route("/console/login", sign_in)
        .route("/console/session", post(sign_in::with_token))
        .route("/console/logout", post(sign_in::leave))
        .route("/console/counts", get(now::counts))
        .route("/console/search", get(payment::search))
        .route("/console/payments/{no}", get(payment::page))
        .route("/console/payments/{no}/{button}", post(action::ask))
        .route("/console/payments/{no}/propose", post(action::propose))
        .route("/console/payments/{no}/evidence", post(export::evidence))
        .route("/console/lists/{list}", get(list::page::page))
        .route("/console/lists/{list}/csv", get(list::page::file))
        .route("/console/proposals", get(office::proposals))
        .route("/console/proposals/{no}/approve", post(action::approve))
        .route("/console/proposals/{no}/decline", post(action::decline))
        .route("/console/appeals", get(appeals::list))
        .route("/console/appeals/{no}", get(appeals::page))
        .route("/console/appeals/{no}/rule", post(appeals::rule))
        .route("/console/appeals/{no}/approve", post(appeals::approve))
        .route("/console/appeals/{no}/decline", post(appeals::decline))
        .route("/console/settlement", get(settlement::days))
        .route("/console/settlement/csv", get(settlement::days_csv))
        .route("/console/settlement/json", get(settlement::days_json))
        .route("/console/settlement/day", get(settlement::day))
        .route("/console/settlement/day/json", get(settlement::day_json))
        .route("/console/findings", get(settlement::findings))
        .route("/console/findings/csv", get(settlement::findings_csv))
        .route("/console/findings/{id}", get(settlement::finding))
        .route("/console/findings/{id}/take", post(settlement::take))
        .route("/console/findings/{id}/settle", post(settlement::settle))
        .route("/console/controls", controls)
        .route("/console/acts", get(office::acts))
        .with_state(console)
}
