//! Pages on their way out: what a browser may do with them, and what an operator is told when there is none.

use askama::Template;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use payonce_app::Failure;

use crate::csv;
use crate::look::Language;
use crate::visit::{Frame, Visit};
use crate::words::Words;

/// Scripts, styles and posts of our own only; nothing from or to anybody else; in nobody's frame.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
                      base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

const HEADERS: [(HeaderName, &str); 6] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
];

/// Why there is no page.
#[derive(Debug)]
pub(crate) enum Refused {
    /// Nobody has come in.
    Nobody(Language),
    /// The role does not allow it.
    Role(Box<Visit>),
    /// The form came from no page of this session.
    Form(Box<Visit>),
    /// A field of the form cannot be what was meant; its name.
    Field(Box<Visit>, &'static str),
    /// The use case gave no result.
    Failed(Box<Visit>, Failure),
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message {
    f: Frame,
    title: &'static str,
    text: String,
}

/// A page.
pub(crate) fn page(status: StatusCode, page: &impl Template) -> Response {
    let text = match page.render() {
        Ok(text) => text,
        Err(error) => {
            tracing::error!(%error, "a page could not be written");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let kind = (header::CONTENT_TYPE, "text/html; charset=utf-8");
    let mut response = (status, [kind], text).into_response();
    protect(response.headers_mut());
    response
}

/// A file that is saved and not shown.
pub(crate) fn file(name: &str, kind: &'static str, text: String) -> Response {
    let is_marked = text.starts_with(csv::MARK);
    let mut response = ([(header::CONTENT_TYPE, kind)], text).into_response();
    let headers = response.headers_mut();
    protect(headers);
    if is_marked {
        // The way to API Gateway decodes what it takes for text, and the mark of UTF-8 is lost in it. What says how it
        // is encoded goes as bytes.
        let as_it_is = HeaderValue::from_static("identity");
        headers.insert(header::CONTENT_ENCODING, as_it_is);
    }
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

/// On to another page of ours, by GET.
pub(crate) fn go(to: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    protect(headers);
    if let Ok(to) = HeaderValue::from_str(to) {
        headers.insert(header::LOCATION, to);
    }
    response
}

pub(crate) fn protect(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, visit, title, text) = match self {
            Self::Nobody(language) => {
                return crate::sign_in::refused(language, StatusCode::UNAUTHORIZED);
            }
            Self::Role(visit) => {
                let words = Words::of(visit.language);
                let text = words.role_text.to_owned();
                (StatusCode::FORBIDDEN, visit, words.role_title, text)
            }
            Self::Form(visit) => {
                let words = Words::of(visit.language);
                let text = words.form_text.to_owned();
                (StatusCode::FORBIDDEN, visit, words.form_title, text)
            }
            Self::Field(visit, field) => {
                let words = Words::of(visit.language);
                let text = format!("{} {field}", words.field_text);
                (StatusCode::BAD_REQUEST, visit, words.field_title, text)
            }
            Self::Failed(visit, failure) => {
                let words = Words::of(visit.language);
                let (status, title, text) = words.failure(&failure);
                (status, visit, title, text)
            }
        };
        let f = Frame::of(&visit, "");
        page(status, &Message { f, title, text })
    }
}
