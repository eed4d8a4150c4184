//! The accounts that the simulator plays, with both sides' keys.
//!
//! A real channel never sees a merchant's private key. This one makes it, so that a demo merchant
//! needs no other tool; the API itself only uses the public half. WeChat Pay has two keys of its own
//! for each account: one signs, the other is ready for a rotation.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use rsa::{
    pkcs1v15::VerifyingKey,
    rand_core::{OsRng, RngCore},
    sha2::Sha256,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    rsa_key::{self, PrivateKey},
    setup::AccountSetup,
};

/// One of WeChat Pay's own keys.
#[derive(Debug)]
pub(crate) struct ChannelKey {
    pub(crate) id: String,
    pub(crate) private: PrivateKey,
    public_pem: String,
    private_pem: String,
}

/// One merchant's account at WeChat Pay.
#[derive(Debug)]
pub(crate) struct Account {
    saved: SavedAccount,
    pub(crate) merchant_id: String,
    webhook_url: String,
    /// The public half of the merchant's key: what requests are verified with.
    pub(crate) merchant_key: VerifyingKey<Sha256>,
    channel_keys: [ChannelKey; 2],
    signs_with_second: AtomicBool,
}

/// What must be the same after a restart.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SavedAccount {
    account: String,
    appid: String,
    mchid: String,
    serial_no: String,
    apiv3_key: String,
    merchant_private_key: String,
    /// Key id and private key.
    channel_keys: [(String, String); 2],
    signs_with_second: bool,
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

    pub(crate) fn by_mchid(&self, mchid: &str) -> Option<&Arc<Account>> {
        self.list.iter().find(|one| one.saved.mchid == mchid)
    }

    pub(crate) fn by_name(&self, name: &str) -> Option<&Arc<Account>> {
        self.list.iter().find(|one| one.saved.account == name)
    }

    /// Lets the other key sign from now on; the one that signed until now is still shown, as the
    /// next. False if no such account is played.
    pub(crate) fn rotate_key(&self, name: &str) -> bool {
        match self.by_name(name) {
            Some(account) => {
                account.signs_with_second.fetch_xor(true, Ordering::SeqCst);
                true
            }
            None => false,
        }
    }

    pub(crate) fn to_saved(&self) -> SavedAccounts {
        let saved = self.list.iter().map(|account| SavedAccount {
            signs_with_second: account.signs_with_second.load(Ordering::SeqCst),
            ..account.saved.clone()
        });
        SavedAccounts(saved.collect())
    }

    /// The list that `GET /_ctl/keys` shows.
    pub(crate) fn keys(&self, public_url: &str) -> Vec<Value> {
        self.list
            .iter()
            .map(|account| {
                let [key, next] = account.keys_in_order();
                json!({
                    "account": account.saved.account,
                    "merchant_id": account.merchant_id,
                    "webhook_url": account.webhook_url,
                    "base_url": format!("{public_url}/wechat"),
                    "appid": account.saved.appid,
                    "mchid": account.saved.mchid,
                    "serial_no": account.saved.serial_no,
                    "apiv3_key": account.saved.apiv3_key,
                    "merchant_private_key": account.saved.merchant_private_key,
                    "public_key_id": key.id,
                    "channel_public_key": key.public_pem,
                    "channel_private_key": key.private_pem,
                    "next_public_key_id": next.id,
                    "next_channel_public_key": next.public_pem,
                    "next_channel_private_key": next.private_pem,
                })
            })
            .collect()
    }
}

impl Account {
    fn new(saved: SavedAccount, setup: &AccountSetup) -> anyhow::Result<Self> {
        let merchant_key = rsa_key::read(&saved.merchant_private_key)?;
        let [first, second] = saved.channel_keys.clone();
        Ok(Self {
            merchant_id: setup.merchant_id.clone(),
            webhook_url: setup.webhook_url.clone(),
            merchant_key: VerifyingKey::new(merchant_key.to_public_key()),
            channel_keys: [ChannelKey::read(first)?, ChannelKey::read(second)?],
            signs_with_second: AtomicBool::new(saved.signs_with_second),
            saved,
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.saved.account
    }

    pub(crate) fn appid(&self) -> &str {
        &self.saved.appid
    }

    pub(crate) fn mchid(&self) -> &str {
        &self.saved.mchid
    }

    pub(crate) fn serial_no(&self) -> &str {
        &self.saved.serial_no
    }

    pub(crate) fn apiv3_key(&self) -> &str {
        &self.saved.apiv3_key
    }

    /// The key that signs now.
    pub(crate) fn channel_key(&self) -> &ChannelKey {
        let [key, _] = self.keys_in_order();
        key
    }

    pub(crate) fn has_key(&self, id: &str) -> bool {
        self.channel_keys.iter().any(|key| key.id == id)
    }

    fn keys_in_order(&self) -> [&ChannelKey; 2] {
        let [first, second] = &self.channel_keys;
        if self.signs_with_second.load(Ordering::SeqCst) {
            [second, first]
        } else {
            [first, second]
        }
    }
}

impl ChannelKey {
    fn read((id, private_pem): (String, String)) -> anyhow::Result<Self> {
        let key = rsa_key::read(&private_pem)?;
        Ok(Self {
            id,
            public_pem: rsa_key::public_pem(&key)?,
            private: PrivateKey::new(key),
            private_pem,
        })
    }
}

impl SavedAccount {
    fn new(account: &str) -> anyhow::Result<Self> {
        Ok(Self {
            account: account.to_owned(),
            appid: format!("wx{:016x}", OsRng.next_u64()),
            mchid: format!("16{:08}", OsRng.next_u64() % 100_000_000),
            serial_no: format!(
                "{:08X}{:016X}{:016X}",
                OsRng.next_u32(),
                OsRng.next_u64(),
                OsRng.next_u64()
            ),
            apiv3_key: format!("{:016x}{:016x}", OsRng.next_u64(), OsRng.next_u64()),
            merchant_private_key: rsa_key::make()?,
            channel_keys: [
                (new_key_id(), rsa_key::make()?),
                (new_key_id(), rsa_key::make()?),
            ],
            signs_with_second: false,
        })
    }
}

fn new_key_id() -> String {
    format!(
        "PUB_KEY_ID_01{:010}{:018}",
        OsRng.next_u64() % 10_000_000_000,
        OsRng.next_u64() % 1_000_000_000_000_000_000
    )
}
