//! The merchants that the simulator plays UnionPay for, with both sides' keys.
//!
//! A real channel never sees a merchant's private key. This one makes it, so that a demo merchant
//! needs no other tool; the gateway itself only uses the certificate.

use std::sync::Arc;

use rsa::{
    pkcs1v15::VerifyingKey,
    rand_core::{OsRng, RngCore},
    sha2::Sha256,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    BASE_PATH,
    authority::{Authority, SavedAuthority},
};
use crate::{
    rsa_key::{self, PrivateKey},
    setup::AccountSetup,
};

/// One merchant's contract with UnionPay.
#[derive(Debug)]
pub(crate) struct Account {
    saved: SavedAccount,
    merchant_id: String,
    webhook_url: String,
    /// The public half of the merchant's key: what the gateway verifies with.
    pub(crate) merchant_key: VerifyingKey<Sha256>,
}

/// What must be the same after a restart.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct SavedAccount {
    account: String,
    mer_id: String,
    cert_id: String,
    merchant_private_key: String,
    merchant_cert: String,
}

/// The accounts and what they share, as the state file holds them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SavedAccounts {
    /// None before the first start.
    authority: Option<SavedAuthority>,
    accounts: Vec<SavedAccount>,
}

/// Every account, and the authority that all certificates come from.
#[derive(Debug)]
pub(crate) struct Accounts {
    list: Vec<Arc<Account>>,
    pub(crate) authority: Authority,
}

impl Accounts {
    /// Plays the accounts of the setup: with the keys that were saved, or with new ones.
    pub(crate) fn make(
        setup: &[AccountSetup],
        saved: SavedAccounts,
        stranger_key: PrivateKey,
    ) -> anyhow::Result<Self> {
        let kept = &saved.accounts;
        // Looking for primes takes most of the start, so everything is looked for at the same time.
        let (authority, keys) = std::thread::scope(|scope| {
            let keys: Vec<_> = setup
                .iter()
                .map(|one| match find(kept, &one.account) {
                    Some(_) => None,
                    None => Some(scope.spawn(rsa_key::make)),
                })
                .collect();
            let authority = match saved.authority {
                Some(authority) => Ok(authority),
                None => SavedAuthority::make(&stranger_key),
            };
            let keys: Vec<_> = keys
                .into_iter()
                .map(|key| key.map(|key| key.join().map_err(rsa_key::panicked)?))
                .collect();
            (authority, keys)
        });
        let authority = authority?;
        let mut list = Vec::new();
        for (one, key) in setup.iter().zip(keys) {
            let saved = match (find(kept, &one.account), key) {
                (Some(saved), _) => saved.clone(),
                (None, Some(key)) => SavedAccount::new(&one.account, key?, &authority)?,
                (None, None) => continue,
            };
            list.push(Arc::new(Account::new(saved, one)?));
        }
        let authority = Authority::new(authority, stranger_key)?;
        Ok(Self { list, authority })
    }

    pub(crate) fn by_cert_id(&self, cert_id: &str) -> Option<&Arc<Account>> {
        self.list
            .iter()
            .find(|account| account.saved.cert_id == cert_id)
    }

    pub(crate) fn by_name(&self, name: &str) -> Option<&Arc<Account>> {
        self.list
            .iter()
            .find(|account| account.saved.account == name)
    }

    /// Changes the key that signs for this account; UnionPay has one for all, so it changes for all.
    pub(crate) fn rotate_key(&self, name: &str) -> bool {
        let is_played = self.by_name(name).is_some();
        if is_played {
            self.authority.rotate_key();
        }
        is_played
    }

    pub(crate) fn to_saved(&self) -> SavedAccounts {
        SavedAccounts {
            authority: Some(self.authority.to_saved()),
            accounts: self.list.iter().map(|one| one.saved.clone()).collect(),
        }
    }

    /// The list that `GET /_ctl/keys` shows.
    pub(crate) fn keys(&self, public_url: &str) -> Vec<Value> {
        let entry = |account: &Arc<Account>| {
            let mut entry = json!({
                "account": account.saved.account,
                "merchant_id": account.merchant_id,
                "webhook_url": account.webhook_url,
                "base_url": format!("{public_url}{BASE_PATH}"),
                "mer_id": account.saved.mer_id,
                "cert_id": account.saved.cert_id,
                "merchant_private_key": account.saved.merchant_private_key,
                "merchant_cert": account.saved.merchant_cert,
            });
            for (name, value) in self.authority.shown() {
                entry[name] = json!(value);
            }
            entry
        };
        self.list.iter().map(entry).collect()
    }
}

impl Account {
    fn new(saved: SavedAccount, setup: &AccountSetup) -> anyhow::Result<Self> {
        let merchant_key = rsa_key::read(&saved.merchant_private_key)?;
        Ok(Self {
            saved,
            merchant_id: setup.merchant_id.clone(),
            webhook_url: setup.webhook_url.clone(),
            merchant_key: VerifyingKey::new(merchant_key.to_public_key()),
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.saved.account
    }

    pub(crate) fn mer_id(&self) -> &str {
        &self.saved.mer_id
    }
}

impl SavedAccount {
    fn new(account: &str, key: String, authority: &SavedAuthority) -> anyhow::Result<Self> {
        let mer_id = format!("777290{:09}", OsRng.next_u64() % 1_000_000_000);
        let certificate = authority.certify(&mer_id, &rsa_key::read(&key)?)?;
        Ok(Self {
            account: account.to_owned(),
            mer_id,
            cert_id: certificate.serial,
            merchant_private_key: key,
            merchant_cert: certificate.pem,
        })
    }
}

fn find<'a>(kept: &'a [SavedAccount], account: &str) -> Option<&'a SavedAccount> {
    kept.iter().find(|saved| saved.account == account)
}
