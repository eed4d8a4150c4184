//! A channel notifies (异步通知): verify, apply, and only then say that it was heard.

use payonce_channels::{Acknowledgement, News, Notice, Rejected, UnverifiedNotification};
use payonce_domain::fact::Occasion;
use payonce_domain::{
    AccountId, Channel, ChannelOrderNo, Digest, Evidence, Fact, Money, Payment, RefundNo, Source,
    Timestamp,
};
use payonce_store::Merchant;

use crate::App;
use crate::change::{self, Raw, Working};
use crate::failure::Failure;
use crate::metrics::{Label, Metric, record};

/// The status for what is not the channel's word about a payment of the account.
const REJECTED: u16 = 400;

/// What became of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Received {
    /// Its news is stored, or changed nothing.
    Durable,
    /// It is not the channel's word about a payment of this account: counted, nothing stored.
    Rejected,
    /// It tells of money that went back before we heard that it came. The channel is asked to repeat
    /// it; by then a question will have brought the first news.
    Early,
    /// It is the channel's word about a number of ours that has no item. Kept for people, and the
    /// channel is asked to repeat it.
    Unplaced,
}

impl App {
    /// Takes a notification and says what to answer: success only for what is durably ours, so that
    /// the channel repeats everything else (F30, I-12). `None`: there is no such account here.
    ///
    /// # Errors
    /// If it cannot be told whose account it is.
    pub async fn receive(
        &self,
        channel: Channel,
        account: &AccountId,
        notification: UnverifiedNotification<'_>,
        now: Timestamp,
    ) -> Result<Option<Acknowledgement>, Failure> {
        let verifier = self.accounts.verifier(channel, account).await;
        let Some((merchant, adapter)) = verifier.map_err(Failure::Unavailable)? else {
            return Ok(None);
        };
        let body = adapter.evidence(notification.body);
        let received = match adapter.verify(notification) {
            Ok(notice) => self.place(&merchant, account, notice, &body, now).await,
            Err(rejected) => {
                count_rejected(channel, account, rejected, now);
                Ok(Received::Rejected)
            }
        };
        let said = match received {
            Ok(Received::Durable) => adapter.acknowledge(true),
            // Its sender is at fault, not we: strangers must not look like an outage of ours.
            Ok(Received::Rejected) => Acknowledgement {
                status: REJECTED,
                ..adapter.acknowledge(false)
            },
            Ok(Received::Early | Received::Unplaced) => adapter.acknowledge(false),
            Err(failure) => {
                tracing::error!(
                    account.id = %account,
                    error = failure.chain(),
                    "a notification to {account} could not be stored"
                );
                record(&[], &[(Metric::NotificationsNotStored, 1)], now);
                adapter.acknowledge(false)
            }
        };
        Ok(Some(said))
    }

    /// Puts verified news where it belongs; `body` is what of the message may be kept.
    async fn place(
        &self,
        merchant: &Merchant,
        account: &AccountId,
        notice: Notice,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Received, Failure> {
        let no = notice.channel_order_no;
        let digest = Digest::of(body);
        let Some(mut working) = change::load(&self.store, no.key()).await? else {
            tracing::error!(
                channel_order.no = %no,
                evidence.digest = %digest.to_hex(),
                "a genuine notification names {no}, which has no payment here"
            );
            let label = [Label::Channel(no.channel())];
            record(&label, &[(Metric::NotificationsMisplaced, 1)], now);
            self.store
                .quarantine(account, &no.to_string(), now, body)
                .await?;
            return Ok(Received::Unplaced);
        };
        let known = working.payment().channel_order(no);
        let foreign = working.payment().terms.merchant_id != merchant.id
            || known.is_some_and(|order| order.account != *account);
        if foreign {
            count_rejected(no.channel(), account, Rejected::WrongMerchant, now);
            return Ok(Received::Rejected);
        }
        let evidence = Evidence {
            source: Source::Notification,
            digest: Some(digest),
        };
        if returned_early(working.payment(), &notice) {
            return Ok(Received::Early);
        }
        let Some(fact) = fact(working.payment(), notice, account, evidence) else {
            return Ok(Received::Durable);
        };
        let raw = Raw {
            source: Source::Notification,
            bytes: body,
        };
        if change::note(&self.store, &mut working, &fact, Some(raw), now).await? {
            self.hurry(&working, no, now).await;
        }
        Ok(Received::Durable)
    }

    async fn hurry(&self, working: &Working, no: ChannelOrderNo, now: Timestamp) {
        let payment = working.payment();
        tracing::info!(
            payment.no = %payment.payment_no(),
            payment.state = ?payment.state,
            channel_order.no = %no,
            "a notification about {no} changed payment {}",
            payment.payment_no()
        );
        self.outbox
            .wake(payment.payment_no(), &working.wakes_ahead(now), now)
            .await;
    }
}

fn returned_early(payment: &Payment, notice: &Notice) -> bool {
    let taken = payment
        .captures
        .iter()
        .any(|c| c.channel_order_no == notice.channel_order_no);
    match notice.news {
        News::Returned { .. } => !taken,
        News::Trade(_) | News::Refund { .. } | News::Nothing => false,
    }
}

/// What a notice is for the payment; `None` where it says nothing that may change it.
fn fact(
    payment: &Payment,
    notice: Notice,
    account: &AccountId,
    evidence: Evidence,
) -> Option<Fact> {
    let no = notice.channel_order_no;
    let occasion = Occasion::Told;
    match notice.news {
        News::Trade(report) => Some(Fact::Reported {
            no,
            account: account.clone(),
            evidence,
            occasion,
            report,
        }),
        News::Refund { no, report, amount } => {
            (!contradicts(payment, no, amount)).then_some(Fact::RefundReported {
                no,
                evidence,
                occasion,
                report,
            })
        }
        News::Returned {
            return_no,
            returned,
        } => Some(Fact::Returned {
            no,
            evidence,
            return_no,
            returned,
        }),
        News::Nothing => None,
    }
}

/// Whether a refund of ours is said to be over another amount. Such a message is believed in nothing: the
/// question about the refund decides.
fn contradicts(payment: &Payment, no: RefundNo, told: Option<Money>) -> bool {
    let ours = payment.refund(no).map(|refund| refund.amount);
    let (Some(ours), Some(told)) = (ours, told) else {
        return false;
    };
    if told != ours {
        tracing::error!(
            refund.no = %no,
            metric = "refund_amount_contradicted",
            "a genuine notification names another amount than that of refund {no}"
        );
    }
    told != ours
}

/// Forgeries are counted, never stored: a stranger must not be able to fill a table.
fn count_rejected(channel: Channel, account: &AccountId, rejected: Rejected, now: Timestamp) {
    // A channel that tests whether we verify is answered as any forger is, and alarms nobody.
    if rejected.is_expected() {
        tracing::info!(channel = channel.name(), account.id = %account, "a signature probe was rejected");
        return;
    }
    tracing::warn!(
        channel = channel.name(),
        account.id = %account,
        reason = %rejected,
        genuine = rejected.is_genuine(),
        "a notification to {account} was rejected"
    );
    let metric = if rejected.is_genuine() {
        Metric::NotificationsMisplaced
    } else {
        Metric::SignatureFailures
    };
    record(&[Label::Channel(channel)], &[(metric, 1)], now);
}

#[cfg(test)]
#[path = "tests/notified.rs"]
mod tests;
