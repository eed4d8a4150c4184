//! Notifications from WeChat Pay (回调通知): signed over the raw body, with what matters encrypted within.

use payonce_domain::{RefundReport, ReturnedSum};

use super::account::Account;
use super::cipher;
use super::response::{self, Content, unknown_word};
use super::sign::Verdict;
use super::status;
use crate::claim::{self, Event, NoticeReading, Payee, Said};
use crate::notification::{Rejected, UnverifiedNotification};

/// The longest body we look at, in bytes. Real ones have about two thousand.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// Checks a notification, opens it and reads it.
pub(super) fn read(
    account: &Account,
    notification: UnverifiedNotification<'_>,
) -> Result<NoticeReading, Rejected> {
    let opened = opened(account, notification)?;
    let text = std::str::from_utf8(&opened.plaintext).ok();
    let content = text
        .and_then(Content::parse)
        .ok_or(Rejected::Unreadable("what resource holds is no object"))?;
    let (kind, ending) = opened
        .event_type
        .split_once('.')
        .ok_or(Rejected::Unreadable("event_type"))?;
    match kind {
        "TRANSACTION" if opened.original_type == "transaction" => {
            let claim = response::claim(&content, notification.received_at)
                .ok_or(Rejected::Unreadable("the transaction"))?;
            Ok(NoticeReading {
                order_no: claim.order_no,
                payee: claim.payee,
                event: Event::Trade(claim.standing),
            })
        }
        "REFUND" if opened.original_type == "refund" => refund(&content, ending),
        "TRANSACTION" | "REFUND" => Err(Rejected::Unreadable("resource.original_type")),
        _ => {
            unknown_word("event_type", &opened.event_type);
            Err(Rejected::Unreadable("event_type"))
        }
    }
}

/// A notification whose signature holds, decrypted.
pub(super) struct Opened {
    event_type: String,
    original_type: String,
    pub(super) plaintext: Vec<u8>,
}

/// Verifies the body as it arrived, before anything in it is looked at, and decrypts what it holds.
pub(super) fn opened(
    account: &Account,
    notification: UnverifiedNotification<'_>,
) -> Result<Opened, Rejected> {
    let UnverifiedNotification {
        headers,
        body,
        received_at,
    } = notification;
    if body.len() > BODY_BYTES_MAX {
        return Err(Rejected::Malformed("it is too long"));
    }
    match account.verify(headers, body, received_at) {
        Verdict::Holds => {}
        Verdict::Probe => return Err(Rejected::Probe),
        Verdict::Broken => return Err(Rejected::BadSignature),
        Verdict::Absent => return Err(Rejected::Malformed("it has no signature")),
        Verdict::Malformed => {
            return Err(Rejected::Malformed(
                "a header of its signature is missing or given twice",
            ));
        }
        // Perhaps genuine once, and then recorded: WeChat Pay signs each of its own repeats anew.
        Verdict::Stale => return Err(Rejected::Malformed("it was signed at another time")),
    }
    let unreadable = Rejected::Unreadable;
    let text = std::str::from_utf8(body).map_err(|_| unreadable("it is not UTF-8"))?;
    let message = Content::parse(text).ok_or(unreadable("it is no object"))?;
    let event_type = message.text("event_type").ok_or(unreadable("event_type"))?;
    let resource = message.object("resource").ok_or(unreadable("resource"))?;
    let need = |name, field| resource.text(name).ok_or(unreadable(field));
    if need("algorithm", "resource.algorithm")? != cipher::ALGORITHM {
        return Err(unreadable("resource.algorithm"));
    }
    let ciphertext = need("ciphertext", "resource.ciphertext")?;
    let nonce = need("nonce", "resource.nonce")?;
    let original_type = need("original_type", "resource.original_type")?;
    let aad = resource.text("associated_data").unwrap_or_default();
    let plaintext = account
        .api_keys
        .iter()
        .find_map(|key| key.open(&nonce, &aad, &ciphertext))
        .ok_or(unreadable("no APIv3 key of this account opens it"))?;
    Ok(Opened {
        event_type: event_type.into_owned(),
        original_type: original_type.into_owned(),
        plaintext,
    })
}

/// A refund's fate. `ending` is how the kind of event ends, which repeats `refund_status`.
fn refund(content: &Content<'_>, ending: &str) -> Result<NoticeReading, Rejected> {
    let unreadable = Rejected::Unreadable;
    let word = content
        .text("refund_status")
        .ok_or(unreadable("refund_status"))?;
    let Some(report) = status::refund_status(&word) else {
        unknown_word("refund_status", &word);
        return Err(unreadable("refund_status"));
    };
    if word != ending {
        return Err(unreadable("refund_status is not what event_type says"));
    }
    let order_no = content
        .text("out_trade_no")
        .ok_or(unreadable("out_trade_no"))?
        .into_owned();
    let refund_no = content
        .text("out_refund_no")
        .ok_or(unreadable("out_refund_no"))?;
    let amount = content
        .object("amount")
        .and_then(|amount| amount.fen("refund"))
        .ok_or(unreadable("amount.refund"))?;
    let event = match (claim::refund_of(&order_no, &refund_no), report) {
        (Some(no), report) => Event::Refund {
            no,
            report,
            amount: Some(amount),
        },
        // Somebody refunded in WeChat Pay's console, or with another system. The message tells of this
        // refund alone; each has a number, so each is counted once.
        (None, RefundReport::Succeeded) => Event::Returned {
            return_no: refund_no.into_owned(),
            returned: ReturnedSum::Alone(amount),
        },
        (
            None,
            RefundReport::Accepted
            | RefundReport::Failed
            | RefundReport::NotYet
            | RefundReport::NeedsPerson
            | RefundReport::NotFound
            | RefundReport::NoAnswer,
        ) => Event::Nothing,
    };
    Ok(NoticeReading {
        order_no,
        payee: Payee {
            merchant: content.said("mchid"),
            // A refund names the merchant and no application; one merchant's order numbers are unique
            // over all of its applications.
            application: Said::NeverSaid,
        },
        event,
    })
}
