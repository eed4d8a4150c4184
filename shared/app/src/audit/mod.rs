//! Audit (审计): walk every payment there is, and ask each whether it can be believed.
//!
//! Each history is hashed and replayed, its money counted, and what is owed looked for in the due index
//! ([`payonce_store::audit`]). Then the last hash of every chain, its head, is compared with those that were kept before,
//! where nobody can change them: whoever rewrites a history to its first entry leaves a chain that holds, and another
//! head; whoever deletes a payment leaves a head without one. At the end stands one number, which must be zero.
//!
//! It reads an export of the table line by line, or whatever else it is handed item by item; what it keeps in memory does
//! not grow with the table, but for the payments that something is wrong with.

mod archive;
mod heads;
mod lines;
mod report;
mod shelves;
mod walk;

use std::sync::Arc;

use anyhow::{Context, ensure};
use payonce_domain::{PaymentKey, Span, Timestamp};
use payonce_store::Store;
use payonce_store::audit::Restored;
use serde::Deserialize;

pub use archive::{Archive, Directory, Done, Taker};
pub use report::{AuditReport, Found};
pub use walk::Walk;

use crate::metrics::{Metric, record};
use lines::Lines;

/// Where an export lies in its archive.
const EXPORTS: &str = "exports/AWSDynamoDB/";
/// An export is made every week; an audit of an older one says nothing of this week.
const OLDEST: Span = Span::days(9);

/// The audit of a deployed table: of its exports, week by week.
pub struct Audit {
    /// The table, for what can be restored.
    pub store: Store,
    /// Where exports of it lie.
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
    /// Audits the newest whole export, unless that is done already, and says the number as a metric either way.
    ///
    /// # Errors
    /// If there is no export of the last days, or it or the heads cannot be read or written.
    pub async fn newest(&self, now: Timestamp) -> anyhow::Result<AuditReport> {
        let (export, summary) = self.newest_export().await?;
        let made_at = export.split('-').next().and_then(|text| text.parse().ok());
        let made_at = Timestamp::from_millis(made_at.context("an export is named by its time")?);
        let age = now.since(made_at);
        ensure!(age < OLDEST, "the newest export, {export}, is too old");
        let report = match heads::report(&*self.heads, &export).await? {
            Some(report) => report,
            None => self.audit(&export, &summary, now).await?,
        };
        record(&[], &[(Metric::AuditFound, report.number())], now);
        Ok(report)
    }

    async fn audit(
        &self,
        export: &str,
        summary: &Summary,
        now: Timestamp,
    ) -> anyhow::Result<AuditReport> {
        ensure!(
            summary.format == "DYNAMODB_JSON",
            "the export is in {}, and not in DYNAMODB_JSON",
            summary.format
        );
        let mut walk = Walk::begin(self.store.shards());
        let list = archive::whole(&*self.exports, &summary.files).await?;
        for line in list
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
        {
            let file: DataFile = serde_json::from_slice(line).context("the export's files")?;
            let before = walk.items();
            walk.file(&*self.exports, &file.name).await?;
            let items = walk.items() - before;
            ensure!(
                items == file.items,
                "{} holds {items} items, and should hold {}",
                file.name,
                file.items
            );
        }
        ensure!(
            walk.items() == summary.items,
            "the export holds {} items, and should hold {}",
            walk.items(),
            summary.items
        );
        let mut report = walk.end(&*self.heads, export).await?;
        restore(&self.store, &mut report, now).await;
        report.keep(&*self.heads, export).await?;
        report.log();
        Ok(report)
    }

    /// The newest export that is whole: its summary is written last.
    async fn newest_export(&self) -> anyhow::Result<(String, Summary)> {
        let mut exports = self.exports.folders(EXPORTS).await?;
        exports.sort_unstable();
        for export in exports.into_iter().rev() {
            let name = format!("{EXPORTS}{export}/manifest-summary.json");
            if let Some(summary) = archive::read(&*self.exports, &name).await? {
                let summary = serde_json::from_slice(&summary).context("the export's summary")?;
                return Ok((export, summary));
            }
        }
        anyhow::bail!("there is no whole export under {EXPORTS}")
    }
}

/// Makes good what the histories can. Each payment is read again: the walk may have seen it hours ago.
pub async fn restore(store: &Store, report: &mut AuditReport, now: Timestamp) {
    for found in report
        .found
        .iter_mut()
        .filter(|found| found.can_be_restored)
    {
        let Some(key) = PaymentKey::parse(&found.key) else {
            continue;
        };
        match store.restore(key, now).await {
            Ok(Restored::Done) => found.restored = true,
            Ok(Restored::Whole | Restored::Moved | Restored::Untrusted) => {}
            Err(error) => {
                tracing::error!(%error, "payment {} is not restored: {error}", found.key);
            }
        }
    }
}
