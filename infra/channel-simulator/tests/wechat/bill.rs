//! Bills: when they are there, what stands in them, and the errors that a test puts into them.

use std::{io::Read, path::Path};

use axum::http::Method;
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};

use crate::harness::{Answer, Stage, beijing};

const DAY: i64 = 86_400;

/// One order paid today, two refunds of it, and the clock after 10:00 of tomorrow.
async fn a_day() -> (Stage, String) {
    let stage = Stage::new().await;
    // Not so close to midnight that the day ends under the test.
    if beijing(600, "%Y-%m-%d") != beijing(0, "%Y-%m-%d") {
        stage.advance(700).await;
    }
    let now = stage.get("/_ctl/clock").await.json();
    let offset = now["offset_seconds"].as_i64().unwrap();
    let today = beijing(offset, "%Y-%m-%d");
    stage.paid("ORDER1").await;
    stage.paid("ORDER2").await;
    stage.refund("ORDER1", "R1", 500).await;
    stage.advance(61).await;
    stage.refund("ORDER1", "R2", 1499).await;
    (stage, today)
}

async fn ask(stage: &Stage, path: &str) -> Answer {
    stage.get_json(path).await
}

/// The file behind an answer, whose hash must fit.
async fn fetch(stage: &Stage, answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    let url = answer["download_url"].as_str().unwrap();
    let path = url.strip_prefix(&format!("{}/wechat", stage.url)).unwrap();
    let file = stage
        .try_call(Method::GET, path, String::new())
        .await
        .unwrap();
    assert_eq!(file.status, 200);
    assert_eq!(file.header("wechatpay-signature"), None);
    let mut text = String::new();
    if url.contains("gzip") {
        GzDecoder::new(file.bytes.as_slice())
            .read_to_string(&mut text)
            .unwrap();
    } else {
        text = file.text().to_owned();
    }
    let hash = Sha1::digest(text.as_bytes());
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        (answer["hash_type"].as_str(), answer["hash_value"].as_str()),
        (Some("SHA1"), Some(hash.as_str()))
    );
    text
}

/// Lines as values, without the backticks; headers as they are.
fn rows(text: &str) -> Vec<Vec<String>> {
    let text = text.strip_prefix('\u{feff}').unwrap();
    assert!(text.ends_with("\r\n"));
    text.trim_end_matches("\r\n")
        .split("\r\n")
        .map(|line| match line.strip_prefix('`') {
            Some(values) => values.split(",`").map(str::to_owned).collect(),
            None => line.split(',').map(str::to_owned).collect(),
        })
        .collect()
}

fn value<'a>(rows: &'a [Vec<String>], row: usize, column: &str) -> &'a str {
    let index = rows[0].iter().position(|name| name == column).unwrap();
    &rows[row][index]
}

async fn bill(stage: &Stage, day: &str, more: &str) -> Vec<Vec<String>> {
    let answer = ask(stage, &format!("/v3/bill/tradebill?bill_date={day}{more}")).await;
    rows(&fetch(stage, &answer).await)
}

#[tokio::test]
async fn a_bill_is_ready_at_ten_of_the_next_day() {
    let (stage, today) = a_day().await;
    let path = format!("/v3/bill/tradebill?bill_date={today}&bill_type=ALL");
    let creating = (400, "STATEMENT_CREATING".to_owned());
    assert_eq!(ask(&stage, &path).await.refusal(), creating);
    let clock = stage.get("/_ctl/clock").await.json();
    let offset = clock["offset_seconds"].as_i64().unwrap();
    let [hours, minutes] = ["%H", "%M"].map(|part| beijing(offset, part).parse::<i64>().unwrap());
    let until_ten = DAY - hours * 3600 - minutes * 60 + 10 * 3600;
    stage.advance(until_ten - 120).await;
    assert_eq!(ask(&stage, &path).await.refusal(), creating);
    stage.advance(180).await;
    assert_eq!(ask(&stage, &path).await.status, 200);
    stage.advance(2 * DAY).await;
    let path = format!(
        "/v3/bill/tradebill?bill_date={}",
        beijing(offset + DAY, "%Y-%m-%d")
    );
    assert_eq!(
        ask(&stage, &path).await.refusal(),
        (400, "NO_STATEMENT_EXIST".to_owned())
    );
    for query in [
        "",
        "?bill_date=20261101",
        "?bill_date=2126-01-01",
        "?bill_date=2026-01-01&bill_type=X",
        "?bill_date=2026-01-01&tar_type=ZIP",
    ] {
        let answer = ask(&stage, &format!("/v3/bill/tradebill{query}")).await;
        assert_eq!(answer.refusal(), (400, "PARAM_ERROR".to_owned()), "{query}");
    }
}

#[tokio::test]
async fn every_movement_has_a_line_and_the_summary_adds_up() {
    let (stage, today) = a_day().await;
    stage.advance(2 * DAY).await;
    let rows = bill(&stage, &today, "").await;
    assert_eq!(rows.len(), 1 + 4 + 2);
    assert!(rows[..5].iter().all(|row| row.len() == 27), "{rows:?}");
    let found = |row: usize| {
        [
            "商户订单号",
            "交易状态",
            "订单金额",
            "申请退款金额",
            "商户退款单号",
            "退款状态",
            "手续费",
        ]
        .map(|column| value(&rows, row, column))
    };
    assert_eq!(
        found(1),
        ["ORDER1", "SUCCESS", "19.99", "0.00", "0", "", "0.12000"]
    );
    assert_eq!(
        found(2),
        ["ORDER2", "SUCCESS", "19.99", "0.00", "0", "", "0.12000"]
    );
    assert_eq!(
        found(3),
        [
            "ORDER1", "REFUND", "0.00", "5.00", "R1", "SUCCESS", "-0.03000"
        ]
    );
    assert_eq!(
        found(4),
        [
            "ORDER1", "REFUND", "0.00", "14.99", "R2", "SUCCESS", "-0.09000"
        ]
    );
    assert_eq!(value(&rows, 1, "商品名称"), "绿茶, 杯子 <b>");
    let paid = stage.query("ORDER1").await.json();
    assert_eq!(
        value(&rows, 1, "微信订单号"),
        paid["transaction_id"].as_str().unwrap()
    );
    assert_eq!(
        rows[6],
        ["4", "39.98", "19.99", "0.00", "0.12000", "39.98", "19.99"]
    );

    assert_eq!(
        bill(&stage, &today, "&bill_type=ALL&tar_type=GZIP").await,
        rows
    );
    let path = format!("/_ctl/bills?channel=wechat&account=wechat-strict&bill_date={today}");
    let lines = stage.get(&path).await.json();
    let amounts: Vec<_> = lines
        .as_array()
        .unwrap()
        .iter()
        .map(|line| &line["amount"])
        .collect();
    assert_eq!(amounts, [1999, 1999, 500, 1499]);
    let payments = bill(&stage, &today, "&bill_type=SUCCESS").await;
    assert_eq!((payments.len(), payments[0].len()), (1 + 2 + 2, 20));
    let refunds = bill(&stage, &today, "&bill_type=REFUND").await;
    assert_eq!((refunds.len(), refunds[0].len()), (1 + 2 + 2, 29));
    assert_eq!(value(&refunds, 1, "申请退款金额"), "5.00");
}

#[tokio::test]
async fn the_flow_of_funds_balances() {
    let (stage, today) = a_day().await;
    stage.advance(2 * DAY).await;
    let path = format!("/v3/bill/fundflowbill?bill_date={today}");
    let answer = ask(&stage, &path).await;
    let rows = rows(&fetch(&stage, &answer).await);
    assert_eq!(rows.len(), 1 + 6 + 2);
    let cents = |text: &str| text.replace('.', "").parse::<i64>().unwrap();
    let mut balance =
        cents(value(&rows, 1, "账户结余(元)")) - cents(value(&rows, 1, "收支金额(元)"));
    for row in 1..=6 {
        let amount = cents(value(&rows, row, "收支金额(元)"));
        balance += if value(&rows, row, "收支类型") == "收入" {
            amount
        } else {
            -amount
        };
        assert_eq!(cents(value(&rows, row, "账户结余(元)")), balance, "{row}");
    }
    assert_eq!(rows[8], ["6", "2", "39.98", "4", "20.11"]);
    let empty = ask(&stage, &format!("{path}&account_type=FEES")).await;
    assert_eq!(empty.refusal(), (400, "NO_STATEMENT_EXIST".to_owned()));
}

#[tokio::test]
async fn a_download_link_lives_for_five_minutes() {
    let (stage, today) = a_day().await;
    stage.advance(2 * DAY).await;
    let path = format!("/v3/bill/tradebill?bill_date={today}");
    let answer = ask(&stage, &path).await;
    stage.advance(290).await;
    fetch(&stage, &answer).await;
    stage.advance(11).await;
    let url = answer.json()["download_url"].as_str().unwrap().to_owned();
    let path = url.split("/wechat").nth(1).unwrap();
    let late = stage
        .try_call(Method::GET, path, String::new())
        .await
        .unwrap();
    assert_eq!(late.refusal(), (400, "INVALID_REQUEST".to_owned()));
    let unsigned = axum::http::Request::get(&url).header("user-agent", "a browser");
    let unsigned = stage.send(unsigned, String::new()).await.unwrap();
    assert_eq!(unsigned.status, 401);
}

#[tokio::test]
async fn a_bill_can_contain_every_kind_of_error() {
    let (stage, today) = a_day().await;
    stage.advance(3 * DAY).await;
    let tomorrow = {
        let day: jiff::civil::Date = today.parse().unwrap();
        day.tomorrow().unwrap().to_string()
    };
    let orders = |rows: &[Vec<String>]| -> Vec<String> {
        let lines = 1..rows.len() - 2;
        lines
            .map(|row| value(rows, row, "商户订单号").to_owned())
            .collect()
    };
    let put = async |kind: &str, more: Value| {
        let mut body = json!({
            "channel": "wechat", "account": "wechat-strict", "bill_date": today, "kind": kind,
        });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let request =
            axum::http::Request::delete(format!("{}/_ctl/bills/discrepancies", stage.url));
        assert_eq!(
            stage.send(request, String::new()).await.unwrap().status,
            204
        );
        stage.control("/_ctl/bills/discrepancies", &body).await;
        bill(&stage, &today, "").await
    };
    let rows = put("drop", json!({ "channel_order_no": "ORDER2" })).await;
    assert_eq!(orders(&rows), ["ORDER1", "ORDER1", "ORDER1"]);
    let rows = put("drop", json!({ "refund_no": "R2" })).await;
    assert_eq!(orders(&rows), ["ORDER1", "ORDER2", "ORDER1"]);
    let rows = put("duplicate", json!({})).await;
    assert_eq!(
        orders(&rows),
        ["ORDER1", "ORDER1", "ORDER2", "ORDER1", "ORDER1"]
    );
    let rows = put("add", json!({ "channel_order_no": "STRANGE1" })).await;
    assert_eq!(orders(&rows)[4], "STRANGE1");
    let rows = put("change_amount", json!({ "channel_order_no": "ORDER2" })).await;
    assert_eq!(value(&rows, 2, "订单金额"), "20.00");
    let rows = put("change_fee", json!({ "channel_order_no": "ORDER2" })).await;
    assert_eq!(value(&rows, 2, "手续费"), "0.14000");
    let rows = put("change_state", json!({ "refund_no": "R1" })).await;
    assert_eq!(value(&rows, 3, "退款状态"), "FAIL");
    let rows = put("next_day", json!({ "channel_order_no": "ORDER2" })).await;
    assert_eq!(orders(&rows), ["ORDER1", "ORDER1", "ORDER1"]);
    assert_eq!(orders(&bill(&stage, &tomorrow, "").await), ["ORDER2"]);
    for (field, body) in [
        (
            "kind",
            json!({ "channel": "wechat", "account": "a", "bill_date": today, "kind": "lose" }),
        ),
        (
            "bill_date",
            json!({ "channel": "wechat", "account": "a", "bill_date": "1", "kind": "add" }),
        ),
        (
            "account",
            json!({ "channel": "wechat", "bill_date": today, "kind": "add" }),
        ),
    ] {
        let answer = stage
            .post("/_ctl/bills/discrepancies", &body.to_string())
            .await;
        assert_eq!(
            (answer.status, &answer.json()["field"]),
            (400, &json!(field))
        );
    }
}

#[tokio::test]
async fn a_spoilt_download_does_not_fit_its_hash() {
    let (stage, today) = a_day().await;
    stage.advance(2 * DAY).await;
    let answer = ask(&stage, &format!("/v3/bill/tradebill?bill_date={today}")).await;
    let whole = fetch(&stage, &answer).await;
    stage.fault("bill", "bad_signature", 0).await;
    let url = answer.json()["download_url"].as_str().unwrap().to_owned();
    let path = url.split("/wechat").nth(1).unwrap();
    let half = stage
        .try_call(Method::GET, path, String::new())
        .await
        .unwrap();
    assert!(half.bytes.len() < whole.len());
    assert!(whole.as_bytes().starts_with(&half.bytes));
}

/// The headers that others have downloaded from the real channel, where they lie beside the checkout.
#[tokio::test]
async fn the_columns_are_those_of_the_samples() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors/bills");
    if std::env::var_os("CI").is_none() && !samples.exists() {
        #[expect(clippy::print_stderr, reason = "a skipped test has to say so")]
        {
            eprintln!("SKIPPED: no samples at {}", samples.display());
        }
        return;
    }
    let sample = |name: &str| {
        let path = samples.join(name);
        let text = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{} is needed: {error}", path.display()));
        let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let (stage, today) = a_day().await;
    stage.advance(2 * DAY).await;
    for (kind, name) in [
        ("tradebill", "wechat_tradebill_ALL_2021-01-28.csv"),
        ("fundflowbill", "wechat_fundflowbill_2021-02-01.csv"),
    ] {
        let sample = sample(name);
        let answer = ask(&stage, &format!("/v3/bill/{kind}?bill_date={today}")).await;
        let text = fetch(&stage, &answer).await;
        let ours: Vec<_> = text.trim_start_matches('\u{feff}').lines().collect();
        let summary = |lines: usize| lines - 2;
        assert_eq!(ours[0], sample[0], "{kind}");
        assert_eq!(
            ours[summary(ours.len())],
            sample[summary(sample.len())],
            "{kind}"
        );
        let shape = |line: &str| (line.starts_with('`'), line.split(",`").count());
        assert_eq!(shape(ours[1]), shape(&sample[1]), "{kind}");
        assert_eq!(
            shape(ours[ours.len() - 1]),
            shape(&sample[sample.len() - 1]),
            "{kind}"
        );
    }
}
