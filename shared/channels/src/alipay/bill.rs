//! The lines of a bill: a table by the names of its columns, between lines that begin with `#`, of which
//! the last count and sum up what the table must hold.

use std::borrow::Cow;
use std::io::Read;

use payonce_domain::{ChannelTradeNo, Money, Timestamp};

use crate::lines::Lines;
use crate::statement::{
    Damaged, Direction, FundLine, StatementKind, StatementLine, Take, TradeLine, TradeLineKind,
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
pub(super) fn read(kind: StatementKind, text: impl Read, take: Take<'_>) -> Result<(), Damaged> {
    let (needed, heads): (&[_], _) = match kind {
        StatementKind::Trades => (
            &[
                TRADE_NO, ORDER_NO, KIND, FINISHED, AMOUNT, RECEIVED, REFUND_NO,
            ],
            [("交易合计", "商家实收共"), ("退款合计", "商家实收退款共")],
        ),
        StatementKind::Funds => (
            &[FLOW_NO, BUSINESS_NO, HAPPENED, INCOME, EXPENSE],
            [("收入合计", "共"), ("支出合计", "共")],
        ),
    };
    let mut lines = Lines::new(text, "the archive is damaged");
    let mut script = Script::Unknown;
    let mut columns: Vec<String> = Vec::new();
    let (mut one, mut other) = (Tally::default(), Tally::default());
    let mut summary = [None; 2];
    while lines.advance()? {
        let line = script.read(lines.line(), lines.number())?;
        if let Some(remark) = line.trim_start_matches('"').strip_prefix('#') {
            for (found, (head, before_sum)) in summary.iter_mut().zip(heads) {
                *found = found.or_else(|| sum(remark, head, before_sum));
            }
        } else if line.trim().is_empty() {
        } else if columns.is_empty() {
            columns = line.split(',').map(plain).collect();
            need(&columns, needed)?;
        } else {
            let row = Row::cut(&line, lines.number(), &columns);
            take(match kind {
                StatementKind::Trades => {
                    match TradeLineKind::of(&row) {
                        Ok(TradeLineKind::Payment) => one.add(row.magnitude(RECEIVED)),
                        Ok(TradeLineKind::Refund | TradeLineKind::Reversal) => {
                            other.add(row.magnitude(RECEIVED));
                        }
                        // It may be one of either, so only the count of both together can be held against it.
                        Err(_) => one.unplaced += 1,
                    }
                    trade(&row).map(StatementLine::Trade)
                }
                StatementKind::Funds => {
                    match movement(&row) {
                        Ok((Direction::In, amount)) => one.add(Some(amount)),
                        Ok((Direction::Out, amount)) => other.add(Some(amount)),
                        Err(_) => one.unplaced += 1,
                    }
                    fund(&row).map(StatementLine::Fund)
                }
            });
        }
    }
    if columns.is_empty() {
        return Err(Damaged::Unreadable("it has no table"));
    }
    // Where a part of the summary is missing, so is the end of the file.
    let [Some(first), Some(second)] = summary else {
        return Err(Damaged::DoesNotAddUp);
    };
    agree(&one, &other, (first, second))
}

/// What a bill is written in. Alipay writes GBK; a text that begins as UTF-8 is taken as such, all of it.
enum Script {
    /// Nothing but ASCII so far.
    Unknown,
    Utf8,
    Gbk,
}

impl Script {
    fn read<'a>(&mut self, line: &'a [u8], number: usize) -> Result<Cow<'a, str>, Damaged> {
        if line.is_ascii() {
            return Ok(String::from_utf8_lossy(line));
        }
        let utf8 = std::str::from_utf8(line);
        if let Self::Unknown = self {
            *self = if utf8.is_ok() { Self::Utf8 } else { Self::Gbk };
        }
        match (self, utf8) {
            (Self::Gbk, _) => Ok(gbk(line)),
            (Self::Utf8 | Self::Unknown, Ok(line)) if number == 1 => {
                Ok(line.trim_start_matches('\u{feff}').into())
            }
            (Self::Utf8 | Self::Unknown, Ok(line)) => Ok(line.into()),
            (Self::Utf8 | Self::Unknown, Err(_)) => Err(Damaged::Unreadable(
                "it begins as UTF-8 and goes on as none",
            )),
        }
    }
}

/// Text as Alipay writes it: what is UTF-8 throughout is taken as such, all else as GBK.
pub(super) fn text(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| gbk(bytes), Cow::Borrowed)
}

/// What is not GBK becomes a replacement character, which no number or amount can contain.
fn gbk(bytes: &[u8]) -> Cow<'_, str> {
    encoding_rs::GBK.decode_without_bom_handling(bytes).0
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

/// Columns come and go over the years; without these, nothing can be compared.
fn need(columns: &[String], names: &[&'static str]) -> Result<(), Damaged> {
    let missing = |name: &&&str| !columns.iter().any(|column| column == **name);
    match names.iter().find(missing) {
        Some(name) => Err(Damaged::Unreadable(name)),
        None => Ok(()),
    }
}

/// A line of the summary: `#退款合计：4笔，商家实收退款共-0.04元，…`.
fn sum(remark: &str, head: &str, before_sum: &str) -> Option<(u64, Money)> {
    let rest = remark.strip_prefix(head)?;
    let (count, rest) = rest.trim_start_matches(['：', ':']).split_once('笔')?;
    let (_, rest) = rest.split_once(before_sum)?;
    let (sum, _) = rest.split_once('元')?;
    Some((count.trim().parse().ok()?, signed(sum.trim())?.1))
}

/// One line of the table.
struct Row<'a> {
    columns: &'a [String],
    number: usize,
    /// Empty where the line has another number of cells than the table has columns.
    cells: Vec<Cow<'a, str>>,
}

impl<'a> Row<'a> {
    fn cut(line: &'a str, number: usize, columns: &'a [String]) -> Self {
        Self {
            columns,
            number,
            cells: fitted(line, columns.len()),
        }
    }
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
fn fitted(line: &str, columns: usize) -> Vec<Cow<'_, str>> {
    let mut bare = Vec::with_capacity(columns);
    bare.extend(line.split(',').map(Cow::Borrowed));
    if bare.len() == columns && !line.contains('"') {
        return bare;
    }
    // One line at a time: a quotation mark in a buyer's text must not swallow the lines after it.
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(line.as_bytes());
    let quoted = reader.records().next().and_then(Result::ok);
    let quoted: Vec<_> = quoted
        .iter()
        .flat_map(|record| record.iter().map(|cell| Cow::Owned(cell.to_owned())))
        .collect();
    if quoted.len() == columns {
        quoted
    } else if bare.len() == columns {
        bare
    } else {
        Vec::new()
    }
}
