//! Two cookies, and neither says who the buyer is: the channel used last and the language chosen.

use axum::http::{HeaderMap, HeaderValue, header};

/// The channel the buyer used last.
pub(crate) const CHANNEL: &str = "payonce_channel";
/// The language the buyer chose.
pub(crate) const LANGUAGE: &str = "payonce_language";

const YEAR_SECONDS: u32 = 31_536_000;

/// Has the browser remember one of our own words for a year; plain HTTP is for this machine only.
pub(crate) fn remember(headers: &mut HeaderMap, name: &str, word: &'static str, public_url: &str) {
    let secure = if public_url.starts_with("https://") {
        "; Secure"
    } else {
        ""
    };
    let text = format!(
        "{name}={word}; Path=/cashier; Max-Age={YEAR_SECONDS}; SameSite=Lax; HttpOnly{secure}"
    );
    if let Ok(value) = HeaderValue::from_str(&text) {
        headers.append(header::SET_COOKIE, value);
    }
}
