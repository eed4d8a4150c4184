//! Choose the merchant's account for a way to pay: one that offers it, is not retired, and whose channel
//! is not in trouble. What the channel would refuse is refused here, before anything is stored.

use std::fmt;
use std::sync::Arc;

use payonce_channels::{Adapter, Detail, Order};
use payonce_domain::schedule::LEAST_TIME_LEFT;
use payonce_domain::{
    BankCode, Channel, ChannelChoice, ChannelOrderNo, Method, PaymentKey, Terms, Timestamp,
};
use payonce_store::{ChannelAccount, Merchant};

use crate::App;
use crate::breakers::Passage;
use crate::failure::{Failure, Invalid};

/// How the buyer wants to pay.
#[derive(Debug, Clone)]
pub struct WayToPay {
    /// Through which channel.
    pub channel: Channel,
    /// How.
    pub method: Method,
    /// The bank whose page the buyer wants.
    pub bank: Option<BankCode>,
    /// The buyer's payment code (付款码), for the method `code`.
    pub auth_code: Option<AuthCode>,
    /// Where the channel leads the buyer back to, if not to the merchant.
    pub return_url: Option<String>,
}

/// A buyer's payment code (付款码): worth money to whoever reads it, so it is never stored or printed.
#[derive(Clone)]
pub struct AuthCode(String);

impl AuthCode {
    /// Takes the digits; what they must look like is the channel's to say.
    #[must_use]
    pub const fn new(digits: String) -> Self {
        Self(digits)
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AuthCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthCode")
    }
}

/// What goes along on the one call that creates an attempt, and is not stored.
#[derive(Debug, Clone, Default)]
pub(crate) struct Once {
    pub(crate) auth_code: Option<AuthCode>,
    pub(crate) return_url: Option<String>,
}

impl Once {
    pub(crate) fn of(way: &WayToPay) -> Self {
        Self {
            auth_code: way.auth_code.clone(),
            return_url: way.return_url.clone(),
        }
    }
}

/// The account that was chosen.
pub(crate) struct Chosen {
    pub(crate) choice: ChannelChoice,
    /// Until when its channel is not asked; then nothing new may be begun.
    pub(crate) shut_until: Option<Timestamp>,
}

impl App {
    /// The account for a way to pay, with the first that is not in trouble before the others.
    pub(crate) async fn choose(
        &self,
        merchant: &Merchant,
        way: &WayToPay,
        terms: &Terms,
        now: Timestamp,
    ) -> Result<Chosen, Failure> {
        let mut shut = None;
        let mut offered = Vec::new();
        for account in usable(merchant, way.channel) {
            // Having the key before the write: an intent nobody can act on would help no one.
            let signer = self.accounts.signer(&merchant.id, &account.id).await;
            let signer = signer.map_err(Failure::Unavailable)?;
            if !signer.methods().contains(&way.method) {
                offered.extend(signer.methods().iter().map(|method| method.name()));
                continue;
            }
            self.fits(&signer, account, way, terms, now)?;
            let choice = ChannelChoice {
                channel: way.channel,
                method: way.method,
                account: account.id.clone(),
                bank: way.bank.clone(),
                stretch: account.stretch,
            };
            match self.breakers.look(way.channel, &account.id, now).await {
                Passage::Free => {
                    return Ok(Chosen {
                        choice,
                        shut_until: None,
                    });
                }
                Passage::Shut(until) => {
                    shut.get_or_insert(Chosen {
                        choice,
                        shut_until: Some(until),
                    });
                }
            }
        }
        shut.ok_or_else(|| {
            let name = way.channel.name();
            Failure::Invalid(if offered.is_empty() {
                Invalid {
                    pointer: "/channel",
                    detail: format!("no account on {name} is open for this merchant"),
                }
            } else {
                offered.dedup();
                Invalid {
                    pointer: "/method",
                    detail: format!("{name} offers {}", offered.join(", ")),
                }
            })
        })
    }

    /// That the channel is in trouble, and through which others this merchant's buyers can pay.
    pub(crate) async fn channel_unavailable(
        &self,
        merchant: &Merchant,
        channel: Channel,
        until: Timestamp,
        now: Timestamp,
    ) -> Failure {
        let mut open_channels = Vec::new();
        for other in Channel::ALL.into_iter().filter(|other| *other != channel) {
            for account in usable(merchant, other) {
                let passage = self.breakers.look(other, &account.id, now).await;
                if passage == Passage::Free {
                    open_channels.push(other);
                    break;
                }
            }
        }
        Failure::ChannelUnavailable {
            channel,
            until,
            open_channels,
        }
    }

    /// Whether the channel would take the order, were it made now.
    fn fits(
        &self,
        signer: &Arc<dyn Adapter>,
        account: &ChannelAccount,
        way: &WayToPay,
        terms: &Terms,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let key = PaymentKey::derive(&terms.merchant_id, &terms.merchant_order_no);
        let order = Order {
            no: ChannelOrderNo::new(key, way.channel, way.method, 1),
            amount: terms.amount,
            subject: terms.subject.clone(),
            created_at: now,
            // A deadline that is too near or over is judged where it is known whether the order stands.
            expires_at: terms.expires_at.max(now.plus(LEAST_TIME_LEFT)),
            notify_url: self.notify_url(way.channel, &account.id),
            return_url: terms.return_url.clone(),
            client_ip: terms.client_ip.clone(),
            payer: terms.payer.clone(),
            auth_code: way.auth_code.as_ref().map(|code| code.reveal().to_owned()),
            bank: way.bank.clone(),
        };
        signer.check(&order, now).map_err(|unfit| {
            Failure::Invalid(Invalid {
                pointer: match unfit.detail {
                    Detail::Payer => "/payer",
                    Detail::ClientIp => "/client_ip",
                    Detail::AuthCode => "/auth_code",
                    Detail::Bank => "/bank",
                    Detail::Amount => "/amount/value",
                    Detail::Expiry => "/expires_at",
                },
                detail: unfit.why,
            })
        })
    }
}

/// The merchant's accounts through which new orders may go, in the merchant's order of preference.
pub(crate) fn usable(
    merchant: &Merchant,
    channel: Channel,
) -> impl Iterator<Item = &ChannelAccount> {
    merchant
        .accounts
        .iter()
        .filter(move |account| account.channel == channel && !account.retired)
}
