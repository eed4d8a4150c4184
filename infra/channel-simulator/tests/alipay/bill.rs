//! Bills: when there is one, how it is fetched, and what stands in it.

use std::{collections::BTreeMap, io::Cursor, io::Read, path::Path};

use encoding_rs::GBK;
use serde_json::{Value, json};
use zip::ZipArchive;

use crate::{
    code_pay::code_order,
    harness::{Answer, Stage},
};

const METHOD: &str = "alipay.data.dataservice.bill.downloadurl.query";
const DAY: i64 = 86_400;

/// The channel's time in Beijing: the day, and the seconds that have passed of it.
async fn beijing_now(stage: &Stage) -> (jiff::civil::Date, i64) {
    let clock = stage.get("/_ctl/clock").await.json();
    let now: jiff::Timestamp = clock["now"].as_str().unwrap().parse().unwrap();
    let civil = jiff::tz::Offset::constant(8).to_datetime(now);
    let time = civil.time();
    let seconds =
        i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second());
    (civil.date(), seconds)
}

/// Moves the clock to this second of the next day, and says which day has ended.
async fn go_to_tomorrow(stage: &Stage, second: i64) -> String {
    let (today, passed) = beijing_now(stage).await;
    stage.advance(DAY - passed + second).await;
    today.to_string()
}

/// Moves the clock into the morning, so that a test does not run over midnight.
async fn go_to_a_morning(stage: &Stage) {
    go_to_tomorrow(stage, 3 * 3600).await;
}

async fn ask(stage: &Stage, bill_type: &str, bill_date: &str) -> Value {
    let content = json!({"bill_type": bill_type, "bill_date": bill_date});
    stage.call(METHOD, &content).await
}

async fn fetch(stage: &Stage, reply: &Value) -> Answer {
    stage
        .get(reply["bill_download_url"].as_str().unwrap())
        .await
}

/// The texts of an archive by their names, both decoded from GBK.
fn unpack(answer: &Answer) -> BTreeMap<String, String> {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let mut archive = ZipArchive::new(Cursor::new(&answer.bytes)).unwrap();
    (0..archive.len())
        .map(|index| {
            let mut file = archive.by_index(index).unwrap();
            assert!(std::str::from_utf8(file.name_raw()).is_err());
            let mut bytes = Vec::new();
            let name = decode(file.name_raw());
            file.read_to_end(&mut bytes).unwrap();
            (name, decode(&bytes))
        })
        .collect()
}

fn decode(bytes: &[u8]) -> String {
    let (text, _, is_damaged) = GBK.decode(bytes);
    assert!(!is_damaged, "{text}");
    text.into_owned()
}

/// Two payments, one of them with a refund, and an order that nobody paid.
async fn trade(stage: &Stage) {
    let pay = async |number, code: &str| {
        stage
            .call("alipay.trade.pay", &code_order(number, code))
            .await
    };
    pay("C1", "2812345678901230").await;
    pay("C2", "2812345678901240").await;
    pay("C3", "2812345678901231").await;
    let refund = json!({"out_trade_no": "C1", "refund_amount": "5.00", "out_request_no": "R1"});
    stage.call("alipay.trade.refund", &refund).await;
}

fn rows(text: &str) -> Vec<Vec<String>> {
    let table = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect::<Vec<_>>();
    table
        .iter()
        .map(|line| line.split(',').map(str::to_owned).collect())
        .collect()
}

#[tokio::test]
async fn a_bill_exists_from_nine_on_the_next_day_if_there_were_trades() {
    let stage = Stage::new().await;
    go_to_a_morning(&stage).await;
    trade(&stage).await;
    let (today, _) = beijing_now(&stage).await;
    let missing = async |day: &str, bill_type| {
        let reply = ask(&stage, bill_type, day).await;
        assert_eq!(reply["code"], "40004", "{day}: {reply}");
        assert_eq!(reply["sub_code"], "isp.bill_not_exist", "{day}");
    };
    missing(&today.to_string(), "trade").await;
    let day = go_to_tomorrow(&stage, 9 * 3600 - 60).await;
    missing(&day, "trade").await;
    missing(&day, "signcustomer").await;
    stage.advance(120).await;
    for bill_type in ["trade", "signcustomer"] {
        assert_eq!(ask(&stage, bill_type, &day).await["code"], "10000");
    }
    missing(&today.yesterday().unwrap().to_string(), "trade").await;
    missing(&today.tomorrow().unwrap().to_string(), "trade").await;
}

#[tokio::test]
async fn arguments_are_checked() {
    let stage = Stage::new().await;
    for (bill_type, bill_date) in [
        ("", "2026-01-31"),
        ("settlementMerge", "2026-01-31"),
        ("trade", ""),
        ("trade", "20260131"),
        ("trade", "2026-02-30"),
        ("trade", "2026-01"),
    ] {
        let reply = ask(&stage, bill_type, bill_date).await;
        assert_eq!(
            reply["sub_code"], "invalid_arguments",
            "{bill_type} {bill_date}"
        );
    }
}

#[tokio::test]
async fn an_address_lives_for_thirty_seconds() {
    let stage = Stage::new().await;
    go_to_a_morning(&stage).await;
    trade(&stage).await;
    let day = go_to_tomorrow(&stage, 10 * 3600).await;
    let reply = ask(&stage, "trade", &day).await;
    stage.advance(25).await;
    assert_eq!(fetch(&stage, &reply).await.status, 200);
    assert_eq!(fetch(&stage, &reply).await.status, 200);
    stage.advance(10).await;
    assert_eq!(fetch(&stage, &reply).await.status, 403);
    let again = ask(&stage, "trade", &day).await;
    assert_eq!(fetch(&stage, &again).await.status, 200);
    assert_eq!(stage.get("/alipay/downloadBill").await.status, 403);
}

#[tokio::test]
async fn the_trade_bill_has_every_payment_and_refund() {
    let stage = Stage::new().await;
    go_to_a_morning(&stage).await;
    trade(&stage).await;
    let day = go_to_tomorrow(&stage, 10 * 3600).await;
    let files = unpack(&fetch(&stage, &ask(&stage, "trade", &day).await).await);
    let account = format!("{}0156", stage.keys["seller_id"].as_str().unwrap());
    let stem = format!("{account}_{}", day.replace('-', ""));
    let names: Vec<_> = files.keys().cloned().collect();
    assert_eq!(
        names,
        [
            format!("{stem}_业务明细(汇总).csv"),
            format!("{stem}_业务明细.csv")
        ]
    );
    let detail = &files[&names[1]];
    assert!(detail.contains(&format!("#账号：[{account}]\n")));
    assert!(detail.contains("#交易合计：2笔，商家实收共39.98元，商家优惠共0.00元\n"));
    assert!(detail.contains("#退款合计：1笔，商家实收退款共-5.00元，商家优惠退款共0.00元\n"));

    let truth = stage.truth("C1").await;
    let rows = rows(detail);
    assert_eq!(rows.len(), 4);
    let cells = |row: usize| [0, 1, 2, 11, 12, 21, 22].map(|column| rows[row][column].clone());
    let trade_no = format!("{}\t", truth["trade_no"].as_str().unwrap());
    assert_eq!(
        cells(1),
        [
            &*trade_no, "C1\t", "交易\t", "19.99", "19.99", "\t", "-0.12"
        ]
        .map(str::to_owned)
    );
    assert_eq!(cells(2)[1..4], ["C2\t", "交易\t", "19.99"]);
    assert_eq!(
        cells(3),
        [
            &*trade_no, "C1\t", "退款\t", "-5.00", "-5.00", "R1\t", "0.03"
        ]
        .map(str::to_owned)
    );
    let total = &rows_of_total(&files[&names[0]])[0];
    assert_eq!(total[2..6], ["2", "1", "34.98", "34.98"]);
    assert_eq!(total[11], "34.77");
}

fn rows_of_total(text: &str) -> Vec<Vec<String>> {
    rows(text).split_off(1)
}

#[tokio::test]
async fn the_account_flow_has_every_movement_of_the_balance() {
    let stage = Stage::new().await;
    go_to_a_morning(&stage).await;
    trade(&stage).await;
    let day = go_to_tomorrow(&stage, 10 * 3600).await;
    let files = unpack(&fetch(&stage, &ask(&stage, "signcustomer", &day).await).await);
    let (_, detail) = files
        .iter()
        .find(|(name, _)| name.ends_with("_账务明细.csv"))
        .unwrap();
    let movements: Vec<_> = rows(detail)[1..]
        .iter()
        .map(|row| [6, 7, 8, 10].map(|column| row[column].clone()))
        .collect();
    assert_eq!(
        movements,
        [
            ["19.99", "", "19.99", "在线支付"],
            ["", "-0.12", "19.87", "收费"],
            ["19.99", "", "39.86", "在线支付"],
            ["", "-0.12", "39.74", "收费"],
            ["", "-5.00", "34.74", "交易退款"],
            ["0.03", "", "34.77", "收费"],
        ]
    );
    assert!(detail.contains("#支出合计：3笔，共-5.24元\n#收入合计：3笔，共40.01元\n"));
    assert_eq!(files.len(), 2);
}

#[tokio::test]
async fn discrepancies_reach_the_file() {
    let stage = Stage::new().await;
    go_to_a_morning(&stage).await;
    trade(&stage).await;
    let day = go_to_tomorrow(&stage, 10 * 3600).await;
    let numbers_and_amounts = async || {
        let files = unpack(&fetch(&stage, &ask(&stage, "trade", &day).await).await);
        let (_, detail) = files
            .iter()
            .find(|(name, _)| name.ends_with("_业务明细.csv"))
            .unwrap();
        rows(detail)[1..]
            .iter()
            .map(|row| format!("{} {}", row[1].trim_end(), row[11]))
            .collect::<Vec<_>>()
    };
    for (kind, number, refund_no, wanted) in [
        ("drop", "C2", None, vec!["C1 19.99", "C1 -5.00"]),
        (
            "change_amount",
            "C2",
            None,
            vec!["C1 19.99", "C2 20.00", "C1 -5.00"],
        ),
        (
            "change_state",
            "C1",
            Some("R1"),
            vec!["C1 19.99", "C2 19.99"],
        ),
        (
            "duplicate",
            "C2",
            None,
            vec!["C1 19.99", "C2 19.99", "C2 19.99", "C1 -5.00"],
        ),
        (
            "add",
            "F1",
            None,
            vec!["C1 19.99", "C2 19.99", "C1 -5.00", "F1 12.34"],
        ),
    ] {
        let order = json!({
            "channel": "alipay", "account": "alipay-strict", "bill_date": day, "kind": kind,
            "channel_order_no": number, "refund_no": refund_no,
        });
        let answer = stage
            .post("/_ctl/bills/discrepancies", &order.to_string())
            .await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(numbers_and_amounts().await, wanted, "{kind}");
        let clear = axum::http::Request::delete(format!("{}/_ctl/bills/discrepancies", stage.url));
        stage.send(clear, String::new()).await.unwrap();
    }
}

/// What a cell looks like, whatever it says.
fn shape(cell: &str) -> String {
    let (text, tab) = match cell.strip_suffix('\t') {
        Some(text) => (text, "<tab>"),
        None => (cell, ""),
    };
    let digits: String = text
        .chars()
        .map(|one| if one.is_ascii_digit() { '9' } else { one })
        .collect();
    let kind = match digits.trim_start_matches('-') {
        "9.99" | "99.99" => "amount",
        "9999-99-99 99:99:99" => "time",
        _ if tab.is_empty() => "text",
        _ => "",
    };
    format!("{kind}{tab}")
}

#[tokio::test]
async fn the_detail_has_the_shape_of_a_published_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/vectors/bills/alipay_trade_detail_2019-09-16.gbk.csv");
    let sample = match std::fs::read(&path) {
        Ok(bytes) => decode(&bytes),
        Err(error) if std::env::var_os("CI").is_some() => {
            panic!("CI must have {}: {error}", path.display())
        }
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "a skipped test has to say so")]
            {
                eprintln!("SKIPPED: no vectors at {}: {error}", path.display());
            }
            return;
        }
    };
    let stage = Stage::new().await;
    go_to_a_morning(&stage).await;
    trade(&stage).await;
    let day = go_to_tomorrow(&stage, 10 * 3600).await;
    let files = unpack(&fetch(&stage, &ask(&stage, "trade", &day).await).await);
    let (_, written) = files
        .iter()
        .find(|(name, _)| name.ends_with("_业务明细.csv"))
        .unwrap();

    let frame = |text: &str| {
        let lines = text.lines().filter(|line| line.starts_with('#'));
        let masked = lines.map(|line| {
            let mut masked = String::new();
            for one in line.chars() {
                // Runs of digits may differ in length.
                match (one.is_ascii_digit(), masked.ends_with('9')) {
                    (true, true) => {}
                    (true, false) => masked.push('9'),
                    (false, _) => masked.push(one),
                }
            }
            masked
        });
        masked.collect::<Vec<_>>()
    };
    assert_eq!(frame(written), frame(&sample));
    let (written, sample) = (rows(written), rows(&sample));
    assert_eq!(written[0], sample[0]);
    let shapes = |rows: &[Vec<String>], kind: &str| {
        let row = rows.iter().find(|row| row[2] == kind).unwrap();
        row[..22].iter().map(|cell| shape(cell)).collect::<Vec<_>>()
    };
    for kind in ["交易\t", "退款\t"] {
        assert_eq!(shapes(&written, kind), shapes(&sample, kind), "{kind}");
        assert_eq!(written[1].len(), sample[1].len());
    }
}
