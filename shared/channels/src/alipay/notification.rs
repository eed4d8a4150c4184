//! Notifications from Alipay (异步通知): signed forms about a trade, its refunds included.

use payonce_domain::{ChannelTradeNo, Money, RefundReport, ReturnedSum, Timestamp};

use super::account::{Account, Named};
use super::response::unknown_word;
use super::sign;
use super::status::TradeStatus;
use crate::claim::{self, Event, NoticeReading, Payee, Said, Standing};
use crate::form::{self, Fields};
use crate::notification::{Rejected, UnverifiedNotification};
use crate::{beijing, yuan};

/// The longest body we look at, in bytes. Real ones have about two thousand.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// Checks a notification and reads it.
pub(super) fn read(
    account: &Account,
    notification: UnverifiedNotification<'_>,
) -> Result<NoticeReading, Rejected> {
    let fields = verified(account, notification.body, notification.received_at)?;
    let text = |name: &str| fields.get(name).filter(|value| !value.is_empty());
    let said = |name| text(name).map_or(Said::NotSaid, |id| Said::As(id.clone()));
    let payee = Payee {
        merchant: said("seller_id"),
        application: said("app_id"),
    };
    // Other kinds of messages come to the same address; they name no order.
    let order_no = text("out_trade_no").cloned().unwrap_or_default();
    if payee.merchant == Said::NotSaid && order_no.is_empty() {
        return Err(Rejected::NotOurNumber);
    }
    let event = Trade::read(&fields, notification.received_at)?.event(&order_no);
    Ok(NoticeReading {
        order_no,
        payee,
        event,
    })
}

/// The fields of a form whose signature holds.
pub(super) fn verified(account: &Account, body: &[u8], now: Timestamp) -> Result<Fields, Rejected> {
    if body.len() > BODY_BYTES_MAX {
        return Err(Rejected::Malformed("it is too long"));
    }
    let fields = form::parse(body).map_err(Rejected::Malformed)?;
    // We ask for UTF-8 in every request. In another encoding the signed text could be read two ways.
    if !fields
        .get("charset")
        .is_some_and(|charset| charset.eq_ignore_ascii_case("utf-8"))
    {
        return Err(Rejected::Malformed("its charset is not utf-8"));
    }
    let sign = fields.get("sign").ok_or(Rejected::Malformed("no sign"))?;
    // The algorithm is ours to choose, not the sender's: a weaker one is not looked for.
    if fields.get("sign_type").is_some_and(|kind| kind != "RSA2") {
        return Err(Rejected::BadSignature);
    }
    let holds = |text: String| account.verify(text.as_bytes(), sign, Named::NotExpected, now);
    if holds(sign::notification_text(&fields)) || holds(sign::notification_text_with_type(&fields))
    {
        Ok(fields)
    } else {
        Err(Rejected::BadSignature)
    }
}

/// A trade as a notification describes it.
struct Trade {
    status: TradeStatus,
    trade_no: ChannelTradeNo,
    total: Money,
    paid_at: Option<Timestamp>,
    notified_at: Timestamp,
    refund: Option<Refund>,
}

/// What a notification says about refunds.
struct Refund {
    /// The number of the request behind it, or else of this message.
    no: String,
    /// The sum over the trade, where it is given.
    total: Option<Money>,
}

impl Trade {
    fn read(fields: &Fields, received_at: Timestamp) -> Result<Self, Rejected> {
        let text = |name: &str| fields.get(name).filter(|value| !value.is_empty());
        let need = |name: &'static str| text(name).ok_or(Rejected::Unreadable(name));
        let time = |name: &'static str| match text(name) {
            None => Ok(None),
            Some(text) => beijing::parse(text)
                .map(Some)
                .ok_or(Rejected::Unreadable(name)),
        };
        let amount = |name: &'static str| match text(name) {
            None => Ok(None),
            Some(text) => yuan::parse(text)
                .map(Some)
                .ok_or(Rejected::Unreadable(name)),
        };
        let word = need("trade_status")?;
        let status = TradeStatus::read(word).ok_or_else(|| {
            unknown_word("trade_status", word);
            Rejected::Unreadable("trade_status")
        })?;
        let refunded = amount("refund_fee")?.filter(|total| !total.is_zero());
        // A closed trade that was paid has gone back whole, even where no refund is described: the word
        // for "closed unpaid" is the same, and only the payment's time tells them apart.
        let gone_back = status == TradeStatus::Closed && text("gmt_payment").is_some();
        let refund = if refunded.is_some() || text("gmt_refund").is_some() || gone_back {
            let no = text("out_biz_no").map_or_else(|| need("notify_id"), Ok)?;
            Some(Refund {
                no: no.clone(),
                total: refunded,
            })
        } else {
            None
        };
        Ok(Self {
            status,
            trade_no: ChannelTradeNo::new(need("trade_no")?)
                .map_err(|_| Rejected::Unreadable("trade_no"))?,
            total: amount("total_amount")?.ok_or(Rejected::Unreadable("total_amount"))?,
            paid_at: time("gmt_payment")?,
            notified_at: time("notify_time")?.unwrap_or(received_at),
            refund,
        })
    }

    fn event(self, order_no: &str) -> Event {
        if let Some(refund) = &self.refund {
            // Alipay has no notification of refunds alone: it repeats the trade's with the refund's
            // number, which is ours if we asked for it.
            if let Some(no) = claim::refund_of(order_no, &refund.no) {
                // Its sum is that of the trade's refunds so far.
                return Event::Refund {
                    no,
                    report: RefundReport::Succeeded,
                    amount: None,
                };
            }
            let all = self.status == TradeStatus::Closed;
            if let (true, Some(paid_at)) = (all, self.paid_at) {
                return Event::Trade(Standing::PaidBack {
                    trade_no: self.trade_no,
                    amount: self.total,
                    paid_at,
                });
            }
            if let Some(returned_total) = refund.total.or(all.then_some(self.total)) {
                return Event::Returned {
                    return_no: refund.no.clone(),
                    returned: ReturnedSum::InAll(returned_total),
                };
            }
        }
        Event::Trade(match self.status {
            TradeStatus::WaitBuyerPay => Standing::Unpaid,
            TradeStatus::Closed => Standing::Closed,
            // The money is a fact even where its time is missing; then it was no later than this.
            TradeStatus::Success | TradeStatus::Finished => Standing::Paid {
                trade_no: self.trade_no,
                amount: self.total,
                paid_at: self.paid_at.unwrap_or(self.notified_at),
            },
        })
    }
}
