//! Tell everybody: the merchant at the registered address and whoever listens on the bus, as delayed
//! messages; buyer and supplier see it at their links.
//!
//! The message's name is made of the appeal's number and the number of the news, so that telling twice
//! is one message; its ladder, its dead letters and its signature are those of every delayed message.

use payonce_domain::appeal::{AppealFact, News, NewsKind, on_fact};
use payonce_domain::delayed_message::{DELAY_MIN, Payload, ScheduleRequest, Target, Timing};
use payonce_domain::{Appeal, Digest, EventType, MerchantMessageId, Timestamp};
use payonce_store::{Merchant, StoredAppeal};
use serde_json::json;

use super::{AppealFailure, Appeals};
use crate::delay::MessageFailure;

impl Appeals {
    /// Has told what is new.
    ///
    /// # Errors
    /// That the store cannot be reached; what is to be told stays due.
    pub(super) async fn tell(
        &self,
        mut seen: StoredAppeal,
        now: Timestamp,
    ) -> Result<StoredAppeal, AppealFailure> {
        let merchant_id = &seen.appeal().request.merchant_id;
        let merchant = self.app.accounts.merchant(merchant_id).await;
        let merchant = merchant.map_err(AppealFailure::Unavailable)?;
        for news in seen.appeal().news.clone() {
            if let Some(merchant) = &merchant {
                self.tell_one(merchant, seen.appeal(), news, now).await?;
            }
            let told = AppealFact::Told {
                sequence: news.sequence,
            };
            let noted = |appeal: &Appeal| Ok(on_fact(appeal, told.clone(), now));
            seen = self.app.change_appeal(seen, noted).await?;
        }
        Ok(seen)
    }

    async fn tell_one(
        &self,
        merchant: &Merchant,
        appeal: &Appeal,
        news: News,
        now: Timestamp,
    ) -> Result<(), AppealFailure> {
        let event = EventType::new(news.kind.event()).expect("our events have good names");
        let mut targets = vec![("event", Target::Event { detail_type: event })];
        if let Some(url) = merchant.notify_urls.first() {
            targets.push(("told", Target::Webhook { url: url.clone() }));
        }
        for (how, target) in targets {
            let id = format!("appeal.{}.{}.{how}", appeal.no(), news.sequence);
            let request = ScheduleRequest {
                merchant_id: merchant.id.clone(),
                id: MerchantMessageId::new(id).expect("digits, letters and full stops"),
                timing: Timing::After(DELAY_MIN),
                payload: payload(appeal, news),
                target,
            };
            match self.delay.schedule(merchant, request, now).await {
                Ok(_) => {}
                Err(MessageFailure::Unavailable(error)) => {
                    return Err(AppealFailure::Unavailable(error));
                }
                // An address that may not be spoken to, or a name the merchant took for himself.
                Err(failure) => tracing::error!(
                    appeal.no = %appeal.no(),
                    error = %failure,
                    "news of appeal {} cannot be told",
                    appeal.no()
                ),
            }
        }
        Ok(())
    }
}

/// The same to the byte whenever it is made: only of what never changes once there is this news.
fn payload(appeal: &Appeal, news: News) -> Payload {
    let orders = appeal.request.orders.iter().map(ToString::to_string);
    let returns = match news.kind {
        NewsKind::Upheld => &appeal.returns[..],
        NewsKind::Opened
        | NewsKind::Stated
        | NewsKind::Dismissed
        | NewsKind::Withdrawn
        | NewsKind::Overdue => &[],
    };
    let returns = returns.iter().map(|one| {
        json!({
            "payment_no": one.payment_no.to_string(),
            "refund_no": one.refund_no.to_string(),
            "amount": { "value": one.amount.minor(), "currency": one.amount.currency().code() },
        })
    });
    let said = json!({
        "type": news.kind.event(),
        "appeal_no": appeal.no().to_string(),
        "merchant_appeal_no": appeal.request.id.as_str(),
        "sequence": news.sequence,
        "at_ms": news.at.as_millis(),
        "payment_nos": orders.collect::<Vec<_>>(),
        "refunds": returns.collect::<Vec<_>>(),
    });
    let json = said.to_string();
    Payload {
        digest: Digest::of(json.as_bytes()),
        json,
    }
}
