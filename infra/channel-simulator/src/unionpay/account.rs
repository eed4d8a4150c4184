//! The accounts that the simulator plays, with both sides' keys.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{rsa_key::PrivateKey, setup::AccountSetup};

/// The accounts as the state file holds them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct SavedAccounts {}

/// Every account, and the key that forgeries are signed with.
#[derive(Debug)]
pub(crate) struct Accounts {}

impl Accounts {
    /// Plays the accounts of the setup: with the keys that were saved, or with new ones.
    pub(crate) fn make(
        _setup: &[AccountSetup],
        _saved: SavedAccounts,
        _stranger_key: PrivateKey,
    ) -> anyhow::Result<Self> {
        Ok(Self {})
    }

    pub(crate) fn to_saved(&self) -> SavedAccounts {
        SavedAccounts {}
    }

    /// The list that `GET /_ctl/keys` shows.
    pub(crate) fn keys(&self, _public_url: &str) -> Vec<Value> {
        Vec::new()
    }
}
