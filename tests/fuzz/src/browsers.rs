//! What browsers send along, and what people are shown of strangers' words.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use payonce_lambda::http::cookie;
use payonce_lambda::http::foreign::{Link, visible};
use payonce_lambda::http::language::Language;

use crate::spoil::{Recipe, spoil};
use crate::texts;

const OPERATOR: &str = "payonce_operator";

/// Turn the line around, or have no width.
const HIDDEN: [char; 22] = [
    '\u{ad}',
    '\u{61c}',
    '\u{180e}',
    '\u{200b}',
    '\u{200c}',
    '\u{200d}',
    '\u{200e}',
    '\u{200f}',
    '\u{202a}',
    '\u{202b}',
    '\u{202c}',
    '\u{202d}',
    '\u{202e}',
    '\u{2060}',
    '\u{2061}',
    '\u{2064}',
    '\u{2066}',
    '\u{2067}',
    '\u{2068}',
    '\u{2069}',
    '\u{feff}',
    '\u{e0041}',
];

/// The cookies that a browser sends: one is found as it stands there, or not at all.
///
/// # Panics
/// Where another value is found.
pub fn cookies(recipe: &[u8]) {
    let genuine = [
        "payonce_language=en; payonce_operator=Ym9i.viewer.1795190400000.c2ln; payonce_channel=alipay",
        "payonce_operator=; payonce_operator=two",
        " payonce_operator = x=y;;=",
    ];
    let Some(headers) = spoilt(recipe, header::COOKIE, &genuine) else {
        return;
    };
    if let Some(found) = cookie::value(&headers, OPERATOR) {
        let line = headers[header::COOKIE].to_str().expect("it was read");
        let whole = format!("{OPERATOR}={found}");
        let mut cookies = line.split(';').map(str::trim);
        assert!(cookies.any(|cookie| cookie == whole), "{line:?}");
    }
}

/// The languages that a browser prefers: one of ours, which it named; what names none of ours changes nothing.
///
/// # Panics
/// Where it is one that was not named, or a stranger changes it.
pub fn languages(recipe: &[u8]) {
    let genuine = [
        "zh-CN,zh;q=0.9,en;q=0.8",
        "en-GB, zh;q=0.5, *;q=0.1",
        "fr, en;q=0.3, zh-TW;q=0.75",
        "en;q=0, zh;q=0.001",
    ];
    let Some(mut headers) = spoilt(recipe, header::ACCEPT_LANGUAGE, &genuine) else {
        return;
    };
    let line = headers[header::ACCEPT_LANGUAGE].clone();
    let chosen = Language::choose(None, None, &headers);
    let names = line.as_bytes().to_ascii_lowercase();
    let is_named = names.windows(2).any(|letters| letters == b"en");
    assert!(chosen == Language::Chinese || is_named, "{line:?}");
    for (asked, remembered) in [(Some("en"), Some("zh")), (None, Some("en"))] {
        let asked = Language::choose(asked, remembered, &headers);
        assert_eq!(asked, Language::English, "{line:?}");
    }
    let longer = [line.as_bytes(), b",fr;q=1, *"].concat();
    let longer = HeaderValue::from_bytes(&longer).expect("it was a value and is longer");
    headers.insert(header::ACCEPT_LANGUAGE, longer);
    let again = Language::choose(None, None, &headers);
    assert_eq!(again, chosen, "{line:?}");
}

/// A link of a stranger's leads to the host that is shown beside it, whoever reads it.
///
/// # Panics
/// Where it leads elsewhere, or is none of the web's.
pub fn link(recipe: &[u8]) {
    let genuine = [
        "https://shop.example.com/return?order=1#a",
        "https://аррӏе.example:8443/",
        "HTTP://Shop.Example:80/\u{202e}",
        "https://shop.example@evil.example/",
        "https:///shop.example@evil.example/",
        "https://[2001:db8::1]:443/x",
        "javascript://shop.example/%0aalert(1)",
    ];
    let text = texts::spoilt(recipe, &genuine);
    let Some(link) = Link::read(&text) else {
        return;
    };
    assert!(link.href.is_ascii(), "{text:?}");
    // By hand and not by the parser that read it: two readers must agree.
    let (scheme, rest) = link.href.split_once("://").expect("there is a scheme");
    assert!(["http", "https"].contains(&scheme), "{text:?}");
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    assert_eq!(authority, link.host, "{text:?}");
    assert!(!authority.is_empty(), "{text:?}");
    assert_eq!(Link::read(&link.href).as_ref(), Some(&link), "{text:?}");
}

/// A text of a stranger's is shown with all its letters in their order, and nothing in it is hidden.
///
/// # Panics
/// Where something is hidden, or left out.
pub fn shown_text(recipe: &[u8]) {
    let genuine = [
        "一双鞋 shoes, https://shop.example/a?b=c now",
        "see https://аррӏе.example/ and (https://shop.example@evil.example/x)\u{200b}\r\n",
        "a\u{202e}b\u{2066}c\u{feff}鞋://x\u{3000}ftp://例子.example:21/",
    ];
    let text = texts::spoilt(recipe, &genuine);
    let shown = visible(&text);
    assert!(!shown.contains(HIDDEN), "{text:?}");
    let mut rest = shown.chars();
    for letter in text.chars().filter(|letter| !HIDDEN.contains(letter)) {
        // What else has no width stands as its number.
        let number = format!("[U+{:04X}]", u32::from(letter));
        let mut from_here = rest.clone();
        if from_here.any(|there| there == letter) {
            rest = from_here;
        } else {
            assert!(shown.contains(&number), "{text:?}");
        }
    }
}

/// Headers with one of these lines, spoilt; none where a server would not take it for a header.
pub(crate) fn spoilt(recipe: &[u8], name: HeaderName, genuine: &[&str]) -> Option<HeaderMap> {
    let mut recipe = Recipe::new(recipe);
    let line = recipe.one_of(genuine).as_bytes();
    let line = HeaderValue::from_bytes(&spoil(&mut recipe, line)).ok()?;
    Some(HeaderMap::from_iter([(name, line)]))
}
