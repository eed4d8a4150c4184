//! A dossier (证据档案): one payment's whole history and evidence as one file, and the check that nothing
//! in it was altered.
//!
//! The check needs no table and no network: it hashes the chain again, replays the history through the
//! decisions, counts the money, and compares every message with the digest that a step of the history
//! cites. The file holds what channels said word for word, so it names buyers: hand it on as such.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use payonce_domain::payment::MoneyView;
use payonce_domain::{
    ChainHash, Digest, Entry, Fact, Input, Payment, PaymentKey, PaymentNo, Timestamp, Version,
    decide, history,
};
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::record::{self, TermsRecord};
use crate::stored::{Stored, chain_from};
use crate::{KeptMessage, Store};

/// The form of the file; a later one has another name.
const FORM: &str = "payonce-dossier-1";

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    form: String,
    payment_no: String,
    exported_at_ms: u64,
    terms: TermsRecord,
    steps: Vec<Step>,
    messages: Vec<Message>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    /// The entry as it is stored, to the byte.
    stored: String,
    /// The hash of this step and all before it, in hexadecimal.
    hash: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    digest: String,
    received_at_ms: u64,
    raw_base64: String,
}

/// Why a dossier is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// It is no dossier.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// A step does not follow from the one before it.
    #[error("the chain does not hold from version {} on", .0.0)]
    Chain(Version),
    /// The steps do not lead to a payment.
    #[error("the history does not replay: {0}")]
    History(String),
    /// The money does not add up.
    #[error("{0}")]
    Money(String),
    /// A message is not what its digest says, or no step cites it.
    #[error("the message {0} is not the one that was kept")]
    Message(String),
}

/// What a dossier proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The payment that the history leads to.
    pub payment: Payment,
    /// Its steps.
    pub steps: Vec<Entry>,
    /// Where its money is.
    pub money: MoneyView,
    /// How many messages of channels it holds; each is what its digest says.
    pub messages: usize,
    /// Digests that a step cites and whose message is not in the file.
    pub missing: Vec<String>,
    /// The last hash: to be compared with the one that the console shows.
    pub hash: String,
}

impl Store {
    /// Everything about a payment in one file.
    ///
    /// # Errors
    /// A [`StoreError`] if the evidence cannot be had, or is not what its digest says.
    pub async fn dossier(&self, stored: &Stored, now: Timestamp) -> Result<String, StoreError> {
        let key = stored.payment().key;
        let mut messages = Vec::new();
        for digest in cited(&stored.history()?) {
            if let Some(kept) = self.evidence(key, digest).await? {
                messages.push(message(digest, &kept));
            }
        }
        let timeline = stored.timeline()?.into_iter();
        let file = File {
            form: FORM.to_owned(),
            payment_no: stored.payment().payment_no().to_string(),
            exported_at_ms: now.as_millis(),
            terms: TermsRecord::from(&stored.payment().terms),
            steps: timeline
                .map(|entry| Step {
                    stored: entry.stored,
                    hash: hex(&entry.hash),
                })
                .collect(),
            messages,
        };
        Ok(serde_json::to_string_pretty(&file).expect("a dossier is texts and numbers"))
    }
}

/// Checks a dossier.
///
/// # Errors
/// The first [`Doubt`] there is.
pub fn verify(text: &str) -> Result<Verified, Doubt> {
    let file: File =
        serde_json::from_str(text).map_err(|error| Doubt::Unreadable(error.to_string()))?;
    if file.form != FORM {
        return Err(Doubt::Unreadable(format!("it is no {FORM}")));
    }
    let terms = payonce_domain::Terms::from(file.terms);
    let key = PaymentKey::derive(&terms.merchant_id, &terms.merchant_order_no);
    if file.payment_no != PaymentNo::new(key).to_string() {
        return Err(Doubt::Unreadable(
            "its number is another order's".to_owned(),
        ));
    }
    let texts: Vec<String> = file.steps.iter().map(|step| step.stored.clone()).collect();
    let said: Vec<_> = file.steps.iter().map(|step| step.hash.as_str()).collect();
    let hashes = chain_from(key, &terms, &texts);
    for (version, (hash, said)) in (1..).zip(hashes.iter().zip(&said)) {
        if hex(hash) != **said {
            return Err(Doubt::Chain(Version(version)));
        }
    }
    let steps = entries(&terms, &texts)?;
    let payment = history::replay(&steps).map_err(|error| Doubt::History(error.to_string()))?;
    let money = payment.money();
    let money = money.map_err(|error| Doubt::Money(error.to_string()))?;
    let missing = compare(&steps, &file.messages)?;
    Ok(Verified {
        hash: hashes.last().map(hex).unwrap_or_default(),
        messages: file.messages.len(),
        payment,
        steps,
        money,
        missing,
    })
}

/// The entries in their stored texts. They are read with the terms, which they do not repeat.
fn entries(terms: &payonce_domain::Terms, texts: &[String]) -> Result<Vec<Entry>, Doubt> {
    // An entry is read with the key and the terms of its payment, and with nothing else of it.
    let opened = decide::open(terms.clone(), None, Timestamp::from_millis(0));
    let opened =
        opened.map_err(|_| Doubt::Unreadable("its terms are those of no order".to_owned()))?;
    let blank = opened.payment();
    texts
        .iter()
        .map(|text| record::history::read(text, blank).map_err(Doubt::History))
        .collect()
}

/// Every message is what its digest says and some step cites it; gives the digests without a message.
fn compare(steps: &[Entry], messages: &[Message]) -> Result<Vec<String>, Doubt> {
    let mut cited: Vec<String> = cited(steps).iter().map(Digest::to_hex).collect();
    for message in messages {
        let altered = || Doubt::Message(message.digest.clone());
        let raw = STANDARD.decode(&message.raw_base64);
        let raw = raw.map_err(|_| altered())?;
        let place = cited.iter().position(|digest| *digest == message.digest);
        if Digest::of(&raw).to_hex() != message.digest {
            return Err(altered());
        }
        cited.remove(place.ok_or_else(altered)?);
    }
    Ok(cited)
}

/// The digests that a history cites, each once, in order.
fn cited(steps: &[Entry]) -> Vec<Digest> {
    let mut found: Vec<Digest> = Vec::new();
    for step in steps {
        let evidence = match &step.input {
            Input::Fact(
                Fact::Reported { evidence, .. }
                | Fact::RefundReported { evidence, .. }
                | Fact::Returned { evidence, .. },
            ) => Some(evidence),
            Input::Fact(
                Fact::CreateAnswered { .. }
                | Fact::ReversalAnswered { .. }
                | Fact::ReturnAbsent { .. }
                | Fact::Told { .. }
                | Fact::Ticked,
            )
            | Input::Opened { .. }
            | Input::Command(_) => None,
        };
        let digest = evidence.and_then(|evidence| evidence.digest);
        found.extend(digest.filter(|digest| !found.contains(digest)));
    }
    found
}

fn message(digest: Digest, kept: &KeptMessage) -> Message {
    Message {
        digest: digest.to_hex(),
        received_at_ms: kept.received_at.as_millis(),
        raw_base64: STANDARD.encode(&kept.raw),
    }
}

fn hex(hash: &ChainHash) -> String {
    hash.0.iter().map(|byte| format!("{byte:02x}")).collect()
}
