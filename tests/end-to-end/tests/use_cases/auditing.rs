//! The whole-system audit over exports of a real table: what nobody looks at, and what nobody should have touched.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use end_to_end::Way;
use flate2::Compression;
use flate2::write::GzEncoder;
use payonce_app::audit::{Audit, AuditReport, Directory};
use payonce_domain::{Mode, PaymentKey};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::stage::{PRICE, Stage};

type Item = HashMap<String, AttributeValue>;

/// Long enough for the first question of an order to be overdue by the sweep's reckoning.
const OVERDUE_SECONDS: i64 = 70;

/// More than the next rung and the sweep's patience with it.
const RUNG_SECONDS: i64 = 400;

/// The stage, and the folder that stands for both buckets.
struct Office {
    stage: Stage,
    folder: TempDir,
    audit: Audit,
}

impl Office {
    async fn open() -> Self {
        let stage = Stage::set(Mode::Lenient).await;
        let folder = tempfile::tempdir().unwrap();
        let archive = || Arc::new(Directory(folder.path().to_owned()));
        let audit = Audit {
            store: stage.app.store.clone(),
            exports: archive(),
            heads: archive(),
        };
        Self {
            stage,
            folder,
            audit,
        }
    }

    /// The next export is made, and audited.
    async fn audited(&self) -> AuditReport {
        self.stage.pass(1).await;
        let now = self.stage.now();
        let name = format!("{:014}-0a1b2c3d", now.as_millis());
        write_export(self.folder.path(), &name, &self.stage.items().await);
        self.audit.newest(now).await.unwrap()
    }

    /// Of every payment in the newest audit, what it is found as.
    async fn found(&self) -> Vec<(String, bool)> {
        let report = self.audited().await;
        let found = report.found.iter();
        let found = found.map(|found| (found.class.clone(), found.restored));
        let found: Vec<_> = found.collect();
        let number = usize::try_from(report.number()).unwrap();
        assert_eq!(number, found.len(), "{report:?}");
        found
    }

    async fn paid(&self, name: &str) -> PaymentKey {
        let payment = self.stage.opened(name, Way::ALIPAY_PAGE).await;
        let no = payment.channel_orders[0].no;
        self.stage.simulator.pay(&no.to_string()).await.unwrap();
        self.stage.pass(OVERDUE_SECONDS).await;
        self.stage.app.sweep(self.stage.now()).await;
        assert_eq!(self.stage.money(payment.key).await, (PRICE, PRICE, 0));
        payment.key
    }
}

/// An export as DynamoDB writes it: a summary, the list of its files, and the files.
fn write_export(folder: &Path, name: &str, items: &[Item]) {
    let place = format!("exports/AWSDynamoDB/{name}");
    let folder = folder.join(&place);
    std::fs::create_dir_all(folder.join("data")).unwrap();
    let mut files = String::new();
    for (number, part) in items.chunks(2).enumerate() {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        for item in part {
            let line = json!({ "Item": in_json(&AttributeValue::M(item.clone()))["M"] });
            writeln!(packed, "{line}").unwrap();
        }
        let file = format!("data/{number}.json.gz");
        std::fs::write(folder.join(&file), packed.finish().unwrap()).unwrap();
        let key = format!("{place}/{file}");
        let line = json!({ "itemCount": part.len(), "md5Checksum": "", "dataFileS3Key": key });
        files += &format!("{line}\n");
    }
    std::fs::write(folder.join("manifest-files.json"), files).unwrap();
    let summary = json!({
        "version": "2020-06-30",
        "itemCount": items.len(),
        "outputFormat": "DYNAMODB_JSON",
        "manifestFilesS3Key": format!("{place}/manifest-files.json"),
    });
    std::fs::write(folder.join("manifest-summary.json"), summary.to_string()).unwrap();
}

/// DynamoDB's own JSON, of the types that our tables have.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the SDK may learn of more types"
)]
fn in_json(value: &AttributeValue) -> Value {
    use base64::Engine;
    match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(number) => json!({ "N": number }),
        AttributeValue::Bool(truth) => json!({ "BOOL": truth }),
        AttributeValue::B(bytes) => {
            let engine = base64::engine::general_purpose::STANDARD;
            json!({ "B": engine.encode(bytes.as_ref()) })
        }
        AttributeValue::L(list) => json!({ "L": list.iter().map(in_json).collect::<Vec<_>>() }),
        AttributeValue::M(map) => {
            let parts = map
                .iter()
                .map(|(name, value)| (name.clone(), in_json(value)));
            json!({ "M": parts.collect::<serde_json::Map<_, _>>() })
        }
        other => panic!("no table of ours has {other:?}"),
    }
}

fn list<'a>(item: &'a mut Item, name: &str) -> &'a mut Vec<AttributeValue> {
    let Some(AttributeValue::L(list)) = item.get_mut(name) else {
        panic!("no list {name}");
    };
    list
}

/// F70: the sweep never meets what lost its place in the index; the audit does, and gives the place back.
#[tokio::test]
async fn f70_what_is_not_in_the_index_is_found_and_is_there_again() {
    let office = Office::open().await;
    let stage = &office.stage;
    let payment = stage.opened("one", Way::ALIPAY_PAGE).await;
    let no = payment.channel_orders[0].no;
    assert_eq!(office.found().await, []);
    stage
        .tamper(payment.key, |item| {
            item.remove("s");
            item.remove("d");
        })
        .await;
    stage.simulator.pay(&no.to_string()).await.unwrap();
    stage.pass(OVERDUE_SECONDS).await;
    assert_eq!(
        stage.app.sweep(stage.now()).await.advanced,
        0,
        "nobody sees it"
    );
    assert_eq!(office.found().await, [("index".to_owned(), true)]);
    // What was overdue all the while is asked at the ladder's next rung.
    stage.pass(RUNG_SECONDS).await;
    stage.app.sweep(stage.now()).await;
    assert_eq!(stage.money(payment.key).await, (PRICE, PRICE, 0));
    assert_eq!(office.found().await, [], "and its history holds");
}

/// F70: what was lost from a record is in its history, and in the record again: a due time, a refund that was not sent, a
/// success.
#[tokio::test]
async fn f70_a_record_is_made_what_its_history_says() {
    let office = Office::open().await;
    let stage = &office.stage;
    let open = stage.opened("one", Way::ALIPAY_PAGE).await.key;
    let paid = office.paid("two").await;
    let twice = office.paid("three").await;
    let payment = stage.payment(twice).await;
    let refund = payonce_domain::Command::Refund {
        request: payonce_domain::MerchantRefundNo::new("r-1").unwrap(),
        amount: payonce_domain::Money::from_fen(500),
        reason: None,
    };
    let seen = stage.stored(twice).await.unwrap();
    let decision = payonce_domain::decide::on_command(&payment, refund, stage.now()).unwrap();
    stage.app.store.save(&seen, &decision).await.unwrap();
    let before = [
        stage.payment(open).await,
        stage.payment(paid).await,
        stage.payment(twice).await,
    ];
    assert_eq!(office.found().await, []);
    stage
        .tamper(open, |item| {
            let AttributeValue::M(order) = &mut list(item, "p")[0] else {
                panic!("no order");
            };
            order.remove("d").unwrap();
        })
        .await;
    stage
        .tamper(paid, |item| {
            // The success is undone in the record, as if it had never been decided.
            item.remove("wn").unwrap();
            item.remove("cp").unwrap();
        })
        .await;
    stage.tamper(twice, |item| list(item, "rf").clear()).await;
    let found = office.found().await;
    assert_eq!(found, vec![("record".to_owned(), true); 3]);
    for payment in before {
        let mut expected = payment.clone();
        expected.version = payment.version.next();
        expected.unbooked = None;
        let mut restored = stage.payment(payment.key).await;
        assert!(!restored.channel_orders[0].state.is_open() || restored.due_at().is_some());
        // An overdue rung moves on with the tick.
        restored.channel_orders[0].due = expected.channel_orders[0].due;
        assert_eq!(restored, expected);
    }
    assert_eq!(office.found().await, []);
}

/// S18: a history that was altered does not hold; one that was rewritten, or cut, from its first step on holds, and is not
/// the one whose head was kept. Every later audit tells of it too.
#[tokio::test]
async fn s18_what_is_rewritten_cut_or_deleted_is_found_by_its_head() {
    let office = Office::open().await;
    let stage = &office.stage;
    let fresh = stage.opened("cut", Way::ALIPAY_PAGE).await.key;
    let young = stage.item(fresh).await;
    let (altered, deleted) = (office.paid("altered").await, office.paid("deleted").await);
    office.paid("untouched").await;
    let report = office.audited().await;
    assert_eq!(
        (report.number(), report.payments, report.compared),
        (0, 4, 0)
    );
    let report = office.audited().await;
    assert_eq!((report.number(), report.compared), (0, 4));
    assert!(report.compared_with.is_some());

    stage.delete(deleted).await;
    stage
        .tamper(altered, |item| {
            let AttributeValue::S(step) = &mut list(item, "h")[0] else {
                panic!("no step");
            };
            step.push(' ');
        })
        .await;
    // As it was before its last decision: whole in itself, and older than its head.
    stage.tamper(fresh, |item| *item = young).await;
    for _ in 0..2 {
        let mut found = office.found().await;
        found.sort_unstable();
        let names: Vec<_> = found.iter().map(|(class, _)| class.as_str()).collect();
        assert_eq!(names, ["chain", "gone", "rewritten"]);
        assert!(found.iter().all(|(_, restored)| !restored));
    }
}

/// S18: what was audited says the same number again; what is not whole, or old, says none.
#[tokio::test]
async fn s18_an_export_that_is_not_whole_is_no_good_news() {
    let office = Office::open().await;
    let stage = &office.stage;
    stage.opened("one", Way::ALIPAY_PAGE).await;
    let now = stage.now();
    office.audit.newest(now).await.unwrap_err();
    let report = office.audited().await;
    assert_eq!(office.audit.newest(stage.now()).await.unwrap(), report);

    stage.pass(9 * 86_400).await;
    let error = office.audit.newest(stage.now()).await.unwrap_err();
    assert!(format!("{error:#}").contains("too old"), "{error:#}");

    let name = format!("{:014}-0a1b2c3d", stage.now().as_millis());
    write_export(office.folder.path(), &name, &stage.items().await);
    let file = office
        .folder
        .path()
        .join(format!("exports/AWSDynamoDB/{name}/data/0.json.gz"));
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() - 9]).unwrap();
    office.audit.newest(stage.now()).await.unwrap_err();
    let nothing = GzEncoder::new(Vec::new(), Compression::fast());
    std::fs::write(&file, nothing.finish().unwrap()).unwrap();
    let error = office.audit.newest(stage.now()).await.unwrap_err();
    assert!(format!("{error:#}").contains("should hold 1"), "{error:#}");
    std::fs::remove_file(&file).unwrap();
    office.audit.newest(stage.now()).await.unwrap_err();
    std::fs::write(&file, &whole).unwrap();
    assert_eq!(office.audit.newest(stage.now()).await.unwrap().number(), 0);
}
