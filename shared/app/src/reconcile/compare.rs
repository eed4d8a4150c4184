//! Both passes over a day: the bill's lines in memory, the ledger's rows streaming past.

use payonce_channels::statement::{TradeLine, TradeLineKind};
use payonce_domain::reconciliation::{
    BillLine, DiscrepancyClass, FeeRate, Matcher, Posting, Proposal, Report, RowMatch, Standing,
    Verdict, judge_matched, judge_other_amount, pair,
};
use payonce_domain::{BillDay, LedgerRow, Money, Movement};
use payonce_store::{LedgerPlace, Pool};

use super::bill::Lines;
use super::{Contract, failed};
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

/// A day's bill beside its matcher.
struct Bill {
    day: BillDay,
    lines: Vec<(u32, TradeLine)>,
    matcher: Matcher,
}

impl App {
    pub(super) async fn compare(
        &self,
        contract: &Contract,
        place: &LedgerPlace,
        lines: Lines,
        fees: Option<FeeRate>,
        report: &mut Report,
    ) -> Result<Left, Failure> {
        let mut left = Left::default();
        let mut bill = Bill::read(place.day, lines, &mut left, report);
        let mut rows = Vec::new();
        for shard in 0..self.store.shards() {
            let mut after = None;
            loop {
                let page = self.store.ledger_page(place, shard, after).await;
                let (page, last) = page.map_err(failed)?;
                for row in &page {
                    report.count_row(row);
                }
                rows.extend(bill.take(page, contract, fees, &mut left, report));
                after = last;
                if after.is_none() {
                    break;
                }
            }
        }
        let (pool, first) = self.pool_of(place).await?;
        let lines = pool.lines.into_iter().chain(bill.alone()).collect();
        let rows = pool.rows.into_iter().chain(rows).collect();
        let pairs = pair(lines, rows);
        for (line, row) in pairs.matched {
            left.matched(line, row.amount, fees, report);
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
        Ok(left)
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
    /// Enters every line; what repeats another or cannot be read is left.
    fn read(day: BillDay, lines: Lines, left: &mut Left, report: &mut Report) -> Self {
        let mut bill = Self {
            day,
            matcher: Matcher::with_capacity(lines.len()),
            lines: Vec::with_capacity(lines.len()),
        };
        for (index, line) in lines.into_iter().enumerate() {
            let position = u32::try_from(index + 1).unwrap_or(u32::MAX);
            match line {
                Ok(line) => bill.lines.push((position, line)),
                Err(_) => left.unreadable.push(position),
            }
        }
        let postings: Vec<_> = bill.lines.iter().map(|(_, line)| posting(line)).collect();
        let mut repeated = Vec::new();
        let mut index = 0;
        bill.matcher.add_lines(&postings, |earlier| {
            repeated.extend(earlier.map(|_| index));
            index += 1;
        });
        for (position, line) in &bill.lines {
            report.count_line(&bill_line(day, *position, line));
        }
        let repeated = repeated.into_iter();
        left.judged
            .extend(repeated.map(|index| duplicate(bill.line(index))));
        bill
    }

    fn line(&self, index: usize) -> BillLine {
        let (position, line) = &self.lines[index];
        bill_line(self.day, *position, line)
    }

    /// Looks for the lines of some rows; gives back those without one.
    fn take(
        &mut self,
        rows: Vec<LedgerRow>,
        contract: &Contract,
        fees: Option<FeeRate>,
        left: &mut Left,
        report: &mut Report,
    ) -> Vec<LedgerRow> {
        // One that came back takes its own row with it, and meets no line.
        let (mut alone, rows): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.void);
        let numbers: Vec<_> = rows.iter().map(LedgerRow::number).collect();
        let postings = rows.iter().zip(&numbers).map(|(row, number)| Posting {
            movement: row.movement,
            number,
            trade_no: row.trade_no.as_str(),
            amount: row.amount,
        });
        let postings: Vec<_> = postings.collect();
        let mut met = Vec::with_capacity(rows.len());
        self.matcher.take_rows(&postings, |said| met.push(said));
        for (row, met) in rows.iter().zip(met) {
            match met {
                RowMatch::Line(index) => left.matched(self.line(index), row.amount, fees, report),
                RowMatch::OtherAmount(index) => {
                    let line = self.line(index);
                    let verdict = judge_other_amount(&line, &contract.account);
                    left.judged.push((line, Some(row.amount), verdict));
                }
                RowMatch::Alone => alone.push(row.clone()),
            }
        }
        alone
    }

    fn alone(&self) -> impl Iterator<Item = BillLine> + '_ {
        self.matcher.alone().map(|index| self.line(index))
    }
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

fn posting(line: &TradeLine) -> Posting<'_> {
    Posting {
        movement: movement(line),
        number: line.refund_no.as_deref().unwrap_or(&line.order_no),
        trade_no: line.trade_no.as_str(),
        amount: line.amount,
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

fn bill_line(day: BillDay, position: u32, line: &TradeLine) -> BillLine {
    BillLine {
        day,
        position,
        movement: movement(line),
        order_no: line.order_no.clone(),
        refund_no: line.refund_no.clone(),
        trade_no: line.trade_no.clone(),
        amount: line.amount,
        fee: line.fee,
        at: line.at,
        standing: standing(line),
        alone_since: None,
    }
}
