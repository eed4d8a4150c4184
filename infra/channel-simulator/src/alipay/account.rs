//! The accounts that the simulator plays, with both sides' keys and certificates.
//!
//! Alipay has two keys for each account: one signs, the other is ready for a rotation.
//!
//! A real channel never sees a merchant's private key. This one makes it, so that a demo merchant
//! needs no other tool; the gateway itself only uses the public half.

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

use super::{
    GATEWAY_PATH,
    certificate::{Certificates, SerialNumbers},
    sign::PrivateKey,
};
use crate::{
    rsa_key,
    setup::{AccountSetup, KeyMode},
};

/// One merchant's account at Alipay.
#[derive(Debug)]
pub(crate) struct Account {
    saved: SavedAccount,
    pub(crate) merchant_id: String,
    webhook_url: String,
    /// The public half of the merchant's key: what the gateway verifies with.
    pub(crate) merchant_key: VerifyingKey<Sha256>,
    /// Alipay's own keys, one of which signs answers and notifications.
    channel_keys: [ChannelKey; 2],
    signs_with_second: AtomicBool,
    /// None in key mode.
    serial_numbers: Option<SerialNumbers>,
}

#[derive(Debug)]
struct ChannelKey {
    private: PrivateKey,
    public_pem: String,
}

/// What must be the same after a restart.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SavedAccount {
    account: String,
    app_id: String,
    seller_id: String,
    merchant_private_key: String,
    channel_private_keys: [String; 2],
    signs_with_second: bool,
    /// Made when the account is first played in certificate mode.
    certificates: Option<Certificates>,
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
                        Account::new(saved.certified(one.mode)?, one)
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
        let saved = self.list.iter().map(|account| SavedAccount {
            signs_with_second: account.signs_with_second.load(Ordering::SeqCst),
            ..account.saved.clone()
        });
        SavedAccounts(saved.collect())
    }

    /// The list that `GET /_ctl/keys` shows.
    pub(crate) fn keys(&self, public_url: &str) -> Vec<Value> {
        let list = self.list.iter();
        list.map(|account| account.to_json(public_url)).collect()
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
}

impl Account {
    fn new(saved: SavedAccount, setup: &AccountSetup) -> anyhow::Result<Self> {
        let merchant_key = rsa_key::read(&saved.merchant_private_key)?;
        let certificates = saved.certificates.as_ref();
        let serial_numbers = certificates
            .filter(|_| setup.mode == KeyMode::Certificates)
            .map(Certificates::serial_numbers)
            .transpose()?;
        let [first, second] = &saved.channel_private_keys;
        Ok(Self {
            channel_keys: [ChannelKey::read(first)?, ChannelKey::read(second)?],
            signs_with_second: AtomicBool::new(saved.signs_with_second),
            serial_numbers,
            saved,
            merchant_id: setup.merchant_id.clone(),
            webhook_url: setup.webhook_url.clone(),
            merchant_key: VerifyingKey::new(merchant_key.to_public_key()),
        })
    }

    /// What the gateway and the notifier sign with; and the number of its certificate, in
    /// certificate mode. Asked for together, because a rotation may come between two questions.
    pub(crate) fn signs_with(&self) -> (&PrivateKey, Option<&str>) {
        let numbers = self.serial_numbers.as_ref();
        let index = usize::from(self.signs_with_second.load(Ordering::SeqCst));
        let number = numbers.map(|numbers| numbers.alipay_certs[index].as_str());
        (&self.channel_keys[index].private, number)
    }

    /// The numbers that a request has to name, in certificate mode.
    pub(crate) fn serial_numbers(&self) -> Option<&SerialNumbers> {
        self.serial_numbers.as_ref()
    }

    /// Alipay's certificate of this number, as PEM.
    pub(crate) fn alipay_cert(&self, number: &str) -> Option<&str> {
        let numbers = &self.serial_numbers.as_ref()?.alipay_certs;
        let certs = &self.saved.certificates.as_ref()?.alipay_certs;
        let (_, cert) = numbers.iter().zip(certs).find(|(one, _)| *one == number)?;
        Some(cert)
    }

    /// The current one first, then the next.
    fn in_order<'a, T>(&self, [first, second]: &'a [T; 2]) -> [&'a T; 2] {
        if self.signs_with_second.load(Ordering::SeqCst) {
            [second, first]
        } else {
            [first, second]
        }
    }

    fn to_json(&self, public_url: &str) -> Value {
        let saved = &self.saved;
        let [key, next] = self.in_order(&self.channel_keys);
        let [private_key, _] = self.in_order(&saved.channel_private_keys);
        let mode = match self.serial_numbers {
            Some(_) => KeyMode::Certificates,
            None => KeyMode::Keys,
        };
        let mut shown = json!({
            "account": saved.account,
            "merchant_id": self.merchant_id,
            "webhook_url": self.webhook_url,
            "base_url": format!("{public_url}{GATEWAY_PATH}"),
            "app_id": saved.app_id,
            "seller_id": saved.seller_id,
            "mode": mode.name(),
            "merchant_private_key": saved.merchant_private_key,
            "channel_private_key": private_key,
            "channel_public_key": key.public_pem,
            "next_channel_public_key": next.public_pem,
        });
        let certificates = saved.certificates.as_ref();
        if let (KeyMode::Certificates, Some(certificates)) = (mode, certificates) {
            let [cert, next] = self.in_order(&certificates.alipay_certs);
            shown["app_cert"] = json!(certificates.app_cert);
            shown["alipay_cert"] = json!(cert);
            shown["next_alipay_cert"] = json!(next);
            shown["alipay_root_cert"] = json!(certificates.alipay_root_cert);
        }
        shown
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
            channel_private_keys: [rsa_key::make()?, rsa_key::make()?],
            signs_with_second: false,
            certificates: None,
        })
    }

    /// With certificates, if the mode needs them and there are none yet.
    fn certified(mut self, mode: KeyMode) -> anyhow::Result<Self> {
        if mode == KeyMode::Certificates && self.certificates.is_none() {
            let public = |pem: &String| Ok::<_, anyhow::Error>(rsa_key::read(pem)?.to_public_key());
            let [first, second] = &self.channel_private_keys;
            self.certificates = Some(Certificates::make(
                &self.app_id,
                &self.seller_id,
                &public(&self.merchant_private_key)?,
                [&public(first)?, &public(second)?],
            )?);
        }
        Ok(self)
    }
}

impl ChannelKey {
    fn read(pem: &str) -> anyhow::Result<Self> {
        let key = rsa_key::read(pem)?;
        Ok(Self {
            public_pem: rsa_key::public_pem(&key)?,
            private: PrivateKey::new(key),
        })
    }
}
