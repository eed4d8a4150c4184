//! The language of a page: what was asked for, else what was chosen before, else what the browser prefers.

use axum::http::{HeaderMap, header};

/// A language that pages are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Simplified Chinese (简体中文): also for whoever reads neither.
    Chinese,
    /// English.
    English,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::Chinese, Self::English];

    /// The tag (RFC 5646).
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }

    /// The value of `?lang=` and of the cookie that remembers a choice.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Chinese => "zh",
            Self::English => "en",
        }
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Chinese => Self::English,
            Self::English => Self::Chinese,
        }
    }

    /// The language of this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|language| language.word() == word)
    }

    /// What the address asks for, else what a cookie remembers, else what the browser prefers.
    #[must_use]
    pub fn choose(asked: Option<&str>, remembered: Option<&str>, headers: &HeaderMap) -> Self {
        let accepted = headers.get(header::ACCEPT_LANGUAGE);
        let accepted = accepted.and_then(|value| value.to_str().ok());
        asked
            .and_then(Self::from_word)
            .or_else(|| remembered.and_then(Self::from_word))
            .or_else(|| accepted.and_then(Self::accepted))
            .unwrap_or(Self::Chinese)
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

/// The words of some pages in both languages: a struct `Words` where it stands, and its values `CHINESE` and `ENGLISH`. A sentence
/// that one of them lacks does not compile.
#[macro_export]
macro_rules! words {
    ($($name:ident: $chinese:literal, $english:literal;)*) => {
        /// One language's words.
        #[derive(Debug)]
        pub(crate) struct Words {
            $(pub(crate) $name: &'static str,)*
        }
        static CHINESE: Words = Words { $($name: $chinese,)* };
        static ENGLISH: Words = Words { $($name: $english,)* };
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn the_language_is_the_first_of_ours_with_the_highest_weight() {
        for (header, expected) in [
            ("zh-CN,zh;q=0.9,en;q=0.8", Some(Language::Chinese)),
            ("en-GB, zh;q=0.5", Some(Language::English)),
            ("zh;q=0.5, en-GB", Some(Language::English)),
            ("fr, en;q=0.3, zh-TW;q=0.75", Some(Language::Chinese)),
            ("de, fr;q=0.5", None),
            ("en;q=0, zh;q=0.001", Some(Language::Chinese)),
            ("en;q=7, zh;q=-1", None),
            ("", None),
        ] {
            assert_eq!(Language::accepted(header), expected, "{header}");
        }
    }

    #[test]
    fn what_is_asked_for_goes_before_what_is_remembered_and_that_before_the_browser() {
        let mut headers = HeaderMap::new();
        let choose = Language::choose;
        assert_eq!(choose(None, None, &headers), Language::Chinese);
        let english = HeaderValue::from_static("en;q=0.9, zh;q=0.1");
        headers.insert(header::ACCEPT_LANGUAGE, english);
        assert_eq!(choose(None, None, &headers), Language::English);
        assert_eq!(choose(None, Some("zh"), &headers), Language::Chinese);
        assert_eq!(choose(Some("en"), Some("zh"), &headers), Language::English);
        assert_eq!(choose(Some("xx"), Some("<"), &headers), Language::English);
    }
}
