//! The state file: keys, books, clock and pending notifications outlive the process.
//!
//! The file is written whole beside the old one and renamed over it, so that a crash leaves one or
//! the other. Journal and faults belong to one run and are not kept.

use std::{
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use crate::{
    alipay,
    books::Books,
    clock::Clock,
    notice::Notices,
    simulator::{Accounts, Numbers, Simulator},
    unionpay, wechat,
};

/// Raised whenever an older program could not read the file.
const VERSION: u32 = 2;

/// Changes come in bursts; one write covers a burst.
const DEBOUNCE: Duration = Duration::from_millis(400);

/// Every channel's accounts, and the stranger's key.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct SavedAccounts {
    pub(crate) alipay: alipay::SavedAccounts,
    pub(crate) wechat: wechat::SavedAccounts,
    pub(crate) unionpay: unionpay::SavedAccounts,
    /// None before the first start.
    pub(crate) stranger_key: Option<String>,
}

impl SavedAccounts {
    fn of(accounts: &Accounts) -> Self {
        Self {
            alipay: accounts.alipay.to_saved(),
            wechat: accounts.wechat.to_saved(),
            unionpay: accounts.unionpay.to_saved(),
            stranger_key: Some(accounts.stranger_key_pem.clone()),
        }
    }
}

/// What is read at the start.
#[derive(Deserialize)]
pub(crate) struct Saved {
    pub(crate) clock: Clock,
    pub(crate) numbers: Numbers,
    pub(crate) accounts: SavedAccounts,
    pub(crate) books: Books,
    pub(crate) notices: Notices,
}

/// The part of the file that every version has.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// The same, borrowed, for writing.
#[derive(Serialize)]
struct Saving<'a> {
    version: u32,
    clock: &'a Clock,
    numbers: &'a Numbers,
    accounts: SavedAccounts,
    books: &'a Books,
    notices: &'a Notices,
}

impl Saved {
    /// Reads the file; none yet is the ordinary first start.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Option<Self>> {
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("reading the state file {}", path.display()));
            }
        };
        // The version is looked at by itself, because an older file lacks what this program needs.
        let version = serde_json::from_slice(&text).map(|saved: Version| saved.version);
        if let Ok(version) = version
            && version != VERSION
        {
            bail!(
                "the state file {} has version {version}, this program writes {VERSION}; start with --fresh to replace it",
                path.display(),
            );
        }
        let saved = serde_json::from_slice(&text).with_context(|| {
            format!(
                "the state file {} is not understood; start with --fresh to replace it",
                path.display()
            )
        })?;
        Ok(Some(saved))
    }
}

/// Writes the state file now.
pub(crate) fn save(simulator: &Simulator, path: &Path) -> anyhow::Result<()> {
    let text = simulator.look(|world| {
        serde_json::to_vec(&Saving {
            version: VERSION,
            clock: &world.clock,
            numbers: &world.numbers,
            accounts: SavedAccounts::of(&simulator.accounts),
            books: &world.books,
            notices: &world.notices,
        })
    });
    let text = text.context("writing the state as JSON")?;
    let beside = path.with_extension("tmp");
    let write = || -> std::io::Result<()> {
        let mut file = std::fs::File::create(&beside)?;
        file.write_all(&text)?;
        file.sync_data()?;
        std::fs::rename(&beside, path)
    };
    write().with_context(|| format!("writing the state file {}", path.display()))
}

/// Says how many seconds the clock is ahead, whole or not at all.
pub(crate) fn write_clock(path: &Path, clock: Clock) -> anyhow::Result<()> {
    let beside = path.with_extension("tmp");
    std::fs::write(&beside, clock.offset_seconds().to_string())
        .and_then(|()| std::fs::rename(&beside, path))
        .with_context(|| format!("writing the clock file {}", path.display()))
}

/// Saves after every burst of changes, for as long as the process lives.
pub(crate) async fn keep_saving(simulator: Arc<Simulator>, path: PathBuf) {
    loop {
        simulator.changed.notified().await;
        tokio::time::sleep(DEBOUNCE).await;
        let (simulator, path) = (Arc::clone(&simulator), path.clone());
        // A disk that is full now may not be later, and the last save reports its error.
        let _retried_at_the_next_change =
            tokio::task::spawn_blocking(move || save(&simulator, &path)).await;
    }
}
