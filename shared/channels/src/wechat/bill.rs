//! The text of a bill: a header line, a line per movement, and a summary of two lines. Every value begins
//! with a backtick, which keeps spreadsheets from making numbers of it; columns are found by their names.

use std::collections::BTreeMap;
use std::io::Read;

use payonce_domain::{ChannelTradeNo, Money};

use super::statement::NOT_GZIP;
use crate::lines::Lines;
use crate::statement::{
    Damaged, Direction, FundLine, StatementLine, Take, TradeLine, TradeLineKind, UnreadableLine,
};
use crate::{beijing, yuan};

/// The column whose name begins the summary of a bill of trades.
const TRADES: &str = "总交易单数";

/// The column whose name begins the summary of a bill of funds.
const FUNDS: &str = "资金流水总笔数";

/// What is wrong with a line that is cut into another count of cells than the header.
const WIDTH: &str = "the number of columns";

/// A bill, cut into cells line by line.
struct Table<R> {
    lines: Lines<R>,
    /// What the summary begins with.
    summary: &'static str,
    width: usize,
}

/// A column that is looked at.
#[derive(Clone, Copy)]
struct Column {
    name: &'static str,
    place: usize,
}

/// A line's cells.
struct Row<'a>(Vec<&'a str>);

/// What comes next in a bill.
enum Next<'a> {
    /// A line, with its number in the file; without a row where its width is not the header's.
    Line(usize, Option<Row<'a>>),
    /// What the bill says of itself. It is the end.
    Summary(Summary),
}

/// A bill's summary by the names of its columns.
struct Summary(BTreeMap<String, String>);

impl<R: Read> Table<R> {
    /// Begins a bill by its header; the columns in the order of their names here.
    fn begin<const N: usize>(
        text: R,
        names: [&'static str; N],
        summary: &'static str,
    ) -> Result<(Self, [Column; N]), Damaged> {
        let mut lines = Lines::new(text, NOT_GZIP);
        if !lines.advance()? {
            return Err(Damaged::Unreadable("it is empty"));
        }
        let header = utf8(lines.line())?;
        let header = header.strip_prefix('\u{feff}').unwrap_or(header);
        let header: Vec<_> = header.split(',').collect();
        let mut columns = names.map(|name| Column { name, place: 0 });
        for column in &mut columns {
            let found = header.iter().enumerate();
            let mut found = found.filter(|(_, name)| **name == column.name);
            let (Some((place, _)), None) = (found.next(), found.next()) else {
                return Err(Damaged::Unreadable("a column is missing, or there twice"));
            };
            column.place = place;
        }
        let width = header.len();
        let table = Self {
            lines,
            summary,
            width,
        };
        Ok((table, columns))
    }

    fn next(&mut self) -> Result<Next<'_>, Damaged> {
        let cut_off = Damaged::Unreadable("its summary is missing");
        if !self.lines.advance()? {
            return Err(cut_off);
        }
        if !self.lines.line().starts_with(self.summary.as_bytes()) {
            let row = Row::cut(utf8(self.lines.line())?, self.width);
            return Ok(Next::Line(self.lines.number(), row));
        }
        let names: Vec<_> = utf8(self.lines.line())?
            .split(',')
            .map(str::to_owned)
            .collect();
        if !self.lines.advance()? {
            return Err(cut_off);
        }
        let row = Row::cut(utf8(self.lines.line())?, names.len());
        let Row(cells) = row.ok_or(Damaged::Unreadable("its summary"))?;
        let cells = cells.into_iter().map(str::to_owned);
        let summary = names.into_iter().zip(cells).collect();
        while self.lines.advance()? {
            if !self.lines.line().is_empty() {
                return Err(Damaged::Unreadable("something follows its summary"));
            }
        }
        Ok(Next::Summary(Summary(summary)))
    }
}

impl<'a> Row<'a> {
    /// Cuts a line at "comma and backtick": a comma alone may be part of a text.
    fn cut(line: &'a str, width: usize) -> Option<Self> {
        let mut cells = Vec::with_capacity(width);
        let mut rest = line.strip_prefix('`')?;
        let mut from = 0;
        while let Some(found) = rest.as_bytes()[from..].iter().position(|b| *b == b'`') {
            let mark = from + found;
            from = mark + 1;
            if let Some(cell) = rest[..mark].strip_suffix(',') {
                cells.push(cell);
                rest = &rest[mark + 1..];
                from = 0;
            }
        }
        cells.push(rest);
        (cells.len() == width).then_some(Self(cells))
    }

    fn cell(&self, column: Column) -> &'a str {
        self.0.get(column.place).copied().unwrap_or_default()
    }
}

impl Summary {
    /// Whether `name` is what the lines come to.
    fn counts(&self, name: &str, count: u64) -> bool {
        self.0.get(name) == Some(&count.to_string())
    }

    /// Whether `name` is the sum of what was added.
    fn sums(&self, name: &str, sum: &Sum) -> bool {
        let total = self.0.get(name).and_then(|text| yuan::parse(text));
        match sum.amount {
            _ if sum.is_unknown => total.is_some(),
            Some(amount) => total == Some(amount),
            None => false,
        }
    }
}

/// The sum of a column. A cell that is no amount makes its line unreadable; a sum over such lines is not
/// known, and is not held against the bill.
struct Sum {
    /// None past what can be counted.
    amount: Option<Money>,
    is_unknown: bool,
}

impl Sum {
    const fn new() -> Self {
        Self {
            amount: Some(Money::from_fen(0)),
            is_unknown: false,
        }
    }

    fn add(&mut self, cell: Option<&str>) {
        match cell.and_then(yuan::parse) {
            Some(amount) => self.amount = self.amount.and_then(|sum| sum.checked_add(amount)),
            None => self.is_unknown = true,
        }
    }
}

fn utf8(line: &[u8]) -> Result<&str, Damaged> {
    std::str::from_utf8(line).map_err(|_| Damaged::Unreadable("not UTF-8"))
}

/// Hands a line over, or what is wrong with it.
fn hand(number: usize, read: Result<StatementLine, &'static str>, take: Take<'_>) {
    take(read.map_err(|field| UnreadableLine { number, field }));
}

/// Reads a bill of trades (交易账单, `ALL`) of the merchant `mchid`.
pub(super) fn trades(text: impl Read, mchid: &str, take: Take<'_>) -> Result<(), Damaged> {
    let names = [
        "交易时间",
        "商户号",
        "微信订单号",
        "商户订单号",
        "交易状态",
        "货币种类",
        "商户退款单号",
        "退款状态",
        "手续费",
        "订单金额",
        "申请退款金额",
    ];
    let (mut table, columns) = Table::begin(text, names, TRADES)?;
    let [_, _, _, _, state, _, _, _, _, amount, refunded] = columns;
    let (mut lines, mut payments) = (0, 0);
    let (mut amounts, mut refunds) = (Sum::new(), Sum::new());
    let summary = loop {
        match table.next()? {
            Next::Line(number, row) => {
                lines += 1;
                let cell = |column| row.as_ref().map(|row| row.cell(column));
                payments += u64::from(cell(state) == Some("SUCCESS"));
                amounts.add(cell(amount));
                refunds.add(cell(refunded));
                let read = row.as_ref().ok_or(WIDTH);
                let read = read.and_then(|row| trade(row, &columns, mchid));
                hand(number, read.map(StatementLine::Trade), take);
            }
            Next::Summary(summary) => break summary,
        }
    };
    // Whether refunds count as trades here is not written down; both sums hold whichever is meant, so a
    // line that is missing shows in them.
    let counted = summary.counts(TRADES, lines) || summary.counts(TRADES, payments);
    let right =
        counted && summary.sums("订单总金额", &amounts) && summary.sums("申请退款总金额", &refunds);
    right.then_some(()).ok_or(Damaged::DoesNotAddUp)
}

fn trade(row: &Row<'_>, columns: &[Column; 11], mchid: &str) -> Result<TradeLine, &'static str> {
    let [
        time,
        merchant,
        trade_no,
        order_no,
        state,
        currency,
        refund_no,
        refund_state,
        fees,
        amount,
        refunded,
    ] = *columns;
    if row.cell(merchant) != mchid {
        return Err(merchant.name);
    }
    if row.cell(currency) != "CNY" {
        return Err(currency.name);
    }
    let (kind, amount, state) = match row.cell(state) {
        "SUCCESS" => (TradeLineKind::Payment, amount, state),
        "REFUND" => (TradeLineKind::Refund, refunded, refund_state),
        "REVOKED" => (TradeLineKind::Reversal, refunded, refund_state),
        _ => return Err(state.name),
    };
    // An empty cell and a zero both say that there is none.
    let given = |text: &str| (!text.is_empty() && text != "0").then(|| text.to_owned());
    Ok(TradeLine {
        kind,
        order_no: row.cell(order_no).to_owned(),
        trade_no: ChannelTradeNo::new(row.cell(trade_no)).map_err(|_| trade_no.name)?,
        refund_no: given(row.cell(refund_no)),
        amount: yuan::parse(row.cell(amount)).ok_or(amount.name)?,
        fee: Some(fee(row.cell(fees)).ok_or(fees.name)?),
        at: beijing::parse(row.cell(time)).ok_or(time.name)?,
        state: given(row.cell(state)),
    })
}

/// A fee: up to five decimals, rounded half up to whole fen. One that is given back with a refund has a
/// sign, which the kind of line says already.
fn fee(text: &str) -> Option<Money> {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if decimals.len() > 5 || !digits(decimals) || text.ends_with('.') {
        return None;
    }
    let fen = yuan::parse(&format!(
        "{whole}.{:0<2}",
        decimals.get(..2).unwrap_or(decimals)
    ))?;
    let up = decimals
        .as_bytes()
        .get(2)
        .is_some_and(|digit| *digit >= b'5');
    fen.checked_add(Money::from_fen(u64::from(up)))
}

/// Reads a bill of funds (资金账单).
pub(super) fn funds(text: impl Read, take: Take<'_>) -> Result<(), Damaged> {
    let names = [
        "记账时间",
        "微信支付业务单号",
        "资金流水单号",
        "业务类型",
        "收支类型",
        "收支金额(元)",
        "账户结余(元)",
    ];
    let (mut table, columns) = Table::begin(text, names, FUNDS)?;
    let [_, _, _, _, direction, amount, _] = columns;
    let mut lines = 0;
    // A line that cannot be cut could be of either kind; then only the whole is counted.
    let mut whole = true;
    let (mut income, mut expense) = ((0, Sum::new()), (0, Sum::new()));
    let summary = loop {
        match table.next()? {
            Next::Line(number, row) => {
                lines += 1;
                whole &= row.is_some();
                let cell = |column| row.as_ref().map(|row| row.cell(column));
                for (word, (count, sum)) in [("收入", &mut income), ("支出", &mut expense)] {
                    if cell(direction).is_none_or(|said| said == word) {
                        *count += 1;
                        sum.add(cell(amount));
                    }
                }
                let read = row.as_ref().ok_or(WIDTH);
                let read = read.and_then(|row| fund(row, &columns));
                hand(number, read.map(StatementLine::Fund), take);
            }
            Next::Summary(summary) => break summary,
        }
    };
    let right = summary.counts(FUNDS, lines)
        && (!whole || summary.counts("收入笔数", income.0))
        && (!whole || summary.counts("支出笔数", expense.0))
        && summary.sums("收入金额", &income.1)
        && summary.sums("支出金额", &expense.1);
    right.then_some(()).ok_or(Damaged::DoesNotAddUp)
}

fn fund(row: &Row<'_>, columns: &[Column; 7]) -> Result<FundLine, &'static str> {
    let [
        time,
        trade_no,
        flow_no,
        business,
        direction,
        amount,
        balance,
    ] = *columns;
    let read = |column: Column| yuan::parse(row.cell(column)).ok_or(column.name);
    Ok(FundLine {
        flow_no: row.cell(flow_no).to_owned(),
        trade_no: row.cell(trade_no).to_owned(),
        business: row.cell(business).to_owned(),
        direction: match row.cell(direction) {
            "收入" => Direction::In,
            "支出" => Direction::Out,
            _ => return Err(direction.name),
        },
        amount: read(amount)?,
        balance: Some(read(balance)?),
        at: beijing::parse(row.cell(time)).ok_or(time.name)?,
    })
}
