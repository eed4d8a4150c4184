//! The setup file: whose accounts the simulator plays.

use std::path::Path;

use anyhow::{Context, bail};
use serde::Deserialize;

use crate::books::Channel;

/// The whole file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Setup {
    pub(crate) accounts: Vec<AccountSetup>,
}

/// One merchant's account at one channel.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountSetup {
    pub(crate) channel: Channel,
    /// The account's name, as it stands in the webhook's address.
    pub(crate) account: String,
    /// The merchant's id at our side; the channel only repeats it in the list of keys.
    pub(crate) merchant_id: String,
    pub(crate) webhook_url: String,
    /// How the two sides know each other's keys.
    #[serde(default)]
    pub(crate) mode: KeyMode,
}

/// Alipay can show its keys in certificates, and can want to see the merchant's in one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeyMode {
    #[default]
    Keys,
    Certificates,
}

impl KeyMode {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::Certificates => "certificates",
        }
    }
}

impl Setup {
    /// Reads the file; an account that is named twice could not be told apart and is refused.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read(path)
            .with_context(|| format!("reading the setup file {}", path.display()))?;
        let setup: Self = serde_json::from_slice(&text)
            .with_context(|| format!("the setup file {} is not understood", path.display()))?;
        setup.checked()
    }

    /// The same setup, if its accounts can be told apart and exist.
    pub(crate) fn checked(self) -> anyhow::Result<Self> {
        let setup = self;
        for (index, one) in setup.accounts.iter().enumerate() {
            let is_same =
                |other: &AccountSetup| other.channel == one.channel && other.account == one.account;
            if setup.accounts.iter().take(index).any(is_same) {
                bail!(
                    "the setup names the {} account {} twice",
                    one.channel.name(),
                    one.account
                );
            }
            if one.mode == KeyMode::Certificates && one.channel != Channel::Alipay {
                bail!(
                    "the {} account {} has the mode certificates, which only alipay has",
                    one.channel.name(),
                    one.account
                );
            }
        }
        Ok(setup)
    }
}
