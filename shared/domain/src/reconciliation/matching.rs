//! The first pass: by our number and the channel's together, on fingerprints of fixed size.
//!
//! The lines of a bill are added, then the rows of the ledger stream past them and are not kept. A
//! fingerprint has 128 bits, folded with keys of this matcher: whoever chooses numbers does not know them,
//! so he cannot make two different ones meet. Both sides come in groups, whose places in the table are
//! looked up together: waiting for memory, one after the other, would take longer than all else.

use std::hash::{BuildHasher, RandomState};
use std::hint::black_box;

use crate::ledger::Movement;
use crate::money::Money;

/// A movement as one side names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting<'a> {
    /// In which direction.
    pub movement: Movement,
    /// Our number: the refund's where there is one, or the order's.
    pub number: &'a str,
    /// The channel's number for the trade.
    pub trade_no: &'a str,
    /// How much.
    pub amount: Money,
}

/// What a row of the ledger met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowMatch {
    /// The line with this index says the same.
    Line(usize),
    /// The line with this index is about the same movement and names another amount.
    OtherAmount(usize),
    /// No line is about it.
    Alone,
}

/// No line in this slot.
const FREE: u32 = u32::MAX;

/// How many places are looked up together.
const GROUP: usize = 64;

/// Lines on one side, rows streaming past on the other.
pub struct Matcher {
    keys: [u64; 4],
    /// An open-addressed table of indexes into `lines`, a power of two long and at most half full.
    slots: Vec<u32>,
    lines: Vec<Line>,
    matched: Vec<bool>,
}

struct Line {
    fingerprint: [u64; 2],
    amount: Money,
}

impl Matcher {
    /// Room for this many lines; more make it grow.
    #[must_use]
    pub fn with_capacity(lines: usize) -> Self {
        Self {
            keys: [0u8, 1, 2, 3].map(|n| RandomState::new().hash_one(n)),
            slots: vec![FREE; slots_for(lines)],
            lines: Vec::with_capacity(lines),
            matched: Vec::with_capacity(lines),
        }
    }

    /// Adds the next lines of the bill; a line's index is the count of lines before it. Says of each, in
    /// order, the index of an earlier line about the same movement, of which it is a duplicate (重复).
    ///
    /// # Panics
    /// Past four thousand million lines.
    pub fn add_lines(&mut self, lines: &[Posting<'_>], mut said: impl FnMut(Option<usize>)) {
        for group in lines.chunks(GROUP) {
            let fingerprints = self.look_up(group);
            for (posting, fingerprint) in group.iter().zip(fingerprints) {
                said(self.add(fingerprint, posting.amount));
            }
        }
    }

    fn add(&mut self, fingerprint: [u64; 2], amount: Money) -> Option<usize> {
        if (self.lines.len() + 1) * 2 > self.slots.len() {
            self.grow();
        }
        let (slot, earlier) = self.find(fingerprint);
        let index = self.lines.len();
        self.lines.push(Line {
            fingerprint,
            amount,
        });
        // A duplicate stands for nothing of its own.
        self.matched.push(earlier.is_some());
        if earlier.is_none() {
            self.slots[slot] = u32::try_from(index).expect("a bill has fewer lines than that");
        }
        earlier
    }

    /// Looks for the lines that rows of the ledger belong to, and says of each row, in order, what it met.
    /// A line is matched once.
    pub fn take_rows(&mut self, rows: &[Posting<'_>], mut said: impl FnMut(RowMatch)) {
        for group in rows.chunks(GROUP) {
            let fingerprints = self.look_up(group);
            for (posting, fingerprint) in group.iter().zip(fingerprints) {
                said(self.take(fingerprint, posting.amount));
            }
        }
    }

    fn take(&mut self, fingerprint: [u64; 2], amount: Money) -> RowMatch {
        let (_, found) = self.find(fingerprint);
        let Some(index) = found.filter(|index| !self.matched[*index]) else {
            return RowMatch::Alone;
        };
        self.matched[index] = true;
        if self.lines[index].amount == amount {
            RowMatch::Line(index)
        } else {
            RowMatch::OtherAmount(index)
        }
    }

    /// The fingerprints of a group. Their places are read one beside the other, so that each is near when
    /// it is needed.
    fn look_up(&self, group: &[Posting<'_>]) -> [[u64; 2]; GROUP] {
        let mut fingerprints = [[0; 2]; GROUP];
        let mut places = [FREE; GROUP];
        let mask = self.slots.len() - 1;
        for (posting, fingerprint) in group.iter().zip(&mut fingerprints) {
            *fingerprint = self.fingerprint(posting);
        }
        for (fingerprint, place) in fingerprints.iter().zip(&mut places) {
            *place = self.slots[start(*fingerprint, mask)];
        }
        let near = places.iter().map(|place| {
            let index = usize::try_from(*place).unwrap_or(usize::MAX);
            let line = self.lines.get(index).map_or(0, |line| line.fingerprint[0]);
            line ^ u64::from(self.matched.get(index).copied().unwrap_or(false))
        });
        black_box(near.fold(0, |all, one| all ^ one));
        fingerprints
    }

    /// The lines that no row met, in the order of the bill.
    pub fn alone(&self) -> impl Iterator<Item = usize> + '_ {
        let lines = self.matched.iter().enumerate();
        lines.filter_map(|(index, matched)| (!matched).then_some(index))
    }

    fn fingerprint(&self, posting: &Posting<'_>) -> [u64; 2] {
        // The lengths of channels' numbers are bounded; what is longer is hashed in parts.
        let movement = match posting.movement {
            Movement::Payment => 1,
            Movement::Refund => 2,
        };
        let (number, trade_no) = (posting.number.as_bytes(), posting.trade_no.as_bytes());
        let mut buffer = [0u8; 128];
        let length = number.len() + trade_no.len() + 2;
        if length <= buffer.len() {
            buffer[0] = movement;
            buffer[1..=number.len()].copy_from_slice(number);
            // Neither number holds a zero byte, so two pairs never run together.
            buffer[number.len() + 2..length].copy_from_slice(trade_no);
            self.hash(&buffer[..length])
        } else {
            self.hash(&[&[movement], number, &[0], trade_no].concat())
        }
    }

    /// Folds sixteen bytes at a time into each half, with keys of its own.
    fn hash(&self, bytes: &[u8]) -> [u64; 2] {
        let [a, b, c, d] = self.keys;
        let length = u64::try_from(bytes.len()).unwrap_or(0);
        let (mut first, mut second) = (length ^ b, length ^ d);
        let (blocks, rest) = bytes.as_chunks::<16>();
        let mut last = [0; 16];
        last[..rest.len()].copy_from_slice(rest);
        for block in blocks.iter().chain([&last]) {
            let (low, high) = block.split_at(8);
            let (low, high) = (word(low), word(high));
            first = fold(low ^ a, high ^ first);
            second = fold(low ^ second, high ^ c);
        }
        [fold(first ^ c, b), fold(second ^ a, d)]
    }

    /// The slot a fingerprint has or would have, and the line there.
    fn find(&self, fingerprint: [u64; 2]) -> (usize, Option<usize>) {
        let mask = self.slots.len() - 1;
        let mut slot = start(fingerprint, mask);
        loop {
            let line = self.slots[slot];
            if line == FREE {
                return (slot, None);
            }
            let index = usize::try_from(line).unwrap_or(usize::MAX);
            if self.lines[index].fingerprint == fingerprint {
                return (slot, Some(index));
            }
            slot = (slot + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let old = std::mem::take(&mut self.slots);
        self.slots = vec![FREE; slots_for(old.len())];
        for line in old.into_iter().filter(|line| *line != FREE) {
            let index = usize::try_from(line).unwrap_or(usize::MAX);
            let (slot, _) = self.find(self.lines[index].fingerprint);
            self.slots[slot] = line;
        }
    }
}

fn word(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(0, u64::from_le_bytes)
}

/// Both halves of a product, one upon the other.
fn fold(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    let low = u64::try_from(product & u128::from(u64::MAX)).unwrap_or(0);
    let high = u64::try_from(product >> 64).unwrap_or(0);
    low ^ high
}

fn slots_for(lines: usize) -> usize {
    (lines.max(8) * 2).next_power_of_two()
}

fn start(fingerprint: [u64; 2], mask: usize) -> usize {
    usize::try_from(fingerprint[0] & u64::MAX >> 16).unwrap_or(0) & mask
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn posting<'a>(number: &'a str, trade_no: &'a str, fen: u64) -> Posting<'a> {
        Posting {
            movement: Movement::Payment,
            number,
            trade_no,
            amount: Money::from_fen(fen),
        }
    }

    fn add(matcher: &mut Matcher, posting: Posting<'_>) -> Option<usize> {
        let mut earlier = None;
        matcher.add_lines(&[posting], |said| earlier = said);
        earlier
    }

    fn take(matcher: &mut Matcher, posting: Posting<'_>) -> RowMatch {
        let mut met = RowMatch::Alone;
        matcher.take_rows(&[posting], |said| met = said);
        met
    }

    #[test]
    fn a_line_is_matched_once_and_duplicates_stand_for_nothing() {
        let mut matcher = Matcher::with_capacity(0);
        assert_eq!(add(&mut matcher, posting("P1", "t1", 5)), None);
        assert_eq!(add(&mut matcher, posting("P1", "t1", 5)), Some(0));
        assert_eq!(add(&mut matcher, posting("P1", "t2", 5)), None);
        assert_eq!(
            take(&mut matcher, posting("P1", "t1", 5)),
            RowMatch::Line(0)
        );
        assert_eq!(take(&mut matcher, posting("P1", "t1", 5)), RowMatch::Alone);
        assert_eq!(matcher.alone().collect::<Vec<_>>(), [2]);
        let other = take(&mut matcher, posting("P1", "t2", 6));
        assert_eq!(other, RowMatch::OtherAmount(2));
    }

    #[test]
    fn numbers_do_not_run_together_and_long_ones_fit() {
        let mut matcher = Matcher::with_capacity(1);
        let long = "9".repeat(200);
        add(&mut matcher, posting("AB", "C", 1));
        add(&mut matcher, posting(&long, "C", 1));
        assert_eq!(take(&mut matcher, posting("A", "BC", 1)), RowMatch::Alone);
        assert_eq!(
            take(&mut matcher, posting(&long, "C", 1)),
            RowMatch::Line(1)
        );
    }

    proptest! {
        /// Against the plainest possible join.
        #[test]
        fn finds_what_a_map_finds(
            lines in prop::collection::vec((0u32..40, 0u64..3), 0..80),
            rows in prop::collection::vec((0u32..40, 0u64..3), 0..80),
        ) {
            let mut matcher = Matcher::with_capacity(0);
            let mut map = BTreeMap::new();
            for (index, (number, fen)) in lines.iter().enumerate() {
                let number = number.to_string();
                let earlier = add(&mut matcher, posting(&number, "t", *fen));
                prop_assert_eq!(earlier, map.get(&number).map(|(index, _)| *index));
                map.entry(number).or_insert((index, *fen));
            }
            for (number, fen) in rows {
                let number = number.to_string();
                let expected = match map.remove(&number) {
                    None => RowMatch::Alone,
                    Some((index, other)) if other == fen => RowMatch::Line(index),
                    Some((index, _)) => RowMatch::OtherAmount(index),
                };
                prop_assert_eq!(take(&mut matcher, posting(&number, "t", fen)), expected);
            }
            let mut left: Vec<_> = map.into_values().map(|(index, _)| index).collect();
            left.sort_unstable();
            prop_assert_eq!(matcher.alone().collect::<Vec<_>>(), left);
        }
    }
}
