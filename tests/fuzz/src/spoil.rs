//! How a recipe spoils a message.

/// What tends to be read wrongly, in any format that we read.
const WORDS: [&[u8]; 48] = [
    b"",
    b"0",
    b"-0",
    b"-1",
    b"1e3",
    b"0.001",
    b"19.995",
    b"1.",
    b".5",
    b"00.01",
    b"+1",
    b"NaN",
    b"9007199254740993",
    b"18446744073709551615",
    b"18446744073709551616",
    b"184467440737095516.16",
    b"99999999999999999999999999",
    "１２".as_bytes(),
    "，".as_bytes(),
    "\u{feff}".as_bytes(),
    "\u{202e}".as_bytes(),
    "\u{0}".as_bytes(),
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\\ud800",
    b"\\u0000",
    b"\\",
    b"\"",
    b"'",
    b"{",
    b"}",
    b"[[[[[[[[[[[[[[[[[[",
    b",",
    b":",
    b"&",
    b"=",
    b"%",
    b"%00",
    b"%26",
    b"\r\n",
    b"`",
    b"null",
    b"true",
    b"CNY",
    b"2026-02-30 24:60:60",
    b"9999-12-31T23:59:60+99:99",
    b"0000-00-00",
    b"@127.0.0.1:22/..//",
];

/// What separates the parts of a message: JSON, forms, tables, addresses.
const BETWEEN: &[u8] = b"\"{}[]:,&=\r\n`/?#@.- ";

/// Reads a recipe from its beginning; one that has ended reads as zeros.
#[derive(Debug)]
pub(crate) struct Recipe<'a>(&'a [u8]);

impl<'a> Recipe<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// A number below `count`, which is not zero.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        let high = self.byte();
        let low = if count > 256 { self.byte() } else { 0 };
        (usize::from(high) + 256 * usize::from(low)) % count
    }

    /// One of these.
    pub(crate) fn one_of<'t, T>(&mut self, choices: &'t [T]) -> &'t T {
        &choices[self.below(choices.len())]
    }

    fn word(&mut self) -> &'static [u8] {
        WORDS[self.below(WORDS.len())]
    }

    fn byte(&mut self) -> u8 {
        let (byte, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *byte
    }

    fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }
}

/// The message with a few things wrong; now and then nothing of it is left.
pub(crate) fn spoil(recipe: &mut Recipe<'_>, message: &[u8]) -> Vec<u8> {
    let edits = recipe.below(16);
    if edits == 15 {
        return recipe.rest().to_vec();
    }
    let mut spoilt = message.to_vec();
    for _ in 0..=edits / 4 {
        edit(recipe, &mut spoilt);
    }
    spoilt
}

fn edit(recipe: &mut Recipe<'_>, message: &mut Vec<u8>) {
    let kind = recipe.below(10);
    let at = recipe.below(message.len() + 1);
    let to = (at + recipe.below(64)).min(message.len());
    match kind {
        0 => {
            if let Some(byte) = message.get_mut(at) {
                *byte ^= 1 << recipe.below(8);
            }
        }
        1 => drop(message.drain(at..to)),
        2 => {
            let again = message[at..to].to_vec();
            message.splice(at..at, again);
        }
        3 => insert(message, at, recipe.word()),
        4 => message.truncate(at),
        5 => insert(message, at, &[recipe.byte(), recipe.byte()]),
        // The parts between separators are what readers look at one by one, so most edits change these whole.
        6 | 7 => replace(message, at, recipe.word()),
        _ => {
            let other = part(message, to);
            let other = message[other].to_vec();
            replace(message, at, &other);
        }
    }
}

fn insert(message: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    message.splice(at..at, bytes.iter().copied());
}

fn replace(message: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    message.splice(part(message, at), bytes.iter().copied());
}

/// The part of a message that this place is in.
fn part(message: &[u8], at: usize) -> std::ops::Range<usize> {
    let between = |byte: &u8| BETWEEN.contains(byte);
    let start = message[..at].iter().rposition(between).map_or(0, |p| p + 1);
    let end = message[at..].iter().position(between);
    start..end.map_or(message.len(), |length| at + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_replaced_whole() {
        let mut message = br#"{"a":"19.99"}"#.to_vec();
        assert_eq!(part(&message, 7), 6..8);
        replace(&mut message, 2, b"bcd");
        assert_eq!(message, br#"{"bcd":"19.99"}"#);
    }

    #[test]
    fn a_recipe_that_ends_still_spoils() {
        for length in 0..40 {
            let bytes = vec![u8::MAX - 1; length];
            let _ = spoil(&mut Recipe::new(&bytes), b"a=1&b=2");
        }
        assert_eq!(spoil(&mut Recipe::new(&[15, 7, 8]), b"a"), [7, 8]);
    }
}
