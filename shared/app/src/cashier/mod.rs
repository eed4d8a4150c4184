//! The cashier (收银台): which payment a buyer's token names, how it can be paid now, and what the buyer
//! did. Paying, asking and closing are the use cases of the API, called from here as from there.

mod token;

use std::sync::Arc;

use payonce_delivery::ReturnLink;
use payonce_domain::schedule::Creation;
use payonce_domain::{
    Action, BuyerAct, Channel, ChannelOrder, Method, Payment, PaymentNo, PaymentState, Timestamp,
};
use payonce_store::Merchant;

use crate::App;
use crate::breakers::Passage;
use crate::change;
use crate::choose::usable;
use crate::failure::Failure;

pub use token::{CashierKeys, InvalidCashierKey};

/// A payment at the cashier, and whose it is.
#[derive(Debug, Clone)]
pub struct AtCashier {
    /// The merchant.
    pub merchant: Arc<Merchant>,
    /// The payment as stored.
    pub payment: Payment,
}

/// A channel the merchant's buyers can be offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferedChannel {
    /// Which.
    pub channel: Channel,
    /// The ways to pay it has through the merchant's accounts.
    pub methods: Vec<Method>,
    /// Whether every account on it is in trouble, so that nothing new is begun there for a while.
    pub in_trouble: bool,
}

impl App {
    /// Where the buyer pays: the same address for as long as the payment is shown. `None` once it is not,
    /// where this stack has no cashier, and where its key cannot be had: no payment fails for want of a link.
    pub async fn cashier_url(&self, payment: &Payment, now: Timestamp) -> Option<String> {
        if now >= token::ends_at(payment) {
            return None;
        }
        match self.accounts.cashier_keys().await {
            Ok(keys) => keys.map(|keys| self.address(&keys.token(payment))),
            Err(error) => {
                let no = payment.payment_no();
                tracing::warn!(payment.no = %no, error = format!("{error:#}"), "{no} has no cashier link");
                None
            }
        }
    }

    /// The payment that a token names.
    ///
    /// # Errors
    /// [`Failure::NotFound`] for a token that is not ours, is over, or names nothing; one answer for all.
    pub async fn at_cashier(&self, token: &str, now: Timestamp) -> Result<AtCashier, Failure> {
        let keys = self.accounts.cashier_keys().await;
        let keys = keys.map_err(Failure::Unavailable)?;
        let payment_no = keys.and_then(|keys| keys.open(token, now));
        let payment_no = payment_no.ok_or(Failure::NotFound)?;
        let found = change::load(&self.store, payment_no.key()).await?;
        let payment = found.ok_or(Failure::NotFound)?.payment().clone();
        let merchant = self.accounts.merchant(&payment.terms.merchant_id).await;
        let merchant = merchant.map_err(Failure::Unavailable)?;
        Ok(AtCashier {
            merchant: merchant.ok_or(Failure::NotFound)?,
            payment,
        })
    }

    /// Where a buyer who began at the cashier comes back to from a channel's page.
    #[must_use]
    pub fn cashier_return_url(&self, token: &str) -> String {
        format!("{}/return", self.address(token))
    }

    fn address(&self, token: &str) -> String {
        format!("{}/cashier/{token}", self.public_url)
    }

    /// The channels through which this merchant's buyers can pay, in the merchant's order of preference.
    ///
    /// # Errors
    /// If an account's key cannot be had.
    pub async fn offered_channels(
        &self,
        merchant: &Merchant,
        now: Timestamp,
    ) -> Result<Vec<OfferedChannel>, Failure> {
        let mut offered: Vec<OfferedChannel> = Vec::new();
        for account in merchant.accounts.iter().filter(|account| !account.retired) {
            if offered.iter().any(|known| known.channel == account.channel) {
                continue;
            }
            let mut methods = Vec::new();
            let mut in_trouble = true;
            for account in usable(merchant, account.channel) {
                let signer = self.accounts.signer(&merchant.id, &account.id).await;
                let signer = signer.map_err(Failure::Unavailable)?;
                methods.extend_from_slice(signer.methods());
                let passage = self.breakers.look(account.channel, &account.id, now).await;
                in_trouble &= passage != Passage::Free;
            }
            methods.sort_unstable();
            methods.dedup();
            offered.push(OfferedChannel {
                channel: account.channel,
                methods,
                in_trouble,
            });
        }
        Ok(offered)
    }

    /// What the buyer pays with at the cashier: as [`App::action`], but the channel leads back to
    /// `return_url`. Where to come back to is no part of the order, so one attempt may be begun with either.
    ///
    /// # Errors
    /// If the account's key cannot be had.
    pub async fn action_at_cashier(
        &self,
        payment: &Payment,
        order: &ChannelOrder,
        return_url: &str,
        now: Timestamp,
    ) -> Result<Option<Action>, Failure> {
        let payable = payment.state == PaymentState::Paying && now < payment.terms.expires_at;
        if !payable {
            return Ok(None);
        }
        match order.policy().creation {
            Creation::ByBrowser => {
                let led = Payment {
                    terms: payonce_domain::Terms {
                        return_url: Some(return_url.to_owned()),
                        ..payment.terms.clone()
                    },
                    ..payment.clone()
                };
                self.action(&led, order, now).await
            }
            Creation::ByCall | Creation::Once => self.action(payment, order, now).await,
        }
    }

    /// Where the buyer goes on to: the merchant's registered address with how the payment stands, signed
    /// with the merchant's secret. `None` where the merchant named no address.
    ///
    /// A merchant without a secret gets the bare address: parameters nobody can check would be believed.
    ///
    /// # Errors
    /// If the secret cannot be had.
    pub async fn return_link(
        &self,
        at: &AtCashier,
        standing: &str,
        ordered_anew_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Option<String>, Failure> {
        let terms = &at.payment.terms;
        let Some(url) = &terms.return_url else {
            return Ok(None);
        };
        let secrets = self.accounts.webhook_secrets(&at.merchant).await;
        let secrets = secrets.map_err(Failure::Unavailable)?;
        let link = ReturnLink {
            id: at.payment.payment_no().to_string(),
            facts: [
                (
                    "merchant_order_no",
                    Some(terms.merchant_order_no.to_string()),
                ),
                ("payment_no", Some(at.payment.payment_no().to_string())),
                ("state", Some(standing.to_owned())),
                (
                    "new_order_confirmed_at",
                    ordered_anew_at.map(|at| (at.as_millis() / 1_000).to_string()),
                ),
            ]
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect(),
        };
        Ok(Some(link.signed(url, &secrets, now)))
    }

    /// Keeps what the buyer did, and gives when it was last done while the payment stood as it does. What
    /// cannot be kept is missing in an appeal and stops nobody from paying.
    pub async fn note_buyer(
        &self,
        payment: &Payment,
        act: BuyerAct,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let kept = self
            .store
            .keep_act(payment.key, payment.version, act, now)
            .await;
        let no: PaymentNo = payment.payment_no();
        kept.unwrap_or_else(|error| {
            tracing::warn!(payment.no = %no, %error, "what the buyer of {no} did was not kept");
            None
        })
    }
}
