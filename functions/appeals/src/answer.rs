//! Pages on their way out: what a browser may do with them, and what it is told when there is none.

use askama::Template;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use payonce_app::appeals::AppealFailure;
use payonce_lambda::http::language::Language;
use ring::digest;

use crate::page::Missing;
use crate::words::Words;

/// Styles and posts of our own only, no script at all; nothing from or to anybody else; in nobody's frame.
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; \
                      form-action 'self'";

const HEADERS: [(HeaderName, &str); 7] = [
    (header::CONTENT_TYPE, "text/html; charset=utf-8"),
    (header::CACHE_CONTROL, "no-store"),
    // The address is the key to the page: no other site learns it.
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
];

const STYLE: &str = include_str!("../assets/appeals.css");

/// Why there is no page, and in which language to say so.
#[derive(Debug)]
pub(crate) struct NoPage {
    pub(crate) language: Language,
    pub(crate) failure: AppealFailure,
}

/// A page.
pub(crate) fn page(page: &impl Template) -> Response {
    html(StatusCode::OK, page)
}

fn html(status: StatusCode, page: &impl Template) -> Response {
    let text = match page.render() {
        Ok(text) => text,
        Err(error) => {
            tracing::error!(%error, "a page could not be written");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let mut response = (status, text).into_response();
    protect(response.headers_mut());
    response
}

fn protect(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// On to another page of ours, by GET.
pub(crate) fn go(to: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    protect(headers);
    headers.remove(header::CONTENT_TYPE);
    if let Ok(to) = HeaderValue::from_str(to) {
        headers.insert(header::LOCATION, to);
    }
    response
}

/// The name of the style sheet, which changes with what is in it.
pub(crate) fn style() -> String {
    let hash = digest::digest(&digest::SHA256, STYLE.as_bytes());
    let hash = hash.as_ref().iter().take(8);
    let hash: String = hash.map(|byte| format!("{byte:02x}")).collect();
    format!("{hash}.css")
}

/// `GET /appeals/assets/{file}`.
pub(crate) async fn asset(Path(file): Path<String>) -> Response {
    if file != style() {
        return StatusCode::NOT_FOUND.into_response();
    }
    let headers = [
        (header::CONTENT_TYPE, "text/css; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, STYLE).into_response()
}

impl IntoResponse for NoPage {
    fn into_response(self) -> Response {
        let words = Words::of(self.language);
        let (status, text) = match self.failure {
            AppealFailure::NotFound => (StatusCode::NOT_FOUND, words.missing),
            AppealFailure::Invalid(_) => (StatusCode::BAD_REQUEST, words.wrong),
            AppealFailure::Refused(_) => (StatusCode::CONFLICT, words.refused),
            AppealFailure::Unavailable(error) => {
                tracing::error!(error = format!("{error:#}"), "an appeal has no page");
                (StatusCode::SERVICE_UNAVAILABLE, words.trouble)
            }
        };
        let mut response = html(status, &Missing::new(self.language, text));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        response
    }
}
