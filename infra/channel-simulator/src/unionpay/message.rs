//! How messages are written: forms that arrive and leave, and the plain text of answers.

use axum::http::{HeaderMap, header};

use super::{
    resp_code::{BAD_FORMAT, RespCode},
    sign::Fields,
};

/// Why a message was refused, and the field that was wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) code: RespCode,
    pub(crate) field: String,
}

impl Wrong {
    pub(crate) fn new(code: RespCode, field: &str) -> Self {
        Self {
            code,
            field: field.to_owned(),
        }
    }

    /// As `respMsg` says it.
    pub(crate) fn message(&self) -> String {
        if self.field.is_empty() {
            self.code.message()
        } else {
            format!("{}:{}", self.field, self.code.message())
        }
    }
}

/// Reads a form. What cannot be a message of UnionPay's is still read as far as possible, so that
/// the journal shows it.
pub(crate) fn read_form(headers: &HeaderMap, body: &[u8]) -> (Fields, Result<(), Wrong>) {
    let is_form = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"));
    let mut fields = Fields::new();
    let mut wrong = None;
    for (name, value) in form_urlencoded::parse(body) {
        if value.contains(char::REPLACEMENT_CHARACTER) || fields.contains_key(name.as_ref()) {
            wrong = Some(Wrong::new(BAD_FORMAT, &name));
        }
        fields.insert(name.into_owned(), value.into_owned());
    }
    if !is_form {
        wrong = Some(Wrong::new(BAD_FORMAT, "Content-Type"));
    }
    (fields, wrong.map_or(Ok(()), Err))
}

/// The plain text of an answer, with nothing encoded. The real gateway promises no order of fields,
/// so each answer begins at another one.
pub(crate) fn plain(fields: &Fields, style: u64) -> String {
    let mut pairs: Vec<_> = fields
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let count = u64::try_from(pairs.len()).unwrap_or(1).max(1);
    let start = usize::try_from(style % count).unwrap_or(0);
    pairs.rotate_left(start);
    pairs.join("&")
}

/// An encoded form.
pub(crate) fn form(fields: &Fields) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_comes_twice_is_refused() {
        let mut headers = HeaderMap::new();
        let refused = |headers: &HeaderMap, body: &[u8]| {
            let (_, read) = read_form(headers, body);
            read.unwrap_err().field
        };
        assert_eq!(refused(&headers, b"a=1"), "Content-Type");
        let form = "application/x-www-form-urlencoded;charset=UTF-8";
        headers.insert(header::CONTENT_TYPE, form.parse().unwrap());
        assert_eq!(refused(&headers, b"a=1&b=2&a=1"), "a");
        assert_eq!(refused(&headers, b"a=%ff"), "a");
        let (fields, read) = read_form(&headers, b"a=1%2B+2&b=");
        assert_eq!((fields["a"].as_str(), read), ("1+ 2", Ok(())));
    }

    #[test]
    fn plain_text_is_not_encoded() {
        let fields = Fields::from([
            ("a".to_owned(), "+/=".to_owned()),
            ("b".to_owned(), "\r\n".to_owned()),
        ]);
        assert_eq!(plain(&fields, 0), "a=+/=&b=\r\n");
        assert_eq!(plain(&fields, 1), "b=\r\n&a=+/=");
    }
}
