//! The first pass at any size: both sides are dealt into parts by their fingerprints, and each part is
//! matched by itself.
//!
//! A part is small enough to be matched in the processor's own memory. What waits for its turn lies in
//! blocks in a file of the caller's, so that memory stays the same however many lines a bill has; a small
//! day fits in the open blocks and leaves the file alone.

use std::io::{self, Read, Seek, SeekFrom, Write};

use super::matching::{Entry, Fingerprint, Matcher, RowMatch};
use crate::money::{Currency, Money};

/// Where blocks are put until their part's turn comes.
pub trait Spill: Read + Write + Seek + Send {}
impl<T: Read + Write + Seek + Send> Spill for T {}

/// A hundred and twenty-eight parts: eight thousand lines each of a million.
const BITS: u32 = 7;
/// An entry's length, in bytes.
const ENTRY: usize = 32;
/// Entries in a block: 8 KB, so that what is open takes one megabyte and stays near.
const BLOCK: usize = 256;

/// One side, dealt into parts.
pub struct Parts {
    spill: Box<dyn Spill>,
    /// How long the file is.
    end: u64,
    bits: u32,
    block_bytes: usize,
    parts: Vec<Part>,
}

#[derive(Default, Clone)]
struct Part {
    /// Where its full blocks begin, in the order of their writing.
    blocks: Vec<u64>,
    open: Vec<u8>,
}

/// What became of a line, of a row, or of both, by their places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Met {
    /// A line and a row say the same.
    Both {
        /// The line.
        line: u64,
        /// The row.
        row: u64,
        /// How much.
        amount: Money,
    },
    /// A line and a row are about the same movement and name different amounts.
    OtherAmount {
        /// The line.
        line: u64,
        /// The row.
        row: u64,
        /// How much the row names.
        amount: Money,
    },
    /// A line repeats an earlier one.
    Duplicate {
        /// The line.
        line: u64,
    },
    /// No row is about this line.
    LineAlone {
        /// The line.
        line: u64,
    },
    /// No line is about this row.
    RowAlone {
        /// The row.
        row: u64,
    },
}

impl Parts {
    /// One side without entries. The file is this side's alone.
    #[must_use]
    pub fn new(spill: Box<dyn Spill>) -> Self {
        Self::sized(spill, BITS, BLOCK)
    }

    fn sized(spill: Box<dyn Spill>, bits: u32, block: usize) -> Self {
        Self {
            spill,
            end: 0,
            bits,
            block_bytes: block * ENTRY,
            parts: vec![Part::default(); 1 << bits],
        }
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn add(&mut self, entry: &Entry) -> io::Result<()> {
        let part = &mut self.parts[part_of(entry.fingerprint, self.bits)];
        part.open.extend_from_slice(&written(entry));
        if part.open.len() >= self.block_bytes {
            self.spill.seek(SeekFrom::Start(self.end))?;
            self.spill.write_all(&part.open)?;
            part.blocks.push(self.end);
            self.end += u64::try_from(part.open.len()).unwrap_or(0);
            part.open.clear();
        }
        Ok(())
    }

    /// Every entry of a part, in the order of their coming.
    fn each(&mut self, part: usize, take: &mut dyn FnMut(&Entry)) -> io::Result<()> {
        let part = &self.parts[part];
        let mut block = Vec::new();
        for start in &part.blocks {
            block.resize(self.block_bytes, 0);
            self.spill.seek(SeekFrom::Start(*start))?;
            self.spill.read_exact(&mut block)?;
            read_all(&block, take)?;
        }
        read_all(&part.open, take)
    }
}

/// Matches the lines of a bill with the rows of a ledger. Parts come in no order; within one, duplicates
/// come in the order of the bill, then rows in that of the ledger, then the lines that are left.
///
/// # Errors
/// If a file cannot be read.
///
/// # Panics
/// If the two are dealt differently.
pub fn join(lines: &mut Parts, rows: &mut Parts, said: &mut dyn FnMut(Met)) -> io::Result<()> {
    assert_eq!(lines.bits, rows.bits, "both sides are dealt alike");
    let mut matcher = Matcher::default();
    for part in 0..lines.parts.len() {
        matcher.clear();
        lines.each(part, &mut |line| {
            if matcher.add_line(*line) {
                said(Met::Duplicate { line: line.place });
            }
        })?;
        rows.each(part, &mut |row| {
            said(match matcher.take_row(row) {
                RowMatch::Line(line) => Met::Both {
                    line,
                    row: row.place,
                    amount: row.amount,
                },
                RowMatch::OtherAmount(line) => Met::OtherAmount {
                    line,
                    row: row.place,
                    amount: row.amount,
                },
                RowMatch::Alone => Met::RowAlone { row: row.place },
            });
        })?;
        for line in matcher.alone() {
            said(Met::LineAlone { line });
        }
    }
    Ok(())
}

/// By other bits than those that find a slot.
fn part_of(fingerprint: Fingerprint, bits: u32) -> usize {
    usize::try_from(fingerprint.0[1] >> (u64::BITS - bits)).unwrap_or(0)
}

/// How an entry says which currency it is in.
const fn tag(currency: Currency) -> u64 {
    match currency {
        Currency::Cny => 0,
    }
}

fn written(entry: &Entry) -> [u8; ENTRY] {
    let place = entry.place << 8 | tag(entry.amount.currency());
    let [first, second] = entry.fingerprint.0;
    let mut bytes = [0; ENTRY];
    for (word, bytes) in [first, second, entry.amount.minor(), place]
        .iter()
        .zip(bytes.as_chunks_mut::<8>().0)
    {
        *bytes = word.to_le_bytes();
    }
    bytes
}

fn read_all(block: &[u8], take: &mut dyn FnMut(&Entry)) -> io::Result<()> {
    for bytes in block.as_chunks::<ENTRY>().0 {
        let mut words = [0; 4];
        for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        let [first, second, minor, place] = words;
        if place & 0xFF != tag(Currency::Cny) {
            return Err(io::Error::from(io::ErrorKind::InvalidData));
        }
        take(&Entry {
            fingerprint: Fingerprint([first, second]),
            amount: Money::new(minor, Currency::Cny),
            place: place >> 8,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Movement;
    use crate::reconciliation::{Fingerprinter, Posting};
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::io::Cursor;

    /// A side of movements by number and amount, whose places count from a number on.
    fn side(by: &Fingerprinter, dealt: (u32, usize), from: u64, side: &[(u32, u64)]) -> Parts {
        let mut parts = Parts::sized(Box::new(Cursor::new(Vec::new())), dealt.0, dealt.1);
        for (place, (number, fen)) in (from..).zip(side) {
            let number = number.to_string();
            let posting = Posting {
                movement: Movement::Payment,
                number: &number,
                trade_no: "t",
                amount: Money::from_fen(*fen),
            };
            let entry = Entry {
                fingerprint: by.of(&posting),
                amount: posting.amount,
                place,
            };
            parts.add(&entry).unwrap();
        }
        parts
    }

    fn order(met: &Met) -> (u8, u64, u64) {
        match *met {
            Met::Both { line, row, .. } => (0, line, row),
            Met::OtherAmount { line, row, .. } => (1, line, row),
            Met::Duplicate { line } => (2, line, 0),
            Met::LineAlone { line } => (3, line, 0),
            Met::RowAlone { row } => (4, row, 0),
        }
    }

    proptest! {
        /// However it is dealt and whatever is put aside, it finds what the plainest possible join finds.
        #[test]
        fn finds_what_a_map_finds(
            lines in prop::collection::vec((0u32..40, 0u64..3), 0..120),
            rows in prop::collection::vec((0u32..40, 0u64..3), 0..120),
            bits in 1u32..6,
            block in 1usize..9,
        ) {
            let by = Fingerprinter::default();
            let mut met = Vec::new();
            join(
                &mut side(&by, (bits, block), 1_000, &lines),
                &mut side(&by, (bits, block), 5_000, &rows),
                &mut |one| met.push(one),
            )
            .unwrap();
            let mut expected = Vec::new();
            let mut map = BTreeMap::new();
            for (line, (number, fen)) in (1_000..).zip(lines) {
                let first = map.entry(number).or_insert((line, fen));
                if first.0 != line {
                    expected.push(Met::Duplicate { line });
                }
            }
            for (row, (number, fen)) in (5_000..).zip(rows) {
                let amount = Money::from_fen(fen);
                expected.push(match map.remove(&number) {
                    None => Met::RowAlone { row },
                    Some((line, theirs)) if theirs == fen => Met::Both { line, row, amount },
                    Some((line, _)) => Met::OtherAmount { line, row, amount },
                });
            }
            expected.extend(map.into_values().map(|(line, _)| Met::LineAlone { line }));
            met.sort_by_key(order);
            expected.sort_by_key(order);
            prop_assert_eq!(met, expected);
        }
    }

    #[test]
    fn a_file_that_fails_is_an_error_and_not_a_shorter_day() {
        let by = Fingerprinter::default();
        let some: Vec<_> = (0..64).map(|number| (number, 1)).collect();
        let (mut lines, mut rows) = (side(&by, (1, 4), 0, &some), side(&by, (1, 4), 0, &some));
        lines.spill = Box::new(Cursor::new(Vec::new()));
        assert!(join(&mut lines, &mut rows, &mut |_| ()).is_err());
    }
}
