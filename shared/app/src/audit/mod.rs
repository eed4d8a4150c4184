//! Audit (审计): walk every payment and every appeal there is, and ask each whether it can be believed.
//!
//! Each history is hashed and replayed, its money counted, and what is owed looked for in the due index
//! ([`payonce_store::audit`]). An appeal's history is hashed and replayed
//! too, and an appeal that is open must stand in its due index. Then the last hash of every chain, its head, is compared with those that were kept before,
//! where nobody can change them: whoever rewrites a history to its first entry leaves a chain that holds, and another
//! head; whoever deletes one leaves a head without it. At the end stands one number, which must be zero.
//!
//! It reads exports of the tables line by line, or whatever else it is handed item by item; what it keeps in memory does
//! not grow with the tables, but for the items that something is wrong with.

mod archive;
mod heads;
mod lines;
mod report;
mod shelves;
mod walk;

use std::sync::Arc;

use anyhow::{Context, ensure};
use payonce_domain::{AppealKey, PaymentKey, Span, Timestamp};
use payonce_store::Store;
use payonce_store::audit::Restored;
use serde::Deserialize;

pub use archive::{Archive, Directory, Done, Taker};
pub use report::{AuditReport, Found, Walked};
pub use walk::Walk;

use crate::metrics::{Metric, record};
use lines::Lines;

/// An export is made every week; an audit of an older one says nothing of this week.
const OLDEST: Span = Span::days(9);
/// The export of the appeals is begun just before that of the payments. One that much older is another week's.
const APART: Span = Span::days(1);

/// What stands before the folder that DynamoDB makes for the exports of a table.
#[must_use]
pub const fn prefix(table: Walked) -> &'static str {
    match table {
        Walked::Payments => "exports",
        Walked::Appeals => "exports/appeals",
    }
}

/// The audit of deployed tables: of their exports, week by week.
pub struct Audit {
    /// The tables, for what can be restored.
    pub store: Store,
    /// Where exports of them lie.
    pub exports: Arc<dyn Archive>,
    /// Where the heads are kept; best where nobody can change them.
    pub heads: Arc<dyn Archive>,
}

/// One line of the list of an export's files.
#[derive(Deserialize)]
struct DataFile {
    #[serde(rename = "itemCount")]
    items: u64,
    #[serde(rename = "dataFileS3Key")]
    name: String,
}

/// What an export says of itself.
#[derive(Deserialize)]
struct Summary {
    #[serde(rename = "itemCount")]
    items: u64,
    #[serde(rename = "manifestFilesS3Key")]
    files: String,
    #[serde(rename = "outputFormat")]
    format: String,
}

impl Audit {
    /// Audits the newest whole export of the payments with that of the appeals of the same day, unless that is done already,
    /// and says the number as a metric either way.
    ///
    /// # Errors
    /// If there are no exports of the last days, or they or the heads cannot be read or written.
    pub async fn newest(&self, now: Timestamp) -> anyhow::Result<AuditReport> {
        let (export, payments) = self.newest_export(Walked::Payments).await?;
        let age = now.since(made_at(&export)?);
        ensure!(age < OLDEST, "the newest export, {export}, is too old");
        let report = match heads::report(&*self.heads, &export).await? {
            Some(report) => report,
            None => {
                let (of_appeals, appeals) = self.newest_export(Walked::Appeals).await?;
                let age = made_at(&export)?.since(made_at(&of_appeals)?);
                ensure!(
                    age < APART,
                    "the appeals' export to {export} is not whole yet"
                );
                let tables = [(Walked::Payments, payments), (Walked::Appeals, appeals)];
                self.audit(&export, &tables, now).await?
            }
        };
        record(&[], &[(Metric::AuditFound, report.number())], now);
        Ok(report)
    }

    async fn audit(
        &self,
        export: &str,
        tables: &[(Walked, Summary)],
        now: Timestamp,
    ) -> anyhow::Result<AuditReport> {
        let mut walk = Walk::begin(self.store.shards());
        for (table, summary) in tables {
            self.walk_past(&mut walk, *table, summary).await?;
        }
        let mut report = walk.end(&*self.heads, export).await?;
        restore(&self.store, &mut report, now).await;
        report.keep(&*self.heads, export).await?;
        report.log();
        Ok(report)
    }

    async fn walk_past(
        &self,
        walk: &mut Walk,
        table: Walked,
        summary: &Summary,
    ) -> anyhow::Result<()> {
        ensure!(
            summary.format == "DYNAMODB_JSON",
            "the export is in {}, and not in DYNAMODB_JSON",
            summary.format
        );
        let list = archive::whole(&*self.exports, &summary.files).await?;
        for line in list
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
        {
            let file: DataFile = serde_json::from_slice(line).context("the export's files")?;
            let before = walk.items(table);
            walk.file(&*self.exports, table, &file.name).await?;
            let items = walk.items(table) - before;
            ensure!(
                items == file.items,
                "{} holds {items} items, and should hold {}",
                file.name,
                file.items
            );
        }
        ensure!(
            walk.items(table) == summary.items,
            "the export holds {} items, and should hold {}",
            walk.items(table),
            summary.items
        );
        Ok(())
    }

    /// The newest export of a table that is whole: its summary is written last.
    async fn newest_export(&self, table: Walked) -> anyhow::Result<(String, Summary)> {
        let place = format!("{}/AWSDynamoDB/", prefix(table));
        let mut exports = self.exports.folders(&place).await?;
        exports.sort_unstable();
        for export in exports.into_iter().rev() {
            let name = format!("{place}{export}/manifest-summary.json");
            if let Some(summary) = archive::read(&*self.exports, &name).await? {
                let summary = serde_json::from_slice(&summary).context("the export's summary")?;
                return Ok((export, summary));
            }
        }
        anyhow::bail!("there is no whole export under {place}")
    }
}

/// When an export was begun, which is what it is named by.
fn made_at(export: &str) -> anyhow::Result<Timestamp> {
    let millis = export.split('-').next().and_then(|text| text.parse().ok());
    let millis = millis.context("an export is named by its time")?;
    Ok(Timestamp::from_millis(millis))
}

/// Makes good what the histories can. Each item is read again: the walk may have seen it hours ago.
pub async fn restore(store: &Store, report: &mut AuditReport, now: Timestamp) {
    for found in report
        .found
        .iter_mut()
        .filter(|found| found.can_be_restored)
    {
        let restored = match found.table {
            Walked::Payments => match PaymentKey::parse(&found.key) {
                Some(key) => store.restore(key, now).await,
                None => continue,
            },
            Walked::Appeals => match AppealKey::parse(&found.key) {
                Some(key) => store.restore_appeal(key).await,
                None => continue,
            },
        };
        match restored {
            Ok(Restored::Done) => found.restored = true,
            Ok(Restored::Whole | Restored::Moved | Restored::Untrusted) => {}
            Err(error) => {
                let one = found.table.one();
                tracing::error!(%error, "{one} {} is not restored: {error}", found.key);
            }
        }
    }
}
