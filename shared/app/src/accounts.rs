//! Merchants, their channel accounts and the keys for them, fetched once and remembered for a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use payonce_channels::{Adapter, Secrets};
use payonce_delivery::SigningSecret;
use payonce_domain::{AccountId, Channel, MerchantId};
use payonce_store::{ChannelAccount, Merchant, Store};

use crate::cashier::CashierKeys;

/// How long a merchant is remembered: a revoked key is refused at most this long afterwards.
const MERCHANT_MEMORY: Duration = Duration::from_secs(60);
/// How long a secret is remembered; a rotated one is picked up within this time.
const SECRET_MEMORY: Duration = Duration::from_secs(300);

/// Answers remembered for a time.
pub(crate) struct Memory<K, V> {
    kept_for: Duration,
    entries: Mutex<HashMap<K, (Instant, V)>>,
}

impl<K: std::hash::Hash + Eq, V: Clone> Memory<K, V> {
    pub(crate) fn new(kept_for: Duration) -> Self {
        Self {
            kept_for,
            entries: Mutex::new(HashMap::new()),
        }
    }

    pub(crate) fn get(&self, key: &K) -> Option<V> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, value) = entries.get(key)?;
        (since.elapsed() < self.kept_for).then(|| value.clone())
    }

    pub(crate) fn put(&self, key: K, value: V) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.insert(key, (Instant::now(), value));
    }

    pub(crate) fn forget(&self, key: &K) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.remove(key);
    }
}

/// Merchants and accounts.
pub struct Accounts {
    store: Store,
    secrets: aws_sdk_secretsmanager::Client,
    cashier_key_name: Option<String>,
    merchants: Memory<MerchantId, Arc<Merchant>>,
    owners: Memory<(Channel, AccountId), MerchantId>,
    secret_texts: Memory<String, Arc<str>>,
    paying: Memory<(MerchantId, AccountId), Arc<dyn Adapter>>,
}

impl Accounts {
    /// Nothing is fetched until it is asked for.
    #[must_use]
    pub fn new(store: Store, secrets: aws_sdk_secretsmanager::Client) -> Self {
        Self {
            store,
            secrets,
            cashier_key_name: None,
            merchants: Memory::new(MERCHANT_MEMORY),
            owners: Memory::new(MERCHANT_MEMORY),
            secret_texts: Memory::new(SECRET_MEMORY),
            paying: Memory::new(MERCHANT_MEMORY),
        }
    }

    /// The same, with a cashier: its tokens are signed with the secret of this name.
    #[must_use]
    pub fn with_cashier_key(self, name: String) -> Self {
        Self {
            cashier_key_name: Some(name),
            ..self
        }
    }

    /// What cashier tokens are signed with; `None` where there is no cashier.
    ///
    /// # Errors
    /// If the secret cannot be read or is not one.
    pub(crate) async fn cashier_keys(&self) -> anyhow::Result<Option<CashierKeys>> {
        let Some(name) = &self.cashier_key_name else {
            return Ok(None);
        };
        let text = self.secret(name).await?;
        let keys = CashierKeys::read(&text);
        keys.map(Some)
            .with_context(|| format!("reading the secret {name}"))
    }

    /// The merchant with this id.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn merchant(&self, id: &MerchantId) -> anyhow::Result<Option<Arc<Merchant>>> {
        if let Some(merchant) = self.merchants.get(id) {
            return Ok(Some(merchant));
        }
        let found = self
            .store
            .merchant(id)
            .await
            .context("reading a merchant")?;
        let Some(merchant) = found.map(Arc::new) else {
            return Ok(None);
        };
        self.merchants.put(id.clone(), Arc::clone(&merchant));
        Ok(Some(merchant))
    }

    /// The merchant whose account this is, and the account's adapter, able to verify and no more.
    ///
    /// # Errors
    /// If the store cannot be read or the account's settings do not hold.
    pub async fn verifier(
        &self,
        channel: Channel,
        account: &AccountId,
    ) -> anyhow::Result<Option<(Arc<Merchant>, Box<dyn Adapter>)>> {
        let key = (channel, account.clone());
        let owner = match self.owners.get(&key) {
            Some(owner) => owner,
            None => {
                let found = self.store.account_owner(channel, account).await;
                let Some(owner) = found.context("reading an account's owner")? else {
                    return Ok(None);
                };
                self.owners.put(key, owner.clone());
                owner
            }
        };
        let Some(merchant) = self.merchant(&owner).await? else {
            return Ok(None);
        };
        let Some(held) = find(&merchant, account) else {
            return Ok(None);
        };
        let secret = match &held.receiving_secret_name {
            Some(name) => Some(self.secret(name).await?),
            None => None,
        };
        let secrets = Secrets {
            signing: None,
            receiving: secret.as_deref(),
        };
        let adapter = payonce_channels::adapter(channel, &held.settings, secrets)?;
        Ok(Some((Arc::clone(&merchant), adapter)))
    }

    /// The adapter of a merchant's account, able to sign.
    ///
    /// # Errors
    /// If the store or the secret cannot be read, or the account is gone or does not hold together.
    pub async fn signer(
        &self,
        merchant: &MerchantId,
        account: &AccountId,
    ) -> anyhow::Result<Arc<dyn Adapter>> {
        let key = (merchant.clone(), account.clone());
        if let Some(adapter) = self.paying.get(&key) {
            return Ok(adapter);
        }
        let found = self.merchant(merchant).await?;
        let held = found
            .as_deref()
            .and_then(|merchant| find(merchant, account));
        let held = held.with_context(|| format!("merchant {merchant} has no account {account}"))?;
        let secret = self.secret(&held.secret_name).await?;
        let secrets = Secrets {
            signing: Some(&secret),
            receiving: None,
        };
        let adapter: Arc<dyn Adapter> =
            payonce_channels::adapter(held.channel, &held.settings, secrets)?.into();
        self.paying.put(key, Arc::clone(&adapter));
        Ok(adapter)
    }

    /// What messages to this merchant are signed with; two while one is being replaced, none if it
    /// has none.
    ///
    /// # Errors
    /// If the secret cannot be read or is not one.
    pub async fn webhook_secrets(&self, merchant: &Merchant) -> anyhow::Result<Vec<SigningSecret>> {
        let Some(name) = &merchant.webhook_secret_name else {
            return Ok(Vec::new());
        };
        let text = self.secret(name).await?;
        SigningSecret::all(&text).with_context(|| format!("reading the secret {name}"))
    }

    pub(crate) async fn secret(&self, name: &str) -> anyhow::Result<Arc<str>> {
        if let Some(text) = self.secret_texts.get(&name.to_owned()) {
            return Ok(text);
        }
        let answer = self.secrets.get_secret_value().secret_id(name).send().await;
        let answer = answer.with_context(|| format!("fetching the secret {name}"))?;
        let text: Arc<str> = answer
            .secret_string()
            .with_context(|| format!("the secret {name} is empty"))?
            .into();
        self.secret_texts.put(name.to_owned(), Arc::clone(&text));
        Ok(text)
    }
}

fn find<'a>(merchant: &'a Merchant, account: &AccountId) -> Option<&'a ChannelAccount> {
    merchant.accounts.iter().find(|held| held.id == *account)
}
