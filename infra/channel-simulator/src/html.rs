//! Text in HTML: everything that came from a merchant passes here before a browser sees it.

/// Makes text safe in HTML, in attributes too.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merchants_text_cannot_become_markup() {
        assert_eq!(
            escape("<b a='1' c=\"&\">"),
            "&lt;b a=&#39;1&#39; c=&quot;&amp;&quot;&gt;"
        );
    }
}
