//! History (流水): what was decided, when and on what, as a chain that cannot be altered unseen.
//!
//! A payment's history holds every input that changed it, one for each version. [`replay`] folds the
//! same decisions over them and must give the same payment, money and obligations. Each entry is
//! bound to all before it by [`ChainHash`]. Decisions never read the history.

use crate::announcement::Announcement;
use crate::command::{ChannelChoice, Command};
use crate::decide;
use crate::evidence::Digest;
use crate::fact::Fact;
use crate::ids::ChannelTradeNo;
use crate::payment::{Payment, Terms, Version};
use crate::time::Timestamp;

/// What changed a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// It was opened. Version 1, always and only.
    Opened {
        /// What the merchant asked for.
        terms: Box<Terms>,
        /// The first way to pay, if one was chosen.
        choice: Option<ChannelChoice>,
    },
    /// Something happened.
    Fact(Fact),
    /// Something was asked and granted.
    Command(Command),
}

/// One step of a payment's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The version this step made.
    pub version: Version,
    /// When it was decided, by our clock.
    pub at: Timestamp,
    /// What was decided on.
    pub input: Input,
}

/// The hash that binds an entry to everything before it: half of SHA-256 over the previous hash and
/// the entry's stored bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChainHash(pub [u8; 16]);

impl ChainHash {
    /// What precedes the first entry: a hash of the payment's key, so that no history fits another payment.
    #[must_use]
    pub fn genesis(key: &str) -> Self {
        Self::cut(Digest::of(key.as_bytes()))
    }

    /// The hash of an entry with these stored bytes that follows `self`.
    #[must_use]
    pub fn follow(self, entry: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(entry.len() + 16);
        bytes.extend_from_slice(&self.0);
        bytes.extend_from_slice(entry);
        Self::cut(Digest::of(&bytes))
    }

    fn cut(digest: Digest) -> Self {
        let mut out = [0; 16];
        out.copy_from_slice(&digest.as_bytes()[..16]);
        Self(out)
    }
}

/// Why a history does not make a payment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("history breaks at version {at:?}: {why}")]
pub struct BrokenHistory {
    /// The version whose entry does not fit.
    pub at: Version,
    /// What is wrong with it.
    pub why: &'static str,
}

/// The payment this history leads to.
///
/// # Errors
/// [`BrokenHistory`] if an entry is missing or out of order, or a command of it is refused.
pub fn replay(entries: &[Entry]) -> Result<Payment, BrokenHistory> {
    replay_noting(entries, |_| ())
}

/// Every announcement that a history made, as it was made.
///
/// # Errors
/// As [`replay`].
pub fn announcements(entries: &[Entry]) -> Result<Vec<Announcement>, BrokenHistory> {
    let mut made: Vec<Announcement> = Vec::new();
    replay_noting(entries, |payment| {
        let last = made.last().map_or(0, |last| last.sequence);
        let new = payment.announcements.iter().filter(|a| a.sequence > last);
        made.extend(new.cloned());
    })?;
    Ok(made)
}

/// When a history came to know that its payment is paid; none if it never did.
#[must_use]
pub fn paid_known_at(entries: &[Entry]) -> Option<Timestamp> {
    let mut times = entries.iter().map(|entry| entry.at);
    let mut known = None;
    let note = |payment: &Payment| {
        let at = times.next();
        if known.is_none() && payment.winner.is_some() {
            known = at;
        }
    };
    replay_noting(entries, note).ok()?;
    known
}

/// When a capture became known to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownCapture {
    /// Which.
    pub trade_no: ChannelTradeNo,
    /// When, by our clock.
    pub at: Timestamp,
}

/// When a history came to know of each capture, in that order; none of a history that is broken.
#[must_use]
pub fn captures_known(entries: &[Entry]) -> Vec<KnownCapture> {
    let mut times = entries.iter().map(|entry| entry.at);
    let mut known: Vec<KnownCapture> = Vec::new();
    let note = |payment: &Payment| {
        let Some(at) = times.next() else { return };
        for capture in &payment.captures {
            let trade_no = &capture.trade_no;
            if known.iter().all(|one| one.trade_no != *trade_no) {
                let trade_no = trade_no.clone();
                known.push(KnownCapture { trade_no, at });
            }
        }
    };
    let replayed = replay_noting(entries, note);
    replayed.map_or_else(|_| Vec::new(), |_| known)
}

fn replay_noting(
    entries: &[Entry],
    mut note: impl FnMut(&Payment),
) -> Result<Payment, BrokenHistory> {
    let mut payment: Option<Payment> = None;
    for entry in entries {
        let broken = |why| BrokenHistory {
            at: entry.version,
            why,
        };
        let decision = match (&payment, &entry.input) {
            (None, Input::Opened { terms, choice }) => {
                decide::open((**terms).clone(), choice.clone(), entry.at)
                    .map_err(|_| broken("the opening is refused"))?
            }
            (Some(payment), Input::Fact(fact)) => {
                decide::on_recorded(payment, fact.clone(), entry.at)
            }
            (Some(payment), Input::Command(command)) => {
                decide::on_recorded_command(payment, command.clone(), entry.at)
                    .map_err(|_| broken("the command is refused"))?
            }
            (None, Input::Fact(_) | Input::Command(_)) => return Err(broken("nothing was opened")),
            (Some(_), Input::Opened { .. }) => return Err(broken("it is opened twice")),
        };
        if decision.payment().version != entry.version {
            return Err(broken("a version is missing or repeated"));
        }
        note(decision.payment());
        payment = Some(decision.into_payment());
    }
    payment.ok_or(BrokenHistory {
        at: Version(0),
        why: "it is empty",
    })
}
