//! Forms (`application/x-www-form-urlencoded`), decoded exactly once and strictly.
//!
//! Signatures are over decoded values. A decoder that guesses (a lone `%`, bytes that are not UTF-8, a
//! name given twice) would let a sender make the checker and the reader see different things.

use std::collections::BTreeMap;

/// A form's fields, sorted by name.
pub(crate) type Fields = BTreeMap<String, String>;

/// Decodes a form: `+` is a space, `%XX` is a byte, every name occurs once.
pub(crate) fn parse(body: &[u8]) -> Result<Fields, &'static str> {
    let mut fields = Fields::new();
    for pair in body.split(|&byte| byte == b'&') {
        let equals = pair
            .iter()
            .position(|&byte| byte == b'=')
            .ok_or("a field has no value")?;
        let name = decode(&pair[..equals])?;
        let value = decode(&pair[equals + 1..])?;
        if fields.insert(name, value).is_some() {
            return Err("a field is given twice");
        }
    }
    Ok(fields)
}

fn decode(text: &[u8]) -> Result<String, &'static str> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(&byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let (high, low) = (digit(rest.next())?, digit(rest.next())?);
                high * 16 + low
            }
            other => other,
        });
    }
    String::from_utf8(bytes).map_err(|_| "a field is not UTF-8")
}

fn digit(byte: Option<&u8>) -> Result<u8, &'static str> {
    match byte {
        Some(byte @ b'0'..=b'9') => Ok(byte - b'0'),
        Some(byte @ b'A'..=b'F') => Ok(byte - b'A' + 10),
        Some(byte @ b'a'..=b'f') => Ok(byte - b'a' + 10),
        Some(_) | None => Err("a percent sign is not followed by two hexadecimal digits"),
    }
}

/// Encodes fields as a form.
pub(crate) fn encode<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decoded_once() {
        let fields = parse("subject=a+b%2Bc%252B&empty=&中=%E4%B8%AD".as_bytes()).unwrap();
        assert_eq!(fields["subject"], "a b+c%2B");
        assert_eq!(fields["empty"], "");
        assert_eq!(fields["中"], "中");
    }

    #[test]
    fn nothing_is_guessed() {
        for body in [
            "",
            "a",
            "a=1&",
            "&a=1",
            "a=1&&b=2",
            "a=1&a=2",
            "a=1&%61=2",
            "a=%",
            "a=%4",
            "a=%zz",
            "a=%C4%E3",
            "a=%+1",
        ] {
            assert!(parse(body.as_bytes()).is_err(), "{body:?}");
        }
    }

    proptest! {
        #[test]
        fn forms_read_back(fields in prop::collection::btree_map("\\PC{0,9}", "\\PC{0,30}", 1..9)) {
            let text = encode(fields.iter().map(|(k, v)| (k.as_str(), v.as_str())));
            prop_assert_eq!(parse(text.as_bytes()), Ok(fields));
        }

        #[test]
        fn what_is_accepted_another_decoder_reads_the_same(body in "[a-c=&+%0-9A-F]{0,30}") {
            if let Ok(fields) = parse(body.as_bytes()) {
                let other: Fields = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
                prop_assert_eq!(fields, other);
            }
        }
    }
}
