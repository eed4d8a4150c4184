//! The table `evidence` (证据): what channels said, word for word, written before the decision that
//! cites it and never changed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use payonce_domain::{AccountId, Digest, PaymentKey, Source, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::call::{Condition, Put, failed};
use crate::engine::GetItem;
use crate::error::StoreError;
use crate::record::bytes::Bytes;
use crate::record::field::Kept;
use crate::record::{self, KEY};

/// The sort key: the message's digest, so that a message kept twice is one item.
const DIGEST: &str = "e";

/// A message as it is kept. The key of the payment it speaks of, or `quarantine#` and the account.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EvidenceRecord {
    #[serde(rename = "k")]
    key: String,
    #[serde(rename = "e")]
    digest: String,
    #[serde(rename = "r")]
    record_version: u64,
    #[serde(rename = "c")]
    source: Kept<Source>,
    #[serde(rename = "t")]
    received_at: Kept<Timestamp>,
    /// The number of ours that it named, where there is no payment of that number.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    named: Option<String>,
    #[serde(rename = "b")]
    raw: Bytes,
}

/// A message that was kept.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptMessage {
    /// How it reached us.
    pub source: Source,
    /// When it first did.
    pub received_at: Timestamp,
    /// Word for word. It names buyers: redact it before anybody sees it.
    pub raw: Vec<u8>,
}

impl std::fmt::Debug for KeptMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (source, received_at, length) = (self.source, self.received_at, self.raw.len());
        write!(
            f,
            "KeptMessage({source:?}, {received_at:?}, {length} bytes)"
        )
    }
}

impl Store {
    /// Keeps a message, and gives the digest by which decisions cite it. Keeping it again is the same.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be kept; the decision that would cite it must then wait.
    pub async fn keep_evidence(
        &self,
        key: PaymentKey,
        source: Source,
        received_at: Timestamp,
        raw: &[u8],
    ) -> Result<Digest, StoreError> {
        let digest = Digest::of(raw);
        self.keep(EvidenceRecord {
            key: key.to_string(),
            digest: URL_SAFE_NO_PAD.encode(digest.as_bytes()),
            record_version: record::VERSION,
            source: Kept(source),
            received_at: Kept(received_at),
            named: None,
            raw: Bytes(raw.to_vec()),
        })
        .await?;
        Ok(digest)
    }

    /// Keeps a genuine message that names a number of ours for which there is no payment.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be kept.
    pub async fn quarantine(
        &self,
        account: &AccountId,
        named: &str,
        received_at: Timestamp,
        raw: &[u8],
    ) -> Result<(), StoreError> {
        self.keep(EvidenceRecord {
            key: format!("quarantine#{account}"),
            digest: URL_SAFE_NO_PAD.encode(Digest::of(raw).as_bytes()),
            record_version: record::VERSION,
            source: Kept(Source::Notification),
            received_at: Kept(received_at),
            named: Some(named.to_owned()),
            raw: Bytes(raw.to_vec()),
        })
        .await
    }

    /// The message that a decision on this payment cites.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be had or read, or is not what its digest says.
    pub async fn evidence(
        &self,
        key: PaymentKey,
        digest: Digest,
    ) -> Result<Option<KeptMessage>, StoreError> {
        let sort = URL_SAFE_NO_PAD.encode(digest.as_bytes());
        let doing = "load evidence";
        let get = GetItem {
            table: self.tables.evidence.clone(),
            key: vec![(KEY, key.to_string()), (DIGEST, sort)],
            consistent: false,
            doing,
        };
        let answer = self.engine.get(get).await.map_err(failed(doing))?;
        let Some(item) = answer else {
            return Ok(None);
        };
        let kept: EvidenceRecord = record::from_item(item)?;
        if Digest::of(&kept.raw.0) != digest {
            return Err(StoreError::Unreadable {
                item: key.to_string(),
                why: "the evidence is not what its digest says".to_owned(),
            });
        }
        Ok(Some(KeptMessage {
            source: kept.source.0,
            received_at: kept.received_at.0,
            raw: kept.raw.0,
        }))
    }

    async fn keep(&self, message: EvidenceRecord) -> Result<(), StoreError> {
        let table = &self.tables.evidence;
        let item = record::to_item(&message);
        match self
            .put_if(table, item, Condition::absent(), "keep evidence")
            .await?
        {
            // What is there has the same digest, so it is the same message.
            Put::Stored | Put::Refused(_) => Ok(()),
        }
    }
}
