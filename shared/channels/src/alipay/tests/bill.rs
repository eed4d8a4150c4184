//! Bills: asked for, fetched from an address that is believed with care, and checked line by line.

use std::io::Write as _;
use std::path::Path;

use jiff::civil::{Date, date};
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;

use super::request::sent;
use super::response::refused;
use super::*;
use crate::http::{CannotSend, HttpRequest, Verb};
use crate::registry::{Secrets, statements};
use crate::statement::{
    Damaged, Direction, Offer, Seal, Statement, StatementKind, StatementSource, TradeLineKind,
};

const DAY: Date = date(2026, 11, 20);
const BILL: &str = "alipay.data.dataservice.bill.downloadurl.query";
const FILE: &str = "20880000000000010156_20261120_业务明细.csv";
const SUMMARY: &str = "20880000000000010156_20261120_业务明细(汇总).csv";
const HEADER: &str = "支付宝交易号,商户订单号,业务类型,商品名称,完成时间,订单金额（元）,商家实收（元）,退款批次号/请求号,服务费（元）,新的一列";

fn source(settings: &Value) -> Box<dyn StatementSource> {
    let secret = json!({ "private_key": MERCHANT_KEY }).to_string();
    let secrets = Secrets {
        signing: Some(&secret),
        receiving: None,
    };
    statements(Channel::Alipay, &settings.to_string(), secrets).unwrap()
}

fn now() -> Timestamp {
    at("2026-11-21 10:00:00")
}

fn gbk(text: &str) -> Vec<u8> {
    encoding_rs::GBK.encode(text).0.into_owned()
}

/// An archive with these entries. Names are bytes without the mark of UTF-8, as Alipay's are, which the
/// crate does not write: so they are put in afterwards, over names of the same length.
fn archive(entries: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let mut names = Vec::new();
    for (index, (name, bytes)) in entries.iter().enumerate() {
        let place = format!("{index:x}").repeat(name.len());
        writer
            .start_file(&place, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(bytes).unwrap();
        names.push((place.into_bytes(), *name));
    }
    let mut file = writer.finish().unwrap().into_inner();
    for (place, name) in names {
        let mut start = 0;
        while let Some(found) = file[start..].windows(place.len()).position(|w| w == place) {
            start += found;
            file[start..start + place.len()].copy_from_slice(name);
        }
    }
    file
}

fn bill(text: &str) -> Vec<u8> {
    let (file, summary) = (gbk(FILE), gbk(SUMMARY));
    archive(&[(&summary, &gbk("#汇总")), (&file, &gbk(text))])
}

fn opened(kind: StatementKind, file: &[u8]) -> Result<Statement, Damaged> {
    source(&settings()).open(kind, DAY, file, None)
}

#[test]
fn the_call_names_the_day_and_the_kind() {
    let source = source(&settings());
    let day = DAY;
    for (kind, name) in [
        (StatementKind::Trades, "trade"),
        (StatementKind::Funds, "signcustomer"),
    ] {
        let (_, content) = sent(source.request(kind, day, now()), BILL);
        assert_eq!(
            content,
            json!({ "bill_type": name, "bill_date": "2026-11-20" })
        );
    }
    let settings = settings().to_string();
    let source = statements(Channel::Alipay, &settings, Secrets::default()).unwrap();
    let request = source.request(StatementKind::Trades, day, now());
    assert_eq!(request, Err(CannotSend::NoSecret));
}

#[test]
fn offers() {
    let offer = |settings: &Value, answer: &HttpAnswer| {
        let day = DAY;
        source(settings).read_offer(StatementKind::Trades, day, answer, now())
    };
    let at = |url: &str| said(BILL, &json!({ "code": "10000", "bill_download_url": url }));
    let url = "https://dwbillcenter.example.com/downloadBillFile.resource?token=1&a=%2B";
    let Offer::Download { request, seal } = offer(&settings(), &at(url)) else {
        panic!("an address");
    };
    assert_eq!(seal, None);
    let HttpRequest {
        verb,
        headers,
        body,
        ..
    } = &request;
    assert_eq!((*verb, request.url.as_str()), (Verb::Get, url));
    assert!(
        headers.is_empty() && body.is_empty(),
        "nothing of ours goes along"
    );
    // Without TLS only from a gateway that has none either.
    let plain = "http://127.0.0.1:9000/alipay/bills/1";
    assert_eq!(offer(&settings(), &at(plain)), Offer::NoAnswer);
    let mut local = settings();
    local["gateway"] = json!("http://127.0.0.1:9000/alipay/gateway.do");
    assert!(matches!(offer(&local, &at(plain)), Offer::Download { .. }));
    for url in [
        "",
        "file:///etc/passwd",
        "https://a b",
        "https://a\nb",
        "ftp://a",
    ] {
        assert_eq!(offer(&local, &at(url)), Offer::NoAnswer, "{url:?}");
    }
    for (code, sub_code, expected) in [
        ("40004", "isp.bill_not_exist", Offer::Nothing),
        ("40004", "BILL_NOT_EXIST", Offer::Nothing),
        ("40004", "bill_not_exist", Offer::Nothing),
        ("20000", "isp.bill_not_exist", Offer::Nothing),
        ("40004", "isp.invalid_arguments", Offer::NoAnswer),
        ("40004", "INVAILID_ARGUMENTS", Offer::NoAnswer),
        ("40004", "ACQ.SYSTEM_ERROR", Offer::NoAnswer),
        ("20000", "isp.unknow-error", Offer::NoAnswer),
        ("40005", "isv.app-call-limited", Offer::NoAnswer),
        ("40006", "", Offer::NoAnswer),
    ] {
        let said = said(BILL, &refused(code, sub_code));
        assert_eq!(offer(&settings(), &said), expected, "{sub_code}");
    }
    let unsigned = String::from_utf8(at(url).body)
        .unwrap()
        .replace("token=1", "token=2");
    assert_eq!(offer(&settings(), &answer(unsigned)), Offer::NoAnswer);
}

#[test]
fn the_published_samples_add_up() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors/bills");
    for name in [
        "alipay_trade_detail_2019-09-16.gbk.csv",
        "alipay_trade_detail_2019-09-16.utf8.csv",
    ] {
        let text = match std::fs::read(folder.join(name)) {
            Ok(text) => text,
            Err(error) if std::env::var_os("CI").is_some() => {
                panic!("CI must have {name}: {error}")
            }
            Err(_) => return,
        };
        let file = archive(&[(&gbk(FILE), &text), (&gbk(SUMMARY), b"")]);
        let statement = opened(StatementKind::Trades, &file).unwrap();
        let lines: Vec<_> = statement.trades.into_iter().map(Result::unwrap).collect();
        let sum = |kind| {
            let lines = lines.iter().filter(|line| line.kind == kind);
            lines.fold((0, 0), |(count, fen), line| {
                (count + 1, fen + line.amount.minor())
            })
        };
        assert_eq!(sum(TradeLineKind::Payment), (6, 6));
        assert_eq!(sum(TradeLineKind::Refund), (4, 4));
        let refund = &lines[1];
        assert_eq!(refund.order_no, "service_1568601259302");
        assert_eq!(refund.trade_no.as_str(), "2019091622001458860515315453");
        assert_eq!(refund.refund_no.as_deref(), Some("re_test_1568602607356"));
        assert_eq!(refund.at, at("2019-09-16 10:56:48"));
        assert_eq!(refund.fee, Some(Money::from_fen(0)));
        assert_eq!(lines[0].refund_no, None);
        // One payment less, and the bill no longer is what it says it is.
        let end = text.iter().rposition(|&byte| byte == b'*').unwrap();
        let before = text[..end].iter().rposition(|&byte| byte == b'\n').unwrap();
        let after = end + text[end..].iter().position(|&byte| byte == b'\n').unwrap();
        let shorter = [&text[..before], &text[after..]].concat();
        let file = archive(&[(&gbk(FILE), &shorter)]);
        assert_eq!(
            opened(StatementKind::Trades, &file),
            Err(Damaged::DoesNotAddUp)
        );
    }
}

/// A bill with these rows and this summary.
fn day(rows: &[&str], payments: &str, refunds: &str) -> String {
    let rows: String = rows.iter().map(|row| format!("{row}\r\n")).collect();
    format!(
        "#支付宝业务明细查询\r\n#账号：[1]\r\n{HEADER}\r\n{rows}#----业务明细列表结束----\r\n#交易合计：{payments}元，商家优惠共0.00元\r\n#退款合计：{refunds}元，商家优惠退款共0.00元\r\n#导出时间：[2026年11月21日 09:00:00]\r\n"
    )
}

const PAID: &str = "2026112022001\t,P7A\t,交易,茶,2026-11-20 22:15:30,19.99,19.99,\t,-0.12,";
const BACK: &str = "2026112022001\t,P7A\t,退款,茶,2026-11-20 22:40:00,-5.00,-5.00,R7A\t,0.03,";

#[test]
fn lines_are_read_by_the_names_of_their_columns() {
    let quoted = "2026112022002\t,P7B\t,交易,\"茶,水\",2026-11-20 23:00:00,0.01,0.01,\t,,";
    let mark = "2026112022003\t,P7C\t,交易,\"茶,2026-11-20 23:00:01,0.01,0.01,\t,,";
    let text = day(
        &[PAID, BACK, quoted, mark],
        "3笔，商家实收共20.01",
        "1笔，商家实收退款共-5.00",
    );
    let statement = opened(StatementKind::Trades, &bill(&text)).unwrap();
    let lines: Vec<_> = statement.trades.into_iter().map(Result::unwrap).collect();
    let read: Vec<_> = lines
        .iter()
        .map(|line| {
            (
                line.order_no.as_str(),
                line.kind,
                line.amount.minor(),
                line.fee.map(Money::minor),
            )
        })
        .collect();
    assert_eq!(
        read,
        [
            ("P7A", TradeLineKind::Payment, 1999, Some(12)),
            ("P7A", TradeLineKind::Refund, 500, Some(3)),
            ("P7B", TradeLineKind::Payment, 1, None),
            ("P7C", TradeLineKind::Payment, 1, None),
        ]
    );
}

#[test]
fn a_bill_that_does_not_add_up_is_refused() {
    for (payments, refunds) in [
        ("2笔，商家实收共19.99", "1笔，商家实收退款共-5.00"),
        ("0笔，商家实收共19.99", "2笔，商家实收退款共-5.00"),
        ("1笔，商家实收共19.98", "1笔，商家实收退款共-5.00"),
        ("1笔，商家实收共19.99", "1笔，商家实收退款共-5.01"),
        ("1笔，商家实收共19.99", "0笔，商家实收退款共0.00"),
        ("many笔，商家实收共19.99", "1笔，商家实收退款共-5.00"),
    ] {
        let file = bill(&day(&[PAID, BACK], payments, refunds));
        assert_eq!(
            opened(StatementKind::Trades, &file),
            Err(Damaged::DoesNotAddUp),
            "{payments} {refunds}"
        );
    }
    let good = day(
        &[PAID, BACK],
        "1笔，商家实收共19.99",
        "1笔，商家实收退款共-5.00",
    );
    assert!(opened(StatementKind::Trades, &bill(&good)).is_ok());
    let end = good.find("#退款合计").unwrap();
    let cut = opened(StatementKind::Trades, &bill(&good[..end]));
    assert_eq!(cut, Err(Damaged::DoesNotAddUp));
    let empty = day(&[], "0笔，商家实收共0.00", "0笔，商家实收退款共0.00");
    assert_eq!(
        opened(StatementKind::Trades, &bill(&empty)),
        Ok(Statement::default())
    );
    let other = good.replace("订单金额（元）", "金额");
    let missing = opened(StatementKind::Trades, &bill(&other));
    assert_eq!(missing, Err(Damaged::Unreadable("订单金额(元)")));
}

/// F87.
#[test]
fn a_line_that_cannot_be_read_stands_in_its_place() {
    for (row, field) in [
        (PAID.replace("19.99,19.99", "1e3,19.99"), "订单金额(元)"),
        (PAID.replace("19.99,19.99", "-19.99,19.99"), "订单金额(元)"),
        (PAID.replace("2026-11-20 22", "2026/11/20 22"), "完成时间"),
        (PAID.replace("P7A", ""), "商户订单号"),
        (PAID.replace("交易,", "调账,"), "业务类型"),
        (format!("{PAID},more"), "业务类型"),
    ] {
        let text = day(
            &[&row, BACK],
            "1笔，商家实收共19.99",
            "1笔，商家实收退款共-5.00",
        );
        let statement = opened(StatementKind::Trades, &bill(&text)).unwrap();
        let line = statement.trades[0].clone().unwrap_err();
        assert_eq!((line.number, line.field), (4, field), "{row}");
        assert!(statement.trades[1].is_ok());
    }
    // The sign of a refund's amount is part of what it says.
    let row = BACK.replace("-5.00,-5.00", "5.00,-5.00");
    let text = day(
        &[PAID, &row],
        "1笔，商家实收共19.99",
        "1笔，商家实收退款共-5.00",
    );
    let statement = opened(StatementKind::Trades, &bill(&text)).unwrap();
    assert_eq!(
        statement.trades[1].clone().unwrap_err().field,
        "订单金额(元)"
    );
}

#[test]
fn movements_of_the_balance() {
    let text = "#支付宝账务明细查询\n#-----账务明细列表-----\n\
        账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注\n\
        501\t,2026112022001\t,P7A\t,茶\t,2026-11-20 22:15:30,x\t,19.99,0.00,119.99,支付宝,在线支付,\n\
        502\t,2026112022001\t,P7A\t,茶\t,2026-11-20 22:40:00,x\t,,-5.00,114.99,支付宝,交易退款,\n\
        503\t,2026112022001\t,P7A\t,\t,2026-11-20 22:41:00,\t,0.00,0.12,114.87,支付宝,收费,\n\
        #-----账务明细列表结束-----\n#支出合计：2笔，共5.12元\n#收入合计：1笔，共19.99元\n";
    let name = gbk("2088_20261120_账务明细.csv");
    let file = |text: &str| archive(&[(&name, &gbk(text))]);
    let statement = opened(StatementKind::Funds, &file(text)).unwrap();
    let lines: Vec<_> = statement.funds.into_iter().map(Result::unwrap).collect();
    let read: Vec<_> = lines
        .iter()
        .map(|line| {
            (
                line.flow_no.as_str(),
                line.direction,
                line.amount.minor(),
                line.balance.map(Money::minor),
                line.business.as_str(),
            )
        })
        .collect();
    assert_eq!(
        read,
        [
            ("501", Direction::In, 1999, Some(11_999), "在线支付"),
            ("502", Direction::Out, 500, Some(11_499), "交易退款"),
            ("503", Direction::Out, 12, Some(11_487), "收费"),
        ]
    );
    assert_eq!(lines[0].trade_no, "2026112022001");
    assert_eq!(lines[0].at, at("2026-11-20 22:15:30"));
    for (from, to) in [
        ("2笔，共5.12", "2笔，共5.11"),
        ("1笔，共19.99", "2笔，共19.99"),
        ("#收入合计", "#收入"),
    ] {
        let other = text.replace(from, to);
        assert_eq!(
            opened(StatementKind::Funds, &file(&other)),
            Err(Damaged::DoesNotAddUp),
            "{to}"
        );
    }
    let both = text.replace("19.99,0.00", "19.99,1.00");
    let statement = opened(StatementKind::Funds, &file(&both)).unwrap();
    assert_eq!(statement.funds[0].clone().unwrap_err().number, 4);
}

#[test]
fn hostile_archives_are_refused() {
    let good = day(&[], "0笔，商家实收共0.00", "0笔，商家实收退款共0.00");
    let (name, text) = (gbk(FILE), gbk(&good));
    let unreadable = |file: &[u8]| {
        let opened = opened(StatementKind::Trades, file);
        assert!(matches!(opened, Err(Damaged::Unreadable(_))), "{opened:?}");
    };
    assert!(opened(StatementKind::Trades, &archive(&[(&name, &text)])).is_ok());
    unreadable(b"");
    unreadable(&text);
    unreadable(b"<html>expired</html>");
    unreadable(&archive(&[]));
    unreadable(&archive(&[(&gbk(SUMMARY), &text)]));
    unreadable(&archive(&[(&name, &text), (b"evil.exe", b"")]));
    unreadable(&archive(&[(&name, &text), (&gbk("2_业务明细.csv"), &text)]));
    let many: Vec<Vec<u8>> = (0..8).map(|n| gbk(&format!("{n}_汇总.csv"))).collect();
    let mut entries: Vec<(&[u8], &[u8])> = many
        .iter()
        .map(|name| (name.as_slice(), &b""[..]))
        .collect();
    entries.push((&name, &text));
    unreadable(&archive(&entries));
    let file = archive(&[(&name, &text)]);
    unreadable(&file[..file.len() / 2]);
    // Whatever an entry says of its length, no more than the limit is unpacked.
    let bomb = archive(&[(&name, &vec![b'\n'; 1 << 20])]);
    assert!(bomb.len() < 1 << 12);
    let within = |bytes_max| {
        let mut file = std::io::Cursor::new(&bomb);
        let (kind, take) = (StatementKind::Trades, &mut |_| ());
        super::super::statement::read_within(kind, &mut file, bytes_max, take)
    };
    let too_long = Damaged::Unreadable("it is too long");
    assert_eq!(within((1 << 20) - 1), Err(too_long));
    assert_ne!(within(1 << 20), Err(too_long));
    let seal = Seal::Sha1(String::new());
    let sealed = source(&settings()).open(StatementKind::Trades, DAY, &file, Some(&seal));
    assert_eq!(sealed, Err(Damaged::WrongSeal));
}
