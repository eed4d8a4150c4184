//! What `endpoints.json` says: where everything is and whom to be.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Addresses, names and credentials of a running local stack, as written to `endpoints.json`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Endpoints {
    /// The front door, without a trailing slash.
    pub api_url: String,
    /// The channel simulator, without a trailing slash.
    pub simulator_url: String,
    /// The AWS emulator itself, never a proxy before it.
    pub aws_endpoint_url: String,
    /// The region every client must name.
    pub aws_region: String,
    /// Real table names by logical name: `payments`, `evidence`, `merchants`, `controls`,
    /// `delayed-messages`.
    pub tables: BTreeMap<String, String>,
    /// Queue addresses by logical name: `payment-queries`, `delayed-messages`.
    pub queues: BTreeMap<String, String>,
    /// Real function names by folder name.
    pub functions: BTreeMap<String, String>,
    /// The real name of the event bus.
    pub event_bus: String,
    /// The demo merchants.
    pub merchants: Vec<MerchantEndpoint>,
    /// What an operator shows: `Authorization: Bearer`, as one who is an operator and no approver.
    pub operator_token: String,
    /// Links to the console, each for one use.
    #[serde(default)]
    pub operator_links: Vec<OperatorLink>,
}

/// A link that lets one operator into the console once.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct OperatorLink {
    /// Who it is for.
    pub operator: String,
    /// What he may do: `viewer`, `operator` or `approver`.
    pub role: String,
    /// The address.
    pub url: String,
}

/// A demo merchant and what it needs to know.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct MerchantEndpoint {
    /// Our number for the merchant.
    pub merchant_id: String,
    /// Goes behind `Authorization: Bearer`.
    pub api_key: String,
    /// Which of the two rules of this house the merchant chose.
    pub mode: Mode,
    /// Signs what we tell the merchant: `whsec_` and base64.
    pub webhook_secret: String,
    /// Where its buyers may be sent; a payment may name one of these.
    pub return_urls: Vec<String>,
    /// Where it may be told; a payment may name one of these.
    pub notify_urls: Vec<String>,
}

/// The two modes a merchant can be in.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Bank cashier: no new channel order until the previous one is proven closed.
    Strict,
    /// JD cashier: another channel order may stand beside the first.
    Lenient,
}
