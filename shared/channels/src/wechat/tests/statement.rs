//! Bills: how they are asked for, where they may be fetched, and when they are believed.

use std::io::Write as _;

use jiff::civil::{Date, date};

use super::super::statement::{Plain, sha1};
use super::*;
use crate::registry::statements;
use crate::statement::{
    Damaged, Direction, Offer, Seal, Statement, StatementKind, StatementSource, TradeLineKind,
};

const DAY: Date = date(2026, 11, 20);
const HEADER: &str = "交易时间,公众账号ID,商户号,微信订单号,商户订单号,交易状态,货币种类,商户退款单号,退款状态,商品名称,手续费,订单金额,申请退款金额";
const TOTALS: &str = "总交易单数,手续费总金额,订单总金额,申请退款总金额";
const PAYMENT: &str = "`2026-11-20 22:15:30,`wx1,`1900000001,`4200001,`P1,`SUCCESS,`CNY,`0,`,`茶, 水,`0.11950,`19.99,`0.00";
const REFUND: &str = "`2026-11-20 22:40:00,`wx1,`1900000001,`4200001,`P1,`REFUND,`CNY,`R1,`PROCESSING,`茶,`-0.02990,`0.00,`5.00";

fn source() -> Box<dyn StatementSource> {
    source_of(&account())
}

fn source_of(settings: &Value) -> Box<dyn StatementSource> {
    let secrets = Secrets {
        signing: Some(&signing()),
        receiving: None,
    };
    statements(Channel::Wechat, &settings.to_string(), secrets).unwrap()
}

fn bill(lines: &[&str]) -> String {
    format!("\u{feff}{}\r\n", lines.join("\r\n"))
}

fn open(kind: StatementKind, text: &str) -> Result<Statement, Damaged> {
    let seal = Seal::Sha1(sha1(text.as_bytes()));
    source().open(kind, DAY, text.as_bytes(), Some(&seal))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn each_bill_is_asked_for_packed() {
    let day = DAY;
    for (kind, target) in [
        (
            StatementKind::Trades,
            "tradebill?bill_date=2026-11-20&bill_type=ALL&tar_type=GZIP",
        ),
        (
            StatementKind::Funds,
            "fundflowbill?bill_date=2026-11-20&account_type=BASIC&tar_type=GZIP",
        ),
    ] {
        let request = source().request(kind, day, now()).unwrap();
        assert_eq!(request.url, format!("{GATEWAY}/v3/bill/{target}"));
        assert!(request.body.is_empty());
    }
}

fn offer_of(settings: &Value, answer: &HttpAnswer) -> Offer {
    let (kind, day) = (StatementKind::Trades, DAY);
    source_of(settings).read_offer(kind, day, answer, now())
}

#[test]
fn a_file_is_fetched_from_hosts_of_the_account_only() {
    let hash = "dcd7ceb3d382a1181798368bb15d8437de46c00f";
    let offered = |settings: &Value, url: &str| {
        let body = json!({ "hash_type": "SHA1", "hash_value": hash, "download_url": url });
        offer_of(settings, &said(200, &body))
    };
    let url = "https://api.example.com/v3/billdownload/file?token=6XIv%2F5jf&tartype=gzip";
    let Offer::Download { request, seal } = offered(&account(), url) else {
        panic!("no download");
    };
    assert_eq!(request.url, url);
    assert_eq!(seal, Some(Seal::Sha1(hash.to_owned())));
    let authorization = |name: &&(&str, String)| name.0 == "authorization";
    assert!(request.headers.iter().find(authorization).is_some());
    for url in [
        "https://api.example.com.evil.example/v3/file",
        "https://evil.example/v3/file",
        "https://api.example.com@evil.example/v3/file",
        "https://api.example.com\\@evil.example/v3/file",
        "http://api.example.com/v3/file",
        "https://api.example.com:444/v3/file",
        "//api.example.com/v3/file",
        "https://api.example.com/v3/../file",
        "https://api.example.com/v3/%2E%2e/file",
        "https://api.example.com/v3/file#x",
        "https://api.example.com/v3/a b",
        "",
    ] {
        assert_eq!(offered(&account(), url), Offer::NoAnswer, "{url}");
    }
    let files = changed(account(), json!({ "files": "https://files.example.com/" }));
    let elsewhere = offered(&files, "https://files.example.com/b?token=1");
    assert!(matches!(elsewhere, Offer::Download { .. }));
    for changes in [
        json!({ "hash_type": "MD5" }),
        json!({ "hash_value": "dcd7" }),
        json!({ "hash_value": null }),
        json!({ "download_url": null }),
    ] {
        let body = json!({ "hash_type": "SHA1", "hash_value": hash, "download_url": url });
        let answer = said(200, &changed(body, changes));
        assert_eq!(offer_of(&account(), &answer), Offer::NoAnswer);
    }
}

#[test]
fn a_bill_that_is_not_there_is_empty_only_if_the_channel_signed_that() {
    let (none, soon) = (refusal("NO_STATEMENT_EXIST"), refusal("STATEMENT_CREATING"));
    let offer = |answer: HttpAnswer| offer_of(&account(), &answer);
    assert_eq!(offer(said(400, &none)), Offer::Nothing);
    assert_eq!(offer(unsigned(400, &none)), Offer::NoAnswer);
    assert_eq!(offer(said(400, &soon)), Offer::NotReady);
    assert_eq!(offer(unsigned(400, &soon)), Offer::NotReady);
    assert_eq!(offer(said(403, &refusal("NO_AUTH"))), Offer::NoAnswer);
    assert_eq!(offer(forged(400, &soon)), Offer::NoAnswer);
    assert_eq!(offer(said(500, &none)), Offer::NoAnswer);
}

#[test]
fn lines_are_payments_refunds_and_reversals() {
    let reversal = REFUND.replace("`REFUND", "`REVOKED").replace("`R1", "`");
    let lines = [
        HEADER,
        PAYMENT,
        REFUND,
        &reversal,
        TOTALS,
        "`3,`0.1,`19.99,`10.00",
    ];
    let statement = open(StatementKind::Trades, &bill(&lines)).unwrap();
    let [Ok(payment), Ok(refund), Ok(reversal)] = statement.trades.as_slice() else {
        panic!("{statement:?}");
    };
    assert_eq!(payment.kind, TradeLineKind::Payment);
    assert_eq!(payment.amount, Money::from_fen(1999));
    assert_eq!(payment.fee, Some(Money::from_fen(12)));
    assert_eq!(payment.order_no, "P1");
    assert_eq!(payment.trade_no.as_str(), "4200001");
    assert_eq!(payment.refund_no, None);
    assert_eq!(payment.at, at("2026-11-20 22:15:30"));
    assert_eq!(payment.state.as_deref(), Some("SUCCESS"));
    assert_eq!(refund.kind, TradeLineKind::Refund);
    assert_eq!(refund.amount, Money::from_fen(500));
    assert_eq!(refund.fee, Some(Money::from_fen(3)));
    assert_eq!(refund.refund_no.as_deref(), Some("R1"));
    assert_eq!(refund.state.as_deref(), Some("PROCESSING"));
    assert_eq!(reversal.kind, TradeLineKind::Reversal);
    assert_eq!(reversal.refund_no, None);
    // Nothing happened: a bill without lines is whole.
    let empty = bill(&[HEADER, TOTALS, "`0,`0.00000,`0.00,`0.00"]);
    assert_eq!(
        open(StatementKind::Trades, &empty),
        Ok(Statement::default())
    );
}

/// F87.
#[test]
fn a_line_that_cannot_be_read_stays_in_its_place() {
    for (bad, field) in [
        (PAYMENT.replace("`1900000001", "`1900000002"), "商户号"),
        (PAYMENT.replace("`CNY", "`USD"), "货币种类"),
        (PAYMENT.replace("`SUCCESS", "`WHATEVER"), "交易状态"),
        (PAYMENT.replace("`4200001", "`"), "微信订单号"),
        (PAYMENT.replace("2026-11-20", "2026-11-31"), "交易时间"),
        (PAYMENT.replace("`0.11950", "`0.119500"), "手续费"),
        (PAYMENT.replace(",`茶, 水", ""), "the number of columns"),
    ] {
        let lines = [HEADER, REFUND, &bad, TOTALS, "`2,`0.1,`19.99,`5.00"];
        let statement = open(StatementKind::Trades, &bill(&lines)).unwrap();
        assert!(statement.trades[0].is_ok());
        let error = statement.trades[1].as_ref().unwrap_err();
        assert_eq!((error.number, error.field), (3, field));
    }
}

#[test]
fn what_does_not_add_up_is_no_bill() {
    let damaged = |lines: &[&str]| open(StatementKind::Trades, &bill(lines)).unwrap_err();
    for summary in [
        "`3,`0.1,`19.99,`5.00",
        "`2,`0.1,`20.00,`5.00",
        "`2,`0.1,`19.99,`5.01",
        "`x,`0.1,`19.99,`5.00",
    ] {
        let lines = [HEADER, PAYMENT, REFUND, TOTALS, summary];
        assert_eq!(damaged(&lines), Damaged::DoesNotAddUp, "{summary}");
    }
    let summary = "`2,`0.1,`19.99,`5.00";
    assert_eq!(
        damaged(&[HEADER, PAYMENT, TOTALS, summary]),
        Damaged::DoesNotAddUp
    );
    assert_eq!(
        damaged(&[HEADER, REFUND, TOTALS, summary]),
        Damaged::DoesNotAddUp
    );
    for lines in [
        &[][..],
        &[HEADER, PAYMENT],
        &[HEADER, PAYMENT, TOTALS],
        &[HEADER, PAYMENT, TOTALS, "1,2"],
        &[HEADER, PAYMENT, REFUND, TOTALS, summary, PAYMENT],
        &["交易时间,商户号", TOTALS, "`0,`0,`0,`0"],
        &["<html>"],
    ] {
        assert!(
            matches!(damaged(lines), Damaged::Unreadable(_)),
            "{lines:?}"
        );
    }
}

#[test]
fn the_seal_is_over_the_plain_bytes() {
    let text = bill(&[HEADER, PAYMENT, TOTALS, "`1,`0.1,`19.99,`0.00"]);
    let (kind, plain) = (StatementKind::Trades, text.as_bytes());
    let seal = Seal::Sha1(sha1(plain).to_uppercase());
    let source = source();
    let opened = source.open(kind, DAY, plain, Some(&seal)).unwrap();
    assert_eq!(
        source.open(kind, DAY, &gzip(plain), Some(&seal)),
        Ok(opened)
    );
    let packed = Seal::Sha1(sha1(&gzip(plain)));
    let wrong = Err(Damaged::WrongSeal);
    assert_eq!(source.open(kind, DAY, &gzip(plain), Some(&packed)), wrong);
    assert_eq!(source.open(kind, DAY, plain, None), wrong);
    let unmarked = &plain[3..];
    assert_eq!(source.open(kind, DAY, unmarked, Some(&seal)), wrong);
    let mut cut = gzip(plain);
    cut.truncate(cut.len() - 1);
    let cut = source.open(kind, DAY, &cut, Some(&seal));
    assert!(matches!(cut, Err(Damaged::Unreadable(_))));
    let mut followed = gzip(plain);
    followed.extend_from_slice(&gzip(b"`"));
    assert_eq!(source.open(kind, DAY, &followed, Some(&seal)), wrong);
}

/// F82: lines come before it is known whether the file is whole, so all that counts is how the reading ended.
#[test]
fn a_file_that_breaks_off_hands_lines_over_and_is_no_bill() {
    let text = bill(&[HEADER, PAYMENT, REFUND, TOTALS, "`2,`0.1,`19.99,`5.00"]);
    let text = text.replace("`5.00", "`5.01");
    let seal = Seal::Sha1(sha1(text.as_bytes()));
    let source = source();
    let read = |text: &str, seal: &Seal| {
        let mut lines = 0;
        let mut file = std::io::Cursor::new(text);
        let mut take = |_| lines += 1;
        let read = source.read(StatementKind::Trades, DAY, &mut file, Some(seal), &mut take);
        (lines, read)
    };
    assert_eq!(read(&text, &seal), (2, Ok(())));
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        let cut = &text[..end];
        assert_eq!(read(cut, &seal).1, Err(Damaged::WrongSeal), "{end}");
        // Were it sealed like that, what it lacks would show all the same, but for its last line's end.
        let (lines, read) = read(cut, &Seal::Sha1(sha1(cut.as_bytes())));
        // The beginning of a summary's name is one more line that cannot be read.
        assert!(lines <= 3);
        let is_whole = end == text.len() - 2;
        assert_eq!(read.is_ok(), is_whole, "{end}: {read:?}");
    }
}

#[test]
fn a_file_that_grows_without_end_is_refused() {
    let bomb = gzip(&[0; 1 << 20]);
    assert!(bomb.len() < 2_000);
    let unpacked = |mut left: u64| {
        let mut file = std::io::Cursor::new(&bomb);
        let plain = Plain::unpack(&mut file, &mut left).unwrap();
        plain.finish(Some(&Seal::Sha1(sha1(&[0; 1 << 20]))))
    };
    let too_long = Damaged::Unreadable("it is too long");
    assert_eq!(unpacked((1 << 20) - 1), Err(too_long));
    assert_eq!(unpacked(1 << 20), Ok(()));
}

#[test]
fn funds_have_a_direction_and_a_balance() {
    let header = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号";
    let totals = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额";
    let income = "`2026-11-20 22:15:30,`4200001,`F1,`交易,`交易,`收入,`19.99,`119.99,`system,`结算, 手续费0.12元,`P1";
    let expense =
        "`2026-11-20 22:40:00,`50300001,`F2,`退款,`退款,`支出,`5.00,`114.99,`1900000001API,`,`R1";
    let summary = "`2,`1,`19.99,`1,`5.00";
    let text = bill(&[header, income, expense, totals, summary]);
    let statement = open(StatementKind::Funds, &text).unwrap();
    let [Ok(first), Ok(second)] = statement.funds.as_slice() else {
        panic!("{statement:?}");
    };
    assert_eq!(
        (first.direction, first.amount),
        (Direction::In, Money::from_fen(1999))
    );
    assert_eq!(
        (first.flow_no.as_str(), first.trade_no.as_str()),
        ("F1", "4200001")
    );
    assert_eq!(
        (second.direction, second.amount),
        (Direction::Out, Money::from_fen(500))
    );
    assert_eq!(second.balance, Some(Money::from_fen(11_499)));
    assert_eq!(second.business, "退款");
    for summary in [
        "`3,`1,`19.99,`1,`5.00",
        "`2,`2,`19.99,`1,`5.00",
        "`2,`1,`19.98,`1,`5.00",
        "`2,`1,`19.99,`1,`5.01",
    ] {
        let text = bill(&[header, income, expense, totals, summary]);
        assert_eq!(
            open(StatementKind::Funds, &text),
            Err(Damaged::DoesNotAddUp)
        );
    }
}
