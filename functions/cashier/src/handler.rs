//! The page, the question how the payment stands, the way back, and the wish to order anew.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use payonce_app::App;
use payonce_domain::{BuyerAct, Channel, Span};
use payonce_lambda::http::cookie::value;
use payonce_lambda::http::json;
use payonce_lambda::http::problem::Problem;
use serde_json::json;

use crate::answer::{self, NoPage};
use crate::cookie;
use crate::notice::Notice;
use crate::page::{self, Asked};
use crate::visit::{self, Visit};

/// How soon after a question the channels are asked again at a buyer's wish. What he would be told is
/// hardly newer, and channels grant few calls.
const ASKED_AGAIN_AFTER: Span = Span::seconds(3);

/// `GET /cashier/{token}`.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    Query(query): Query<visit::Query>,
    headers: HeaderMap,
) -> Result<Response, NoPage> {
    let visit = Visit::begin(&app, token, &headers, &query).await?;
    let act = if query.contains_key("back") {
        BuyerAct::WentBack
    } else {
        BuyerAct::Opened
    };
    app.note_buyer(&visit.at.payment, act, visit.now).await;
    let asked = Asked {
        notice: query.get("notice").and_then(|name| Notice::from_name(name)),
        chooses: query.contains_key("choose"),
        goes_on: query.get("from").is_some_and(|from| from == "channel"),
        used_last: value(&headers, cookie::CHANNEL).and_then(Channel::from_name),
        ordered_anew: false,
    };
    shown(&app, &visit, asked).await
}

async fn shown(app: &App, visit: &Visit, asked: Asked) -> Result<Response, NoPage> {
    let page = page::build(app, visit, asked).await;
    let page = page.map_err(|failure| visit.no_page(failure))?;
    let mut response = answer::page(&page, None);
    if visit.look.chosen {
        let word = visit.look.language.word();
        cookie::remember(
            response.headers_mut(),
            cookie::LANGUAGE,
            word,
            &app.public_url,
        );
    }
    Ok(response)
}

/// `GET /cashier/{token}/status`: the word for where the buyer stands. Asks no channel.
pub(crate) async fn status(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let visit = Visit::begin(&app, token, &headers, &visit::Query::new()).await;
    let visit = visit.map_err(|missing| Problem::from(missing.failure))?;
    let body = json!({ "stage": visit.stage().name(), "version": visit.at.payment.version.0 });
    Ok(json(StatusCode::OK, &body))
}

/// `POST /cashier/{token}/query`: asks the channels now.
pub(crate) async fn query(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Result<Response, NoPage> {
    let visit = Visit::begin(&app, token, &headers, &visit::Query::new()).await?;
    let (payment, now) = (&visit.at.payment, visit.now);
    let before = app.note_buyer(payment, BuyerAct::Asked, now).await;
    let lately = before.is_some_and(|before| before.plus(ASKED_AGAIN_AFTER) > now);
    if !lately {
        let no = payment.payment_no();
        let refreshed = app.refresh(&visit.at.merchant, no, now).await;
        refreshed.map_err(|failure| visit.no_page(failure))?;
    }
    Ok(answer::go(&visit.home_saying(Notice::Asked)))
}

/// `GET` and `POST /cashier/{token}/return`: the way back from a channel's page. What the channel has the
/// browser carry is not read: a browser can say anything.
pub(crate) async fn returned(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Result<Response, NoPage> {
    let visit = Visit::begin(&app, token, &headers, &visit::Query::new()).await?;
    app.note_buyer(&visit.at.payment, BuyerAct::Returned, visit.now)
        .await;
    Ok(answer::go(&format!("{}?from=channel", visit.home())))
}

/// `POST /cashier/{token}/new-order`: the buyer confirms to order anew while this payment is unknown. The
/// order is the merchant's to make, with `replaces`; what it needs for that goes with the buyer, signed.
pub(crate) async fn order_anew(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Result<Response, NoPage> {
    let visit = Visit::begin(&app, token, &headers, &visit::Query::new()).await?;
    if !visit.stage().is_unknown() {
        return Ok(answer::go(&visit.home()));
    }
    app.note_buyer(&visit.at.payment, BuyerAct::OrderedAnew, visit.now)
        .await;
    let asked = Asked {
        ordered_anew: true,
        ..Asked::default()
    };
    shown(&app, &visit, asked).await
}
