//! A payment as it stands in its item, with the history that led to it.

use payonce_domain::{ChainHash, Decision, Entry, Payment, PaymentKey, Terms, Version};

use crate::error::StoreError;
use crate::record::{self, TermsRecord};
use crate::token::WriteToken;

/// A payment as it was read or written, with its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub(crate) payment: Payment,
    pub(crate) token: WriteToken,
    /// The entries as they are stored. They are never written anew, so their hashes stay true.
    pub(crate) entries: Vec<String>,
    pub(crate) hashes: Vec<ChainHash>,
}

/// One step of a payment's history, with what binds it to the steps before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineEntry {
    /// The step.
    pub entry: Entry,
    /// As it is stored, to the byte.
    pub stored: String,
    /// The hash of this step and all before it.
    pub hash: ChainHash,
}

/// A history was altered, or does not belong to this payment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the history does not hold from version {} on", .at.0)]
pub struct BrokenChain {
    /// The first version that does not follow.
    pub at: Version,
}

impl Stored {
    /// The payment.
    #[must_use]
    pub const fn payment(&self) -> &Payment {
        &self.payment
    }

    /// What changed it, one entry for each version.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] if an entry does not say what it should.
    pub fn history(&self) -> Result<Vec<Entry>, StoreError> {
        self.entries.iter().map(|text| self.entry(text)).collect()
    }

    /// The history with its stored texts and hashes.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] if an entry does not say what it should.
    pub fn timeline(&self) -> Result<Vec<TimelineEntry>, StoreError> {
        let steps = self.entries.iter().zip(&self.hashes);
        steps
            .map(|(text, hash)| {
                Ok(TimelineEntry {
                    entry: self.entry(text)?,
                    stored: text.clone(),
                    hash: *hash,
                })
            })
            .collect()
    }

    /// Whether every entry follows from the one before, from the payment's key and terms on.
    ///
    /// That the entries also lead to this payment is another question, which
    /// [`replay`](payonce_domain::history::replay) of [`Stored::history`] answers.
    ///
    /// # Errors
    /// [`BrokenChain`] names the first version that does not.
    pub fn verify_chain(&self) -> Result<(), BrokenChain> {
        let mut hash = ChainHash::genesis(self.payment.key.as_str());
        let mut version = Version(0);
        for (index, text) in self.entries.iter().enumerate() {
            version = version.next();
            hash = follow(hash, version, text, &self.payment.terms);
            let in_its_place = self.entry(text).is_ok_and(|entry| entry.version == version);
            if self.hashes.get(index) != Some(&hash) || !in_its_place {
                return Err(BrokenChain { at: version });
            }
        }
        if self.hashes.len() == self.entries.len() && version == self.payment.version {
            Ok(())
        } else {
            Err(BrokenChain { at: version.next() })
        }
    }

    fn entry(&self, text: &str) -> Result<Entry, StoreError> {
        record::history::read(text, &self.payment).map_err(|why| StoreError::Unreadable {
            item: self.payment.key.to_string(),
            why: format!("history: {why}"),
        })
    }

    /// What a decision to open a payment will be once written.
    pub(crate) fn opened(decision: &Decision, token: WriteToken) -> Result<Self, StoreError> {
        if decision.before().is_some() {
            return Err(StoreError::Misused(
                "a change was handed over as an opening",
            ));
        }
        let nothing = Self {
            payment: decision.payment().clone(),
            token,
            entries: Vec::new(),
            hashes: Vec::new(),
        };
        nothing.with(decision, token)
    }

    /// What a decision on this payment will be once written.
    pub(crate) fn after(&self, decision: &Decision, token: WriteToken) -> Result<Self, StoreError> {
        let payment = decision.payment();
        let on_this = decision.before() == Some(self.payment.version)
            && payment.key == self.payment.key
            && payment.version == self.payment.version.next()
            && payment.terms == self.payment.terms;
        if !on_this {
            return Err(StoreError::Misused(
                "the decision was not made on the payment that was seen",
            ));
        }
        self.with(decision, token)
    }

    fn with(&self, decision: &Decision, token: WriteToken) -> Result<Self, StoreError> {
        let entry = decision
            .entry()
            .ok_or(StoreError::Misused("the decision changes nothing"))?;
        let payment = decision.payment().clone();
        let text = record::history::write(entry, &payment);
        let last = self.hashes.last().copied();
        let last = last.unwrap_or_else(|| ChainHash::genesis(payment.key.as_str()));
        let mut entries = self.entries.clone();
        let mut hashes = self.hashes.clone();
        hashes.push(follow(last, entry.version, &text, &payment.terms));
        entries.push(text);
        Ok(Self {
            payment,
            token,
            entries,
            hashes,
        })
    }
}

/// The hash of an entry. The first covers the terms too: the opening does not repeat them.
fn follow(last: ChainHash, version: Version, text: &str, terms: &Terms) -> ChainHash {
    if version != Version(1) {
        return last.follow(text.as_bytes());
    }
    let mut bytes = text.as_bytes().to_vec();
    bytes.push(b'\n');
    bytes.extend(TermsRecord::from(terms).to_bytes());
    last.follow(&bytes)
}

/// The hashes that these entries of a payment must have.
pub(crate) fn chain_from(key: PaymentKey, terms: &Terms, texts: &[String]) -> Vec<ChainHash> {
    let mut last = ChainHash::genesis(key.as_str());
    let versions = (1..).map(Version);
    let hashes = versions.zip(texts).map(|(version, text)| {
        last = follow(last, version, text, terms);
        last
    });
    hashes.collect()
}
