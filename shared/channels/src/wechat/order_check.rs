//! What WeChat Pay would refuse, known before anything is stored or sent.

use std::net::IpAddr;

use payonce_domain::{Method, Money, Span, Timestamp};

use crate::order::{Detail, Order, Unfit};

/// How far ahead a deadline must lie.
const LIFE_MIN: Span = Span::minutes(1);

/// How far ahead the deadline of an order that shows as a QR code may lie.
const LIFE_MAX_NATIVE: Span = Span::days(7);

/// How far ahead that of any other order may lie.
const LIFE_MAX: Span = Span::days(15);

/// The longest name (`openid`) that a buyer has within an application.
const OPENID_BYTES_MAX: usize = 128;

/// Judges an order.
pub(super) fn check(order: &Order, now: Timestamp) -> Result<(), Unfit> {
    let method = order.no.method();
    if order.amount.is_zero() || order.amount > Money::ORDER_MAX {
        return unfit(Detail::Amount, "must be from 0.01 to 100000000.00 yuan");
    }
    match method {
        Method::Native => deadline(order, now, LIFE_MAX_NATIVE, "7 days"),
        Method::H5 => {
            deadline(order, now, LIFE_MAX, "15 days")?;
            match order.client_ip.as_deref().map(str::parse::<IpAddr>) {
                Some(Ok(_)) => Ok(()),
                Some(Err(_)) => unfit(Detail::ClientIp, "must be an IP address"),
                None => unfit(Detail::ClientIp, "is required for the method h5"),
            }
        }
        Method::Jsapi => {
            deadline(order, now, LIFE_MAX, "15 days")?;
            let Some(payer) = order.payer.as_deref() else {
                return unfit(Detail::Payer, "is required for the method jsapi");
            };
            let plain = payer.bytes().all(|b| b.is_ascii_graphic());
            if plain && (1..=OPENID_BYTES_MAX).contains(&payer.len()) {
                Ok(())
            } else {
                unfit(
                    Detail::Payer,
                    "must be an openid of 1 to 128 printable characters",
                )
            }
        }
        Method::Code => match order.auth_code.as_deref() {
            Some(code) if is_payment_code(code) => Ok(()),
            Some(_) => unfit(
                Detail::AuthCode,
                "must be 18 digits that begin with 10 to 15",
            ),
            None => unfit(Detail::AuthCode, "is required for the method code"),
        },
        // Refused as a method, not for a detail.
        Method::Page | Method::Wap | Method::Gateway => Ok(()),
    }
}

fn deadline(order: &Order, now: Timestamp, life_max: Span, words: &str) -> Result<(), Unfit> {
    // Whole seconds are what is sent.
    let end = order.expires_at.floor_to_second();
    if end < now.plus(LIFE_MIN) {
        return unfit(Detail::Expiry, "must be at least 1 minute ahead");
    }
    if end > now.plus(life_max) {
        return unfit(Detail::Expiry, &format!("must be at most {words} ahead"));
    }
    Ok(())
}

/// A payment code (付款码): 18 digits, of which the first two are 10 to 15.
fn is_payment_code(code: &str) -> bool {
    code.len() == 18
        && code.bytes().all(|b| b.is_ascii_digit())
        && matches!(code.get(..2), Some("10" | "11" | "12" | "13" | "14" | "15"))
}

fn unfit(detail: Detail, why: &str) -> Result<(), Unfit> {
    Err(Unfit {
        detail,
        why: why.to_owned(),
    })
}
