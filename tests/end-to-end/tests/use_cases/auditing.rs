//! The whole-system audit over exports of a real table: what nobody looks at, and what nobody should have touched.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use end_to_end::Way;
use flate2::Compression;
use flate2::write::GzEncoder;
use payonce_app::audit::{Audit, AuditReport, Directory, Walked, prefix};
use payonce_domain::appeal::{self, AppealCommand, Party, Position};
use payonce_domain::{Mode, PaymentKey, Span, StatementId};
use payonce_store::AppealSaved;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::appealing::{opened, ordered, paid_twice};
use crate::stage::{PRICE, Stage};
use crate::tables;

type Item = HashMap<String, AttributeValue>;

/// What somebody does to an item behind the store's back.
type Change<'a> = &'a dyn Fn(&mut Item);

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
        self.export().await;
        self.audit.newest(now).await.unwrap()
    }

    /// Both tables are exported; the name of the payments' export.
    async fn export(&self) -> String {
        let name = format!("{:014}-0a1b2c3d", self.stage.now().as_millis());
        for (table, of) in [
            (tables::APPEALS, Walked::Appeals),
            (tables::PAYMENTS, Walked::Payments),
        ] {
            let items = self.stage.items_in(table).await;
            write_export(self.folder.path(), of, &name, &items);
        }
        name
    }

    /// Of every payment and appeal in the newest audit, what it is found as.
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
fn write_export(folder: &Path, table: Walked, name: &str, items: &[Item]) {
    let place = format!("{}/AWSDynamoDB/{name}", prefix(table));
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

    let name = office.export().await;
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

/// F70, S18: an open appeal that lost its place is decided by nobody; it is found, and has its place again. One whose
/// history was altered, rewritten or deleted is told of, and of payments of the same number nothing is said.
#[tokio::test]
async fn s18_f70_appeals_are_walked_past_too() {
    let office = Office::open().await;
    let stage = &office.stage;
    let (older, newer) = paid_twice(stage).await;
    let now = stage.now().plus(Span::seconds(90));
    let appeal = opened(stage, &[&older, &newer], now).await;
    // The appeal's number and an order's may be the same, and so their keys.
    let twin = ordered(stage, appeal.request.id.as_str(), now).await;
    let key = appeal.key.as_str();
    assert_eq!(twin.key.as_str(), key);
    let young = stage.items_in(tables::APPEALS).await.remove(0);
    stage.pass(OVERDUE_SECONDS).await;
    let later = AppealCommand::State {
        id: StatementId::new("s-1").unwrap(),
        by: Party::Merchant,
        position: Position::Neutral,
        text: "two parcels".to_owned(),
    };
    let seen = stage.app.appeal(appeal.no()).await.unwrap();
    let said = appeal::on_command(seen.appeal(), later, stage.now()).unwrap();
    let saved = stage.app.store.save_appeal(&seen, &said).await.unwrap();
    assert!(matches!(saved, AppealSaved::Done(_)));
    let report = office.audited().await;
    assert_eq!((report.number(), report.appeals), (0, 1), "{report:?}");
    assert_eq!((report.appeal_steps, report.open_appeals), (3, 1));
    assert_eq!(report.payments, 3);

    for lost in ["d", "s", "l", "m"] {
        stage
            .tamper_in(tables::APPEALS, key, |item| match lost {
                "l" => {
                    item.insert("l".to_owned(), AttributeValue::S("over#0".to_owned()));
                }
                "m" => {
                    item.insert("m".to_owned(), AttributeValue::S("other#0".to_owned()));
                }
                due => {
                    item.remove(due).unwrap();
                }
            })
            .await;
        assert_eq!(office.found().await, [("index".to_owned(), true)], "{lost}");
        assert_eq!(office.found().await, [], "{lost}: it has its place again");
    }
    let after = stage.app.appeal(appeal.no()).await.unwrap();
    assert_eq!(after.appeal(), said.appeal(), "nothing was decided by it");

    let whole = stage.items_in(tables::APPEALS).await.remove(0);
    let changes: [(&str, Change<'_>); 3] = [
        ("chain", &|item| {
            let AttributeValue::S(step) = &mut list(item, "h")[1] else {
                panic!("no step");
            };
            *step = step.replace("1999", "1");
        }),
        // As it was before the merchant spoke: whole in itself, and older than its head.
        ("rewritten", &|item| *item = young.clone()),
        ("unreadable", &|item| {
            item.insert("x".to_owned(), AttributeValue::N("1".to_owned()));
        }),
    ];
    for (class, change) in changes {
        stage
            .tamper_in(tables::APPEALS, key, |item| change(item))
            .await;
        for _ in 0..2 {
            assert_eq!(office.found().await, [(class.to_owned(), false)]);
        }
        stage
            .tamper_in(tables::APPEALS, key, |item| *item = whole.clone())
            .await;
        assert_eq!(office.found().await, [], "it is what it was");
    }
    stage.delete_in(tables::APPEALS, key).await;
    for _ in 0..2 {
        let report = office.audited().await;
        let found: Vec<_> = report
            .found
            .iter()
            .map(|one| (one.table, one.class.as_str()))
            .collect();
        assert_eq!(found, [(Walked::Appeals, "gone")]);
    }
}

/// S18: the appeals' export of another week is no good news either.
#[tokio::test]
async fn s18_both_exports_are_of_one_day() {
    let office = Office::open().await;
    let stage = &office.stage;
    stage.opened("one", Way::ALIPAY_PAGE).await;
    let name = format!("{:014}-0a1b2c3d", stage.now().as_millis());
    let items = stage.items().await;
    write_export(office.folder.path(), Walked::Payments, &name, &items);
    let error = office.audit.newest(stage.now()).await.unwrap_err();
    assert!(
        format!("{error:#}").contains("exports/appeals"),
        "{error:#}"
    );
    write_export(office.folder.path(), Walked::Appeals, &name, &[]);
    assert_eq!(office.audit.newest(stage.now()).await.unwrap().number(), 0);
    stage.pass(2 * 86_400).await;
    let later = format!("{:014}-0a1b2c3d", stage.now().as_millis());
    write_export(office.folder.path(), Walked::Payments, &later, &items);
    let error = office.audit.newest(stage.now()).await.unwrap_err();
    assert!(format!("{error:#}").contains("not whole yet"), "{error:#}");
}
