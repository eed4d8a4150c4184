//! Both passes over a day: the bill's lines and the ledger's rows are put aside as they stream past, matched part
//! by part, and what differs is read again. In memory is what differs, and nothing else that grows with the day.

use std::{io, mem};

use payonce_channels::statement::{StatementLine, TradeLine, TradeLineKind, UnreadableLine};
use payonce_domain::reconciliation::{
    BillLine, DiscrepancyClass, Entry, FeeRate, Fingerprinter, Met, Parts, Posting, Proposal,
    Report, Standing, Verdict, join, judge_matched, judge_other_amount, pair,
};
use payonce_domain::{BillDay, LedgerRow, Money, Movement};
use payonce_store::{LedgerPlace, Pool};
use tempfile::SpooledTempFile;

use super::details::{Details, IN_MEMORY_MAX};
use super::{Contract, failed, not_kept};
use crate::App;
use crate::failure::Failure;

/// What is left of a day after both passes.
#[derive(Default)]
pub(super) struct Left {
    /// Lines that cannot be read, by their place in the bill.
    pub(super) unreadable: Vec<u32>,
    /// Lines that met their row, or need none, and still differ, with our amount if there is one.
    pub(super) judged: Vec<(BillLine, Option<Money>, Verdict)>,
    /// Lines without a row.
    pub(super) lines: Vec<BillLine>,
    /// Rows without a line.
    pub(super) rows: Vec<LedgerRow>,
}

/// A day's bill: small entries to match, and all the rest put aside.
pub(super) struct Bill {
    day: BillDay,
    fees: Option<FeeRate>,
    by: Fingerprinter,
    entries: Parts,
    details: Details,
    /// How many lines there are, whether they can be read or not.
    lines: u32,
    unreadable: Vec<u32>,
    /// What its lines come to.
    report: Report,
    /// The first failure to put something aside.
    failed: Option<io::Error>,
}

/// A day's ledger, likewise.
struct Ledger {
    entries: Parts,
    details: Details,
    /// One that came back takes its own row with it, and meets no line.
    void: Vec<LedgerRow>,
}

impl App {
    pub(super) async fn compare(
        &self,
        contract: &Contract,
        place: &LedgerPlace,
        mut bill: Bill,
    ) -> Result<(Left, Report), Failure> {
        let (fees, mut report) = (bill.fees, mem::take(&mut bill.report));
        let mut ledger = Ledger::new();
        for shard in 0..self.store.shards() {
            let mut after = None;
            loop {
                let page = self.store.ledger_page(place, shard, after).await;
                let (page, last) = page.map_err(failed)?;
                for row in page {
                    report.count_row(&row);
                    ledger.take(&bill.by, row).map_err(not_kept)?;
                }
                after = last;
                if after.is_none() {
                    break;
                }
            }
        }
        let mut left = first_pass(bill, ledger, contract, &mut report).map_err(not_kept)?;
        let (pool, first) = self.pool_of(place).await?;
        let (lines, rows) = (mem::take(&mut left.lines), mem::take(&mut left.rows));
        let lines = pool.lines.into_iter().chain(lines).collect();
        let rows = pool.rows.into_iter().chain(rows).collect();
        let pairs = pair(lines, rows);
        for (line, row) in pairs.matched {
            left.matched(line, row.amount, fees, &mut report);
        }
        for (line, row) in pairs.other_amounts {
            let verdict = judge_other_amount(&line, &contract.account);
            left.judged.push((line, Some(row.amount), verdict));
        }
        left.judged
            .extend(pairs.duplicates.into_iter().map(duplicate));
        left.lines = pairs.lines;
        // Before the first day there is no bill that these could be missing from.
        let known = pairs.rows.into_iter();
        left.rows = known.filter(|row| !first || row.day >= place.day).collect();
        Ok((left, report))
    }

    /// What the day before carried over, and whether there is no day before: then its rows, which a line
    /// of the first day may belong to.
    async fn pool_of(&self, place: &LedgerPlace) -> Result<(Pool, bool), Failure> {
        let before = LedgerPlace {
            day: place.day.previous(),
            ..place.clone()
        };
        if let Some(run) = self.store.run(&before).await.map_err(failed)? {
            let pool = self.store.pool(&before, run.pieces).await;
            return Ok((pool.map_err(failed)?, false));
        }
        let mut pool = Pool::default();
        for shard in 0..self.store.shards() {
            let mut after = None;
            loop {
                let page = self.store.ledger_page(&before, shard, after).await;
                let (page, last) = page.map_err(failed)?;
                pool.rows.extend(page);
                after = last;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok((pool, true))
    }
}

impl Bill {
    /// A bill without lines.
    pub(super) fn new(day: BillDay, fees: Option<FeeRate>) -> Self {
        Self {
            day,
            fees,
            by: Fingerprinter::default(),
            entries: parts(),
            details: Details::new(),
            lines: 0,
            unreadable: Vec::new(),
            report: Report::default(),
            failed: None,
        }
    }

    /// Whether it has no lines at all.
    pub(super) const fn is_empty(&self) -> bool {
        self.lines == 0
    }

    /// Takes the next line.
    pub(super) fn take(&mut self, line: Result<StatementLine, UnreadableLine>) {
        self.lines = self.lines.saturating_add(1);
        match line {
            Ok(StatementLine::Trade(line)) => {
                let line = bill_line(self.day, self.lines, line);
                self.report.count_line(&line);
                let kept = self.keep(&line);
                // Whoever reads the bill cannot be stopped from here; it is found out before anything is matched.
                self.failed = self.failed.take().or(kept.err());
            }
            Ok(StatementLine::Fund(_)) | Err(_) => self.unreadable.push(self.lines),
        }
    }

    fn keep(&mut self, line: &BillLine) -> io::Result<()> {
        let differs = judge_matched(line, self.fees).is_some();
        let place = self.details.put_line(line)?;
        let posting = line.posting();
        self.entries.add(&Entry {
            fingerprint: self.by.of(&posting),
            amount: posting.amount,
            place: place << 1 | u64::from(differs),
        })
    }
}

/// Whether a line of this place has to be judged even where its row agrees. Most have not, and are never
/// read again.
const fn differs(place: u64) -> bool {
    place & 1 == 1
}

impl Ledger {
    fn new() -> Self {
        Self {
            entries: parts(),
            details: Details::new(),
            void: Vec::new(),
        }
    }

    fn take(&mut self, by: &Fingerprinter, row: LedgerRow) -> io::Result<()> {
        if row.void {
            self.void.push(row);
            return Ok(());
        }
        let place = self.details.put_row(&row)?;
        let posting = Posting {
            movement: row.movement,
            number: &row.number(),
            trade_no: row.trade_no.as_str(),
            amount: row.amount,
        };
        self.entries.add(&Entry {
            fingerprint: by.of(&posting),
            amount: posting.amount,
            place,
        })
    }
}

fn parts() -> Parts {
    Parts::new(Box::new(SpooledTempFile::new(IN_MEMORY_MAX)))
}

/// Matches the day with itself; what is left of it, in the order of the bill and of the ledger.
fn first_pass(
    mut bill: Bill,
    mut ledger: Ledger,
    contract: &Contract,
    report: &mut Report,
) -> io::Result<Left> {
    if let Some(error) = bill.failed {
        return Err(error);
    }
    let (mut repeated, mut met_rows) = (Vec::new(), Vec::new());
    let (mut lines, mut rows) = (Vec::new(), Vec::new());
    join(
        &mut bill.entries,
        &mut ledger.entries,
        &mut |met| match met {
            Met::Both { line, amount, .. } if !differs(line) => report.matched.add(amount),
            Met::Both { line, row, amount } | Met::OtherAmount { line, row, amount } => {
                met_rows.push((row, line, amount));
            }
            Met::Duplicate { line } => repeated.push(line),
            Met::LineAlone { line } => lines.push(line),
            Met::RowAlone { row } => rows.push(row),
        },
    )?;
    repeated.sort_unstable();
    met_rows.sort_unstable();
    lines.sort_unstable();
    rows.sort_unstable();
    let mut details = bill.details.into_reader()?;
    let mut line = |place: u64| details.line(place >> 1, bill.day);
    let mut left = Left {
        unreadable: bill.unreadable,
        ..Left::default()
    };
    for place in repeated {
        left.judged.push(duplicate(line(place)?));
    }
    for (_, place, ours) in met_rows {
        let line = line(place)?;
        if line.amount == ours {
            left.matched(line, ours, bill.fees, report);
        } else {
            let verdict = judge_other_amount(&line, &contract.account);
            left.judged.push((line, Some(ours), verdict));
        }
    }
    for place in lines {
        left.lines.push(line(place)?);
    }
    left.rows = ledger.void;
    let mut details = ledger.details.into_reader()?;
    for place in rows {
        left.rows.push(details.row(place, contract, bill.day)?);
    }
    Ok(left)
}

impl Left {
    fn matched(&mut self, line: BillLine, ours: Money, fees: Option<FeeRate>, report: &mut Report) {
        match judge_matched(&line, fees) {
            None => report.matched.add(line.amount),
            Some(verdict) => self.judged.push((line, Some(ours), verdict)),
        }
    }
}

fn duplicate(line: BillLine) -> (BillLine, Option<Money>, Verdict) {
    let verdict = Verdict::Show {
        class: DiscrepancyClass::DuplicateLine,
        proposal: Proposal::AskChannel,
    };
    (line, None, verdict)
}

/// An order that was called off before any money came stands in some bills, with nothing moved.
fn called_off(line: &TradeLine) -> bool {
    line.kind == TradeLineKind::Reversal && line.amount.is_zero() && line.refund_no.is_none()
}

fn movement(line: &TradeLine) -> Movement {
    match line.kind {
        TradeLineKind::Payment => Movement::Payment,
        TradeLineKind::Refund => Movement::Refund,
        TradeLineKind::Reversal if called_off(line) => Movement::Payment,
        TradeLineKind::Reversal => Movement::Refund,
    }
}

/// How a line says that it stands. Only WeChat writes words; a word we do not know is not taken for done.
fn standing(line: &TradeLine) -> Standing {
    if called_off(line) {
        return Standing::Failed;
    }
    match line.state.as_deref() {
        None | Some("SUCCESS") => Standing::Done,
        Some("PROCESSING") => Standing::UnderWay,
        Some(_) => Standing::Failed,
    }
}

fn bill_line(day: BillDay, position: u32, line: TradeLine) -> BillLine {
    BillLine {
        day,
        position,
        movement: movement(&line),
        standing: standing(&line),
        order_no: line.order_no,
        refund_no: line.refund_no,
        trade_no: line.trade_no,
        amount: line.amount,
        fee: line.fee,
        at: line.at,
        alone_since: None,
    }
}
