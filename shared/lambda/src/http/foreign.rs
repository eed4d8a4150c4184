//! What comes from strangers and is shown to people: addresses that lead where they seem to lead, and texts in which
//! nothing is hidden.

use url::Url;

/// An address of the web that a page may lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The address, as a browser takes it: ASCII throughout.
    pub href: String,
    /// The host it leads to, with a port that is not the usual one. An international name is in its ASCII form
    /// (punycode, `xn--…`), since its letters may look like those of another name.
    pub host: String,
}

impl Link {
    /// Reads an address; `None` for whatever is none of the web's, or is written so that a reader and a browser may
    /// take it for different ones: with a name before the host (`https://shop.example@evil.example/`), with more than two
    /// slashes, with white space, with a backslash.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let unclear = |c: char| c.is_control() || c.is_whitespace() || c == '\\' || is_hidden(c);
        let (scheme, rest) = text.split_once("://")?;
        let is_web = scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
        let authority = rest.split(['/', '?', '#']).next()?;
        let plain = !authority.is_empty() && !authority.contains(['@', '%']);
        if !is_web || text.contains(unclear) || !plain {
            return None;
        }
        let url = Url::parse(text).ok()?;
        let host = url.host_str()?;
        let host = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        Some(Self {
            href: url.into(),
            host,
        })
    }
}

/// A text in which a person sees all there is: what turns the direction of writing or has no width stands as its number,
/// and behind an address whose host is not what it looks like stands that host in ASCII.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for word in text.split_inclusive(char::is_whitespace) {
        for letter in word.chars() {
            if is_hidden(letter) {
                shown.push_str(&format!("[U+{:04X}]", u32::from(letter)));
            } else {
                shown.push(letter);
            }
        }
        for host in addresses(word.trim_end()).filter_map(disguised) {
            let end = shown.trim_end().len();
            shown.insert_str(end, &format!(" [{host}]"));
        }
    }
    shown
}

/// The addresses in a word, each from its scheme on to where the next begins.
fn addresses(word: &str) -> impl Iterator<Item = &str> {
    let starts = word.match_indices("://").map(|(at, _)| {
        let before = &word[..at];
        let scheme = before.trim_end_matches(|c: char| c.is_ascii_alphanumeric());
        scheme.len()
    });
    let starts: Vec<_> = starts.collect();
    let ends: Vec<_> = starts.iter().skip(1).copied().chain([word.len()]).collect();
    let addresses = starts.into_iter().zip(ends);
    addresses.filter_map(|(start, end)| word.get(start..end))
}

/// The host that an address really names, if it is written otherwise or behind a name.
fn disguised(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    let host = url.host_str()?;
    let named = !url.username().is_empty() || url.password().is_some();
    (named || !address.to_ascii_lowercase().contains(host)).then(|| host.to_owned())
}

/// Marks of direction, and letters without width.
const fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S9, S10: a person reads where it leads, and what reads two ways leads nowhere.
    #[test]
    fn s9_an_address_leads_where_it_seems_to_lead_or_nowhere() {
        for (text, host) in [
            ("https://shop.example/return?a=b", Some("shop.example")),
            ("https://shop.example:8443/", Some("shop.example:8443")),
            ("http://127.0.0.1:4000/x", Some("127.0.0.1:4000")),
            (
                "https://shop.example.evil.test/",
                Some("shop.example.evil.test"),
            ),
            // Cyrillic letters that look like apple.
            ("https://аррӏе.example/", Some("xn--80ak6aa92e.example")),
            ("https://例子.example/", Some("xn--fsqu00a.example")),
            ("https://shop.example@evil.test/", None),
            // A browser takes as many slashes as there are, and then a name and a host.
            ("https:///shop.example@evil.test/", None),
            ("https:////shop.example", None),
            ("https://shop.example%40evil.test/", None),
            ("https://shop.example\\@evil.test/", None),
            ("https://shop\u{202e}.example/", None),
            ("https://shop.example/ x", None),
            ("javascript:alert(1)", None),
            ("javascript://shop.example/%0aalert(1)", None),
            ("data:text/html,x", None),
            ("//shop.example/", None),
            ("https://", None),
        ] {
            let read = Link::read(text);
            assert_eq!(read.as_ref().map(|link| link.host.as_str()), host, "{text}");
            assert!(read.is_none_or(|link| link.href.is_ascii()), "{text}");
        }
    }

    #[test]
    fn s10_nothing_is_hidden_in_a_text() {
        for (text, expected) in [
            ("一双鞋 shoes", "一双鞋 shoes"),
            ("a\u{202e}b\u{200b}", "a[U+202E]b[U+200B]"),
            (
                "see https://аррӏе.example/ now",
                "see https://аррӏе.example/ [xn--80ak6aa92e.example] now",
            ),
            (
                "(https://shop.example@evil.test/x)",
                "(https://shop.example@evil.test/x) [evil.test]",
            ),
            ("https://Shop.example/a b", "https://Shop.example/a b"),
            (
                "https://shop.example/,https://аррӏе.example/",
                "https://shop.example/,https://аррӏе.example/ [xn--80ak6aa92e.example]",
            ),
            ("<script>://", "<script>://"),
            ("鞋://x", "鞋://x"),
        ] {
            assert_eq!(visible(text), expected);
        }
    }
}
