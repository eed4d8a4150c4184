//! The table `merchants` (商户): who may ask, through which channel accounts, and who owns an account.

use aws_sdk_dynamodb::types::AttributeValue;
use payonce_domain::reconciliation::FeeRate;
use payonce_domain::{AccountId, Channel, MerchantId, Mode, Stretch};
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::api_key::{ApiKey, HashedKey};
use crate::call::{Condition, Put, failed};
use crate::engine::{Expression, UpdateItem};
use crate::error::StoreError;
use crate::record;
use crate::record::bytes::Bytes;
use crate::record::channel_order::stretched;
use crate::record::field::Kept;

/// The attribute that names an account's owner.
const OWNER: &str = "m";

/// The key of the list of all merchants, and the attribute that holds their names. No merchant's own key
/// is like it.
const LIST: &str = "merchants";
const LISTED: &str = "i";

/// A merchant of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merchant {
    /// Its name with us.
    pub id: MerchantId,
    /// What buyers know it by.
    pub name: Option<String>,
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
    /// The name of the secret that holds the keys it signs with.
    pub secret_name: String,
    /// The name of the secret that decrypts what the channel notifies, where it encrypts.
    pub receiving_secret_name: Option<String>,
    /// How much further apart its orders are asked about, where the channel grants it few calls. For
    /// orders made from now on.
    pub stretch: Stretch,
    /// What the channel agreed to keep of each payment; without it fees are counted and not checked.
    pub fee_rate: Option<FeeRate>,
    /// No new order goes through it. It stays listed: its open orders and late notifications need it.
    pub retired: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MerchantRecord {
    #[serde(rename = "k")]
    key: String,
    #[serde(rename = "r")]
    record_version: u64,
    #[serde(rename = "i")]
    id: Kept<MerchantId>,
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(rename = "md")]
    mode: Kept<Mode>,
    #[serde(rename = "ak", default, skip_serializing_if = "Vec::is_empty")]
    api_keys: Vec<Bytes>,
    #[serde(rename = "ac", default, skip_serializing_if = "Vec::is_empty")]
    accounts: Vec<AccountRecord>,
    #[serde(rename = "ru", default, skip_serializing_if = "Vec::is_empty")]
    return_urls: Vec<String>,
    #[serde(rename = "nu", default, skip_serializing_if = "Vec::is_empty")]
    notify_urls: Vec<String>,
    #[serde(rename = "ws", default, skip_serializing_if = "Option::is_none")]
    webhook_secret_name: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountRecord {
    #[serde(rename = "i")]
    id: Kept<AccountId>,
    #[serde(rename = "c")]
    channel: Kept<Channel>,
    #[serde(rename = "j")]
    settings: String,
    #[serde(rename = "s")]
    secret_name: String,
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    receiving_secret_name: Option<String>,
    #[serde(rename = "st", default, skip_serializing_if = "Option::is_none")]
    stretch: Option<Kept<Stretch>>,
    /// In millionths.
    #[serde(rename = "fr", default, skip_serializing_if = "Option::is_none")]
    fee_rate: Option<u32>,
    #[serde(rename = "x", default, skip_serializing_if = "std::ops::Not::not")]
    retired: bool,
}

/// Whose account it is, found from the path of a webhook.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnerRecord {
    #[serde(rename = "k")]
    key: String,
    #[serde(rename = "r")]
    record_version: u64,
    #[serde(rename = "m")]
    owner: Kept<MerchantId>,
}

fn merchant_key(id: &MerchantId) -> String {
    format!("m#{id}")
}

fn account_key(channel: Channel, account: &AccountId) -> String {
    format!("a#{}#{account}", channel.name())
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
    pub async fn merchant(&self, id: &MerchantId) -> Result<Option<Merchant>, StoreError> {
        let table = &self.tables.merchants;
        let Some(item) = self
            .get(table, &merchant_key(id), "load a merchant")
            .await?
        else {
            return Ok(None);
        };
        let record: MerchantRecord = record::from_item(item)?;
        if record.id.0 != *id {
            return Err(StoreError::Unreadable {
                item: record.key,
                why: "it is another merchant's".to_owned(),
            });
        }
        Ok(Some(Merchant::try_from(record)?))
    }

    /// Stores a merchant, after making it the owner of its channel accounts. An account it no longer
    /// lists stays its own: late notifications must still find it.
    ///
    /// # Errors
    /// [`StoreError::AccountTaken`] if another merchant has one of the accounts, or any other
    /// [`StoreError`].
    pub async fn put_merchant(&self, merchant: &Merchant) -> Result<(), StoreError> {
        for account in &merchant.accounts {
            self.own(&merchant.id, account.channel, &account.id).await?;
            self.list_account(&merchant.id, account.channel, &account.id)
                .await?;
        }
        let item = record::to_item(&MerchantRecord::from(merchant));
        let not_newer = Condition::not_newer();
        let table = &self.tables.merchants;
        match self
            .put_if(table, item, not_newer, "store a merchant")
            .await?
        {
            Put::Stored => self.list_merchant(&merchant.id).await,
            Put::Refused(_) => Err(StoreError::Misused(
                "a newer program wrote this merchant's item",
            )),
        }
    }

    /// Puts a merchant on the list of all, one item of this table.
    async fn list_merchant(&self, id: &MerchantId) -> Result<(), StoreError> {
        let doing = "list a merchant";
        let update = UpdateItem {
            table: self.tables.merchants.clone(),
            key: vec![(record::KEY, LIST.to_owned())],
            update: Expression {
                text: "ADD #i :i SET #r = :r",
                names: vec![("#i", LISTED), ("#r", record::RECORD_VERSION)],
                values: vec![
                    (":i", AttributeValue::Ss(vec![id.to_string()])),
                    (":r", AttributeValue::N(record::VERSION.to_string())),
                ],
            },
            condition: "",
            doing,
        };
        self.engine.update(update).await.map_err(failed(doing))?;
        Ok(())
    }

    /// Every merchant, in the order of their names.
    ///
    /// # Errors
    /// A [`StoreError`] if the list cannot be had.
    pub async fn merchant_ids(&self) -> Result<Vec<MerchantId>, StoreError> {
        let table = &self.tables.merchants;
        let item = self.get(table, LIST, "list the merchants").await?;
        let listed = item.and_then(|item| item.get(LISTED)?.as_ss().ok().cloned());
        let listed = listed.unwrap_or_default().into_iter();
        let mut ids: Vec<_> = listed.filter_map(|id| MerchantId::new(id).ok()).collect();
        ids.sort();
        Ok(ids)
    }

    async fn own(
        &self,
        merchant: &MerchantId,
        channel: Channel,
        account: &AccountId,
    ) -> Result<(), StoreError> {
        let item = record::to_item(&OwnerRecord {
            key: account_key(channel, account),
            record_version: record::VERSION,
            owner: Kept(merchant.clone()),
        });
        let free_or_ours = Condition(Expression {
            text: "attribute_not_exists(#k) OR #m = :m",
            names: vec![("#k", record::KEY), ("#m", OWNER)],
            values: vec![(":m", AttributeValue::S(merchant.to_string()))],
        });
        let table = &self.tables.merchants;
        match self
            .put_if(table, item, free_or_ours, "own a channel account")
            .await?
        {
            Put::Stored => Ok(()),
            Put::Refused(_) => Err(StoreError::AccountTaken(account.clone())),
        }
    }

    /// Whose account this is.
    ///
    /// # Errors
    /// A [`StoreError`] if the item cannot be had or read.
    pub async fn account_owner(
        &self,
        channel: Channel,
        account: &AccountId,
    ) -> Result<Option<MerchantId>, StoreError> {
        let table = &self.tables.merchants;
        let key = account_key(channel, account);
        let Some(item) = self.get(table, &key, "find an account's owner").await? else {
            return Ok(None);
        };
        let record: OwnerRecord = record::from_item(item)?;
        Ok(Some(record.owner.0))
    }
}

impl From<&Merchant> for MerchantRecord {
    fn from(merchant: &Merchant) -> Self {
        let Merchant {
            id,
            name,
            mode,
            api_keys,
            accounts,
            return_urls,
            notify_urls,
            webhook_secret_name,
        } = merchant.clone();
        Self {
            key: merchant_key(&id),
            record_version: record::VERSION,
            id: Kept(id),
            name,
            mode: Kept(mode),
            api_keys: api_keys.iter().map(|key| Bytes(key.0.to_vec())).collect(),
            accounts: accounts.into_iter().map(AccountRecord::from).collect(),
            return_urls,
            notify_urls,
            webhook_secret_name,
        }
    }
}

impl TryFrom<MerchantRecord> for Merchant {
    type Error = StoreError;

    fn try_from(record: MerchantRecord) -> Result<Self, StoreError> {
        let keys = record.api_keys.into_iter();
        let keys = keys.map(|key| key.0.try_into().map(HashedKey));
        Ok(Self {
            id: record.id.0,
            name: record.name,
            mode: record.mode.0,
            api_keys: keys
                .collect::<Result<_, _>>()
                .map_err(|_| StoreError::Unreadable {
                    item: record.key,
                    why: "the hash of a key is not 32 bytes".to_owned(),
                })?,
            accounts: record
                .accounts
                .into_iter()
                .map(ChannelAccount::from)
                .collect(),
            return_urls: record.return_urls,
            notify_urls: record.notify_urls,
            webhook_secret_name: record.webhook_secret_name,
        })
    }
}

impl From<ChannelAccount> for AccountRecord {
    fn from(account: ChannelAccount) -> Self {
        Self {
            id: Kept(account.id),
            channel: Kept(account.channel),
            settings: account.settings,
            secret_name: account.secret_name,
            receiving_secret_name: account.receiving_secret_name,
            stretch: stretched(account.stretch),
            fee_rate: account.fee_rate.map(FeeRate::millionths),
            retired: account.retired,
        }
    }
}

impl From<AccountRecord> for ChannelAccount {
    fn from(record: AccountRecord) -> Self {
        Self {
            id: record.id.0,
            channel: record.channel.0,
            settings: record.settings,
            secret_name: record.secret_name,
            receiving_secret_name: record.receiving_secret_name,
            stretch: record.stretch.map_or(Stretch::NONE, |stretch| stretch.0),
            fee_rate: record.fee_rate.and_then(FeeRate::from_millionths),
            retired: record.retired,
        }
    }
}
