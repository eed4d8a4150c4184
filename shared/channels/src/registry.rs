//! The registry: which adapter serves which channel, one line each.

use payonce_domain::Channel;

use crate::adapter::Adapter;
use crate::alipay::Alipay;

/// Why an account's settings or secret cannot be used. Neither text is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConfigurationError {
    /// The settings are not what they should be.
    #[error("the account's settings cannot be used: {0}")]
    Settings(&'static str),
    /// The secret is not what it should be.
    #[error("the account's secret cannot be used: {0}")]
    Secret(&'static str),
    /// There is no adapter for this channel.
    #[error("there is no adapter for this channel")]
    NoAdapter,
}

/// The adapter for one account. `settings` and `secret` are JSON texts; without a secret the account can
/// verify what it receives and can send nothing.
///
/// # Errors
/// [`ConfigurationError`] where either text cannot be used.
pub fn adapter(
    channel: Channel,
    settings: &str,
    secret: Option<&str>,
) -> Result<Box<dyn Adapter>, ConfigurationError> {
    match channel {
        Channel::Alipay => Ok(Box::new(Alipay::open(settings, secret)?)),
        Channel::Wechat | Channel::Unionpay => Err(ConfigurationError::NoAdapter),
    }
}
