//! How the page is to look to whoever asks: the language, and whether the screen is a phone's.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, header};

use crate::cookie;
use crate::words::{CHINESE, ENGLISH, Words};

/// A language of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// Simplified Chinese: also for whoever reads neither.
    Chinese,
    /// English.
    English,
}

impl Language {
    /// The tag (RFC 5646).
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }

    /// The value of `?lang=` and of the cookie.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Chinese => "zh",
            Self::English => "en",
        }
    }

    /// The other one.
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Chinese => Self::English,
            Self::English => Self::Chinese,
        }
    }

    pub(crate) const fn words(self) -> &'static Words {
        match self {
            Self::Chinese => &CHINESE,
            Self::English => &ENGLISH,
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Chinese, Self::English]
            .into_iter()
            .find(|language| language.word() == word)
    }

    /// The first of ours in `Accept-Language` with the highest weight (RFC 9110, section 12.5.4).
    fn accepted(header: &str) -> Option<Self> {
        let mut best: Option<(u32, Self)> = None;
        for part in header.split(',') {
            let mut pieces = part.split(';');
            let tag = pieces.next().unwrap_or_default().trim();
            let primary = tag.split('-').next().unwrap_or_default();
            let Some(language) = Self::from_word(&primary.to_ascii_lowercase()) else {
                continue;
            };
            let weight = pieces.find_map(|piece| piece.trim().strip_prefix("q="));
            let weight = weight.map_or(1_000, thousandths);
            if weight > best.map_or(0, |(most, _)| most) {
                best = Some((weight, language));
            }
        }
        best.map(|(_, language)| language)
    }
}

/// A weight of 0 to 1 with at most three decimals, in thousandths; 0 for anything else.
fn thousandths(text: &str) -> u32 {
    let (whole, decimals) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits = decimals.bytes().all(|byte| byte.is_ascii_digit());
    match (whole, digits && decimals.len() <= 3) {
        ("1", true) => 1_000,
        ("0", true) => format!("{decimals:0<3}").parse().unwrap_or(0),
        _ => 0,
    }
}

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
        let asked = query.get("lang").and_then(|word| Language::from_word(word));
        let remembered = cookie::value(headers, cookie::LANGUAGE).and_then(Language::from_word);
        let accepted = text(header::ACCEPT_LANGUAGE).and_then(Language::accepted);
        let agent = text(header::USER_AGENT).unwrap_or_default();
        Self {
            language: asked
                .or(remembered)
                .or(accepted)
                .unwrap_or(Language::Chinese),
            chosen: asked.is_some(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_the_first_of_ours_with_the_highest_weight() {
        for (header, expected) in [
            ("zh-CN,zh;q=0.9,en;q=0.8", Some(Language::Chinese)),
            ("en-GB, zh;q=0.5", Some(Language::English)),
            ("fr, en;q=0.3, zh-TW;q=0.75", Some(Language::Chinese)),
            ("de, fr;q=0.5", None),
            ("en;q=0, zh;q=0.001", Some(Language::Chinese)),
            ("en;q=7, zh;q=-1", None),
            ("", None),
        ] {
            assert_eq!(Language::accepted(header), expected, "{header}");
        }
    }
}
