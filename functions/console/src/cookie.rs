//! Two cookies: the session, and the language that was chosen.

use axum::http::{HeaderMap, HeaderValue, header};

/// The operator's session; its name says that only we may have set it, where it goes over TLS.
pub(crate) const SESSION: &str = "payonce_operator";
/// The language the operator chose.
pub(crate) const LANGUAGE: &str = "payonce_console_language";

const YEAR_SECONDS: u64 = 31_536_000;

/// Sets the session for so many seconds; none ends it. It is sent from our own pages only, and read by no
/// script.
pub(crate) fn session(headers: &mut HeaderMap, token: &str, seconds: u64, public_url: &str) {
    set(headers, SESSION, token, seconds, public_url);
}

/// Has the browser remember the language.
pub(crate) fn language(headers: &mut HeaderMap, word: &str, public_url: &str) {
    set(headers, LANGUAGE, word, YEAR_SECONDS, public_url);
}

/// Plain HTTP is for this machine only.
fn set(headers: &mut HeaderMap, name: &str, value: &str, seconds: u64, public_url: &str) {
    let secure = if public_url.starts_with("http://") {
        ""
    } else {
        "; Secure"
    };
    let text = format!(
        "{name}={value}; Path=/console; Max-Age={seconds}; SameSite=Strict; HttpOnly{secure}"
    );
    if let Ok(value) = HeaderValue::from_str(&text) {
        headers.append(header::SET_COOKIE, value);
    }
}
