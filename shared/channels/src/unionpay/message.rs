//! Messages as UnionPay writes them in answers: `name=value` joined by `&`, not encoded, so that values
//! hold `+`, `/`, `=`, line ends and whole certificates as they are.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// The field of a buyer's payment code.
const CODE: &[u8] = b"qrNo";

/// A message's fields, sorted by name, which is the order of the signed text.
pub(super) type Fields = BTreeMap<String, String>;

/// Reads an answer. A group in braces keeps its `&`; a name that occurs twice is refused, for the checker
/// and the reader could see different ones.
pub(super) fn parse_answer(body: &[u8]) -> Result<Fields, &'static str> {
    let text = std::str::from_utf8(body).map_err(|_| "it is not UTF-8")?;
    let mut fields = Fields::new();
    for pair in pairs(text)? {
        let (name, value) = pair.split_once('=').ok_or("a field has no value")?;
        if name.is_empty() {
            return Err("a field has no name");
        }
        let known = fields.insert(name.to_owned(), value.to_owned());
        if known.is_some() {
            return Err("a field is given twice");
        }
    }
    Ok(fields)
}

/// The pairs of a message, split at each `&` that is not within braces.
fn pairs(text: &str) -> Result<Vec<&str>, &'static str> {
    let mut pairs = Vec::new();
    let (mut start, mut depth) = (0, 0_usize);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth = depth
                    .checked_sub(1)
                    .ok_or("a brace is closed that was not opened")?
            }
            b'&' if depth == 0 => {
                pairs.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    if depth > 0 {
        return Err("a brace is not closed");
    }
    pairs.push(&text[start..]);
    Ok(pairs)
}

/// A message, encoded or not, with the buyer's payment code blotted out wherever it is repeated. Which
/// messages repeat a request's fields is not published, and a code is worth money to whoever reads it.
pub(super) fn without_code(body: &[u8]) -> Cow<'_, [u8]> {
    let mut kept = Cow::Borrowed(body);
    for at in 0..body.len() {
        let Some(value) = after_code_name(&body[at..]) else {
            continue;
        };
        let from = body.len() - value.len();
        let length = value
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric())
            .count();
        kept.to_mut()[from..from + length].fill(b'*');
    }
    kept
}

/// What follows the field's name, also within a group that was encoded as a whole.
fn after_code_name(text: &[u8]) -> Option<&[u8]> {
    let (name, rest) = text.split_at_checked(CODE.len())?;
    if !name.eq_ignore_ascii_case(CODE) {
        return None;
    }
    [&b"="[..], b"%3D", b"%3d"]
        .iter()
        .find_map(|equals| rest.strip_prefix(*equals))
}
