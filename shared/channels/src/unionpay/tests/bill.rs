//! Settlement files: the one of UnionPay's own demo, and files written here.

use std::io::{Cursor, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use jiff::civil::{Date, date};
use payonce_domain::RefundForm;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::super::bill;
use super::{MER_ID, UnionpayStatements, settings};
use crate::beijing;
use crate::statement::{
    Damaged, Statement, StatementKind, StatementLine, StatementSource, TradeLine, TradeLineKind,
    UnreadableLine,
};
use crate::transport::STATEMENT_BYTES_MAX;

const ZM: &str = "INN26010101ZM_777290058110048";
const ZME: &str = "INN26010101ZME_777290058110048";
const RD: &str = "RD201026010101_777290058110048";

const DAY: Date = date(2026, 1, 1);

const BROKEN_NAME: Damaged = Damaged::Unreadable("the archive has an entry of another name");

/// A line of ZM: each column is put at its offset in an otherwise blank line of 607 bytes.
fn line(columns: &[(usize, &str)]) -> Vec<u8> {
    let mut line = vec![b' '; 607];
    for (offset, text) in columns {
        line[*offset..*offset + text.len()].copy_from_slice(text.as_bytes());
    }
    line
}

/// Offsets of columns 5, 7, 10, 12, 16, 20, 27 and 41.
const TIME: usize = 35;
const AMOUNT: usize = 66;
const QUERY: usize = 87;
const ORDER: usize = 112;
const FEE: usize = 166;
const TYPE: usize = 215;
const ORIGINAL: usize = 271;
const ORIGINAL_ORDER: usize = 476;

fn payment() -> Vec<u8> {
    line(&[
        (0, "S56"),
        (TIME, "1231233001"),
        (AMOUNT, "000000010000"),
        (QUERY, "202512312330011234567"),
        (ORDER, "P1001"),
        (FEE, "D000000000060"),
        (TYPE, "01"),
    ])
}

fn back(kind: &str) -> Vec<u8> {
    line(&[
        (0, "S30"),
        (TIME, "0101010203"),
        (AMOUNT, "000000002500"),
        (QUERY, "202601010102037654321"),
        (ORDER, "R2001"),
        (FEE, "C000000000015"),
        (TYPE, kind),
        (ORIGINAL, "202512312330011234567"),
        (ORIGINAL_ORDER, "P1001"),
    ])
}

fn table(lines: &[Vec<u8>]) -> Vec<u8> {
    lines
        .iter()
        .flat_map(|line| [line.as_slice(), b"\r\n"].concat())
        .collect()
}

fn summary(count: u32, debit: &str, credit: &str) -> Vec<u8> {
    let text =
        format!("交易类型\r\n总计   {count}   {debit}   {credit}   0.60   0.15   0.00   0.00\r\n");
    encoding_rs::GBK.encode(&text).0.into_owned()
}

fn sealed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    STANDARD.encode(encoder.finish().unwrap()).into_bytes()
}

fn file(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    sealed(&zip.finish().unwrap().into_inner())
}

fn open(file: &[u8]) -> Result<Statement, Damaged> {
    open_of(file, MER_ID, DAY)
}

fn open_of(file: &[u8], mer_id: &str, day: Date) -> Result<Statement, Damaged> {
    open_all(file, mer_id, day, STATEMENT_BYTES_MAX)
}

fn open_within(file: &[u8], bytes_max: usize) -> Result<Statement, Damaged> {
    open_all(file, MER_ID, DAY, bytes_max)
}

fn open_all(file: &[u8], mer_id: &str, day: Date, bytes_max: usize) -> Result<Statement, Damaged> {
    let mut statement = Statement::default();
    let mut file = Cursor::new(file);
    bill::read_within(&mut file, mer_id, day, bytes_max, &mut |line| {
        statement.trades.push(match line {
            Ok(StatementLine::Trade(line)) => Ok(line),
            Ok(StatementLine::Fund(line)) => panic!("{line:?}"),
            Err(line) => Err(line),
        });
    })?;
    Ok(statement)
}

/// Opens what lies beside the checkout.
fn open_sample(file: &[u8]) -> Result<Statement, Damaged> {
    open_of(file, "802310048993424", date(2015, 9, 5))
}

fn only(line: &[u8]) -> Result<TradeLine, UnreadableLine> {
    let mut statement = open(&file(&[(ZM, line)])).unwrap();
    assert_eq!(statement.trades.len(), 1);
    statement.trades.remove(0)
}

fn with(mut line: Vec<u8>, offset: usize, bytes: &[u8]) -> Vec<u8> {
    line[offset..offset + bytes.len()].copy_from_slice(bytes);
    line
}

fn sample(name: &str) -> Option<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/vectors/bills")
        .join(name);
    match std::fs::read(&path) {
        Ok(bytes) => Some(bytes),
        Err(error) if std::env::var_os("CI").is_some() => {
            panic!("CI must have {}: {error}", path.display())
        }
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "a skipped test has to say so")]
            {
                eprintln!("SKIPPED: no vectors at {}: {error}", path.display());
            }
            None
        }
    }
}

#[test]
fn the_demo_file_adds_up() {
    let Some(zip) = sample("unionpay_802310048993424_20150905.zip") else {
        return;
    };
    let statement = open_sample(&sealed(&zip)).unwrap();
    let trades: Vec<_> = statement.trades.into_iter().map(Result::unwrap).collect();
    assert_eq!(trades.len(), 8);
    let sum: u64 = trades.iter().map(|line| line.amount.minor()).sum();
    let fees: u64 = trades.iter().map(|line| line.fee.unwrap().minor()).sum();
    assert_eq!((sum, fees), (1_322_700, 7_936));
    let first = &trades[0];
    assert_eq!(first.kind, TradeLineKind::Payment);
    assert_eq!(first.order_no, "10078087");
    assert_eq!(first.trade_no.as_str(), "201509061122031906248");
    assert_eq!(Some(first.at), beijing::parse("2015-09-06 11:22:03"));
}

#[test]
fn a_demo_file_without_its_last_line_does_not_add_up() {
    let (Some(zm), Some(rd)) = (
        sample("INN15090588ZM_802310048993424"),
        sample("RD201015090501_802310048993424"),
    ) else {
        return;
    };
    let names = (
        "INN15090588ZM_802310048993424",
        "RD201015090501_802310048993424",
    );
    assert!(open_sample(&file(&[(names.0, &zm), (names.1, &rd)])).is_ok());
    let short = file(&[(names.0, &zm[..7 * 609]), (names.1, &rd)]);
    assert_eq!(open_sample(&short), Err(Damaged::DoesNotAddUp));
}

#[test]
fn payments_refunds_and_reversals_are_read_across_new_year() {
    let lines = [payment(), back("04"), back("31"), back("99")];
    let zm = table(&lines);
    let rd = summary(4, "75.00", "100.00");
    let opened = open(&file(&[(ZM, &zm), (ZME, b""), (RD, &rd)])).unwrap();
    let trades: Vec<_> = opened.trades.into_iter().map(Result::unwrap).collect();
    let kinds: Vec<_> = trades.iter().map(|line| line.kind).collect();
    assert_eq!(
        kinds,
        [
            TradeLineKind::Payment,
            TradeLineKind::Refund,
            TradeLineKind::Reversal,
            TradeLineKind::Reversal
        ]
    );
    for line in &trades {
        assert_eq!(line.order_no, "P1001");
        assert_eq!(line.trade_no.as_str(), "202512312330011234567");
    }
    assert_eq!(trades[0].refund_no, None);
    assert_eq!(trades[0].amount.minor(), 10_000);
    assert_eq!(trades[0].fee.unwrap().minor(), 60);
    assert_eq!(Some(trades[0].at), beijing::parse("2025-12-31 23:30:01"));
    assert_eq!(trades[1].refund_no.as_deref(), Some("R2001"));
    assert_eq!(trades[1].amount.minor(), 2_500);
    assert_eq!(trades[1].fee.unwrap().minor(), 15);
    assert_eq!(Some(trades[1].at), beijing::parse("2026-01-01 01:02:03"));
}

/// A column of 32 characters, and numbers of 34: matched by what stands there, no refund of ours would
/// ever be found.
#[test]
fn a_refund_of_ours_has_its_whole_number_again() {
    let no = super::refund(RefundForm::Refund).no.to_string();
    let refund_no = |text: &str| {
        let line = with(back("04"), ORDER, text.as_bytes());
        only(&line).unwrap().refund_no.unwrap()
    };
    assert_eq!(no.len(), 34);
    assert_eq!(refund_no(&no[..32]), no);
    for others in [
        "R".repeat(32),
        no.to_lowercase()[..32].to_owned(),
        no[..31].to_owned(),
    ] {
        assert_eq!(refund_no(&others), others);
    }
}

#[test]
fn the_year_after_the_files_is_found_too() {
    let name = "INN25123101ZM_777290058110048";
    let day = date(2025, 12, 31);
    let opened = open_of(&file(&[(name, &back("04"))]), MER_ID, day).unwrap();
    let line = opened.trades[0].as_ref().unwrap();
    assert_eq!(Some(line.at), beijing::parse("2026-01-01 01:02:03"));
}

#[test]
fn a_summary_of_other_lines_is_noticed() {
    let zm = table(&[payment(), back("04")]);
    for (rd, right) in [
        (summary(2, "25.00", "100.00"), true),
        (summary(3, "25.00", "100.00"), false),
        (summary(2, "25.01", "100.00"), false),
        (summary(2, "25.00", "99.99"), false),
        (b"no total".to_vec(), true),
    ] {
        let opened = open(&file(&[(ZM, &zm), (RD, &rd)]));
        assert_eq!(opened.err(), (!right).then_some(Damaged::DoesNotAddUp));
    }
}

/// F87.
#[test]
fn an_unreadable_line_keeps_its_place_and_is_counted() {
    let zm = table(&[payment(), b"S56 880229".to_vec(), back("04")]);
    let rd = summary(3, "25.00", "100.00");
    let opened = open(&file(&[(ZM, &zm), (RD, &rd)])).unwrap();
    assert!(opened.trades[0].is_ok() && opened.trades[2].is_ok());
    let unreadable = UnreadableLine {
        number: 2,
        field: "行宽",
    };
    assert_eq!(opened.trades[1], Err(unreadable));
    let fewer = summary(2, "25.00", "100.00");
    let opened = open(&file(&[(ZM, &zm), (RD, &fewer)]));
    assert_eq!(opened, Err(Damaged::DoesNotAddUp));
}

#[test]
fn each_wrong_column_is_named() {
    for (bytes, offset, field) in [
        (&b"1331233001"[..], TIME, "交易传输时间"),
        (b"00000001.000", AMOUNT, "交易金额"),
        (b"                     ", QUERY, "查询流水号"),
        (b"     ", ORDER, "商户订单号"),
        (b"\xd2\xf8\xc1\xaa ", ORDER, "商户订单号"),
        (b"X000000000060", FEE, "商户手续费"),
        (b"02", TYPE, "交易类型"),
        (b"x", QUERY - 1, "行宽"),
    ] {
        let error = only(&with(payment(), offset, bytes)).unwrap_err();
        assert_eq!((error.number, error.field), (1, field));
    }
    let unlinked = with(back("04"), ORIGINAL, &[b' '; 21]);
    assert_eq!(only(&unlinked).unwrap_err().field, "原交易查询流水号");
}

#[test]
fn short_lines_of_older_files_are_read_and_a_cut_column_is_not() {
    // 359 bytes are the first 31 columns.
    let mut refund = only(&back("04")).unwrap();
    assert_eq!(refund.order_no, "P1001");
    refund.order_no.clear();
    for end in [359, 360, 373, ORIGINAL_ORDER + 3] {
        assert_eq!(only(&back("04")[..end]), Ok(refund.clone()), "{end}");
    }
    assert_eq!(only(&back("04")[..358]).unwrap_err().field, "行宽");
}

#[test]
fn columns_are_cut_by_bytes_and_lines_may_end_with_lf_alone() {
    // 银联 in GBK, in the column of the merchant's own text (35).
    let named = with(payment(), 397, b"\xd2\xf8\xc1\xaa");
    let zm = [named.as_slice(), b"\n", &back("04"), b"\n\n"].concat();
    let opened = open(&file(&[(ZM, &zm)])).unwrap();
    assert_eq!(opened.trades.len(), 2);
    assert!(opened.trades.iter().all(Result::is_ok));
}

#[test]
fn adjustments_are_shown_but_not_summed() {
    let zm = table(&[payment()]);
    let rd = summary(1, "0.00", "100.00");
    let opened = open(&file(&[(ZME, b"E74 880\r\n"), (ZM, &zm), (RD, &rd)])).unwrap();
    assert!(opened.trades[0].is_ok());
    let shown = UnreadableLine {
        number: 1,
        field: "差错交易",
    };
    assert_eq!(opened.trades[1..], [Err(shown)]);
}

#[test]
fn an_empty_table_is_an_empty_bill_and_a_missing_one_is_none() {
    assert_eq!(open(&file(&[(ZM, b"")])), Ok(Statement::default()));
    let missing = Damaged::Unreadable("the archive has no ZM entry");
    assert_eq!(open(&file(&[(ZME, b"")])), Err(missing));
}

#[test]
fn other_names_are_refused() {
    for name in [
        "../INN26010101ZM_777290058110048",
        "INN26010101ZM_7772/90058110048",
        "INN26010101ZM_",
        "INN260101ZM_777290058110048",
        "INN26010101ZX_777290058110048",
        "银联",
    ] {
        assert_eq!(open(&file(&[(name, b"")])), Err(BROKEN_NAME), "{name}");
    }
}

/// It is asked for by month and date, so another year's file looks as right as this one.
#[test]
fn another_days_or_merchants_file_is_refused() {
    let zm = table(&[payment()]);
    let secrets = crate::registry::Secrets::default();
    let source = UnionpayStatements::open(&settings().to_string(), secrets).unwrap();
    let opened = |entries: &[(&str, &[u8])]| {
        let kind = StatementKind::Trades;
        source.open(kind, DAY, &file(entries), None).map(|_| ())
    };
    assert_eq!(opened(&[(ZM, &zm), (ZME, b""), (RD, b"")]), Ok(()));
    assert_eq!(
        opened(&[(ZM, &zm), ("RD2026010101_777290058110048", b"")]),
        Ok(())
    );
    for (zm_name, zme_name, rd_name) in [
        ("INN25010101ZM_777290058110048", ZME, RD),
        ("INN26010201ZM_777290058110048", ZME, RD),
        ("INN26130101ZM_777290058110048", ZME, RD),
        ("INN26010101ZM_777290058110049", ZME, RD),
        (ZM, "INN25010101ZME_777290058110048", RD),
        (ZM, "INN26010101ZME_777290058110049", RD),
        (ZM, ZME, "RD201025010101_777290058110048"),
        (ZM, ZME, "RD201026010101_777290058110049"),
    ] {
        let told = opened(&[(zm_name, &zm), (zme_name, b""), (rd_name, b"")]);
        assert_eq!(
            told,
            Err(Damaged::Another),
            "{zm_name} {zme_name} {rd_name}"
        );
    }
}

#[test]
fn hostile_files_are_refused() {
    let names: Vec<_> = (0..17)
        .map(|index| format!("RD201026010101{index}_{MER_ID}"))
        .collect();
    let entries: Vec<_> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    let many = Damaged::Unreadable("the archive has too many entries");
    assert_eq!(open(&file(&entries)), Err(many));

    let long = Err(Damaged::Unreadable("it is too long"));
    let bomb = vec![b' '; 100_000];
    assert_eq!(open_within(&sealed(&bomb), 50_000), long);
    // Each entry is within the limit, both together are not.
    let two = file(&[(ZM, &bomb[..30_000]), (RD, &bomb[..30_000])]);
    assert_eq!(open_within(&two, 50_000), long);
    assert!(open_within(&two, 60_000).is_ok());
}

#[test]
fn what_is_not_whole_is_refused() {
    let zm = table(&[payment()]);
    let whole = file(&[(ZM, &zm)]);
    assert!(open(&whole).is_ok());
    assert!(open(b"").is_err());
    assert!(open(b"!").is_err());
    assert!(open(&sealed(b"garbage")).is_err());
    for end in 0..whole.len() {
        assert!(open(&whole[..end]).is_err(), "{end}");
    }
    let deflated = STANDARD.decode(&whole).unwrap();
    let followed = STANDARD.encode([deflated.as_slice(), b"more"].concat());
    assert!(open(followed.as_bytes()).is_err());
}
