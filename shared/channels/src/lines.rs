//! Texts of any length, read a line at a time: what is held is one line, and no text goes on for ever.

use std::io::{self, BufRead as _, BufReader, Read};

use crate::statement::Damaged;

/// The longest line, in bytes. Bills have lines of a few hundred.
const LINE_BYTES_MAX: usize = 1 << 16;

/// How much is read at a time.
const BUFFER: usize = 1 << 16;

/// What is longer than it may be. It comes as an error of reading, as lengths that files announce are not
/// believed.
const TOO_LONG: Damaged = Damaged::Unreadable("it is too long");

/// At most so many bytes of a text; more are an error and not an end.
pub(crate) struct Within<'a, R> {
    source: R,
    left: &'a mut u64,
}

impl<'a, R: Read> Within<'a, R> {
    /// A text of which `left` bytes may come; what came is taken off it.
    pub(crate) const fn new(source: R, left: &'a mut u64) -> Self {
        Self { source, left }
    }
}

impl<R: Read> Read for Within<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        let length = u64::try_from(read).unwrap_or(u64::MAX);
        *self.left = self
            .left
            .checked_sub(length)
            .ok_or_else(|| io::Error::other(TOO_LONG))?;
        Ok(read)
    }
}

/// What an error of reading says of a file.
pub(crate) fn damaged(error: io::Error, otherwise: &'static str) -> Damaged {
    let said = error.downcast::<Damaged>();
    said.unwrap_or(Damaged::Unreadable(otherwise))
}

/// The lines of a text, one at a time.
pub(crate) struct Lines<R> {
    source: BufReader<R>,
    line: Vec<u8>,
    number: usize,
    broken: &'static str,
}

impl<R: Read> Lines<R> {
    /// The lines of a text; `broken` is what is said if it cannot be read to its end.
    pub(crate) fn new(source: R, broken: &'static str) -> Self {
        Self {
            source: BufReader::with_capacity(BUFFER, source),
            line: Vec::new(),
            number: 0,
            broken,
        }
    }

    /// Goes on to the next line; `false` after the last.
    pub(crate) fn advance(&mut self) -> Result<bool, Damaged> {
        self.line.clear();
        let limit = u64::try_from(LINE_BYTES_MAX + 2).unwrap_or(u64::MAX);
        let mut source = (&mut self.source).take(limit);
        let read = source.read_until(b'\n', &mut self.line);
        let read = read.map_err(|error| damaged(error, self.broken))?;
        if self.line.pop_if(|last| *last == b'\n').is_some() {
            self.line.pop_if(|last| *last == b'\r');
        }
        if self.line.len() > LINE_BYTES_MAX {
            return Err(Damaged::Unreadable("a line of it is too long"));
        }
        self.number += 1;
        Ok(read > 0)
    }

    /// The line, without its end.
    pub(crate) fn line(&self) -> &[u8] {
        &self.line
    }

    /// Which line it is, counted from one.
    pub(crate) const fn number(&self) -> usize {
        self.number
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(text: &[u8]) -> Result<Vec<String>, Damaged> {
        let mut lines = Lines::new(text, "broken");
        let mut found = Vec::new();
        while lines.advance()? {
            assert_eq!(lines.number(), found.len() + 1);
            found.push(String::from_utf8(lines.line().to_vec()).unwrap());
        }
        Ok(found)
    }

    #[test]
    fn neither_a_line_nor_a_text_goes_on_for_ever() {
        let longest = "x".repeat(LINE_BYTES_MAX);
        let text = format!("{longest}\r\n{longest}");
        assert_eq!(all(text.as_bytes()).unwrap().len(), 2);
        let longer = format!("{longest}x\n");
        assert!(all(longer.as_bytes()).is_err());
        assert!(all(&vec![0; 1 << 20]).is_err());
        let (mut left, mut text) = (4, Vec::new());
        let read = Within::new(&b"12345"[..], &mut left).read_to_end(&mut text);
        assert_eq!(damaged(read.unwrap_err(), "broken"), TOO_LONG);
        let mut left = 5;
        let read = Within::new(&b"12345"[..], &mut left).read_to_end(&mut text);
        assert_eq!((read.unwrap(), left), (5, 0));
    }

    proptest! {
        #[test]
        fn lines_are_those_of_the_whole_text(text in "[ab\r\n]{0,40}") {
            let expected: Vec<_> = text.lines().map(str::to_owned).collect();
            prop_assert_eq!(all(text.as_bytes()).unwrap(), expected);
        }
    }
}
