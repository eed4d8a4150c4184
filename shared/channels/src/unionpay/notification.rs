//! Notifications from UnionPay (后台通知): signed forms about payments, refunds and undos. Of payments
//! only success is told; of what our servers asked for, success and failure.

use payonce_domain::{ChannelTradeNo, RefundNo, RefundReport};

use super::account::Account;
use super::message::Fields;
use super::response::{amount, paid_at, unknown_code};
use super::status::{self, Class, Fate};
use crate::claim::{Event, NoticeReading, Payee, Said, Standing};
use crate::form;
use crate::notification::{Rejected, UnverifiedNotification};

/// The longest body we look at, in bytes. Real ones have about four thousand, the certificate included.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// Checks a notification and reads it.
pub(super) fn read(
    account: &Account,
    notification: UnverifiedNotification<'_>,
) -> Result<NoticeReading, Rejected> {
    if notification.body.len() > BODY_BYTES_MAX {
        return Err(Rejected::Malformed("it is too long"));
    }
    let fields = form::parse(notification.body).map_err(Rejected::Malformed)?;
    if !fields.contains_key("signature") {
        return Err(Rejected::Malformed("no signature"));
    }
    if !account.signed(&fields, notification.received_at) {
        return Err(Rejected::BadSignature);
    }
    let text = |name: &'static str| {
        fields
            .get(name)
            .filter(|value| !value.is_empty())
            .ok_or(Rejected::Unreadable(name))
    };
    let payee = Payee {
        merchant: Said::As(text("merId")?.clone()),
        application: Said::NotSaid,
    };
    let number = text("orderId")?.clone();
    let code = text("respCode")?;
    let class = status::class(code).ok_or_else(|| {
        unknown_code("respCode", code);
        Rejected::Unreadable("respCode")
    })?;
    let (order_no, event) = match text("txnType")?.as_str() {
        "01" => {
            let event = payment(&fields, class, notification)?;
            (number, event)
        }
        "04" | "31" => refund(&fields, &number, class)?,
        _ => (number, Event::Nothing),
    };
    Ok(NoticeReading {
        order_no,
        payee,
        event,
    })
}

fn payment(
    fields: &Fields,
    class: Class,
    notification: UnverifiedNotification<'_>,
) -> Result<Event, Rejected> {
    let taken = || {
        let trade_no = fields
            .get("queryId")
            .ok_or(Rejected::Unreadable("queryId"))?;
        let trade_no =
            ChannelTradeNo::new(trade_no.as_str()).map_err(|_| Rejected::Unreadable("queryId"))?;
        let amount = amount(fields).ok_or(Rejected::Unreadable("txnAmt"))?;
        Ok((trade_no, amount, paid_at(fields, notification.received_at)))
    };
    Ok(match status::fate(class) {
        Fate::Paid => {
            let (trade_no, amount, paid_at) = taken()?;
            Event::Trade(Standing::Paid {
                trade_no,
                amount,
                paid_at,
            })
        }
        Fate::GoesBack => {
            let (trade_no, amount, paid_at) = taken()?;
            Event::Trade(Standing::TakenLate {
                trade_no,
                amount,
                paid_at,
            })
        }
        Fate::Open | Fate::Declined => Event::Trade(Standing::Unpaid),
    })
}

/// A refund or an undo of ours; one that somebody else asked for has no number of ours, and is found in
/// the bill.
fn refund(fields: &Fields, number: &str, class: Class) -> Result<(String, Event), Rejected> {
    let no = RefundNo::parse(number).ok_or(Rejected::NotOurNumber)?;
    let report = status::refund_fate(class);
    let amount = amount(fields);
    // Without the currency and amount that were moved it is not the whole story.
    if report == RefundReport::Succeeded && amount.is_none() {
        return Err(Rejected::Unreadable("txnAmt"));
    }
    let order_no = no.channel_order().to_string();
    Ok((order_no, Event::Refund { no, report, amount }))
}
