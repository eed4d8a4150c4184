//! The first pass: by our number and the channel's together, on fingerprints of fixed size.
//!
//! A fingerprint has 128 bits, folded with keys of this run: whoever chooses numbers does not know them,
//! so he cannot make two different ones meet. What is matched are entries: a fingerprint, an amount, and
//! the place where all the rest can be read again, for the few of which it is asked.

use std::hash::{BuildHasher, RandomState};

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

/// What stands for a movement's direction and both of its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(pub(super) [u64; 2]);

/// A movement, as small as it can be matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Which movement.
    pub fingerprint: Fingerprint,
    /// How much.
    pub amount: Money,
    /// Where the rest of it lies, in whatever way the caller counts; below 2^56.
    pub place: u64,
}

/// What a row of the ledger met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowMatch {
    /// The line of this place says the same.
    Line(u64),
    /// The line of this place is about the same movement and names another amount.
    OtherAmount(u64),
    /// No line is about it.
    Alone,
}

/// Makes fingerprints, with keys of its own: only those of the same one can be compared.
pub struct Fingerprinter {
    keys: [u64; 4],
}

impl Default for Fingerprinter {
    fn default() -> Self {
        Self {
            keys: [0u8, 1, 2, 3].map(|n| RandomState::new().hash_one(n)),
        }
    }
}

impl Fingerprinter {
    /// The fingerprint of a movement. It does not depend on the amount.
    #[must_use]
    pub fn of(&self, posting: &Posting<'_>) -> Fingerprint {
        let [a, b, c, d] = self.keys;
        let movement = match posting.movement {
            Movement::Payment => 1,
            Movement::Refund => 2,
        };
        let (number, trade_no) = (posting.number.as_bytes(), posting.trade_no.as_bytes());
        // Both lengths go in, so two pairs never run together and no padding is taken for text.
        let start = (length(number) << 32) ^ (length(trade_no) << 2) ^ movement;
        let mut state = [start ^ b, start ^ d];
        for text in [number, trade_no] {
            let (blocks, rest) = text.as_chunks::<16>();
            for block in blocks {
                state = self.with(state, block);
            }
            if let Some(end) = text.last_chunk().filter(|_| !rest.is_empty()) {
                // The end of a longer text is read once more, which needs no copy.
                state = self.with(state, end);
            } else if !rest.is_empty() {
                let mut last = [0; 16];
                last[..rest.len()].copy_from_slice(rest);
                state = self.with(state, &last);
            }
        }
        Fingerprint([fold(state[0] ^ c, b), fold(state[1] ^ a, d)])
    }

    /// Folds sixteen bytes into each half, with keys of its own.
    fn with(&self, state: [u64; 2], block: &[u8; 16]) -> [u64; 2] {
        let [a, _, c, _] = self.keys;
        let (low, high) = block.split_at(8);
        let (low, high) = (word(low), word(high));
        [
            fold(low ^ a, high ^ state[0]),
            fold(low ^ state[1], high ^ c),
        ]
    }
}

fn length(text: &[u8]) -> u64 {
    u64::try_from(text.len()).unwrap_or(0)
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

/// No line in this slot.
const FREE: u32 = u32::MAX;

/// Lines on one side, rows streaming past on the other.
#[derive(Default)]
pub(super) struct Matcher {
    /// An open-addressed table of indexes into `lines`, a power of two long and at most half full.
    slots: Vec<u32>,
    lines: Vec<Entry>,
    matched: Vec<bool>,
}

impl Matcher {
    /// Forgets all lines, and keeps the room that they took.
    pub(super) fn clear(&mut self) {
        self.slots.fill(FREE);
        self.lines.clear();
        self.matched.clear();
    }

    /// Adds the next line of the bill. Whether an earlier line is about the same movement, of which this
    /// one is a duplicate (重复).
    ///
    /// # Panics
    /// Past four thousand million lines.
    pub(super) fn add_line(&mut self, line: Entry) -> bool {
        if (self.lines.len() + 1) * 2 > self.slots.len() {
            self.grow();
        }
        let (slot, earlier) = self.find(line.fingerprint);
        if earlier.is_none() {
            let index = u32::try_from(self.lines.len());
            self.slots[slot] = index.expect("a bill has fewer lines than that");
        }
        self.lines.push(line);
        // A duplicate stands for nothing of its own.
        self.matched.push(earlier.is_some());
        earlier.is_some()
    }

    /// Looks for the line that a row of the ledger belongs to. A line is matched once.
    pub(super) fn take_row(&mut self, row: &Entry) -> RowMatch {
        if self.lines.is_empty() {
            return RowMatch::Alone;
        }
        let (_, found) = self.find(row.fingerprint);
        let Some(index) = found.filter(|index| !self.matched[*index]) else {
            return RowMatch::Alone;
        };
        self.matched[index] = true;
        let line = self.lines[index];
        if line.amount == row.amount {
            RowMatch::Line(line.place)
        } else {
            RowMatch::OtherAmount(line.place)
        }
    }

    /// The places of the lines that no row met, in the order of their coming.
    pub(super) fn alone(&self) -> impl Iterator<Item = u64> + '_ {
        let lines = self.lines.iter().zip(&self.matched);
        lines.filter_map(|(line, matched)| (!matched).then_some(line.place))
    }

    /// The slot a fingerprint has or would have, and the line there.
    fn find(&self, fingerprint: Fingerprint) -> (usize, Option<usize>) {
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
        self.slots = vec![FREE; (self.slots.len() * 2).max(16)];
        for index in 0..self.lines.len() {
            // Of duplicates, the first.
            let (slot, earlier) = self.find(self.lines[index].fingerprint);
            if earlier.is_none() {
                self.slots[slot] = u32::try_from(index).unwrap_or(FREE);
            }
        }
    }
}

fn start(fingerprint: Fingerprint, mask: usize) -> usize {
    usize::try_from(fingerprint.0[0] & u64::MAX >> 16).unwrap_or(0) & mask
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(by: &Fingerprinter, number: &str, trade_no: &str, fen: u64, place: u64) -> Entry {
        let posting = Posting {
            movement: Movement::Payment,
            number,
            trade_no,
            amount: Money::from_fen(fen),
        };
        Entry {
            fingerprint: by.of(&posting),
            amount: posting.amount,
            place,
        }
    }

    #[test]
    fn a_line_is_matched_once_and_duplicates_stand_for_nothing() {
        let (by, mut matcher) = (Fingerprinter::default(), Matcher::default());
        let t1 = |fen, place| entry(&by, "P1", "t1", fen, place);
        let t2 = |fen, place| entry(&by, "P1", "t2", fen, place);
        assert_eq!(matcher.take_row(&t1(5, 0)), RowMatch::Alone);
        assert!(!matcher.add_line(t1(5, 10)));
        assert!(matcher.add_line(t1(5, 11)));
        assert!(!matcher.add_line(t2(5, 12)));
        assert_eq!(matcher.take_row(&t1(5, 0)), RowMatch::Line(10));
        assert_eq!(matcher.take_row(&t1(5, 0)), RowMatch::Alone);
        assert_eq!(matcher.alone().collect::<Vec<_>>(), [12]);
        assert_eq!(matcher.take_row(&t2(6, 0)), RowMatch::OtherAmount(12));
        matcher.clear();
        assert_eq!(matcher.take_row(&t1(5, 0)), RowMatch::Alone);
        assert_eq!(matcher.alone().count(), 0);
    }

    /// Every length, and every way to cut one text in two: nothing runs together.
    #[test]
    fn numbers_do_not_run_together_and_every_length_counts() {
        let by = Fingerprinter::default();
        let text = "0".repeat(200);
        let mut seen = std::collections::BTreeSet::new();
        for (number, trade_no) in (0..100).flat_map(|one| (0..100).map(move |two| (one, two))) {
            for movement in [Movement::Payment, Movement::Refund] {
                let print = by.of(&Posting {
                    movement,
                    number: &text[..number],
                    trade_no: &text[..trade_no],
                    amount: Money::from_fen(1),
                });
                assert!(seen.insert(print.0), "{number} and {trade_no}");
            }
        }
        let one = entry(&by, "a number of more than", "sixteen letters!!", 1, 0);
        for (number, trade_no) in [
            ("b number of more than", "sixteen letters!!"),
            ("a number of more thao", "sixteen letters!!"),
            ("a number of more than", "sixteen letters!?"),
            ("a number oF more than", "sixteen letters!!"),
        ] {
            let other = entry(&by, number, trade_no, 1, 0);
            assert_ne!(one.fingerprint, other.fingerprint, "{number} {trade_no}");
        }
    }

    fn print(by: &Fingerprinter, text: &[u8]) -> [u64; 2] {
        let text = std::str::from_utf8(text).unwrap();
        entry(by, text, "t1", 1, 0).fingerprint.0
    }

    /// One half deals and the other finds a slot, so neither may rest on the other. Whoever chooses numbers knows no
    /// key: no letter, no length and no direction is hidden from either half.
    #[test]
    fn each_half_tells_movements_apart_by_itself() {
        let by = Fingerprinter::default();
        let mut prints = Vec::new();
        let text = "0".repeat(64);
        for (number, trade_no) in (0..64).flat_map(|one| (0..64).map(move |two| (one, two))) {
            prints.extend([Movement::Payment, Movement::Refund].map(|movement| {
                let (number, trade_no) = (&text[..number], &text[..trade_no]);
                let amount = Money::from_fen(1);
                by.of(&Posting {
                    movement,
                    number,
                    trade_no,
                    amount,
                })
                .0
            }));
        }
        assert_distinct(&prints, "lengths and directions");

        // Each two letters that meet in a product, in every way.
        for place in 0..8 {
            let mut prints = Vec::new();
            for (one, other) in (0..128).flat_map(|one| (0..128).map(move |two| (one, two))) {
                let mut text = *b"P0123456789ABCDE";
                (text[place], text[15 - place]) = (one, other);
                prints.push(print(&by, &text));
            }
            assert_distinct(&prints, &format!("places {place} and {}", 15 - place));
        }

        // The same bits in both words of a product, where a sum would not tell them apart.
        let base = *b"P0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let mut prints = vec![print(&by, &base)];
        for (place, bit) in (0..24).flat_map(|place| (0..7).map(move |bit| (place, 1u8 << bit))) {
            let mut text = base;
            text[place] ^= bit;
            prints.push(print(&by, &text));
            text[place + 8] ^= bit;
            prints.push(print(&by, &text));
        }
        assert_distinct(&prints, "bits");
    }

    fn assert_distinct(prints: &[[u64; 2]], case: &str) {
        for half in [0, 1] {
            let distinct: std::collections::HashSet<_> =
                prints.iter().map(|print| print[half]).collect();
            assert_eq!(distinct.len(), prints.len(), "half {half}: {case}");
        }
    }

    /// A key that is nearly all ones, or all zeros, hides nothing either.
    #[test]
    fn no_key_hides_a_number() {
        let (dense, sparse) = (0xFFFF_FFFF_7FFF_FFFE, 0x0000_0001_0000_8000);
        for (a, c) in [(dense, dense), (sparse, sparse)] {
            let keys = [a, 0x9E37_79B9_7F4A_7C15, c, 0xC2B2_AE3D_27D4_EB4F];
            let by = Fingerprinter { keys };
            let prints: Vec<_> = (0..2_000)
                .map(|number| print(&by, format!("P{number}").as_bytes()))
                .collect();
            assert_distinct(&prints, &format!("{a:x}"));
        }
    }

    /// Otherwise each search walks past every line before it, and a large day is never done.
    #[test]
    fn lines_are_sought_all_over_the_table() {
        let by = Fingerprinter::default();
        let starts: std::collections::BTreeSet<_> = (0..1_024)
            .map(|number| Fingerprint(print(&by, format!("P{number}").as_bytes())))
            .map(|fingerprint| start(fingerprint, 1_023))
            .collect();
        // Chance leaves each slot empty with one in e: 647 are taken, give or take 10.
        assert!(starts.len() > 500, "{}", starts.len());
        assert!(starts.iter().all(|slot| *slot < 1_024));
    }

    #[test]
    fn a_table_is_at_most_half_full_and_no_larger_than_that_needs() {
        let (by, mut matcher) = (Fingerprinter::default(), Matcher::default());
        for lines in 1..=300u64 {
            matcher.add_line(entry(&by, &lines.to_string(), "t1", 1, lines));
            let needed = (matcher.lines.len() * 2).next_power_of_two().max(16);
            assert_eq!(matcher.slots.len(), needed, "{lines} lines");
        }
    }
}
