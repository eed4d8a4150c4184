//! The language of a page.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, header};

use crate::cookie;
use crate::words::{CHINESE, ENGLISH, Words};

/// A language of the console.
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

    /// What was asked for, else what was chosen before, else the first that the browser names.
    pub(crate) fn of(headers: &HeaderMap, query: &BTreeMap<String, String>) -> Self {
        let asked = query.get("lang").and_then(|word| Self::from_word(word));
        let kept = cookie::value(headers, cookie::LANGUAGE).and_then(Self::from_word);
        let accepted = headers.get(header::ACCEPT_LANGUAGE);
        let accepted = accepted.and_then(|value| value.to_str().ok());
        let first = accepted.and_then(|text| {
            let mut tags = text.split([',', ';', '-']).map(str::trim);
            tags.find_map(Self::from_word)
        });
        asked.or(kept).or(first).unwrap_or(Self::Chinese)
    }
}
