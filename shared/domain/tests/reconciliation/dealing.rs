//! The first pass: movements are dealt evenly, so that a small day never needs its file.

use std::io::{self, Read, Seek, SeekFrom, Write};

use payonce_domain::reconciliation::{Entry, Fingerprinter, Met, Parts, Posting, join};

use super::*;

/// An open block of each part holds 255 entries; this leaves each some hundred and fifty, ten deviations below it.
const SMALL_DAY: u64 = 20_000;

/// A file that nobody may touch.
struct Untouched;

impl Read for Untouched {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("read"))
    }
}

impl Write for Untouched {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::Error::other("written"))
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(io::Error::other("flushed"))
    }
}

impl Seek for Untouched {
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        Err(io::Error::other("sought"))
    }
}

/// Numbers as they come from one shop: all alike but for their last digits.
fn side(by: &Fingerprinter, movement: Movement, count: u64) -> Parts {
    let mut parts = Parts::new(Box::new(Untouched));
    for place in 0..count {
        let number = format!("P0123456789ABCDEFGHJKW{place:05}");
        let posting = Posting {
            movement,
            number: &number,
            trade_no: &format!("42000012342026112700{place:08}"),
            amount: PRICE,
        };
        parts
            .add(&Entry {
                fingerprint: by.of(&posting),
                amount: posting.amount,
                place,
            })
            .expect("a small day leaves its file alone");
    }
    parts
}

#[test]
fn a_small_day_is_dealt_evenly_and_leaves_its_file_alone() {
    let by = Fingerprinter::default();
    let mut lines = side(&by, Movement::Payment, SMALL_DAY);
    let mut rows = side(&by, Movement::Payment, SMALL_DAY);
    let mut both = 0;
    join(&mut lines, &mut rows, &mut |met| match met {
        Met::Both { line, row, amount } => {
            assert_eq!((line, amount), (row, PRICE));
            both += 1;
        }
        Met::OtherAmount { .. }
        | Met::Duplicate { .. }
        | Met::LineAlone { .. }
        | Met::RowAlone { .. } => panic!("{met:?}"),
    })
    .unwrap();
    assert_eq!(both, SMALL_DAY);
}

/// The same numbers in the other direction are another movement.
#[test]
fn a_payment_never_meets_a_refund() {
    let by = Fingerprinter::default();
    let mut lines = side(&by, Movement::Payment, 500);
    let mut rows = side(&by, Movement::Refund, 500);
    let (mut lines_alone, mut rows_alone) = (0, 0);
    join(&mut lines, &mut rows, &mut |met| match met {
        Met::LineAlone { .. } => lines_alone += 1,
        Met::RowAlone { .. } => rows_alone += 1,
        Met::Both { .. } | Met::OtherAmount { .. } | Met::Duplicate { .. } => panic!("{met:?}"),
    })
    .unwrap();
    assert_eq!((lines_alone, rows_alone), (500, 500));
}
