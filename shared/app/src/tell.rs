//! Tell (商户通知): the merchant by a signed message, the bus by an event, each announcement in its order.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use futures::FutureExt;
use payonce_delivery::{ContentType, Courier, Parcel, Receipt, SigningSecret, Silence};
use payonce_domain::{
    Announcement, Command, Fact, MerchantId, MerchantSaid, Payment, PaymentNo, Span, Timestamp,
};
use payonce_store::{Merchant, Stored};
use serde_json::Value;

use crate::App;
use crate::bus::Event;
use crate::change::{self, Working};
use crate::console::{self, Outcome};
use crate::failure::Failure;
use crate::metrics::{Metric, record};

/// How many announcements of one payment are told in one go; a message wakes for the rest.
const AT_ONCE: usize = 5;
/// How often in a row a merchant is silent before it is left alone for a while.
const SILENT_MAX: u32 = 3;
/// For how long.
const HOLD: Span = Span::seconds(60);

/// How a payment and an announcement of it are written for others.
#[derive(Clone, Copy)]
pub struct Telling {
    /// The body of a message to the merchant.
    pub message: fn(&Payment, &Announcement) -> Result<Value, Failure>,
    /// The event for the bus.
    pub event: fn(&Payment, &Announcement) -> Result<Value, Failure>,
}

/// Merchants whose addresses do not answer, as far as this process saw: each call to one costs
/// seconds that others wait for (F89).
#[derive(Default)]
pub(crate) struct SilentMerchants(Mutex<HashMap<MerchantId, (u32, Timestamp)>>);

impl SilentMerchants {
    fn held_until(&self, merchant: &MerchantId, now: Timestamp) -> Option<Timestamp> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, last) = seen.get(merchant)?;
        let until = last.plus(HOLD);
        (*count >= SILENT_MAX && until > now).then_some(until)
    }

    fn note(&self, merchant: &MerchantId, receipt: Receipt, now: Timestamp) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match receipt {
            Receipt::Unreachable {
                reason: Silence::TimedOut,
            } => {
                let (count, last) = seen.entry(merchant.clone()).or_insert((0, now));
                *count = count.saturating_add(1);
                *last = now;
            }
            Receipt::Unreachable {
                reason: Silence::NoConnection | Silence::BrokenOff,
            }
            | Receipt::Taken { .. }
            | Receipt::Refused { .. }
            | Receipt::Forbidden { .. } => {
                seen.remove(merchant);
            }
        }
    }
}

impl App {
    /// Tells what is due about a payment. What was not taken stays owed, with its next time.
    ///
    /// # Errors
    /// A [`Failure`]; what was due stays due.
    pub async fn tell(
        &self,
        payment_no: PaymentNo,
        telling: Telling,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let Some(mut working) = change::load(&self.store, payment_no.key()).await? else {
            return Err(Failure::NotFound);
        };
        let mut done = Ok(());
        for _ in 0..AT_ONCE {
            let Some(next) = next_due(working.payment(), now) else {
                break;
            };
            done = self.tell_one(&mut working, &next, telling, now).await;
            if done.is_err() {
                break;
            }
        }
        let wakes = working.wakes_ahead(now);
        self.outbox.wake(payment_no, &wakes, now).await;
        done
    }

    /// Has a merchant told again: what was given up or waits, or else how the payment ended.
    ///
    /// # Errors
    /// [`Failure::NotFound`]; [`Failure::Refused`] if there is nothing to tell or no address.
    pub async fn tell_again(
        &self,
        merchant: &Merchant,
        payment_no: PaymentNo,
        now: Timestamp,
    ) -> Result<Stored, Failure> {
        let mut working = self.working_of(merchant, payment_no).await?;
        change::carry_out(&self.store, &mut working, &Command::TellAgain, now).await?;
        let wakes = working.wakes_ahead(now);
        self.outbox.wake(payment_no, &wakes, now).await;
        Ok(working.stored)
    }

    /// Tells what is due about each payment, all at a time: the numbers of those that failed.
    pub async fn tell_all(
        &self,
        numbers: &[PaymentNo],
        telling: Telling,
        now: Timestamp,
    ) -> Vec<PaymentNo> {
        let told = numbers.iter().map(|payment_no| async move {
            let done = self.tell_alone(*payment_no, telling, now).await;
            (!done).then_some(*payment_no)
        });
        let failed = futures::future::join_all(told).await;
        failed.into_iter().flatten().collect()
    }

    /// Tells what is due about one payment, alone: even a broken promise within fails this one only
    /// (F68). Whether it was done; why not is logged.
    pub async fn tell_alone(
        &self,
        payment_no: PaymentNo,
        telling: Telling,
        now: Timestamp,
    ) -> bool {
        let work = AssertUnwindSafe(Box::pin(self.tell(payment_no, telling, now)));
        let error = match work.catch_unwind().await {
            Ok(Ok(())) => return true,
            Ok(Err(failure)) => failure.chain(),
            Err(_) => "a promise was broken; nothing was stored".to_owned(),
        };
        tracing::error!(
            payment.no = %payment_no,
            error,
            metric = "telling_failed",
            "payment {payment_no} could not be told of"
        );
        false
    }

    /// What signs a message to this address; `None` if it is registered no longer.
    async fn secrets_for(
        &self,
        id: &MerchantId,
        address: &str,
    ) -> anyhow::Result<Option<Vec<SigningSecret>>> {
        let merchant = self.accounts.merchant(id).await?;
        let merchant = merchant.with_context(|| format!("there is no merchant {id}"))?;
        let mut registered = merchant.notify_urls.iter();
        if !registered.any(|url| url == address) {
            return Ok(None);
        }
        self.accounts.webhook_secrets(&merchant).await.map(Some)
    }

    async fn tell_one(
        &self,
        working: &mut Working,
        announcement: &Announcement,
        telling: Telling,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let payment = working.payment();
        let due = |leg: payonce_domain::Leg| leg.due().is_some_and(|due| due.is_due(now));
        let publish = async {
            if due(announcement.bus) {
                Some(self.publish(payment, announcement, telling).await)
            } else {
                None
            }
        };
        let call = async {
            if due(announcement.merchant) {
                Some(
                    self.call_merchant(payment, announcement, telling, now)
                        .await,
                )
            } else {
                None
            }
        };
        let (published, merchant) = futures::join!(publish, call);
        let fact = Fact::Told {
            sequence: announcement.sequence,
            published: published.transpose()?,
            merchant: merchant.transpose()?,
        };
        if change::note(&self.store, working, &fact, None, now).await? {
            let payment = working.payment();
            let outcome = Outcome::of(announcement, payment);
            console::happened(&self.store, payment, announcement, outcome, now).await;
        }
        Ok(())
    }

    async fn publish(
        &self,
        payment: &Payment,
        announcement: &Announcement,
        telling: Telling,
    ) -> Result<bool, Failure> {
        let event = Event {
            kind: announcement.kind.name(),
            at: announcement.at,
            detail: (telling.event)(payment, announcement)?,
        };
        let put = self.bus.put(event).await;
        if let Err(error) = &put {
            tracing::warn!(
                payment.no = %payment.payment_no(),
                announcement.sequence = announcement.sequence,
                error = format!("{error:#}"),
                metric = "event_not_published",
                "announcement {} of payment {} was not published",
                announcement.sequence,
                payment.payment_no()
            );
        }
        Ok(put.is_ok())
    }

    async fn call_merchant(
        &self,
        payment: &Payment,
        announcement: &Announcement,
        telling: Telling,
        now: Timestamp,
    ) -> Result<MerchantSaid, Failure> {
        let merchant = &payment.terms.merchant_id;
        let Some(to) = payment.terms.notify_url.clone() else {
            return Ok(MerchantSaid::Barred);
        };
        if let Some(until) = self.silent.held_until(merchant, now) {
            return Ok(MerchantSaid::Held(until));
        }
        let body = (telling.message)(payment, announcement)?;
        let secrets = match self.secrets_for(merchant, &to).await {
            Ok(Some(secrets)) => secrets,
            Ok(None) => {
                tracing::warn!(merchant.id = %merchant, "an address is not {merchant}'s any more");
                record(&[], &[(Metric::MerchantsNotTold, 1)], now);
                return Ok(MerchantSaid::Barred);
            }
            Err(error) => {
                tracing::error!(
                    merchant.id = %merchant,
                    error = format!("{error:#}"),
                    "what {merchant} is to be told cannot be signed"
                );
                record(&[], &[(Metric::MerchantsNotTold, 1)], now);
                return Ok(MerchantSaid::Barred);
            }
        };
        let parcel = Parcel {
            to,
            id: message_id(payment.payment_no(), announcement.sequence),
            content_type: ContentType::Json,
            body: body.to_string().into_bytes(),
            secrets,
        };
        let receipt = self.courier.deliver(&parcel, now).await;
        self.silent.note(merchant, receipt, now);
        report(payment.payment_no(), &parcel.id, receipt, now);
        Ok(match receipt {
            Receipt::Taken { status } => MerchantSaid::Taken(status),
            Receipt::Refused { status } => MerchantSaid::Refused(status),
            Receipt::Unreachable { .. } => MerchantSaid::Silent,
            Receipt::Forbidden { .. } => MerchantSaid::Barred,
        })
    }
}

/// What a message is called, however often it is sent.
#[must_use]
pub fn message_id(payment_no: PaymentNo, sequence: u32) -> String {
    format!("{payment_no}-{sequence}")
}

fn next_due(payment: &Payment, now: Timestamp) -> Option<Announcement> {
    let mut due = payment.announcements.iter();
    let is_due = |a: &&Announcement| a.due().is_some_and(|due| due.is_due(now));
    due.find(is_due).cloned()
}

fn report(payment_no: PaymentNo, id: &str, receipt: Receipt, now: Timestamp) {
    match receipt {
        Receipt::Taken { status } => tracing::info!(
            payment.no = %payment_no,
            message.id = id,
            http.status = status,
            "the merchant took {id}"
        ),
        Receipt::Refused { .. } | Receipt::Unreachable { .. } | Receipt::Forbidden { .. } => {
            tracing::warn!(
                payment.no = %payment_no,
                message.id = id,
                receipt = ?receipt,
                "the merchant did not take {id}"
            );
            record(&[], &[(Metric::MerchantsNotTold, 1)], now);
        }
    }
}

/// Whether a merchant may register this address, in words for its developer.
pub(crate) fn objection(courier: &Courier, address: &str) -> Option<String> {
    let checked = payonce_delivery::Address::check(address, courier.reach());
    checked.err().map(|objection| objection.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use payonce_delivery::Objection;

    use super::*;

    const SILENT: Receipt = Receipt::Unreachable {
        reason: Silence::TimedOut,
    };

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn merchant(name: &str) -> MerchantId {
        MerchantId::new(name).unwrap()
    }

    /// F89: a merchant whose server hangs is left alone, for a minute, and nobody else is.
    #[test]
    fn f89_a_merchant_that_hangs_is_put_off() {
        let silent = SilentMerchants::default();
        let (slow, quick) = (merchant("slow"), merchant("quick"));
        for second in 0..2 {
            silent.note(&slow, SILENT, at(second));
            assert_eq!(silent.held_until(&slow, at(second)), None);
        }
        silent.note(&slow, SILENT, at(2));
        assert_eq!(silent.held_until(&slow, at(2)), Some(at(62)));
        assert_eq!(silent.held_until(&slow, at(62)), None, "one is tried again");
        assert_eq!(silent.held_until(&quick, at(2)), None);
        silent.note(&slow, SILENT, at(62));
        assert!(silent.held_until(&slow, at(63)).is_some(), "still silent");
    }

    #[test]
    fn any_quick_answer_ends_it() {
        for receipt in [
            Receipt::Taken { status: 200 },
            Receipt::Refused { status: 500 },
            Receipt::Forbidden {
                reason: Objection::LeadsInside,
            },
        ] {
            let silent = SilentMerchants::default();
            for _ in 0..SILENT_MAX {
                silent.note(&merchant("m"), SILENT, at(0));
            }
            silent.note(&merchant("m"), receipt, at(1));
            assert_eq!(silent.held_until(&merchant("m"), at(1)), None);
        }
    }
}
