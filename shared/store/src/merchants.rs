//! The table `merchants` (商户): who may ask, through which channel accounts, and who owns an account.

use payonce_domain::{AccountId, Channel, MerchantId, Mode};

use crate::Store;
use crate::api_key::{ApiKey, HashedKey};
use crate::error::StoreError;

/// A merchant of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merchant {
    /// Its name with us.
    pub id: MerchantId,
    /// How cautious it wants to be with a second attempt.
    pub mode: Mode,
    /// Its keys; two while one is being replaced.
    pub api_keys: Vec<HashedKey>,
    /// Its contracts with channels.
    pub accounts: Vec<ChannelAccount>,
    /// Where its buyers may be sent.
    pub return_urls: Vec<String>,
    /// Where it may be told.
    pub notify_urls: Vec<String>,
    /// The name of the secret with which what we tell it is signed.
    pub webhook_secret_name: Option<String>,
}

/// One contract of a merchant with a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelAccount {
    /// Its name with us, part of the webhook's path.
    pub id: AccountId,
    /// With which channel.
    pub channel: Channel,
    /// What the channel's adapter needs to know: JSON of its own, and nothing secret.
    pub settings: String,
    /// The name of the secret that holds its keys.
    pub secret_name: String,
}

impl Merchant {
    /// Whether this is one of its keys. All of them are compared, each in constant time.
    #[must_use]
    pub fn accepts(&self, presented: &ApiKey) -> bool {
        HashedKey::any_is(&self.api_keys, presented)
    }
}

impl Store {
    /// The merchant with this name.
    ///
    /// # Errors
    /// A [`StoreError`] if the item cannot be had or read.
    pub async fn merchant(&self, _id: &MerchantId) -> Result<Option<Merchant>, StoreError> {
        Err(StoreError::Misused("not built yet"))
    }

    /// Stores a merchant, after making it the owner of its channel accounts. An account it no longer
    /// lists stays its own: late notifications must still find it.
    ///
    /// # Errors
    /// [`StoreError::AccountTaken`] if another merchant has one of the accounts, or any other
    /// [`StoreError`].
    pub async fn put_merchant(&self, _merchant: &Merchant) -> Result<(), StoreError> {
        Err(StoreError::Misused("not built yet"))
    }

    /// Whose account this is.
    ///
    /// # Errors
    /// A [`StoreError`] if the item cannot be had or read.
    pub async fn account_owner(
        &self,
        _channel: Channel,
        _account: &AccountId,
    ) -> Result<Option<MerchantId>, StoreError> {
        Err(StoreError::Misused("not built yet"))
    }
}
