//! The registry: which adapter serves which channel, one line each.

use payonce_domain::Channel;

use crate::adapter::Adapter;
use crate::alipay::{Alipay, AlipayStatements};
use crate::statement::StatementSource;
use crate::unionpay::{Unionpay, UnionpayStatements};
use crate::wechat::Wechat;

/// Why an account's settings or secrets cannot be used. No text of either is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConfigurationError {
    /// The settings are not what they should be.
    #[error("the account's settings cannot be used: {0}")]
    Settings(&'static str),
    /// A secret is not what it should be.
    #[error("the account's secret cannot be used: {0}")]
    Secret(&'static str),
}

/// The secrets an account is opened with, each a JSON text. A function is given those it needs and no
/// other: what receives notifications cannot sign, so nobody who breaks into it can move money.
#[derive(Clone, Copy, Default)]
pub struct Secrets<'a> {
    /// What requests are signed with; without it nothing can be sent.
    pub signing: Option<&'a str>,
    /// What notifications are decrypted with, where the channel encrypts them (WeChat's APIv3 keys).
    pub receiving: Option<&'a str>,
}

impl std::fmt::Debug for Secrets<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets")
    }
}

/// The adapter for one account. `settings` is a JSON text; without secrets the account can verify what
/// it receives and can send nothing.
///
/// # Errors
/// [`ConfigurationError`] where a text cannot be used.
pub fn adapter(
    channel: Channel,
    settings: &str,
    secrets: Secrets<'_>,
) -> Result<Box<dyn Adapter>, ConfigurationError> {
    match channel {
        Channel::Alipay => Ok(Box::new(Alipay::open(settings, secrets)?)),
        Channel::Wechat => Ok(Box::new(Wechat::open(settings, secrets)?)),
        Channel::Unionpay => Ok(Box::new(Unionpay::open(settings, secrets)?)),
    }
}

/// What fetches and reads the bills of one account. Apart from [`adapter`], so that functions that read
/// no bills carry no readers of archives.
///
/// # Errors
/// [`ConfigurationError`] where a text cannot be used.
pub fn statements(
    channel: Channel,
    settings: &str,
    secrets: Secrets<'_>,
) -> Result<Box<dyn StatementSource>, ConfigurationError> {
    match channel {
        Channel::Alipay => Ok(Box::new(AlipayStatements::open(settings, secrets)?)),
        Channel::Wechat => Ok(Box::new(Wechat::open(settings, secrets)?)),
        Channel::Unionpay => Ok(Box::new(UnionpayStatements::open(settings, secrets)?)),
    }
}
