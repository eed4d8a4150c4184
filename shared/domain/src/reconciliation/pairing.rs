//! The second pass: what the first left of one day, with what the days before left in the pool.
//!
//! Both numbers once more, as a line and its row may stand in different days; then the channel's number
//! alone, which finds refunds that the channel made by itself, and numbers that were garbled.

use std::collections::BTreeMap;

use super::BillLine;
use crate::ids::ChannelTradeNo;
use crate::ledger::{LedgerRow, Movement};
use crate::money::Money;

/// What became of the lines and rows that were left.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Pairs {
    /// A line and the row that says the same.
    pub matched: Vec<(BillLine, LedgerRow)>,
    /// A line and the row about the same movement that names another amount.
    pub other_amounts: Vec<(BillLine, LedgerRow)>,
    /// Lines that repeat another, which may be in an earlier bill.
    pub duplicates: Vec<BillLine>,
    /// Lines without a row.
    pub lines: Vec<BillLine>,
    /// Rows without a line.
    pub rows: Vec<LedgerRow>,
}

/// What the first key of a pairing is.
type ByBoth = (Movement, String, String);
/// What the second is. The amount belongs to it: one trade may have several refunds.
type ByTrade = (Movement, ChannelTradeNo, Money);

/// Pairs lines and rows, each in the order of their coming: what waits longer is taken first.
#[must_use]
pub fn pair(lines: Vec<BillLine>, rows: Vec<LedgerRow>) -> Pairs {
    let mut pairs = Pairs::default();
    let rows = without_void(rows);
    let lines = without_duplicates(lines, &mut pairs.duplicates);
    let (lines, rows) = by_both(lines, rows, &mut pairs);
    let mut by_trade: BTreeMap<ByTrade, Vec<LedgerRow>> = BTreeMap::new();
    for row in rows.into_iter().rev() {
        let key = (row.movement, row.trade_no.clone(), row.amount);
        by_trade.entry(key).or_default().push(row);
    }
    for line in lines {
        let key = (line.movement, line.trade_no.clone(), line.amount);
        match by_trade.get_mut(&key).and_then(Vec::pop) {
            Some(row) => pairs.matched.push((line, row)),
            None => pairs.lines.push(line),
        }
    }
    pairs.rows = by_trade.into_values().flatten().collect();
    pairs
        .rows
        .sort_by_key(|row| (row.day, row.at, row.trade_no.clone()));
    pairs
}

/// A refund that came back takes its own row with it, whichever day that is of.
fn without_void(rows: Vec<LedgerRow>) -> Vec<LedgerRow> {
    let void = rows.iter().filter(|row| row.void);
    let void: BTreeMap<_, _> = void.map(|row| (row.refund_no, row.version)).collect();
    let stands = |row: &LedgerRow| {
        let undone = void.get(&row.refund_no);
        !row.void && undone.is_none_or(|version| *version < row.version)
    };
    rows.into_iter().filter(stands).collect()
}

fn without_duplicates(lines: Vec<BillLine>, duplicates: &mut Vec<BillLine>) -> Vec<BillLine> {
    let mut seen = BTreeMap::new();
    let mut first = Vec::with_capacity(lines.len());
    for line in lines {
        match seen.insert(both(&line), ()) {
            None => first.push(line),
            Some(()) => duplicates.push(line),
        }
    }
    first
}

fn both(line: &BillLine) -> ByBoth {
    let posting = line.posting();
    let (number, trade_no) = (posting.number.to_owned(), posting.trade_no.to_owned());
    (line.movement, number, trade_no)
}

fn both_of_row(row: &LedgerRow) -> ByBoth {
    (row.movement, row.number(), row.trade_no.to_string())
}

fn by_both(
    lines: Vec<BillLine>,
    rows: Vec<LedgerRow>,
    pairs: &mut Pairs,
) -> (Vec<BillLine>, Vec<LedgerRow>) {
    let mut known: BTreeMap<_, _> = rows
        .into_iter()
        .map(|row| (both_of_row(&row), row))
        .collect();
    let mut alone = Vec::new();
    for line in lines {
        match known.remove(&both(&line)) {
            None => alone.push(line),
            Some(row) if row.amount == line.amount => pairs.matched.push((line, row)),
            Some(row) => pairs.other_amounts.push((line, row)),
        }
    }
    let mut rows: Vec<_> = known.into_values().collect();
    rows.sort_by_key(|row| row.day);
    (alone, rows)
}

impl LedgerRow {
    /// Our number for what moved: the refund's where there is one, or the order's.
    #[must_use]
    pub fn number(&self) -> String {
        match self.refund_no {
            Some(no) => no.to_string(),
            None => self.order_no.to_string(),
        }
    }
}
