//! What UnionPay would refuse, said before anything is stored.

use payonce_domain::{Method, Timestamp};

use crate::order::{Detail, Order, Unfit};

/// `txnAmt` has twelve digits at most.
const AMOUNT_FEN_MAX: u64 = 999_999_999_999;

/// Judges an order.
pub(super) fn check(order: &Order, now: Timestamp) -> Result<(), Unfit> {
    let unfit = |detail, why: &str| {
        let why = why.to_owned();
        Err(Unfit { detail, why })
    };
    if order.amount.is_zero() || order.amount.minor() > AMOUNT_FEN_MAX {
        return unfit(
            Detail::Amount,
            "is from 1 to 999999999999 fen for the channel unionpay",
        );
    }
    if order.expires_at <= now {
        return unfit(Detail::Expiry, "is over");
    }
    match (order.no.method(), order.auth_code.as_deref()) {
        (Method::Code, None) => unfit(Detail::AuthCode, "is required for the method code"),
        (Method::Code, Some(code)) if !is_auth_code(code) => unfit(
            Detail::AuthCode,
            "is 18 to 20 digits that begin with 62 for the channel unionpay",
        ),
        (Method::Code, Some(_)) if order.bank.is_some() => {
            unfit(Detail::Bank, "cannot be chosen for the method code")
        }
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
    (18..=20).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_digit())
        && code.starts_with("62")
}
