//! The language of a page.

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use payonce_lambda::http::cookie::value;
pub(crate) use payonce_lambda::http::language::Language;

use crate::cookie;

/// The language for whoever asks with these headers and parameters.
pub(crate) fn language(headers: &HeaderMap, query: &BTreeMap<String, String>) -> Language {
    let asked = query.get("lang").map(String::as_str);
    Language::choose(asked, value(headers, cookie::LANGUAGE), headers)
}
