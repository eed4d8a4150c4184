//! What an audit found: counts, sums, and one number.

use std::collections::BTreeMap;

use payonce_domain::{Appeal, Money, Payment};
use serde::{Deserialize, Serialize};

use super::archive::Archive;
use super::heads;

/// Of how many payments and appeals a report tells one by one; all are counted.
pub(super) const NAMED_MAX: usize = 10_000;

/// A table that is walked past.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Walked {
    /// The payments.
    #[default]
    Payments,
    /// The appeals (申诉).
    Appeals,
}

impl Walked {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Payments, Self::Appeals];

    /// One item of it, in words.
    #[must_use]
    pub const fn one(self) -> &'static str {
        match self {
            Self::Payments => "payment",
            Self::Appeals => "appeal",
        }
    }
}

/// A payment or an appeal that something is wrong with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// In which table it stands.
    #[serde(default)]
    pub table: Walked,
    /// Its key, or what stands in its place.
    pub key: String,
    /// What it is counted under.
    pub class: String,
    /// What is wrong, in words.
    pub what: String,
    /// Whether its history says what it should be.
    pub can_be_restored: bool,
    /// Whether it is that again.
    pub restored: bool,
}

/// All that an audit says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditReport {
    /// Payments that were walked past.
    pub payments: u64,
    /// Steps of their histories, each hashed and replayed.
    pub steps: u64,
    /// Payments that owe something, each with its time.
    pub open: u64,
    /// Appeals that were walked past.
    #[serde(default)]
    pub appeals: u64,
    /// Steps of their histories, each hashed and replayed.
    #[serde(default)]
    pub appeal_steps: u64,
    /// Appeals that are not over, each with its time.
    #[serde(default)]
    pub open_appeals: u64,
    /// The sums of all payments by currency, in minor units: captured, and where it is.
    pub money: BTreeMap<String, Sums>,
    /// Heads that were kept before, and compared.
    pub compared: u64,
    /// With which audit they were kept.
    pub compared_with: Option<String>,
    /// What is wrong, by class.
    pub classes: BTreeMap<String, u64>,
    /// The payments and appeals that something is wrong with, as many as are told of one by one.
    pub found: Vec<Found>,
}

/// Where the money is, in minor units.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    /// All that channels took.
    pub captured: u128,
    /// What paid orders.
    pub applied: u128,
    /// What went back.
    pub refunded: u128,
    /// What is on its way back.
    pub refund_due: u128,
    /// What waits for a person, the channel's word or the bill.
    pub suspense: u128,
}

impl AuditReport {
    /// The one number, which must be zero: how many payments and appeals something is, or was, wrong with.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.classes.values().sum()
    }

    /// How many of them are what their history says again.
    #[must_use]
    pub fn restored(&self) -> usize {
        self.found.iter().filter(|found| found.restored).count()
    }

    /// Keeps what was found beside the heads, which makes them whole: the next audit compares with them.
    ///
    /// # Errors
    /// If the archive does not take it.
    pub async fn keep(&self, archive: &dyn Archive, audit: &str) -> anyhow::Result<()> {
        heads::keep_report(archive, audit, self).await
    }

    pub(super) fn finds(
        &mut self,
        table: Walked,
        key: String,
        class: &str,
        what: String,
        can_be_restored: bool,
    ) {
        *self.classes.entry(class.to_owned()).or_default() += 1;
        if self.found.len() < NAMED_MAX {
            self.found.push(Found {
                table,
                key,
                class: class.to_owned(),
                what,
                can_be_restored,
                restored: false,
            });
        }
    }

    pub(super) fn counts(&mut self, payment: &Payment) {
        self.steps += payment.version.0;
        self.open += u64::from(payment.due_at().is_some());
        // What does not add up was not read as a payment.
        let Ok(view) = payment.money() else { return };
        let currency = payment.terms.amount.currency().code();
        let sums = self.money.entry(currency.to_owned()).or_default();
        let add = |sum: &mut u128, money: Money| *sum += u128::from(money.minor());
        add(&mut sums.captured, view.captured);
        add(&mut sums.applied, view.applied);
        add(&mut sums.refunded, view.refunded);
        add(&mut sums.refund_due, view.refund_due);
        add(&mut sums.suspense, view.suspense);
    }

    pub(super) fn counts_appeal(&mut self, appeal: &Appeal) {
        self.appeal_steps += appeal.version.0;
        self.open_appeals += u64::from(!appeal.state.is_over());
    }

    pub(super) fn log(&self) {
        for found in &self.found {
            let (what, restored) = (&found.what, found.restored);
            let one = found.table.one();
            tracing::error!(audit.key = %found.key, audit.of = one, audit.class = %found.class,
                restored, "the audit found {one} {}: {what}", found.key);
        }
        tracing::info!(
            audit.number = self.number(),
            audit.payments = self.payments,
            audit.appeals = self.appeals,
            "the audit found {} in {} payments and {} appeals",
            self.number(),
            self.payments,
            self.appeals
        );
    }
}
