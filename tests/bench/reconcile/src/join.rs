//! Our side: both files streamed through a fixed buffer, the bill into the matcher, the ledger past it.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use anyhow::Context;
use payonce_domain::reconciliation::{Matcher, Posting, RowMatch};
use payonce_domain::{Money, Movement};

use crate::usage::so_far;

const BUFFER: usize = 1 << 15;

/// The length of our numbers, with which each line begins.
const NUMBER: usize = 27;

/// Joins the two and says what it took, in one line of numbers.
pub(crate) fn run(bill: &Path, ledger: &Path) -> anyhow::Result<String> {
    let (before, _) = so_far()?;
    // What a function is told by the bill's own summary; files here say it by their length.
    let length = std::fs::metadata(bill)
        .context("looking at the bill")?
        .len();
    let lines = usize::try_from(length / 63)?;
    let mut matcher = Matcher::with_capacity(lines);
    each(bill, |postings| matcher.add_lines(postings, |_| ()))?;
    let mut counts = [0u64; 4];
    each(ledger, |postings| {
        matcher.take_rows(postings, |met| match met {
            RowMatch::Line(_) => counts[0] += 1,
            RowMatch::OtherAmount(_) => counts[1] += 1,
            RowMatch::Alone => counts[3] += 1,
        });
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
fn each(path: &Path, mut take: impl FnMut(&[Posting<'_>])) -> anyhow::Result<()> {
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
        let postings = text.lines().map(posting).collect::<Option<Vec<_>>>();
        take(&postings.context("reading a line")?);
        buffer.copy_within(end..full, 0);
        held = full - end;
    }
}

fn posting(line: &str) -> Option<Posting<'_>> {
    let (rest, fen) = line.rsplit_once(',')?;
    let (number, trade_no) = rest.split_at_checked(NUMBER)?;
    let trade_no = trade_no.strip_prefix(',')?;
    Some(Posting {
        movement: Movement::Payment,
        number,
        trade_no,
        amount: Money::from_fen(fen.parse().ok()?),
    })
}
