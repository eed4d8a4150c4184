//! The settlement file: when it is there, what is in it, and that it looks like a real one.

use std::io::{Cursor, Read};

use base64::{Engine, engine::general_purpose::STANDARD};
use encoding_rs::GBK;
use flate2::read::ZlibDecoder;
use serde_json::json;
use zip::ZipArchive;

use crate::{
    harness::{BACK, FILE, Stage, beijing, compact},
    message::Fields,
};

const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/bills");

/// From the document; compared with the real file below.
const WIDTHS: [usize; 42] = [
    3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21,
    15, 1, 15, 32, 13, 13, 8, 32, 13, 13, 12, 2, 1, 32, 98,
];
const DISPUTE_WIDTHS: [usize; 22] = [
    3, 11, 11, 6, 10, 19, 12, 4, 2, 2, 6, 10, 4, 12, 13, 13, 15, 15, 1, 12, 2, 135,
];

struct File {
    names: Vec<String>,
    transactions: Vec<Vec<String>>,
    raw: String,
    disputes: Vec<Vec<String>>,
    summary: String,
}

async fn ask(stage: &Stage, settle_date: &str) -> Fields {
    let question = stage.message(&[
        ("txnType", "76"),
        ("txnSubType", "01"),
        ("bizType", "000000"),
        ("txnTime", &beijing(0)),
        ("settleDate", settle_date),
        ("fileType", "00"),
    ]);
    stage.call(FILE, question).await
}

async fn file(stage: &Stage, settle_date: &str) -> File {
    let answer = ask(stage, settle_date).await;
    assert_eq!(answer["respCode"], "00", "{answer:?}");
    read(&answer)
}

fn read(answer: &Fields) -> File {
    let packed = STANDARD.decode(&answer["fileContent"]).unwrap();
    let mut archive = Vec::new();
    ZlibDecoder::new(packed.as_slice())
        .read_to_end(&mut archive)
        .unwrap();
    let mut archive = ZipArchive::new(Cursor::new(archive)).unwrap();
    let mut entries: Vec<(String, Vec<u8>)> = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        entries.push((entry.name().unwrap().into_owned(), content));
    }
    let text = |index: usize| String::from_utf8(entries[index].1.clone()).unwrap();
    let (summary, _, is_spoilt) = GBK.decode(&entries[2].1);
    assert!(!is_spoilt);
    File {
        names: entries.iter().map(|(name, _)| name.clone()).collect(),
        transactions: columns(&text(0), &WIDTHS),
        raw: text(0),
        disputes: columns(&text(1), &DISPUTE_WIDTHS),
        summary: summary.into_owned(),
    }
}

/// Cuts every line at fixed places, which must be spaces, and consumes it wholly.
fn columns(text: &str, widths: &[usize]) -> Vec<Vec<String>> {
    let cut = |line: &str| {
        let mut rest = line;
        let mut fields = Vec::new();
        for width in widths {
            let (field, after) = rest.split_at(*width);
            fields.push(field.to_owned());
            rest = after.strip_prefix(' ').unwrap_or(after);
        }
        assert_eq!(rest, "", "{line}");
        assert_eq!(line.len(), widths.iter().sum::<usize>() + widths.len() - 1);
        fields
    };
    assert!(text.is_empty() || text.ends_with("\r\n"));
    text.split_terminator("\r\n").map(cut).collect()
}

async fn day(stage: &Stage) -> String {
    compact(stage.now().await).split_off(4).split_off(0)[..4].to_owned()
}

#[tokio::test]
async fn a_day_ends_at_23_and_its_file_is_there_at_9() {
    let stage = Stage::new().await;
    let pay_timeout = beijing(5 * 86_400);
    let more = [("payTimeout", pay_timeout.as_str())];
    stage.advance_to(22, 50).await;
    let first_day = day(&stage).await;
    stage.paid("ORDER0001", &more).await;
    stage.advance_to(23, 5).await;
    stage.paid("ORDER0002", &more).await;
    assert_eq!(ask(&stage, &first_day).await["respCode"], "98");
    stage.advance_to(8, 58).await;
    let second_day = day(&stage).await;
    assert_eq!(ask(&stage, &first_day).await["respCode"], "98");
    stage.advance_to(9, 1).await;
    let numbers = |file: File| -> Vec<_> {
        let numbers = file
            .transactions
            .into_iter()
            .map(|row| row[11].trim().to_owned());
        numbers.collect()
    };
    assert_eq!(numbers(file(&stage, &first_day).await), ["ORDER0001"]);
    assert_eq!(ask(&stage, &second_day).await["respCode"], "98");
    stage.advance(86_400).await;
    assert_eq!(numbers(file(&stage, &second_day).await), ["ORDER0002"]);
    let third_day = day(&stage).await;
    stage.advance(86_400).await;
    assert_eq!(ask(&stage, &third_day).await["respCode"], "98");
    assert_eq!(ask(&stage, "0230").await["respCode"], "10");
}

#[tokio::test]
async fn every_movement_has_its_line_and_the_sums_agree() {
    let stage = Stage::new().await;
    let pay_timeout = beijing(5 * 86_400);
    let more = [
        ("payTimeout", pay_timeout.as_str()),
        ("reqReserved", "ticket7"),
    ];
    stage.advance_to(12, 0).await;
    let settle_date = day(&stage).await;
    let txn_time = stage.paid("ORDER0001", &more).await;
    stage
        .open("ORDER0002", &[("payTimeout", pay_timeout.as_str())])
        .await;
    let paid = stage.query("ORDER0001", &txn_time).await;
    let refund = stage.message(&[
        ("txnType", "04"),
        ("txnSubType", "00"),
        ("bizType", "000201"),
        ("channelType", "07"),
        ("orderId", "REFUND01"),
        ("txnTime", &beijing(0)),
        ("txnAmt", "500"),
        ("origQryId", &paid["queryId"]),
        ("backUrl", "http://127.0.0.1:9/back"),
    ]);
    let refund = stage.call(BACK, refund).await;
    stage.advance(86_400).await;
    let answer = ask(&stage, &settle_date).await;
    let mer_id = stage.keys["mer_id"].as_str().unwrap();
    let file_day = answer["fileName"].strip_prefix(mer_id).unwrap()[1..9].to_owned();
    assert_eq!(answer["fileName"], format!("{mer_id}_{file_day}.zip"));
    let file = read(&answer);
    assert_eq!(
        file.names,
        [
            format!("INN{}01ZM_{mer_id}", &file_day[2..]),
            format!("INN{}01ZME_{mer_id}", &file_day[2..]),
            format!("RD2010{}01_{mer_id}", &file_day[2..]),
        ]
    );
    let wanted = |columns: &[(usize, &str)], row: &[String]| {
        for (number, value) in columns {
            assert_eq!(row[number - 1].trim(), *value, "column {number}");
        }
    };
    assert_eq!((file.transactions.len(), file.disputes.len()), (2, 0));
    wanted(
        &[
            (1, "S56"),
            (4, &paid["traceNo"]),
            (7, "000000001999"),
            (10, &paid["queryId"]),
            (12, "ORDER0001"),
            (16, "D000000000012"),
            (17, "C000000001987"),
            (20, "01"),
            (22, "000201"),
            (27, ""),
            (28, mer_id),
            (33, "C000000001987"),
            (35, "ticket7"),
            (41, ""),
        ],
        &file.transactions[0],
    );
    wanted(
        &[
            (7, "000000000500"),
            (10, &refund["queryId"]),
            (12, "REFUND01"),
            (14, &paid["traceNo"]),
            (16, "C000000000003"),
            (17, "D000000000497"),
            (20, "04"),
            (27, &paid["queryId"]),
            (41, "ORDER0001"),
        ],
        &file.transactions[1],
    );
    let total = file
        .summary
        .lines()
        .find(|line| line.starts_with("总计"))
        .unwrap();
    let total: Vec<_> = total.split_whitespace().collect();
    assert_eq!(
        total,
        [
            "总计", "2", "5.00", "19.99", "0.12", "0.03", "0.00", "14.90"
        ]
    );
}

#[tokio::test]
async fn a_late_payment_and_its_return_stand_in_files() {
    let stage = Stage::new().await;
    stage.advance_to(12, 0).await;
    let ends = compact(
        stage
            .now()
            .await
            .checked_add(jiff::SignedDuration::from_mins(30))
            .unwrap(),
    );
    stage.open("ORDER0001", &[("payTimeout", &ends)]).await;
    stage.advance(1801).await;
    let paid_day = day(&stage).await;
    stage.pay("ORDER0001", r#"{"late":true}"#).await;
    let truth = stage.truth("ORDER0001").await;
    let returns: jiff::Timestamp = truth["refunds"][0]["settles_at"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    stage.advance(10 * 86_400).await;
    let paid = file(&stage, &paid_day).await;
    assert_eq!(
        (paid.transactions.len(), paid.transactions[0][11].trim()),
        (1, "ORDER0001")
    );
    let back = file(&stage, &compact(returns)[4..8]).await;
    let row = &back.transactions[0];
    assert_eq!(
        (row[19].as_str(), row[26].as_str()),
        ("04", paid.transactions[0][9].as_str())
    );
    assert_eq!(row[40].trim(), "ORDER0001");
}

#[tokio::test]
async fn errors_that_are_asked_for_are_in_the_file() {
    for (kind, lines, amount, disputes) in [
        ("drop", 1, "000000001999", 0),
        ("add", 3, "000000001999", 0),
        ("duplicate", 3, "000000001999", 0),
        ("change_amount", 2, "000000002000", 0),
        ("change_state", 1, "000000001999", 1),
    ] {
        let stage = Stage::new().await;
        let pay_timeout = beijing(5 * 86_400);
        let more = [("payTimeout", pay_timeout.as_str())];
        stage.advance_to(12, 0).await;
        stage.paid("ORDER0001", &more).await;
        stage.paid("ORDER0002", &more).await;
        let now = compact(stage.now().await);
        let bill_date = format!("{}-{}-{}", &now[..4], &now[4..6], &now[6..8]);
        let discrepancy = json!({
            "channel": "unionpay", "account": "unionpay-strict", "bill_date": bill_date,
            "kind": kind,
        });
        stage
            .control("/_ctl/bills/discrepancies", &discrepancy)
            .await;
        stage.advance(86_400).await;
        let file = file(&stage, &now[4..8]).await;
        let seen = (
            file.transactions.len(),
            file.transactions[0][6].as_str(),
            file.disputes.len(),
        );
        assert_eq!(seen, (lines, amount, disputes), "{kind}");
        let ids = file.transactions.iter().map(|row| row[9].trim().len());
        assert!(ids.into_iter().all(|length| length == 21), "{kind}");
    }
}

/// Digits and letters count as their kind, the rest as it is.
fn shape(text: &str) -> String {
    text.chars()
        .map(|one| match one {
            '0'..='9' => '9',
            'A'..='Z' => 'A',
            other => other,
        })
        .collect()
}

#[tokio::test]
async fn it_has_the_shape_of_a_real_file() {
    let sample = format!("{SAMPLES}/INN15090588ZM_802310048993424");
    let sample = match std::fs::read_to_string(&sample) {
        Ok(text) => text,
        Err(error) => {
            let said = format!("no sample at {sample}: {error}");
            assert!(std::env::var_os("CI").is_none(), "{said}");
            #[expect(clippy::print_stderr, reason = "a skipped test has to say so")]
            {
                eprintln!("SKIPPED: {said}");
            }
            return;
        }
    };
    let stage = Stage::new().await;
    let pay_timeout = beijing(5 * 86_400);
    stage.advance_to(12, 0).await;
    let settle_date = day(&stage).await;
    stage
        .paid("10078087", &[("payTimeout", &pay_timeout)])
        .await;
    stage.advance(86_400).await;
    let file = file(&stage, &settle_date).await;
    let real = columns(&sample, &WIDTHS);
    assert_eq!(real.len(), 8);
    for (index, (ours, theirs)) in file.transactions[0].iter().zip(&real[0]).enumerate() {
        // The real file leaves the sub type out.
        if index + 1 != 21 {
            assert_eq!(shape(ours), shape(theirs), "column {}", index + 1);
        }
    }
    let length = |text: &str| text.split_inclusive("\r\n").next().unwrap().len();
    assert_eq!((length(&file.raw), length(&sample)), (609, 609));

    let summary = std::fs::read(format!("{SAMPLES}/RD201015090501_802310048993424")).unwrap();
    let (summary, _, _) = GBK.decode(&summary);
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|one: char| one.is_whitespace() || one == ':');
        let is_fixed = |word: &&str| !word.is_empty() && !word.contains(|one: char| one.is_ascii());
        let names = ["淘在路上"];
        words
            .filter(is_fixed)
            .filter(|word| !names.contains(word))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(words(&file.summary), words(&summary));
}
