//! Heads (链头): the last hash of every history, kept from one audit to the next where nobody can change them.
//!
//! One folder for each audit, named so that the order of names is the order of time; in it a file for each shelf that has
//! any, one line a payment or an appeal: key, version, hash. The report comes last, so a folder with one is whole.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::Context;
use payonce_domain::ChainHash;

use super::archive::{self, Archive};
use super::report::{AuditReport, Walked};
use super::shelves::is_key;

/// Where heads lie in their archive.
const HEADS: &str = "heads/";

/// A history's length and its last hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) version: usize,
    pub(super) hash: ChainHash,
}

impl Head {
    /// The head of a chain; none if it is empty.
    pub(super) fn of(chain: &[ChainHash]) -> Option<Self> {
        let hash = *chain.last()?;
        Some(Self {
            version: chain.len(),
            hash,
        })
    }

    /// Whether a chain went through here.
    pub(super) fn is_in(&self, chain: &[ChainHash]) -> bool {
        let place = self.version.checked_sub(1);
        place.and_then(|place| chain.get(place)) == Some(&self.hash)
    }
}

/// Heads by their keys.
pub(super) type Heads = BTreeMap<String, Head>;

/// The last audit before this one that came to its end.
pub(super) async fn before(archive: &dyn Archive, audit: &str) -> anyhow::Result<Option<String>> {
    let mut audits = archive.folders(HEADS).await?;
    audits.retain(|other| other.as_str() < audit);
    audits.sort_unstable();
    for other in audits.into_iter().rev() {
        if report(archive, &other).await?.is_some() {
            return Ok(Some(other));
        }
    }
    Ok(None)
}

/// The heads of a shelf that an audit kept.
pub(super) async fn read(
    archive: &dyn Archive,
    audit: &str,
    table: Walked,
    shelf: usize,
) -> anyhow::Result<Heads> {
    let name = name(audit, table, shelf);
    let Some(bytes) = archive::read(archive, &name).await? else {
        return Ok(Heads::new());
    };
    let text = String::from_utf8(bytes).with_context(|| format!("{name} is no text"))?;
    let lines = text.lines().map(|line| {
        let head = parse(line);
        head.with_context(|| format!("{name} holds no head in {line:?}"))
    });
    lines.collect()
}

/// Keeps the heads of a shelf, if it has any.
pub(super) async fn keep(
    archive: &dyn Archive,
    audit: &str,
    table: Walked,
    shelf: usize,
    heads: &Heads,
) -> anyhow::Result<()> {
    if heads.is_empty() {
        return Ok(());
    }
    let mut text = String::new();
    for (key, head) in heads {
        write!(text, "{key} {} ", head.version)?;
        for byte in head.hash.0 {
            write!(text, "{byte:02x}")?;
        }
        text.push('\n');
    }
    archive
        .keep(&name(audit, table, shelf), text.into_bytes())
        .await
}

/// What an audit found, if it came to its end.
pub(super) async fn report(
    archive: &dyn Archive,
    audit: &str,
) -> anyhow::Result<Option<AuditReport>> {
    let name = report_name(audit);
    let report = archive::read(archive, &name).await?;
    let report = report.map(|bytes| serde_json::from_slice(&bytes));
    report
        .transpose()
        .with_context(|| format!("reading {name}"))
}

/// An audit has come to its end.
pub(super) async fn keep_report(
    archive: &dyn Archive,
    audit: &str,
    report: &AuditReport,
) -> anyhow::Result<()> {
    let bytes = serde_json::to_vec_pretty(report)?;
    archive.keep(&report_name(audit), bytes).await
}

fn name(audit: &str, table: Walked, shelf: usize) -> String {
    let of = match table {
        Walked::Payments => "",
        Walked::Appeals => "appeals-",
    };
    format!("{HEADS}{audit}/{of}{shelf:03}")
}

fn report_name(audit: &str) -> String {
    format!("{HEADS}{audit}/report.json")
}

fn parse(line: &str) -> Option<(String, Head)> {
    let mut words = line.split(' ');
    let (key, version, hash) = (words.next()?, words.next()?, words.next()?);
    let mut bytes = [0; 16];
    if words.next().is_some() || hash.len() != 2 * bytes.len() {
        return None;
    }
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hash.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    let head = Head {
        version: version.parse().ok()?,
        hash: ChainHash(bytes),
    };
    is_key(key).then(|| (key.to_owned(), head))
}
