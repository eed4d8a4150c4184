//! Our numbers without the payment's key, which the item has already, and without check characters.

use payonce_domain::{ChannelOrderNo, PaymentKey, RefundNo, check_characters};

/// Where the key ends in every number: one letter and 20 characters.
const KEY_END: usize = 21;
/// Two check characters end every number.
const CHECK_LENGTH: usize = 2;
/// Channel, method and attempt.
const CHANNEL_ORDER_LENGTH: usize = 4;
/// The same, then six characters of hash and the generation.
const REFUND_LENGTH: usize = 11;

fn shorten(whole: String, prefix: char, key: PaymentKey) -> String {
    let end = whole.len() - CHECK_LENGTH;
    if whole.starts_with(&format!("{prefix}{key}")) {
        whole[KEY_END..end].to_owned()
    } else {
        whole
    }
}

fn lengthen(short: &str, prefix: char, key: PaymentKey) -> Option<String> {
    let body = format!("{prefix}{key}{short}");
    let check = check_characters::compute(&body)?;
    Some(body + &check)
}

/// A channel order number; kept whole if it is another payment's.
pub(super) fn of_channel_order(no: ChannelOrderNo, key: PaymentKey) -> String {
    shorten(no.to_string(), 'P', key)
}

pub(super) fn to_channel_order(text: &str, key: PaymentKey) -> Option<ChannelOrderNo> {
    if text.len() == CHANNEL_ORDER_LENGTH {
        ChannelOrderNo::parse(&lengthen(text, 'P', key)?)
    } else {
        ChannelOrderNo::parse(text)
    }
}

/// A refund number; kept whole if it is another payment's.
pub(super) fn of_refund(no: RefundNo, key: PaymentKey) -> String {
    shorten(no.to_string(), 'R', key)
}

pub(super) fn to_refund(text: &str, key: PaymentKey) -> Option<RefundNo> {
    if text.len() == REFUND_LENGTH {
        RefundNo::parse(&lengthen(text, 'R', key)?)
    } else {
        RefundNo::parse(text)
    }
}
