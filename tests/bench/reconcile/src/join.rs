//! Our side: both files streamed through a fixed buffer, the bill into the matcher, the ledger past it.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use anyhow::Context;
use payonce_domain::reconciliation::{Matcher, Posting, RowMatch};
use payonce_domain::{Money, Movement};

use crate::usage::so_far;

const BUFFER: usize = 1 << 18;

/// Joins the two and says what it took, in one line of numbers.
pub(crate) fn run(bill: &Path, ledger: &Path) -> anyhow::Result<String> {
    let (before, _) = so_far()?;
    // What a function is told by the bill's own summary; files here say it by their length.
    let length = std::fs::metadata(bill)
        .context("looking at the bill")?
        .len();
    let lines = usize::try_from(length / 63)?;
    let mut matcher = Matcher::with_capacity(lines);
    each(bill, |posting| {
        matcher.add_line(posting);
    })?;
    let mut counts = [0u64; 4];
    each(ledger, |posting| match matcher.take_row(posting) {
        RowMatch::Line(_) => counts[0] += 1,
        RowMatch::OtherAmount(_) => counts[1] += 1,
        RowMatch::Alone => counts[3] += 1,
    })?;
    counts[2] = u64::try_from(matcher.alone().count())?;
    let (after, resident) = so_far()?;
    let [matched, other, bill_only, ledger_only] = counts;
    Ok(format!(
        "{} {resident} {matched} {other} {bill_only} {ledger_only}",
        after - before
    ))
}

/// Reads a file of `number,trade_no,fen` line by line, never holding more than a piece of it.
fn each(path: &Path, mut take: impl FnMut(&Posting<'_>)) -> anyhow::Result<()> {
    let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    let mut file = BufReader::with_capacity(0, file);
    let mut buffer = vec![0; BUFFER];
    let mut held = 0;
    loop {
        let read = file.read(&mut buffer[held..]).context("reading")?;
        if read == 0 {
            return Ok(());
        }
        let full = held + read;
        let end = buffer[..full]
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let text = std::str::from_utf8(&buffer[..end]).context("reading text")?;
        for line in text.lines() {
            take(&posting(line).with_context(|| format!("reading {line:?}"))?);
        }
        buffer.copy_within(end..full, 0);
        held = full - end;
    }
}

fn posting(line: &str) -> Option<Posting<'_>> {
    let (number, rest) = line.split_once(',')?;
    let (trade_no, fen) = rest.split_once(',')?;
    Some(Posting {
        movement: Movement::Payment,
        number,
        trade_no,
        amount: Money::from_fen(fen.parse().ok()?),
    })
}
