//! The text of a bill: a header line, a line per movement, and a summary of two lines. Every value begins
//! with a backtick, which keeps spreadsheets from making numbers of it; columns are found by their names.

use std::collections::BTreeMap;

use payonce_domain::{ChannelTradeNo, Money};

use crate::statement::{
    Damaged, Direction, FundLine, Statement, TradeLine, TradeLineKind, UnreadableLine,
};
use crate::{beijing, yuan};

/// The column whose name begins the summary of a bill of trades.
const TRADES: &str = "总交易单数";

/// The column whose name begins the summary of a bill of funds.
const FUNDS: &str = "资金流水总笔数";

/// A bill cut into cells, before anything is made of them.
struct Table<'a> {
    /// Each line between header and summary, with its number in the file; `None` where it has another
    /// count of cells than the header.
    lines: Vec<(usize, Option<Row<'a>>)>,
    summary: Row<'a>,
}

type Row<'a> = BTreeMap<&'a str, &'a str>;

impl<'a> Table<'a> {
    fn read(text: &'a str, columns: &[&'static str], summary: &str) -> Result<Self, Damaged> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut lines = text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line));
        let (_, header) = lines.next().ok_or(Damaged::Unreadable("it is empty"))?;
        let header: Vec<_> = header.split(',').collect();
        for column in columns {
            if header.iter().filter(|name| *name == column).count() != 1 {
                return Err(Damaged::Unreadable("a column is missing, or there twice"));
            }
        }
        let mut rows = Vec::new();
        let cut_off = Damaged::Unreadable("its summary is missing");
        let totals = loop {
            let (number, line) = lines.next().ok_or(cut_off)?;
            if line.starts_with(summary) {
                break line.split(',').collect::<Vec<_>>();
            }
            rows.push((number, row(&header, line)));
        };
        let (_, line) = lines.next().ok_or(cut_off)?;
        let summary = row(&totals, line).ok_or(Damaged::Unreadable("its summary"))?;
        if lines.any(|(_, line)| !line.is_empty()) {
            return Err(Damaged::Unreadable("something follows its summary"));
        }
        Ok(Self {
            lines: rows,
            summary,
        })
    }

    /// Whether the summary's `name` is what the lines come to.
    fn counts(&self, name: &str, count: usize) -> bool {
        self.summary.get(name) == Some(&count.to_string().as_str())
    }

    /// Whether the summary's `name` is the sum of these cells. One that is no amount makes its line
    /// unreadable; a sum over such lines is not known, and is not held against the bill.
    fn sums<'c>(&self, name: &str, cells: impl Iterator<Item = Option<&'c str>>) -> bool {
        let total = self.summary.get(name).and_then(|text| yuan::parse(text));
        let Some(amounts) = cells
            .map(|cell| cell.and_then(yuan::parse))
            .collect::<Option<Vec<_>>>()
        else {
            return total.is_some();
        };
        let zero = Money::from_fen(0);
        let sum = amounts.into_iter().try_fold(zero, Money::checked_add);
        sum.is_some() && sum == total
    }

    /// The cells of one column, line by line.
    fn column<'t>(&'t self, name: &'t str) -> impl Iterator<Item = Option<&'a str>> + 't {
        let lines = self.lines.iter();
        lines.map(move |(_, row)| row.as_ref()?.get(name).copied())
    }
}

/// Cuts a line at "comma and backtick": a comma alone may be part of a text.
fn row<'a>(header: &[&'a str], line: &'a str) -> Option<Row<'a>> {
    let cells: Vec<_> = line.strip_prefix('`')?.split(",`").collect();
    (cells.len() == header.len()).then(|| header.iter().copied().zip(cells).collect())
}

/// Reads a bill of trades (交易账单, `ALL`) of the merchant `mchid`.
pub(super) fn trades(text: &str, mchid: &str) -> Result<Statement, Damaged> {
    let columns = [
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
    let table = Table::read(text, &columns, TRADES)?;
    // Whether refunds count as trades here is not written down; both sums hold whichever is meant, so a
    // line that is missing shows in them.
    let payments = table
        .column("交易状态")
        .filter(|word| *word == Some("SUCCESS"));
    let payments = payments.count();
    let counted = table.counts(TRADES, table.lines.len()) || table.counts(TRADES, payments);
    if !counted
        || !table.sums("订单总金额", table.column("订单金额"))
        || !table.sums("申请退款总金额", table.column("申请退款金额"))
    {
        return Err(Damaged::DoesNotAddUp);
    }
    let lines = table.lines.iter();
    let trades = lines.map(|(number, row)| {
        let read = row.as_ref().ok_or("the number of columns");
        let read = read.and_then(|row| trade(row, mchid));
        read.map_err(|field| unreadable(*number, field))
    });
    Ok(Statement {
        trades: trades.collect(),
        funds: Vec::new(),
    })
}

fn trade(row: &Row<'_>, mchid: &str) -> Result<TradeLine, &'static str> {
    let cell = |name: &'static str| row.get(name).copied().ok_or(name);
    if cell("商户号")? != mchid {
        return Err("商户号");
    }
    if cell("货币种类")? != "CNY" {
        return Err("货币种类");
    }
    let (kind, amount, state) = match cell("交易状态")? {
        "SUCCESS" => (TradeLineKind::Payment, "订单金额", "交易状态"),
        "REFUND" => (TradeLineKind::Refund, "申请退款金额", "退款状态"),
        "REVOKED" => (TradeLineKind::Reversal, "申请退款金额", "退款状态"),
        _ => return Err("交易状态"),
    };
    // An empty cell and a zero both say that there is none.
    let given = |text: &str| (!text.is_empty() && text != "0").then(|| text.to_owned());
    Ok(TradeLine {
        kind,
        order_no: cell("商户订单号")?.to_owned(),
        trade_no: ChannelTradeNo::new(cell("微信订单号")?).map_err(|_| "微信订单号")?,
        refund_no: given(cell("商户退款单号")?),
        amount: yuan::parse(cell(amount)?).ok_or(amount)?,
        fee: Some(fee(cell("手续费")?).ok_or("手续费")?),
        at: beijing::parse(cell("交易时间")?).ok_or("交易时间")?,
        state: given(cell(state)?),
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
pub(super) fn funds(text: &str) -> Result<Statement, Damaged> {
    let columns = [
        "记账时间",
        "微信支付业务单号",
        "资金流水单号",
        "业务类型",
        "收支类型",
        "收支金额(元)",
        "账户结余(元)",
    ];
    let table = Table::read(text, &columns, FUNDS)?;
    let of = |word: &'static str| {
        let rows = table.lines.iter().map(|(_, row)| row.as_ref());
        rows.filter(move |row| row.is_none_or(|row| row["收支类型"] == word))
            .map(|row| row.map(|row| row["收支金额(元)"]))
    };
    // A line that cannot be cut could be of either kind; then only the whole is counted.
    let whole = table.lines.iter().all(|(_, row)| row.is_some());
    let counts = |name, word| !whole || table.counts(name, of(word).count());
    if !table.counts(FUNDS, table.lines.len())
        || !counts("收入笔数", "收入")
        || !counts("支出笔数", "支出")
        || !table.sums("收入金额", of("收入"))
        || !table.sums("支出金额", of("支出"))
    {
        return Err(Damaged::DoesNotAddUp);
    }
    let lines = table.lines.iter();
    let funds = lines.map(|(number, row)| {
        let read = row.as_ref().ok_or("the number of columns");
        read.and_then(fund)
            .map_err(|field| unreadable(*number, field))
    });
    Ok(Statement {
        trades: Vec::new(),
        funds: funds.collect(),
    })
}

fn fund(row: &Row<'_>) -> Result<FundLine, &'static str> {
    let cell = |name: &'static str| row.get(name).copied().ok_or(name);
    let amount = |name: &'static str| yuan::parse(cell(name)?).ok_or(name);
    Ok(FundLine {
        flow_no: cell("资金流水单号")?.to_owned(),
        trade_no: cell("微信支付业务单号")?.to_owned(),
        business: cell("业务类型")?.to_owned(),
        direction: match cell("收支类型")? {
            "收入" => Direction::In,
            "支出" => Direction::Out,
            _ => return Err("收支类型"),
        },
        amount: amount("收支金额(元)")?,
        balance: Some(amount("账户结余(元)")?),
        at: beijing::parse(cell("记账时间")?).ok_or("记账时间")?,
    })
}

fn unreadable(number: usize, field: &'static str) -> UnreadableLine {
    UnreadableLine { number, field }
}
