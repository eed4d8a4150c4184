//! Two cookies, and neither says who the buyer is: the channel used last and the language chosen.

use axum::http::{HeaderMap, HeaderValue, header};

/// The channel the buyer used last.
pub(crate) const CHANNEL: &str = "payonce_channel";
/// The language the buyer chose.
pub(crate) const LANGUAGE: &str = "payonce_language";

const YEAR_SECONDS: u32 = 31_536_000;

/// The value of a cookie, if the browser sent it.
pub(crate) fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).into_iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

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
