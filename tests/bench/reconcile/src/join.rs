//! Our side of matching alone: both files streamed through a fixed buffer and dealt into parts, and the parts
//! joined.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::Context;
use payonce_domain::reconciliation::{Entry, Fingerprinter, Met, Parts, Posting, join};
use payonce_domain::{Money, Movement};

use crate::usage::so_far;

const BUFFER: usize = 1 << 16;

/// Joins the two and says what it took, in one line of numbers.
pub(crate) fn run(bill: &Path, ledger: &Path) -> anyhow::Result<String> {
    let (before, _) = so_far()?;
    let by = Fingerprinter::default();
    let (mut lines, mut rows) = (dealt(&by, bill)?, dealt(&by, ledger)?);
    let mut counts = [0u64; 4];
    join(&mut lines, &mut rows, &mut |met| match met {
        Met::Both { .. } => counts[0] += 1,
        Met::OtherAmount { .. } => counts[1] += 1,
        Met::LineAlone { .. } | Met::Duplicate { .. } => counts[2] += 1,
        Met::RowAlone { .. } => counts[3] += 1,
    })
    .context("joining")?;
    let (after, resident) = so_far()?;
    let [matched, other, bill_only, ledger_only] = counts;
    Ok(format!(
        "{} {resident} {matched} {other} {bill_only} {ledger_only}",
        after - before
    ))
}

fn dealt(by: &Fingerprinter, path: &Path) -> anyhow::Result<Parts> {
    let mut parts = Parts::new(Box::new(tempfile::tempfile().context("a temporary file")?));
    let mut place = 0;
    each(path, |posting| {
        let entry = Entry {
            fingerprint: by.of(posting),
            amount: posting.amount,
            place,
        };
        place += 1;
        parts.add(&entry).context("putting an entry aside")
    })?;
    Ok(parts)
}

/// Reads a file of `number,trade_no,fen` line by line, never holding more than a piece of it.
fn each(
    path: &Path,
    mut take: impl FnMut(&Posting<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    let mut buffer = vec![0; BUFFER];
    let mut held = 0;
    loop {
        let read = file.read(&mut buffer[held..]).context("reading")?;
        if read == 0 {
            return Ok(());
        }
        let full = held + read;
        let whole = buffer[..full].iter().rposition(|byte| *byte == b'\n');
        let end = whole.map_or(0, |at| at + 1);
        let mut text = std::str::from_utf8(&buffer[..end]).context("reading text")?;
        while !text.is_empty() {
            let (line, rest) = posting(text).context("reading a line")?;
            take(&line)?;
            text = rest;
        }
        buffer.copy_within(end..full, 0);
        held = full - end;
    }
}

/// The first line of a text, and what follows it.
fn posting(text: &str) -> Option<(Posting<'_>, &str)> {
    let (number, rest) = cell(text)?;
    let (trade_no, rest) = cell(rest)?;
    let mut fen = 0u64;
    for (at, byte) in rest.bytes().enumerate() {
        if byte == b'\n' {
            let posting = Posting {
                movement: Movement::Payment,
                number,
                trade_no,
                amount: Money::from_fen(fen),
            };
            return (at > 0).then(|| Some((posting, rest.get(at + 1..)?)))?;
        }
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
        fen = fen.checked_mul(10)?.checked_add(u64::from(digit))?;
    }
    None
}

fn cell(text: &str) -> Option<(&str, &str)> {
    let at = comma(text.as_bytes())?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// The first comma, looked for in eight bytes at a time.
fn comma(text: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const TOPS: u64 = u64::from_ne_bytes([0x80; 8]);
    const COMMAS: u64 = u64::from_ne_bytes([b','; 8]);
    let (words, rest) = text.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        // A byte that is a comma becomes zero, and the lowest zero is found by what subtracting borrows.
        let word = u64::from_le_bytes(*word) ^ COMMAS;
        let found = word.wrapping_sub(ONES) & !word & TOPS;
        if found != 0 {
            let at = usize::try_from(found.trailing_zeros() / 8).ok()?;
            return Some(index * 8 + at);
        }
    }
    let at = rest.iter().position(|byte| *byte == b',')?;
    Some(words.len() * 8 + at)
}
