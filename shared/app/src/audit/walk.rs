//! The walk past every payment, and the comparison with the heads that were kept before.

use anyhow::Context;
use payonce_domain::PaymentKey;
use payonce_store::audit::{examine, item_of_line};
use payonce_store::engine::Item;

use super::Lines;
use super::archive::Archive;
use super::heads::{self, Head, Heads};
use super::report::AuditReport;
use super::shelves::{Chain, SHELVES, Shelves};

/// A walk that has begun.
pub struct Walk {
    shards: u32,
    shelves: Shelves,
    report: AuditReport,
}

impl Walk {
    /// Begins one. `shards`: how many parts of the due index are read.
    #[must_use]
    pub fn begin(shards: u32) -> Self {
        Self {
            shards,
            shelves: Shelves::new(),
            report: AuditReport::default(),
        }
    }

    /// How many items it came past.
    #[must_use]
    pub const fn items(&self) -> u64 {
        self.report.payments
    }

    /// Comes past an item of the table of payments.
    ///
    /// # Errors
    /// If the machine has no room for what is to be remembered of it.
    pub fn take(&mut self, item: Item) -> anyhow::Result<()> {
        self.report.payments += 1;
        let examined = examine(item, self.shards);
        if let Some(payment) = &examined.payment {
            self.report.counts(payment);
        }
        if let Some(trouble) = examined.trouble {
            let restorable = trouble.can_be_restored();
            let what = trouble.to_string();
            let key = examined.key.clone();
            self.report.finds(key, trouble.name(), what, restorable);
        }
        // What has no key of ours was found unreadable, and no head was ever kept for it.
        if let Some(key) = PaymentKey::parse(&examined.key) {
            let hashes = examined.chain;
            self.shelves.lay(&Chain { key, hashes })?;
        }
        Ok(())
    }

    /// Comes past every item in a file of an export: gzip, an item a line.
    ///
    /// # Errors
    /// If the file is missing, cut off or holds something else.
    pub async fn file(&mut self, archive: &dyn Archive, name: &str) -> anyhow::Result<()> {
        let mut lines = Lines::to(|line: &[u8]| {
            let item = item_of_line(line)?;
            self.take(item)
        });
        let fetched = archive.fetch(name, &mut |piece| lines.take(piece)).await;
        let there = fetched.with_context(|| format!("reading {name}"))?;
        anyhow::ensure!(there, "{name} is missing");
        lines.end().with_context(|| format!("reading {name}"))
    }

    /// The walk is over: every head is compared with the one that was kept before, and kept for the next time.
    ///
    /// A payment whose history was rewritten, or that is gone, keeps its old head, so that every later audit tells of it
    /// too.
    ///
    /// # Errors
    /// If heads cannot be read or kept.
    pub async fn end(mut self, archive: &dyn Archive, audit: &str) -> anyhow::Result<AuditReport> {
        let before = heads::before(archive, audit).await?;
        for shelf in 0..SHELVES {
            let chains = self.shelves.take(shelf)?;
            let kept = match &before {
                Some(before) => heads::read(archive, before, shelf).await?,
                None => Heads::new(),
            };
            let next = compare(chains, kept, &mut self.report);
            heads::keep(archive, audit, shelf, &next).await?;
        }
        self.report.compared_with = before;
        Ok(self.report)
    }
}

/// The heads to be kept, after those of before.
fn compare(chains: Vec<Chain>, mut kept: Heads, report: &mut AuditReport) -> Heads {
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
            report.finds(key.to_string(), "rewritten", what, false);
            next.insert(key, old);
        }
    }
    for (key, old) in kept {
        let what = format!("it had {} steps, and is gone", old.version);
        report.finds(key.to_string(), "gone", what, false);
        next.insert(key, old);
    }
    next
}
