//! Pages on their way out: what a browser may do with them, where it goes next, and what it is told when
//! there is none (S10).

use askama::Template;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use payonce_app::Failure;

use crate::look::Look;
use crate::page::Missing;
use crate::words::Words;

/// Scripts, styles and posts of our own only; nothing from or to anybody else; in nobody's frame.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
                      base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_TYPE, "text/html; charset=utf-8"),
    (header::CACHE_CONTROL, "no-store"),
    // The address is the key to the page: no other site learns it.
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
];

/// Why there is no page, for the look it was to have.
#[derive(Debug)]
pub(crate) struct NoPage {
    pub(crate) look: Look,
    pub(crate) failure: Failure,
}

/// A page. `posts_to` is where its form goes, if not to us.
pub(crate) fn page(page: &impl Template, posts_to: Option<&str>) -> Response {
    html(StatusCode::OK, page, posts_to)
}

fn html(status: StatusCode, page: &impl Template, posts_to: Option<&str>) -> Response {
    let text = match page.render() {
        Ok(text) => text,
        Err(error) => {
            tracing::error!(%error, "a page could not be written");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let mut response = (status, text).into_response();
    protect(response.headers_mut(), posts_to);
    response
}

fn protect(headers: &mut HeaderMap, posts_to: Option<&str>) {
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let policy = posts_to.map_or_else(|| POLICY.to_owned(), |origin| format!("{POLICY} {origin}"));
    let policy = HeaderValue::from_str(&policy);
    let policy = policy.unwrap_or_else(|_| HeaderValue::from_static(POLICY));
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
}

/// On to another page of ours, by GET.
pub(crate) fn go(to: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    protect(headers, None);
    headers.remove(header::CONTENT_TYPE);
    if let Ok(to) = HeaderValue::from_str(to) {
        headers.insert(header::LOCATION, to);
    }
    response
}

impl IntoResponse for NoPage {
    fn into_response(self) -> Response {
        let words = Words::of(self.look.language);
        let (status, title, text) = match &self.failure {
            Failure::NotFound | Failure::Invalid(_) => (
                StatusCode::NOT_FOUND,
                words.missing_title,
                words.missing_text,
            ),
            Failure::Refused { .. }
            | Failure::ChannelUnavailable { .. }
            | Failure::Unavailable(_)
            | Failure::Unknown { .. } => {
                tracing::error!(error = self.failure.chain(), "the cashier has no page");
                (
                    StatusCode::SERVICE_UNAVAILABLE,
                    words.trouble_title,
                    words.trouble_text,
                )
            }
        };
        let missing = Missing::new(self.look, title, text);
        let mut response = html(status, &missing, None);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        response
    }
}
