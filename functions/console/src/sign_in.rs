//! Coming in and leaving: by a token of the issuer that API Gateway let through, or by a link that is used
//! once, where links are allowed.

use std::sync::Arc;

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use payonce_app::console::{Console, Role, Session};
use payonce_domain::OperatorId;
use payonce_lambda::clock;
use payonce_lambda::http::claims;

use crate::look::{self, Language};
use crate::visit::{Fields, Frame};
use crate::{answer, cookie};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct Page {
    f: Frame,
    /// A login that was in the link.
    login: String,
    links: bool,
    notice: Option<&'static str>,
}

/// `GET /console/login`. Looking uses nothing up: whoever previews links must not take the login away.
pub(crate) async fn page(
    State(console): State<Arc<Console>>,
    Query(query): Query<Fields>,
    headers: HeaderMap,
) -> Response {
    let page = Page {
        f: Frame::bare(look::language(&headers, &query)),
        login: query.get("login").cloned().unwrap_or_default(),
        links: console.links,
        notice: None,
    };
    answer::page(StatusCode::OK, &page)
}

/// `POST /console/login`: uses a link up.
pub(crate) async fn with_link(
    State(console): State<Arc<Console>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let language = look::language(&headers, &Fields::new());
    let fields: Fields = form_urlencoded::parse(&body).into_owned().collect();
    let token = fields.get("login").map_or("", |token| token.trim());
    match opened(&console, token).await {
        Some(session) => begin(&console, &session).await,
        None => refused(language, StatusCode::UNAUTHORIZED),
    }
}

async fn opened(console: &Console, token: &str) -> Option<Session> {
    if !console.links {
        return None;
    }
    let now = clock::now();
    let login = console.keys().await.ok()?.open_login(token, now)?;
    match console.app.store.use_login(&login.number, now).await {
        Ok(true) => Some(Session::begin(login.operator, login.role, now)),
        Ok(false) => None,
        Err(error) => {
            tracing::error!(%error, "a login could not be used up");
            None
        }
    }
}

/// `POST /console/session`: begins a session for whom API Gateway's authorizer let through. Without its
/// word about the token there is none.
pub(crate) async fn with_token(State(console): State<Arc<Console>>, request: Request) -> Response {
    let said = claims::of(request.extensions());
    let subject = said.as_ref().and_then(|claims| claims.get("sub"));
    let operator = subject.and_then(|sub| OperatorId::new(sub.clone()).ok());
    let claim = std::env::var("JWT_ROLE_CLAIM").unwrap_or_default();
    let role = said.as_ref().and_then(|claims| claims.get(&claim));
    let role = role.and_then(|claim| Role::from_claim(claim));
    match (operator, role) {
        (Some(operator), Some(role)) => {
            begin(&console, &Session::begin(operator, role, clock::now())).await
        }
        (Some(_) | None, _) => refused(
            look::language(request.headers(), &Fields::new()),
            StatusCode::UNAUTHORIZED,
        ),
    }
}

async fn begin(console: &Console, session: &Session) -> Response {
    let keys = match console.keys().await {
        Ok(keys) => keys,
        Err(failure) => {
            tracing::error!(error = failure.chain(), "no session can be signed");
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
    };
    tracing::info!(operator.id = %session.operator, role = session.role.name(), "an operator came in");
    let mut response = answer::go("/console");
    let seconds = session.until.since(clock::now()).as_seconds_rounded_up();
    let token = keys.session(session);
    cookie::session(
        response.headers_mut(),
        &token,
        seconds,
        &console.app.public_url,
    );
    response
}

/// `POST /console/logout`. Ending one's own session needs nobody's leave.
pub(crate) async fn leave(State(console): State<Arc<Console>>) -> Response {
    let mut response = answer::go("/console/login");
    cookie::session(response.headers_mut(), "", 0, &console.app.public_url);
    response
}

/// The page of whoever has not come in.
pub(crate) fn refused(language: Language, status: StatusCode) -> Response {
    let f = Frame::bare(language);
    let notice = Some(f.w.sign_in_refused);
    let page = Page {
        f,
        login: String::new(),
        links: true,
        notice,
    };
    answer::page(status, &page)
}
