//! Notifications that a test writes and signs itself, with the channel's own key or any other.

mod alipay;
mod message;
mod unionpay;
mod wechat;

use anyhow::Context;
use payonce_domain::Channel;
use serde_json::Value;

pub use alipay::Notification;
pub use message::Message;

use crate::expect::text;

/// What a channel says of a payment: the same facts for every channel, each of which a test may change.
#[derive(Clone, Debug)]
pub struct Paid {
    channel: Channel,
    account: Value,
    book: Value,
    amount: u64,
    key: String,
}

impl Paid {
    /// What this account at the channel would say once the order in its books is paid.
    ///
    /// # Errors
    /// If account or order lack something.
    pub fn of(account: &Value, book: &Value) -> anyhow::Result<Self> {
        let channel = Channel::from_name(text(book, "/channel")?).context("a channel of ours")?;
        Ok(Self {
            channel,
            account: account.clone(),
            book: book.clone(),
            amount: book["amount"].as_u64().context("an amount")?,
            key: text(account, "/channel_private_key")?.to_owned(),
        })
    }

    /// The same with another amount, in fen.
    #[must_use]
    pub fn with_amount(self, amount: u64) -> Self {
        Self { amount, ..self }
    }

    /// The same about another order number.
    #[must_use]
    pub fn about(mut self, channel_order_no: &str) -> Self {
        self.book["channel_order_no"] = Value::from(channel_order_no);
        self
    }

    /// The same, naming another merchant of the channel's as the payee.
    #[must_use]
    pub fn to_another_payee(mut self) -> Self {
        let (name, other) = match self.channel {
            Channel::Alipay => ("seller_id", "2088999999999999"),
            Channel::Wechat => ("mchid", "1699999999"),
            Channel::Unionpay => ("mer_id", "777290999999999"),
        };
        self.account[name] = Value::from(other);
        self
    }

    /// The same, signed with another key than the channel's.
    #[must_use]
    pub fn signed_with(self, private_key_pem: &str) -> Self {
        Self {
            key: private_key_pem.to_owned(),
            ..self
        }
    }

    /// The message as it travels.
    ///
    /// # Errors
    /// If account or order lack something.
    pub fn message(&self) -> anyhow::Result<Message> {
        match self.channel {
            Channel::Alipay => {
                let yuan = format!("{}.{:02}", self.amount / 100, self.amount % 100);
                let told = Notification::of(&self.account, &self.book, &yuan)?;
                Ok(told.signed(&self.key)?.message())
            }
            Channel::Wechat => wechat::paid(&self.account, &self.book, self.amount, &self.key),
            Channel::Unionpay => unionpay::paid(&self.account, &self.book, self.amount, &self.key),
        }
    }
}

/// A time of the books in Beijing, written like this.
fn beijing(rfc3339: &str, format: &str) -> anyhow::Result<String> {
    let at: jiff::Timestamp = rfc3339.parse().context("a time of the books")?;
    let local = at.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(8)));
    Ok(local.strftime(format).to_string())
}
