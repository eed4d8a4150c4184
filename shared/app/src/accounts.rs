//! Merchants, their channel accounts and the keys for them, fetched once and remembered for a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use payonce_channels::statement::StatementSource;
use payonce_channels::{Adapter, ConfigurationError, Secrets};
use payonce_delivery::SigningSecret;
use payonce_domain::reconciliation::FeeRate;
use payonce_domain::{AccountId, Channel, MerchantId};
use payonce_store::{ChannelAccount, Merchant, Store};

use crate::carrier::Vault;
use crate::cashier::CashierKeys;
use crate::stopwatch::Stopwatch;

/// How long a merchant is remembered: a revoked key is refused at most this long afterwards.
const MERCHANT_MEMORY: Duration = Duration::from_secs(60);
/// How long a secret is remembered; a rotated one is picked up within this time.
const SECRET_MEMORY: Duration = Duration::from_secs(300);

/// Answers remembered for a time.
pub(crate) struct Memory<K, V> {
    kept_for: Duration,
    stopwatch: Stopwatch,
    entries: Mutex<HashMap<K, (Duration, V)>>,
}

impl<K: std::hash::Hash + Eq, V: Clone> Memory<K, V> {
    pub(crate) fn new(kept_for: Duration, stopwatch: Stopwatch) -> Self {
        Self {
            kept_for,
            stopwatch,
            entries: Mutex::new(HashMap::new()),
        }
    }

    pub(crate) fn get(&self, key: &K) -> Option<V> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, value) = entries.get(key)?;
        (self.stopwatch.since(*since) < self.kept_for).then(|| value.clone())
    }

    pub(crate) fn put(&self, key: K, value: V) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.insert(key, (self.stopwatch.read(), value));
    }

    pub(crate) fn forget(&self, key: &K) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.remove(key);
    }
}

/// What opens a channel account: the registry of real channels, or a simulation's.
pub type Opener = fn(Channel, &str, Secrets<'_>) -> Result<Box<dyn Adapter>, ConfigurationError>;

/// What opens the bills of a channel account.
pub type BillOpener =
    fn(Channel, &str, Secrets<'_>) -> Result<Box<dyn StatementSource>, ConfigurationError>;

/// Merchants and accounts.
pub struct Accounts {
    store: Store,
    vault: Arc<dyn Vault>,
    open: Opener,
    open_bills: BillOpener,
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
        let (vault, stopwatch) = (Arc::new(secrets), Stopwatch::default());
        Self::over(store, vault, payonce_channels::adapter, stopwatch)
    }

    /// Accounts whose secrets and adapters come from elsewhere.
    #[must_use]
    pub fn over(store: Store, vault: Arc<dyn Vault>, open: Opener, stopwatch: Stopwatch) -> Self {
        Self {
            store,
            vault,
            open,
            open_bills: payonce_channels::statements,
            cashier_key_name: None,
            merchants: Memory::new(MERCHANT_MEMORY, stopwatch),
            owners: Memory::new(MERCHANT_MEMORY, stopwatch),
            secret_texts: Memory::new(SECRET_MEMORY, stopwatch),
            paying: Memory::new(MERCHANT_MEMORY, stopwatch),
        }
    }

    /// The same, whose bills come from elsewhere.
    #[must_use]
    pub fn with_bills(self, open_bills: BillOpener) -> Self {
        Self { open_bills, ..self }
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
        let adapter = (self.open)(channel, &held.settings, secrets)?;
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
        let adapter: Arc<dyn Adapter> = (self.open)(held.channel, &held.settings, secrets)?.into();
        self.paying.put(key, Arc::clone(&adapter));
        Ok(adapter)
    }

    /// What fetches and reads the bills of a merchant's account.
    ///
    /// # Errors
    /// If the store or the secret cannot be read, or the account is gone or does not hold together.
    pub(crate) async fn statements(
        &self,
        merchant: &MerchantId,
        account: &AccountId,
    ) -> anyhow::Result<(Option<FeeRate>, Box<dyn StatementSource>)> {
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
        let source = (self.open_bills)(held.channel, &held.settings, secrets)?;
        Ok((held.fee_rate, source))
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
        let text: Arc<str> = self.vault.secret(name).await?.into();
        self.secret_texts.put(name.to_owned(), Arc::clone(&text));
        Ok(text)
    }
}

fn find<'a>(merchant: &'a Merchant, account: &AccountId) -> Option<&'a ChannelAccount> {
    merchant.accounts.iter().find(|held| held.id == *account)
}
