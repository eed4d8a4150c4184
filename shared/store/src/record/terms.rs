//! The terms of a payment in its item.

use std::collections::BTreeMap;

use payonce_domain::{MerchantId, MerchantOrderNo, Mode, Money, Terms, Timestamp};
use serde::{Deserialize, Serialize};

use super::field::{Field, Kept};

/// What the merchant asked for. Its JSON is bound into the first hash of the history, so names,
/// order and form of its fields are fixed: a field added later is left out where it is absent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TermsRecord {
    #[serde(rename = "m")]
    merchant_id: Kept<MerchantId>,
    #[serde(rename = "o")]
    merchant_order_no: Kept<MerchantOrderNo>,
    #[serde(rename = "md")]
    mode: Kept<Mode>,
    #[serde(rename = "a")]
    amount: Kept<Money>,
    #[serde(rename = "s")]
    subject: String,
    #[serde(rename = "x")]
    expires_at: Kept<Timestamp>,
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    return_url: Option<String>,
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    notify_url: Option<String>,
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    client_ip: Option<String>,
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    payer: Option<String>,
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    metadata: Option<Kept<Metadata>>,
}

/// The merchant's notes, as JSON: DynamoDB takes no empty names in a map, and a merchant may.
#[derive(Debug)]
struct Metadata(BTreeMap<String, String>);

impl Field for Metadata {
    type Kept = String;

    fn keep(&self) -> String {
        serde_json::to_string(&self.0).expect("a map of texts is JSON")
    }

    fn restore(text: String) -> Option<Self> {
        serde_json::from_str(&text).ok().map(Self)
    }
}

impl TermsRecord {
    /// The bytes that the history's first hash covers.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("terms are texts and numbers")
    }
}

impl From<&Terms> for TermsRecord {
    fn from(terms: &Terms) -> Self {
        let Terms {
            merchant_id,
            merchant_order_no,
            mode,
            amount,
            subject,
            expires_at,
            return_url,
            notify_url,
            client_ip,
            payer,
            metadata,
        } = terms.clone();
        Self {
            merchant_id: Kept(merchant_id),
            merchant_order_no: Kept(merchant_order_no),
            mode: Kept(mode),
            amount: Kept(amount),
            subject,
            expires_at: Kept(expires_at),
            return_url,
            notify_url,
            client_ip,
            payer,
            metadata: (!metadata.is_empty()).then_some(Kept(Metadata(metadata))),
        }
    }
}

impl From<TermsRecord> for Terms {
    fn from(record: TermsRecord) -> Self {
        Self {
            merchant_id: record.merchant_id.0,
            merchant_order_no: record.merchant_order_no.0,
            mode: record.mode.0,
            amount: record.amount.0,
            subject: record.subject,
            expires_at: record.expires_at.0,
            return_url: record.return_url,
            notify_url: record.notify_url,
            client_ip: record.client_ip,
            payer: record.payer,
            metadata: record
                .metadata
                .map(|metadata| metadata.0.0)
                .unwrap_or_default(),
        }
    }
}
