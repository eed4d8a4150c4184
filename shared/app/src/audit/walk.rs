//! The walk past every payment and every appeal, and the comparison with the heads that were kept before.

use anyhow::Context;
use payonce_domain::ChainHash;
use payonce_store::audit::{Trouble, examine, examine_appeal, item_of_line};
use payonce_store::engine::Item;

use super::Lines;
use super::archive::Archive;
use super::heads::{self, Head, Heads};
use super::report::{AuditReport, Walked};
use super::shelves::{Chain, SHELVES, Shelves, is_key};

/// A walk that has begun.
pub struct Walk {
    shards: u32,
    payments: Shelves,
    appeals: Shelves,
    report: AuditReport,
}

impl Walk {
    /// Begins one. `shards`: how many parts of the indexes are read.
    #[must_use]
    pub fn begin(shards: u32) -> Self {
        Self {
            shards,
            payments: Shelves::new(),
            appeals: Shelves::new(),
            report: AuditReport::default(),
        }
    }

    /// How many items of a table it came past.
    #[must_use]
    pub const fn items(&self, table: Walked) -> u64 {
        match table {
            Walked::Payments => self.report.payments,
            Walked::Appeals => self.report.appeals,
        }
    }

    /// Comes past an item of a table.
    ///
    /// # Errors
    /// If the machine has no room for what is to be remembered of it.
    pub fn take(&mut self, table: Walked, item: Item) -> anyhow::Result<()> {
        match table {
            Walked::Payments => self.take_payment(item),
            Walked::Appeals => self.take_appeal(&item),
        }
    }

    fn take_payment(&mut self, item: Item) -> anyhow::Result<()> {
        self.report.payments += 1;
        let examined = examine(item, self.shards);
        if let Some(payment) = &examined.payment {
            self.report.counts(payment);
        }
        let (key, hashes) = (examined.key, examined.chain);
        self.note(Walked::Payments, key, hashes, examined.trouble)
    }

    fn take_appeal(&mut self, item: &Item) -> anyhow::Result<()> {
        self.report.appeals += 1;
        let examined = examine_appeal(item, self.shards);
        if let Some(appeal) = &examined.appeal {
            self.report.counts_appeal(appeal);
        }
        let (key, hashes) = (examined.key, examined.chain);
        self.note(Walked::Appeals, key, hashes, examined.trouble)
    }

    fn note(
        &mut self,
        table: Walked,
        key: String,
        hashes: Vec<ChainHash>,
        trouble: Option<Trouble>,
    ) -> anyhow::Result<()> {
        if let Some(trouble) = trouble {
            let restorable = trouble.can_be_restored();
            let (class, what) = (trouble.name(), trouble.to_string());
            self.report
                .finds(table, key.clone(), class, what, restorable);
        }
        // What has no key of ours was found unreadable, and no head was ever kept for it.
        if !is_key(&key) {
            return Ok(());
        }
        let shelves = match table {
            Walked::Payments => &mut self.payments,
            Walked::Appeals => &mut self.appeals,
        };
        shelves.lay(&Chain { key, hashes })
    }

    /// Comes past every item in a file of a table's export: gzip, an item a line.
    ///
    /// # Errors
    /// If the file is missing, cut off or holds something else.
    pub async fn file(
        &mut self,
        archive: &dyn Archive,
        table: Walked,
        name: &str,
    ) -> anyhow::Result<()> {
        let mut lines = Lines::to(|line: &[u8]| {
            let item = item_of_line(line)?;
            self.take(table, item)
        });
        let fetched = archive.fetch(name, &mut |piece| lines.take(piece)).await;
        let there = fetched.with_context(|| format!("reading {name}"))?;
        anyhow::ensure!(there, "{name} is missing");
        lines.end().with_context(|| format!("reading {name}"))
    }

    /// The walk is over: every head is compared with the one that was kept before, and kept for the next time.
    ///
    /// Whatever's history was rewritten, or that is gone, keeps its old head, so that every later audit tells of it
    /// too.
    ///
    /// # Errors
    /// If heads cannot be read or kept.
    pub async fn end(mut self, archive: &dyn Archive, audit: &str) -> anyhow::Result<AuditReport> {
        let before = heads::before(archive, audit).await?;
        for table in Walked::ALL {
            for shelf in 0..SHELVES {
                let chains = match table {
                    Walked::Payments => self.payments.take(shelf)?,
                    Walked::Appeals => self.appeals.take(shelf)?,
                };
                let kept = match &before {
                    Some(before) => heads::read(archive, before, table, shelf).await?,
                    None => Heads::new(),
                };
                let next = compare(table, chains, kept, &mut self.report);
                heads::keep(archive, audit, table, shelf, &next).await?;
            }
        }
        self.report.compared_with = before;
        Ok(self.report)
    }
}

/// The heads to be kept, after those of before.
fn compare(table: Walked, chains: Vec<Chain>, mut kept: Heads, report: &mut AuditReport) -> Heads {
    let mut next = Heads::new();
    report.compared += u64::try_from(kept.len()).unwrap_or(u64::MAX);
    for Chain { key, hashes } in chains {
        let head = Head::of(&hashes);
        let Some(old) = kept.remove(&key) else {
            next.extend(head.map(|head| (key, head)));
            continue;
        };
        let Some(head) = head else {
            // It was found already: its chain does not hold, or it cannot be read.
            next.insert(key, old);
            continue;
        };
        if old.is_in(&hashes) {
            next.insert(key, head);
        } else {
            let what = format!(
                "its history was rewritten, or cut, before version {}",
                old.version
            );
            report.finds(table, key.clone(), "rewritten", what, false);
            next.insert(key, old);
        }
    }
    for (key, old) in kept {
        let what = format!("it had {} steps, and is gone", old.version);
        report.finds(table, key.clone(), "gone", what, false);
        next.insert(key, old);
    }
    next
}
