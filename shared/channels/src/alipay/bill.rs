//! The lines of a bill: a table by the names of its columns, between lines that begin with `#`, of which
//! the last count and sum up what the table must hold.

use payonce_domain::{ChannelTradeNo, Money, Timestamp};

use crate::statement::{
    Damaged, Direction, FundLine, Statement, StatementKind, TradeLine, TradeLineKind,
    UnreadableLine,
};
use crate::{beijing, yuan};

const TRADE_NO: &str = "支付宝交易号";
const ORDER_NO: &str = "商户订单号";
const KIND: &str = "业务类型";
const FINISHED: &str = "完成时间";
const AMOUNT: &str = "订单金额(元)";
const RECEIVED: &str = "商家实收(元)";
const REFUND_NO: &str = "退款批次号/请求号";
const FEE: &str = "服务费(元)";

const FLOW_NO: &str = "账务流水号";
const BUSINESS_NO: &str = "业务流水号";
const HAPPENED: &str = "发生时间";
const INCOME: &str = "收入金额(+元)";
const EXPENSE: &str = "支出金额(-元)";
const BALANCE: &str = "账户余额(元)";

/// Reads a bill and compares it with its own summary.
pub(super) fn read(kind: StatementKind, text: &str) -> Result<Statement, Damaged> {
    let table = Table::split(text)?;
    let mut statement = Statement::default();
    match kind {
        StatementKind::Trades => {
            table.need(&[
                TRADE_NO, ORDER_NO, KIND, FINISHED, AMOUNT, RECEIVED, REFUND_NO,
            ])?;
            let (mut payments, mut refunds) = (Tally::default(), Tally::default());
            for row in table.rows() {
                match TradeLineKind::of(&row) {
                    Ok(TradeLineKind::Payment) => payments.add(row.magnitude(RECEIVED)),
                    Ok(TradeLineKind::Refund | TradeLineKind::Reversal) => {
                        refunds.add(row.magnitude(RECEIVED));
                    }
                    // It may be one of either, so only the count of both together can be held against it.
                    Err(_) => payments.unplaced += 1,
                }
                statement.trades.push(trade(&row));
            }
            let summary = (
                table.sum(&["交易合计"], "商家实收共")?,
                table.sum(&["退款合计"], "商家实收退款共")?,
            );
            agree(&payments, &refunds, summary)?;
        }
        StatementKind::Funds => {
            table.need(&[FLOW_NO, BUSINESS_NO, HAPPENED, INCOME, EXPENSE])?;
            let (mut income, mut expense) = (Tally::default(), Tally::default());
            for row in table.rows() {
                match movement(&row) {
                    Ok((Direction::In, amount)) => income.add(Some(amount)),
                    Ok((Direction::Out, amount)) => expense.add(Some(amount)),
                    Err(_) => income.unplaced += 1,
                }
                statement.funds.push(fund(&row));
            }
            let summary = (
                table.sum(&["收入合计"], "共")?,
                table.sum(&["支出合计"], "共")?,
            );
            agree(&income, &expense, summary)?;
        }
    }
    Ok(statement)
}

/// How many lines there are of one kind, and what they come to.
#[derive(Default)]
struct Tally {
    count: u64,
    /// In fen, leaving out lines whose amount cannot be read.
    fen: u64,
    unreadable: u64,
    /// Lines that might belong to another tally.
    unplaced: u64,
}

impl Tally {
    fn add(&mut self, amount: Option<Money>) {
        self.count += 1;
        match amount {
            Some(amount) => self.fen = self.fen.saturating_add(amount.minor()),
            None => self.unreadable += 1,
        }
    }
}

/// Compares what was counted with what the bill says of itself, as far as lines could be read.
fn agree(one: &Tally, other: &Tally, summary: ((u64, Money), (u64, Money))) -> Result<(), Damaged> {
    let unplaced = one.unplaced + other.unplaced;
    let ((count_one, sum_one), (count_other, sum_other)) = summary;
    let total = count_one.checked_add(count_other);
    let mut right = total == Some(one.count + other.count + unplaced);
    if unplaced == 0 {
        right &= one.count == count_one && other.count == count_other;
        right &= one.unreadable > 0 || one.fen == sum_one.minor();
        right &= other.unreadable > 0 || other.fen == sum_other.minor();
    }
    right.then_some(()).ok_or(Damaged::DoesNotAddUp)
}

impl TradeLineKind {
    fn of(row: &Row<'_>) -> Result<Self, UnreadableLine> {
        match row.cell(KIND) {
            Some("交易") => Ok(Self::Payment),
            Some("退款") => Ok(Self::Refund),
            Some(_) | None => Err(row.unreadable(KIND)),
        }
    }
}

fn trade(row: &Row<'_>) -> Result<TradeLine, UnreadableLine> {
    let kind = TradeLineKind::of(row)?;
    let (negative, amount) = row.amount(AMOUNT).ok_or_else(|| row.unreadable(AMOUNT))?;
    let right = match kind {
        TradeLineKind::Payment => !negative,
        TradeLineKind::Refund | TradeLineKind::Reversal => negative || amount.is_zero(),
    };
    if !right {
        return Err(row.unreadable(AMOUNT));
    }
    let refund_no = row.cell(REFUND_NO).filter(|no| !no.is_empty());
    Ok(TradeLine {
        kind,
        order_no: row.need(ORDER_NO)?.to_owned(),
        trade_no: ChannelTradeNo::new(row.need(TRADE_NO)?).map_err(|_| row.unreadable(TRADE_NO))?,
        refund_no: refund_no
            .filter(|_| kind != TradeLineKind::Payment)
            .map(str::to_owned),
        amount,
        // Kept from a payment, or given back with a refund: the sign says no more than the kind.
        fee: row.magnitude(FEE),
        at: row.time(FINISHED)?,
        state: None,
    })
}

fn fund(row: &Row<'_>) -> Result<FundLine, UnreadableLine> {
    let (direction, amount) = movement(row)?;
    // A balance below nothing has no place in an amount; it is for information only.
    let balance = row.amount(BALANCE);
    Ok(FundLine {
        flow_no: row.need(FLOW_NO)?.to_owned(),
        trade_no: row.need(BUSINESS_NO)?.to_owned(),
        business: row.cell(KIND).unwrap_or_default().to_owned(),
        direction,
        amount,
        balance: balance.filter(|(below, _)| !below).map(|(_, sum)| sum),
        at: row.time(HAPPENED)?,
    })
}

/// Which way money moved: one of two columns is empty or nought. Expenses come with a sign or without.
fn movement(row: &Row<'_>) -> Result<(Direction, Money), UnreadableLine> {
    let side = |name| match row.cell(name) {
        Some("") => Ok((false, Money::from_fen(0))),
        Some(_) | None => row.amount(name).ok_or_else(|| row.unreadable(name)),
    };
    let ((negative, income), (_, expense)) = (side(INCOME)?, side(EXPENSE)?);
    match (income.is_zero(), expense.is_zero()) {
        (false, true) if !negative => Ok((Direction::In, income)),
        (true, false) => Ok((Direction::Out, expense)),
        (true | false, true | false) => Err(row.unreadable(INCOME)),
    }
}

/// A bill, taken apart.
struct Table<'a> {
    columns: Vec<String>,
    /// Line numbers, counted from one, and lines.
    lines: Vec<(usize, &'a str)>,
    remarks: Vec<&'a str>,
}

impl<'a> Table<'a> {
    fn split(text: &'a str) -> Result<Self, Damaged> {
        let mut columns = Vec::new();
        let (mut lines, mut remarks) = (Vec::new(), Vec::new());
        for (index, line) in text.lines().enumerate() {
            if let Some(remark) = line.trim_start_matches('"').strip_prefix('#') {
                remarks.push(remark);
            } else if line.trim().is_empty() {
            } else if columns.is_empty() {
                columns = cells(line).iter().map(|name| plain(name)).collect();
            } else {
                lines.push((index + 1, line));
            }
        }
        if columns.is_empty() {
            return Err(Damaged::Unreadable("it has no table"));
        }
        Ok(Self {
            columns,
            lines,
            remarks,
        })
    }

    /// Columns come and go over the years; without these, nothing can be compared.
    fn need(&self, names: &[&'static str]) -> Result<(), Damaged> {
        let missing = |name: &&&str| !self.columns.iter().any(|column| column == **name);
        match names.iter().find(missing) {
            Some(name) => Err(Damaged::Unreadable(name)),
            None => Ok(()),
        }
    }

    fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.lines.iter().map(|&(number, line)| Row {
            columns: &self.columns,
            number,
            cells: fitted(line, self.columns.len()),
        })
    }

    /// A line of the summary: `#退款合计：4笔，商家实收退款共-0.04元，…`. Where it is missing, so is the end of the file.
    fn sum(&self, heads: &[&str], before_sum: &str) -> Result<(u64, Money), Damaged> {
        let found = self.remarks.iter().find_map(|remark| {
            let rest = heads.iter().find_map(|head| remark.strip_prefix(head))?;
            let (count, rest) = rest.trim_start_matches(['：', ':']).split_once('笔')?;
            let (_, rest) = rest.split_once(before_sum)?;
            let (sum, _) = rest.split_once('元')?;
            Some((count.trim().parse().ok()?, signed(sum.trim())?.1))
        });
        found.ok_or(Damaged::DoesNotAddUp)
    }
}

/// One line of the table.
struct Row<'a> {
    columns: &'a [String],
    number: usize,
    /// Empty where the line has another number of cells than the table has columns.
    cells: Vec<String>,
}

impl Row<'_> {
    fn cell(&self, name: &str) -> Option<&str> {
        let index = self.columns.iter().position(|column| column == name)?;
        self.cells.get(index).map(|cell| cell.trim())
    }

    fn need(&self, name: &'static str) -> Result<&str, UnreadableLine> {
        let cell = self.cell(name).filter(|cell| !cell.is_empty());
        cell.ok_or_else(|| self.unreadable(name))
    }

    fn amount(&self, name: &str) -> Option<(bool, Money)> {
        signed(self.cell(name)?)
    }

    fn magnitude(&self, name: &str) -> Option<Money> {
        self.amount(name).map(|(_, amount)| amount)
    }

    fn time(&self, name: &'static str) -> Result<Timestamp, UnreadableLine> {
        beijing::parse(self.need(name)?).ok_or_else(|| self.unreadable(name))
    }

    fn unreadable(&self, field: &'static str) -> UnreadableLine {
        UnreadableLine {
            number: self.number,
            field,
        }
    }
}

/// An amount that may stand behind a minus, and whether it does.
fn signed(text: &str) -> Option<(bool, Money)> {
    match text.strip_prefix('-') {
        Some(text) => Some((true, yuan::parse(text)?)),
        None => Some((false, yuan::parse(text)?)),
    }
}

/// A column's name, with the brackets of either width.
fn plain(name: &str) -> String {
    name.trim().replace('（', "(").replace('）', ")")
}

/// The cells of a line if they are as many as the columns, quoted or not.
fn fitted(line: &str, columns: usize) -> Vec<String> {
    let bare = cells(line);
    if bare.len() == columns && !line.contains('"') {
        return bare;
    }
    // One line at a time: a quotation mark in a buyer's text must not swallow the lines after it.
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(line.as_bytes());
    let quoted = reader.records().next().and_then(Result::ok);
    let quoted: Vec<String> = quoted
        .iter()
        .flat_map(|record| record.iter().map(str::to_owned))
        .collect();
    if quoted.len() == columns {
        quoted
    } else if bare.len() == columns {
        bare
    } else {
        Vec::new()
    }
}

fn cells(line: &str) -> Vec<String> {
    line.split(',').map(str::to_owned).collect()
}
