//! What Alipay would refuse, said before anything is stored.

use payonce_domain::{Method, Money, Span, Timestamp};

use crate::order::{Detail, Order, Unfit};

/// A hundred million yuan: the most that one trade may be.
const AMOUNT_MAX: Money = Money::from_fen(10_000_000_000);

/// The nearest and the farthest deadline (`time_expire`) that Alipay takes.
const EXPIRY_MIN: Span = Span::minutes(1);
const EXPIRY_MAX: Span = Span::days(15);

/// Judges an order.
pub(super) fn check(order: &Order, now: Timestamp) -> Result<(), Unfit> {
    let unfit = |detail, why: &str| {
        let why = why.to_owned();
        Err(Unfit { detail, why })
    };
    if order.amount.is_zero() || order.amount > AMOUNT_MAX {
        return unfit(
            Detail::Amount,
            "is from 0.01 to 100000000 yuan for the channel alipay",
        );
    }
    if order.expires_at < now.plus(EXPIRY_MIN) || order.expires_at > now.plus(EXPIRY_MAX) {
        return unfit(
            Detail::Expiry,
            "is from 1 minute to 15 days from now for the channel alipay",
        );
    }
    if order.bank.is_some() {
        return unfit(Detail::Bank, "cannot be chosen for the channel alipay");
    }
    match (order.no.method(), order.auth_code.as_deref()) {
        (Method::Code, None) => unfit(Detail::AuthCode, "is required for the method code"),
        (Method::Code, Some(code)) if !is_auth_code(code) => unfit(
            Detail::AuthCode,
            "is 16 to 24 digits that begin with 25 to 30 for the channel alipay",
        ),
        (
            Method::Page
            | Method::Wap
            | Method::Native
            | Method::Jsapi
            | Method::H5
            | Method::Gateway
            | Method::Code,
            Some(_) | None,
        ) => Ok(()),
    }
}

fn is_auth_code(code: &str) -> bool {
    let prefixes = ["25", "26", "27", "28", "29", "30"];
    (16..=24).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_digit())
        && prefixes.iter().any(|prefix| code.starts_with(prefix))
}
