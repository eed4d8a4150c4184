//! The settlement file (对账文件): base64 over zlib over an archive that holds every transaction (ZM),
//! adjustments and disputes (ZME), and a summary for people (RD).
//!
//! The tables have columns of fixed width in bytes, one space apart. Their lines name no year, so it is
//! that of the day that was asked for, which the names of the entries must confirm.

use std::io::{self, BufRead as _, BufReader, Read};

use base64::engine::general_purpose::STANDARD;
use base64::read::DecoderReader;
use flate2::bufread::ZlibDecoder;
use jiff::civil::Date;
use payonce_domain::{ChannelTradeNo, Money, RefundNo, Timestamp, check_characters};
use tempfile::SpooledTempFile;
use zip::ZipArchive;
use zip::result::ZipError;

use crate::lines::{Lines, Within, damaged};
use crate::statement::{
    BillFile, Damaged, StatementLine, Take, TradeLine, TradeLineKind, UnreadableLine,
};
use crate::transport::STATEMENT_BYTES_MAX;
use crate::{beijing, yuan};

/// Three are documented; more than a few are not a settlement file's.
const ENTRIES_MAX: usize = 16;

/// How much is read at a time.
const BUFFER: usize = 1 << 16;

/// What is longer than this lies on disk.
const IN_MEMORY_MAX: usize = 1 << 20;

/// Widths of the columns of a transaction (ZM), in bytes.
const WIDTHS: [usize; 42] = [
    3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21,
    15, 1, 15, 32, 13, 13, 8, 32, 13, 13, 12, 2, 1, 32, 98,
];

/// Older files end after this column, or after one that follows it.
const COLUMNS_MIN: usize = 31;

/// A column: its place, counted from one, and its name.
#[derive(Clone, Copy)]
struct Column(usize, &'static str);

const SENT: Column = Column(5, "交易传输时间");
const AMOUNT: Column = Column(7, "交易金额");
const QUERY_ID: Column = Column(10, "查询流水号");
const ORDER_ID: Column = Column(12, "商户订单号");
const FEE: Column = Column(16, "商户手续费");
const TXN_TYPE: Column = Column(20, "交易类型");
const ORIGINAL_QUERY_ID: Column = Column(27, "原交易查询流水号");
const ORIGINAL_ORDER_ID: Column = Column(41, "原始交易订单号");

/// The width of [`ORDER_ID`].
const ORDER_ID_WIDTH: usize = 32;

/// What an unreadable line names where no single column is wrong.
const WIDTH: &str = "行宽";

/// What a line of ZME is reported as. Such a line has neither query number nor order number, and what
/// its codes mean is not published, so a person has to look at it.
const ADJUSTMENT: &str = "差错交易";

/// Reads the settlement file that came for a merchant's day, and compares it with its own summary.
///
/// It is asked for by month and date alone, so that only the names of its entries tell the year.
pub(super) fn read(
    file: &mut dyn BillFile,
    mer_id: &str,
    day: Date,
    take: Take<'_>,
) -> Result<(), Damaged> {
    read_within(file, mer_id, day, STATEMENT_BYTES_MAX, take)
}

/// [`read`] with at most `bytes_max` bytes of archive and as many of unpacked entries.
pub(super) fn read_within(
    file: &mut dyn BillFile,
    mer_id: &str,
    day: Date,
    bytes_max: usize,
    take: Take<'_>,
) -> Result<(), Damaged> {
    let asked = Asked {
        mer_id,
        day: day.strftime("%y%m%d").to_string(),
    };
    let bytes_max = u64::try_from(bytes_max).unwrap_or(u64::MAX);
    let mut entries = Entries::find(inflated(file, bytes_max)?, &asked, bytes_max)?;
    if !entries.tables.contains(&Table::Transactions) {
        return Err(Damaged::Unreadable("the archive has no ZM entry"));
    }
    let day = day.strftime("%Y-%m-%d 00:00:00").to_string();
    let day = beijing::parse(&day).ok_or(Damaged::Another)?;
    let mut totals = Totals::default();
    entries.each_line(Table::Transactions, |number, line| {
        let read = trade(line, day).map_err(|field| UnreadableLine { number, field });
        totals.add(read.as_ref().ok());
        take(read.map(StatementLine::Trade));
        Ok(())
    })?;
    entries.each_line(Table::Summary, |_, line| totals.agree_with(line))?;
    entries.each_line(Table::Adjustments, |number, _| {
        let field = ADJUSTMENT;
        take(Err(UnreadableLine { number, field }));
        Ok(())
    })
}

/// Base64, then zlib: the archive, in a file of its own, as its directory stands at its end.
fn inflated(file: &mut dyn BillFile, bytes_max: u64) -> Result<SpooledTempFile, Damaged> {
    let broken = "it is not base64 over zlib";
    let text = Unspaced(BufReader::with_capacity(BUFFER, file));
    let deflated = DecoderReader::new(text, &STANDARD);
    let mut decoder = ZlibDecoder::new(BufReader::with_capacity(BUFFER, deflated));
    let mut archive = SpooledTempFile::new(IN_MEMORY_MAX);
    let mut left = bytes_max;
    io::copy(&mut Within::new(&mut decoder, &mut left), &mut archive)
        .map_err(|error| damaged(error, broken))?;
    let mut rest = decoder.into_inner();
    let rest = rest.fill_buf().map_err(|error| damaged(error, broken))?;
    if !rest.is_empty() {
        return Err(Damaged::Unreadable("something follows the deflated bytes"));
    }
    Ok(archive)
}

/// A text without its spaces and line ends, which base64 does not know.
struct Unspaced<R>(R);

impl<R: Read> Read for Unspaced<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.0.read(buffer)?;
            let mut kept = 0;
            for index in 0..read {
                if !buffer[index].is_ascii_whitespace() {
                    buffer[kept] = buffer[index];
                    kept += 1;
                }
            }
            // Nothing but spaces is not the end.
            if kept > 0 || read == 0 {
                return Ok(kept);
            }
        }
    }
}

/// An archive whose entries are all of this merchant's day.
struct Entries {
    archive: ZipArchive<BufReader<SpooledTempFile>>,
    /// What each of its entries holds, in their order.
    tables: Vec<Table>,
    /// How many bytes may still be unpacked.
    left: u64,
}

/// Whose file of which day was asked for.
struct Asked<'a> {
    mer_id: &'a str,
    /// As names of entries write it: `yyMMdd`.
    day: String,
}

impl Entries {
    fn find(archive: SpooledTempFile, asked: &Asked<'_>, bytes_max: u64) -> Result<Self, Damaged> {
        let archive = ZipArchive::new(BufReader::with_capacity(BUFFER, archive));
        let mut archive = archive.map_err(broken)?;
        if archive.len() > ENTRIES_MAX {
            return Err(Damaged::Unreadable("the archive has too many entries"));
        }
        let mut tables = Vec::new();
        for index in 0..archive.len() {
            let entry = archive.by_index_raw(index).map_err(broken)?;
            let name = EntryName::read(entry.name_raw()).ok_or(Damaged::Unreadable(
                "the archive has an entry of another name",
            ))?;
            if !name.is_of(asked) {
                return Err(Damaged::Another);
            }
            tables.push(name.table);
        }
        Ok(Self {
            archive,
            tables,
            left: bytes_max,
        })
    }

    /// Every line that is not blank of the entries of a kind, each with its number in its entry.
    fn each_line(
        &mut self,
        table: Table,
        mut take: impl FnMut(usize, &[u8]) -> Result<(), Damaged>,
    ) -> Result<(), Damaged> {
        for index in 0..self.tables.len() {
            if self.tables[index] != table {
                continue;
            }
            let entry = self.archive.by_index(index).map_err(broken)?;
            let entry = Within::new(entry, &mut self.left);
            let mut lines = Lines::new(entry, "the archive is damaged");
            while lines.advance()? {
                let line = lines.line();
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                if !line.trim_ascii().is_empty() {
                    take(lines.number(), line)?;
                }
            }
        }
        Ok(())
    }
}

fn broken(_: ZipError) -> Damaged {
    Damaged::Unreadable("it is not an archive")
}

/// What an entry holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Table {
    /// `INNyyMMddNNZM_…`.
    Transactions,
    /// `INNyyMMddNNZME_…`.
    Adjustments,
    /// `RD…_…`.
    Summary,
}

/// What the name of an entry says: `INNyyMMddNNZM_777290058110048`.
struct EntryName {
    table: Table,
    digits: String,
    owner: String,
}

impl EntryName {
    fn read(name: &[u8]) -> Option<Self> {
        let (kind, owner) = std::str::from_utf8(name).ok()?.split_once('_')?;
        if owner.is_empty() || !owner.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        let (table, digits) = if let Some(digits) = kind.strip_prefix("RD") {
            (Table::Summary, digits)
        } else {
            let kind = kind.strip_prefix("INN")?;
            let (table, digits) = match kind.strip_suffix("ZME") {
                Some(digits) => (Table::Adjustments, digits),
                None => (Table::Transactions, kind.strip_suffix("ZM")?),
            };
            (table, Some(digits).filter(|digits| digits.len() == 8)?)
        };
        all_digits(digits).then(|| Self {
            table,
            digits: digits.to_owned(),
            owner: owner.to_owned(),
        })
    }

    fn is_of(&self, asked: &Asked<'_>) -> bool {
        let same_day = match self.table {
            Table::Transactions | Table::Adjustments => self.digits.starts_with(&asked.day),
            // Its digits are documented as a whole year and seen with others before the day.
            Table::Summary => self.digits.contains(&asked.day),
        };
        same_day && self.owner == asked.mer_id
    }
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Reads a line of ZM, or names what is wrong with it.
fn trade(line: &[u8], day: Timestamp) -> Result<TradeLine, &'static str> {
    let row = Row::cut(line).ok_or(WIDTH)?;
    let kind = match row.text(TXN_TYPE)? {
        "01" => TradeLineKind::Payment,
        "04" => TradeLineKind::Refund,
        "31" | "99" => TradeLineKind::Reversal,
        _ => return Err(TXN_TYPE.1),
    };
    let number = row.need(ORDER_ID)?;
    let (trade_no, order_no, refund_no) = match kind {
        TradeLineKind::Payment => (QUERY_ID, number, None),
        TradeLineKind::Refund | TradeLineKind::Reversal => (
            ORIGINAL_QUERY_ID,
            row.text(ORIGINAL_ORDER_ID)?,
            Some(whole(number)),
        ),
    };
    Ok(TradeLine {
        kind,
        order_no: order_no.to_owned(),
        trade_no: ChannelTradeNo::new(row.need(trade_no)?).map_err(|_| trade_no.1)?,
        refund_no,
        amount: fen(row.text(AMOUNT)?).ok_or(AMOUNT.1)?,
        fee: row.fee()?,
        at: time(row.text(SENT)?, day).ok_or(SENT.1)?,
        state: None,
    })
}

/// A refund's number. Ours have two characters more than the column, so a line holds all but the check
/// characters, and these follow from the rest. A number of somebody else stays as it is.
fn whole(number: &str) -> String {
    let complete = |check| format!("{number}{check}");
    check_characters::compute(number)
        .map(complete)
        .filter(|whole| number.len() == ORDER_ID_WIDTH && RefundNo::parse(whole).is_some())
        .unwrap_or_else(|| number.to_owned())
}

/// A line of ZM, cut into its columns.
struct Row<'a>(Vec<&'a [u8]>);

impl<'a> Row<'a> {
    /// Columns stand one space apart. After the last that must be there, a line may end anywhere, but a
    /// column that is cut off is left out rather than read in part. What follows the last is not known.
    fn cut(line: &'a [u8]) -> Option<Self> {
        let mut columns = Vec::with_capacity(WIDTHS.len());
        let mut rest = line;
        for width in WIDTHS {
            let Some((column, after)) = rest.split_at_checked(width) else {
                break;
            };
            columns.push(column);
            match after.split_first() {
                Some((b' ', next)) => rest = next,
                Some(_) => return None,
                None => break,
            }
        }
        (columns.len() >= COLUMNS_MIN).then_some(Self(columns))
    }

    /// What stands in a column, without the spaces that fill it; empty where the line ends before it.
    fn text(&self, Column(place, name): Column) -> Result<&'a str, &'static str> {
        let column: &'a [u8] = self.0.get(place - 1).copied().unwrap_or_default();
        let text = std::str::from_utf8(column.trim_ascii()).map_err(|_| name)?;
        let graphic = text.bytes().all(|byte| byte.is_ascii_graphic());
        graphic.then_some(text).ok_or(name)
    }

    fn need(&self, column: Column) -> Result<&'a str, &'static str> {
        let text = self.text(column)?;
        (!text.is_empty()).then_some(text).ok_or(column.1)
    }

    /// The side it was booked on, then fen. Kept from a payment or given back with a refund: the side
    /// says no more than the kind.
    fn fee(&self) -> Result<Option<Money>, &'static str> {
        let text = self.text(FEE)?;
        if text.is_empty() {
            return Ok(None);
        }
        let digits = text.strip_prefix(['C', 'D']).unwrap_or(text);
        fen(digits).map(Some).ok_or(FEE.1)
    }
}

/// Twelve digits.
fn fen(text: &str) -> Option<Money> {
    let whole = text.len() == 12 && all_digits(text);
    whole.then(|| text.parse().ok().map(Money::from_fen))?
}

/// `MMDDhhmmss` in Beijing, in whichever year puts it nearest to the day of the file: around New Year a
/// file holds lines of both.
fn time(text: &str, day: Timestamp) -> Option<Timestamp> {
    if text.len() != 10 || !all_digits(text) {
        return None;
    }
    let part = |from: usize| text.get(from..from + 2);
    let (month, date) = (part(0)?, part(2)?);
    let (hour, minute, second) = (part(4)?, part(6)?, part(8)?);
    let year: u32 = beijing::format(day).get(..4)?.parse().ok()?;
    (year.checked_sub(1)?..=year + 1)
        .filter_map(|year| {
            beijing::parse(&format!("{year}-{month}-{date} {hour}:{minute}:{second}"))
        })
        .min_by_key(|time| time.as_millis().abs_diff(day.as_millis()))
}

/// What the lines of ZM come to, in fen.
#[derive(Default)]
struct Totals {
    count: u64,
    unreadable: bool,
    /// Given to the merchant (贷).
    credit: u64,
    /// Taken from it (借).
    debit: u64,
}

impl Totals {
    fn add(&mut self, line: Option<&TradeLine>) {
        self.count += 1;
        let Some(line) = line else {
            self.unreadable = true;
            return;
        };
        let side = match line.kind {
            TradeLineKind::Payment => &mut self.credit,
            TradeLineKind::Refund | TradeLineKind::Reversal => &mut self.debit,
        };
        *side = side.saturating_add(line.amount.minor());
    }

    /// Compares with a line of a summary, as far as lines could be read. The summary is made for people:
    /// a line of it that is no total (总计) of the known form has nothing to compare with.
    fn agree_with(&self, line: &[u8]) -> Result<(), Damaged> {
        let line = encoding_rs::GBK.decode_without_bom_handling(line).0;
        let Some((count, debit, credit)) = stated(&line) else {
            return Ok(());
        };
        let sums = self.debit == debit.minor() && self.credit == credit.minor();
        let right = self.count == count && (sums || self.unreadable);
        right.then_some(()).ok_or(Damaged::DoesNotAddUp)
    }
}

/// A total: the number of transactions, and what was taken and given; fees and balances follow.
fn stated(line: &str) -> Option<(u64, Money, Money)> {
    let mut cells = line.split_whitespace();
    if cells.next()? != "总计" {
        return None;
    }
    let count = cells.next()?.parse().ok()?;
    let mut amount = || yuan::parse(&cells.next()?.replace(',', ""));
    Some((count, amount()?, amount()?))
}
