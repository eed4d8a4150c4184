//! The accounts that the simulator plays, with both sides' keys.
//!
//! A real channel never sees a merchant's private key. This one makes it, so that a demo merchant
//! needs no other tool; the gateway itself only uses the public half.

use std::sync::Arc;

use rsa::{
    pkcs1v15::VerifyingKey,
    rand_core::{OsRng, RngCore},
    sha2::Sha256,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{GATEWAY_PATH, sign::PrivateKey};
use crate::{rsa_key, setup::AccountSetup};

/// One merchant's account at Alipay.
#[derive(Debug)]
pub(crate) struct Account {
    saved: SavedAccount,
    pub(crate) merchant_id: String,
    webhook_url: String,
    /// The public half of the merchant's key: what the gateway verifies with.
    pub(crate) merchant_key: VerifyingKey<Sha256>,
    /// Alipay's own key: what the gateway and the notifier sign with.
    pub(crate) channel_key: PrivateKey,
    channel_public_key: String,
}

/// What must be the same after a restart.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SavedAccount {
    account: String,
    app_id: String,
    seller_id: String,
    merchant_private_key: String,
    channel_private_key: String,
}

/// The accounts as the state file holds them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct SavedAccounts(Vec<SavedAccount>);

/// Every account, and the key that forgeries are signed with.
#[derive(Debug)]
pub(crate) struct Accounts {
    list: Vec<Arc<Account>>,
    pub(crate) stranger_key: PrivateKey,
}

impl Accounts {
    /// Plays the accounts of the setup: with the keys that were saved, or with new ones.
    pub(crate) fn make(
        setup: &[AccountSetup],
        SavedAccounts(kept): SavedAccounts,
        stranger_key: PrivateKey,
    ) -> anyhow::Result<Self> {
        // Looking for primes takes most of the start, so every account looks at the same time.
        std::thread::scope(|scope| {
            let accounts: Vec<_> = setup
                .iter()
                .map(|one| {
                    let found = kept.iter().find(|saved| saved.account == one.account);
                    scope.spawn(move || {
                        let saved = match found {
                            Some(saved) => saved.clone(),
                            None => SavedAccount::new(&one.account)?,
                        };
                        Account::new(saved, one)
                    })
                })
                .collect();
            let list = accounts
                .into_iter()
                .map(|account| Ok(Arc::new(account.join().map_err(rsa_key::panicked)??)))
                .collect::<anyhow::Result<_>>()?;
            Ok(Self { list, stranger_key })
        })
    }

    pub(crate) fn by_app_id(&self, app_id: &str) -> Option<&Arc<Account>> {
        self.list
            .iter()
            .find(|account| account.saved.app_id == app_id)
    }

    pub(crate) fn by_name(&self, name: &str) -> Option<&Arc<Account>> {
        self.list
            .iter()
            .find(|account| account.saved.account == name)
    }

    pub(crate) fn to_saved(&self) -> SavedAccounts {
        SavedAccounts(self.list.iter().map(|one| one.saved.clone()).collect())
    }

    /// The list that `GET /_ctl/keys` shows.
    pub(crate) fn keys(&self, public_url: &str) -> Vec<Value> {
        self.list
            .iter()
            .map(|account| {
                json!({
                    "account": account.saved.account,
                    "merchant_id": account.merchant_id,
                    "webhook_url": account.webhook_url,
                    "base_url": format!("{public_url}{GATEWAY_PATH}"),
                    "app_id": account.saved.app_id,
                    "seller_id": account.saved.seller_id,
                    "merchant_private_key": account.saved.merchant_private_key,
                    "channel_private_key": account.saved.channel_private_key,
                    "channel_public_key": account.channel_public_key,
                })
            })
            .collect()
    }
}

impl Account {
    fn new(saved: SavedAccount, setup: &AccountSetup) -> anyhow::Result<Self> {
        let merchant_key = rsa_key::read(&saved.merchant_private_key)?;
        let channel_key = rsa_key::read(&saved.channel_private_key)?;
        let channel_public_key = rsa_key::public_pem(&channel_key)?;
        Ok(Self {
            saved,
            merchant_id: setup.merchant_id.clone(),
            webhook_url: setup.webhook_url.clone(),
            merchant_key: VerifyingKey::new(merchant_key.to_public_key()),
            channel_key: PrivateKey::new(channel_key),
            channel_public_key,
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.saved.account
    }

    pub(crate) fn app_id(&self) -> &str {
        &self.saved.app_id
    }

    pub(crate) fn seller_id(&self) -> &str {
        &self.saved.seller_id
    }
}

impl SavedAccount {
    fn new(account: &str) -> anyhow::Result<Self> {
        Ok(Self {
            account: account.to_owned(),
            app_id: format!("2021{:012}", OsRng.next_u64() % 1_000_000_000_000),
            seller_id: format!("2088{:012}", OsRng.next_u64() % 1_000_000_000_000),
            merchant_private_key: rsa_key::make()?,
            channel_private_key: rsa_key::make()?,
        })
    }
}
