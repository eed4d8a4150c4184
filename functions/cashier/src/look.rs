//! How the page is to look to whoever asks: the language, and whether the screen is a phone's.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, header};

use payonce_lambda::http::cookie::value;
use payonce_lambda::http::language::Language;

use crate::cookie;

/// How the page looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) language: Language,
    /// Whether the language was chosen just now, and is to be remembered.
    pub(crate) chosen: bool,
    pub(crate) device: Device,
}

/// What the page is read with. It decides which page of a channel fits, and is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Device {
    Desktop,
    Phone,
    /// A phone, inside WeChat: a link to WeChat would go nowhere, a code can be pressed.
    WechatApp,
}

impl Look {
    pub(crate) fn of(headers: &HeaderMap, query: &BTreeMap<String, String>) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let asked = query.get("lang").map(String::as_str);
        let remembered = value(headers, cookie::LANGUAGE);
        let agent = text(header::USER_AGENT).unwrap_or_default();
        Self {
            language: Language::choose(asked, remembered, headers),
            chosen: asked.and_then(Language::from_word).is_some(),
            device: if agent.contains("MicroMessenger") {
                Device::WechatApp
            } else if agent.contains("Mobile") || agent.contains("Android") {
                Device::Phone
            } else {
                Device::Desktop
            },
        }
    }
}
